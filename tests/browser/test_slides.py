"""The notebooks as a room sees them: presented by RISE, in the JupyterLab of `lab start`, at a projector's 1280x720."""

from urllib.parse import urlsplit

import nbformat
import pytest

from tests.browser.jupyterlab import running_lab
from tests.notebooks.workspace import REPOSITORY

pytestmark = pytest.mark.browser

NAMES = sorted(path.stem for path in (REPOSITORY / "notebooks").glob("*.ipynb"))
# Outputs that hold for one machine at one moment are not stored: the height they take once executed, in pixels.
LIVE_HEIGHTS = {
    ("00_accueil", "cell-08"): 170,
    ("00_accueil", "n8n-2"): 50,
    ("02_architecture_n8n_scripts", "cell-10"): 110,
    ("07_controle_qualite", "docs-page"): 260,
    ("09_synthese", "cell-05"): 260,
    ("10_votre_script_et_la_production", "cell-16"): 60,
}
LINE_HEIGHT = 20
SHORTEST_DECK = 6
SMALLEST_TEXT = 15

SLIDES = "[...document.querySelectorAll('.reveal .slides section section')].map(slide => slide.id)"
ALL_DRAWN = """!document.querySelector('.reveal code.language-mermaid')
    && [...document.querySelectorAll('.reveal .slides img')].every(image => image.complete && image.naturalHeight)"""
# Goes to a slide (again, if RISE's own late selection of a cell went elsewhere), then says what a room would not see
# of it, or not read.
PROBLEMS = """([id, smallest]) => {
    const slide = document.getElementById(id);
    if (!slide.matches('section.present > section.present')) {
        location.hash = `/${id}`;
        return null;
    }
    const shown = element => element.offsetHeight > 0;
    const found = [];
    const bottom = Math.max(...[...slide.querySelectorAll('.jp-Cell')].filter(shown)
        .map(cell => cell.getBoundingClientRect().bottom));
    if (bottom > innerHeight) found.push(`${Math.ceil(bottom - innerHeight)} px too tall`);
    if (bottom <= 0) found.push('empty');
    for (const box of slide.querySelectorAll('.jp-OutputArea-output, .jp-RenderedMarkdown, .cm-scroller, pre'))
        if (box.scrollWidth > box.clientWidth + 1 || box.getBoundingClientRect().right > innerWidth)
            found.push(`too wide: ${box.innerText.slice(0, 60)}`);
    for (const text of slide.querySelectorAll('p, li, td, th, pre, summary, .cm-line'))
        if (shown(text) && parseFloat(getComputedStyle(text).fontSize) < smallest)
            found.push(`too small: ${text.innerText.slice(0, 60)}`);
    return found;
}"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """A JupyterLab on copies of the notebooks, as executed: no output missing."""
    with running_lab(tmp_path_factory.mktemp("lab") / "labo", "--without", "n8n") as running:
        for name in NAMES:
            fill_live_outputs(running.copy.root / "notebooks" / f"{name}.ipynb")
        yield running


def fill_live_outputs(path):
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if "nbval-ignore-output" in cell.metadata.get("tags", []) and not cell.outputs:
            cell.outputs = [tall_output(LIVE_HEIGHTS[path.stem, cell.id])]
    nbformat.write(notebook, path)


def tall_output(height):
    """Lines of text: pictures and styles of a notebook that was not executed here are not trusted, so not shown."""
    return nbformat.v4.new_output("stream", text="\n".join("│" * (height // LINE_HEIGHT)))


@pytest.fixture
def present(lab, page):
    """Present a notebook; gives, slide by slide, what is wrong with it."""
    asked = []

    page.on("request", lambda request: asked.append(urlsplit(request.url)))

    def walk(name):
        page.goto(f"{lab.address('jupyter')}/rise/notebooks/{name}.ipynb?token={lab.token}")
        page.wait_for_selector(".reveal.ready section.present section.present")
        page.wait_for_function(ALL_DRAWN)
        problems = {}
        for slide in page.evaluate(SLIDES):
            problems[slide] = page.wait_for_function(PROBLEMS, arg=[slide, SMALLEST_TEXT]).json_value()
        return problems

    yield walk
    lab.stop_kernels(page)
    abroad = {url.netloc for url in asked if url.scheme in ("http", "https") and url.hostname != "127.0.0.1"}
    assert not abroad, "slides must show in a room without a network"


@pytest.mark.parametrize("name", NAMES)
def test_every_slide_fits_the_projector_and_can_be_read(present, name):
    problems = present(name)
    assert {slide: found for slide, found in problems.items() if found} == {}
    assert len(problems) >= SHORTEST_DECK


@pytest.mark.parametrize("size", [(1920, 1080), (3840, 2160), (1024, 768)])
def test_a_slide_fills_the_screen_whatever_its_size(present, page, lab, size):
    page.set_viewport_size({"width": size[0], "height": size[1]})
    problems = present("01_patterns_ingestion")
    assert {slide: found for slide, found in problems.items() if found} == {}
    zoom = min(size[0] / 1280, size[1] / 720)
    heading = page.locator("section.present h1, section.present h2").first
    page.evaluate("location.hash = '/slide-1-0'")
    heading.wait_for()
    assert heading.evaluate("one => one.getBoundingClientRect().height") >= 35 * zoom


def test_what_does_not_fit_is_seen(present, lab):
    cells = {
        "slide": nbformat.v4.new_code_cell(outputs=[tall_output(800)]),
        "skip": nbformat.v4.new_code_cell(outputs=[tall_output(800)]),
        "subslide": nbformat.v4.new_code_cell("x = " + "1" * 200),
        "-": nbformat.v4.new_markdown_cell("Un texte court."),
    }
    for kind, cell in cells.items():
        cell.metadata["slideshow"] = {"slide_type": kind}
    nbformat.write(
        nbformat.v4.new_notebook(cells=list(cells.values())), lab.copy.root / "notebooks" / "wrong.ipynb"
    )
    [too_tall], [too_wide] = present("wrong").values()
    assert too_tall.endswith("px too tall")
    assert too_wide.startswith("too wide: x = 111")
