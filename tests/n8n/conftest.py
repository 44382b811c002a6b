"""A copy of the lab with its API and its own n8n, for the time of a file of tests."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from labkit import n8n, n8n_install
from labkit.processes import free_port
from tests.conftest import REPOSITORY
from tests.notebooks.workspace import Workspace, workspace

WORKFLOWS = sorted((REPOSITORY / "n8n" / "workflows").glob("*.json"))
PASSWORD = "Essai-du-labo-1"


@dataclass(frozen=True)
class N8nLab:
    made: Workspace
    server: n8n.N8nServer

    @property
    def root(self) -> Path:
        return self.made.root

    @property
    def api_url(self) -> str:
        return self.made.api_url

    def execute(self, workflow: str, trigger: str) -> dict:
        return self.server.wait_execution(self.server.run_workflow(workflow, trigger))

    def inbox(self) -> list[dict]:
        entries = requests.get(f"{self.api_url}/_lab/inbox", timeout=10).json()
        return [entry["message"] for entry in entries]

    def days(self) -> list[str]:
        return sorted(path.parent.name for path in self.root.glob("data/bronze/events/*/data.parquet"))


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """The lab, its workflows imported."""
    n8n_install.install(lambda text: None)
    with workspace(tmp_path_factory.mktemp("lab")) as made:
        secrets = made.root / "data" / "state" / "secrets.json"
        secrets.parent.mkdir(parents=True)
        secrets.write_text(json.dumps({"n8n_password": PASSWORD}))
        server = n8n.N8nServer(
            home=tmp_path_factory.mktemp("n8n"),
            port=free_port(),
            broker_port=free_port(),
            password=PASSWORD,
            encryption_key="a-key-for-the-tests-only",
            log=made.root / "n8n.log",
            api_url=made.api_url,
            root=made.root,
        )
        with n8n.running(server, WORKFLOWS):
            yield N8nLab(made, server)


@pytest.fixture(autouse=True)
def fresh_api(request):
    if "lab" in request.fixturenames:
        requests.post(f"{request.getfixturevalue('lab').api_url}/_lab/reset", timeout=10)
