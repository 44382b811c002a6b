"""What several groups of tests share: the practice API, and the engine as a user runs it."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import hypothesis
import pytest

from labkit.base.switchboard_client import switch
from labkit.exercises.declared import exercises
from labkit.practice_api.server import running_api
from tests import python_by_fork

REPOSITORY = Path(__file__).parents[1]
PRACTICALS = ("tp21", "tp22", "tp23")
STEPS_OF_THE_DAY = [step for name in PRACTICALS for step in exercises()[name].steps]
hypothesis.settings.register_profile("lab", deadline=None, derandomize=True)
hypothesis.settings.load_profile("lab")


@dataclass(frozen=True)
class Run:
    """What a command left: its exit code, the object it printed, its log lines as objects."""

    code: int
    result: dict
    logs: list[dict]


@dataclass(frozen=True)
class Engine:
    """Run commands of the engine in `folder`, against the API at `api_url`."""

    folder: Path
    api_url: str

    def command(self, name: str, *arguments: object) -> list[str]:
        return [sys.executable, "-m", "ingestion", name, *map(str, arguments)]

    def environment(self, **more: str) -> dict[str, str]:
        return os.environ | {"LAB_API_URL": self.api_url} | more

    def run(self, command: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess:
        return python_by_fork.run(command[1:], self.folder, environment, timeout=120)

    def __call__(self, name: str, *arguments: object, **environment: str) -> Run:
        done = self.run(self.command(name, *arguments), self.environment(**environment))
        lines = done.stdout.splitlines()
        assert len(lines) == 1, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return Run(
            done.returncode, json.loads(lines[0]), [json.loads(line) for line in done.stderr.splitlines()]
        )

    def ingest(self, *arguments: object, **environment: str) -> Run:
        return self("ingest", *arguments, "--max-wait", "0.01", **environment)

    def switch(self, path: str, method: str = "POST", **body: object) -> dict:
        """Act on the practice API's switchboard."""
        return switch(self.api_url, path, method, **body)


@pytest.fixture(scope="session")
def served_api():
    with running_api() as api:
        yield api.url


@pytest.fixture
def api_url(served_api):
    """The address of the practice API as on its first day: one server for the tests that want nothing more of it."""
    switch(served_api, "reset")
    return served_api


@pytest.fixture
def engine(tmp_path, api_url):
    return Engine(tmp_path, api_url)
