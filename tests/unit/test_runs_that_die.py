"""Whatever kills a run, `lab run` says it: one JSON line with a code, the cause in a sentence and the run's id."""

import base64
import json
import os
import sys

import nbformat
import pytest

from tests.notebooks.workspace import workspace

KILL = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
posix = pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    with workspace(tmp_path_factory.mktemp("lab") / "labo") as made:
        yield made


def notebook(*sources, kernel="python3"):
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    made.metadata.kernelspec = {"name": kernel, "display_name": kernel, "language": "python"}
    if made.cells:
        made.cells[0].metadata.tags = ["parameters"]
    return nbformat.writes(made)


def error_of(lab, name, content, *arguments, **environment):
    """The error of `lab run`, all of its promise held."""
    folder = lab.root / ("solutions" if name.endswith(".py") else "notebooks")
    (folder / name).write_text(content, encoding="utf-8")
    done = lab.run("-m", "labkit.cli", "run", name, *arguments, **environment)
    assert "Traceback" not in done.stderr
    (line,) = done.stdout.splitlines()
    said = json.loads(line)
    assert said["status"] == "error" and said["run_id"]
    assert said["error"]["message"].endswith((".", "?"))
    assert done.returncode == (2 if said["error"]["code"] == "usage" else 1)
    return said["error"] | {"exit": done.returncode}


@pytest.mark.parametrize(
    ("content", "code", "cause"),
    [
        pytest.param(notebook(KILL), "kernel_died", "la mémoire a-t-elle manqué", marks=posix),
        (notebook("raise MemoryError"), "out_of_memory", "La mémoire a manqué"),
        (notebook("import sys", "sys.exit(3)"), "exited", "code 3"),
        (notebook("while True: print('x' * 1000)"), "flood", "plus de 50 Mo de texte"),
        (notebook("1", kernel="julia"), "no_kernel", "« julia »"),
        (notebook(), "no_result", "aucun résultat"),
        ("", "bad_notebook", "il est vide"),
        ("<<<<<<< HEAD\n" + notebook("1"), "bad_notebook", "fusion"),
        ("[]", "bad_notebook", "pas celui d'un notebook"),
        ('{"nbformat": 4', "bad_notebook", "pas celui d'un notebook"),
    ],
    ids=["killed", "memory", "exit 3", "flood", "kernelspec", "no cell", "empty", "merge", "list", "cut"],
)
def test_a_notebook_that_dies_is_told(lab, content, code, cause):
    error = error_of(lab, "mourant.ipynb", content)
    assert error["code"] == code and error["exit"] == 1
    assert cause in error["message"]


@pytest.mark.parametrize("program", ["/nowhere/python", sys.executable], ids=["missing", "dies at once"])
def test_a_kernel_that_does_not_start_is_told(lab, tmp_path, program):
    spec = tmp_path / "kernels" / "broken" / "kernel.json"
    spec.parent.mkdir(parents=True)
    spec.write_text(
        json.dumps(
            {"argv": [program, "-c", "raise SystemExit(1)"], "display_name": "x", "language": "python"}
        )
    )
    error = error_of(lab, "mourant.ipynb", notebook("1", kernel="broken"), JUPYTER_PATH=str(tmp_path))
    assert error["code"] == "kernel_died"


def test_a_timeout_shorter_than_the_kernels_start_is_told(lab):
    error = error_of(lab, "mourant.ipynb", notebook("import time; time.sleep(30)"), "--timeout", "0.1")
    assert error["code"] == "timeout"


@pytest.mark.parametrize(
    "value",
    ["x\0y", "x\ud800y", json.loads("[" * 500 + "]" * 500), ["2024-01-01"], {"a": 1}],
    ids=["NUL", "lone surrogate", "500 levels", "list", "object"],
)
@pytest.mark.parametrize("name", ["mourant.ipynb", "mourant.py"])
def test_a_parameter_that_no_run_can_take_is_told(lab, name, value):
    encoded = base64.b64encode(json.dumps({"a": value}).encode()).decode()
    content = notebook("a = 1") if name.endswith(".ipynb") else ""
    error = error_of(lab, name, content, "-b", encoded)
    assert error["code"] == "usage" and error["exit"] == 2
    assert error["message"].startswith("a ")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        pytest.param(KILL, "kernel_died", marks=posix),
        ("raise SystemExit(3)", "no_result"),
        ("1 / 0", "no_result"),
        ("print('[' * 5000); raise SystemExit(1)", "no_result"),
        ("while True: print('x' * 1000)", "flood"),
        ("import sys\nwhile True: sys.stderr.write('x' * 1000)", "flood"),
    ],
    ids=["killed", "exit 3", "exception", "nested", "flood", "flood of stderr"],
)
def test_a_script_that_dies_is_told(lab, content, code):
    path = lab.root / "solutions" / "mourant.py"
    path.write_text(content, encoding="utf-8")
    done = lab.run("-m", "labkit.cli", "run", "mourant.py")
    (line,) = done.stdout.splitlines()
    said = json.loads(line)
    assert (said["error"]["code"], done.returncode) == (code, 1)
    assert (lab.root / "data" / "runs" / f"{said['run_id']}.json").is_file()


@posix
def test_a_script_killed_under_a_notebook_is_told_by_its_name(lab):
    (lab.root / "solutions" / "mourant.py").write_text(KILL, encoding="utf-8")
    run = "from labkit.notebooks.session import *\nstop_unless_success(run_script('solutions', 'mourant.py'))"
    error = error_of(lab, "mourant.ipynb", notebook(run))
    assert error["code"] == "killed"
    assert "mourant.py a été tué" in error["message"]
