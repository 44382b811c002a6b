"""Eight real processes on the same days at once, three killed (-9): on a disk and on S3, the result is one writer's.

The accesses of the storage, interleaved one by one, are in test_writers.py.
"""

import io
import json
import random
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pyarrow.parquet as pq
import pytest
from filelock import FileLock

from ingestion.bronze import disk
from ingestion.bronze.contention import Stale
from ingestion.bronze.storage import open_folder
from ingestion.errors import IngestError
from tests.storage import Disk, OnS3, bucket, running_storage

DAYS = ("--start-date", "2024-01-05", "--end-date", "2024-01-06")
INCREMENT = ("ingest", "--watermark", "updated_at", "--start-date", "2024-01-05")
FAST = ("--page-size", "1000", "--max-wait", "0.05")
# Each is done twice: two meet on the same work too.
WORKS = 2 * [
    ("backfill", *DAYS, *FAST),
    ("ingest", *DAYS, *FAST),
    (*INCREMENT, *FAST),
    ("quarantine", "replay"),
]
BEFORE, NOW = datetime(2024, 1, 6, 18, tzinfo=UTC), datetime(2024, 1, 9, tzinfo=UTC)


@pytest.fixture(params=["disk", "s3"])
def place(request, tmp_path):
    if request.param == "disk":
        yield Disk(tmp_path)
        return
    with running_storage() as environment, bucket(environment, "lake") as s3:
        yield OnS3(environment, s3, "lake/room")


@pytest.fixture
def folder(place, monkeypatch):
    for name, value in place.environment.items():
        monkeypatch.setenv(name, value)
    return open_folder(place.at("files"))


def test_a_file_is_replaced_only_if_it_is_still_the_one_that_was_read(folder):
    folder.replace("a/file", b"first", None)
    seen = folder.version("a/file")
    folder.replace("a/file", b"other", seen)
    for stale in (seen, None):
        with pytest.raises(Stale):
            folder.replace("a/file", b"lost!", stale)
    with pytest.raises(Stale):
        folder.delete("a/file", seen)
    assert folder.read("a/file") == b"other"
    folder.delete("a/file", folder.version("a/file"))
    assert (folder.version("a/file"), folder.read("a/file")) == (None, None)
    with pytest.raises(Stale):
        folder.replace("a/file", b"lost!", seen)


def test_of_eight_that_replace_at_once_what_they_have_read_one_does(folder):
    folder.replace("file", b"before", None)
    seen = folder.version("file")

    def replaced(number):
        try:
            folder.replace("file", b"by %d  " % number, seen)
        except Stale:
            return 0
        return 1

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(replaced, range(8))) == 1


def test_contents_of_one_size_written_at_once_have_versions_of_their_own(folder):
    versions = [None]
    for number in range(30):
        folder.replace("file", b"%02d" % number, versions[-1])
        versions.append(folder.version("file"))
    assert len(set(versions)) == 31


def test_a_lock_left_by_a_writer_that_holds_it_too_long_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(disk, "LOCK_WAIT", 0.1)
    holding = FileLock(tmp_path / ".locks" / "file.lock")
    with holding, pytest.raises(IngestError) as told:
        open_folder(tmp_path).replace("file", b"", None)
    assert told.value.code == "contended"
    open_folder(tmp_path).replace("file", b"", None)


def places(command, place, room):
    quarantine = ("--quarantine-dir", place.at(f"{room}/quarantine"))
    state = () if command == "quarantine" else ("--state-dir", place.at(f"{room}/state"))
    return ("--output-dir", place.at(f"{room}/bronze"), *quarantine, *state)


def start(engine, place, room, work):
    return subprocess.Popen(
        engine.command(*work, *places(work[0], place, room)),
        cwd=engine.folder,
        env=engine.environment(**place.environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


def finish(processes):
    """The results of those that were not killed; each ended well."""
    results = []
    for process in processes:
        said, _ = process.communicate(timeout=120)
        if process.returncode >= 0:
            results.append(json.loads(said))
    assert {result["status"] for result in results} == {"success"}, results
    return results


def mend_one(place, room):
    """Correct by hand a row that waits; gives its identifier."""
    name = f"{room}/quarantine/events/2024-01-05.jsonl"
    entries = [json.loads(line) for line in place.read(name).splitlines()]
    mended = next(entry for entry in entries if entry["reason"] == "unreadable_event_time")
    mended["raw"]["event_time"] = "2024-01-05T10:00:00Z"
    place.write(name, "".join(json.dumps(entry) + "\n" for entry in entries).encode())
    return mended["raw"]["id"]


def content(place, room):
    """The rows of each day without what names the run; the rows that wait; the watermark."""
    bronze = {
        name.rpartition("/")[0]: pq.read_table(io.BytesIO(place.read(name))).drop_columns(["_ingested_at"])
        for name in place.names(f"{room}/bronze")
        if name.endswith(".parquet")
    }
    waiting = {
        (entry["reason"], json.dumps(entry["raw"], sort_keys=True))
        for name in place.names(f"{room}/quarantine/events")
        if name.count("/") == 3
        for entry in map(json.loads, place.read(name).splitlines())
    }
    (state,) = (name for name in place.names(f"{room}/state") if name.endswith(".json"))
    days = {name.rpartition("/")[2]: table for name, table in bronze.items()}
    return days, waiting, json.loads(place.read(state))["value"]


def prepare(engine, place, room):
    """A room as it was when the source was younger, with a row mended by hand; then the source goes on."""
    engine.switch("clock", "PUT", now=BEFORE.isoformat())
    finish([start(engine, place, room, ("ingest", *DAYS, *FAST))])
    mended = mend_one(place, room)
    engine.switch("clock", "PUT", now=NOW.isoformat())
    return mended


def test_eight_processes_at_once_three_of_them_killed_give_what_one_gives(engine, place):
    one = Disk(engine.folder)
    prepare(engine, one, "one")
    for work in WORKS[1:4]:
        finish([start(engine, one, "one", work)])
    mended = prepare(engine, place, "many")
    dice = random.Random(20)
    processes = [start(engine, place, "many", work) for work in WORKS]
    for victim in dice.sample(processes, 3):
        time.sleep(dice.uniform(0.2, 1))
        victim.kill()
    finish(processes)
    # What the dead had begun is done by whoever comes next.
    finish([start(engine, place, "many", work) for work in WORKS[1:4]])
    quiet, waiting, mark = content(one, "one")
    found, left, reached = content(place, "many")
    assert found.keys() == quiet.keys()
    assert [day for day in quiet if not found[day].equals(quiet[day])] == []
    assert (left, reached) == (waiting, mark)
    assert found["partition_date=2024-01-05"]["id"].to_pylist().count(mended) == 1
