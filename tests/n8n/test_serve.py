"""`lab n8n serve`: n8n alone under a prefix, as a hub starts it; its port opens once all is ready."""

import json
import shutil
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass, field

import psutil
import pytest
import requests

from labkit.base import secret_store
from labkit.n8n import install
from labkit.n8n.client import N8nClient
from tests.conftest import REPOSITORY
from tests.n8n.conftest import PASSWORD, SECRETS, WORKFLOWS
from tests.notebooks.workspace import Workspace, workspace
from tests.unit.lab_copy import wait_until

pytestmark = pytest.mark.n8n
HERE = "http://formation.example/user/alice/n8n"
AT_A_HUB = {
    "JUPYTERHUB_SERVICE_PREFIX": "/user/alice/",
    "JUPYTERHUB_PUBLIC_URL": "http://formation.example/user/alice/",
}


@dataclass
class Serving:
    """`lab n8n serve` at work, and what its port gave when it first opened: the page, and who had come in."""

    made: Workspace
    process: subprocess.Popen
    port: int
    page: str = ""
    workflows: dict[str, dict] = field(default_factory=dict)

    @property
    def client(self) -> N8nClient:
        client = N8nClient(f"http://127.0.0.1:{self.port}", PASSWORD)
        client.login()
        return client

    def is_open(self) -> bool:
        try:
            answer = requests.get(f"http://127.0.0.1:{self.port}/", timeout=10)
        except requests.ConnectionError:
            assert self.process.poll() is None, "it ended"
            return False
        answer.raise_for_status()
        self.page, self.workflows = answer.text, self.client.workflows()
        return True


@pytest.fixture(scope="module")
def serving(tmp_path_factory):
    install.install(lambda text: None)
    with workspace(tmp_path_factory.mktemp("hub") / "labo") as made:
        secrets = made.root / "data" / "state" / secret_store.FILE.name
        secrets.parent.mkdir(parents=True)
        secrets.write_text(json.dumps(SECRETS))
        shutil.copy(REPOSITORY / "n8n" / "package-lock.json", made.root / "n8n")
        (made.root / "n8n" / "node_modules").symlink_to(REPOSITORY / "n8n" / "node_modules")
        command = [sys.executable, "-m", "labkit.cli", "n8n", "serve"]
        process = subprocess.Popen(
            command, env=made.environment | AT_A_HUB, cwd=made.root, stderr=subprocess.DEVNULL
        )
        running = Serving(made, process, int(made.environment["LAB_N8N_PORT"]))
        try:
            wait_until(running.is_open, 180)
            yield running
        finally:
            process.terminate()
            process.wait(30)


def test_at_its_first_answer_the_workflows_are_there_with_links_that_a_browser_can_open(serving):
    assert len(serving.workflows) == len(WORKFLOWS)
    links = str(serving.workflows)
    assert f"{HERE}/workflow/" in links
    assert "127.0.0.1:5678" not in links
    assert serving.made.api_url in links


def test_its_page_knows_the_prefix(serving):
    assert "/user/alice/n8n/" in serving.page


def test_the_live_line_of_the_editor_passes(serving):
    client = serving.client
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in client.session.cookies)
    asked = [
        "GET /rest/push?pushRef=of-the-test HTTP/1.1",
        f"Host: 127.0.0.1:{serving.port}",
        f"Origin: http://127.0.0.1:{serving.port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
        f"Cookie: {cookies}",
        f"browser-id: {client.session.headers['browser-id']}",
    ]
    with socket.create_connection(("127.0.0.1", serving.port), timeout=30) as line:
        line.sendall("\r\n".join([*asked, "", ""]).encode())
        assert line.recv(2**16).startswith(b"HTTP/1.1 101")


def test_a_second_one_says_who_has_the_port(serving):
    done = serving.made.run("-m", "labkit.cli", "n8n", "serve", **AT_A_HUB)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert f"Le port {serving.port} (n8n) est déjà occupé" in done.stderr
    assert f"(processus {serving.process.pid})" in done.stderr


def test_asked_to_stop_it_leaves_nothing_running(serving):
    family = psutil.Process(serving.process.pid).children(recursive=True)
    assert len(family) > 1
    serving.process.send_signal(signal.SIGTERM)
    assert serving.process.wait(30) == 0
    _, alive = psutil.wait_procs(family, timeout=10)
    assert alive == []
