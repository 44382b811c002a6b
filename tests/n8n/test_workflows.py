"""The workflows, imported into the real n8n and run there; looked at in the bronze folder, the inbox and
n8n's own record of the execution."""

import json
import re

import pytest
import requests

from tests.n8n.conftest import WORKFLOWS

pytestmark = pytest.mark.n8n
INGESTION, BACKFILL = "labIngestion0001", "labBackfill00001"


def test_ingestion_writes_validates_and_notifies_once(lab):
    execution = lab.execute(INGESTION, "Lancer à la main")
    assert execution["status"] == "success"
    assert lab.days() == [f"partition_date=2024-01-0{day}" for day in (1, 2, 3)]
    assert [(note["niveau"], note["lignes"], note["lignes_validées"]) for note in lab.inbox()] == [
        ("info", 2983, 2983)
    ]
    report = execution["nodes"]["Lire le résultat de l'ingestion"][0]["notebook"]
    assert (lab.root / report).is_file()


def test_an_api_that_fails_takes_the_error_branch_and_is_named(lab):
    requests.post(f"{lab.api_url}/_lab/faults", json={"kind": "404", "rate": 1}, timeout=10)
    execution = lab.execute(INGESTION, "Lancer à la main")
    assert "Valider" not in execution["nodes"]
    assert [(note["niveau"], note["titre"]) for note in lab.inbox()] == [("erreur", "Ingestion en échec")]
    assert "404" in lab.inbox()[0]["message"]


def test_a_validation_that_fails_takes_its_own_branch(lab):
    rules = lab.root / "solutions/validation_rules.json"
    former = rules.read_text()
    rules.write_text(json.dumps({"min_rows": 100_000}))
    execution = lab.execute(INGESTION, "Lancer à la main")
    rules.write_text(former)
    assert execution["nodes"]["Lire le résultat de la validation"][0]["validation"] == "failed"
    assert [(note["titre"], note["code"]) for note in lab.inbox()] == [
        ("Validation en échec", "validation_failed")
    ]


def test_backfill_fills_the_month_in_batches_and_skips_what_is_there(lab):
    lab.execute(INGESTION, "Lancer à la main")
    execution = lab.execute(BACKFILL, "Lancer le backfill")
    summary = lab.inbox()[-1]
    assert execution["status"] == "success"
    assert (summary["jours_écrits"], summary["jours_sautés"], summary["lots_en_échec"]) == (28, 3, [])
    assert len(lab.days()) == 31
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
