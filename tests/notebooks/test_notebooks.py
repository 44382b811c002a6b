"""The notebooks of the day: what they show is fit to be read, headless runs say how they went."""

import base64
import json
import re

import pytest

from tests.notebooks.workspace import NOTEBOOKS, REPOSITORY


def run_headless(lab, notebook, **parameters):
    encoded = base64.b64encode(json.dumps(parameters).encode()).decode()
    done = lab.run("-m", "labkit.cli", "run", notebook, "-b", encoded)
    assert len(done.stdout.splitlines()) == 1, done.stderr
    return done.returncode, json.loads(done.stdout)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_stored_outputs_are_fit_to_be_read(name):
    assert unfit(json.loads((REPOSITORY / name).read_text(encoding="utf-8"))) == []


def unfit(notebook):
    """What a reader of the stored notebook should not meet."""
    found = []
    for cell in notebook["cells"]:
        if cell["cell_type"] != "code":
            continue
        text = json.dumps(cell["outputs"], ensure_ascii=False)
        problems = {
            "not executed": cell["execution_count"] is None,
            "an error": any(output["output_type"] == "error" for output in cell["outputs"]),
            "a warning": "Warning" in text,
            "an absolute path": bool(re.search(r"/(home|tmp|root|Users|work|var)/|[A-Z]:\\\\", text)),
            "over 100 kB": len(text) > 100_000,
        }
        found += [f"{cell['id']}: {problem}" for problem, there in problems.items() if there]
    return found


@pytest.mark.parametrize(
    ("problem", "change"),
    [
        ("not executed", {"execution_count": None}),
        ("an error", {"outputs": [{"output_type": "error", "ename": "KeyError"}]}),
        ("a warning", {"outputs": [{"output_type": "stream", "text": "FutureWarning: soon"}]}),
        ("an absolute path", {"outputs": [{"output_type": "stream", "text": "/home/someone/lab"}]}),
        ("over 100 kB", {"outputs": [{"output_type": "stream", "text": "x" * 100_001}]}),
    ],
)
def test_an_unfit_output_is_seen(problem, change):
    cell = {"id": "a", "cell_type": "code", "execution_count": 1, "outputs": []} | change
    assert unfit({"cells": [cell]}) == [f"a: {problem}"]


def test_a_headless_run_prints_one_json_line_and_keeps_the_executed_notebook(lab):
    code, result = run_headless(lab, "notebooks/06_api_vers_parquet.ipynb", end_date="2024-01-02")
    assert (code, result["status"], result["records_count"]) == (0, "success", 2059)
    assert (lab.root / result["notebook"]).is_file()
    assert len(list(lab.root.glob("data/bronze/events/partition_date=*/data.parquet"))) == 2


def first_and_last_cell(lab, result):
    cells = json.loads((lab.root / result["notebook"]).read_text(encoding="utf-8"))["cells"]
    return "".join(cells[0]["source"]), "".join(cells[-1]["source"])


def test_a_run_report_opens_with_its_verdict_and_ends_with_what_to_do(lab):
    _, success = run_headless(lab, "06_api_vers_parquet.ipynb", end_date="2024-01-01")
    verdict, after = first_and_last_cell(lab, success)
    assert verdict.startswith("✓ **RÉUSSI — ")
    assert "Rien à faire." in after
    (lab.root / "rules.json").write_text('{"min_rows": 5000}')
    _, failure = run_headless(lab, "07_controle_qualite.ipynb", rules_file="rules.json")
    verdict, after = first_and_last_cell(lab, failure)
    assert verdict.startswith("✗ **ÉCHEC — 1 contrôle(s) en échec")
    assert "revalidez" in after


def test_plain_papermill_runs_the_same_notebook(lab):
    executed = str(lab.root / "executed.ipynb")
    notebook = "notebooks/06_api_vers_parquet.ipynb"
    done = lab.run(
        "-m", "papermill", notebook, executed, "-p", "end_date", "2024-01-01", "--cwd", str(lab.root)
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert (lab.root / "data/bronze/events/partition_date=2024-01-01/data.parquet").is_file()


def test_an_unknown_parameter_is_refused_by_name(lab):
    code, result = run_headless(lab, "08_backfill.ipynb", colour="red")
    assert (code, result["error"]["code"]) == (2, "usage")
    assert "colour" in result["error"]["message"]


def test_an_api_that_is_down_is_told_with_its_code_and_exit_1(lab):
    code, result = run_headless(
        lab, "06_api_vers_parquet.ipynb", base_url="http://127.0.0.1:9", max_wait=0.01
    )
    assert (code, result["error"]["code"]) == (1, "api_unreachable")
    assert "host='127.0.0.1', port=9" in result["error"]["message"]
    head, _ = first_and_last_cell(lab, result)
    for said in (
        "**Arrêté à** : 4. Le passage, en vrai",
        "**À faire** : L'API ne répondait pas",
        "`lab run 06_api_vers",
    ):
        assert said in head
    report = (lab.root / result["notebook"]).read_text(encoding="utf-8")
    assert "Exception was encountered" not in report, "papermill's own English is left out"


def test_rows_that_break_the_rules_fail_the_validation_notebook(lab):
    run_headless(lab, "06_api_vers_parquet.ipynb", end_date="2024-01-01")
    rules = {"min_rows": 5000}
    (lab.root / "rules.json").write_text(json.dumps(rules))
    code, result = run_headless(lab, "07_controle_qualite.ipynb", rules_file="rules.json")
    assert (code, result["validation"], result["error"]["code"]) == (1, "failed", "validation_failed")
    assert result["errors"][0]["code"] == "too_few_rows"


def test_an_unreadable_file_fails_the_validation_notebook_by_its_verdict(lab):
    (lab.root / "broken.parquet").write_bytes(b"PAR1 broken")
    code, result = run_headless(lab, "07_controle_qualite.ipynb", input_file="broken.parquet")
    assert (code, result["validation"], result["errors"][0]["code"]) == (1, "failed", "unreadable_file")


@pytest.mark.parametrize("scripts", ["../outside", "tests", "$(touch pwned)"])
def test_scripts_outside_the_three_are_refused(lab, scripts):
    code, result = run_headless(lab, "06_api_vers_parquet.ipynb", scripts=scripts)
    assert (code, result["error"]["code"]) == (2, "usage")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("output-dir", "/tmp/x", "n'est pas un nom de paramètre"),
        ("--output-dir", "/tmp/x", "n'est pas un nom de paramètre"),
        ("output_d", "/tmp/x", "est hors de data/"),
        ("output_dir", "data/../labs", "est hors de data/"),
        ("output_dir", "data/\x00", "contient un caractère interdit"),
    ],
)
def test_a_folder_outside_data_is_refused_to_a_script_however_it_is_written(lab, name, value, said):
    period = {"start_date": "2024-01-01", "end_date": "2024-01-01"}
    code, result = run_headless(lab, "ingest_api.py", **period, **{name: value})
    assert (code, result["error"]["code"]) == (2, "usage")
    assert said in result["error"]["message"]


def test_the_lab_s_secrets_are_no_rules_file(lab):
    (lab.root / "data" / "state").mkdir(parents=True)
    (lab.root / "data" / "state" / "secrets.json").write_text('{"n8n_password": "caché"}')
    code, result = run_headless(lab, "07_controle_qualite.ipynb", rules_file="data/state/secrets.json")
    assert (code, "data/state/" in result["error"]["message"]) == (2, True)
    assert "caché" not in str(result)


def test_a_notebook_outside_the_lab_is_refused(lab):
    code, result = run_headless(lab, "../../etc/passwd")
    assert (code, result["error"]["code"]) == (2, "usage")


@pytest.mark.parametrize("scripts", ["solutions", "ingestion"])
def test_the_run_notebooks_run_the_scripts_and_the_engine_alike(lab, scripts):
    code, result = run_headless(lab, "06_api_vers_parquet.ipynb", end_date="2024-01-02", scripts=scripts)
    assert (code, result["records_count"]) == (0, 2059)
    code, result = run_headless(lab, "07_controle_qualite.ipynb", scripts=scripts)
    assert (code, result["rows"]) == (0, 2059)
    code, result = run_headless(lab, "08_backfill.ipynb", end_date="2024-01-03", scripts=scripts)
    assert (code, result["partitions"]["skipped"]) == (0, ["2024-01-01", "2024-01-02"])


def test_an_empty_day_is_a_run_like_another(lab):
    empty = {"start_date": "2024-05-01", "end_date": "2024-05-01"}
    code, result = run_headless(lab, "06_api_vers_parquet.ipynb", **empty)
    assert (code, result["records_count"], result["partitions"]["empty"]) == (0, 0, ["2024-05-01"])


def test_a_script_runs_headless_with_the_same_parameters(lab):
    code, result = run_headless(lab, "generate_dates.py", start_date="2024-02-28", end_date="2024-03-01")
    assert (code, result["dates"]) == (0, ["2024-02-28", "2024-02-29", "2024-03-01"])


def test_secrets_of_the_caller_do_not_reach_the_notebook(lab):
    spy = {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "id": "spy"}
    spy["source"] = (
        "import os\nfrom labkit.notebooks.session import show_result\n"
        "show_result({'status': 'success', 'seen': sorted(n for n in os.environ if 'ENCRYPTION' in n)}, 'vu')"
    )
    notebook = json.loads((lab.root / "notebooks/08_backfill.ipynb").read_text(encoding="utf-8"))
    notebook["cells"] = [spy]
    (lab.root / "notebooks/spy.ipynb").write_text(json.dumps(notebook))
    done = lab.run("-m", "labkit.cli", "run", "spy.ipynb", N8N_ENCRYPTION_KEY="secret")
    assert json.loads(done.stdout)["seen"] == []
