"""What the lab's extension adds to a lesson: boxes that stay ticked, the guide's words beside the slides."""

import pytest
from playwright.sync_api import expect

from tests.browser.accessibility import violations
from tests.browser.jupyterlab import running_lab

pytestmark = pytest.mark.browser
LESSON = "notebooks/09_synthese.ipynb"


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    with running_lab(tmp_path_factory.mktemp("lessons") / "labo", "--without", "n8n") as running:
        yield running


def box(page, name):
    return page.get_by_role("checkbox", name=name)


def test_a_box_is_ticked_by_mouse_and_by_keyboard_and_stays_so_without_a_trace_in_the_notebook(
    jupyterlab, page, lab
):
    file = lab.copy.root / LESSON
    before = file.read_bytes()
    jupyterlab.open_notebook(LESSON)
    box(page, "choisir un filigrane").click()
    box(page, "reprendre un backfill").focus()
    page.keyboard.press("Space")
    assert violations(page, ".jp-RenderedMarkdown ul:has(input)") == []
    jupyterlab.open_notebook(LESSON)
    expect(box(page, "choisir un filigrane")).to_be_checked()
    expect(box(page, "reprendre un backfill")).to_be_checked()
    expect(box(page, "écrire un appel")).not_to_be_checked()
    box(page, "choisir un filigrane").uncheck()
    jupyterlab.open_notebook(LESSON)
    expect(box(page, "reprendre un backfill")).to_be_checked()
    expect(box(page, "choisir un filigrane")).not_to_be_checked()
    assert file.read_bytes() == before


def test_a_box_can_be_ticked_once_the_text_was_edited(jupyterlab, page):
    jupyterlab.open_notebook(LESSON)
    page.get_by_role("paragraph").filter(has_text="Pour vous seul.").dblclick()
    page.keyboard.press("Control+Enter")
    box(page, "écrire une partition").check()


@pytest.fixture
def notes(lab, page):
    """Present a notebook, press M; gives the window that opens."""

    def opened(name):
        page.goto(f"{lab.address('jupyter')}/rise/notebooks/{name}.ipynb?token={lab.token}")
        page.wait_for_selector(".reveal.ready section.present section.present")
        with page.expect_popup() as popup:
            page.keyboard.press("m")
        return popup.value

    yield opened
    lab.stop_kernels(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_m_opens_the_guide_s_words_on_the_lesson_with_the_clock_of_the_block(notes, page, scheme):
    page.emulate_media(color_scheme=scheme)
    window = notes("01_patterns_ingestion")
    window.emulate_media(color_scheme=scheme)
    expect(window.get_by_role("heading")).to_have_text("08:45 — Les patterns")
    expect(window.get_by_role("timer")).to_contain_text("sur 40 min")
    expect(window.get_by_role("timer")).to_contain_text("fin prévue à 09:25")
    expect(window.get_by_text("Dessinez-moi les retours de cent clients.")).to_be_visible()
    expect(window.locator("tr[aria-current]")).to_contain_text("complet et incrémental")
    assert violations(window) == []
    page.bring_to_front()
    page.keyboard.press("m")
    assert len(page.context.pages) == 2


def test_the_row_of_the_minute_follows_the_time_spent(notes, page):
    page.clock.install()
    window = notes("01_patterns_ingestion")
    expect(window.locator("tr[aria-current]")).to_contain_text("complet et incrémental")
    page.clock.fast_forward("20:30")
    expect(window.locator("tr[aria-current]")).to_contain_text("offset, curseur, keyset")
    expect(window.get_by_role("timer")).to_contain_text("20:3")


def test_a_notebook_without_a_block_says_so(notes):
    window = notes("10_votre_script_et_la_production")
    expect(window.get_by_role("main")).to_have_text("Le guide du formateur n'a pas de bloc pour ce notebook.")


def test_m_in_a_cell_being_written_is_a_letter(lab, page, notes):
    notes("00_accueil").close()
    cell = page.locator("section.present .jp-CodeCell .cm-content:visible")
    while not cell.count():
        page.keyboard.press("Space")
    cell.first.click()
    page.keyboard.type("m")
    expect(cell.first).to_contain_text("m")
    assert len(page.context.pages) == 1


def test_on_a_slide_space_ticks_the_box_in_focus_and_the_slide_stays(lab, page, notes):
    notes("09_synthese").close()
    # Asked again until it is there, as in test_slides.py: RISE's own late selection of a cell may go elsewhere.
    page.wait_for_function(
        "() => { location.hash = '/slide-3-0'; return document.querySelector('section.present#slide-3-0') }"
    )
    one = page.locator("section.present").get_by_role("checkbox", name="expliquer à un collègue")
    one.focus()
    page.keyboard.press("Space")
    expect(one).to_be_checked()
    expect(one).to_be_in_viewport()
