"""A lab of its own in a folder, as a trainee has one: its files, its ports, its `lab` command."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from labkit.services.health import NAMES
from tests import python_by_fork
from tests.conftest import REPOSITORY

NOWHERE = "http://127.0.0.1:9/"
OURS = (
    *("LAB_API_URL", "LAB_API_PORT", "LAB_JUPYTER_PORT", "LAB_N8N_PORT", "LAB_NODE_RED_PORT"),
    *("LAB_BIND", "LAB_PUBLIC_URL"),
)


@dataclass(frozen=True)
class LabCopy:
    """The lab under `root`. ports: those imposed by the environment, by service; the others are its own choice."""

    root: Path
    ports: dict[str, int] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        own = {f"LAB_{service.upper()}_PORT": str(port) for service, port in self.ports.items()}
        broken = {"npm_config_registry": NOWHERE, "npm_config_fetch_retries": "0"}
        broken["npm_config_cache"] = str(self.root / ".npm-cache")
        inherited = {name: value for name, value in os.environ.items() if name not in OURS}
        return inherited | broken | own | {"LAB_ROOT": str(self.root), "PYTHONUTF8": "1"}

    @property
    def said(self) -> Path:
        """What `lab start` said; hidden, as npm's cache is: a copy shows what a lab shows."""
        return self.root / ".said.txt"

    def machinery(self) -> Path:
        """The folder whose labkit runs: the copy's, if it has one."""
        return self.root if (self.root / "labkit").exists() else REPOSITORY

    def lab(self, *arguments: str, **more: str) -> subprocess.CompletedProcess:
        """Run `lab arguments`, `more` being variables of its environment."""
        command = ["-m", "labkit.cli", *arguments]
        return python_by_fork.run(command, self.machinery(), self.environment() | more)

    def status(self) -> dict:
        return json.loads(self.lab("status", "--json").stdout)

    def states(self) -> dict[str, bool]:
        status = self.status()
        return {name: status[name]["up"] for name in NAMES}

    def begin(self, *arguments: str, **more: str) -> tuple[subprocess.Popen, Path]:
        """Begin `lab start --no-browser` with the variables `more`; its process, and the file where it speaks."""
        with self.said.open("w") as stream:
            command = [sys.executable, "-m", "labkit.cli", "start", "--no-browser", *arguments]
            environment, folder = self.environment() | more, self.machinery()
            process = subprocess.Popen(command, env=environment, cwd=folder, stderr=stream, stdout=stream)
        return process, self.said

    @contextmanager
    def started(self, *arguments: str) -> Iterator[tuple[subprocess.Popen, Path]]:
        """The lab once it says that it runs; stopped at the end as Ctrl-C would."""
        process, said = self.begin(*arguments)
        try:
            wait_until(lambda: "Ctrl-C" in said.read_text() or process.poll() is not None)
            yield process, said
        finally:
            interrupt(process)


def make_copy(root: Path, *folders: str, **ports: int) -> LabCopy:
    """A lab under `root` with n8n's two manifests and these folders of the repository."""
    (root / "n8n").mkdir(parents=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(REPOSITORY / "n8n" / name, root / "n8n")
    for folder in folders:
        shutil.copytree(REPOSITORY / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    return LabCopy(root, ports)


def interrupt(process: subprocess.Popen) -> None:
    """Ctrl-C, and wait for the end."""
    process.send_signal(signal.SIGINT)
    process.wait(30)


def wait_until(condition: Callable[[], object], timeout: float = 60) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.1)
