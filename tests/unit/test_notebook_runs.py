"""A notebook's run by `lab run`: which of the results it shows is its own, what its log says last, what it refuses."""

import json
import subprocess
import sys
import textwrap

import nbformat
import pytest

from tests.unit.lab_copy import LabCopy
from tests.unit.test_runs_that_die import notebook


@pytest.fixture
def run(tmp_path):
    """run(cells): the result of `lab run mien.ipynb`, its exit code, and the lines of its log."""
    lab = LabCopy(tmp_path / "labo")
    path = lab.root / "notebooks" / "mien.ipynb"
    path.parent.mkdir(parents=True)

    def run(*sources, arguments=()):
        made = nbformat.reads(notebook("a = 1\nscripts = 'solutions'", *sources), as_version=4)
        made.cells.insert(0, nbformat.v4.new_markdown_cell("# Mon titre"))
        nbformat.write(made, path)
        done = lab.lab("run", "mien.ipynb", *arguments)
        result = json.loads(done.stdout)
        logs = [line for log in (lab.root / "data/runs/logs").glob("*.jsonl") for line in log.open("rb")]
        assert done.stdout == json.dumps(result, ensure_ascii=False) + "\n"
        if done.returncode == 0:
            assert done.stderr == ""
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


@pytest.fixture
def record_of(tmp_path):
    """record_of(result): what the run of this result left for who reads it later."""
    return lambda result: json.loads(
        (tmp_path / f"labo/data/runs/{result['run_id']}.json").read_text("utf-8")
    )


def test_a_success_is_recorded_with_the_sentence_that_the_notebook_shows(run, record_of):
    result, _, _ = run(shown(status="success", rows=1))
    record = record_of(result)
    assert (record["verdict"], record["stopped_at"]) == ("RÉUSSI — un verdict", "")
    assert record["notebook"] == result["notebook"] == f"data/runs/{result['run_id']}_mien.ipynb"


def test_a_kernel_still_at_a_message_when_it_is_stopped_prints_nothing_for_the_operator(run):
    slow = """
        import time
        kernel = get_ipython().kernel
        answer = kernel.shell_handlers["kernel_info_request"]
        async def answer_then_wait(*message):
            await answer(*message)
            time.sleep(30)
        kernel.shell_handlers["kernel_info_request"] = answer_then_wait
    """
    result, code, _ = run(textwrap.dedent(slow), shown(status="success"))
    assert (code, result["status"]) == (0, "success")


def test_the_error_that_a_notebook_shows_stops_it_and_is_its_result(run):
    result, code, log = run(
        shown(status="success", rows=1), shown(status="error", error=ERROR), "never = True"
    )
    assert (code, result["error"]) == (1, ERROR)
    assert (log[-1]["level"], log[-1]["message"]) == ("ERROR", "Voici.")
    assert result["log_excerpt"][-1] == "ERROR Voici."


def test_a_notebook_that_stops_after_a_success_has_failed_in_the_cell_that_stopped(run, record_of):
    result, code, _ = run(shown(status="success", rows=1), "raise RuntimeError('arrêt')", "never = True")
    assert (code, result["error"]) == (
        1,
        {"code": "notebook_failed", "type": "RuntimeError", "message": "arrêt", "cell": 3},
    )
    assert "rows" not in result
    assert (record_of(result)["verdict"], record_of(result)["stopped_at"]) == ("arrêt", "Mon titre")


def test_a_parameter_that_the_notebook_has_not_is_named_with_those_it_has(run):
    result, code, log = run(arguments=("-p", "z", "1", "-p", "b", "2", "-p", "a", "3"))
    assert (code, result["error"]["code"], log) == (2, "usage", [])
    assert result["error"]["message"] == "Paramètre inconnu « b » pour mien.ipynb. Connus : a, scripts."


def test_scripts_that_are_not_there_are_a_command_badly_written(run):
    result, code, log = run(arguments=("-p", "scripts", "ailleurs"))
    assert (code, result["error"]["code"], log) == (2, "usage", [])
    assert "« ailleurs »" in result["error"]["message"]


def test_what_papermill_is_kept_from_importing_is_there_for_who_comes_after():
    code = "from labkit.runs.notebook_run import papermill_for_files as it; it(); import boto3, pyarrow"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_a_run_whose_account_cannot_be_written_is_told(tmp_path):
    lab = LabCopy(tmp_path / "labo")
    (lab.root / "solutions").mkdir(parents=True)
    (lab.root / "solutions" / "mien.py").write_text("print('{\"rows\": 7}')")
    (lab.root / "data").mkdir()
    (lab.root / "data" / "runs").write_text("a file where the folder should be")
    done = lab.lab("run", "mien.py")
    error = json.loads(done.stdout)["error"]
    assert (done.returncode, error["code"]) == (1, "io_error")
    assert error["message"].startswith("Impossible d'écrire le compte rendu du passage sous data/runs (")
    assert json.loads(done.stderr) == {"level": "ERROR", "message": error["message"]}


def test_a_timeout_of_no_time_is_a_command_badly_written(tmp_path):
    done = LabCopy(tmp_path).lab("run", "mien.ipynb", "--timeout", "0")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--timeout" in done.stderr
