"""Ingest whole days: each is read at once and replaces its file if it changed."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import replace
from datetime import date
from functools import partial

from ingestion.api.paginations import Page
from ingestion.bronze.contention import Stale, until_steady
from ingestion.bronze.partitions import partition_name
from ingestion.bronze.publishing import DayOutcome, group_by_day, publish_day
from ingestion.errors import IngestError, counted
from ingestion.logs import logger
from ingestion.reading import Job, Selection, Tally, fetch_pages, read, sort_out, whole_day, whole_listing
from ingestion.result import Outcome

STOPS_THE_RUN = {
    "api_timeout",
    "api_unreachable",
    "bad_request",
    "disk_full",
    "output_not_writable",
    "proxy_refused",
    "rate_limited",
    "redirect_refused",
    "storage_failed",
    "tls_failed",
    "truncated_body",
    "unauthorized",
    "unreadable_quarantine",
}


def ingest_day(job: Job, day: date) -> tuple[DayOutcome, Tally]:
    """Read a day and publish it, again from its reading on if another writer changed it meanwhile.

    Args:
        job: where from, how, where to.
        day: the UTC day.

    Returns:
        What became of it, and what its reading is accounted for with.

    Raises:
        IngestError: it cannot be read or written; `contended` where others never let it through.
    """
    where = job.target.folder.where(partition_name(day))
    outcome, tally = until_steady(partial(_read_and_store, job, day), where)
    logger.info("day done", extra={"day": day.isoformat(), "status": outcome.status, "rows": outcome.rows})
    return outcome, tally


def _read_and_store(job: Job, day: date) -> tuple[DayOutcome, Tally]:
    seen = job.target.folder.version(partition_name(day))
    selection = whole_day(job, day)
    with job.in_flight.reading(selection.name):
        pages = fetch_pages(job, selection)
        return job.in_flight.calculate(_store, job, selection, pages, day, seen)


def _store(
    job: Job, selection: Selection, pages: list[Page], day: date, seen: str | None
) -> tuple[DayOutcome, Tally]:
    batch = sort_out(job, selection, pages)
    return publish_day(batch.table, day, job.target, seen), batch.tally


def ingest_days(
    job: Job,
    days: list[date],
    workers: int,
    on_day: Callable[[], object] = lambda: None,
) -> Outcome:
    """Ingest several days.

    A failure that concerns one day does not stop the others; at the first that would meet them
    all (`STOPS_THE_RUN`), the days begun end, and the others are told as not tried.

    Args:
        job: where from, how, where to.
        days: the UTC days.
        workers: days at a time.
        on_day: called after each.

    Returns:
        What became of each day.
    """
    resource = job.target.resource
    if resource.event_time_field and not resource.words.date:
        return _ingest_listing(job, days)
    result = Outcome()
    with ThreadPoolExecutor(max_workers=workers) as pool:
        waiting = {pool.submit(ingest_day, job, day): day for day in days}
        try:
            for future in as_completed(list(waiting)):
                day = waiting.pop(future)
                _collect(future, day, result)
                on_day()
                failure = result.failures.get(day)
                if failure and failure.code in STOPS_THE_RUN:
                    break
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
    for future, day in waiting.items():
        if future.cancelled():
            result.not_tried.append(day)
        else:
            _collect(future, day, result)
    result.days.sort(key=lambda outcome: outcome.day)
    return result


def _ingest_listing(job: Job, days: list[date]) -> Outcome:
    """Read the whole listing once, and write those of `days` that it has rows of.

    It is read again if another writer changed one of them meanwhile.
    """
    if not days:
        return Outcome()
    written: set[date] = set()
    result = until_steady(partial(_read_and_store_listing, job, days, written), str(job.target.folder))
    result.days = [replace(one, status="written") if one.day in written else one for one in result.days]
    return result


def _read_and_store_listing(job: Job, days: list[date], written: set[date]) -> Outcome:
    """written: the days that this run wrote, this time or before it had to read again."""
    result, resource, stale = Outcome(), job.target.resource, None
    seen = {day: job.target.folder.version(partition_name(day)) for day in days}
    batch = read(job, whole_listing(job))
    by_day, nothing = group_by_day(batch.table, resource), batch.table.slice(0, 0)
    for day in days:
        table = by_day.pop(day, nothing)
        try:
            result.days.append(publish_day(table, day, job.target, seen[day]))
        except Stale as changed:
            stale = changed
        except IngestError as error:
            result.failures[day] = error
            result.unpublished += table.num_rows
    written |= {one.day for one in result.days if one.status == "written"}
    if stale:
        raise stale
    result.count(batch.tally)
    result.outside_period = sum(table.num_rows for table in by_day.values())
    return result


def _collect(future: Future[tuple[DayOutcome, Tally]], day: date, result: Outcome) -> None:
    try:
        outcome, tally = future.result()
    except IngestError as error:
        logger.error(
            "day failed", extra={"day": day.isoformat(), "code": error.code, "detail": error.message}
        )
        result.failures[day] = error
        return
    result.days.append(outcome)
    result.count(tally)
    if tally.local_days:
        result.failures[day] = IngestError(
            "days_not_utc",
            f"{day} : {counted(tally.local_days, 'ligne')} de ce jour à l'heure de la source, d'un autre jour en UTC. "
            "L'API ne coupe pas ses jours en UTC : le jour est écrit, elles attendent en quarantaine (other_day) ; "
            "ingérez aussi le jour voisin, puis « quarantine replay ».",
        )
