"""JupyterLab's server, as the lab delivers it: `lab start` reads this file, and none of the person's own.

What the interface looks like is beside it: overrides.json, projector/ and labextensions/.
"""

import os
import shutil
from pathlib import Path

from labkit.base.paths import HOST, ROOT, STATE, api_url, port, service_url
from labkit.notebooks.run_outputs import settle

HERE = Path(__file__).parent
# Open tabs and chosen settings are this lab's: none comes from the person's other JupyterLabs, or goes there.
OWN = STATE / "jupyter"
MACHINERY = [
    "__pycache__", "*.pyc", "*.egg-info", "node_modules", "build", "offline", "labkit", "tests", "docs", "deploy",
    "rise.css", "pyproject.toml", "requirements.txt", "environment.yml", "Makefile", "LICENSE", "CONTRIBUTING.md",
    "ARCHITECTURE.md", "CHANGELOG.md",
    "package.json", "package-lock.json", "install.log", "secrets.json", "services.json", "ports.json", "jupyter",
]  # fmt: skip
CARDS = {
    "labN8nUrl": service_url("n8n"),
    "labApiUrl": api_url(),
    "labInboxUrl": f"{api_url()}/boite",
}


def after_save(os_path: str, model: dict, contents_manager: object) -> None:
    if model["type"] == "notebook":
        settle(Path(os_path))


os.environ["PYTHONSTARTUP"] = str(HERE / "startup.py")

c = get_config()  # noqa: F821
c.ServerApp.ip = HOST
c.ServerApp.port = port("jupyter")
c.ServerApp.port_retries = 0
c.ServerApp.allow_root = True
c.ServerApp.open_browser = False
c.ServerApp.root_dir = str(ROOT)
c.ServerApp.tornado_settings = {"page_config_data": CARDS}
if os.name != "nt":
    # A login shell, Jupyter's own choice, would set PATH anew: the command `lab` would not be found.
    c.ServerApp.terminado_settings = {"shell_command": [os.environ.get("SHELL") or shutil.which("sh")]}
c.ContentsManager.hide_globs = MACHINERY
c.FileContentsManager.post_save_hook = after_save
c.LabApp.default_url = "/lab/tree/notebooks/00_accueil.ipynb"
c.LabApp.extension_manager = "readonly"
c.LabApp.workspaces_dir = str(OWN / "workspaces")
c.LabApp.user_settings_dir = str(OWN / "settings")
c.LabServerApp.app_settings_dir = str(HERE)
c.LabServerApp.extra_labextensions_path = [str(HERE / "labextensions")]
