"""What n8n, a notebook and a person may count on, whichever of the three runs: arguments, keys, exit codes, files."""

import io
import json
import os
import signal
import subprocess
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pyarrow.parquet as pq
import pytest

from tests.ingestion.toy_api import toy_api

JANUARY = ("2024-01-01", "2024-01-03")
KEYS = {
    "status",
    "records_count",
    "output_file",
    "output_files",
    "ingestion_date",
    "quarantined",
    "watermark",
    "partitions",
}
BUSINESS = ("id", "event_time", "updated_at", "user_id", "type", "amount", "currency", "country", "payload")


def partition(subject, day):
    return pq.ParquetFile(io.BytesIO(subject.place.read(subject.file(day)))).read()


def rows(subject, day):
    return partition(subject, day).select(BUSINESS).to_pylist()


def written_files(subject):
    names = [name for name in subject.place.names("bronze") if name.endswith(".parquet")]
    return {name: (subject.place.read(name), subject.place.changed_at(name)) for name in names}


# The result


def test_a_success_is_one_json_object_with_the_keys_of_the_course(stored):
    run = stored.ingest(*JANUARY)
    assert (run.code, len(run.stdout.splitlines())) == (0, 1)
    assert run.result.keys() >= KEYS
    assert (run.result["status"], run.result["records_count"], run.result["quarantined"]) == (
        "success",
        2983,
        14,
    )
    assert (
        run.result["output_file"]
        == run.result["output_files"][0]
        == stored.place.at(stored.file("2024-01-01"))
    )
    assert run.result["partitions"]["written"] == ["2024-01-01", "2024-01-02", "2024-01-03"]


def test_the_ingestion_date_is_now_in_utc(subject):
    said = datetime.fromisoformat(subject.ingest("2024-01-01", "2024-01-01").result["ingestion_date"])
    assert said.utcoffset() == timedelta(0)
    assert abs(datetime.now(UTC) - said) < timedelta(minutes=2)


def test_logs_are_json_lines_on_stderr(subject):
    subject.switch("faults", kind="503", next=1)
    lines = [json.loads(line) for line in subject.ingest("2024-01-01", "2024-01-01").stderr.splitlines()]
    assert lines
    assert all({"level", "message", "time"} <= line.keys() for line in lines)


def test_the_result_is_readable_whatever_the_terminal_speaks(subject):
    run = subject.ingest("2024-01-02", "2024-01-01", PYTHONIOENCODING="ascii", LC_ALL="C")
    assert (run.code, run.result["error"]["code"]) == (2, "usage")


# The arguments


@pytest.mark.parametrize("day", ["2024-02-30", "20240105", "2024-W01-1", "2024-1-5", "hier"])
def test_what_is_not_a_day_is_wrong_usage_and_named(subject, day):
    run = subject.ingest(day, "2024-03-01")
    assert (run.code, run.result["status"], run.result["error"]["code"]) == (2, "error", "usage")
    assert day in run.result["error"]["message"]
    assert not subject.bronze.exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["--start-date", "2024-01-01"],
        ["--start-date", "2024-01-02", "--end-date", "2024-01-01"],
        ["--start-date", "2024-01-01", "--end-date", "2024-01-01", "--page-size", "0"],
        ["--start-date", "2024-01-01", "--end-date", "2024-01-01", "--mode", "autre"],
        ["--start-date", "2024-01-01", "--end-date", "2024-01-01", "--since", "2024-01-01T00:00:00Z"],
        ["--watermark", "updated_at", "--since", "2024-01-01T00:00:00"],
        ["--watermark", "updated_at", "--since", "2024-01-01T00:00:00Z", "--mode", "backfill"],
        ["--colour", "red"],
    ],
)
def test_a_command_badly_written_is_one_sentence_and_exit_2(subject, arguments):
    run = subject.run("ingest_api.py", *arguments, *subject.places)
    assert (run.code, run.result["error"]["code"]) == (2, "usage")
    assert "Traceback" not in run.stderr


def test_the_page_size_is_the_one_asked_for(subject):
    subject.ingest("2024-01-01", "2024-01-01", "--page-size", "500")
    assert subject.switch("counters", "GET")["requests"] == 2


# The files


def test_one_file_a_day_with_typed_columns_and_the_metadata(stored):
    stored.ingest(*JANUARY)
    table = partition(stored, "2024-01-02")
    assert sorted(written_files(stored)) == [stored.file(f"2024-01-0{day}") for day in (1, 2, 3)]
    kinds = {
        name: str(table.schema.field(name).type) for name in ("id", "user_id", "event_time", "_ingested_at")
    }
    instant = "timestamp[us, tz=UTC]"
    assert kinds == {"id": "int64", "user_id": "int64", "event_time": instant, "_ingested_at": instant}
    assert {str(day) for day in table["_partition_date"].to_pylist()} == {"2024-01-02"}
    assert set(table["_source"].to_pylist()) == {"/api/events"}


def test_a_row_belongs_to_the_utc_day_of_its_own_event(subject):
    subject.ingest(*JANUARY)
    for day in ("2024-01-01", "2024-01-02", "2024-01-03"):
        assert {str(row["event_time"].astimezone(UTC).date()) for row in rows(subject, day)} == {day}


def test_running_twice_touches_no_file(stored):
    stored.ingest(*JANUARY)
    before = written_files(stored)
    again = stored.ingest(*JANUARY)
    assert again.result["partitions"]["unchanged"] == ["2024-01-01", "2024-01-02", "2024-01-03"]
    assert (written_files(stored), again.result["output_files"]) == (before, [])


def test_an_id_comes_once_in_its_latest_version(subject):
    subject.switch("clock", "PUT", now="2024-01-02T00:00:00Z")
    subject.ingest("2024-01-01", "2024-01-01")
    subject.switch("clock", "PUT", now="2024-01-10T00:00:00Z")
    subject.ingest("2024-01-01", "2024-01-01")
    ids = [row["id"] for row in rows(subject, "2024-01-01")]
    assert len(ids) == len(set(ids))
    assert max(row["updated_at"] for row in rows(subject, "2024-01-01")) > datetime(2024, 1, 2, tzinfo=UTC)


def test_a_day_without_rows_leaves_no_file(subject):
    run = subject.ingest("2024-05-01", "2024-05-01")
    assert (run.code, run.result["records_count"], run.result["partitions"]["empty"]) == (
        0,
        0,
        ["2024-05-01"],
    )
    assert (run.result["output_file"], written_files(subject)) == (None, {})


def test_refused_rows_are_kept_as_received_with_their_reason(stored):
    stored.ingest("2024-01-01", "2024-01-01")
    (name,) = (name for name in stored.place.names("quarantine/events") if name.endswith(".jsonl"))
    kept = [json.loads(line) for line in stored.place.read(name).decode().splitlines()]
    assert sorted((entry["reason"], entry["field"]) for entry in kept) == [
        ("unreadable_event_time", "event_time"),
        ("unreadable_event_time", "event_time"),
        ("wrong_type", "amount"),
        ("wrong_type", "amount"),
    ]
    assert {"31/02/2024"} == {entry["raw"]["event_time"] for entry in kept if entry["field"] == "event_time"}


NOON = "2024-01-05T12:00:00Z"
DAMAGED = {
    "NaN": '"amount": NaN',
    "infinity": '"amount": -Infinity',
    "a number in text": '"amount": "1.5"',
    "a list where an object is": '"payload": []',
    "a yes where a number is": '"user_id": true',
    "half a number": '"user_id": 1.5',
    "an integer too large": f'"user_id": {2**63}',
    "an integer that a float cannot hold": f'"amount": {2**53 + 1}',
    "an instant without its zone": '"updated_at": "2024-01-05T12:00:00"',
    "an instant of no calendar": '"updated_at": "9999-12-31T23:59:59-23:59"',
    "half an emoji": '"type": "\\ud83d"',
}


def refused(subject, row):
    """What waits in quarantine after a day of a sound row and of this one."""
    body = f'{{"data": [{row}, {{"id": 1, "event_time": "{NOON}"}}], "next_cursor": null, "has_more": false}}'
    with toy_api(lambda query: (200, {}, body.encode())) as url:
        engine_only = ("--max-quarantine-ratio", "1") if subject.name == "ingestion" else ()
        run = replace(subject, url=url).ingest("2024-01-05", "2024-01-05", *engine_only)
    assert (run.code, run.result["records_count"], run.result["quarantined"]) == (0, 1, 1)
    assert [row["id"] for row in rows(subject, "2024-01-05")] == [1]
    kept = json.loads(subject.place.read("quarantine/events/2024-01-05.jsonl"))
    return kept["reason"], kept["field"]


@pytest.mark.parametrize("field", DAMAGED.values(), ids=DAMAGED)
def test_a_value_that_its_column_would_damage_is_refused_with_its_row_alone(subject, field):
    row = f'{{"id": 2, "event_time": "{NOON}", {field}}}'
    assert refused(subject, row) == ("wrong_type", field.split('"')[1])


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (f'{{"id": "x", "event_time": "{NOON}"}}', ("wrong_type", "id")),
        (f'{{"event_time": "{NOON}"}}', ("missing_id", "id")),
        ('{"id": 2}', ("unreadable_event_time", "event_time")),
        ('{"id": 2, "event_time": 5}', ("unreadable_event_time", "event_time")),
        ("[2]", ("not_an_object", "")),
    ],
)
def test_a_row_that_cannot_be_placed_is_refused_with_its_reason(subject, row, reason):
    assert refused(subject, row) == reason


def test_posts_are_read_by_page_as_one_days_picture(subject):
    run = subject.ingest("2024-01-01", "2024-01-01", "--resource", "posts", "--page-size", "30")
    assert (run.result["records_count"], subject.switch("counters", "GET")["requests"]) == (100, 4)


# The API in trouble


@pytest.mark.parametrize(
    ("kind", "code", "requests"),
    [
        ("404", "not_found", 1),
        ("401", "unauthorized", 1),
        ("429", "rate_limited", 3),
        ("503", "server_error", 3),
        ("html", "invalid_json", 3),
        ("invalid_json", "invalid_json", 3),
        ("list", "unexpected_shape", 1),
    ],
)
def test_a_lasting_fault_fails_with_its_code_and_no_more_requests_than_it_deserves(
    subject, kind, code, requests
):
    subject.switch("faults", kind=kind, rate=1)
    run = subject.ingest("2024-01-01", "2024-01-01")
    assert (run.code, run.result["status"], run.result["error"]["code"]) == (1, "error", code)
    assert run.result["failed"] == {"2024-01-01": run.result["error"]}
    assert (subject.switch("counters", "GET")["requests"], written_files(subject)) == (requests, {})
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize("kind", ["429", "503", "cut_body", "invalid_json"])
def test_a_passing_fault_loses_nothing(subject, kind):
    subject.switch("faults", kind=kind, next=2)
    run = subject.ingest("2024-01-01", "2024-01-01")
    assert (run.code, run.result["records_count"]) == (0, 961)


def test_retry_after_is_waited_for(subject):
    subject.switch("faults", kind="429", next=1, retry_after=2)
    start = time.monotonic()
    assert subject.ingest("2024-01-01", "2024-01-01").code == 0
    assert time.monotonic() - start >= 2


def test_an_api_that_is_down_is_told_and_the_files_stay(stored):
    stored.ingest("2024-01-01", "2024-01-01")
    before = written_files(stored)
    run = stored.ingest("2024-01-01", "2024-01-01", "--base-url", "http://127.0.0.1:9")
    assert (run.code, run.result["error"]["code"], written_files(stored)) == (1, "api_unreachable", before)


def spoil(subject, day):
    """Leave in this day's place a file that no Parquet reader can read."""
    subject.place.write(subject.file(day), b"PAR1 spoilt")


def test_one_day_that_fails_is_named_and_the_others_are_written(stored):
    spoil(stored, "2024-01-02")
    run = stored.ingest(*JANUARY)
    assert (run.code, list(run.result["failed"])) == (1, ["2024-01-02"])
    assert run.result["partitions"]["written"] == ["2024-01-01", "2024-01-03"]
    assert run.result["error"] == run.result["failed"]["2024-01-02"]


def test_a_row_inserted_while_reading_doubles_nothing(subject):
    subject.switch("inserts", count=10, date="2024-01-01", after_requests=1)
    subject.ingest("2024-01-01", "2024-01-01", "--page-size", "200")
    ids = [row["id"] for row in rows(subject, "2024-01-01")]
    assert (len(ids), len(set(ids))) == (971, 971)


def test_a_folder_that_cannot_be_written_is_one_sentence(subject):
    subject.bronze.write_text("a file where the folder should be")
    run = subject.ingest("2024-01-01", "2024-01-01")
    assert (run.code, run.result["error"]["code"]) == (1, "output_not_writable")
    assert "Traceback" not in run.stderr


def test_the_engine_goes_on_with_what_a_script_of_the_course_has_written(subject):
    subject.ingest("2024-01-01", "2024-01-01")
    engine = replace(subject, name="ingestion")
    again = engine.ingest("2024-01-01", "2024-01-01")
    assert (again.code, again.result["partitions"]["unchanged"]) == (0, ["2024-01-01"])
    waiting = engine.run("quarantine.py", "list", "--quarantine-dir", subject.folder / "quarantine")
    assert (waiting.code, waiting.result["quarantined"]) == (0, 4)


# Backfill, and the increment


def test_a_backfill_skips_complete_days_without_a_request(stored):
    stored.ingest("2024-01-02", "2024-01-02")
    run = stored.ingest(*JANUARY, "--mode", "backfill")
    assert run.result["partitions"]["skipped"] == ["2024-01-02"]
    stored.switch("reset")
    again = stored.ingest(*JANUARY, "--mode", "backfill")
    assert again.result["partitions"]["skipped"] == ["2024-01-01", "2024-01-02", "2024-01-03"]
    assert stored.switch("counters", "GET")["requests"] == 0


def test_a_folder_or_a_half_written_file_is_not_a_day_done(subject):
    subject.place.write("bronze/partition_date=2024-01-01/.data.parquet.tmp", b"half")
    run = subject.ingest("2024-01-01", "2024-01-01", "--mode", "backfill")
    assert (run.result["partitions"]["written"], len(rows(subject, "2024-01-01"))) == (["2024-01-01"], 961)


def days_written(subject):
    return [name for name in subject.place.names("bronze") if name.endswith("/data.parquet")]


def test_a_kill_leaves_whole_files_and_a_second_run_finishes(stored):
    period = ("--start-date", "2024-01-01", "--end-date", "2024-01-31", "--mode", "backfill")
    command = stored.command("ingest_api.py", *period, *stored.places, "--page-size", "1000")
    process = subprocess.Popen(
        command, cwd=stored.folder, env=stored.environment(), stderr=subprocess.DEVNULL
    )
    while len(days_written(stored)) < 3 and process.poll() is None:
        time.sleep(0.002)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    left = [io.BytesIO(stored.place.read(name)) for name in days_written(stored)]
    assert all(pq.ParquetFile(content).metadata.num_rows > 800 for content in left)
    run = stored.run("ingest_api.py", *period, *stored.places, "--page-size", "1000")
    assert (run.code, len(written_files(stored))) == (0, 31)


def test_an_increment_brings_every_day_up_to_date(stored):
    stored.switch("clock", "PUT", now="2024-01-04T00:00:00Z")
    first = ("--watermark", "updated_at", "--start-date", "2024-01-01")
    mark = stored.run("ingest_api.py", *first, *stored.places).result["watermark"]
    assert mark == "2024-01-03T23:58:54Z"
    stored.switch("clock", "PUT", now="2024-01-06T00:00:00Z")
    run = stored.run("ingest_api.py", "--watermark", "updated_at", "--since", mark, *stored.places)
    assert (run.code, run.result["watermark"] > mark) == (0, True)
    ids = {day: {row["id"] for row in rows(stored, day)} for day in ("2024-01-03", "2024-01-05")}
    stored.ingest("2024-01-01", "2024-01-05", "--output-dir", stored.folder / "whole")
    for day, found in ids.items():
        table = pq.ParquetFile(stored.folder / "whole" / f"partition_date={day}" / "data.parquet").read()
        assert set(table["id"].to_pylist()) <= found


def test_a_failed_increment_keeps_the_watermark_it_was_given(stored):
    stored.switch("clock", "PUT", now="2024-01-06T00:00:00Z")
    spoil(stored, "2024-01-03")
    since = "2024-01-03T00:00:00Z"
    run = stored.run("ingest_api.py", "--watermark", "updated_at", "--since", since, *stored.places)
    assert (run.code, run.result["error"]["code"]) == (1, "unreadable_partition")
    assert run.result.get("watermark", since) == since


# generate_dates.py and validate_data.py


def test_dates_are_all_the_days_both_ends_included(subject):
    run = subject.run("generate_dates.py", "--start-date", "2024-02-28", "--end-date", "2024-03-01")
    assert (run.code, run.result["dates"]) == (0, ["2024-02-28", "2024-02-29", "2024-03-01"])


@pytest.mark.parametrize("period", [("2024-01-02", "2024-01-01"), ("2024-W01-1", "2024-01-09"), ("", "")])
def test_a_period_badly_written_is_wrong_usage(subject, period):
    run = subject.run("generate_dates.py", "--start-date", period[0], "--end-date", period[1])
    assert (run.code, run.result["status"], run.result["error"]["code"]) == (2, "error", "usage")


RULES = {
    "unique_columns": ["id"],
    "value_ranges": {"amount": [0, 500]},
    "not_null_columns": ["id"],
    "min_rows": 500,
}


def validated(subject, rules, source):
    path = subject.folder / "rules.json"
    path.write_text(rules if isinstance(rules, str) else json.dumps(rules), encoding="utf-8")
    return subject.run("validate_data.py", "--input-file", source, "--rules-file", path)


def test_a_good_file_passes(stored):
    stored.ingest("2024-01-01", "2024-01-01")
    run = validated(stored, RULES, stored.place.at(stored.file("2024-01-01")))
    assert (run.code, run.result["status"], run.result["validation"]) == (0, "success", "passed")
    assert (run.result["rows"], run.result["errors"]) == (961, [])
    assert {"id", "_ingested_at"} <= set(run.result["columns"])


def test_a_rule_that_fails_tells_its_code_its_count_and_sample_rows(subject):
    subject.ingest("2024-01-01", "2024-01-01")
    run = validated(
        subject,
        {"value_ranges": {"amount": [0, 490]}, "min_rows": 5000},
        subject.place.at(subject.file("2024-01-01")),
    )
    assert (run.code, run.result["status"], run.result["validation"]) == (1, "error", "failed")
    too_high, too_few = run.result["errors"]
    assert (too_high["code"], too_high["column"], too_few["code"]) == (
        "out_of_range",
        "amount",
        "too_few_rows",
    )
    assert too_high["failed"] >= len(too_high["samples"]) > 0
    assert all(sample["value"] > 490 for sample in too_high["samples"])


def test_the_three_count_the_same_rows_as_wrong(subject):
    subject.ingest("2024-01-01", "2024-01-01")
    path = subject.place.at(subject.file("2024-01-01"))
    table = pq.ParquetFile(path).read()
    pq.write_table(table.slice(0, 3).take([0, 0, 1, 2]), path)
    run = validated(subject, {"unique_columns": ["id"], "required_columns": ["absent"]}, path)
    counts = {error["code"]: error["failed"] for error in run.result["errors"]}
    assert counts == {"missing_column": 4, "duplicate_values": 2}


def test_a_folder_is_validated_as_a_whole(stored):
    stored.ingest(*JANUARY)
    run = validated(stored, RULES, stored.place.at("bronze"))
    assert (run.code, run.result["rows"], len(run.result["files"])) == (0, 2983, 3)


def test_an_unreadable_file_fails_the_validation(subject):
    (subject.folder / "cut.parquet").write_bytes(b"PAR1 cut")
    run = validated(subject, RULES, subject.folder / "cut.parquet")
    assert (run.code, run.result["validation"], run.result["errors"][0]["code"]) == (
        1,
        "failed",
        "unreadable_file",
    )


@pytest.mark.parametrize(
    "rules",
    ["{", "[]", '{"not_null_column": ["id"]}', '{"min_rows": "10"}', '{"value_ranges": {"amount": [5]}}'],
)
def test_rules_badly_written_are_wrong_usage(subject, rules):
    subject.ingest("2024-01-01", "2024-01-01")
    run = validated(subject, rules, subject.place.at(subject.file("2024-01-01")))
    assert (run.code, run.result["error"]["code"]) == (2, "usage")


def test_an_input_that_is_not_there_is_wrong_usage(subject):
    run = subject.run("validate_data.py", "--input-file", "nowhere")
    assert (run.code, run.result["error"]["code"]) == (2, "usage")
