"""The exercises: solutions/ with its answers cut out makes labs/.

An answer sits in one function of a script, between two marks. What is asked in its place is the function's entry under
`asks`, in the step's part of exercises.toml:

    ### BEGIN SOLUTION tp21.2
    return f"{PREFIX}{day.isoformat()}/{FILE_NAME}"
    ### END SOLUTION

Until then the place raises NotImplementedError with the step's name, or runs the function's entry under `until`.
"""

import ast
import json
import re
import shutil
import textwrap
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from labkit.exercises.declared import DECLARED, LABS, N8N_STEPS, SOLUTIONS, ExerciseError, Step, exercises

SAVED = LABS / "sauvegardes"
NOT_IN_LABS = {"exercises.toml", "README.md"}
BEGIN = re.compile(r"^(?P<indent> *)### BEGIN SOLUTION (?P<step>\w+\.\d)$")
END = re.compile(r"^ *### END SOLUTION$")
GLUED = re.compile(r" (?=[:;?!»])|(?<=«) ")


@dataclass(frozen=True)
class Blank:
    """A place where an answer was cut, in the function `owner` of a script.

    path: relative to solutions/ and to labs/ alike. answer: the lines between the marks.
    """

    path: str
    owner: str
    step: str
    answer: str


def cut(path: Path, filled: Collection[str] = ()) -> str:
    """The script `path` with what is asked in the place of each answer; those of `filled` stay, without marks.

    ExerciseError if an answer is asked for nowhere, or the script is not Python.
    """
    text, lines, inside, kept = path.read_text(encoding="utf-8"), [], False, False
    owners = _owners(path, text)
    for number, line in enumerate(text.splitlines(), start=1):
        if begin := BEGIN.match(line):
            inside, kept = True, begin["step"] in filled
            if not kept:
                asked = _asked(begin["step"], _owner(owners, number))
                lines += textwrap.indent(asked, begin["indent"]).splitlines()
        elif END.match(line):
            inside = False
        elif kept or not inside:
            lines.append(line)
    return "\n".join(lines) + "\n"


def _declared() -> dict[str, Step]:
    return {step.name: step for exercise in exercises().values() for step in exercise.steps}


def _asked(name: str, owner: str) -> str:
    """What stands in `owner` until it is written: the instruction, in lines of 104 characters, then code."""
    step = _declared().get(name)
    if step is None or owner not in step.asks:
        raise ExerciseError(f"The answer of {name} in {owner} is asked for nowhere in {DECLARED.name}.")
    said = GLUED.sub("\N{NO-BREAK SPACE}", f"À vous ({name}) : {step.asks[owner]}")
    lines = textwrap.wrap(said, 104, break_on_hyphens=False, break_long_words=False)
    comment = "".join(f"# {line}\n" for line in lines).replace("\N{NO-BREAK SPACE}", " ")
    return comment + step.until.get(owner, f'raise NotImplementedError("{name}")\n')


def _owners(path: Path, text: str) -> dict[str, tuple[int, int]]:
    """The functions of a script; ExerciseError if it is not Python."""
    try:
        return functions(text)
    except SyntaxError as error:
        raise ExerciseError(f"solutions/{path.name}, line {error.lineno}: {error.msg}.") from None


def _owner(owners: dict[str, tuple[int, int]], number: int) -> str:
    """The function that holds the line `number`; empty if none does."""
    holding = [name for name, (first, last) in owners.items() if first <= number <= last]
    return holding[-1] if holding else ""


def blanks() -> list[Blank]:
    """Every answer of solutions/. ExerciseError if a mark is not closed, or stands outside a function."""
    return [blank for path in sources() if path.suffix == ".py" for blank in _blanks_of(path)]


def sources() -> list[Path]:
    """The files of solutions/ that labs/ has too."""
    found = (path for path in SOLUTIONS.iterdir() if path.is_file() and path.name not in NOT_IN_LABS)
    return sorted(found)


def _blanks_of(path: Path) -> Iterator[Blank]:
    text = path.read_text(encoding="utf-8")
    owners = _owners(path, text)
    for line, step, answer in _answers(text, path.name):
        owner = _owner(owners, line)
        if not owner:
            raise ExerciseError(f"solutions/{path.name}, line {line}: an answer must sit in a function.")
        yield Blank(path.name, owner, step, answer)


def _answers(text: str, name: str) -> Iterator[tuple[int, str, str]]:
    """(line of the mark, step, answer) of each answer."""
    begun, step = 0, ""
    answer: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if begin := BEGIN.match(line):
            if begun:
                raise ExerciseError(f"solutions/{name}, line {number}: the answer before is not closed.")
            begun, step, answer = number, begin["step"], []
        elif END.match(line):
            if not begun:
                raise ExerciseError(f"solutions/{name}, line {number}: END SOLUTION without a BEGIN.")
            yield begun, step, "\n".join(answer)
            begun = 0
        elif "### BEGIN" in line or "### END" in line:
            raise ExerciseError(f"solutions/{name}, line {number}: « {line.strip()} » is not a mark.")
        elif begun:
            answer.append(line)
    if begun:
        raise ExerciseError(f"solutions/{name}, line {begun}: this answer is never closed.")


def functions(source: str) -> dict[str, tuple[int, int]]:
    """{"name" or "Class.name": (first line, last line)} of a script, decorators included, outermost first."""
    found = {}

    def visit(nodes, prefix: str) -> None:
        for node in nodes:
            if isinstance(node, ast.ClassDef | ast.FunctionDef):
                first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
                if isinstance(node, ast.ClassDef):
                    visit(node.body, f"{prefix}{node.name}.")
                else:
                    found[prefix + node.name] = first, node.end_lineno or first

    visit(ast.parse(source).body, "")
    return found


def function_texts(source: str) -> dict[str, str]:
    """{"name" or "Class.name": its lines as they are written} of a script. As `functions`."""
    lines = source.splitlines()
    return {owner: "\n".join(lines[first - 1 : last]) for owner, (first, last) in functions(source).items()}


def generated(filled: Collection[str] = ()) -> dict[str, str]:
    """{name: text} of every file of labs/ that comes from solutions/, the steps of `filled` answered."""
    return {path.name: generated_file(path, filled) for path in sources()}


def generated_file(path: Path, filled: Collection[str]) -> str:
    if path.suffix == ".py":
        return (
            f"# Votre exemplaire, écrit d'après solutions/{path.name} par « lab cut ».\n{cut(path, filled)}"
        )
    text = path.read_text(encoding="utf-8")
    return _unsolved_notebook(json.loads(text)) if path.suffix == ".ipynb" else text


def _unsolved_notebook(notebook: dict) -> str:
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell |= {"outputs": [], "execution_count": None}
        if "parameters" in cell["metadata"].get("tags", []):
            source = "".join(cell["source"]).replace('scripts = "solutions"', 'scripts = "labs"')
            cell["source"] = source.splitlines(keepends=True)
    return json.dumps(notebook, ensure_ascii=False, indent=1) + "\n"


def problems() -> list[str]:
    """What is wrong with the exercises as written: nothing undeclared, unasked, empty, left over or leaked."""
    return _badly_declared() or [*leaks(), *differences()]


def _badly_declared() -> list[str]:
    found, declared, answered = [], _declared(), set()
    for blank in blanks():
        place = f"solutions/{blank.path}: the answer of {blank.step} in {blank.owner}"
        answered.add((blank.step, blank.owner))
        if blank.step not in declared:
            found.append(f"solutions/{blank.path}: {blank.step} is not declared in {DECLARED.name}.")
        elif not declared[blank.step].asks.get(blank.owner, "").strip():
            found.append(f"{place} is asked for nowhere in {DECLARED.name}.")
        if not blank.answer.strip():
            found.append(f"{place} is empty.")
    for step in declared.values():
        if len(step.hints) != 3 or not all(hint.strip() for hint in step.hints):
            found.append(f"{step.name}: three hints are needed, none of them empty.")
        for owner in {*step.asks, *step.until}:
            if (step.name, owner) not in answered:
                found.append(f"{step.name}: {owner} is asked for, and answered in no script of solutions/.")
    return found


def leaks() -> list[str]:
    """Answers that can be read in labs/ all the same: a run of four of their lines, or a shorter one whole."""
    texts = {name: _squeezed(text) for name, text in generated().items()}
    found = []
    for blank in blanks():
        lines = [line.strip() for line in blank.answer.splitlines() if line.strip()]
        runs = {"\n".join(lines[at : at + 4]) for at in range(len(lines) - 3)} or {"\n".join(lines)}
        for run in sorted(run for run in runs if len(run) > 40):
            found += [
                f"labs/{name} gives away {blank.step} ({blank.owner}): {run.splitlines()[0]}"
                for name, text in texts.items()
                if run in text
            ]
    return found


def _squeezed(text: str) -> str:
    return "\n".join(line.strip() for line in text.splitlines() if line.strip())


def differences() -> list[str]:
    """Files of labs/ that are not the cut of solutions/."""
    found = []
    for name, text in generated().items():
        path = LABS / name
        if not path.exists():
            found.append(f"labs/{name} is missing: run lab cut.")
        elif path.read_text(encoding="utf-8", errors="replace") != text:
            found.append(f"labs/{name} is not the cut of solutions/{name}: run lab cut.")
    known = {*generated(), "README.md", "NOTES.md", N8N_STEPS.name}
    extra = sorted(path.name for path in LABS.glob("*.*") if path.name not in known)
    return found + [f"labs/{name} comes from no file of solutions/." for name in extra]


def write_labs() -> Path | None:
    """Write labs/ anew. Files that held something else are saved first; gives the folder they were saved in."""
    return replace_files(generated())


def replace_files(texts: dict[str, str], folder: Path | None = None) -> Path | None:
    """Write each file whose content changes, the old ones saved in a folder of their own; its path if any."""
    folder = folder or SAVED / f"{datetime.now():%Y-%m-%d_%H%M%S_%f}"
    for name, text in texts.items():
        path = LABS / name
        if path.exists() and path.read_bytes() != text.encode():
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, folder / name)
        path.parent.mkdir(exist_ok=True)
        temporary = path.with_name(f".{name}.tmp")
        temporary.write_text(text, encoding="utf-8", newline="\n")
        temporary.replace(path)
    return folder if folder.exists() else None
