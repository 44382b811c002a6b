"""What n8n remembers between two runs: the watermark of the Data Table, and the lock that keeps runs apart."""

import json
import os
import signal
import time

import psutil
import pytest

from tests.n8n.conftest import both, command, node_of, parameters, with_scripts
from tests.unit.lab_copy import wait_until

pytestmark = [pytest.mark.n8n, pytest.mark.usefixtures("validation_by_script")]
INGESTION = "labIngestion0001"
FREE = ("", 0)


@pytest.fixture(autouse=True)
def first_run(lab):
    """A watermark to start from."""
    if not lab.watermark().get("filigrane"):
        execution = ingest(lab)
        assert execution["status"] == "success"


def ingest(lab, change=lambda workflow: None):
    with lab.changed(INGESTION, both(with_scripts, change)):
        return lab.execute(INGESTION, "Lancer à la main")


def lock(lab):
    row = lab.watermark()
    return row["verrou"], row["verrou_fin"]


def test_the_watermark_moves_on_after_ingestion_and_validation(lab):
    before = lab.watermark()["filigrane"]
    lab.switch("clock", "PUT", advance_days=1)
    execution = ingest(lab)
    after = lab.watermark()["filigrane"]
    assert after == execution["nodes"]["Lire le résultat de l'ingestion"][0]["watermark"]
    assert after > before
    assert lock(lab) == FREE


def test_reset_forgets_the_watermark_of_n8n_too(lab):
    assert lab.watermark()["filigrane"]
    assert "Effacé" in lab.lab("reset", "--yes")
    assert lab.watermark() == {}
    assert ingest(lab)["status"] == "success"
    assert lab.watermark()["filigrane"]


def runs_at_work(lab):
    """The processes of `lab run` in this lab, and of what they have started."""
    found = [one for one in psutil.process_iter(["cmdline", "cwd"]) if one.info["cwd"] == str(lab.root)]
    return [one for one in found if {"run", "ipykernel_launcher"} & set(one.info["cmdline"] or [])]


def test_stop_in_n8n_stops_the_run_and_all_it_has_started(lab):
    lab.switch("faults", kind="slow", rate=1, delay_s=2)
    execution = lab.client.run_workflow(INGESTION, "Lancer à la main")
    wait_until(lambda: len(runs_at_work(lab)) > 1)
    lab.client.request("POST", f"/executions/{execution}/stop")
    wait_until(lambda: not runs_at_work(lab), 30)
    assert lab.client.wait_execution(execution)["status"] in ("canceled", "error")
    # n8n runs nothing after a stop: its own lock stays until its hour. The reset frees it.
    lab.lab("reset", "--yes")


def test_a_run_reads_from_the_watermark_of_the_one_before(lab):
    since = lab.watermark()["filigrane"]
    execution = lab.execute(INGESTION, "Lancer à la main")
    report = json.loads(
        (lab.root / execution["nodes"]["Lire le résultat de l'ingestion"][0]["notebook"]).read_text()
    )
    shown = json.dumps(report["cells"], ensure_ascii=False)
    assert f"--since {since}" in shown


STRICT = parameters(rules_file="strict.json")
BROKEN_STATE = {"mode": "raw", "jsonOutput": "={{ 'oups' }}", "options": {}}


def broken_node(name):
    def change(workflow):
        node = node_of(workflow, name)
        node["type"], node["typeVersion"], node["parameters"] = "n8n-nodes-base.set", 3.5, BROKEN_STATE

    return change


FAILURES = {
    "the API": lambda lab: lab.switch("faults", kind="404", rate=1),
    "the command": command("Ingérer", "=lab-absent || exit 0"),
    "the reading of its result": broken_node("Lire le résultat de l'ingestion"),
    "the validation": STRICT,
    "the validation's node": broken_node("Valider"),
}


@pytest.mark.parametrize("where", FAILURES)
def test_a_run_that_fails_leaves_the_watermark_where_it_was(lab, where):
    (lab.root / "strict.json").write_text(json.dumps({"min_rows": 10_000_000}))
    before = lab.watermark()["filigrane"]
    lab.switch("clock", "PUT", advance_days=1)
    if where == "the API":
        FAILURES[where](lab)
        execution = ingest(lab)
    else:
        execution = ingest(lab, both(FAILURES[where], parameters(minutes_de_verrou=0.05)))
        # A run by hand leaves its lock, which would keep the next test's run out.
        wait_until(lambda: time.time() * 1000 > lock(lab)[1])
    assert execution["status"] == "error"
    assert lab.watermark()["filigrane"] == before


def test_of_two_runs_at_once_the_second_says_so_and_ends(lab):
    wait_until(lambda: ingest(lab)["status"] == "success")
    lab.switch("inbox", "DELETE")
    lab.switch("faults", kind="slow", next=2, delay_s=4)
    with lab.changed(INGESTION, with_scripts):
        first = lab.client.run_workflow(INGESTION, "Lancer à la main")
        wait_until(lambda: lock(lab) != FREE)
        second = lab.execute(INGESTION, "Lancer à la main")
    assert "Ingérer" not in second["nodes"]
    assert lab.client.wait_execution(first)["status"] == "success"
    assert [note["titre"] for note in lab.inbox()] == ["Un passage est déjà en cours", "Ingestion réussie"]
    assert first in lab.inbox()[0]["message"]
    assert lock(lab) == FREE


def test_of_runs_started_at_the_same_instant_one_takes_the_lock(lab):
    with lab.changed(INGESTION, with_scripts):
        started = [lab.client.run_workflow(INGESTION, "Lancer à la main") for _ in range(3)]
    nodes = [lab.client.wait_execution(one)["nodes"] for one in started]
    assert sum("Ingérer" in one for one in nodes) == 1


def every_few_seconds(workflow):
    interval = [{"field": "seconds", "secondsInterval": 5}]
    node_of(workflow, "Chaque matin à 6 h")["parameters"]["rule"]["interval"] = interval


def test_a_killed_n8n_tells_it_once_and_resumes_with_the_next_schedule(lab):
    before = lab.watermark()["filigrane"]
    lab.switch("clock", "PUT", advance_days=2)
    lab.switch("faults", kind="slow", next=1, delay_s=3)
    often = both(with_scripts, every_few_seconds)
    with lab.changed(INGESTION, both(often, parameters(minutes_de_verrou=0.5)), publish=True):
        wait_until(lambda: lab.watermark()["verrou"])
        os.kill(lab.server.process.pid, signal.SIGKILL)
        lab.server.process.wait()
        lab.start()
        assert lab.watermark()["filigrane"] == before
    # The lock of the killed run ends soon; that of the next ones outlasts them on the slowest machine.
    with lab.changed(INGESTION, often, publish=True):
        wait_until(lambda: lab.watermark()["filigrane"] > before, timeout=300)
    assert "Ingestion réussie" in [note["titre"] for note in lab.inbox()]
    told = [note for note in lab.inbox() if note["niveau"] == "erreur"]
    killed = [one["id"] for one in lab.client.executions(INGESTION) if one["status"] == "crashed"]
    assert [note["titre"] for note in told] == ["« Ingestion incrémentale » s'est arrêté"]
    assert [told[0]["exécution"]] == [
        f"{lab.server.url}/workflow/{INGESTION}/executions/{one}" for one in killed
    ]
    assert f"n8n s'est arrêté d'un coup pendant l'exécution {killed[0]}" in told[0]["message"]
