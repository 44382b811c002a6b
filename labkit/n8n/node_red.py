"""Node-RED for the optional hour: installed on demand, on 127.0.0.1 only, driven through its admin API.

Source for the API: nodered.org/docs/api/admin/methods, and the trials noted in n8n/README.md.
"""

import atexit
import json
import shutil
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

import click
import requests

from labkit.base import environment
from labkit.base.paths import DEFAULT_API_URL, LOGS, N8N, STATE, api_url, port, service_url
from labkit.base.processes import comes_up, own_group, port_holder, stop_tree
from labkit.base.proxies import no_proxy
from labkit.n8n import install
from labkit.n8n.install import N8nError, node_folder, node_path

SOURCE = N8N / "node_red"
SETTINGS = """module.exports = {
    uiHost: "127.0.0.1",
    flowFile: "flows.json",
    telemetry: { enabled: false, updateNotification: false },
    editorTheme: { tours: false, palette: { catalogues: [] } },
};
"""


class NodeRedError(N8nError):
    """Node-RED cannot be installed, started or driven; the message says why and what to do."""


def install_node_red() -> None:
    """Install the pinned Node-RED under n8n/node_red/node_modules, if it is not there."""
    advice, repair = (
        "L'installation de Node-RED a échoué : vérifiez la connexion.",
        "Pour réparer : lab node-red",
    )
    install.once(SOURCE, lambda: install.ci(SOURCE, advice, lambda line: None, repair))


@dataclass
class NodeRed:
    """One Node-RED on the port LAB_NODE_RED_PORT (1880). home: its flows and settings."""

    home: Path = field(default_factory=lambda: STATE / "node-red")
    process: subprocess.Popen | None = None

    @property
    def url(self) -> str:
        return service_url("node_red")

    def is_up(self) -> bool:
        """Whether its flows are loaded: the editor answers before."""
        try:
            return requests.get(f"{self.url}/flows", timeout=2).status_code == 200
        except requests.RequestException:
            return False

    def start(self) -> None:
        """Install if need be, start, and wait until it answers. One that already runs there is used as it is."""
        if self.is_up():
            return
        if holder := port_holder(port("node_red")):
            raise NodeRedError(
                f"Le port {port('node_red')} est déjà occupé{holder} : choisissez-en un autre avec LAB_NODE_RED_PORT."
            )
        install_node_red()
        self._prepare_home()
        LOGS.mkdir(parents=True, exist_ok=True)
        script = SOURCE / "node_modules" / "node-red" / "red.js"
        command = [
            str(node_folder() / "node"),
            str(script),
            "--userDir",
            str(self.home),
            "-p",
            str(port("node_red")),
        ]
        with (LOGS / "node-red.log").open("wb") as log:
            self.process = subprocess.Popen(
                command,
                cwd=self.home,
                env=environment.needed(environment.N8N) | node_path() | no_proxy(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                **own_group(),
            )
        atexit.register(self.stop)
        self._wait_up()

    def _prepare_home(self) -> None:
        """The lab's flow at the first start; later what was changed in the editor stays."""
        self.home.mkdir(parents=True, exist_ok=True)
        (self.home / "settings.js").write_text(SETTINGS, encoding="utf-8")
        if not (self.home / "flows.json").exists():
            (self.home / "flows.json").write_text(flows_text(), encoding="utf-8")

    def _wait_up(self, timeout: float = 60) -> None:
        if not comes_up(self.process, self.is_up, timeout):
            raise NodeRedError("Node-RED n'a pas démarré : voyez data/runs/logs/node-red.log.")

    def stop(self) -> None:
        """Stop it if this object started it."""
        if self.process:
            stop_tree(self.process.pid)
            self.process = None

    def deploy(self) -> None:
        """Put the lab's flow in the place of what is there, as the editor's button « Deploy » does."""
        headers = {"Node-RED-Deployment-Type": "full"}
        answer = requests.post(
            f"{self.url}/flows", json=json.loads(flows_text()), headers=headers, timeout=10
        )
        answer.raise_for_status()

    def inject(self, node: str) -> None:
        """Press the button of an inject node. It answers 404 until the flow has started."""
        for _ in range(50):
            if requests.post(f"{self.url}/inject/{node}", timeout=10).status_code == 200:
                return
            time.sleep(0.1)
        raise NodeRedError(f"Le nœud « {node} » ne répond pas : le flux est-il déployé ?")

    def nodes(self) -> list[dict]:
        """The nodes of the deployed flows, as flows.json writes them."""
        return requests.get(f"{self.url}/flows", timeout=10).json()

    def installed(self) -> list[dict]:
        """The sets of node types it knows: {"id", "name", "types": […], "module", "version", …}."""
        return requests.get(f"{self.url}/nodes", headers={"Accept": "application/json"}, timeout=10).json()

    def kept(self, tab: str, key: str) -> object:
        """The value a function node kept with flow.set, None if there is none."""
        kept = requests.get(f"{self.url}/context/flow/{tab}/{key}", timeout=10).json()
        if kept.get("msg") in (None, "(undefined)"):
            return None
        return kept["msg"] if kept["format"].startswith("string") else json.loads(kept["msg"])

    def forget(self, tab: str, key: str) -> None:
        """Remove the value kept under `key`."""
        requests.delete(f"{self.url}/context/flow/{tab}/{key}", timeout=10).raise_for_status()

    def context(self, tab: str, key: str, timeout: float = 10) -> object:
        """As `kept`, waiting for a value at most `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            value = self.kept(tab, key)
            if value is not None:
                return value
            time.sleep(0.1)
        raise NodeRedError(
            f"Rien sous « {key} » après {timeout:g} s : le nœud function a-t-il reçu un message ?"
        )


def flows_text() -> str:
    """The lab's flow, aimed at the practice API as it runs here."""
    return (SOURCE / "flows.json").read_text(encoding="utf-8").replace(DEFAULT_API_URL, api_url())


@click.command("node-red")
@click.option(
    "--fresh", is_flag=True, help="Repartir du flux du cours ; vos modifications dans l'éditeur sont perdues."
)
def node_red_command(fresh: bool) -> None:
    """Démarre Node-RED (117 Mo, installé à la première fois) ; Ctrl-C l'arrête."""
    server = NodeRed()
    if fresh:
        shutil.rmtree(server.home, ignore_errors=True)
    server.start()
    try:
        click.echo(f"→ Node-RED {server.url} (Ctrl-C arrête)")
        if server.process:
            server.process.wait()
    except KeyboardInterrupt:
        click.echo("")
    finally:
        server.stop()
