"""What the practicals have a trainee type into n8n, typed into a real n8n as it is written there, then checked."""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import nbformat
import pytest

from labkit.exercises.declared import Step
from tests.conftest import REPOSITORY, STEPS_OF_THE_DAY
from tests.n8n.conftest import node_of, parameters

pytestmark = pytest.mark.n8n
FIELD = re.compile(r"`(\w+)` = (?:`([^`]*)`|l’adresse de l’API)")
CODE = re.compile(r"`([^`]+)`")
RULES = "solutions/validation_rules.json"
SETTINGS = {"executionOrder": "v1", "saveManualExecutions": True, "saveDataSuccessExecution": "all"}


@dataclass
class Statement:
    """A statement's table of nodes, {name: (kind, what to write there)}, and its blocks of code, in order."""

    rows: dict[str, tuple[str, str]]
    blocks: list[str]

    def set_node(self, name: str, api_url: str) -> dict:
        """« Paramètres »: its fields, as the table gives them."""
        fields = [(field, value or api_url) for field, value in FIELD.findall(self.rows[name][1])]
        assignments = [
            {"id": field, "name": field, "type": "string", "value": value} for field, value in fields
        ]
        return node(name, "set", 3.5, mode="manual", assignments={"assignments": assignments})

    def if_node(self, name: str) -> dict:
        left, right = CODE.findall(self.rows[name][1])[:2]
        condition = {
            "id": "1",
            "leftValue": f"={left}",
            "rightValue": right,
            "operator": {"type": "string", "operation": "equals"},
        }
        options = {"caseSensitive": True, "leftValue": "", "typeValidation": "strict", "version": 3}
        whole = {"combinator": "and", "conditions": [condition], "options": options}
        return node(name, "if", 2.3, conditions=whole)


def statement(practical: str, cell_id: str) -> Statement:
    notebook = nbformat.read(REPOSITORY / "solutions" / f"{practical}.ipynb", as_version=4)
    (text,) = [cell.source for cell in notebook.cells if cell.id == cell_id]
    return read_statement(text)


def read_statement(text: str) -> Statement:
    text, rows = text.replace("\u00a0", " "), {}
    for line in text.splitlines():
        found = re.match(r"\| \*\*(.+?)\*\*.*? \| (.+?) \| (.+) \|$", line)
        if found:
            rows[found[1]] = (found[2], found[3])
    blocks = re.findall(r"^```\n(.*?)\n```$", text, re.MULTILINE | re.DOTALL)
    return Statement(rows, blocks)


def node(name: str, kind: str, version: float, **parameters: object) -> dict:
    return {
        "id": name,
        "name": name,
        "type": f"n8n-nodes-base.{kind}",
        "typeVersion": version,
        "position": [0, 0],
        "parameters": parameters,
    }


def command_node(name: str, text: str) -> dict:
    return node(name, "executeCommand", 1, executeOnce=True, command=f"={text}")


def json_node(name: str, expression: str) -> dict:
    return node(name, "set", 3.5, mode="raw", jsonOutput=f"={expression}")


def inbox_node(name: str, url: str, body: str) -> dict:
    own = {"sendBody": True, "specifyBody": "json", "contentType": "json", "jsonBody": f"={body}"}
    return node(name, "httpRequest", 4.5, method="POST", url=f"={url}", **own)


def connections(*arrows: tuple) -> dict:
    """(source, target) or (source, target, the source's output)."""
    made: dict = {}
    for source, target, *output in arrows:
        outputs = made.setdefault(source, {"main": []})["main"]
        number = output[0] if output else 0
        outputs.extend([] for _ in range(number + 1 - len(outputs)))
        outputs[number].append({"node": target, "type": "main", "index": 0})
    return made


def own_ingestion(api_url: str) -> dict:
    """« Mon ingestion », after step 5 of TP2.1."""
    said = statement("tp21_api_vers_parquet", "step-5")
    run, read, bodies = said.blocks
    succeeded, failed = bodies.splitlines()
    url = CODE.findall(said.rows["Notifier le succès"][1])[0]
    days, hour = re.findall(r" : (\d+)", said.rows["Chaque matin à 6 h"][1])
    nodes = [
        node(
            "Chaque matin à 6 h",
            "scheduleTrigger",
            1.4,
            rule={"interval": [{"field": "days", "daysInterval": int(days), "triggerAtHour": int(hour)}]},
        ),
        node("Lancer à la main", "manualTrigger", 1),
        said.set_node("Paramètres", api_url),
        command_node("Ingérer", run),
        json_node("Lire le résultat de l'ingestion", read),
        said.if_node("Ingestion réussie ?"),
        inbox_node("Notifier le succès", url, succeeded),
        inbox_node("Notifier l'échec", url, failed),
    ]
    assert {one["name"] for one in nodes} == said.rows.keys()
    arrows = connections(
        ("Chaque matin à 6 h", "Paramètres"),
        ("Lancer à la main", "Paramètres"),
        ("Paramètres", "Ingérer"),
        ("Ingérer", "Lire le résultat de l'ingestion"),
        ("Lire le résultat de l'ingestion", "Ingestion réussie ?"),
        ("Ingestion réussie ?", "Notifier le succès"),
        ("Ingestion réussie ?", "Notifier l'échec", 1),
    )
    return {"name": "Mon ingestion", "nodes": nodes, "connections": arrows, "settings": SETTINGS}


def with_validation(workflow: dict, rules_file: str = RULES) -> dict:
    """The same, after step 4 of TP2.2."""
    said = statement("tp22_controle_qualite", "step-4")
    (check,) = said.blocks
    assert RULES in check
    workflow["nodes"] += [
        command_node("Vérifier", check.replace(RULES, rules_file)),
        json_node("Valider", CODE.findall(said.rows["Valider"][1])[0]),
        said.if_node("Validation réussie ?"),
    ]
    workflow["connections"] |= connections(
        ("Ingestion réussie ?", "Vérifier"),
        ("Ingestion réussie ?", "Notifier l'échec", 1),
        ("Vérifier", "Valider"),
        ("Valider", "Validation réussie ?"),
        ("Validation réussie ?", "Notifier le succès"),
        ("Validation réussie ?", "Notifier l'échec", 1),
    )
    return workflow


def own_backfill(api_url: str) -> dict:
    """« Mon backfill », after step 3 of TP2.3."""
    said = statement("tp23_backfill", "step-3")
    ingest, check = said.blocks
    read = {name: CODE.findall(said.rows[name][1])[0] for name in said.rows if name.startswith("Lire")}
    (split,) = CODE.findall(said.rows["Un jour par élément"][1])
    (batch,) = re.findall(r"Batch Size : (\d+)", said.rows["Jour par jour"][1])
    nodes = [
        node("Lancer à la main", "manualTrigger", 1),
        said.set_node("Paramètres", api_url),
        command_node("Générer les dates", CODE.findall(said.rows["Générer les dates"][1])[0]),
        json_node("Lire les dates", read["Lire les dates"]),
        node("Un jour par élément", "splitOut", 1, fieldToSplitOut=split),
        node("Jour par jour", "splitInBatches", 3, batchSize=int(batch)),
        command_node("Ingérer", ingest),
        json_node("Lire l'ingestion du lot", read["Lire l'ingestion du lot"]),
        command_node("Vérifier", check),
    ]
    assert {one["name"] for one in nodes} == said.rows.keys()
    names = [one["name"] for one in nodes]
    arrows = connections(
        *zip(names[:5], names[1:6], strict=True),
        ("Jour par jour", "Ingérer", 1),
        ("Ingérer", "Lire l'ingestion du lot"),
        ("Lire l'ingestion du lot", "Vérifier"),
        ("Vérifier", "Jour par jour"),
    )
    return {"name": "Mon backfill", "nodes": nodes, "connections": arrows, "settings": SETTINGS}


def own_watch(api_url: str) -> dict:
    """« Ma veille », after section 3 of the sheet of 10:30."""
    said = read_statement((REPOSITORY / "n8n" / "pratique_10h30.md").read_text("utf-8"))
    told, failed = said.blocks
    (page,), (inbox,) = (CODE.findall(said.rows[name][1]) for name in ("Lire une page", "Prévenir"))
    read = node("Lire une page", "httpRequest", 4.5, url=f"{api_url}{page}")
    read |= {
        "retryOnFail": True,
        "maxTries": 2,
        "waitBetweenTries": 10,
        "onError": "continueErrorOutput",
    }
    (split,) = CODE.findall(said.rows["Un événement par élément"][1])
    nodes = [
        node("Lancer à la main", "manualTrigger", 1),
        read,
        node("Un événement par élément", "splitOut", 1, fieldToSplitOut=split),
        said.if_node("En France ?"),
        inbox_node("Prévenir", api_url + inbox, told) | {"executeOnce": True},
        inbox_node("Signaler la panne", api_url + inbox, failed),
    ]
    assert {one["name"] for one in nodes} == said.rows.keys()
    arrows = connections(
        ("Lancer à la main", "Lire une page"),
        ("Lire une page", "Un événement par élément"),
        ("Un événement par élément", "En France ?"),
        ("Lire une page", "Signaler la panne", 1),
        ("En France ?", "Prévenir"),
    )
    return {"name": "Ma veille", "nodes": nodes, "connections": arrows, "settings": SETTINGS}


@pytest.fixture
def built(lab):
    """built(workflow): its id in n8n; gone at the end, with what it ingested."""
    with building(lab) as create:
        yield create


@contextmanager
def building(lab) -> Iterator[Callable[[dict], str]]:
    made = []

    def create(workflow: dict) -> str:
        made.append(lab.client.create_workflow(workflow)["id"])
        return made[-1]

    yield create
    for one in made:
        lab.client.request("POST", f"/workflows/{one}/archive", {})
    shutil.rmtree(lab.root / "data" / "bronze", ignore_errors=True)


TYPED = {
    "tp21.5": own_ingestion,
    "tp22.4": lambda api_url: with_validation(own_ingestion(api_url)),
    "tp23.3": own_backfill,
}
N8N_STEPS = [step for step in STEPS_OF_THE_DAY if step.n8n]


@dataclass(frozen=True)
class Done:
    """A step of the day, as it was done. before, after: what its checks said; the rest of a step in n8n alone.

    executions: of each workflow that was run; inbox: who was told; days: what bronze then held.
    """

    before: set[str]
    after: set[str]
    executions: list[dict]
    inbox: list[dict]
    days: list[str]


@pytest.fixture(scope="module")
def done(lab) -> dict[str, Done]:
    """{step: how it went} of the whole day in its order, from labs/ as nobody has touched them."""
    lab.lab("cut")
    with building(lab) as create:
        return {step.name: do(step, lab, create) for step in STEPS_OF_THE_DAY}


def do(step: Step, lab, create: Callable[[dict], str]) -> Done:
    lab.switch("reset")
    before, executions = set(lab.outcomes(step.name).values()), []
    if step.n8n:
        for workflow in runs_of(step, lab):
            executions.append(lab.execute(create(workflow), "Lancer à la main"))
    else:
        lab.lab("catch-up", step.exercise, "--to", step.number)
    return Done(before, set(lab.outcomes(step.name).values()), executions, lab.inbox(), lab.days())


@pytest.fixture
def day(lab, done):
    """A lab whose labs/ are as a trainee has them at the end of the day."""
    return lab


@pytest.mark.parametrize("step", STEPS_OF_THE_DAY, ids=lambda step: step.name)
def test_the_day_is_done_in_its_order_each_step_to_do_then_green(done, step):
    if step.n8n:
        assert done[step.name].before != {"RÉUSSI"}
    else:
        assert done[step.name].before <= {"À FAIRE", "NON VÉRIFIÉ"}
    assert done[step.name].after == {"RÉUSSI"}


def runs_of(step: Step, lab) -> Iterator[dict]:
    """The workflows that a trainee runs in n8n in this step, one after the other."""
    yield TYPED[step.name](lab.api_url)
    match step.name:
        case "tp22.4":  # the alarm must have been heard
            yield strict(lab)
        case "tp23.3":  # the second time, every day is skipped
            yield own_backfill(lab.api_url)


def strict(lab) -> dict:
    """The workflow of TP2.2 with rules that no data satisfies, as its statement says to try the alarm."""
    rules = json.loads((lab.root / RULES).read_text("utf-8"))
    (lab.root / "data" / "regles.json").write_text(json.dumps(rules | {"min_rows": 5000}), "utf-8")
    return with_validation(own_ingestion(lab.api_url), "data/regles.json")


def test_catch_up_brings_the_reference_of_a_step_done_in_n8n(day):
    said = day.lab("catch-up", "tp22", "--to", 4)
    assert "la référence y est, sous le nom « TP2.2 étape 4 — valider après l'ingestion »" in said
    day.execute("labTp22Etape4p1", "Lancer à la main")
    assert day.outcomes("tp22.4")["n8n a validé avec votre script, après l'ingestion."] == "RÉUSSI"


def test_catch_up_leaves_a_reference_that_was_changed_in_n8n_and_says_how_to_restore_it(day):
    day.lab("catch-up", "tp23", "--to", 3)
    with day.changed("labTp23Etape3p1", parameters(end_date="2024-01-02")):
        said = day.lab("catch-up", "tp23", "--to", 3)
        kept = node_of(day.client.workflow("labTp23Etape3p1"), "Paramètres")
    assert "lab n8n import --force tp23_3" in said
    assert "2024-01-02" in json.dumps(kept)


@pytest.mark.parametrize(
    ("checkpoint", "build"),
    [(step.n8n, TYPED[step.name]) for step in N8N_STEPS],
    ids=[step.n8n for step in N8N_STEPS],
)
def test_a_checkpoint_runs_and_tells_what_its_statement_says(checkpoint, build):
    path = REPOSITORY / "n8n" / "checkpoints" / f"{checkpoint}.json"
    there, said = json.loads(path.read_text("utf-8")), build("http://127.0.0.1:8765")
    assert there["connections"] == said["connections"]
    assert typed(there) == typed(said)


def typed(workflow: dict) -> dict[str, str]:
    """{node: the command or the notification a person types there}."""
    own = {one["name"]: one["parameters"] for one in workflow["nodes"]}
    return {name: own[name].get("command") or own[name].get("jsonBody") for name in own if "Note" not in name}


def test_the_watch_of_the_10_30_sheet_tells_what_it_says_there(day, built):
    one = built(own_watch(day.api_url))
    day.execute(one, "Lancer à la main")
    assert day.inbox()[-1] == {"niveau": "info", "titre": "Événements en France", "nombre": 6}
    day.switch("faults", kind="503", next=1)
    day.execute(one, "Lancer à la main")
    assert [told["titre"] for told in day.inbox()] == ["Événements en France"] * 2
    day.switch("faults", kind="404", next=10)
    day.execute(one, "Lancer à la main")
    told = day.inbox()[-1]
    assert told["titre"] == "Veille en échec"
    assert "404" in told["message"]


def test_the_ingestion_of_tp21_runs_as_written(done):
    ran = done["tp21.5"]
    assert ran.executions[0]["status"] == "success"
    assert ran.days == [f"partition_date=2024-01-0{number}" for number in (1, 2, 3)]
    assert ran.inbox == [{"niveau": "info", "titre": "Ingestion réussie", "lignes": 2983}]


def test_the_failure_branch_of_tp21_tells_the_script_s_own_error(day, built):
    day.switch("faults", kind="404", rate=1)
    day.execute(built(own_ingestion(day.api_url)), "Lancer à la main")
    told = day.inbox()[-1]
    assert (told["titre"], told["code"]) == ("Ingestion en échec", "not_found")
    assert "404" in told["message"]


def test_the_validation_of_tp22_lets_good_data_through_and_its_alarm_rings_on_strict_rules(done):
    ran = done["tp22.4"]
    assert ran.executions[0]["nodes"]["Valider"][0]["validation"] == "passed"
    good, alarm = ran.inbox
    assert good["titre"] == "Ingestion réussie"
    assert (alarm["niveau"], alarm["code"]) == ("erreur", "validation_failed")


def test_the_loop_of_tp23_ingests_then_validates_each_day_and_skips_all_the_second_time(done):
    loop = node_of(own_backfill("http://127.0.0.1:8765"), "Jour par jour")
    assert loop["parameters"]["batchSize"] == 1
    first, second = (one["nodes"] for one in done["tp23.3"].executions)
    assert [result["status"] for result in first["Lire l'ingestion du lot"]] == ["success"] * 5
    assert len(first["Vérifier"]) == 5
    assert all('"validation": "passed"' in checked["stdout"] for checked in first["Vérifier"])
    assert [len(result["partitions"]["skipped"]) for result in second["Lire l'ingestion du lot"]] == [1] * 5
