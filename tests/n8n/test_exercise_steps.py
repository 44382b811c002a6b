"""The steps done in n8n's editor, checked against the real n8n: five ways to be wrong, and what is right."""

import json
import shutil

import pytest

from tests.n8n.conftest import CHECKPOINTS, both, node_of, parameters
from tests.unit.lab_copy import wait_until

pytestmark = pytest.mark.n8n
INGESTION, BACKFILL = "labIngestion0001", "labBackfill00001"
BY_HAND = {BACKFILL: "Lancer le backfill"}


@pytest.fixture(scope="module")
def solved(lab, tmp_path_factory):
    """labs/ as a trainee has it at the end of the day, and workflows that run scripts, as a trainee's do."""
    lab.run_scripts(INGESTION, BACKFILL, "labValidation001")
    lab.catch_up_the_day()
    return shutil.copytree(lab.root / "labs", tmp_path_factory.mktemp("solved") / "labs")


@pytest.fixture(autouse=True)
def fresh_labs(lab, solved):
    """The solved labs/, an empty bronze folder, no execution remembered."""
    shutil.rmtree(lab.root / "labs")
    shutil.copytree(solved, lab.root / "labs")
    for day in lab.root.glob("data/bronze/events/*/data.parquet"):
        day.unlink()
    everything = {"deleteBefore": "2100-01-01T00:00:00.000Z", "filters": {}}
    lab.client.request("POST", "/executions/delete", everything)


def unplugged(source):
    """A change that cuts what follows a node, the trainee's parameters set."""

    def change(workflow):
        labs(workflow)
        workflow["connections"].pop(source)

    return change


def no_failure_branch(workflow):
    labs(workflow)
    workflow["connections"]["Ingestion réussie ?"]["main"].pop()


def pasted(workflow):
    """Parameters pasted into the shell."""
    labs(workflow)
    node_of(workflow, "Ingérer")["parameters"]["command"] = (
        "=lab run ingest_api.py -p scripts {{ $json.scripts }} -p base_url {{ $json.base_url }} "
        "-p start_date {{ $json.start_date }} -p end_date {{ $json.end_date }} || exit 0"
    )


def command_of(name, former, new):
    """A change of one word in the command of a node."""

    def change(workflow):
        parameters_of = node_of(workflow, name)["parameters"]
        parameters_of["command"] = parameters_of["command"].replace(former, new)

    return change


# The lock of a run that a change cuts short must not stop the next test.
REFERENCE = {"minutes_de_verrou": 0.01, "watermark": "", "start_date": "2024-01-01", "end_date": "2024-01-01"}
LABS = REFERENCE | {"scripts": "labs"}
labs = parameters(**LABS)


def run(lab, workflow, change=labs, times=1):
    with lab.changed(workflow, change):
        for _ in range(times):
            lab.execute(workflow, BY_HAND.get(workflow, "Lancer à la main"))


def unsolved(lab):
    lab.lab("reset", "tp21")
    run(lab, INGESTION)


def failing_api(lab):
    lab.switch("faults", kind="404", rate=1)
    run(lab, INGESTION)


RAN, SUCCEEDED = (
    "n8n a lancé votre script, pas la référence.",
    "Votre script a réussi dans n8n, et n8n a lu son résultat.",
)
NOTIFIED = "Une notification est partie, de succès ou d'échec."
ALONE = "Un déclencheur horaire lance le même passage que vous."
FORKED = "Chaque If mène quelque part des deux côtés : un échec a sa branche."
ENCODED = "Aucun paramètre n'est collé dans une commande : ils voyagent en base64."


@pytest.mark.parametrize(
    ("act", "title", "label"),
    [
        (lambda lab: None, RAN, "À FAIRE"),
        (lambda lab: run(lab, INGESTION, parameters(**REFERENCE)), RAN, "À FAIRE"),
        (unsolved, SUCCEEDED, "FAUX"),
        (failing_api, SUCCEEDED, "FAUX"),
        (lambda lab: run(lab, INGESTION, unplugged("Validation réussie ?")), NOTIFIED, "FAUX"),
        (lambda lab: run(lab, INGESTION, pasted), ENCODED, "FAUX"),
        (lambda lab: run(lab, INGESTION, unplugged("Chaque matin à 6 h")), ALONE, "FAUX"),
        (lambda lab: run(lab, INGESTION, no_failure_branch), FORKED, "FAUX"),
    ],
    ids=[
        "nothing run",
        "the reference",
        "unsolved",
        "api down",
        "nobody told",
        "pasted parameters",
        "no schedule",
        "no branch",
    ],
)
def test_step_5_of_tp21_catches(lab, act, title, label):
    act(lab)
    assert lab.outcomes("tp21.5")[title] == label


def test_step_5_of_tp21_passes_when_n8n_ran_the_trainees_script(lab):
    run(lab, INGESTION)
    assert set(lab.outcomes("tp21.5").values()) == {"RÉUSSI"}
    assert lab.days() == ["partition_date=2024-01-01"]


def test_the_checks_of_a_step_sign_in_to_n8n_once(lab):
    journal = lab.server.home / ".n8n" / "n8nEventLog.log"

    def sign_ins():
        return journal.read_text(encoding="utf-8").count('"eventName":"n8n.audit.user.login.success"')

    before = sign_ins()
    assert len(lab.outcomes("tp21.5")) > 1
    wait_until(lambda: sign_ins() > before)
    assert sign_ins() == before + 1


def test_step_5_of_tp21_passes_from_the_last_checkpoint_too(lab):
    lab.bring(CHECKPOINTS)
    run(lab, "labTp21Etape5p5")
    assert set(lab.outcomes("tp21.5").values()) == {"RÉUSSI"}


def test_steps_4_of_tp22_and_3_of_tp23_pass_from_their_checkpoints_too(lab):
    lab.bring(CHECKPOINTS)
    strict = both(labs, command_of("Vérifier", "solutions/validation_rules.json", "strict.json"))
    (lab.root / "strict.json").write_text(json.dumps({"min_rows": 5000}))
    run(lab, "labTp22Etape4p1", strict)
    assert set(lab.outcomes("tp22.4").values()) == {"RÉUSSI"}
    run(lab, "labTp23Etape3p1", times=2)
    assert set(lab.outcomes("tp23.3").values()) == {"RÉUSSI"}


VALIDATED, ALARMED = (
    "n8n a validé avec votre script, après l'ingestion.",
    "Vous avez vu une validation échouer, et la notification partir.",
)


@pytest.mark.parametrize(
    ("act", "title", "label"),
    [
        (lambda lab: None, VALIDATED, "À FAIRE"),
        (lambda lab: run(lab, INGESTION, parameters(**REFERENCE)), VALIDATED, "À FAIRE"),
        (lambda lab: run(lab, INGESTION), ALARMED, "FAUX"),
        (lambda lab: run(lab, INGESTION, unplugged("Ingestion réussie ?")), VALIDATED, "FAUX"),
        (failing_api, VALIDATED, "FAUX"),
    ],
    ids=["nothing run", "the reference", "never failed", "validation unplugged", "ingestion failed"],
)
def test_step_4_of_tp22_catches(lab, act, title, label):
    act(lab)
    assert lab.outcomes("tp22.4")[title] == label


def test_step_4_of_tp22_passes_when_an_alarm_was_seen(lab):
    (lab.root / "strict.json").write_text(json.dumps({"min_rows": 5000}))
    run(lab, INGESTION, parameters(**LABS, rules_file="strict.json"))
    assert lab.inbox()[-1]["code"] == "validation_failed"
    assert set(lab.outcomes("tp22.4").values()) == {"RÉUSSI"}


LOOPED, SKIPPED, IN_N8N, CHECKED = (
    "n8n a bouclé sur les jours avec votre script.",
    "Exécuté une seconde fois, le workflow saute tout ce qui est fait.",
    "La boucle est dans n8n : un nœud Loop Over Items, dont la sortie loop mène à l'ingestion.",
    "Chaque tour de la boucle est validé, et pas seulement ingéré.",
)


def unsolved_backfill(lab):
    lab.lab("reset", "tp23")
    run(lab, BACKFILL)


@pytest.mark.parametrize(
    ("act", "title", "label"),
    [
        (lambda lab: None, LOOPED, "À FAIRE"),
        (lambda lab: run(lab, BACKFILL, parameters(**REFERENCE)), LOOPED, "À FAIRE"),
        (lambda lab: run(lab, BACKFILL), SKIPPED, "FAUX"),
        (unsolved_backfill, LOOPED, "FAUX"),
        (lambda lab: run(lab, BACKFILL, parameters(**LABS | {"end_date": "2023-01-01"})), LOOPED, "FAUX"),
        (lambda lab: run(lab, BACKFILL, unplugged("Par lots de dix jours")), IN_N8N, "FAUX"),
        (lambda lab: run(lab, BACKFILL, unplugged("Lire l'ingestion du lot")), CHECKED, "FAUX"),
    ],
    ids=[
        "nothing run",
        "the reference",
        "only once",
        "unsolved",
        "reversed period",
        "no loop",
        "not validated",
    ],
)
def test_step_3_of_tp23_catches(lab, act, title, label):
    act(lab)
    assert lab.outcomes("tp23.3")[title] == label


def test_step_3_of_tp23_passes_when_the_second_run_skipped_all(lab):
    run(lab, BACKFILL, times=2)
    assert set(lab.outcomes("tp23.3").values()) == {"RÉUSSI"}
