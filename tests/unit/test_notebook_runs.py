"""A notebook's run by `lab run`: which of the results it shows is its own, what its log says last, what it refuses."""

import json

import nbformat
import pytest

from tests.unit.lab_copy import LabCopy


@pytest.fixture
def run(tmp_path):
    """run(cells): the result of `lab run mien.ipynb`, its exit code, and the lines of its log."""
    lab = LabCopy(tmp_path / "labo")
    path = lab.root / "notebooks" / "mien.ipynb"
    path.parent.mkdir(parents=True)

    def run(*sources, arguments=()):
        first = nbformat.v4.new_code_cell("a = 1\nscripts = 'solutions'", metadata={"tags": ["parameters"]})
        cells = [first, *map(nbformat.v4.new_code_cell, sources)]
        notebook = nbformat.v4.new_notebook(cells=cells)
        notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python", "language": "python"}
        nbformat.write(notebook, path)
        done = lab.lab("run", "mien.ipynb", *arguments)
        result = json.loads(done.stdout)
        logs = [line for log in (lab.root / "data/runs/logs").glob("*.jsonl") for line in log.open("rb")]
        assert done.stdout == json.dumps(result, ensure_ascii=False) + "\n"
        return result, done.returncode, [json.loads(line) for line in logs]

    return run


def shown(**result):
    return f"from labkit.notebooks.session import show_result\nshow_result({result!r}, 'un verdict')"


ERROR = {"code": "mien", "message": "Voici."}


def test_of_several_results_the_last_one_is_the_notebook_s(run):
    result, code, log = run(shown(status="success", rows=1), shown(status="success", rows=2))
    assert (code, result["status"], result["rows"]) == (0, "success", 2)
    assert "log_excerpt" not in result
    assert (log[-1]["level"], log[-1]["message"], log[-1]["notebook"]) == (
        "INFO",
        "run succeeded",
        "mien.ipynb",
    )
    assert log[-1]["run_id"] == result["run_id"]


def test_a_success_is_recorded_with_the_sentence_that_the_notebook_shows(run, tmp_path):
    result, _, _ = run(shown(status="success", rows=1))
    record = json.loads((tmp_path / f"labo/data/runs/{result['run_id']}.json").read_text("utf-8"))
    assert (record["verdict"], record["notebook"]) == ("RÉUSSI — un verdict", result["notebook"])
    assert record["notebook"] == f"data/runs/{result['run_id']}_mien.ipynb"


def test_the_error_that_a_notebook_shows_stops_it_and_is_its_result(run):
    result, code, log = run(
        shown(status="success", rows=1), shown(status="error", error=ERROR), "never = True"
    )
    assert (code, result["error"]) == (1, ERROR)
    assert (log[-1]["level"], log[-1]["message"]) == ("ERROR", "Voici.")
    assert result["log_excerpt"][-1] == "ERROR Voici."


def test_a_notebook_that_stops_after_a_success_has_failed_in_the_cell_that_stopped(run):
    result, code, _ = run(shown(status="success", rows=1), "raise RuntimeError('arrêt')", "never = True")
    assert (code, result["error"]) == (
        1,
        {"code": "notebook_failed", "type": "RuntimeError", "message": "arrêt", "cell": 3},
    )
    assert "rows" not in result


def test_a_parameter_that_the_notebook_has_not_is_named_with_those_it_has(run):
    result, code, log = run(arguments=("-p", "z", "1", "-p", "b", "2", "-p", "a", "3"))
    assert (code, result["error"]["code"], log) == (2, "usage", [])
    assert result["error"]["message"] == "Paramètre inconnu « b » pour mien.ipynb. Connus : a, scripts."


def test_scripts_that_are_not_there_are_a_command_badly_written(run):
    result, code, log = run(arguments=("-p", "scripts", "ailleurs"))
    assert (code, result["error"]["code"], log) == (2, "usage", [])
    assert "« ailleurs »" in result["error"]["message"]
