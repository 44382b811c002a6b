"""Is everything up? The same answer for `lab status` and for the welcome notebook."""

import os
from typing import TYPE_CHECKING

import requests

from labkit.base.addresses import public_url
from labkit.base.paths import api_url, asked_port, port, service_url

if TYPE_CHECKING:
    import pandas as pd

NAMES = {"api": "API d'entraînement", "jupyter": "JupyterLab", "n8n": "n8n"}


def addresses() -> dict[str, str]:
    """Of each service, for a person's browser."""
    return {name: public_url(name) for name in NAMES}


HEALTH_PATHS = {"api": "/_lab/health", "jupyter": "/api", "n8n": "/healthz/readiness"}


def is_up(service: str) -> bool:
    """Does this lab's service answer its own health check within two seconds?"""
    try:
        url = (api_url() if service == "api" else service_url(service)) + HEALTH_PATHS[service]
        with requests.Session() as session:
            # A proxy of the environment, whatever variable names it, has no business on this machine.
            session.trust_env = False
            answers = session.get(url, timeout=2).status_code == 200
    except requests.RequestException:
        return False
    return answers and is_this_lab_s(service)


def is_this_lab_s(service: str) -> bool:
    """Is what answers there ours? Another lab of this machine may hold the usual port.

    An address that the environment names is taken at its word.
    """
    from labkit.base.processes import listener, works_here

    named = asked_port(service) or (service == "api" and os.environ.get("LAB_API_URL"))
    return bool(named) or works_here(listener(port(service)))


def services() -> "pd.DataFrame":
    """A row for each service: its state, in words, and its address."""
    import pandas as pd

    rows = [
        {"service": NAMES[name], "état": "en marche" if is_up(name) else "absent", "adresse": url}
        for name, url in addresses().items()
    ]
    return pd.DataFrame(rows).set_index("service")
