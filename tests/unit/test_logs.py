"""`lab logs`: what a run said is kept, and read as a person would, broken lines included."""

import json

import pytest

from labkit.runs.log_reader import new_lines, read_entry, selected
from tests.unit.lab_copy import NOWHERE, make_copy

UNREACHABLE = ("-p", "base_url", NOWHERE)
ONE_DAY = ("-p", "start_date", "2024-01-02", "-p", "end_date", "2024-01-02")
LINES = [
    {
        "level": "INFO",
        "message": "page read",
        "time": "2026-01-31T08:00:00+00:00",
        "run_id": "a",
        "rows": 100,
    },
    {"level": "WARNING", "message": "retrying", "time": "2026-01-31T08:00:01+00:00", "run_id": "a"},
    {"level": "ERROR", "message": "day failed", "time": "2026-01-31T08:00:02+00:00", "run_id": "a"},
]


@pytest.fixture
def lab(tmp_path):
    return make_copy(tmp_path, "solutions")


@pytest.fixture
def night(lab):
    """A lab whose last two runs left logs: the first said all three LINES, the second a broken line."""
    logs = lab.root / "data/runs/logs"
    logs.mkdir(parents=True)
    text = "".join(json.dumps(line) + "\n" for line in LINES)
    (logs / "20260131T080000-aaaaaa.jsonl").write_text(text)
    (logs / "20260131T090000-bbbbbb.jsonl").write_text(
        '{"level": "INFO", "mess\nTraceback (most recent call last):\n'
    )
    return lab


def test_a_script_s_run_is_shown_as_it_goes_and_kept_for_later(lab):
    done = lab.lab("run", "ingest_api.py", *ONE_DAY, *UNREACHABLE, LAB_MAX_WAIT="0.01")
    assert done.returncode == 1
    assert len(done.stdout.splitlines()) == 1
    assert '"message": "attempt 1 failed: ' in done.stderr
    read = lab.lab("logs", "--level", "warning").stdout
    assert "WARNING  attempt 1 failed: " in read
    assert "ERROR    2024-01-02 failed" in read


def test_a_notebook_s_run_keeps_what_its_scripts_said_and_how_it_ended(tmp_path):
    lab = make_copy(tmp_path, "solutions", "notebooks")
    done = lab.lab("run", "08_backfill.ipynb", "-p", "base_url", NOWHERE, *ONE_DAY)
    result = json.loads(done.stdout)
    read = lab.lab("logs", "--run", result["run_id"][:17]).stdout
    assert "notebook=08_backfill.ipynb" in read.splitlines()[-1]
    assert result["error"]["message"] in read


def test_without_a_name_the_last_run_is_read_broken_lines_and_all(night):
    assert [line.strip() for line in night.lab("logs").stdout.splitlines()] == [
        '{"level": "INFO", "mess',
        "Traceback (most recent call last):",
    ]


def test_a_run_is_named_by_the_beginning_of_its_identifier(night):
    done = night.lab("logs", "--run", "20260131T08", "-n", "1", TZ="UTC")
    assert done.stdout == "08:00:02  ERROR    day failed\n"
    assert "data/runs/logs/20260131T080000-aaaaaa.jsonl" in done.stderr


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("2026", "« 2026 » : plusieurs passages commencent ainsi."),
        ("x", "« x » : aucun passage ne commence ainsi."),
    ],
)
def test_a_name_that_fits_no_run_or_several_is_told_with_those_there_are(night, named, said):
    done = night.lab("logs", "--run", named)
    assert done.returncode == 1
    assert said in done.stderr
    assert "20260131T090000-bbbbbb" in done.stderr


def test_before_any_run_one_sentence_says_what_to_do(lab):
    done = lab.lab("logs")
    assert (done.returncode, done.stdout) == (1, "")
    assert "lancez-en un (lab run" in done.stderr


@pytest.mark.parametrize(
    ("line", "level", "message"),
    [
        ('{"level": "WARNING", "message": "retrying", "wait_s": 2}', "WARNING", "retrying"),
        ("[W 2026-01-31 09:00:00.123 ServerApp] 404 GET /x", "WARNING", "404 GET /x"),
        ("INFO:     Started server process [1]", "INFO", "Started server process [1]"),
        ("2026-01-31T09:00:00.123Z | error | Workflow failed", "ERROR", "Workflow failed"),
        ("  File x.py, line 3", "", "  File x.py, line 3"),
        ('"a string is JSON too"', "", '"a string is JSON too"'),
    ],
)
def test_each_program_s_way_of_writing_a_line_is_understood(line, level, message):
    entry = read_entry(line)
    assert (entry.level, entry.message) == (level, message)


def test_a_traceback_goes_with_the_error_it_follows():
    lines = ["INFO: fine", "  a detail", "ERROR: broken", "Traceback", "INFO: fine again"]
    assert [entry.message for entry in selected(map(read_entry, lines), "ERROR", None)] == [
        "broken",
        "Traceback",
    ]


def test_following_waits_for_whole_lines_and_survives_a_file_that_begins_anew(tmp_path):
    path = tmp_path / "api.log"
    path.write_text("before\nhalf\nnot yet who")
    lines = new_lines(path, position=len("before\n"))
    assert next(lines) == "half"
    path.write_text("before\nhalf\nnot yet whole\n")
    assert next(lines) == "not yet whole"
    path.write_text("anew\n")
    assert next(lines) == "anew"
