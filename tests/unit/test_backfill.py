"""backfill.py and generate_dates.py, by their command lines."""

import os
import signal
import subprocess
import sys
import time

import pytest

WEEK = ("--start-date", "2024-01-01", "--end-date", "2024-01-07")


def test_both_ends_of_the_range_are_generated(scripts):
    run = scripts("generate_dates.py", "--start-date", "2024-02-28", "--end-date", "2024-03-01")
    assert (run.code, run.result["dates"]) == (0, ["2024-02-28", "2024-02-29", "2024-03-01"])


def test_a_range_the_wrong_way_round_is_refused(scripts):
    run = scripts("generate_dates.py", "--start-date", "2024-03-01", "--end-date", "2024-02-28")
    assert (run.code, run.result["error"]["code"]) == (2, "usage")


def test_only_missing_days_are_ingested(scripts):
    scripts.ingest("--start-date", "2024-01-02", "--end-date", "2024-01-03")
    partitions = scripts("backfill.py", *WEEK).result["partitions"]
    assert partitions["skipped"] == ["2024-01-02", "2024-01-03"]
    assert len(partitions["written"]) == 5


def test_a_second_backfill_asks_the_api_nothing(scripts):
    scripts("backfill.py", *WEEK)
    before = scripts.switch("counters", "GET")["requests"]
    run = scripts("backfill.py", *WEEK)
    assert (run.code, len(run.result["partitions"]["skipped"])) == (0, 7)
    assert scripts.switch("counters", "GET")["requests"] == before


def test_with_force_days_already_there_are_read_again(scripts):
    scripts("backfill.py", *WEEK)
    run = scripts("backfill.py", *WEEK, "--force")
    assert len(run.result["partitions"]["written"]) == 7


def test_a_half_written_day_is_not_taken_for_a_finished_one(scripts):
    folder = scripts.folder / "data/bronze/partition_date=2024-01-01"
    folder.mkdir(parents=True)
    (folder / ".data.parquet.tmp").write_bytes(b"half")
    run = scripts("backfill.py", "--start-date", "2024-01-01", "--end-date", "2024-01-01")
    assert run.result["partitions"]["written"] == ["2024-01-01"]
    assert [path.name for path in folder.iterdir()] == ["data.parquet"]


def test_a_day_that_fails_is_named_and_does_not_stop_the_others(scripts):
    scripts.switch("faults", kind="changed_schema", next=10)
    run = scripts("backfill.py", *WEEK, "--workers", "1", "--page-size", "1000")
    assert run.code == 1
    assert run.result["failed"]
    assert len(run.result["failed"]) + len(run.result["partitions"]["written"]) == 7


def test_a_day_after_the_clock_leaves_no_file(scripts):
    run = scripts("backfill.py", "--start-date", "2024-04-05", "--end-date", "2024-04-05")
    assert run.result["partitions"]["empty"] == ["2024-04-05"]
    assert not list(scripts.folder.glob("data/bronze/*/data.parquet"))


def test_an_unknown_argument_is_refused_even_with_nothing_to_do(scripts):
    scripts("backfill.py", "--start-date", "2024-01-01", "--end-date", "2024-01-01")
    run = scripts("backfill.py", "--start-date", "2024-01-01", "--end-date", "2024-01-01", "--werkers", "2")
    assert (run.code, run.result["error"]["code"]) == (2, "usage")


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is POSIX")
def test_a_killed_backfill_resumes_where_it_was(scripts):
    arguments = ("--start-date", "2024-01-01", "--end-date", "2024-01-30")
    process = subprocess.Popen(
        scripts.command("backfill.py", *arguments),
        cwd=scripts.folder,
        env=scripts.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while len(done := list(scripts.folder.glob("data/bronze/*/data.parquet"))) < 3:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    partitions = scripts("backfill.py", *arguments).result["partitions"]
    assert len(partitions["skipped"]) >= len(done)
    assert len(partitions["skipped"]) + len(partitions["written"]) == 30


def test_nothing_heavy_is_imported_when_all_days_are_there(scripts):
    scripts("backfill.py", "--start-date", "2024-01-01", "--end-date", "2024-01-01")
    code = (
        "import sys; sys.argv[0] = 'backfill.py'; sys.path.insert(0, sys.argv.pop(1)); import backfill; "
        "backfill.main(); print({'pyarrow', 'pandas', 'requests'} & set(sys.modules))"
    )
    folder = scripts.command("backfill.py")[1].removesuffix("/backfill.py")
    arguments = ("--start-date", "2024-01-01", "--end-date", "2024-01-01")
    done = subprocess.run(
        [sys.executable, "-c", code, folder, *arguments],
        cwd=scripts.folder,
        capture_output=True,
        encoding="utf-8",
    )
    assert done.stdout.splitlines()[-1] == "set()", done.stderr
