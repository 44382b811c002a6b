"""Ingest what is new since the watermark, and merge each row into the day that is its own."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pyarrow.compute as pc

from ingestion import watermark
from ingestion.bronze.publishing import leave_former_days, publish_increment
from ingestion.daily import ingest_days
from ingestion.reading import Batch, Job, Selection, read
from ingestion.result import Outcome
from ingestion.rows.resources import Resource
from ingestion.watermark import Watermark

PAGINATION = {"last_id": "keyset", "cursor": "cursor"}


def ingest_increment(
    job: Job, mark: Watermark, first_day: date | None, look_back: timedelta, workers: int
) -> tuple[Outcome, Watermark]:
    """Read what follows `mark`, publish it, and give the new watermark.

    A day that has no file yet is read whole; an event corrected to another day leaves its former one. A deletion at the
    source is not seen here: only reading a whole day again shows it.

    Args:
        job: where from, how, where to.
        mark: how far the resource was read.
        first_day: the first day to read while the watermark is empty.
        look_back: for `updated_at`, how far back to read again.
        workers: days at a time, for those read whole.

    Returns:
        What became of each day; and the new watermark, which comes from what the API gave, never from this machine's
        clock, and which the caller keeps afterwards only.
    """
    job = replace(job, pagination=PAGINATION.get(mark.kind, job.pagination))
    batch = read(job, _since(mark, first_day, look_back, job.target.resource))
    merged, missing = publish_increment(batch.table, job.target)
    outcome = ingest_days(job, list(missing), workers)
    seen_twice = [replace(day, duplicates=day.duplicates + missing[day.day]) for day in outcome.days]
    outcome.unpublished = sum(
        missing[day] for day in missing if day not in {done.day for done in outcome.days}
    )
    outcome.days = leave_former_days(batch.table, job.target, merged + seen_twice)
    outcome.count(batch.tally)
    return outcome, mark.advanced(_reached(mark.kind, batch, job.target.resource))


def _since(mark: Watermark, first_day: date | None, look_back: timedelta, resource: Resource) -> Selection:
    """What to ask of the API to read what follows."""
    if mark.kind == "updated_at":
        return Selection(
            "increment",
            {resource.words.updated_since: watermark.text(mark.read_from(look_back))},
            whole=False,
        )
    if isinstance(mark.value, (str, int)):
        return Selection("increment", {}, whole=False, start=mark.value)
    params = {resource.words.start_date: first_day.isoformat()} if first_day else {}
    return Selection("increment", params, whole=False)


def _reached(kind: str, batch: Batch, resource: Resource) -> datetime | int | str | None:
    """How far this reading went. The cursor kept is that of the last page: it will be read again, since the API gives
    none after the last."""
    if kind == "cursor":
        return batch.tally.last_position
    if kind == "updated_at":
        return batch.tally.latest_update
    highest: int | None = pc.max(batch.table[resource.id_field]).as_py()
    return highest
