"""n8n in queue mode: two workers, one of which is killed. `make workers` runs it (two minutes); CI does not."""

import os
import shutil
import signal

import pandas as pd
import pytest

from tests.n8n.conftest import has_taken, n8n_lab, parameters
from tests.n8n.test_state import INGESTION, runs_at_work
from tests.unit.lab_copy import wait_until

DISTRIBUTED = "labDistribue0001"
PERIOD = ["--start-date", "2024-01-01", "--end-date", "2024-01-12"]

pytestmark = [
    pytest.mark.n8n,
    pytest.mark.skipif(not os.environ.get("LAB_WORKERS"), reason="two minutes: make workers"),
    pytest.mark.skipif(not shutil.which("redis-server"), reason="redis-server is not installed"),
]


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    with n8n_lab(tmp_path_factory.mktemp("workers"), workers=2) as made:
        yield made


def rows_of(folder):
    rows = pd.read_parquet(folder).drop(columns=["_ingested_at"])
    return rows.sort_values("id").reset_index(drop=True)


def test_an_execution_started_by_the_button_is_a_worker_s(lab):
    execution = lab.execute(INGESTION, "Lancer à la main")
    assert execution["status"] == "success"
    assert any(has_taken(one.log, execution["id"]) for one in lab.workers)


def test_of_two_executions_at_once_the_second_says_so_whichever_worker_has_it(lab):
    lab.switch("faults", kind="slow", next=2, delay_s=4)
    started = [lab.client.run_workflow(INGESTION, "Lancer à la main") for _ in range(2)]
    assert [lab.client.wait_execution(one)["status"] for one in started] == ["success", "success"]
    assert sorted(note["titre"] for note in lab.inbox()) == [
        "Ingestion réussie",
        "Un passage est déjà en cours",
    ]


def test_what_a_killed_worker_was_doing_is_told_done_again_by_another_and_gives_what_one_machine_gives(
    lab, tmp_path
):
    shutil.rmtree(lab.root / "data" / "bronze")
    lab.switch("faults", kind="slow", rate=1, delay_s=0.3)
    with lab.changed(DISTRIBUTED, parameters(end_date="2024-01-12", jours_par_lot=2)):
        started = lab.client.run_workflow(DISTRIBUTED, "Lancer le backfill distribué")
        wait_until(lambda: any(has_taken(one.log, started) for one in lab.workers))
        (killed,) = [one for one in lab.workers if not has_taken(one.log, started)]
        wait_until(lambda: runs_of(lab, killed.process))
        orphans = runs_of(lab, killed.process)
        os.kill(killed.process.pid, signal.SIGKILL)
        killed.process.wait()
        wait_until(lambda: not any(one.is_running() for one in orphans), 30)
        execution = lab.client.wait_execution(started)
    killed.start()
    killed.wait_ready()
    tries = execution["nodes"]["Ce qui manque"]
    assert "l'exécuteur s'est arrêté" in tries[0]["manque"][0]
    assert (execution["status"], tries[-1]["lots"]) == ("success", [])
    titles = [note["titre"] for note in lab.inbox()]
    assert "« Déclenchement par webhook » s'est arrêté" in titles
    assert titles[-1] == "Backfill distribué terminé"
    lab.switch("reset")
    lab.made.run("solutions/ingest_api.py", *PERIOD, "--output-dir", str(tmp_path / "alone"))
    shared = rows_of(lab.root / "data" / "bronze" / "events")
    pd.testing.assert_frame_equal(shared, rows_of(tmp_path / "alone"))


def runs_of(lab, process):
    """The runs at work in this lab that this n8n has started."""
    return [one for one in runs_at_work(lab) if process.pid in [parent.pid for parent in one.parents()]]


def test_lots_that_nobody_does_end_red_and_are_named(lab):
    lab.switch("faults", kind="404", rate=1)
    with lab.changed(DISTRIBUTED, parameters(end_date="2024-01-02", jours_par_lot=1, essais=2)):
        execution = lab.execute(DISTRIBUTED, "Lancer le backfill distribué")
    assert execution["status"] == "error"
    assert len(execution["nodes"]["Ce qui manque"]) == 2
    (told,) = [note for note in lab.inbox() if note["titre"] == "Backfill distribué incomplet"]
    assert "0 lots faits sur 2, en 2 essai(s)" in told["message"]
    assert "2024-01-01 → 2024-01-01" in told["message"]
    assert "2024-01-02 → 2024-01-02" in told["message"]
