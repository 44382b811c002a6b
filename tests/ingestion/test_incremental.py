"""An increment: what it asks for, where it goes, how far it says that it went."""

from datetime import UTC, date, datetime, timedelta

import pytest

from ingestion.bronze.parquet import read_partition
from ingestion.daily import ingest_days
from ingestion.incremental import ingest_increment
from ingestion.quarantine import store
from ingestion.rows.resources import EVENTS
from ingestion.watermark import Watermark
from tests.ingestion.toy_api import DAY, NOON, envelope, row

NEXT = DAY + timedelta(days=1)
HOURS = timedelta(hours=72)


def mark(kind, value=None):
    return Watermark("events", kind, value)


@pytest.mark.parametrize(
    ("watermark", "first_day", "asked"),
    [
        (mark("updated_at", NOON), None, {"updated_since": "2024-01-02T12:00:00Z"}),
        (mark("cursor", "c9"), None, {"cursor": "c9"}),
        (mark("cursor", "c9"), DAY, {"cursor": "c9"}),
        (mark("cursor"), DAY, {"start_date": "2024-01-05"}),
        (mark("cursor"), None, {}),
        (mark("last_id", 41), None, {"after_id": "41"}),
        (mark("last_id", 0), DAY, {"after_id": "0"}),
        (mark("last_id"), DAY, {"start_date": "2024-01-05", "after_id": "0"}),
    ],
)
def test_what_follows_the_watermark_is_asked_for(job_on, watermark, first_day, asked):
    with job_on(lambda query: envelope([])) as (job, queries):
        ingest_increment(job, watermark, first_day, HOURS, workers=1)
    assert queries[0] == {"limit": "2"} | asked


@pytest.mark.parametrize(
    ("watermark", "reached"),
    [
        (mark("updated_at", NOON), datetime(2024, 1, 5, 15, tzinfo=UTC)),
        (mark("last_id", 1), 7),
        (mark("cursor", "c1"), "c2"),
    ],
)
def test_the_watermark_goes_where_the_rows_read_went(job_on, watermark, reached):
    rows = [row(number, updated_at=f"2024-01-05T1{at}:00:00Z") for number, at in ((7, 3), (5, 5))]
    pages = {"c2": envelope([], None, False)}

    def answer(query):
        if "date" in query or query.get("after_id") == "7":
            return envelope([] if "after_id" in query else rows)
        return pages.get(query.get("cursor"), envelope(rows, "c2", True))

    with job_on(answer) as (job, _):
        _, new = ingest_increment(job, watermark, None, HOURS, workers=1)
    assert new == mark(watermark.kind, reached)


@pytest.mark.parametrize("kind", ["updated_at", "last_id"])
def test_an_increment_without_rows_leaves_the_watermark_where_it_was(job_on, kind):
    watermark = mark(kind, NOON if kind == "updated_at" else 5)
    with job_on(lambda query: envelope([])) as (job, _):
        outcome, new = ingest_increment(job, watermark, None, HOURS, workers=1)
    assert (new, outcome.days, outcome.received) == (watermark, [], 0)


@pytest.mark.parametrize("watermark", [mark("updated_at", NOON), mark("last_id", 1), mark("last_id")])
def test_the_rows_that_an_increment_refuses_join_those_that_wait(job_on, watermark):
    for refused in (row(None), row("x")):

        def answer(query, refused=refused):
            return envelope([refused] if query.get("after_id") in (None, "0", "1") else [])

        with job_on(answer) as (job, _):
            ingest_increment(job, watermark, None, HOURS, workers=1)
    entries = store.load(job.quarantine, store.waiting_file("events", "increment"))
    assert [one.reason for one in entries] == ["missing_id", "wrong_type"]


def source(*rows):
    """An API of these rows, that may be asked for a day or for what changed."""

    def answer(query):
        wanted = query.get("date") or ""
        return envelope([one for one in rows if one["event_time"].startswith(wanted)])

    return answer


def test_rows_of_a_day_that_is_there_join_it_and_a_day_that_is_not_is_read_whole(job_on):
    with job_on(source(row(1))) as (job, _):
        ingest_days(job, [DAY], workers=1)
    tomorrow = NOON + timedelta(days=1)
    with job_on(source(row(2), row(3, tomorrow), row(4, tomorrow))) as (job, queries):
        outcome, _ = ingest_increment(job, mark("updated_at", NOON), None, HOURS, workers=1)
        ids = [read_partition(job.target.folder, day, EVENTS)["id"].to_pylist() for day in (DAY, NEXT)]
    assert ids == [[1, 2], [3, 4]]
    assert [query.get("date") for query in queries] == [None, "2024-01-06"]
    assert [(one.day, one.status, one.duplicates) for one in outcome.days] == [
        (DAY, "written", 0),
        (NEXT, "written", 2),
    ]
    assert (outcome.received, outcome.unpublished) == (5, 0)


def test_rows_of_a_day_that_cannot_be_read_whole_are_counted_as_unpublished(job_on):
    answer = source(row(1), row(2))
    with job_on(lambda query: (404, {}, b"{}") if "date" in query else answer(query)) as (job, _):
        outcome, _ = ingest_increment(job, mark("updated_at", NOON), None, HOURS, workers=1)
    assert (outcome.received, outcome.unpublished, list(outcome.failures)) == (2, 2, [DAY])


def test_a_row_corrected_to_another_day_leaves_its_former_one(job_on):
    with job_on(source(row(1), row(2))) as (job, _):
        ingest_days(job, [DAY], workers=1)
    moved = row(1, NOON + timedelta(days=1), updated_at="2024-01-07T00:00:00Z")
    with job_on(source(moved)) as (job, _):
        ingest_increment(job, mark("updated_at", NOON), date(2024, 1, 1), HOURS, workers=1)
        ids = [read_partition(job.target.folder, day, EVENTS)["id"].to_pylist() for day in (DAY, NEXT)]
    assert ids == [[2], [1]]
