"""A practical's notebook in JupyterLab: what the lab's extension adds around its checks."""

import json

import pytest
from playwright.sync_api import expect

from tests.browser.accessibility import violations
from tests.browser.conftest import new_page, problems_of
from tests.browser.jupyterlab import WAITING, JupyterLab, running_lab

pytestmark = pytest.mark.browser
NOTEBOOK, SCRIPT = "labs/tp23_backfill.ipynb", "labs/generate_dates.py"
FIRST_CHECK = 'check("tp23.1")'
TO_WRITE = 'raise NotImplementedError("tp23.1")'


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    with running_lab(tmp_path_factory.mktemp("practicals") / "labo", "--without", "n8n") as running:
        yield running


@pytest.fixture
def script(lab):
    """The script of TP2.3; it and its notebook are as they were after the test, and no step is known."""
    path = lab.copy.root / SCRIPT
    before = {one: one.read_bytes() for one in (path, lab.copy.root / NOTEBOOK)}
    yield path
    for one, written in before.items():
        one.write_bytes(written)
    (lab.copy.root / "data/state/progress.json").unlink(missing_ok=True)


@pytest.fixture(params=["JupyterLab Light", "JupyterLab Dark"])
def theme(lab, request):
    """JupyterLab opens in this theme."""
    chosen = lab.copy.root / "data/state/jupyter/settings/@jupyterlab/apputils-extension"
    chosen.mkdir(parents=True, exist_ok=True)
    (chosen / "themes.jupyterlab-settings").write_text(json.dumps({"theme": request.param}))
    yield request.param
    (chosen / "themes.jupyterlab-settings").unlink()


@pytest.fixture
def checked(jupyterlab, script):
    """What the first check of TP2.3 shows, and its buttons."""
    jupyterlab.open_notebook(NOTEBOOK)
    return jupyterlab.run_cell(FIRST_CHECK)


def button(page, name):
    return page.get_by_role("button", name=name, exact=True)


def said(page):
    return page.locator(".lab-said")


def press(page, name):
    """Reach a button by Tab from the cell that was run, then Enter."""
    page.keyboard.press("Escape")
    for _ in range(30):
        page.keyboard.press("Tab")
        if button(page, name).evaluate("one => one === document.activeElement"):
            return page.keyboard.press("Enter")
    raise AssertionError(f"Tab does not reach {name}")


def test_the_buttons_work_by_keyboard_and_the_notebook_takes_none_of_their_keys(checked, page):
    press(page, "Indice suivant")
    expect(said(page)).to_contain_text("indice 1 sur 3")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(said(page)).to_contain_text("solutions/ (la référence)")
    expect(button(page, "Différence avec la référence")).to_be_focused()
    expect(page.locator(".jp-Notebook.jp-mod-editMode")).to_have_count(0)


class TestWhatChangesNoScript:
    """One page does for all: each test runs the check anew there."""

    @pytest.fixture(scope="class")
    @classmethod
    def opened(cls, browser, lab):
        notebook = lab.copy.root / NOTEBOOK
        before = notebook.read_bytes()
        with new_page(browser) as page:
            problems, jupyterlab = problems_of(page), JupyterLab(lab, page)
            jupyterlab.open_notebook(NOTEBOOK)
            yield jupyterlab
            lab.stop_kernels(page)
            assert problems == []
        notebook.write_bytes(before)

    @pytest.fixture
    def page(self, opened):
        return opened.page

    @pytest.fixture
    def checked(self, opened):
        return opened.run_cell(FIRST_CHECK)

    def test_a_button_under_the_check_gives_one_more_hint_at_each_click(self, checked, page):
        for level in (1, 2, 3):
            button(page, "Indice suivant").click()
            expect(said(page)).to_contain_text(f"indice {level} sur 3")

    def test_the_difference_shows_both_sides_without_scrolling(self, checked, page):
        button(page, "Différence avec la référence").click()
        place = said(page)
        expect(place).to_contain_text("solutions/ (la référence)")
        assert place.evaluate("one => one.scrollWidth <= one.clientWidth")

    def test_catching_up_asks_first_and_a_refusal_changes_nothing(self, checked, page, lab):
        button(page, "Rattraper cette étape").click()
        expect(page.get_by_role("dialog")).to_contain_text("labs/sauvegardes/")
        button(page, "Annuler").click()
        expect(page.get_by_role("dialog")).to_have_count(0)
        assert TO_WRITE in (lab.copy.root / SCRIPT).read_text(encoding="utf-8")


def test_catching_up_writes_the_reference_keeps_what_was_not_saved_and_shows_it_in_the_editor(
    checked, jupyterlab, page, lab, script
):
    page.get_by_role("link", name="generate_dates.py").first.click()
    editor = page.locator(".jp-FileEditor:visible .cm-content")
    editor.click()
    page.keyboard.press("Control+Home")
    page.keyboard.type("# my own idea\n")
    button(page, "Rattraper cette étape").click()
    button(page, "Rattraper").click()
    expect(said(page)).to_contain_text("tp23 est rattrapé jusqu'à l'étape 1")
    assert TO_WRITE not in script.read_text(encoding="utf-8")
    kept = [path.read_text(encoding="utf-8") for path in (lab.copy.root / "labs/sauvegardes").glob("*/*.py")]
    assert any("# my own idea" in text and TO_WRITE in text for text in kept)
    expect(editor).not_to_contain_text(TO_WRITE)
    expect(checked).to_contain_text("4 sur 4, RÉUSSI")
    expect(page.get_by_role("dialog")).to_have_count(0)


def write_beside(page, jupyterlab, text):
    """Replace the script, open beside the notebook, and save it."""
    page.get_by_role("link", name="generate_dates.py").first.click()
    expect(page.locator(".jp-FileEditor:visible .cm-content")).to_contain_text("tp23.1")
    jupyterlab.write(text)


def solved(lab):
    return (lab.copy.root / "solutions" / "generate_dates.py").read_text(encoding="utf-8")


def test_saving_the_script_runs_the_last_check_again_in_its_place_and_the_cursor_stays(
    checked, jupyterlab, page, lab
):
    write_beside(page, jupyterlab, solved(lab))
    expect(checked).to_contain_text("4 sur 4, RÉUSSI")
    expect(page.locator(".lab-note")).to_contain_text("Vérifié à nouveau à")
    expect(page.locator(".jp-FileEditor:visible .cm-content")).to_be_focused()
    expect(strip(page)).to_contain_text("Étapes réussies : 1 sur 3La suite : tp23.2")
    expect(page.locator(".jp-CodeCell .jp-OutputArea-output")).to_have_count(1)


RECORD = """() => {
    const { send } = WebSocket.prototype;
    window.asked = [];
    WebSocket.prototype.send = function (data) {
        const text = typeof data === "string" ? data : new TextDecoder().decode(data);
        if (text.includes(".check(")) asked.push(text);
        return send.call(this, data);
    };
}"""


def test_saves_while_the_kernel_works_ask_nothing_of_it_then_one_check(checked, jupyterlab, page, lab):
    page.evaluate(RECORD)
    page.locator(".jp-CodeCell:visible .cm-content").first.click()
    page.keyboard.press("Control+A")
    over = lab.copy.root / "data" / "over"
    page.keyboard.insert_text(f"import os, time\nwhile not os.path.exists({str(over)!r}): time.sleep(0.1)")
    page.keyboard.press("Control+Enter")
    write_beside(page, jupyterlab, TO_WRITE)
    jupyterlab.write(solved(lab))
    expect(page.locator(".jp-InputPrompt").get_by_text(WAITING, exact=True)).to_have_count(1)
    assert page.evaluate("asked.length") == 0
    over.touch()
    expect(checked).to_contain_text("4 sur 4, RÉUSSI")
    assert page.evaluate("asked.length") == 1


def test_a_save_before_any_check_runs_nothing(jupyterlab, page, lab, script):
    jupyterlab.open_notebook(NOTEBOOK)
    write_beside(page, jupyterlab, solved(lab))
    expect(page.locator(".jp-OutputArea-output")).to_have_count(0)


def strip(page):
    return page.get_by_role("region", name="Votre avancement")


def test_a_strip_says_what_is_done_what_follows_and_the_minutes_of_each_practical(jupyterlab, page, script):
    jupyterlab.open("labs/README.md")
    for name in ("tp21_api_vers_parquet", "tp22_controle_qualite", "tp23_backfill"):
        jupyterlab.open_too(name)
        expect(strip(page)).to_contain_text(f"La suite : {name[:4]}.1")
        expect(strip(page)).to_be_in_viewport(ratio=1)
    expect(strip(page)).to_contain_text("30 min d'étapesfin à 17:15")


def test_a_lesson_has_no_strip(jupyterlab, page):
    jupyterlab.open_notebook("notebooks/00_accueil.ipynb")
    jupyterlab.run_cell("open_lab(scripts, base_url")
    expect(strip(page)).to_have_count(0)


def test_nothing_of_the_buttons_is_in_the_notebook_s_file(checked, jupyterlab, page, lab):
    button(page, "Indice suivant").click()
    expect(said(page)).to_contain_text("indice 1 sur 3")
    jupyterlab.save()
    text = (lab.copy.root / NOTEBOOK).read_text(encoding="utf-8")
    assert "Indice suivant" not in text
    assert "Étapes réussies" not in text
    assert "indice 1 sur 3" not in text
    assert [cell["execution_count"] for cell in json.loads(text)["cells"] if cell.get("outputs")] == [1]


def test_what_is_added_to_a_check_is_accessible_in_both_themes(theme, checked, page):
    button(page, "Différence avec la référence").click()
    expect(said(page)).to_contain_text("solutions/ (la référence)")
    assert violations(page, ".lab-help") == []
    assert violations(page, ".lab-strip") == []
