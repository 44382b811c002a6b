"""JupyterLab as a trainee meets it: in French, the day's notebooks run, an exercise turns green, the cards open."""

import re
import shutil
import subprocess

import nbformat
import pytest
from playwright.sync_api import expect

from labkit.n8n import node_red
from labkit.notebooks import run_outputs
from tests.browser.jupyterlab import running_lab
from tests.notebooks.workspace import REPOSITORY

pytestmark = pytest.mark.browser
# One of each kind: prose and services, a lesson that changes what is on disk, a run and its figure. nbval executes all.
NAMES = ("00_accueil", "05_checkpoint", "06_api_vers_parquet")
MENUS = ["Fichier", "Édition", "Affichage", "Exécution", "Noyau", "Onglets", "Paramètres", "Aide"]
SHOWN = {"data", "ingestion", "labs", "n8n", "notebooks", "solutions", "README.md", "README.fr.md"}


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """A lab without n8n, in a clone of git as a trainee has one."""
    node_red.install_node_red()
    with running_lab(tmp_path_factory.mktemp("Ma formation été") / "labo", "--without", "n8n") as running:
        yield running


@pytest.fixture(scope="module")
def clone(lab):
    """Run git in the lab."""

    def git(*arguments):
        done = subprocess.run(["git", *arguments], cwd=lab.copy.root, capture_output=True, encoding="utf-8")
        assert done.returncode == 0, done.stderr
        return done.stdout

    for rules in (".gitattributes", ".gitignore"):
        shutil.copy(REPOSITORY / rules, lab.copy.root)
    git("init", "-q")
    git("add", "notebooks")
    run_outputs.install(lab.copy.root)
    git("-c", "user.name=x", "-c", "user.email=x@localhost", "commit", "-q", "-m", "lesson")
    return git


def test_the_lab_opens_on_its_welcome_in_french_with_nothing_in_the_way(jupyterlab, page, lab):
    page.goto(f"{lab.home}&reset")
    expect(page.get_by_role("heading", name="Accueil")).to_be_visible()
    assert page.locator(".lm-MenuBar-itemLabel:visible").all_inner_texts() == MENUS
    jupyterlab.wait_for_kernel()
    expect(page.locator(".jp-Dialog, .Toastify__toast")).to_have_count(0)


def test_the_file_browser_shows_the_lab_without_its_machinery(jupyterlab, page, lab):
    tracked = [path for path in REPOSITORY.iterdir() if not path.name.startswith(".")]
    missing = [path for path in tracked if not (lab.copy.root / path.name).exists()]
    for path in missing:
        copy = lab.copy.root / path.name
        copy.mkdir() if path.is_dir() else copy.touch()
    page.goto(f"{lab.home}&reset")
    listing = page.locator(".jp-DirListing-itemText")
    expect(listing.filter(has_text="notebooks")).to_be_visible()
    assert {path.name for path in tracked} & set(listing.all_inner_texts()) == SHOWN
    for path in missing:  # An empty folder `ingestion` would hide the installed package from the notebooks.
        copy = lab.copy.root / path.name
        copy.rmdir() if path.is_dir() else copy.unlink()


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_of_the_day_runs_from_top_to_bottom_and_leaves_git_clean(jupyterlab, lab, clone, name):
    jupyterlab.open_notebook(f"notebooks/{name}.ipynb")
    jupyterlab.run_all()
    jupyterlab.save()
    assert jupyterlab.bad_outputs() == logs_of_the_lesson(name)
    saved = nbformat.read(lab.copy.root / "notebooks" / f"{name}.ipynb", as_version=4)
    assert all("execution" in cell.metadata for cell in saved.cells if cell.cell_type == "code")
    clone("add", "notebooks")
    assert clone("diff", "--cached") == ""


def test_a_lesson_saved_while_its_cells_wait_leaves_git_clean(jupyterlab, lab, clone):
    path = lab.copy.root / "notebooks" / "06_api_vers_parquet.ipynb"

    def waiting():
        cells = nbformat.read(path, as_version=4).cells
        return [cell for cell in cells if cell.cell_type == "code" and cell.execution_count is None]

    jupyterlab.open_notebook("notebooks/06_api_vers_parquet.ipynb")
    jupyterlab.begin_all()
    jupyterlab.write_to_disk()
    assert waiting()
    assert clone("status", "--porcelain", "notebooks") == ""
    jupyterlab.wait_until_run()
    jupyterlab.save()
    assert clone("status", "--porcelain", "notebooks") == ""


def test_a_quiz_answer_opens_by_keyboard_and_leaves_git_clean(jupyterlab, page, clone):
    jupyterlab.open_notebook("notebooks/09_synthese.ipynb")
    quiz = page.locator(".jp-MarkdownCell", has_text="Cinq questions pour finir")
    quiz.scroll_into_view_if_needed()
    choice = quiz.locator("summary").first
    choice.focus()
    page.keyboard.press("Enter")
    expect(quiz.locator("details[open]")).to_contain_text("Oui. C’est l’idempotence")
    jupyterlab.save()
    clone("add", "notebooks")
    assert clone("diff", "--cached") == ""


def test_a_link_to_a_page_opens_it_drawn_not_as_source(jupyterlab, page):
    jupyterlab.open_notebook("notebooks/00_accueil.ipynb")
    page.get_by_role("link", name="glossaire").click()
    expect(
        page.locator(".jp-MarkdownViewer:visible").get_by_role("heading", name="Glossaire")
    ).to_be_visible()


def logs_of_the_lesson(name):
    """What the stored notebook shows of a script's logs, which go to stderr: the only words expected there."""
    cells = nbformat.read(REPOSITORY / "notebooks" / f"{name}.ipynb", as_version=4).cells
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    return [output.text for output in outputs if output.get("name") == "stderr"]


def test_a_trainee_writes_a_function_in_the_editor_and_the_check_turns_green(jupyterlab, page, lab):
    solutions = lab.copy.root / "solutions"
    jupyterlab.open_notebook("labs/tp21_api_vers_parquet.ipynb")
    jupyterlab.run_cell('scripts = "labs"')
    jupyterlab.run_cell("open_lab(scripts, base_url")
    expect(jupyterlab.run_cell('check("tp21.1")')).to_contain_text("0 sur 7, À FAIRE")
    page.get_by_role("link", name="ingest_api.py").first.click()
    jupyterlab.write((solutions / "ingest_api.py").read_text(encoding="utf-8"))
    jupyterlab.tab("tp21_api_vers_parquet").click()
    expect(jupyterlab.run_cell('check("tp21.1")')).to_contain_text("7 sur 7, RÉUSSI")
    assert jupyterlab.bad_outputs() == []


@pytest.mark.parametrize(
    ("label", "path", "title"),
    [
        ("API d'entraînement", "/", "Pupitre"),
        ("Boîte de notifications", "/boite", "Boîte de notifications"),
    ],
)
def test_a_card_of_the_api_opens_its_page_in_jupyterlab(jupyterlab, page, lab, label, path, title):
    jupyterlab.open_launcher()
    jupyterlab.card(label).click()
    expect(jupyterlab.tab(label)).to_have_class(re.compile("lm-mod-current"))
    frame = page.frame_locator(f"iframe[src='{lab.address('api')}{path}']")
    expect(frame.locator("h1")).to_contain_text(title)


def cursor_line(page):
    """The line of the cursor, as the status bar tells it."""
    return page.locator("#jp-main-statusbar").get_by_text(re.compile(r"Li \d+"))


def test_a_script_opens_beside_the_notebook_at_the_line_to_write(jupyterlab, page, lab):
    lines = (lab.copy.root / "labs" / "generate_dates.py").read_text(encoding="utf-8").splitlines()
    to_write = next(number for number, line in enumerate(lines, start=1) if "# À vous (tp23.1)" in line)
    jupyterlab.open_notebook("labs/tp23_backfill.ipynb")
    page.get_by_role("link", name="generate_dates.py").first.click()
    expect(cursor_line(page)).to_contain_text(f"Li {to_write}")
    expect(page.locator(".cm-line", has_text="# À vous (tp23.1)").first).to_be_in_viewport()
    notebook = page.locator(".jp-NotebookPanel:visible").bounding_box()
    assert page.locator(".jp-FileEditor:visible").bounding_box()["x"] >= notebook["x"] + notebook["width"] - 1


def test_a_place_named_under_a_check_opens_there_beside_it(jupyterlab, page):
    jupyterlab.open_notebook("labs/tp23_backfill.ipynb")
    jupyterlab.run_cell('scripts = "labs"')
    jupyterlab.run_cell("open_lab(scripts, base_url")
    output = jupyterlab.run_cell('check("tp23.1")')
    place = output.get_by_role("link", name=re.compile(r"generate_dates\.py, ligne \d+")).first
    line = re.search(r"ligne (\d+)", place.inner_text())[1]
    place.click()
    expect(cursor_line(page)).to_contain_text(f"Li {line}")


def test_after_a_restart_of_the_kernel_the_check_answers_at_once(jupyterlab, page):
    jupyterlab.open_notebook("labs/tp23_backfill.ipynb")
    expect(jupyterlab.run_cell('check("tp23.1")')).to_contain_text("À FAIRE")
    assert jupyterlab.bad_outputs() == []


def test_where_n8n_does_not_answer_its_card_says_so(jupyterlab, page, lab, problems):
    jupyterlab.open_launcher()
    jupyterlab.card("n8n").click()
    expect(page.get_by_role("dialog")).to_contain_text("n8n ne répond pas")
    assert [text for text in problems if "CONNECTION_REFUSED" not in text] == []
    problems.clear()


def test_the_card_of_the_logs_reads_the_last_run_in_a_terminal(jupyterlab, page, lab):
    lab.copy.lab("run", "06_api_vers_parquet.ipynb", "-p", "end_date", "2024-01-01")
    jupyterlab.open_launcher()
    with page.expect_websocket(lambda socket: "/terminals/" in socket.url) as terminal:
        jupyterlab.card("Journaux").click()
    terminal.value.wait_for_event("framereceived", lambda said: "data/runs/logs/" in said)


def test_for_a_projector_everything_is_larger_and_the_settings_of_a_person_are_left_alone(page, tmp_path):
    with running_lab(tmp_path / "labo", "--without", "n8n", "--projecteur") as lab:
        page.goto(lab.home)
        page.get_by_role("heading", name="Accueil").wait_for()
        sizes = [f"--jp-{text}" for text in ("ui-font-size1", "content-font-size1", "code-font-size")]
        read = "names => names.map(name => getComputedStyle(document.documentElement).getPropertyValue(name))"
        assert page.evaluate(read, sizes) == ["16px", "19px", "17px"]
        assert not (lab.copy.root / "data/state/jupyter/settings").exists()
