"""The steps of the day, as solutions/exercises.toml declares them."""

import tomllib
from dataclasses import dataclass, field
from functools import cache

from labkit.base.paths import ROOT

SOLUTIONS = ROOT / "solutions"
LABS = ROOT / "labs"
# What the checks of the steps done in n8n last found, kept with the scripts: who collects them has no other trace.
N8N_STEPS = LABS / "etapes_n8n.json"
DECLARED = SOLUTIONS / "exercises.toml"


class ExerciseError(Exception):
    """Something is wrong with an exercise, said in one sentence."""


@dataclass(frozen=True)
class Step:
    """One step. name: "tp21.2"; course: where the day explains it; hints: from a question to all but the answer.

    skill, shows: the competence it trains, and what a good answer shows of it: a line of the grading grid.

    n8n: for a step done in n8n's editor, not in a file, the checkpoint that is its reference.
    further: beyond the core, nothing later depends on it.
    asks: {function: what is to be written in it}; until: {function: the code that stands there until it is}.
    """

    name: str
    title: str
    minutes: int
    course: str
    skill: str
    shows: str
    hints: tuple[str, ...]
    n8n: str = ""
    further: bool = False
    asks: dict[str, str] = field(default_factory=dict, hash=False)
    until: dict[str, str] = field(default_factory=dict, hash=False)

    @property
    def exercise(self) -> str:
        return self.name.partition(".")[0]

    @property
    def number(self) -> int:
        return int(self.name.rpartition(".")[2])


@dataclass(frozen=True)
class Exercise:
    """A practical: its steps in order. notebook: its file name, the same in solutions/ and labs/."""

    name: str
    title: str
    notebook: str
    steps: tuple[Step, ...]


@cache
def exercises() -> dict[str, Exercise]:
    """What solutions/exercises.toml declares, in order."""
    found = {}
    for name, content in tomllib.loads(DECLARED.read_text(encoding="utf-8")).items():
        steps = tuple(
            Step(f"{name}.{number}", **{**step, "hints": tuple(step["hints"])})
            for number, step in enumerate(content["steps"], start=1)
        )
        found[name] = Exercise(name, content["title"], content["notebook"], steps)
    return found


def find_steps(target: str) -> list[Step]:
    """The steps of "tp21", or the one step "tp21.2". ExerciseError for any other name."""
    name, _, number = target.partition(".")
    steps = exercises()[name].steps if name in exercises() else ()
    chosen = [step for step in steps if not number or step.name == target]
    if not chosen:
        known = ", ".join(f"{e.name} (1 à {len(e.steps)})" for e in exercises().values())
        raise ExerciseError(
            f"« {target} » n'est pas un exercice. Exercices : {known} ; une étape s'écrit tp21.2."
        )
    return chosen


def find_exercise(name: str) -> Exercise:
    """The exercise "tp21". ExerciseError for any other name."""
    if name not in exercises():
        raise ExerciseError(f"« {name} » n'est pas un exercice. Exercices : {', '.join(exercises())}.")
    return exercises()[name]
