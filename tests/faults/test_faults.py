"""The real engine, killed, out of room, locked out, and with a clock that jumps: nothing half done, nothing lost."""

import contextlib
import shutil
import subprocess

import pyarrow.parquet as pq
import pytest

from tests.faults.soak import soak
from tests.faults.trials import content, run_trials

ONE_DAY = ("--start-date", "2024-01-05", "--end-date", "2024-01-05")
MONTH = ("--start-date", "2024-01-01", "--end-date", "2024-01-31")


@pytest.mark.parametrize("first", range(0, 30, 10))
def test_killed_runs_leave_whole_days_and_finish_as_a_quiet_run(first):
    trials = run_trials(range(first, first + 10))
    assert sum(trial.was_killed for trial in trials) >= 5


def test_increments_in_trouble_say_so_and_end_with_what_a_quiet_reading_gives():
    seen = soak(0, iter(range(10)))
    assert (seen.runs.total(), seen.comparisons) == (10, 1)
    assert len(seen.runs) > 3


@pytest.fixture
def small_disk(tmp_path):
    """A file system of its own, of 400 kB; a test may mount it again read-only."""
    folder = tmp_path / "small"
    folder.mkdir()
    if not shutil.which("mount") or not mount("-t", "tmpfs", "-o", "size=400k", "tmpfs", folder):
        pytest.skip("a small file system cannot be mounted here: it takes root's rights")
    yield folder
    subprocess.run(["umount", folder], check=True)


def mount(*arguments):
    return subprocess.run(["mount", *arguments], capture_output=True).returncode == 0


def test_a_disk_that_fills_keeps_the_days_already_written_whole(engine, small_disk):
    run = engine.ingest(*MONTH, "--output-dir", small_disk, "--workers", "2")
    assert (run.code, run.result["error"]["code"]) == (1, "disk_full")
    days = content(small_disk)
    assert 0 < len(days) < 31
    assert not list(small_disk.rglob("*.tmp"))


def test_a_disk_that_filled_is_completed_once_there_is_room(engine, small_disk):
    engine.ingest(*MONTH, "--output-dir", small_disk, "--workers", "2")
    assert mount("-o", "remount,size=20m", small_disk)
    assert engine("backfill", *MONTH, "--output-dir", small_disk).code == 0
    engine.ingest(*MONTH, "--output-dir", "quiet")
    quiet = content(engine.folder / "quiet")
    assert all(rows.equals(quiet[day]) for day, rows in content(small_disk).items())
    assert len(content(small_disk)) == 31


def test_a_full_disk_for_the_quarantine_publishes_nothing(engine, small_disk):
    with contextlib.suppress(OSError):
        (small_disk / "ballast").write_bytes(b"x" * 500_000)
    run = engine.ingest(*ONE_DAY, "--quarantine-dir", small_disk / "q")
    assert run.result["error"]["code"] == "disk_full"
    assert not list(engine.folder.glob("data/bronze/*/data.parquet"))


def test_a_read_only_folder_is_named_and_keeps_its_day(engine, small_disk):
    engine.ingest(*ONE_DAY, "--output-dir", small_disk)
    assert mount("-o", "remount,ro", small_disk)
    run = engine.ingest(*ONE_DAY, "--force", "--output-dir", small_disk)
    assert (run.code, run.result["error"]["code"]) == (1, "output_not_writable")
    assert len(content(small_disk)) == 1


JUMPING_CLOCK = """
import itertools, threading, time, time_machine
hours = itertools.cycle([0, -30, 400, -1000])
def jump():
    while True:
        traveller = time_machine.travel(time.time() + 3600 * next(hours), tick=True)
        traveller.start(); time.sleep(0.03); traveller.stop()
threading.Thread(target=jump, daemon=True).start()
"""


@pytest.mark.parametrize("arguments", [ONE_DAY, ("--watermark", "updated_at", "--start-date", "2024-03-30")])
def test_a_machine_clock_that_jumps_changes_no_row_and_no_watermark(engine, arguments):
    (engine.folder / "sitecustomize.py").write_text(JUMPING_CLOCK)
    engine.switch("faults", kind="429", rate=0.2, retry_after=0, retry_after_form="date")
    patient = (*arguments, "--max-attempts", "20")
    jumped = engine.ingest(*patient, "--output-dir", "a", "--state-dir", "a-s", PYTHONPATH=str(engine.folder))
    steady = engine.ingest(*patient, "--output-dir", "b", "--state-dir", "b-s")
    assert (jumped.code, jumped.result["watermark"]) == (0, steady.result["watermark"])
    left, right = content(engine.folder / "a"), content(engine.folder / "b")
    assert left.keys() == right.keys()
    assert all(left[day].equals(right[day]) for day in left)


def test_the_footer_says_where_a_file_comes_from(engine):
    run = engine.ingest(*ONE_DAY)
    footer = pq.read_schema(engine.folder / run.result["output_file"]).metadata
    assert footer[b"run_id"].decode() == run.result["run_id"]
    assert footer[b"source"] == b"/api/events"
    assert int(footer[b"rows"]) == run.result["records_count"]
    assert len(footer[b"checksum"]) == 64
