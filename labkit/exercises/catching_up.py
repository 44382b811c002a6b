"""The trainee's own files: caught up with the reference, started over, and compared with it."""

import ast
import textwrap
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from labkit.base.paths import ROOT
from labkit.exercises.cutting import (
    Blank,
    blanks,
    function_texts,
    functions,
    generated,
    generated_file,
    replace_files,
)
from labkit.exercises.declared import LABS, SOLUTIONS, ExerciseError, Step, find_exercise, find_steps


def start_over(name: str) -> tuple[list[str], Path | None]:
    """Cut the steps of the exercise `name` again in the trainee's files; the rest of each file stays.

    Gives the files changed, and where the old ones were saved. The notebook of the exercise is written anew.
    """
    exercise = find_exercise(name)
    changed, saved = _put_in({step.name for step in exercise.steps}, filled=())
    notebook = {exercise.notebook: generated_file(SOLUTIONS / exercise.notebook, filled=())}
    return [*changed, exercise.notebook], replace_files(notebook, saved)


def catch_up(target: str, last: int) -> tuple[list[str], Path | None]:
    """Put the reference in for the steps of exercise `target` up to `last`; everything else stays the trainee's.

    A file that is missing or can't be read as Python is written anew. Gives the files changed, and where the
    old ones were saved.
    """
    steps = {step.name for step in find_exercise(target).steps if step.number <= last}
    if not steps:
        raise ExerciseError(f"{target} commence à l'étape 1 : --to {last} ne désigne aucune étape.")
    return _put_in(steps, filled=steps)


def _put_in(steps: Collection[str], filled: Collection[str]) -> tuple[list[str], Path | None]:
    """Give every function of `steps` its generated text, the steps of `filled` answered."""
    wanted: dict[str, list[str]] = {}
    for blank in blanks():
        if blank.step in steps:
            wanted.setdefault(blank.path, []).append(blank.owner)
    texts = {path: _caught_up(path, owners, filled) for path, owners in wanted.items()}
    changed = [path for path, text in texts.items() if _current(path) != text]
    return changed, replace_files({path: texts[path] for path in changed})


def _caught_up(path: str, owners: list[str], filled: Collection[str]) -> str:
    fresh = generated_file(SOLUTIONS / path, filled)
    current = _current(path)
    if current is None:
        return fresh
    try:
        ast.parse(current)
    except (SyntaxError, ValueError):
        return fresh
    for owner in owners:
        current = _with_function(current, fresh, owner)
    return _with_imports(current, fresh)


def _current(path: str) -> str | None:
    """The trainee's file; None if it is not there or not UTF-8."""
    try:
        return (LABS / path).read_text(encoding="utf-8")
    except (FileNotFoundError, UnicodeDecodeError):
        return None


def with_functions(text: str, source: str) -> str:
    """The script `text` where each function of `source` takes the place of its namesake, its imports added."""
    for owner in functions(source):
        text = _with_function(text, source, owner)
    return _with_imports(text, source)


def _with_function(text: str, fresh: str, owner: str) -> str:
    """`text` where the function `owner` is the one of `fresh`; a function deleted meanwhile is put back at the end."""
    lines, body = text.splitlines(), function_texts(fresh)[owner].splitlines()
    if owner in functions(text):
        start, end = functions(text)[owner]
        lines[start - 1 : end] = body
        return "\n".join(lines) + "\n"
    at = next((at for at, line in enumerate(lines) if line.startswith("if __name__")), len(lines))
    if "." in owner:
        raise ExerciseError(
            f"{owner} a disparu de votre fichier : « lab reset » le rétablit, puis rattrapez."
        )
    lines[at:at] = ["", *body, "", ""]
    return "\n".join(lines) + "\n"


def _with_imports(text: str, fresh: str) -> str:
    """`text` with the imports of `fresh` it lacks, after its own."""
    kinds = (ast.Import, ast.ImportFrom)
    own = [node for node in ast.parse(text).body if isinstance(node, kinds)]
    present = {ast.unparse(node) for node in own}
    wanted = [ast.unparse(node) for node in ast.parse(fresh).body if isinstance(node, kinds)]
    missing = [line for line in wanted if line not in present]
    lines = text.splitlines()
    at = own[-1].end_lineno if own else 1
    lines[at:at] = missing
    return "\n".join(lines) + "\n"


def catch_up_text(name: str, last: int) -> str:
    """Catch the exercise up to step `last`, what is done in n8n too; what has changed, a sentence a line."""
    changed, saved = catch_up(name, last)
    told = [changes_text(changed, saved, f"{name} est rattrapé jusqu'à l'étape {last}")]
    steps = find_exercise(name).steps
    told += [bring_reference(step) for step in steps if step.n8n and step.number <= last]
    return "\n".join(told)


def bring_reference(step: Step) -> str:
    """Bring into n8n the reference of a step done there; a sentence: what was done, or how to do it later."""
    from labkit.n8n import setup, workflows
    from labkit.n8n.install import N8nError

    where = f"L'étape {step.number} se fait dans n8n"
    try:
        files = workflows.find((step.n8n,))
        outcomes = setup.bring_workflows(setup.connect(), files)
        title = workflows.read(files[0])["name"]
    except N8nError as problem:
        return f"{where}. {problem} Ensuite, lab n8n import {step.n8n} y mettra la référence."
    if "kept" in outcomes.values():
        return f"{where} : vous y avez changé « {title} » ; lab n8n import --force {step.n8n} remet la référence."
    return f"{where} : la référence y est, sous le nom « {title} » ; exécutez-la."


def changes_text(changed: list[str], saved: Path | None, done: str) -> str:
    if not changed:
        return f"{done} : il n'y avait rien à changer."
    told = f"{done}. Fichiers changés : {', '.join(f'labs/{name}' for name in changed)}."
    if saved:
        told += f"\nLes vôtres sont gardés dans {saved.relative_to(ROOT).as_posix()}/."
    return told


@dataclass(frozen=True)
class Comparison:
    """A function of the trainee's beside the reference's. own: empty if it is not there any more."""

    path: str
    owner: str
    own: str
    reference: str


def compare(target: str) -> list[Comparison]:
    """Own against reference, for every answer of "tp21" or "tp21.2"; a file that does not parse is shown whole."""
    steps = {step.name for step in find_steps(target)}
    solved = generated(steps)
    return [
        Comparison(
            blank.path,
            blank.owner,
            _part(_current(blank.path) or "", blank),
            _part(solved[blank.path], blank),
        )
        for blank in blanks()
        if blank.step in steps
    ]


def _part(text: str, blank: Blank) -> str:
    """The function of `blank`; empty if it is gone; all of a script that does not parse."""
    try:
        return textwrap.dedent(function_texts(text).get(blank.owner, ""))
    except (SyntaxError, ValueError):
        return text
