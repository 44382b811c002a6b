"""A change made in n8n's editor: kept by an import, brought back to git as a small difference by an export."""

import difflib
import json
import os
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace

import pytest

from labkit.n8n.install import N8nError
from labkit.n8n.setup import place
from labkit.n8n.workflows import export_workflows, find
from tests.n8n.conftest import CHECKPOINTS, WORKFLOWS, node_of
from tests.unit.lab_copy import wait_until

pytestmark = pytest.mark.n8n
INGESTION = "labIngestion0001"
WEBHOOK, OPENING, NOTIFICATION = "labWebhook000001", "labPassage000001", "labNotification1"


def lab_command(lab, *arguments):
    own = {"LAB_N8N_PORT": str(lab.server.port), "LAB_ROOT": str(lab.root), "LAB_API_URL": lab.api_url}
    return subprocess.run(
        [sys.executable, "-m", "labkit.cli", "n8n", *arguments],
        env=os.environ | own,
        capture_output=True,
        encoding="utf-8",
    )


def move_and_rename(lab):
    """What a trainee does: a node dragged, a parameter changed."""
    workflow = lab.client.workflow(INGESTION)
    node = node_of(workflow, "Paramètres")
    node["position"] = [node["position"][0] + 37, node["position"][1] - 3]
    node["parameters"]["assignments"]["assignments"][0]["value"] = "labs"
    lab.client.update_workflow({name: workflow[name] for name in ("id", "nodes", "connections", "settings")})


@pytest.fixture
def changed(lab):
    made = lab.made
    move_and_rename(lab)
    yield lab
    lab.made = made
    lab.bring(WORKFLOWS, force=True)


def test_a_second_import_changes_nothing(lab):
    assert set(lab.bring(WORKFLOWS).values()) == {"same"}


def test_an_export_gives_the_files_of_git_to_the_byte(lab):
    lab.bring(CHECKPOINTS)
    here = place(lab.client, lab.api_url)
    for path, text in export_workflows(lab.client, [*WORKFLOWS, *CHECKPOINTS], here).items():
        assert text == path.read_text(encoding="utf-8")


def test_what_a_trainee_changed_is_kept_and_named_until_forced(changed):
    assert changed.bring(WORKFLOWS)["ingestion_incrementale"] == "kept"
    assert changed.bring(WORKFLOWS, force=True)["ingestion_incrementale"] == "updated"
    assert changed.bring(WORKFLOWS)["ingestion_incrementale"] == "same"


def test_a_newer_file_replaces_a_workflow_nobody_changed(lab, tmp_path):
    (path,) = find(("demo_injection",))
    newer = tmp_path / "workflows" / path.name
    newer.parent.mkdir()
    newer.write_text(path.read_text(encoding="utf-8").replace("INJECTÉ", "INJECTÉE"), encoding="utf-8")
    assert lab.bring([newer]) == {"demo_injection": "updated"}
    assert lab.bring([path]) == {"demo_injection": "updated"}


def test_new_addresses_reach_the_workflows_nobody_changed(changed):
    changed.made = replace(changed.made, api_url="http://127.0.0.1:9")
    outcomes = changed.bring(WORKFLOWS)
    assert outcomes["ingestion_incrementale"] == "kept"
    assert outcomes["notification"] == "updated"
    assert "http://127.0.0.1:9" in json.dumps(changed.client.workflow("labNotification1"))


def test_a_workflow_removed_in_the_editor_stays_removed_until_forced(lab):
    lab.client.request("POST", "/workflows/labInjection0001/archive")
    lab.client.request("DELETE", "/workflows/labInjection0001")
    assert lab.bring(WORKFLOWS)["demo_injection"] == "kept"
    assert lab.bring(WORKFLOWS, force=True)["demo_injection"] == "new"


def in_service(lab, workflow):
    held = lab.client.workflow(workflow)
    return not held["isArchived"] and held["activeVersionId"] == held["versionId"]


def test_an_import_interrupted_before_it_publishes_is_finished_by_the_next(lab, monkeypatch):
    lab.client.request("POST", f"/workflows/{WEBHOOK}/archive")
    wait_until(lambda: removed(lab, WEBHOOK))
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(lab.client, "publish", interrupted)
        lab.bring(WORKFLOWS, force=True)
    assert not in_service(lab, WEBHOOK)
    assert said_of(lab, "declenchement_webhook") == ["remis", "en", "service", "declenchement_webhook"]
    assert in_service(lab, WEBHOOK)


def test_an_update_interrupted_before_it_publishes_is_finished_by_the_next(lab, monkeypatch, tmp_path):
    (path,) = find(("declenchement_webhook",))
    newer = tmp_path / "workflows" / path.name
    newer.parent.mkdir()
    newer.write_text(
        path.read_text(encoding="utf-8").replace("L’appelant sait", "L’appelant le sait"), encoding="utf-8"
    )
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(lab.client, "publish", interrupted)
        lab.bring([newer])
    assert lab.bring([newer]) == {path.stem: "published"}
    assert lab.bring([newer]) == {path.stem: "same"}
    assert lab.bring([path]) == {path.stem: "updated"}


def removed(lab, workflow):
    """n8n refuses while it still unpublishes what was just archived."""
    with suppress(N8nError):
        lab.client.request("DELETE", f"/workflows/{workflow}")
    return workflow not in [one["id"] for one in lab.client.listed_workflows()]


def interrupted(workflow):
    raise KeyboardInterrupt


def said_of(lab, name):
    """The words of `lab n8n import` about this workflow."""
    return next(
        line.split() for line in lab_command(lab, "import").stdout.splitlines() if line.endswith(name)
    )


def test_what_was_unpublished_is_published_again_whoever_did_it_sub_workflows_first(lab):
    for workflow in (WEBHOOK, OPENING, NOTIFICATION):
        lab.client.request("POST", f"/workflows/{workflow}/deactivate")
    outcomes = lab.bring(WORKFLOWS)
    assert {name for name, outcome in outcomes.items() if outcome == "published"} == {
        "declenchement_webhook", "ouverture_passage", "notification",
    }  # fmt: skip
    assert all(in_service(lab, workflow) for workflow in (WEBHOOK, OPENING, NOTIFICATION))
    assert set(lab.bring(WORKFLOWS).values()) == {"same"}


def test_what_was_archived_comes_back_in_service(lab):
    for workflow in (WEBHOOK, "labInjection0001"):
        lab.client.request("POST", f"/workflows/{workflow}/archive")
    outcomes = lab.bring(WORKFLOWS)
    assert (outcomes["declenchement_webhook"], outcomes["demo_injection"]) == ("published", "published")
    assert in_service(lab, WEBHOOK)
    assert not lab.client.workflow("labInjection0001")["isArchived"]


def test_an_archived_workflow_that_a_trainee_changed_is_kept_until_forced(changed):
    changed.client.request("POST", f"/workflows/{INGESTION}/archive")
    assert changed.bring(WORKFLOWS)["ingestion_incrementale"] == "kept"
    assert "absent de n8n" in lab_command(changed, "export", "ingestion_incrementale").stdout
    assert changed.bring(WORKFLOWS, force=True)["ingestion_incrementale"] == "updated"
    assert in_service(changed, INGESTION)


def test_the_export_command_writes_the_change_and_nothing_else(changed):
    path = changed.root / "n8n/workflows/ingestion_incrementale.json"
    before = path.read_text(encoding="utf-8").splitlines()
    done = lab_command(changed, "export", "ingestion_incrementale")
    assert "écrit" in done.stdout, done.stderr
    after = path.read_text(encoding="utf-8").splitlines()
    different = [line[0] + line[1:].strip() for line in difflib.ndiff(before, after) if line[0] in "+-"]
    assert different == ["-160,", "+200,", '-"value": "solutions"', '+"value": "labs"']
    assert "inchangé" in lab_command(changed, "export", "ingestion_incrementale").stdout
    path.write_text("\n".join(before) + "\n", encoding="utf-8")


def test_the_export_command_refuses_a_key_left_in_a_header(lab):
    workflow = lab.client.workflow(INGESTION)
    for assignment in node_of(workflow, "Paramètres")["parameters"]["assignments"]["assignments"]:
        if assignment["name"] == "base_url":
            assignment["value"] = "Bearer 3f1c9a70e2d84b5d9c61aa07"
    lab.client.update_workflow({name: workflow[name] for name in ("id", "nodes", "connections", "settings")})
    path = lab.root / "n8n/workflows/ingestion_incrementale.json"
    before = path.read_bytes()
    done = lab_command(lab, "export")
    lab.bring(WORKFLOWS, force=True)
    assert done.returncode == 1
    assert "un en-tête d'authentification" in done.stderr
    assert "3f1c9a70" not in done.stdout + done.stderr
    assert path.read_bytes() == before


def test_the_import_command_names_what_it_kept(changed):
    done = lab_command(changed, "import")
    assert "votre version est gardée  ingestion_incrementale" in done.stdout
    assert "lab n8n import --force" in done.stdout


def test_an_unknown_name_is_told_with_those_that_exist(lab):
    done = lab_command(lab, "import", "ingestoin")
    assert done.returncode == 1
    assert "« ingestoin »" in done.stderr and "ingestion_incrementale" in done.stderr


def test_n8n_that_is_not_running_is_told(lab):
    own = {"LAB_N8N_PORT": "9", "LAB_ROOT": str(lab.root)}
    done = subprocess.run(
        [sys.executable, "-m", "labkit.cli", "n8n", "export"],
        env=os.environ | own,
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 1
    assert "démarrez-le avec « lab start »" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_that_is_no_workflow_is_named(lab, tmp_path):
    broken = tmp_path / "workflows" / "casse.json"
    broken.parent.mkdir()
    broken.write_text(json.dumps({"nodes": []}), encoding="utf-8")
    with pytest.raises(Exception, match=r"casse\.json n'est pas un workflow"):
        lab.bring([broken])
