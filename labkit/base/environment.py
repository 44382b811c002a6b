"""What a program that the lab starts gets of the person's environment: what it needs, and none of their secrets."""

import os
import re

# To find programs, folders, certificates and a proxy, and to speak the person's language. All else stays out.
NEEDED = (
    r"PATH|HOME|USER|LOGNAME|SHELL|LANG|LC_.*|TZ|TMPDIR|TEMP|TMP|TERM|LD_LIBRARY_PATH|"
    r"SYSTEMROOT|SYSTEMDRIVE|COMSPEC|PATHEXT|WINDIR|USERPROFILE|HOMEDRIVE|HOMEPATH|APPDATA|LOCALAPPDATA|"
    r"PROGRAMDATA|PROGRAMFILES.*|PROCESSOR_.*|NUMBER_OF_PROCESSORS|"
    r"VIRTUAL_ENV|CONDA_.*|PYTHON.*|JUPYTER_.*|IPYTHONDIR|MPL.*|XDG_.*|OPENBLAS_.*|"
    r"JUPYTERHUB_(?:PUBLIC_URL|SERVICE_(?:URL|PREFIX))|LAB_(?!SMTP).*|"
    r"(?:HTTP|HTTPS|NO|ALL)_PROXY|SSL_CERT_.*|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE"
)
# n8n's settings, its database's and its queue's; Node.js's.
N8N = r"N8N_.*|DB_.*|EXECUTIONS_.*|QUEUE_.*|GENERIC_TIMEZONE|NODE_.*"
# The address and the keys of an S3 storage: for the scripts of a run, and for what starts them.
STORAGE = r"AWS_.*"


def needed(*more: str) -> dict[str, str]:
    """The variables of this process's environment whose name is in NEEDED, or in one of the patterns `more`."""
    wanted = re.compile("|".join([NEEDED, *more]), re.IGNORECASE)
    return {name: value for name, value in os.environ.items() if wanted.fullmatch(name)}


def take(pattern: str) -> dict[str, str]:
    """The variables whose name is in `pattern`, taken out of this process's environment: nothing shows them."""
    names = [name for name in os.environ if re.fullmatch(pattern, name, re.IGNORECASE)]
    return {name: os.environ.pop(name) for name in names}
