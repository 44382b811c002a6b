"""The DAG of Day 3, run once by a real Airflow in an environment of its own: `make airflow` (two minutes)."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.notebooks.workspace import workspace

AIRFLOW = "apache-airflow==3.3.2"

pytestmark = pytest.mark.skipif(
    "LAB_AIRFLOW" not in os.environ, reason="make airflow runs it: it installs 200 MB"
)


@pytest.fixture
def airflow(tmp_path):
    """airflow(…): its command line, in a home of its own whose only DAG is ours."""
    uv, home = Path(sys.executable).with_name("uv"), tmp_path / "airflow"
    (home / "dags").mkdir(parents=True)
    shutil.copy(REPOSITORY / "solutions" / "airflow_dag.py", home / "dags")
    python = tmp_path / "env" / "bin" / "python"
    subprocess.run([uv, "venv", "-q", tmp_path / "env"], check=True)
    subprocess.run([uv, "pip", "install", "-q", "-p", python, AIRFLOW], check=True)
    with workspace(tmp_path / "lab") as lab:
        own = {
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "false",
            "AIRFLOW__CORE__DAGS_FOLDER": str(home / "dags"),
            "LAB_PYTHON": sys.executable,
        }

        def call(*arguments: str) -> None:
            command = [python.with_name("airflow"), *arguments]
            done = subprocess.run(command, env=lab.environment | own, capture_output=True, encoding="utf-8")
            assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]

        call.python = lambda code: subprocess.run(
            [python, "-c", code],
            cwd=home / "dags",
            env=lab.environment | own,
            capture_output=True,
            encoding="utf-8",
        )
        yield call


NEXT_RUN = """
from airflow.timetables.base import TimeRestriction
from airflow_dag import *
import pendulum
earliest = pendulum.datetime(2024, 1, 1, tz="UTC")
since = TimeRestriction(earliest, None, True)
run = dag.timetable.next_dagrun_info(last_automated_data_interval=None, restriction=since)
print(run.logical_date.date(), run.run_after.isoformat())
"""


def test_a_run_bears_the_day_that_has_just_ended(airflow):
    done = airflow.python(NEXT_RUN)
    assert done.stdout.split()[-2:] == ["2024-01-01", "2024-01-02T06:00:00+00:00"], done.stderr


def test_a_day_of_the_dag_is_ingested_and_validated(airflow, tmp_path):
    airflow("db", "migrate")
    airflow("dags", "reserialize")
    airflow("dags", "test", "backfill", "2024-01-02")
    written = [path.parent.name for path in (tmp_path / "lab").glob("data/bronze/airflow/*/data.parquet")]
    assert written == ["partition_date=2024-01-02"]
