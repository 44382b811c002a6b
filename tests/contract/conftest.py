"""One contract, three subjects: the reference's scripts, the trainee's once solved, the engine."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from labkit.exercises import exercises, generated
from labkit.paths import ENGINE_COMMANDS
from labkit.practice_api.server import running_api
from labkit.switchboard_client import switch

REPOSITORY = Path(__file__).parents[2]
SUBJECTS = ("solutions", "labs", "ingestion")


@dataclass(frozen=True)
class Run:
    """What a command left: its exit code, what it printed, the object that was, its log lines."""

    code: int
    stdout: str
    stderr: str

    @property
    def result(self) -> dict:
        return json.loads(self.stdout, parse_constant=pytest.fail)


@dataclass(frozen=True)
class Subject:
    """Runs the commands of one subject in `folder`, against the API at `url`."""

    name: str
    scripts: Path
    folder: Path
    url: str

    def command(self, script: str, *arguments: object) -> list[str]:
        called = (
            ["-m", "ingestion", ENGINE_COMMANDS[script]]
            if self.name == "ingestion"
            else [self.scripts / script]
        )
        return [sys.executable, *map(str, called), *map(str, arguments)]

    def environment(self, **more: str) -> dict[str, str]:
        return os.environ | {"LAB_API_URL": self.url, "LAB_MAX_WAIT": "0.05", "TZ": "America/New_York"} | more

    def run(self, script: str, *arguments: object, **environment: str) -> Run:
        done = subprocess.run(
            self.command(script, *arguments),
            cwd=self.folder,
            env=self.environment(**environment),
            capture_output=True,
            encoding="utf-8",
            timeout=120,
        )
        return Run(done.returncode, done.stdout, done.stderr)

    def ingest(self, start: str, end: str, *arguments: object, **environment: str) -> Run:
        period = ("--start-date", start, "--end-date", end)
        return self.run("ingest_api.py", *period, *self.places, *arguments, **environment)

    @property
    def places(self) -> tuple[object, ...]:
        return "--output-dir", self.bronze, "--quarantine-dir", self.folder / "quarantine"

    @property
    def bronze(self) -> Path:
        return self.folder / "bronze"

    def file(self, day: str) -> Path:
        return self.bronze / f"partition_date={day}" / "data.parquet"

    def switch(self, path: str, method: str = "POST", **body: object) -> dict:
        return switch(self.url, path, method, **body)


@pytest.fixture(scope="session")
def solved_labs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("labs")
    steps = [step.name for exercise in exercises().values() for step in exercise.steps]
    for name, text in generated(steps).items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(params=SUBJECTS)
def subject(request, tmp_path, solved_labs):
    scripts = solved_labs if request.param == "labs" else REPOSITORY / request.param
    with running_api() as api:
        yield Subject(request.param, scripts, tmp_path, api.url)
