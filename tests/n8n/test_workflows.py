"""The workflows, imported into the real n8n and run there; looked at in the bronze folder, the inbox, the Data Table
and n8n's own record of the execution."""

import json
import subprocess
from contextlib import contextmanager

import pytest
import requests

from labkit.base.processes import free_port
from tests.n8n.conftest import SECRETS, both, command, node_of, parameters
from tests.unit.lab_copy import wait_until

pytestmark = pytest.mark.n8n
INGESTION, BACKFILL, REQUEST, REPLAY, WEBHOOK = (
    "labIngestion0001",
    "labBackfill00001",
    "labDemande000001",
    "labRejeu00000001",
    "labWebhook000001",
)
DAY = parameters(watermark="", start_date="2024-01-01", end_date="2024-01-01")


def ingest(lab, change=DAY):
    with lab.changed(INGESTION, change):
        return lab.execute(INGESTION, "Lancer à la main")


def test_ingestion_writes_validates_and_notifies_once(lab):
    execution = ingest(lab, parameters(watermark="", start_date="2024-01-01", end_date="2024-01-03"))
    assert execution["status"] == "success"
    assert lab.days() == [f"partition_date=2024-01-0{day}" for day in (1, 2, 3)]
    (note,) = lab.inbox()
    assert (note["niveau"], note["lignes"], note["lignes_validées"]) == ("info", 2983, 2983)
    assert (lab.root / note["compte_rendu"]).is_file()


ERRORS = {
    "exit 1": (DAY, "not_found", "répond 404"),
    "exit 2": (
        parameters(watermark="", start_date="2024-01-05", end_date="2024-01-01"),
        "usage",
        "vient après",
    ),
    "a folder outside data/": (parameters(output_dir="../ailleurs"), "usage", "hors de data/"),
    "no JSON": (both(DAY, command("Ingérer", "=echo bonjour || exit 0")), "no_json", "pas rendu de JSON"),
    "a missing executable": (
        both(DAY, command("Ingérer", "=lab-absent run || exit 0")),
        "no_json",
        "lab-absent",
    ),
    "a killed process": (both(DAY, command("Ingérer", "=kill -9 $$")), "no_json", "pas rendu de JSON"),
}


@pytest.mark.parametrize(("change", "code", "words"), ERRORS.values(), ids=ERRORS.keys())
def test_each_failure_takes_the_error_branch_and_is_told_once(lab, change, code, words):
    if code == "not_found":
        lab.switch("faults", kind="404", rate=1)
    execution = ingest(lab, change)
    assert execution["status"] == "error"
    assert "Valider" not in execution["nodes"]
    (note,) = lab.inbox()
    assert (note["niveau"], note["titre"], note["code"]) == ("erreur", "Ingestion en échec", code)
    assert words in note["message"]
    assert note["exécution"].startswith(f"{lab.server.url}/workflow/{INGESTION}/executions/")


def test_a_run_that_lasts_too_long_is_stopped_and_told(lab):
    def hurried(workflow):
        DAY(workflow)
        node = node_of(workflow, "Ingérer")
        node["parameters"]["command"] = node["parameters"]["command"].replace("1500", "3")

    lab.switch("faults", kind="slow", rate=1, delay_s=30)
    ingest(lab, hurried)
    (note,) = lab.inbox()
    assert (note["code"], note["titre"]) == ("timeout", "Ingestion en échec")
    assert "Arrêté après 3 s" in note["message"]


@contextmanager
def small_disk(folder):
    """A disk of 16 kB in the place of a folder; skipped where that takes rights we have not."""
    folder.mkdir(parents=True, exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("mounting a small disk takes root, on Linux")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.parametrize(
    ("folder", "code"), [("data/bronze", "output_not_writable"), ("data/runs", "disk_full")]
)
def test_a_full_disk_is_told_as_such(lab, folder, code):
    with small_disk(lab.root / folder):
        ingest(lab)
    (note,) = lab.inbox()
    assert (note["titre"], note["code"]) == ("Ingestion en échec", code)
    assert "place" in note["message"]


def test_a_validation_that_fails_is_told_and_marks_the_execution(lab):
    (lab.root / "strict.json").write_text(json.dumps({"min_rows": 100_000}))
    execution = ingest(lab, both(DAY, parameters(rules_file="strict.json")))
    assert "Valider" in execution["nodes"], lab.inbox()
    assert execution["nodes"]["Valider"][0]["validation"] == "failed"
    assert execution["status"] == "error"
    assert [(note["titre"], note["code"]) for note in lab.inbox()] == [
        ("Validation en échec", "validation_failed")
    ]


def test_backfill_loops_in_batches_skips_what_is_there_and_shows_its_progress(lab, validation_by_script):
    ingest(lab)
    there = [day for day in lab.days() if day <= "partition_date=2024-01-12"]
    period = parameters(start_date="2024-01-01", end_date="2024-01-12")
    with lab.changed(BACKFILL, period):
        execution = lab.execute(BACKFILL, "Lancer le backfill")
    summary = lab.inbox()[-1]
    assert execution["status"] == "success"
    assert (summary["jours_écrits"], summary["jours_sautés"]) == (12 - len(there), len(there))
    assert summary["jours_en_échec"] == []
    assert [batch["validation"] for batch in execution["nodes"]["Bilan du lot"]] == ["success"] * 2
    assert [row["jours_faits"] for row in execution["nodes"]["Noter l'avancement"]] == [10, 12]


def test_backfill_goes_on_after_a_failed_day_and_lists_it(lab, backfill_by_script, validation_by_script):
    lab.switch("faults", kind="404", next=1)
    with lab.changed(BACKFILL, parameters(start_date="2024-02-01", end_date="2024-02-03")):
        execution = lab.execute(BACKFILL, "Lancer le backfill")
    (summary,) = lab.inbox()
    assert execution["status"] == "error"
    assert (summary["niveau"], len(summary["jours_en_échec"])) == ("erreur", 1)
    assert summary["jours_écrits"] + summary["jours_sautés"] == 2
    with lab.changed(BACKFILL, parameters(start_date="2024-02-01", end_date="2024-02-03")):
        lab.execute(BACKFILL, "Lancer le backfill")
    again = lab.inbox()[-1]
    assert (again["jours_écrits"], again["jours_sautés"], again["niveau"]) == (1, 2, "info")


def fill_form(lab, **values):
    """Send the backfill form as its page does; the page it leads to."""
    names = ("start_date", "end_date", "mode")
    sent = {f"field-{names.index(name)}": (None, value) for name, value in values.items()}
    form = f"{lab.server.url}/form/lab/backfill"
    answer = requests.post(form, files=sent, auth=("formateur", SECRETS["form_password"]), timeout=30)
    address = answer.json()["formWaitingUrl"]
    status = address.replace("?", "/n8n-execution-status?")
    wait_until(lambda: requests.get(status, timeout=10).text == "form-waiting")
    page = requests.get(address, timeout=30).text
    requests.post(address, timeout=30)
    return page


def test_the_form_asks_a_password_and_starts_a_backfill(lab, backfill_by_script, validation_by_script):
    form = f"{lab.server.url}/form/lab/backfill"
    # 404 until n8n, which publishes in its own time, listens.
    wait_until(lambda: requests.get(form, timeout=10).status_code == 401)
    page = fill_form(lab, start_date="2024-02-10", end_date="2024-02-10", mode="refaire")
    assert f'"{lab.server.url}/workflow/{BACKFILL}/executions"' in page
    execution = lab.last_execution(BACKFILL)
    assert (execution["status"], execution["nodes"]["Paramètres"][0]["mode"]) == ("success", "refaire")
    assert lab.inbox()[-1]["jours_écrits"] == 1


REFUSED = {
    "an end before the start": ("2024-01-05", "2024-01-01", "Le dernier jour, le 01/01/2024, vient avant"),
    "a day to come": ("2024-03-30", "2024-04-02", "Le 02/04/2024 n’est pas encore arrivé"),
    "more than ten years": ("2013-01-01", "2024-01-01", "dépasse dix ans"),
    "no such day": ("2024-02-30", "2024-03-01", "deux jours du calendrier"),
}


@pytest.mark.parametrize(("start", "end", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_the_form_says_what_is_wrong_and_starts_nothing(lab, start, end, words):
    before = lab.client.executions(BACKFILL)
    page = fill_form(lab, start_date=start, end_date=end, mode="compléter")
    assert words in page
    assert "C’est parti" not in page
    assert lab.client.executions(BACKFILL) == before


def test_the_form_says_that_the_api_does_not_answer(lab):
    def elsewhere(workflow):
        node_of(workflow, "Lire l'horloge de l'API")["parameters"]["url"] = f"http://127.0.0.1:{free_port()}"

    with lab.changed(REQUEST, elsewhere, publish=True):
        page = fill_form(lab, start_date="2024-01-01", end_date="2024-01-02", mode="compléter")
    assert "L’API ne répond pas" in page


def test_a_backfill_asked_for_by_form_that_fails_is_told_once(lab, backfill_by_script):
    lab.switch("faults", kind="404", rate=1)
    fill_form(lab, start_date="2024-02-11", end_date="2024-02-11", mode="refaire")
    assert lab.last_execution(BACKFILL)["status"] == "error"
    wait_until(lambda: not lab.running())
    assert [note["titre"] for note in lab.inbox()] == ["Backfill incomplet"]


def test_the_quarantine_is_listed_replayed_and_reported(lab, validation_by_script):
    ingest(lab)
    (waiting,) = (lab.root / "data/quarantine/events").glob("*2024-01-01*.jsonl") or [None]
    entries = [json.loads(line) for line in waiting.read_text(encoding="utf-8").splitlines()]
    mendable = next(entry for entry in entries if entry["reason"] == "wrong_type")
    good = requests.get(f"{lab.api_url}/api/events", params={"date": "2024-01-01", "limit": 1}, timeout=10)
    field = mendable["field"]
    mendable["raw"][field] = good.json()["data"][0][field]
    waiting.write_text("".join(json.dumps(entry) + "\n" for entry in entries), encoding="utf-8")
    execution = lab.execute(REPLAY, "Rejouer à la main")
    report = lab.inbox()[-1]
    assert (execution["status"], report["titre"], report["rejouées"]) == ("success", "Quarantaine rejouée", 1)
    assert report["en_attente"] == sum(report["avant"].values()) - 1


def call(lab, body, key=SECRETS["webhook_key"]):
    return requests.post(
        f"{lab.server.url}/webhook/lab/ingestion", json=body, headers={"X-Lab-Key": key}, timeout=60
    )


def test_the_webhook_answers_with_the_runs_result(lab, validation_by_script):
    answer = call(lab, {"start_date": "2024-01-05", "end_date": "2024-01-05"})
    assert (answer.status_code, answer.json()["status"], answer.json()["validation"]) == (
        200,
        "success",
        "passed",
    )
    assert answer.json()["partitions"]["written"] + answer.json()["partitions"]["unchanged"] == ["2024-01-05"]


def test_the_webhook_refuses_who_has_no_key(lab):
    assert call(lab, {"start_date": "2024-01-05", "end_date": "2024-01-05"}, key="guess").status_code == 403


def test_the_webhook_tells_its_caller_when_the_run_fails(lab):
    lab.switch("faults", kind="404", rate=1)
    answer = call(lab, {"start_date": "2024-01-06", "end_date": "2024-01-06"})
    assert (answer.status_code, answer.json()["status"]) == (500, "error")
    assert lab.last_execution(WEBHOOK)["status"] == "error"
    assert len(lab.inbox()) == 1


def test_an_error_no_branch_foresaw_reaches_the_inbox_with_its_node_and_link(lab):
    def broken(workflow):
        node_of(workflow, "Paramètres")["parameters"] = {
            "mode": "raw",
            "jsonOutput": "={{ 'oups' }}",
            "options": {},
        }

    with lab.changed(WEBHOOK, broken, publish=True):
        call(lab, {"start_date": "2024-01-05", "end_date": "2024-01-05"})
    wait_until(lambda: lab.inbox())
    (note,) = lab.inbox()
    assert (note["nœud"], note["niveau"]) == ("Paramètres", "erreur")
    assert "Déclenchement par webhook" in note["titre"]
    assert f"{lab.server.url}/workflow/{WEBHOOK}/executions/" in note["exécution"]
    assert note["extrait"]
