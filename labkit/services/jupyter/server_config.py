"""JupyterLab's server, as the lab delivers it: `lab start` reads this file, and none of the person's own.

What the interface looks like is beside it: overrides.json, projector/ and labextensions/.
"""

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from labkit.base import addresses, secret_store
from labkit.base.paths import ROOT, STATE, port
from labkit.base.processes import STOP_WITH_CALLER
from labkit.notebooks.run_outputs import settle
from labkit.services.lab import start_api

if TYPE_CHECKING:
    from traitlets.config.application import get_config  # JupyterLab gives its own to the file that it reads

HERE = Path(__file__).parent
# Open tabs and chosen settings are this lab's: none comes from the person's other JupyterLabs, or goes there.
OWN = STATE / "jupyter"
MACHINERY = [
    "__pycache__", "*.pyc", "*.egg-info", "node_modules", "build", "offline", "labkit", "tests", "docs", "deploy",
    "rise.css", "pyproject.toml", "requirements.txt", "environment.yml", "Makefile", "LICENSE", "CONTRIBUTING.md",
    "ARCHITECTURE.md", "CHANGELOG.md",
    "package.json", "package-lock.json", "install.log", "secrets.json", "services.json", "ports.json", "jupyter",
]  # fmt: skip
# Seconds that n8n may take to start, its first time, with the workflows to bring in.
N8N_READY = 180.0


def at(service: str) -> str:
    """Where the browser that shows JupyterLab finds the service: at a hub, under the name it already uses for it."""
    return addresses.hub_path(service) or addresses.public_url(service)


TOKEN = f"?token={secret_store.load()['api_token']}" if addresses.is_open() else ""
CARDS = {
    "labN8nUrl": at("n8n"),
    "labApiUrl": f"{at('api')}/{TOKEN}",
    "labInboxUrl": f"{at('api')}/boite{TOKEN}",
}


def after_save(os_path: str, model: dict, contents_manager: object) -> None:
    if model["type"] == "notebook":
        settle(Path(os_path))


os.environ["PYTHONSTARTUP"] = str(HERE / "startup.py")

c = get_config()
c.ServerApp.ip = addresses.bind()
c.ServerApp.port = port("jupyter")
c.ServerApp.port_retries = 0
c.ServerApp.allow_root = True
c.ServerApp.open_browser = False
c.ServerApp.root_dir = str(ROOT)
c.ServerApp.tornado_settings = {"page_config_data": CARDS}
if host := urlsplit(addresses.public_origin()).hostname:
    c.ServerApp.local_hostnames = ["localhost", host]
if addresses.hub_prefix():
    # Both end with this server: the API is there at once, for the notebooks; n8n at the first click on its card.
    ends_with_us = {STOP_WITH_CALLER: "1"}
    start_api(**ends_with_us)
    api, n8n = ({"port": port(service), "launcher_entry": {"enabled": False}} for service in ("api", "n8n"))
    n8n |= {
        "command": [sys.executable, "-m", "labkit.cli", "n8n", "serve"],
        "environment": ends_with_us,
        "timeout": N8N_READY,
    }
    c.ServerProxy.servers = {
        addresses.AT_THE_HUB[service].strip("/"): served for service, served in (("api", api), ("n8n", n8n))
    }
if os.name != "nt":
    # A login shell, Jupyter's own choice, would set PATH anew: the command `lab` would not be found.
    c.ServerApp.terminado_settings = {"shell_command": [os.environ.get("SHELL") or shutil.which("sh")]}
c.ContentsManager.hide_globs = MACHINERY
c.FileContentsManager.post_save_hook = after_save
# None is installed: npm would be asked at each start where one might be.
c.LanguageServerManager.autodetect = False
c.LabApp.default_url = "/lab/tree/notebooks/00_accueil.ipynb"
c.LabApp.extension_manager = "readonly"
c.LabApp.workspaces_dir = str(OWN / "workspaces")
c.LabApp.user_settings_dir = str(OWN / "settings")
c.LabServerApp.app_settings_dir = str(HERE)
c.LabServerApp.extra_labextensions_path = [str(HERE / "labextensions")]
