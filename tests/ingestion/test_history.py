"""Whatever happens at the source, and wherever runs are killed, the bronze folder ends up equal to the source."""

import contextlib
import io
import json
import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.bronze import storage
from ingestion.commands import ingest as ingest_api
from tests.ingestion.toy_api import envelope, toy_api

DAYS = [date(2024, 1, day) for day in (1, 2, 3)]
RANGE = ["--start-date", "2024-01-01", "--end-date", "2024-01-03"]


class Killed(BaseException):
    """Stands for SIGKILL at a write; real kills are in tests/faults."""


class Source:
    """An API whose rows are inserted, corrected and deleted; it keeps time itself."""

    def __init__(self):
        self.now = datetime(2024, 1, 4, tzinfo=UTC)
        self.rows = {}
        for day in DAYS:
            self.insert(day, 0)
        self.lasting = set(self.rows)

    def insert(self, day, late_hours):
        """A row of `day` stamped `late_hours` ago, as a late producer stamps it."""
        stamp = self.now - timedelta(hours=late_hours)
        row_id = len(self.rows) + 1
        instant = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
        self.rows[row_id] = {
            "id": row_id,
            "event_time": instant.isoformat(),
            "updated_at": stamp.isoformat(),
            "amount": 0.0,
        }

    def correct(self, number):
        row = self.visible()[number % len(self.visible())]
        self.rows[row["id"]] = row | {"updated_at": self.now.isoformat(), "amount": row["amount"] + 1}

    def delete(self, number):
        row = self.visible()[number % len(self.visible())]
        if row["id"] not in self.lasting:
            self.rows[row["id"]] = None

    def visible(self):
        return [row for row in self.rows.values() if row]

    def answer(self, query):
        rows = [row for row in self.visible() if row["event_time"].startswith(query.get("date", ""))]
        if "updated_since" in query:
            since = datetime.fromisoformat(query["updated_since"])
            rows = [row for row in rows if datetime.fromisoformat(row["updated_at"]) >= since]
        return envelope(sorted(rows, key=lambda row: row["id"]))


KILLS = st.sampled_from([None, None, None, 0, 1, 2, 3])
HISTORY = st.lists(
    st.one_of(
        st.tuples(st.just("insert"), st.sampled_from(DAYS), st.integers(0, 60)),
        st.tuples(st.just("correct"), st.integers(0, 50)),
        st.tuples(st.just("delete"), st.integers(0, 50)),
        st.tuples(st.just("tick"), st.integers(0, 100)),
        st.tuples(st.just("increment"), KILLS, st.booleans()),
        st.tuples(st.just("reread"), KILLS, st.booleans()),
    ),
    min_size=6,
    max_size=14,
)


class Lab:
    """The script, run in this process in a folder of its own, and killed at a write if asked to."""

    def __init__(self, folder, url):
        places = {name: f"{folder}/{name}" for name in ("output-dir", "quarantine-dir", "state-dir")}
        self.bronze = Path(places["output-dir"])
        self.common = [word for name, place in places.items() for word in (f"--{name}", place)]
        self.common += ["--base-url", url, "--workers", "1", "--max-attempts", "1"]

    def run(self, *arguments, kill_at=None, after_writing=False):
        written = storage.LocalFolder.replace
        count = 0

        def replace(folder, name, content, seen):
            nonlocal count
            count += 1
            if count - 1 == kill_at and not after_writing:
                raise Killed
            written(folder, name, content, seen)
            if count - 1 == kill_at:
                raise Killed

        with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(io.StringIO()) as out:
            patch.setattr(storage.LocalFolder, "replace", replace)
            try:
                code = ingest_api.main([*arguments, *self.common])
            except Killed:
                return
        assert code == 0, out.getvalue()
        rows = json.loads(out.getvalue())["rows"]
        parts = ("written", "replaced", "unchanged", "duplicates", "quarantined")
        assert rows["received"] == sum(rows[part] for part in parts)

    def increment(self, **kill):
        self.run("--watermark", "updated_at", "--start-date", "2024-01-01", **kill)

    def content(self):
        return {
            row["id"]: (row["updated_at"], row["amount"], row["_partition_date"])
            for path in self.bronze.glob("*/data.parquet")
            for row in pq.ParquetFile(path).read().to_pylist()
        }


def truth(source):
    return {
        row["id"]: (
            datetime.fromisoformat(row["updated_at"]),
            row["amount"],
            datetime.fromisoformat(row["event_time"]).date(),
        )
        for row in source.visible()
    }


@contextlib.contextmanager
def source_and_lab():
    """A source with its first rows, served over HTTP, and an empty lab that reads it."""
    source = Source()
    with toy_api(source.answer) as url, tempfile.TemporaryDirectory() as folder:
        yield source, Lab(folder, url)


def play(source, lab, history):
    for action, *details in history:
        if action == "tick":
            source.now += timedelta(hours=details[0])
        elif action == "increment":
            lab.increment(kill_at=details[0], after_writing=details[1])
        elif action == "reread":
            lab.run(*RANGE, kill_at=details[0], after_writing=details[1])
        else:
            getattr(source, action)(*details)


@settings(max_examples=40)
@given(HISTORY)
def test_a_reread_makes_the_folder_equal_to_the_source(history):
    with source_and_lab() as (source, lab):
        play(source, lab, history)
        lab.run(*RANGE)
        assert lab.content() == truth(source)


@settings(max_examples=40)
@given(HISTORY)
def test_an_increment_brings_everything_but_deletions(history):
    with source_and_lab() as (source, lab):
        lab.increment()
        play(source, lab, history)
        lab.increment()
        assert {row_id: lab.content().get(row_id) for row_id in truth(source)} == truth(source)
