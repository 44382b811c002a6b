"""What a lesson asks: predictions before the cell that settles them, and a quiz whose every answer says why."""

import json
import re

import pytest

from labkit.exercises.declared import exercises
from tests.notebooks.prose import NO_BREAK, typeset
from tests.notebooks.workspace import NOTEBOOKS, REPOSITORY

THEORY = ("01_patterns_ingestion", "02_architecture_n8n_scripts", "03_formats")
OPTIONS = ("04_option_node_red", "11_option_deux_ecrivains")
QUIZZED = (*THEORY, *OPTIONS, "05_checkpoint", "09_synthese")
PREDICTION = "**Avant d’exécuter**"
CHOICE = re.compile(r"\*\*([A-D])\.\*\*")
ANSWER = re.compile(r"\*\*Réponse : ([A-D])\b")
DETAILS = re.compile(r"<details><summary>(.+?)</summary>\n(.+?)\n</details>", re.DOTALL)
ENOUGH_WORDS = 6


def cells(path):
    """(kind, source) of each cell, its no-break spaces made plain."""
    notebook = json.loads((REPOSITORY / path).read_text(encoding="utf-8"))
    return [(cell["cell_type"], "".join(cell["source"]).replace(NO_BREAK, " ")) for cell in notebook["cells"]]


def predictions(name):
    """(choices, the answer given after the next code cell, if any) of each prediction, in order."""
    found, lesson = [], cells(f"notebooks/{name}.ipynb")
    for place, (_, source) in enumerate(lesson):
        if PREDICTION not in source:
            continue
        run = next(later for later in range(place, len(lesson)) if lesson[later][0] == "code")
        answers = [ANSWER.search(text) for kind, text in lesson[run:] if kind == "markdown"]
        found.append((CHOICE.findall(source), next((answer[1] for answer in answers if answer), None)))
    return found


@pytest.mark.parametrize("name", [*THEORY, *OPTIONS, "05_checkpoint"])
def test_every_prediction_is_settled_by_a_cell_then_answered(name):
    asked = predictions(name)
    assert all(len(choices) >= 3 and answer in choices for choices, answer in asked)
    answered = sum(
        len(ANSWER.findall(text)) for kind, text in cells(f"notebooks/{name}.ipynb") if kind == "markdown"
    )
    assert len(asked) == answered >= (3 if name in THEORY else 1)


def quiz(name):
    """[[(choice, reason), …], …]: the questions of a notebook's quiz."""
    lesson = [source for _, source in cells(f"notebooks/{name}.ipynb")]
    start = next(place for place, source in enumerate(lesson) if "## Cinq questions" in source)
    questions = (DETAILS.findall(source) for source in lesson[start:] if re.search(r"\*\*\d\. ", source))
    return [choices for choices in questions if choices]


@pytest.mark.parametrize("name", QUIZZED)
def test_a_quiz_has_five_questions_with_one_right_answer_and_a_reason_for_each(name):
    questions = quiz(name)
    assert len(questions) == 5
    places = []
    for choices in questions:
        verdicts = [re.match(r"(Oui|Non)[.,]", reason)[1] for _, reason in choices]
        assert verdicts.count("Oui") == 1
        assert len(choices) == 3
        assert all(len(reason.split()) >= ENOUGH_WORDS for _, reason in choices)
        places.append(verdicts.index("Oui"))
    assert len(set(places)) > 1, "the right answer must not always stand in the same place"


def test_every_trade_word_of_the_lessons_is_in_the_glossary():
    glossary = (REPOSITORY / "notebooks" / "GLOSSAIRE.md").read_text(encoding="utf-8").lower()
    italics = re.compile(r"(?<![*\w])\*([^*\n]+)\*(?![*\w])")
    words = {
        word.lower()
        for path in NOTEBOOKS
        for kind, text in cells(path)
        if kind == "markdown"
        for word in italics.findall(text)
    }
    assert sorted(word for word in words if word not in glossary) == []


def headings(path):
    """The headings of a notebook, without their numbers."""
    text = "\n".join(source for kind, source in cells(path) if kind == "markdown")
    return [re.sub(r"^#+ (\d+\. )?", "", line) for line in text.splitlines() if line.startswith("#")]


STEPS = [step for exercise in exercises().values() for step in exercise.steps]


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_a_pointer_to_the_course_names_a_section_that_is_there(step):
    pointer = typeset(step.course).replace(NO_BREAK, " ")
    name, title = re.fullmatch(r"(\w+), « (.+) »", pointer).groups()
    (path,) = [path for path in NOTEBOOKS if path.endswith(f"/{name}.ipynb")]
    assert any(heading.startswith(title) for heading in headings(path)), headings(path)
