"""The lab in a JupyterHub: what a hub's own configuration calls; README.md beside this file says how."""

import importlib.util
import os
import sys
from pathlib import Path
from urllib.parse import urlsplit

from tornado.web import HTTPError

HERE = Path(__file__).resolve().parent
LAB = HERE.parents[1]
# Two ports of 127.0.0.1 for each trainee, below those that the system gives away.
FIRST_PORT = int(os.environ.get("LAB_HUB_FIRST_PORT", "20000"))
IDLE_S = 2 * 3600
ROOM_MB = 200


def set_up(c, public_url):
    """Trainees' servers are the lab's. public_url: the hub's address in a browser, `https://formation.example`."""
    parts = urlsplit(public_url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        sys.exit(f"L'adresse du hub vaut « {public_url} » : commencez par http:// ou https://, puis son nom.")
    c.JupyterHub.public_url = public_url
    # The hub may live in the lab's environment, or in its own as The Littlest JupyterHub does.
    python = sys.executable if importlib.util.find_spec("labkit") else str(LAB / ".venv" / "bin" / "python")
    c.Spawner.cmd = [python, str(HERE / "trainee_server.py")]
    c.Spawner.default_url = "/lab/tree/notebooks/00_accueil.ipynb"
    c.Spawner.environment.update(
        {"LAB_API_PORT": port(0), "LAB_N8N_PORT": port(1), "LAB_API_URL": api_url, "PYTHONUTF8": "1"}
    )
    # A room arrives at once: fifteen servers start side by side.
    c.Spawner.http_timeout = c.Spawner.start_timeout = 180
    c.Spawner.pre_spawn_hook = check_home


def set_up_the_rest(c):
    """What The Littlest JupyterHub has of its own: the proxy, servers that are bounded, and stopped when idle."""
    from labkit.n8n.install import node_folder

    proxy = HERE / "node_modules" / "configurable-http-proxy" / "bin" / "configurable-http-proxy"
    c.ConfigurableHTTPProxy.command = [str(node_folder() / "node"), str(proxy)]
    c.Spawner.mem_limit = "2G"
    c.Spawner.cpu_limit = 2
    if Path("/run/systemd/system").is_dir():
        c.JupyterHub.spawner_class = "systemd"
        c.SystemdSpawner.disable_user_sudo = True
        c.SystemdSpawner.isolate_tmp = True
        c.SystemdSpawner.unit_extra_properties = {"ProtectProc": "invisible"}
    culler = [sys.executable, "-m", "jupyterhub_idle_culler", f"--timeout={IDLE_S}"]
    c.JupyterHub.services = [{"name": "cull-idle", "command": culler}]
    scopes = ["list:users", "read:users:activity", "read:servers", "delete:servers"]
    c.JupyterHub.load_roles = [{"name": "cull-idle", "services": ["cull-idle"], "scopes": scopes}]


def port(rank):
    return lambda spawner: str(FIRST_PORT + 2 * spawner.user.id + rank)


def api_url(spawner):
    return f"http://127.0.0.1:{port(0)(spawner)}"


def check_home(spawner):
    """A home in which nothing can be written is said to the trainee, on the page of the start."""
    user = getattr(spawner, "username_template", "{USERNAME}").format(USERNAME=spawner.user.name)
    home = Path(getattr(spawner, "home_dir", f"~{user}"))
    try:
        found = os.statvfs(home.expanduser())
    except (OSError, RuntimeError):
        return  # The Littlest JupyterHub makes a trainee's home at their first start.
    if found.f_flag & os.ST_RDONLY:
        sentence = "Votre dossier personnel est en lecture seule : appelez votre formateur."
    elif found.f_bavail * found.f_frsize < ROOM_MB * 2**20:
        sentence = f"Il reste moins de {ROOM_MB} Mo pour votre dossier personnel : faites de la place."
    else:
        return
    problem = HTTPError(507, sentence)
    problem.jupyterhub_message = sentence
    raise problem
