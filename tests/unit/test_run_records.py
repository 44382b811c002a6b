"""What a headless run leaves: its record, the sentences made of its result, and the head of its notebook."""

import json
import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import nbformat
import pytest
import time_machine

from labkit.base.paths import RUN_ID
from labkit.runs import run_record, run_report
from labkit.runs.result import exit_code_of, failure, last_messages, new_run_id, record_of
from labkit.runs.run_record import RunRecord, days_of

STARTED = datetime(2026, 1, 31, 8, 5, 9, 999999, tzinfo=UTC)
ERROR = {"code": "api_timeout", "message": "L'API n'a pas répondu à temps."}


def record(**more):
    known = {
        "run_id": "20260131T080509-abcdef",
        "name": "06_api_vers_parquet.ipynb",
        "started": "2026-01-31T08:05:09+00:00",
        "seconds": 12.6,
        "parameters": {},
        "status": "success",
        "verdict": "RÉUSSI — tout est là.",
    }
    return RunRecord(**known | more)


@pytest.fixture
def runs(tmp_path, monkeypatch):
    monkeypatch.setattr(run_record, "RUNS", tmp_path / "data" / "runs")
    return tmp_path / "data" / "runs"


# Made of a result


def made(result, **more):
    return record_of("20260131T080509-abcdef", "ingest_api.py", STARTED, {"a": 1}, result, **more)


def test_a_run_is_recorded_with_when_it_began_and_the_seconds_it_took():
    with time_machine.travel(STARTED + timedelta(seconds=12.345), tick=False):
        one = made({"status": "success"})
    assert (one.started, one.seconds) == ("2026-01-31T08:05:09+00:00", 12.3)


def test_a_success_keeps_its_verdict_and_no_error():
    one = made({"status": "success", "error": ERROR}, verdict="2 059 lignes.", stopped_at="ici", notebook="n")
    assert (one.run_id, one.name, one.parameters) == ("20260131T080509-abcdef", "ingest_api.py", {"a": 1})
    assert (one.status, one.verdict, one.error, one.log) == ("success", "2 059 lignes.", None, [])
    assert (one.stopped_at, one.notebook, one.passed) == ("ici", "n", True)


def test_a_failure_s_verdict_is_its_message_and_its_last_words_are_kept():
    one = made({"status": "error", "error": ERROR, "log_excerpt": ["ERROR day failed"]}, verdict="unused")
    assert (one.status, one.verdict, one.error) == ("error", ERROR["message"], ERROR)
    assert (one.log, one.passed) == (["ERROR day failed"], False)


@pytest.mark.parametrize(
    ("result", "verdict"),
    [
        ({}, "RÉUSSI."),
        ({"records_count": 0}, "RÉUSSI — lignes : 0."),
        ({"records_count": 12, "quarantined": 3}, "RÉUSSI — lignes : 12, en quarantaine : 3."),
        ({"rows": 7}, "RÉUSSI — lignes : 7."),
        ({"dates": ["2024-01-01", "2024-01-02"]}, "RÉUSSI — jours : 2."),
    ],
)
def test_a_script_s_success_is_told_by_what_it_counted(result, verdict):
    assert made({"status": "success"} | result).verdict == verdict


def test_the_days_of_a_result_are_told_by_state_without_the_states_of_no_day():
    partitions = {
        "written": ["2024-01-01"],
        "unchanged": [],
        "skipped": ["2024-01-02"],
        "empty": None,
        "x": ["y"],
    }
    failed = {"2024-01-04": {}, "2024-01-03": {}}
    assert days_of({"partitions": partitions, "failed": failed}) == {
        "written": ["2024-01-01"],
        "skipped": ["2024-01-02"],
        "failed": ["2024-01-03", "2024-01-04"],
    }
    assert days_of({"partitions": {"empty": ["a"], "failed": ["b"]}}) == {"empty": ["a"], "failed": ["b"]}
    assert days_of({"partitions": {"unchanged": ["a"]}, "failed": None}) == {"unchanged": ["a"]}
    assert days_of({"partitions": None}) == days_of({}) == {}
    assert made({"status": "success", "partitions": {"written": ["a"]}}).days == {"written": ["a"]}


def test_the_last_five_messages_of_a_log_are_its_last_words(tmp_path):
    lines = [json.dumps({"level": "INFO", "message": f"page {page}"}) for page in range(6)]
    (tmp_path / "log").write_text("\n".join([*lines, "Traceback (most recent call last):"]), encoding="utf-8")
    assert last_messages(tmp_path / "log") == [
        *(f"INFO page {page}" for page in range(2, 6)),
        "Traceback (most recent call last):",
    ]


def test_run_ids_are_names_of_files_that_sort_by_time_whatever_the_zone():
    with time_machine.travel(STARTED.astimezone(ZoneInfo("Asia/Tokyo"))):
        first, second = new_run_id(), new_run_id()
    assert first != second
    assert RUN_ID.fullmatch(first)
    assert first.startswith("20260131T0805")


def test_exit_codes_tell_a_command_badly_written_from_a_run_that_failed():
    assert exit_code_of({"status": "success"}) == 0
    assert exit_code_of(failure("id", "usage", "…")) == 2
    assert exit_code_of(failure("id", "api_timeout", "…")) == 1
    assert failure("id", "c", "m") == {
        "status": "error",
        "run_id": "id",
        "error": {"code": "c", "message": "m"},
    }


# Kept


def test_a_record_written_is_read_again_accents_and_all(runs):
    one = record(parameters={"é": None}, days={"written": ["2024-01-01"]}, log=["é"], error=ERROR)
    one.write()
    assert run_record.read(one.run_id) == one
    assert "é" in (runs / f"{one.run_id}.json").read_text(encoding="utf-8")
    one.write()


@pytest.mark.parametrize("run_id", ["20260131T080509-000000", "../20260131T080509-abcdef", "", "x"])
def test_a_run_that_is_not_known_has_no_record(runs, run_id):
    record().write()
    (runs.parent / "20260131T080509-abcdef.json").write_text(
        (runs / "20260131T080509-abcdef.json").read_text()
    )
    assert run_record.read(run_id) is None


def test_the_last_runs_come_newest_first_without_what_is_no_record(runs):
    assert run_record.last(3) == []
    ids = [f"2026013{day}T080509-abcdef" for day in range(4)]
    for run_id in ids:
        record(run_id=run_id).write()
    (runs / "20260139T080509-abcdef.json").write_text("{")
    (runs / "20260138T080509-abcdef.json").write_text('{"run_id": "x"}')
    (runs / "20260137T080509-abcdef.json").write_text("[1]")
    (runs / "zzz.json").write_text((runs / f"{ids[0]}.json").read_text())
    assert [one.run_id for one in run_record.last(3)] == ids[:0:-1]
    assert [one.run_id for one in run_record.last(9)] == ids[::-1]


# Shown


def test_the_command_that_runs_it_again_has_its_parameters_quoted_for_a_shell():
    one = record(
        parameters={"start_date": "2024-01-01", "page_size": 3, "note": "d'été", "force": True, "x": None}
    )
    assert one.again == (
        "lab run 06_api_vers_parquet.ipynb -p start_date 2024-01-01 -p page_size 3 -p note 'd'\"'\"'été' "
        "-p force true -p x null"
    )
    assert one.moment == "2026-01-31 08:05"


def test_what_to_do_follows_from_the_error_s_code():
    assert run_report.advice(record()).startswith("Rien à faire.")
    for code, said in run_report.NEXT.items():
        assert run_report.advice(record(status="error", error={"code": code})) == said
    for error in ({"code": "unheard_of"}, {}, None):
        assert "relancer ne double rien" in run_report.advice(record(status="error", error=error))


def executed(tmp_path, *cells):
    """A notebook of these cells: a text is Markdown, else the outputs of a code cell."""
    made = [
        nbformat.v4.new_markdown_cell(cell)
        if isinstance(cell, str)
        else nbformat.v4.new_code_cell("x", outputs=cell)
        for cell in cells
    ]
    path = tmp_path / "executed.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=made), path)
    return path


FAILED = [nbformat.v4.new_output("error", ename="E", evalue="v", traceback=[])]


def test_a_report_s_head_says_the_verdict_when_with_what_and_how_to_run_it_again(tmp_path):
    path = executed(tmp_path, "# Un titre", [])
    run_report.annotate(path, record(parameters={"a": 1, "b": "x"}))
    first, *kept, last = [cell.source for cell in nbformat.read(path, as_version=4).cells]
    assert first == (
        "✓ **RÉUSSI — tout est là.**\n\n"
        "- **Quand** : 2026-01-31 08:05 UTC, en 13 s\n"
        "- **Paramètres** : `a` = `1`, `b` = `x`\n"
        f"- **À faire** : {run_report.SUCCESS}\n"
        "- **Relancer** : `lab run 06_api_vers_parquet.ipynb -p a 1 -p b x`"
    )
    assert kept == ["# Un titre", "x"]
    assert last == f"## Et maintenant ?\n\n{run_report.SUCCESS}"


def test_a_failed_run_s_head_says_its_code_and_where_it_stopped_and_papermill_s_banners_go(tmp_path):
    path = executed(tmp_path, "An Exception was encountered", "# Un titre")
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[0].metadata["tags"] = ["papermill-error-cell-tag"]
    nbformat.write(notebook, path)
    failed = record(status="error", verdict=ERROR["message"], error=ERROR, stopped_at="4. Le passage")
    run_report.annotate(path, failed)
    cells = [cell.source for cell in nbformat.read(path, as_version=4).cells]
    assert cells[0].startswith(
        "✗ **ÉCHEC — L'API n'a pas répondu à temps.** (code `api_timeout`)\n\n- **Quand**"
    )
    assert "\n- **Arrêté à** : 4. Le passage\n- **À faire** : L'API était trop lente" in cells[0]
    assert "Paramètres" not in cells[0]
    assert cells[1:-1] == ["# Un titre"]
    assert re.fullmatch(r"## Et maintenant \?\n\nL'API était trop lente : .*", cells[-1])


def test_a_run_stopped_at_the_last_heading_above_the_cell_that_failed(tmp_path):
    cells = ["# Titre", "du texte\n## Un\n### XML, deux", "sans titre", [], FAILED, "## Après", FAILED]
    found = nbformat.read(executed(tmp_path, *cells), as_version=4).cells
    assert run_report.stopped_at(found) == "XML, deux"
    assert run_report.stopped_at(found[:4]) == ""
    assert run_report.stopped_at(found[4:5]) == ""


def test_a_heading_of_papermill_s_own_is_no_heading_of_the_notebook(tmp_path):
    found = nbformat.read(executed(tmp_path, "# Titre", "# An Exception", FAILED), as_version=4).cells
    found[1].metadata["tags"] = ["papermill-error-cell-tag"]
    assert run_report.stopped_at(found) == "Titre"
