"""The notebooks as text: short paragraphs, headings in order, French spaces, pictures told, a place on the slides."""

import json
import re

import pytest

from tests.notebooks.prose import NO_BREAK, typeset
from tests.notebooks.workspace import NOTEBOOKS, REPOSITORY

FIVE_LINES = 500
FRENCH_PAGES = sorted(
    path.relative_to(REPOSITORY).as_posix()
    for pattern in (
        "README.fr.md",
        "n8n/*.md",
        "data/*.md",
        "solutions/*.md",
        "labs/README.md",
        "notebooks/*.md",
        "deploy/*.md",
        "deploy/*/*.md",
        "docs/*.md",
    )
    for path in REPOSITORY.glob(pattern)
    if path.name not in {"bench.md", "faults.md", "mutants.md", "scale.md", "soak.md"}
)
SLIDE_TYPES = {"slide", "subslide", "fragment", "skip", "notes", "-"}


def cells(name, kind):
    notebook = json.loads((REPOSITORY / name).read_text(encoding="utf-8"))
    return [
        cell | {"source": "".join(cell["source"])} for cell in notebook["cells"] if cell["cell_type"] == kind
    ]


def prose(name):
    return [cell["source"] for cell in cells(name, "markdown")]


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_no_line_begins_with_a_lonely_punctuation_mark(name):
    assert [text for text in prose(name) if text != typeset(text)] == [], "`make notebooks` sets the spaces"


@pytest.mark.parametrize("name", FRENCH_PAGES)
def test_every_french_page_has_french_spaces_too(name):
    page = (REPOSITORY / name).read_text(encoding="utf-8")
    assert page == typeset(page)


def test_spaces_are_set_in_prose_only():
    assert typeset("Qui ? « Moi » : oui !") == "Qui_? «_Moi_»_: oui_!".replace("_", NO_BREAK)
    assert typeset("`f` ; **g** :") == "`f`_; **g**_:".replace("_", NO_BREAK)
    assert typeset("l'API, d'**un**, qu'`id` ; 'x'") == "l’API, d’**un**, qu’`id`_; 'x'".replace(
        "_", NO_BREAK
    )
    assert typeset("3 Mo, 20 %, 72 h, 5 hommes") == "3_Mo, 20_%, 72_h, 5 hommes".replace("_", NO_BREAK)
    for kept in (
        "`a ? b : c`",
        "```sh\nlab run -p x : y\n```",
        "| a | b |\n| :-- | --: |",
        '<p title="a : b">',
        "http://127.0.0.1/a",
    ):
        assert typeset(kept) == kept


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_what_folds_is_written_in_html_where_marks_of_markdown_would_show(name):
    folded = re.findall(r"<details>.*?</details>", "\n".join(prose(name)), re.DOTALL)
    assert [text for text in folded if re.search(r"[`*]", text)] == []


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_no_paragraph_passes_five_lines_on_screen(name):
    blocks = [block for text in prose(name) for block in re.split(r"\n\n|\n(?=[-|\d])", text)]
    assert [block for block in blocks if len(block) > FIVE_LINES and not block.startswith("```")] == []


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_headings_go_down_one_level_at_a_time_under_one_title(name):
    levels = [len(marks) for text in prose(name) for marks in re.findall(r"^(#+) ", text, re.MULTILINE)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(below - above <= 1 for above, below in zip(levels, levels[1:], strict=False))


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_every_picture_says_what_it_shows(name):
    outputs = [output for cell in cells(name, "code") for output in cell["outputs"]]
    pictures = [output for output in outputs if "image/png" in output.get("data", {})]
    assert all(len(picture["metadata"]["image/png"]["alt"]) > 40 for picture in pictures)


@pytest.mark.parametrize("name", [name for name in NOTEBOOKS if name.startswith("notebooks/")])
def test_every_cell_says_its_place_on_the_slides(name):
    metadata = [cell["metadata"] for kind in ("markdown", "code") for cell in cells(name, kind)]
    assert {each["slideshow"]["slide_type"] for each in metadata} <= SLIDE_TYPES
