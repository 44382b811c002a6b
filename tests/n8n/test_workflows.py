"""The workflows, imported into the real n8n and run there; looked at in the bronze folder, the inbox and
n8n's own record of the execution."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from labkit import n8n, n8n_install
from labkit.processes import free_port
from tests.conftest import REPOSITORY
from tests.notebooks.workspace import workspace

pytestmark = pytest.mark.n8n
WORKFLOWS = sorted((REPOSITORY / "n8n" / "workflows").glob("*.json"))
INGESTION, BACKFILL = "labIngestion0001", "labBackfill00001"


@dataclass(frozen=True)
class N8nLab:
    root: Path
    api_url: str
    server: n8n.N8nServer


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """A copy of the lab with its API and its own n8n, the workflows imported."""
    n8n_install.install(lambda text: None)
    with workspace(tmp_path_factory.mktemp("lab")) as made:
        server = n8n.N8nServer(
            home=tmp_path_factory.mktemp("n8n"),
            port=free_port(),
            broker_port=free_port(),
            password="Essai-du-labo-1",
            encryption_key="a-key-for-the-tests-only",
            log=made.root / "n8n.log",
            api_url=made.api_url,
            root=made.root,
        )
        with n8n.running(server, WORKFLOWS):
            yield N8nLab(made.root, made.api_url, server)


@pytest.fixture(autouse=True)
def fresh_api(lab):
    requests.post(f"{lab.api_url}/_lab/reset", timeout=10)


def execute(lab, workflow, trigger):
    return lab.server.wait_execution(lab.server.run_workflow(workflow, trigger))


def inbox(lab):
    return [entry["message"] for entry in requests.get(f"{lab.api_url}/_lab/inbox", timeout=10).json()]


def days(lab):
    return sorted(path.parent.name for path in lab.root.glob("data/bronze/events/*/data.parquet"))


def test_ingestion_writes_validates_and_notifies_once(lab):
    execution = execute(lab, INGESTION, "Lancer à la main")
    assert execution["status"] == "success"
    assert days(lab) == [f"partition_date=2024-01-0{day}" for day in (1, 2, 3)]
    assert [(note["niveau"], note["lignes"], note["lignes_validées"]) for note in inbox(lab)] == [
        ("info", 2983, 2983)
    ]
    report = execution["nodes"]["Lire le résultat de l'ingestion"][0]["notebook"]
    assert (lab.root / report).is_file()


def test_an_api_that_fails_takes_the_error_branch_and_is_named(lab):
    requests.post(f"{lab.api_url}/_lab/faults", json={"kind": "404", "rate": 1}, timeout=10)
    execution = execute(lab, INGESTION, "Lancer à la main")
    assert "Valider" not in execution["nodes"]
    assert [(note["niveau"], note["titre"]) for note in inbox(lab)] == [("erreur", "Ingestion en échec")]
    assert "404" in inbox(lab)[0]["message"]


def test_a_validation_that_fails_takes_its_own_branch(lab):
    rules = lab.root / "solutions/validation_rules.json"
    former = rules.read_text()
    rules.write_text(json.dumps({"min_rows": 100_000}))
    execution = execute(lab, INGESTION, "Lancer à la main")
    rules.write_text(former)
    assert execution["nodes"]["Lire le résultat de la validation"][0]["validation"] == "failed"
    assert [(note["titre"], note["code"]) for note in inbox(lab)] == [
        ("Validation en échec", "validation_failed")
    ]


def test_backfill_fills_the_month_in_batches_and_skips_what_is_there(lab):
    execute(lab, INGESTION, "Lancer à la main")
    execution = execute(lab, BACKFILL, "Lancer le backfill")
    summary = inbox(lab)[-1]
    assert execution["status"] == "success"
    assert (summary["jours_écrits"], summary["jours_sautés"], summary["lots_en_échec"]) == (28, 3, [])
    assert len(days(lab)) == 31
    assert [batch["validation"] for batch in execution["nodes"]["Bilan du lot"]] == ["success"] * 4


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_no_expression_reaches_a_shell_but_as_base64(path):
    encoded = re.compile(r"\{\{ JSON\.stringify\(.*\)\.base64Encode\(\) \}\}")
    nodes = json.loads(path.read_text(encoding="utf-8"))["nodes"]
    commands = [node["parameters"]["command"] for node in nodes if node["type"].endswith("executeCommand")]
    assert commands
    assert not [command for command in commands if "{{" in encoded.sub("", command)]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_every_workflow_explains_itself_in_sticky_notes(path):
    nodes = json.loads(path.read_text(encoding="utf-8"))["nodes"]
    assert sum(node["type"].endswith("stickyNote") for node in nodes) >= 2
