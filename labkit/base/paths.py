"""Where things are, and on which ports. LAB_ROOT moves the whole lab (the tests use it)."""

import os
import re
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(os.environ.get("LAB_ROOT") or Path(__file__).parents[2]).resolve()
NOTEBOOKS = ROOT / "notebooks"
DATA = ROOT / "data"
RUNS = DATA / "runs"
LOGS = RUNS / "logs"
STATE = DATA / "state"
N8N = ROOT / "n8n"
RUN_ID = re.compile(r"\d{8}T\d{6}-[0-9a-f]{6}")
HOST = "127.0.0.1"
USUAL_PORTS = {"api": 8765, "n8n": 5678, "jupyter": 8888, "node_red": 1880}
PORTS_FILE = STATE / "ports.json"
# The address written in the workflows and flows of n8n/; where the API is elsewhere it is replaced on their way in.
DEFAULT_API_URL = "http://127.0.0.1:8765"
DEFAULT_N8N_URL = "http://127.0.0.1:5678"


def port(service: str) -> int:
    """The port of `api`, `n8n`, `jupyter` or `node_red`: LAB_API_PORT…, or the last start's, or the usual one."""
    return asked_port(service) or chosen_ports().get(service) or USUAL_PORTS[service]


def asked_port(service: str) -> int | None:
    """The port that the environment imposes (LAB_API_PORT, LAB_N8N_PORT…, a hub), None if it imposes none."""
    at_hub = urlsplit(_jupyter_of_a_hub()).port if service == "jupyter" else None
    return int(os.environ.get(f"LAB_{service.upper()}_PORT") or at_hub or 0) or None


def _jupyter_of_a_hub() -> str:
    """Where the JupyterLab that a JupyterHub started for this person answers; empty if none did."""
    return os.environ.get("JUPYTERHUB_SERVICE_URL", "").rstrip("/")


def chosen_ports() -> dict[str, int]:
    """The ports `lab start` chose for this lab (labkit/base/ports.py); empty before the first start."""
    # Here: `make doctor` reads this module where nothing is installed.
    from labkit.base import state_file

    return state_file.read(PORTS_FILE)


def service_url(service: str) -> str:
    """Where `jupyter`, `n8n`, `node_red` or `api` answers the lab itself; people are told addresses.public_url."""
    if service == "jupyter" and (address := _jupyter_of_a_hub()):
        return address
    return f"http://{HOST}:{port(service)}"


def api_url() -> str:
    return os.environ.get("LAB_API_URL") or service_url("api")


def run_log_path(run_id: str) -> Path:
    """The JSON lines of this run's scripts."""
    return LOGS / f"{run_id}.jsonl"


# Whose scripts a notebook or a workflow runs: the trainee's, the reference's, or the engine (a package, not scripts).
SCRIPTS = ("labs", "solutions", "ingestion")
ENGINE_COMMANDS = {
    "ingest_api.py": "ingest",
    "backfill.py": "backfill",
    "validate_data.py": "validate",
    "quarantine.py": "quarantine",
    "generate_dates.py": "dates",
}


def scripts_folder(name: str) -> Path:
    """The folder `labs`, `solutions` or `ingestion`. ValueError for any other name."""
    if name not in SCRIPTS:
        raise ValueError(f"scripts vaut « {name} » : choisissez parmi {', '.join(SCRIPTS)}.")
    return ROOT / name


def script_command(scripts: str, name: str) -> list[str]:
    """What follows `python` to run the script `name`: ["labs/ingest_api.py"], or ["-m", "ingestion", "ingest"].

    ValueError if there is no such script: one sentence that says so.
    """
    if scripts == "ingestion" and name in ENGINE_COMMANDS:
        return ["-m", "ingestion", ENGINE_COMMANDS[name]]
    if not re.fullmatch(r"\w+\.py", name) or not (scripts_folder(scripts) / name).is_file():
        raise ValueError(f"Le script « {name} » n'existe pas dans {scripts}/.")
    return [f"{scripts}/{name}"]
