"""Ingest whole days: each is read at once and replaces its file if it changed."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from datetime import date

from ingestion.api.paginations import Page
from ingestion.bronze.publishing import DayOutcome, group_by_day, publish_day
from ingestion.errors import IngestError
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
    """Read a day and publish it. Gives what became of it, and what its reading is accounted for with."""
    selection = whole_day(job.target.resource, day)
    with job.in_flight.reading(selection.name):
        pages = fetch_pages(job, selection)
        outcome, tally = job.in_flight.calculate(_store, job, selection, pages, day)
    logger.info("day done", extra={"day": day.isoformat(), "status": outcome.status, "rows": outcome.rows})
    return outcome, tally


def _store(job: Job, selection: Selection, pages: list[Page], day: date) -> tuple[DayOutcome, Tally]:
    batch = sort_out(job, selection, pages)
    return publish_day(batch.table, day, job.target), batch.tally


def ingest_days(
    job: Job,
    days: list[date],
    workers: int,
    on_day: Callable[[], object] = lambda: None,
) -> Outcome:
    """Ingest `days`, `workers` at a time; `on_day` is called after each.

    A failure that concerns one day does not stop the others. At the first that would meet them all
    (`STOPS_THE_RUN`), the days begun end, and the others are told as not tried.
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
    """Read the whole listing once, and write those of `days` that it has rows of."""
    result = Outcome()
    if not days:
        return result
    resource, batch = job.target.resource, read(job, whole_listing())
    by_day, nothing = group_by_day(batch.table, resource), batch.table.slice(0, 0)
    for day in days:
        table = by_day.pop(day, nothing)
        try:
            result.days.append(publish_day(table, day, job.target))
        except IngestError as error:
            result.failures[day] = error
            result.unpublished += table.num_rows
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
            f"{day} : {tally.local_days} lignes sont de ce jour à l'heure de la source, et d'un autre jour en UTC. "
            "L'API ne coupe pas ses jours en UTC : le jour est écrit, elles attendent en quarantaine (other_day) ; "
            "ingérez aussi le jour voisin, puis « quarantine replay ».",
        )
