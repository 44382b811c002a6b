"""A script's run by `lab run`: what it prints passes, what it says of itself is kept, its exit code is honest."""

import json
import os

import pytest

from tests.unit.lab_copy import LabCopy


@pytest.fixture
def run(tmp_path):
    """run(source): what `lab run mien.py`, or other words, did, and the record that it left, if any."""
    lab = LabCopy(tmp_path / "labo")
    script = lab.root / "solutions" / "mien.py"
    script.parent.mkdir(parents=True)

    def run(source, words=("mien.py",)):
        script.write_text(source, encoding="utf-8")
        done = lab.lab("run", *words)
        assert "Traceback" not in done.stdout
        records = sorted((lab.root / "data" / "runs").glob("*.json"))
        return done, json.loads(records[-1].read_text("utf-8")) if records else None

    return run


@pytest.mark.parametrize(
    "printed",
    ['{"status": "success", "rows": 7}', 'je commence\\n{"rows": 7}', '{\\n  "rows": 7\\n}'],
    ids=["one line", "its last line", "several lines"],
)
def test_the_object_that_a_script_printed_passes_as_it_was_printed_and_is_its_result(run, printed):
    done, record = run(f"print('''{printed}''')")
    assert (done.returncode, done.stdout) == (0, printed.replace("\\n", "\n") + "\n")
    assert (record["name"], record["status"], record["verdict"]) == (
        "mien.py",
        "success",
        "RÉUSSI — lignes : 7.",
    )
    assert (record["error"], record["log"]) == (None, [])


def test_the_error_that_a_script_printed_passes_and_is_recorded_with_the_end_of_its_log(run):
    error = {"code": "mien", "message": "Voici."}
    printed = json.dumps({"status": "error", "error": error})
    done, record = run(f"import sys\nprint('une panne', file=sys.stderr)\nprint('{printed}')\nsys.exit(1)")
    assert (done.returncode, done.stdout, done.stderr) == (1, printed + "\n", "une panne\n")
    assert (record["status"], record["error"], record["log"]) == ("error", error, ["une panne"])


def test_a_command_badly_written_is_no_run_to_be_kept(run):
    printed = json.dumps({"status": "error", "error": {"code": "usage", "message": "Non."}})
    done, record = run(f"print('{printed}')\nraise SystemExit(2)")
    assert (done.returncode, done.stdout, record) == (2, printed + "\n", None)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["autre.py"], "autre.py"),
        (["mien.py", "-p", "scripts", "ailleurs"], "« ailleurs »"),
    ],
)
def test_a_script_that_is_not_there_is_a_command_badly_written(run, words, said):
    done, record = run("print('{\"rows\": 7}')", words=words)
    error = json.loads(done.stdout)["error"]
    assert (done.returncode, error["code"], record) == (2, "usage", None)
    assert said in error["message"]


@pytest.mark.parametrize("printed", ["", "[1]", "{", '{"rows": 7}\\nfini', '"texte"'])
def test_a_script_that_ends_well_without_its_object_has_not_succeeded(run, printed):
    done, record = run(f"print('''{printed}''')")
    said = json.loads(done.stdout)
    assert (done.returncode, said["status"], said["error"]["code"]) == (1, "error", "no_result")
    assert said["error"]["message"].startswith("Le script est sorti avec 0 sans imprimer un objet JSON")
    assert (record["run_id"], record["error"]) == (said["run_id"], said["error"])


def test_what_a_script_printed_instead_of_its_object_is_shown_with_its_log(run):
    done, _ = run("print('bonjour')")
    assert "bonjour" in done.stderr


def test_a_script_that_fails_with_an_object_that_tells_no_error_is_told_to_have_printed_none(run):
    done, record = run("print('{\"rows\": 7}')\nraise SystemExit(3)")
    assert (done.returncode, record["error"]["code"]) == (1, "no_result")


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("number", [1, 9])
def test_a_script_killed_by_a_signal_is_told(run, number):
    done, record = run(f"import os\nos.kill(os.getpid(), {number})")
    assert (done.returncode, record["error"]["code"]) == (1, "kernel_died")
    assert json.loads(done.stdout)["error"] == record["error"]


def test_words_and_parameters_become_the_script_s_arguments(run):
    source = "import json, sys\nprint(json.dumps({'arguments': sys.argv[1:]}))"
    done, record = run(source, ["mien.py", "-p", "page_size", "5", "list", "-p", "resource", "posts"])
    assert json.loads(done.stdout)["arguments"] == ["list", "--page-size", "5", "--resource", "posts"]
    assert record["parameters"] == {"scripts": "solutions", "page_size": 5, "resource": "posts"}


def test_long_lines_of_a_script_s_log_are_shown_whole(run):
    done, _ = run("import sys\nprint('x' * 200_000, file=sys.stderr)\nprint('{\"rows\": 7}')")
    assert done.stderr == "x" * 200_000 + "\n"


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_a_run_that_is_stopped_is_told_stopped_whatever_its_script_had_printed(run):
    stop = "os.kill(os.getppid(), signal.SIGTERM)"
    done, record = run(
        f"import os, signal, time\nprint('{{\"rows\": 7}}', flush=True)\n{stop}\ntime.sleep(60)"
    )
    assert (done.returncode, json.loads(done.stdout)["error"]["code"]) == (1, "stopped")
    assert record["error"]["code"] == "stopped"
