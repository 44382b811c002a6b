"""The wrong and the right answers kept beside the checks, and the scripts they make: see test_answers.py.

wrong/tp21_2.py holds the wrong answers of the step tp21.2, right/tp21_2.py the right ones, written differently from
solutions/. Each begins with « # --- what it is », then « # file: the script it goes into » and, when it is wrong,
« # caught by: the check that must be red » and « # hint: words its hint must hold ».
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from labkit.exercises import catching_up, cutting, declared

HERE = Path(__file__).parent
HEADER = re.compile(r"^# (file|caught by|hint): (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Answer:
    step: str
    title: str
    path: str
    code: str
    caught_by: str = ""
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.step}: {self.title}"


def answers(kind: str) -> list[Answer]:
    """The answers of the folder `kind`, "wrong" or "right"."""
    found = []
    for path in sorted((HERE / kind).glob("*.py")):
        for section in re.split(r"^# --- ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
            title, _, rest = section.partition("\n")
            said = dict(HEADER.findall(rest))
            code = HEADER.sub("", rest).strip()
            step = path.stem.replace("_", ".")
            found.append(
                Answer(step, title, said["file"], code, said.get("caught by", ""), said.get("hint", ""))
            )
    return found


def write_solved(folder: Path, answer: Answer | None = None) -> None:
    """Write the solved scripts into `folder`, the functions of `answer` in the place of the reference's."""
    steps = [step.name for exercise in declared.exercises().values() for step in exercise.steps]
    folder.mkdir(exist_ok=True)
    for name, text in cutting.generated(steps).items():
        if answer and name == answer.path:
            text = catching_up.with_functions(text, answer.code)
        (folder / name).write_text(text, encoding="utf-8")


def write_up_to(folder: Path, filled: Collection[str], but: dict[str, str] | None = None) -> None:
    """Write the scripts with the steps `filled` answered. but: {script: the function left as it is cut}."""
    folder.mkdir(exist_ok=True)
    cut = cutting.generated()
    for name, text in cutting.generated(filled).items():
        if owner := (but or {}).get(name):
            text = catching_up.with_functions(text, cutting.function_texts(cut[name])[owner] + "\n")
        (folder / name).write_text(text, encoding="utf-8")
