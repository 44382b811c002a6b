"""The exercises: solutions/ with its answers cut out makes labs/.

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
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from labkit.exercises.declared import DECLARED, LABS, N8N_STEPS, SOLUTIONS, ExerciseError, exercises

SAVED = LABS / "sauvegardes"
NOT_IN_LABS = {"exercises.toml", "README.md"}
BEGIN = re.compile(r"^(?P<indent> *)### BEGIN SOLUTION (?P<step>\w+\.\d)$")
END = re.compile(r"^ *### END SOLUTION$")
INSTRUCTION = re.compile(r"^ *###[ |](?!BEGIN|END)")
STAND_IN = "###| "


@dataclass(frozen=True)
class Blank:
    """A place where an answer was cut: in the function `owner` of a script, or the cell `owner` of a notebook.

    path: relative to solutions/ and to labs/ alike. answer: the lines between the marks.
    """

    path: str
    owner: str
    step: str
    answer: str


def cut(text: str, filled: Collection[str] = ()) -> str:
    """`text` with the answer of every step replaced by its instruction, those of `filled` kept without marks."""
    lines, state = [], "outside"
    indent, step, first, stands_in = "", "", True, False
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
