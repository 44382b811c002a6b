"""n8n's editor in the real browser: every workflow opens without a complaint, and the button runs the backfill."""

import pytest

from labkit.n8n_workflows import read
from tests.browser.n8n_editor import Editor
from tests.n8n.conftest import CHECKPOINTS, PASSWORD, WORKFLOWS, n8n_lab, parameters

pytestmark = [pytest.mark.browser, pytest.mark.n8n]
BACKFILL = "labBackfill00001"


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    with n8n_lab(tmp_path_factory.mktemp("lab")) as made:
        made.bring(CHECKPOINTS)
        yield made


@pytest.fixture
def editor(lab, page):
    return Editor(page, lab.server.url, PASSWORD)


@pytest.mark.parametrize("path", [*WORKFLOWS, *CHECKPOINTS], ids=lambda path: path.stem)
def test_a_workflow_opens_with_every_node_known_and_none_in_trouble(editor, path):
    workflow = read(path)
    editor.open(workflow["id"])
    expected = {node["name"] for node in workflow["nodes"] if not node["type"].endswith("stickyNote")}
    assert set(editor.nodes()) == expected
    assert editor.troubled() == []


def test_a_node_in_trouble_is_seen(lab, editor):
    node = {"position": [0, 0], "parameters": {}}
    unknown = node | {"id": "a", "name": "inconnu", "type": "n8n-nodes-base.absent", "typeVersion": 1}
    mail = {"id": "b", "name": "sans compte", "type": "n8n-nodes-base.emailSend", "typeVersion": 2.1}
    nodes = [unknown, node | mail | {"position": [300, 0]}]
    saved = lab.client.create_workflow({"name": "essai", "nodes": nodes, "connections": {}, "settings": {}})
    editor.open(saved["id"])
    assert set(editor.troubled()) == {"inconnu", "sans compte"}


def test_the_button_runs_the_backfill_and_its_nodes_turn_green(lab, editor):
    with lab.changed(BACKFILL, parameters(start_date="2024-01-01", end_date="2024-01-02")):
        editor.open(BACKFILL)
        editor.run_from("Lancer le backfill")
        editor.wait_success("Terminé", 120)
    assert {"Ingérer le lot", "Valider le lot", "Bilan du backfill"} <= set(editor.succeeded())
    assert lab.inbox()[-1]["jours_écrits"] == 2


def test_the_editor_asks_no_other_host(lab, page):
    hosts = set()
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    Editor(page, lab.server.url, PASSWORD).open(BACKFILL)
    assert {host for host in hosts if not host.startswith("127.0.0.1:")} == set()
