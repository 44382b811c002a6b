"""Each DAG of deploy/airflow, run to its end in one process by a real Airflow (dag.test): `make airflow`."""

import ast
import json
import re

import pytest

NEXT_RUN = """
from airflow.timetables.base import TimeRestriction
from backfill import *
import pendulum
earliest = pendulum.datetime(2024, 1, 1, tz="UTC")
since = TimeRestriction(earliest, None, True)
run = dag.timetable.next_dagrun_info(last_automated_data_interval=None, restriction=since)
print(run.logical_date.date(), run.run_after.isoformat())
"""
WITHOUT_A_DATE = """
from backfill import *
for task in dag.tasks:
    task.retries = 0
print(dag.test(logical_date=None).state)
"""
WEEK = {"start_date": "2024-01-01", "end_date": "2024-01-07", "bronze": "data/bronze/reparti"}


@pytest.fixture
def migrated(airflow):
    airflow("db", "migrate")
    airflow("dags", "reserialize")
    return airflow


def written(airflow, folder):
    """The days that are there."""
    paths = (airflow.lab.root / "data" / "bronze" / folder).glob("partition_date=*/data.parquet")
    return sorted(path.parent.name.removeprefix("partition_date=") for path in paths)


def test_a_run_bears_the_day_that_has_just_ended(airflow):
    assert airflow.run_python(NEXT_RUN).split()[-2:] == ["2024-01-01", "2024-01-02T06:00:00+00:00"]


def test_a_day_is_ingested_and_validated_by_the_scripts(migrated):
    migrated("dags", "test", "backfill", "2024-01-02")
    assert written(migrated, "airflow") == ["2024-01-02"]


def test_a_run_that_is_given_no_date_has_no_ds_and_fails(migrated):
    said = migrated.run_python(WITHOUT_A_DATE)
    assert "'ds' is undefined" in said
    assert said.split()[-1] == "failed"


def test_the_days_that_lack_are_done_in_batches_then_validated_once(migrated):
    def summary(**conf):
        said = migrated("dags", "test", "backfill_reparti", "--conf", json.dumps(WEEK | conf))
        return ast.literal_eval(re.search(r"Returned value was: ({'batches'.+?})", said)[1])

    alone = {"start_date": "2024-01-04", "end_date": "2024-01-04", "batch_days": 1}
    assert summary(**alone)["written"] == 1
    done = {"batches": 2, "written": 6, "quarantined": 23, "rows": 6909, "validation": "passed"}
    assert summary(batch_days=3) == done
    assert written(migrated, "reparti") == [f"2024-01-0{day}" for day in range(1, 8)]
    assert summary(batch_days=3) == done | {"batches": 0, "written": 0, "quarantined": 0}
