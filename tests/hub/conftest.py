"""A real hub with the lab's configuration, its real proxy, and two trainees who have signed in."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

import psutil
import pytest
import requests
from packaging.utils import canonicalize_name
from requests.cookies import get_cookie_header

from labkit import bootstrap
from labkit.base.processes import free_port, stop_tree
from labkit.n8n import install
from tests.conftest import REPOSITORY
from tests.unit.lab_copy import wait_until

DEPLOY = REPOSITORY / "deploy" / "jupyterhub"
HOST = "formation.example"
TRAINEES = ("alice", "bob")
PASSWORD = "of-the-room"
# Seconds that a server, or n8n at its first click, may take on a machine at work.
PATIENCE = 240
CONFIG = """
import sys
sys.path.append("{deploy}")
import lab_config
lab_config.set_up(c, "{url}")
lab_config.set_up_the_rest(c)
c.JupyterHub.bind_url = "http://127.0.0.1:{port}"
c.JupyterHub.hub_port = {hub_port}
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{proxy_port}"
c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.password = "{password}"
c.Authenticator.allow_all = True
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = "{homes}/{{username}}"
c.Spawner.environment.update({{"JUPYTER_CONFIG_PATH": "{packages}/etc/jupyter"}})
"""


def install_beside(folder: Path) -> None:
    """What the hub's lock adds to this environment, in `folder`, and its proxy."""
    lock = (DEPLOY / "requirements.txt").read_text(encoding="utf-8")
    here = {canonicalize_name(one.name) for one in metadata.distributions()}
    pins = re.findall(r"^[\w.-]+(?:\[.*\])?==.*$", lock, re.MULTILINE)
    missing = [pin for pin in pins if canonicalize_name(re.split(r"[\[=]", pin)[0]) not in here]
    (folder / "missing.txt").write_text("\n".join(missing))
    wheels = [
        "uv",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--target",
        folder,
        "-r",
        folder / "missing.txt",
    ]
    environment = bootstrap.index_settings() | os.environ
    subprocess.run([sys.executable, "-m", *wheels], env=environment, check=True)
    advice = "Le proxy du hub n'a pas pu être installé."
    install.once(DEPLOY, lambda: install.ci(DEPLOY, advice, lambda line: None))


@dataclass
class Hub:
    """The hub that runs, its trainees' homes, and a browser's session for each that has signed in."""

    url: str
    homes: Path
    process: subprocess.Popen
    sessions: dict[str, requests.Session] = field(default_factory=dict)

    def sign_in(self, name: str) -> requests.Session:
        session = self.sessions[name] = requests.Session()
        session.trust_env = False
        session.get(f"{self.url}/hub/login", timeout=30)
        form = {"username": name, "password": PASSWORD, "_xsrf": session.cookies["_xsrf"]}
        # Not followed: the page after it starts the trainee's server.
        answer = session.post(f"{self.url}/hub/login", data=form, timeout=60, allow_redirects=False)
        assert answer.status_code == 302
        return session

    def start(self, name: str) -> None:
        """Ask for the trainee's server, and wait for its page."""
        session = self.sign_in(name)
        session.get(f"{self.url}/hub/spawn/{name}", timeout=60)
        # Its events end with the start.
        progress = session.get(f"{self.url}/hub/api/users/{name}/server/progress", timeout=PATIENCE)
        assert '"ready": true' in progress.text, progress.text
        assert "JupyterLab" in session.get(self.of(name, "/lab"), timeout=60).text

    def of(self, name: str, path: str = "") -> str:
        return f"{self.url}/user/{name}{path}"

    def get(self, who: str, path: str, of: str = "", **options) -> requests.Response:
        """What `who` gets at the address `path` of their own server, or of that of another trainee."""
        return self.sessions[who].get(self.of(of or who, path), timeout=PATIENCE, **options)

    def act(self, who: str, method: str, path: str, body: dict | None = None, **headers: str):
        address = self.of(who, f"/pratique/_lab/{path}")
        return self.sessions[who].request(method, address, json=body, headers=headers, timeout=60)

    def line_opens(self, who: str, path: str) -> bool:
        """Whether a web socket to `path` of their server opens, as one of their browser's does."""
        asked = requests.Request("GET", self.of(who, path)).prepare()
        headers = {
            "Host": self.url.removeprefix("http://"),
            "Origin": self.url,
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
            "browser-id": self.sessions[who].headers["browser-id"],
            "Cookie": get_cookie_header(self.sessions[who].cookies, asked),
        }
        lines = [
            f"GET {asked.path_url} HTTP/1.1",
            *(f"{name}: {value}" for name, value in headers.items()),
            "\r\n",
        ]
        with socket.create_connection((HOST, int(self.url.rpartition(":")[2])), timeout=60) as line:
            line.sendall("\r\n".join(lines).encode())
            return line.recv(2**16).startswith(b"HTTP/1.1 101")

    def processes(self, name: str) -> list[psutil.Process]:
        """All that runs for a trainee, whoever started it: their folder is in its environment."""
        own, found = str(self.homes / name / "labo"), []
        for process in psutil.process_iter():
            try:
                if process.environ().get("LAB_ROOT") == own:
                    found.append(process)
            except psutil.Error:
                continue
        return found

    def environment_of(self, name: str) -> dict[str, str]:
        """Of the trainee's terminals: that of their server, the first of their programs."""
        return min(self.processes(name), key=lambda process: process.create_time()).environ()

    def family(self) -> list[psutil.Process]:
        """The hub, and all that it has started."""
        own = psutil.Process(self.process.pid)
        return [own, *own.children(recursive=True)]


@contextmanager
def running_hub(folder: Path, trainees: tuple[str, ...] = TRAINEES) -> Iterator[Hub]:
    """The hub of a room, its files under `folder`; whatever runs for `trainees` is stopped with it at the end."""
    packages, homes = folder / "packages", folder / "homes"
    packages.mkdir()
    homes.mkdir()
    install_beside(packages)
    port = free_port()
    url = f"http://{HOST}:{port}"
    own = {"port": port, "url": url, "hub_port": free_port(), "proxy_port": free_port(), "password": PASSWORD}
    config = folder / "jupyterhub_config.py"
    config.write_text(CONFIG.format(homes=homes, packages=packages, deploy=DEPLOY, **own), encoding="utf-8")
    log = (folder / "hub.log").open("w")
    process = subprocess.Popen(
        [sys.executable, "-m", "jupyterhub", f"--config={config}"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(packages), "LAB_HUB_FIRST_PORT": str(free_port())},
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    hub = Hub(url, homes, process)
    try:
        wait_until(lambda: process.poll() is not None or answers(f"{url}/hub/health"))
        assert process.poll() is None, (folder / "hub.log").read_text()
        yield hub
    finally:
        left = [one for name in trainees for one in hub.processes(name)]
        stop_tree(process.pid)
        for one in left:
            stop_tree(one.pid)
        log.close()


def answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).ok
    except requests.ConnectionError:
        return False


@contextmanager
def named_here() -> Iterator[None]:
    """This process finds the machine by the name that the room gives it."""
    asked = socket.getaddrinfo

    def find(host, *arguments, **options):
        return asked("127.0.0.1" if host == HOST else host, *arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", find)
        yield


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    with named_here(), running_hub(tmp_path_factory.mktemp("room")) as running:
        for name in TRAINEES:
            running.start(name)
        yield running
