"""A copy of the lab with its API and its own n8n, for the time of a file of tests."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import requests

from labkit import n8n, n8n_install
from labkit.n8n_client import N8nClient
from labkit.n8n_workflows import Imported, Place, find, import_workflows
from labkit.processes import free_port
from tests.conftest import REPOSITORY
from tests.notebooks.workspace import Workspace, workspace

WORKFLOWS = find()
CHECKPOINTS = sorted((REPOSITORY / "n8n" / "checkpoints").glob("*.json"))
PASSWORD = "Essai-du-labo-1"
WEBHOOK_KEY = "a-webhook-key-for-the-tests-only"
MAIL = {"host": "127.0.0.1", "port": 25, "user": "", "password": "", "secure": False}


@dataclass
class N8nLab:
    """A copy of the lab; its n8n, which may be stopped and started again; a session with it."""

    made: Workspace
    server: n8n.N8nServer
    client: N8nClient = field(init=False)
    place: Place = field(init=False)

    @property
    def root(self) -> Path:
        return self.made.root

    @property
    def api_url(self) -> str:
        return self.made.api_url

    def start(self) -> None:
        self.server.start()
        self.server.wait_ready()
        self.client = N8nClient(self.server.url, PASSWORD)
        self.client.login()

    def bring(self, files: list[Path], force: bool = False, mail=MAIL, people=("", "")) -> dict[str, str]:
        credentials = {
            "Clé du webhook": self.client.ensure_credential(
                "Clé du webhook", "httpHeaderAuth", {"name": "X-Lab-Key", "value": WEBHOOK_KEY}
            ),
            "Serveur de courriel": self.client.ensure_credential("Serveur de courriel", "smtp", mail),
        }
        self.place = Place(self.api_url, self.server.url, credentials, people)
        return import_workflows(
            self.client, files, self.place, Imported(self.server.home / "imported.json"), force
        )

    def execute(self, workflow: str, trigger: str) -> dict:
        return self.client.wait_execution(self.client.run_workflow(workflow, trigger))

    def last_execution(self, workflow: str) -> dict:
        return self.client.wait_execution(self.client.executions(workflow, 1)[0]["id"])

    def switch(self, path: str, method: str = "POST", **body: object) -> object:
        answer = requests.request(method, f"{self.api_url}/_lab/{path}", json=body, timeout=10)
        answer.raise_for_status()
        return answer.json()

    def inbox(self) -> list[dict]:
        entries = requests.get(f"{self.api_url}/_lab/inbox", timeout=10).json()
        return [entry["message"] for entry in entries]

    def days(self) -> list[str]:
        return sorted(path.parent.name for path in self.root.glob("data/bronze/events/*/data.parquet"))

    @contextmanager
    def changed(self, workflow: str, change, publish: bool = False) -> Iterator[None]:
        """The workflow as a trainee would change it in the editor, for the time of a `with`."""
        former = self.client.workflows()[workflow]
        edited = json.loads(json.dumps(former))
        change(edited)
        self._save(edited, publish)
        try:
            yield
        finally:
            self._save(former, publish)

    def _save(self, workflow: dict, publish: bool) -> None:
        names = ("id", "name", "nodes", "connections", "settings", "pinData")
        saved = self.client.update_workflow({name: workflow[name] for name in names})
        if publish:
            self.client.publish(saved)


def parameters(**values):
    """A change of the node « Paramètres »."""

    def change(workflow):
        node = node_of(workflow, "Paramètres")
        for assignment in node["parameters"]["assignments"]["assignments"]:
            assignment["value"] = values.get(assignment["name"], assignment["value"])

    return change


def node_of(workflow: dict, name: str) -> dict:
    (node,) = [node for node in workflow["nodes"] if node["name"] == name]
    return node


@contextmanager
def n8n_lab(folder: Path) -> Iterator[N8nLab]:
    """The lab under `folder`, its n8n running with the workflows of n8n/workflows."""
    n8n_install.install(lambda text: None)
    with workspace(folder / "lab") as made:
        secrets = made.root / "data" / "state" / "secrets.json"
        secrets.parent.mkdir(parents=True)
        secrets.write_text(json.dumps({"n8n_password": PASSWORD, "webhook_key": WEBHOOK_KEY}))
        server = n8n.N8nServer(
            home=folder / "n8n",
            port=free_port(),
            broker_port=free_port(),
            password=PASSWORD,
            encryption_key="a-key-for-the-tests-only",
            log=made.root / "n8n.log",
            api_url=made.api_url,
            root=made.root,
        )
        lab = N8nLab(made, server)
        try:
            lab.start()
            lab.bring(WORKFLOWS)
            yield lab
        finally:
            server.stop()


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    with n8n_lab(tmp_path_factory.mktemp("lab")) as made:
        yield made


@pytest.fixture(autouse=True)
def fresh_api(request):
    if "lab" in request.fixturenames:
        request.getfixturevalue("lab").switch("reset")
