"""backfill.py and generate_dates.py, by their command lines."""

import os
import signal
import subprocess
import sys
import time

import pytest

WEEK = ("--start-date", "2024-01-01", "--end-date", "2024-01-07")


def test_both_ends_of_the_range_are_generated(engine):
    run = engine("dates", "--start-date", "2024-02-28", "--end-date", "2024-03-01")
    assert (run.code, run.result["dates"]) == (0, ["2024-02-28", "2024-02-29", "2024-03-01"])


def test_a_range_the_wrong_way_round_is_refused(engine):
    run = engine("dates", "--start-date", "2024-03-01", "--end-date", "2024-02-28")
    assert (run.code, run.result["error"]["code"]) == (2, "usage")


def test_the_days_that_a_folder_lacks_are_told(engine):
    engine.ingest("--start-date", "2024-01-02", "--end-date", "2024-01-03")
    run = engine(
        "dates", "--start-date", "2024-01-01", "--end-date", "2024-01-04", "--missing-in", "data/bronze"
    )
    assert (run.code, run.result["dates"]) == (0, ["2024-01-01", "2024-01-04"])


def test_only_missing_days_are_ingested(engine):
    engine.ingest("--start-date", "2024-01-02", "--end-date", "2024-01-03")
    partitions = engine("backfill", *WEEK).result["partitions"]
    assert partitions["skipped"] == ["2024-01-02", "2024-01-03"]
    assert len(partitions["written"]) == 5


def test_a_second_backfill_asks_the_api_nothing(engine):
    engine("backfill", *WEEK)
    before = engine.switch("counters", "GET")["requests"]
    run = engine("backfill", *WEEK)
    assert (run.code, len(run.result["partitions"]["skipped"])) == (0, 7)
    assert engine.switch("counters", "GET")["requests"] == before


def test_with_force_days_already_there_are_read_again(engine):
    engine("backfill", *WEEK)
    run = engine("backfill", *WEEK, "--force")
    assert len(run.result["partitions"]["written"]) == 7


def test_a_half_written_day_is_not_taken_for_a_finished_one(engine):
    folder = engine.folder / "data/bronze/partition_date=2024-01-01"
    folder.mkdir(parents=True)
    (folder / ".data.parquet.tmp").write_bytes(b"half")
    run = engine("backfill", "--start-date", "2024-01-01", "--end-date", "2024-01-01")
    assert run.result["partitions"]["written"] == ["2024-01-01"]
    assert [path.name for path in folder.iterdir()] == ["data.parquet"]


def test_a_day_that_fails_is_named_and_does_not_stop_the_others(engine):
    engine.switch("faults", kind="changed_schema", next=10)
    run = engine("backfill", *WEEK, "--workers", "1", "--page-size", "1000")
    assert run.code == 1
    assert run.result["failed"]
    assert len(run.result["failed"]) + len(run.result["partitions"]["written"]) == 7


def test_a_day_after_the_clock_leaves_no_file(engine):
    run = engine("backfill", "--start-date", "2024-04-05", "--end-date", "2024-04-05")
    assert run.result["partitions"]["empty"] == ["2024-04-05"]
    assert not list(engine.folder.glob("data/bronze/*/data.parquet"))


def test_an_unknown_argument_is_refused_even_with_nothing_to_do(engine):
    engine("backfill", "--start-date", "2024-01-01", "--end-date", "2024-01-01")
    run = engine("backfill", "--start-date", "2024-01-01", "--end-date", "2024-01-01", "--werkers", "2")
    assert (run.code, run.result["error"]["code"]) == (2, "usage")


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is POSIX")
def test_a_killed_backfill_resumes_where_it_was(engine):
    arguments = ("--start-date", "2024-01-01", "--end-date", "2024-01-30")
    process = subprocess.Popen(
        engine.command("backfill", *arguments),
        cwd=engine.folder,
        env=engine.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while len(done := list(engine.folder.glob("data/bronze/*/data.parquet"))) < 3:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    partitions = engine("backfill", *arguments).result["partitions"]
    assert len(partitions["skipped"]) >= len(done)
    assert len(partitions["skipped"]) + len(partitions["written"]) == 30


def test_nothing_heavy_is_imported_when_all_days_are_there(engine):
    engine("backfill", "--start-date", "2024-01-01", "--end-date", "2024-01-01")
    code = (
        "import sys; from ingestion.__main__ import main; main(['backfill', *sys.argv[1:]]); "
        "print({'pyarrow', 'pandas', 'requests'} & set(sys.modules))"
    )
    arguments = ("--start-date", "2024-01-01", "--end-date", "2024-01-01")
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=engine.folder,
        capture_output=True,
        encoding="utf-8",
    )
    assert done.stdout.splitlines()[-1] == "set()", done.stderr
