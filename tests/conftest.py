"""What several groups of tests share: the practice API, and the scripts of solutions/ as a user runs them."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import hypothesis
import pytest

from labkit.practice_api.server import running_api
from labkit.switchboard_client import switch

REPOSITORY = Path(__file__).parents[1]
SCRIPTS = REPOSITORY / "solutions"
sys.path.insert(0, str(SCRIPTS))
hypothesis.settings.register_profile("lab", deadline=None, derandomize=True)
hypothesis.settings.load_profile("lab")


@dataclass(frozen=True)
class Run:
    """What a script left: its exit code, the object it printed, its log lines as objects."""

    code: int
    result: dict
    logs: list[dict]


@dataclass(frozen=True)
class Scripts:
    """Run scripts of solutions/ in `folder`, against the API at `api_url`."""

    folder: Path
    api_url: str

    def command(self, name: str, *arguments: object) -> list[str]:
        return [sys.executable, str(SCRIPTS / name), *map(str, arguments)]

    def environment(self, **more: str) -> dict[str, str]:
        return os.environ | {"LAB_API_URL": self.api_url} | more

    def __call__(self, name: str, *arguments: object, **environment: str) -> Run:
        done = subprocess.run(
            self.command(name, *arguments),
            cwd=self.folder,
            env=self.environment(**environment),
            capture_output=True,
            encoding="utf-8",
            timeout=120,
        )
        lines = done.stdout.splitlines()
        assert len(lines) == 1, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return Run(
            done.returncode, json.loads(lines[0]), [json.loads(line) for line in done.stderr.splitlines()]
        )

    def ingest(self, *arguments: object, **environment: str) -> Run:
        return self("ingest_api.py", *arguments, "--max-wait", "0.01", **environment)

    def switch(self, path: str, method: str = "POST", **body: object) -> dict:
        """Act on the practice API's switchboard."""
        return switch(self.api_url, path, method, **body)


@pytest.fixture
def scripts(tmp_path):
    with running_api() as api:
        yield Scripts(tmp_path, api.url)
