"""n8n's editor in the real browser: every workflow opens without a complaint, and the button runs the backfill."""

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from labkit.n8n.workflows import read
from tests.browser.conftest import new_page
from tests.browser.jupyterlab import JupyterLab, running_lab
from tests.browser.n8n_editor import Editor
from tests.n8n.conftest import (
    CHECKPOINTS,
    PASSWORD,
    SECRETS,
    WORKFLOWS,
    n8n_lab,
    parameters,
    triggers_as_told,
)

pytestmark = [pytest.mark.browser, pytest.mark.n8n]
BACKFILL = "labBackfill00001"


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    with n8n_lab(tmp_path_factory.mktemp("lab")) as made:
        made.bring(CHECKPOINTS)
        yield made


@pytest.fixture(scope="module")
def editor(lab, browser):
    """An editor in which workflows are opened one after the other, as one does: its page is long to load."""
    with new_page(browser) as page:
        yield Editor(page, lab.server.url, PASSWORD)


@pytest.fixture(scope="module")
def backfill_by_script(lab):
    lab.run_scripts(BACKFILL, "labValidation001")


@pytest.mark.parametrize("path", [*WORKFLOWS, *CHECKPOINTS], ids=lambda path: path.stem)
def test_a_workflow_opens_legible_every_node_known_and_none_in_trouble(editor, path):
    workflow = read(path)
    editor.open(workflow["id"])
    view = editor.view()
    assert (view.overlaps(), view.hidden()) == ([], [])
    assert view.smallest() > 8.5
    expected = {node["name"] for node in workflow["nodes"] if not node["type"].endswith("stickyNote")}
    assert set(editor.nodes()) == expected
    assert editor.troubled() == []
    triggers = triggers_as_told(path)
    assert editor.trigger() == (triggers[0] if len(triggers) > 1 else "")


def test_the_widest_workflow_is_larger_on_a_larger_screen(lab, page):
    page.set_viewport_size({"width": 1920, "height": 1080})
    editor = Editor(page, lab.server.url, PASSWORD)
    editor.open(BACKFILL)
    view = editor.view()
    assert (view.overlaps(), view.hidden()) == ([], [])
    assert view.smallest() > 13


def test_a_node_in_trouble_is_seen(lab, editor):
    node = {"position": [0, 0], "parameters": {}}
    unknown = node | {"id": "a", "name": "inconnu", "type": "n8n-nodes-base.absent", "typeVersion": 1}
    mail = {"id": "b", "name": "sans compte", "type": "n8n-nodes-base.emailSend", "typeVersion": 2.1}
    nodes = [unknown, node | mail | {"position": [300, 0]}]
    saved = lab.client.create_workflow({"name": "essai", "nodes": nodes, "connections": {}, "settings": {}})
    editor.open(saved["id"])
    assert set(editor.troubled()) == {"inconnu", "sans compte"}


def test_the_button_runs_the_backfill_and_its_nodes_turn_green(lab, backfill_by_script, editor):
    with lab.changed(BACKFILL, parameters(start_date="2024-01-01", end_date="2024-01-02")):
        editor.open(BACKFILL)
        editor.run_from("Lancer le backfill")
        editor.wait_success("Terminé", 120)
    assert {"Ingérer le lot", "Valider le lot", "Bilan du backfill"} <= set(editor.succeeded())
    assert lab.inbox()[-1]["jours_écrits"] == 2


@pytest.fixture
def form_page(lab, browser):
    """A page that knows the form's password and n8n's, as an operator's browser does."""
    secret = {"username": "formateur", "password": SECRETS["form_password"]}
    with new_page(browser, http_credentials=secret) as page:
        Editor(page, lab.server.url, PASSWORD)
        yield page


def ask_for_days(page, start, end):
    page.get_by_label("Premier jour").fill(start)
    page.get_by_label("Dernier jour, compris").fill(end)
    page.get_by_role("button", name="Lancer le backfill").click()


def test_the_form_shows_its_mode_refuses_wrong_days_and_leads_to_its_run(lab, backfill_by_script, form_page):
    form_page.goto(f"{lab.server.url}/form/lab/backfill")
    expect(form_page.get_by_label("Mode")).to_have_value("compléter")
    ask_for_days(form_page, "2024-01-03", "2024-01-01")
    expect(form_page.get_by_role("heading", name="Rien n’est lancé")).to_be_visible()
    expect(form_page.get_by_text("Le dernier jour, le 01/01/2024, vient avant le premier")).to_be_visible()
    form_page.get_by_role("link", name="Corriger la demande").click()
    ask_for_days(form_page, "2024-01-01", "2024-01-01")
    expect(form_page.get_by_role("heading", name="C’est parti")).to_be_visible()
    form_page.get_by_role("link", name="Suivre ce passage dans n8n").click()
    run = max(lab.client.executions(BACKFILL), key=lambda one: int(one["id"]))
    expect(form_page).to_have_url(f"{lab.server.url}/workflow/{BACKFILL}/executions/{run['id']}")
    assert lab.last_execution(BACKFILL)["nodes"]["Paramètres"][0]["end_date"] == "2024-01-01"


def test_the_card_of_jupyterlab_opens_the_n8n_that_runs(lab, page, tmp_path):
    port = urlsplit(lab.server.url).port
    with running_lab(tmp_path / "labo", "--without", "n8n", n8n=port) as running:
        jupyterlab = JupyterLab(running, page)
        jupyterlab.open_launcher()
        with page.context.expect_page() as opened:
            jupyterlab.card("n8n").click()
        expect(opened.value.get_by_role("button", name="Sign in")).to_be_visible(timeout=30_000)


def test_the_editor_asks_no_other_host(lab, page):
    hosts = set()
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    Editor(page, lab.server.url, PASSWORD).open(BACKFILL)
    assert {host for host in hosts if not host.startswith("127.0.0.1:")} == set()
