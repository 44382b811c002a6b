"""One contract, three subjects: the reference's scripts, the trainee's once solved, the engine."""

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from labkit.base.paths import ENGINE_COMMANDS
from labkit.base.switchboard_client import switch
from labkit.exercises.cutting import generated
from labkit.exercises.declared import exercises
from tests import python_by_fork
from tests.storage import Disk, OnS3, bucket, running_storage

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
    """Runs the commands of one subject in `folder`, against the API at `url`; its files are in `place`."""

    name: str
    scripts: Path
    folder: Path
    url: str
    place: Disk | OnS3

    def command(self, script: str, *arguments: object) -> list[str]:
        called = (
            ["-m", "ingestion", ENGINE_COMMANDS[script]]
            if self.name == "ingestion"
            else [self.scripts / script]
        )
        return [sys.executable, *map(str, called), *map(str, arguments)]

    def environment(self, **more: str) -> dict[str, str]:
        own = {"LAB_API_URL": self.url, "LAB_MAX_WAIT": "0.05", "TZ": "America/New_York"}
        return os.environ | own | self.place.environment | more

    def run(self, script: str, *arguments: object, **environment: str) -> Run:
        _, *command = self.command(script, *arguments)
        done = python_by_fork.run(command, self.folder, self.environment(**environment), timeout=120)
        return Run(done.returncode, done.stdout, done.stderr)

    def ingest(self, start: str, end: str, *arguments: object, **environment: str) -> Run:
        period = ("--start-date", start, "--end-date", end)
        return self.run("ingest_api.py", *period, *self.places, *arguments, **environment)

    @property
    def places(self) -> tuple[str, ...]:
        return "--output-dir", self.place.at("bronze"), "--quarantine-dir", self.place.at("quarantine")

    @property
    def bronze(self) -> Path:
        """The bronze folder, of a subject that writes on this disk."""
        return self.folder / "bronze"

    def file(self, day: str) -> str:
        """The name of this day's file, in `place`."""
        return f"bronze/partition_date={day}/data.parquet"

    def switch(self, path: str, method: str = "POST", **body: object) -> dict:
        return switch(self.url, path, method, **body)


@pytest.fixture(scope="session")
def solved_labs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("labs")
    steps = [step.name for exercise in exercises().values() for step in exercise.steps]
    for name, text in generated(steps).items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def made(tmp_path, solved_labs, api_url):
    """made(name, place): the subject of this name, whose files are in `place`."""

    def make(name: str, place: Disk | OnS3) -> Subject:
        return Subject(name, solved_labs if name == "labs" else REPOSITORY / name, tmp_path, api_url, place)

    return make


@pytest.fixture(params=SUBJECTS)
def subject(request, tmp_path, made):
    return made(request.param, Disk(tmp_path))


@pytest.fixture(scope="session")
def keys():
    with running_storage() as variables:
        yield variables


@pytest.fixture(params=[*SUBJECTS, "ingestion on s3"])
def stored(request, tmp_path, made):
    """A subject of which the test looks at the files: the engine's are on S3 too."""
    if request.param in SUBJECTS:
        yield made(request.param, Disk(tmp_path))
        return
    keys = request.getfixturevalue("keys")
    with bucket(keys, "contract") as s3:
        yield made("ingestion", OnS3(keys, s3, "contract/room"))
