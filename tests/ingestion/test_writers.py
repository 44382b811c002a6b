"""Several writers of one folder, interleaved at every access of the storage: the result is one writer's.

The storage here compares and replaces as S3 does, and has no lock. Real storages and real processes, killed, are in
test_writers_at_once.py.
"""

import contextlib
import itertools
import json
import random
import threading
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion import daily, in_flight, reading, watermark
from ingestion.api.answer import Answer
from ingestion.api.paginations import Page
from ingestion.bronze import contention, publishing
from ingestion.bronze.contention import Gone, Stale
from ingestion.bronze.partitions import partition_name
from ingestion.commands import quarantine as quarantine_command
from ingestion.errors import IngestError
from ingestion.incremental import ingest_increment
from ingestion.quarantine import store
from ingestion.reading import Job
from ingestion.rows.resources import EVENTS
from ingestion.watermark import Watermark

DAYS = [date(2024, 1, 1), date(2024, 1, 2)]
NOON = datetime(2024, 1, 5, 12, tzinfo=UTC)
MENDED = 900


class Turns:
    """Lets one writer go at a time, up to its next access of the storage."""

    def __init__(self):
        self.over = threading.Semaphore(0)
        self.mine = {}

    def pause(self):
        me = self.mine.get(threading.current_thread())
        if me:
            self.over.release()
            me.acquire()

    def play(self, writers, order):
        """Let `writers` go to their ends. order: at each access, whose turn it is: the first who is not at its end."""
        problems = []

        def live(writer):
            self.mine[threading.current_thread()].acquire()
            try:
                writer()
            except BaseException as problem:
                problems.append(problem)
            finally:
                going.remove(threading.current_thread())
                self.over.release()

        threads = [threading.Thread(target=live, args=[writer], daemon=True) for writer in writers]
        going = list(threads)
        for thread in threads:
            self.mine[thread] = threading.Semaphore(0)
            thread.start()
        while going:
            next_one = next(threads[index] for index in next(order) if threads[index] in going)
            self.mine[next_one].release()
            assert self.over.acquire(timeout=20)
        if problems:
            raise problems[0]


def drawn(seed, count):
    """An order drawn at random. A lost update takes a writer that goes far while another one stands still."""
    dice = random.Random(seed)
    while True:
        yield from [dice.sample(range(count), count)] * dice.choice([1, 2, 4, 8, 16])


def overtaken(at):
    """The first writer is overtaken after `at` accesses, by all that the second one does."""
    yield from [(0, 1)] * at
    while True:
        yield 1, 0


@dataclass
class Bucket:
    """Objects that are replaced only if they are still those that were read; each access is a turn."""

    turns: Turns
    objects: dict[str, tuple[bytes, str]] = field(default_factory=dict)
    puts: int = 0

    def where(self, name):
        return f"bucket/{name}"

    def _now(self, name):
        self.turns.pause()
        return self.objects.get(name, (None, None))

    def source(self, name):
        content, _ = self._now(name)
        if content is None:
            raise Gone(name)
        return pa.BufferReader(content)

    def read(self, name):
        return self._now(name)[0]

    def version(self, name):
        return self._now(name)[1]

    def replace(self, name, content, seen):
        if self._now(name)[1] != seen:
            raise Stale(name)
        self.puts += 1
        self.objects[name] = bytes(content), f"v{self.puts}"

    def delete(self, name, seen):
        if self._now(name)[1] != seen:
            raise Stale(name)
        del self.objects[name]

    def exclusive(self, name):
        return contextlib.nullcontext()

    def subfolders_holding(self, name):
        self.turns.pause()
        return [key.rpartition("/")[0] for key in self.objects if key.endswith(f"/{name}")]

    def neighbours(self, name):
        return []

    def files(self):
        self.turns.pause()
        return sorted(self.objects)


class Source:
    """An API whose rows come, change and move; it remembers what its readers saw."""

    def __init__(self, turns):
        self.turns, self.now, self.rows, self.refused = turns, NOON, {}, set()
        self.seen: dict[int, dict] = {}
        self.followed = ""
        self.rows[MENDED] = self.row(MENDED, DAYS[0]) | {"amount": "douze"}
        for number in range(len(DAYS)):
            self.act("insert", number)

    def row(self, row_id, day):
        self.now += timedelta(seconds=1)
        event_time = datetime(day.year, day.month, day.day, 12, tzinfo=UTC).isoformat()
        return {"id": row_id, "event_time": event_time, "updated_at": self.now.isoformat(), "amount": 0.0}

    def act(self, action, number):
        sound = [row_id for row_id in self.rows if row_id < 500]
        row_id = 1 + number % max(1, len(sound))
        if action == "insert":
            row_id = 1 + len(sound)
            self.rows[row_id] = self.row(row_id, DAYS[number % 2])
        elif action == "malformed":
            self.rows[500 + number] = self.row(500 + number, DAYS[number % 2]) | {"amount": "douze"}
        else:
            former = date.fromisoformat(self.rows[row_id]["event_time"][:10])
            moved = DAYS[1 - DAYS.index(former)] if action == "move" else former
            self.rows[row_id] = self.row(row_id, moved) | {"amount": float(number)}

    def act_all(self, actions):
        for action in actions:
            self.act(*action)

    def live(self, actions):
        for action in actions:
            self.turns.pause()
            self.act(*action)

    def fetch(self, job, selection):
        self.turns.pause()
        wanted = selection.params.get("date", "")
        rows = [row for row in self.rows.values() if row["event_time"].startswith(wanted)]
        for row in rows:
            if row["amount"] == "douze":
                self.refused.add(row["id"])
            elif row["updated_at"] >= self.seen.get(row["id"], row)["updated_at"]:
                self.seen[row["id"]] = row
        if not selection.whole:
            sound = [row["updated_at"] for row in rows if row["amount"] != "douze"]
            self.followed = max(self.followed, *sound)
        return [Page(1, Answer(json.dumps({"data": rows}).encode(), {}, "api"))]


class Inline:
    """An executor of no thread: the order of the accesses is the one that was drawn."""

    def __init__(self, *_, **__): ...

    def __enter__(self):
        return self

    def __exit__(self, *_): ...

    def submit(self, task, *arguments):
        future = Future()
        try:
            future.set_result(task(*arguments))
        except IngestError as error:
            future.set_exception(error)
        return future

    def map(self, task, items):
        return [task(item) for item in items]

    def shutdown(self, **_): ...


class Room:
    """One bronze, one quarantine, one state, that several writers share."""

    def __init__(self):
        self.turns = Turns()
        self.source = Source(self.turns)
        self.bronze, self.quarantine, self.state = (Bucket(self.turns) for _ in range(3))

    def writer(self, kind, number):
        target = publishing.Target(EVENTS, self.bronze, f"run{number}", NOON + timedelta(days=number))
        job = Job(None, target, self.quarantine, "offset", 100, 1.0)

        def reread():
            self.check(daily.ingest_days(job, DAYS, 1))

        def increment():
            mark = Watermark("events", "updated_at", datetime(2024, 1, 1, tzinfo=UTC))
            outcome, reached = ingest_increment(job, mark, None, timedelta(0), 1)
            self.check(outcome)
            watermark.commit(self.state, reached)

        def replay():
            quarantine_command.replay(self.quarantine, EVENTS, self.bronze, f"run{number}")

        return {"reread": reread, "increment": increment, "replay": replay}[kind]

    @staticmethod
    def check(outcome):
        assert not outcome.failures, outcome.failures

    def mend(self):
        """A hand corrects the row that waits since the first reading."""
        name = store.waiting_file("events", DAYS[0].isoformat())
        (entry,) = (one for one in store.load(self.quarantine, name) if json.loads(one.raw)["id"] == MENDED)
        fixed = json.dumps(self.source.rows[MENDED] | {"amount": 7.0}).encode()
        store.change(
            self.quarantine,
            name,
            lambda former: former | {entry.id: msgspec.structs.replace(entry, raw=fixed)},
        )

    def rows(self):
        """Each row of the bronze: its identifier, its day, its version."""
        return sorted(
            (row["id"], str(row["_partition_date"]), row["updated_at"].isoformat())
            for day in DAYS
            if partition_name(day) in self.bronze.objects
            for row in pq.read_table(self.bronze.source(partition_name(day))).to_pylist()
        )

    def waiting(self):
        names = store.waiting_files(self.quarantine, "events")
        return {json.loads(entry.raw)["id"] for name in names for entry in store.load(self.quarantine, name)}

    def verify(self, mended):
        """Each row read is in one day, in its latest version; each refused waits; `mended`: a replay was among us."""
        home = [row for row in self.rows() if row[0] == MENDED]
        assert [row for row in self.rows() if row[0] != MENDED] == self.latest_seen()
        assert len(home) == mended
        assert self.waiting() == self.source.refused - ({MENDED} if mended else set())
        if self.source.followed:
            mark = watermark.load(self.state, "events", "updated_at")
            assert mark.value.isoformat() == self.source.followed

    def latest_seen(self):
        return sorted(
            (row["id"], row["event_time"][:10], row["updated_at"]) for row in self.source.seen.values()
        )


@contextlib.contextmanager
def room():
    found = Room()
    with pytest.MonkeyPatch.context() as patch:
        for module in (publishing, daily, in_flight):
            patch.setattr(module, "ThreadPoolExecutor", Inline)
        for module in (reading, daily):
            patch.setattr(module, "fetch_pages", found.source.fetch)
        patch.setattr(contention, "PAUSE", 0)
        yield found


SEEDS = st.integers(0, 2**32)
SOUND = st.lists(
    st.tuples(st.sampled_from(["insert", "correct", "malformed"]), st.integers(0, 5)), max_size=4
)
MOVES = st.lists(
    st.tuples(st.sampled_from(["insert", "correct", "move"]), st.integers(0, 5)), min_size=1, max_size=6
)
STARTED = st.booleans()


@settings(max_examples=25)
@given(SEEDS, SOUND, st.lists(st.sampled_from(["reread", "increment"]), min_size=2, max_size=3), STARTED)
def test_whole_days_and_increments_keep_the_latest_version_that_any_of_them_read(
    seed, actions, kinds, started
):
    with room() as shared:
        if started:
            shared.writer("reread", 0)()
        writers = [shared.writer(kind, number) for number, kind in enumerate(kinds, 1)]
        writers.append(lambda: shared.source.live(actions))
        shared.turns.play(writers, drawn(seed, len(writers)))
        assert shared.rows() == shared.latest_seen()
        assert shared.waiting() == shared.source.refused
        if "increment" in kinds:
            mark = watermark.load(shared.state, "events", "updated_at")
            assert mark.value.isoformat() == shared.source.followed


@settings(max_examples=25)
@given(SEEDS, MOVES, st.integers(2, 3))
def test_a_row_that_moves_between_two_increments_is_in_one_day_in_its_latest_version(seed, actions, count):
    with room() as shared:
        shared.writer("reread", 0)()
        writers = [shared.writer("increment", number) for number in range(1, count + 1)]
        writers.append(lambda: shared.source.live(actions))
        shared.turns.play(writers, drawn(seed, len(writers)))
        assert shared.rows() == shared.latest_seen()


@settings(max_examples=25)
@given(SEEDS, st.lists(st.sampled_from(["reread", "increment", "replay"]), max_size=2))
def test_a_mended_row_is_home_and_waits_no_more_whatever_runs_with_its_replay(seed, kinds):
    with room() as shared:
        shared.writer("reread", 0)()
        shared.mend()
        writers = [shared.writer(kind, number) for number, kind in enumerate(["replay", *kinds], 1)]
        shared.turns.play(writers, drawn(seed, len(writers)))
        for _ in ("as they leave it", "after one more reading of the days"):
            assert [row_id for row_id, _, _ in shared.rows()].count(MENDED) == 1
            assert MENDED not in shared.waiting()
            assert len(shared.rows()) == len(shared.source.seen) + 1
            shared.writer("reread", len(writers) + 1)()


def overtake_everywhere(first, second, before, meanwhile):
    """Let `second` overtake `first` at each of its accesses in turn, until the first one ends before it.

    before, meanwhile: what happens at the source before the first one reads it, and before the second one does.
    """
    for at in itertools.count():
        with room() as shared:
            shared.writer("reread", 0)()
            shared.mend()
            shared.source.act_all(before)
            going, overtaking, was_going = [shared.writer(first, 1)], shared.writer(second, 2), []

            def slow(going=going):
                going[0]()
                going.clear()

            def fast(shared=shared, overtaking=overtaking, going=going, was_going=was_going):
                was_going.extend(going)
                shared.source.act_all(meanwhile)
                overtaking()

            shared.turns.play([slow, fast], overtaken(at))
            shared.verify(mended="replay" in (first, second))
            if not was_going:
                return


@pytest.mark.parametrize("first", ["reread", "increment", "replay"])
@pytest.mark.parametrize("second", ["reread", "increment", "replay"])
def test_a_writer_may_be_overtaken_at_any_of_its_accesses(first, second):
    # The first day gets a malformed row only: its file does not change, its quarantine does.
    meanwhile = [("insert", 1), ("correct", 1), ("malformed", 2), ("insert", 3)]
    overtake_everywhere(first, second, [], meanwhile)


def test_a_row_that_moves_then_comes_back_is_home_wherever_its_first_reader_is_overtaken():
    overtake_everywhere("increment", "increment", [("move", 1)], [("move", 1), ("insert", 1)])


def test_what_others_undo_is_made_again_a_few_times_with_longer_and_longer_pauses(monkeypatch):
    tries, longest = [], []
    monkeypatch.setattr(contention.random, "uniform", lambda least, most: longest.append(most) or least)

    def undone():
        tries.append(1)
        raise Stale("here")

    with pytest.raises(IngestError):
        contention.until_steady(undone, "here")
    assert len(tries) == 1 + contention.TRIES_AGAIN
    assert longest == [contention.PAUSE * factor for factor in (1, 2, 4, 8, 16, 32)]


def test_a_writer_that_others_never_let_through_says_so_and_loses_nothing():
    with room() as shared:
        shared.writer("reread", 0)()
        name = partition_name(DAYS[0])

        class Busy(Bucket):
            def replace(self, name, content, seen):
                raise Stale(name)

        before = shared.bronze.objects[name]
        busy = Busy(shared.turns, shared.bronze.objects)
        shared.source.act("insert", 0)
        shared.bronze = busy
        with pytest.raises(IngestError) as told:
            shared.writer("increment", 1)()
        assert (told.value.code, shared.bronze.objects[name]) == ("contended", before)
        assert name in told.value.message
