"""A real Airflow, in an environment and a home of its own, whose DAGs are those of deploy/airflow."""

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.notebooks.workspace import Workspace, workspace

AIRFLOW = "apache-airflow[celery,postgres]==3.3.2"
DAGS = REPOSITORY / "deploy" / "airflow"


@dataclass(frozen=True)
class Airflow:
    """The command line of an Airflow that runs the DAGs on `lab`. more: settings, as variables."""

    python: Path
    lab: Workspace
    home: Path
    more: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        own = {
            "AIRFLOW_HOME": str(self.home),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "false",
            "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
            "LAB_PYTHON": sys.executable,
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        return self.lab.environment | own | self.more

    def command(self, *arguments: str) -> list[str]:
        return [str(self.python.with_name("airflow")), *arguments]

    def __call__(self, *arguments: str) -> str:
        """Run `airflow arguments`; what it printed."""
        return self._run(self.command(*arguments))

    def run_python(self, code: str) -> str:
        """Run Python code where the DAGs are modules; what it printed."""
        return self._run([str(self.python), "-c", code])

    def _run(self, command: list[str]) -> str:
        done = subprocess.run(
            command, cwd=DAGS, env=self.environment, capture_output=True, encoding="utf-8", timeout=600
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        return done.stdout


@pytest.fixture(scope="session")
def airflow_python(tmp_path_factory):
    if "LAB_AIRFLOW" not in os.environ:
        pytest.skip("make airflow runs it: it installs 250 MB, and takes minutes")
    uv, environment = Path(sys.executable).with_name("uv"), tmp_path_factory.mktemp("airflow") / "env"
    python = environment / "bin" / "python"
    subprocess.run([uv, "venv", "-q", environment], check=True)
    subprocess.run([uv, "pip", "install", "-q", "-p", python, AIRFLOW], check=True)
    return python


@pytest.fixture
def airflow(airflow_python, tmp_path):
    with workspace(tmp_path / "lab") as lab:
        yield Airflow(airflow_python, lab, tmp_path / "airflow")
