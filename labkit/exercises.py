"""The exercises: solutions/ with its answers cut out makes labs/; the answers go back in one step at a time.

An answer sits in one function of a script, or in one cell of a notebook, between two marks. The lines right
after the first mark, with the same three signs, are the instruction that takes its place:

    ### BEGIN SOLUTION tp21.2
    ### À vous : rendez le nom du fichier de ce jour.
    return f"{PREFIX}{day.isoformat()}/{FILE_NAME}"
    ### END SOLUTION

An instruction line that begins with `###|` is code: it stands in the answer's place, so that the script runs until
the answer is written. Without one, the place raises NotImplementedError with the step's name.
"""

import ast
import json
import re
import shutil
import textwrap
import tomllib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

from labkit.paths import ROOT

SOLUTIONS = ROOT / "solutions"
LABS = ROOT / "labs"
SAVED = LABS / "sauvegardes"
DECLARED = SOLUTIONS / "exercises.toml"
NOT_IN_LABS = {"exercises.toml", "README.md", "airflow_dag.py"}
BEGIN = re.compile(r"^(?P<indent> *)### BEGIN SOLUTION (?P<step>\w+\.\d)$")
END = re.compile(r"^ *### END SOLUTION$")
INSTRUCTION = re.compile(r"^ *###[ |](?!BEGIN|END)")
STAND_IN = "###| "


class ExerciseError(Exception):
    """Something is wrong with an exercise, said in one sentence."""


@dataclass(frozen=True)
class Step:
    """One step. name: "tp21.2"; course: where the day explains it; hints: from a question to all but the answer.

    n8n: for a step done in n8n's editor, not in a file, the checkpoint that is its reference.
    further: beyond the core, nothing later depends on it.
    """

    name: str
    title: str
    minutes: int
    course: str
    hints: tuple[str, ...]
    n8n: str = ""
    further: bool = False

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


@dataclass(frozen=True)
class Blank:
    """A place where an answer was cut: in the function `owner` of a script, or the cell `owner` of a notebook.

    path: relative to solutions/ and to labs/ alike. answer: the lines between the marks.
    """

    path: str
    owner: str
    step: str
    answer: str


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


def cut(text: str, filled: Collection[str] = ()) -> str:
    """`text` with the answer of every step replaced by its instruction, those of `filled` kept without marks."""
    lines, state = [], "outside"
    for line in text.splitlines():
        if begin := BEGIN.match(line):
            indent, step = begin["indent"], begin["step"]
            state = "kept" if step in filled else "instruction"
            first, stands_in = True, False
        elif END.match(line):
            if state != "kept" and not stands_in:
                lines.append(f'{indent}raise NotImplementedError("{step}")')
            state = "outside"
        elif state == "kept":
            if not INSTRUCTION.match(line):
                lines.append(line)
        elif state == "instruction" and line.strip().startswith(STAND_IN):
            lines.append(indent + line.strip().removeprefix(STAND_IN))
            stands_in = True
        elif state == "instruction" and INSTRUCTION.match(line):
            said = line.strip().removeprefix("### ")
            lines.append(f"{indent}# {said.replace('À vous :', f'À vous ({step}) :') if first else said}")
            first = False
        elif state == "outside":
            lines.append(line)
    return "\n".join(lines) + "\n"


def blanks() -> list[Blank]:
    """Every answer of solutions/. ExerciseError if a mark is not closed, or stands outside a function."""
    return [blank for path in sources() for blank in _blanks_of(path)]


def sources() -> list[Path]:
    """The files of solutions/ that labs/ has too."""
    found = (path for path in SOLUTIONS.iterdir() if path.is_file() and path.name not in NOT_IN_LABS)
    return sorted(found)


def _blanks_of(path: Path) -> Iterator[Blank]:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        for cell in json.loads(text)["cells"]:
            for _, step, answer in _answers("".join(cell["source"]), path.name):
                yield Blank(path.name, cell["id"], step, answer)
    elif path.suffix == ".py":
        try:
            owners = functions(text)
        except SyntaxError as error:
            raise ExerciseError(f"solutions/{path.name}, line {error.lineno}: {error.msg}.") from None
        for line, step, answer in _answers(text, path.name):
            holding = [name for name, (first, last) in owners.items() if first <= line <= last]
            if not holding:
                raise ExerciseError(f"solutions/{path.name}, line {line}: an answer must sit in a function.")
            yield Blank(path.name, holding[-1], step, answer)


def _answers(text: str, name: str) -> Iterator[tuple[int, str, str]]:
    """(line of the mark, step, answer) of each answer."""
    begun = None
    for number, line in enumerate(text.splitlines(), start=1):
        if begin := BEGIN.match(line):
            if begun:
                raise ExerciseError(f"solutions/{name}, line {number}: the answer before is not closed.")
            begun, step, answer = number, begin["step"], []
        elif END.match(line):
            if not begun:
                raise ExerciseError(f"solutions/{name}, line {number}: END SOLUTION without a BEGIN.")
            yield begun, step, "\n".join(answer)
            begun = None
        elif "### BEGIN" in line or "### END" in line:
            raise ExerciseError(f"solutions/{name}, line {number}: « {line.strip()} » is not a mark.")
        elif begun and not INSTRUCTION.match(line):
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
                    found[prefix + node.name] = first, node.end_lineno

    visit(ast.parse(source).body, "")
    return found


def function_texts(source: str) -> dict[str, str]:
    """{"name" or "Class.name": its lines as they are written} of a script. As `functions`."""
    lines = source.splitlines()
    return {owner: "\n".join(lines[first - 1 : last]) for owner, (first, last) in functions(source).items()}


def generated(filled: Collection[str] = ()) -> dict[str, str]:
    """{name: text} of every file of labs/ that comes from solutions/, the steps of `filled` answered."""
    return {path.name: _generated(path, filled) for path in sources()}


def _generated(path: Path, filled: Collection[str]) -> str:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        return (
            f"# Votre exemplaire, écrit d'après solutions/{path.name} par « lab cut ».\n{cut(text, filled)}"
        )
    if path.suffix == ".ipynb":
        return _unsolved_notebook(json.loads(text), filled)
    return text


def _unsolved_notebook(notebook: dict, filled: Collection[str]) -> str:
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell |= {"outputs": [], "execution_count": None}
        if "parameters" in cell["metadata"].get("tags", []):
            cell["source"] = "".join(cell["source"]).replace('scripts = "solutions"', 'scripts = "labs"')
        source = cut("".join(cell["source"]), filled).removesuffix("\n")
        cell["source"] = source.splitlines(keepends=True)
    return json.dumps(notebook, ensure_ascii=False, indent=1) + "\n"


def problems() -> list[str]:
    """What is wrong with the exercises as written: nothing undeclared, empty, left over or leaked."""
    found = []
    declared = {step.name: step for exercise in exercises().values() for step in exercise.steps}
    for blank in blanks():
        if blank.step not in declared:
            found.append(f"solutions/{blank.path}: {blank.step} is not declared in {DECLARED.name}.")
        if not blank.answer.strip():
            found.append(f"solutions/{blank.path}: the answer of {blank.step} in {blank.owner} is empty.")
    for step in declared.values():
        if len(step.hints) != 3 or not all(hint.strip() for hint in step.hints):
            found.append(f"{step.name}: three hints are needed, none of them empty.")
    return found + leaks() + differences()


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
    known = {*generated(), "README.md", "NOTES.md"}
    extra = sorted(path.name for path in LABS.glob("*.*") if path.name not in known)
    return found + [f"labs/{name} comes from no file of solutions/." for name in extra]


def write_labs() -> Path | None:
    """Write labs/ anew. Files that held something else are saved first; gives the folder they were saved in."""
    return _replace(generated())


def start_over(name: str) -> tuple[list[str], Path | None]:
    """Cut the steps of the exercise `name` again in the trainee's files; the rest of each file stays.

    Gives the files changed, and where the old ones were saved. The notebook of the exercise is written anew.
    """
    exercise = find_exercise(name)
    changed, saved = _put_in({step.name for step in exercise.steps}, filled=())
    notebook = {exercise.notebook: _generated(SOLUTIONS / exercise.notebook, filled=())}
    return [*changed, exercise.notebook], _replace(notebook, saved)


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
    return changed, _replace({path: texts[path] for path in changed})


def _caught_up(path: str, owners: list[str], filled: Collection[str]) -> str:
    fresh = _generated(SOLUTIONS / path, filled)
    current = _current(path)
    if current is None:
        return fresh
    if path.endswith(".ipynb"):
        return _with_cells(current, fresh, owners)
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


def _with_cells(text: str, fresh: str, ids: list[str]) -> str:
    try:
        notebook = json.loads(text)
    except ValueError:
        return fresh
    sources = {cell["id"]: cell["source"] for cell in json.loads(fresh)["cells"]}
    for cell in notebook["cells"]:
        if cell.get("id") in ids:
            cell["source"] = sources[cell["id"]]
    return json.dumps(notebook, ensure_ascii=False, indent=1) + "\n"


def _replace(texts: dict[str, str], folder: Path | None = None) -> Path | None:
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
    """The function, or the cell, of `blank`; empty if it is gone; all of a script that does not parse."""
    if blank.path.endswith(".ipynb"):
        try:
            cells = {cell.get("id"): cell for cell in json.loads(text)["cells"]}
        except (ValueError, KeyError):
            return text
        return "".join(cells[blank.owner]["source"]) if blank.owner in cells else ""
    try:
        return textwrap.dedent(function_texts(text).get(blank.owner, ""))
    except (SyntaxError, ValueError):
        return text
