"""The backfill spread on two workers by a real CeleryExecutor, one of them killed: the days are one machine's."""

import json
import os
import time
from datetime import date

import pytest

from ingestion.bronze.parquet import written_checksum
from ingestion.bronze.partitions import days_between
from ingestion.bronze.storage import open_folder
from ingestion.rows.resources import EVENTS
from tests.airflow.cluster import missing_servers, running_cluster
from tests.storage import bucket, running_storage
from tests.unit.lab_copy import wait_until

PERIOD = {"start_date": "2024-01-01", "end_date": "2024-03-31"}
DAYS = days_between(date(2024, 1, 1), date(2024, 3, 31))
LONGEST = 300

pytestmark = pytest.mark.skipif(
    bool(missing_servers()),
    reason=f"not installed: {', '.join(missing_servers())} (apt-get install redis-server postgresql)",
)


@pytest.fixture
def cluster(airflow, tmp_path, monkeypatch):
    with running_storage() as storage, bucket(storage, "lake"):
        for name, value in storage.items():
            monkeypatch.setenv(name, value)
        with running_cluster(airflow, storage, tmp_path) as running:
            yield running


def checksums(place):
    """{day: the checksum of its rows}."""
    folder = open_folder(place)
    return {day: written_checksum(folder, day, EVENTS) for day in DAYS}


def by_one_machine(cluster, place):
    """The seconds that one process takes for the whole period."""
    started = time.monotonic()
    period = [f"--start-date={PERIOD['start_date']}", f"--end-date={PERIOD['end_date']}", "--page-size=1000"]
    done = cluster.airflow.lab.run(
        "-m",
        "ingestion",
        "backfill",
        *period,
        f"--output-dir={place}",
        f"--quarantine-dir={place}-rejets",
        **os.environ,
    )
    assert done.returncode == 0, done.stdout
    return time.monotonic() - started


def spread(cluster, run, meanwhile=lambda: None):
    """The seconds that the DAG takes for the whole period, in thirteen batches; `meanwhile` happens while it runs."""
    places = {"bronze": f"s3://lake/{run}", "quarantine": f"s3://lake/{run}-rejets"}
    conf = json.dumps({**PERIOD, **places, "batch_days": 7})
    cluster.airflow("dags", "trigger", "backfill_reparti", "--run-id", run, "--conf", conf)
    meanwhile()
    wait_until(lambda: state(cluster, run) in ("success", "failed"), LONGEST)
    assert state(cluster, run) == "success"
    ((seconds,),) = cluster.ask(
        f"SELECT extract(epoch FROM end_date - start_date) FROM dag_run WHERE run_id = '{run}'"
    )
    return float(seconds)


def state(cluster, run):
    return cluster.ask(f"SELECT state FROM dag_run WHERE run_id = '{run}'")[0][0]


def tries(cluster, run):
    """The tries of each batch, and of the validation."""
    asked = (
        f"SELECT task_id, try_number FROM task_instance WHERE run_id = '{run}' ORDER BY task_id, map_index"
    )
    found = cluster.ask(asked)
    return {name: [int(number) for task, number in found if task == name] for name in ("ingest", "validate")}


def test_two_workers_give_what_one_machine_gives_even_when_one_of_them_dies(cluster, capsys):
    alone = by_one_machine(cluster, "s3://lake/alone")
    wanted = checksums("s3://lake/alone")
    assert None not in wanted.values()

    calm = spread(cluster, "calm")
    assert checksums("s3://lake/calm") == wanted
    assert tries(cluster, "calm") == {"ingest": [1] * 13, "validate": [1]}

    def lose_a_worker():
        wait_until(lambda: cluster.is_ingesting(0), LONGEST)
        cluster.lose(0)

    killed = spread(cluster, "killed", lose_a_worker)
    assert checksums("s3://lake/killed") == wanted
    done_again = tries(cluster, "killed")
    assert len(done_again["ingest"]) == 13
    assert max(done_again["ingest"]) > 1
    with capsys.disabled():
        print(
            f"\n91 days on S3: one process {alone:.1f} s; two workers {calm:.1f} s; one killed {killed:.1f} s"
        )
