"""Ingérer des jours entiers : chacun est lu en une fois et remplace son fichier s'il a changé."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from datetime import date

from ingestion.api.paginations import Page
from ingestion.bronze.publishing import DayOutcome, publish_day
from ingestion.errors import IngestError
from ingestion.logs import logger
from ingestion.reading import Batch, Job, Selection, fetch_pages, sort_out, whole_day
from ingestion.result import Outcome

ONE_DAY_ONLY = {
    "too_many_rejects",
    "empty_day",
    "unreadable_partition",
    "other_schema",
    "server_error",
    "invalid_json",
}


def ingest_day(job: Job, day: date) -> tuple[DayOutcome, Batch]:
    """Lit et publie un jour. Rend son bilan et sa lecture, sans les lignes."""
    selection = whole_day(job.target.resource, day)
    with job.in_flight.reading(selection.name):
        pages = fetch_pages(job, selection)
        outcome, batch = job.in_flight.calculate(_store, job, selection, pages, day)
    logger.info("day done", extra={"day": day.isoformat(), "status": outcome.status, "rows": outcome.rows})
    return outcome, batch


def _store(job: Job, selection: Selection, pages: list[Page], day: date) -> tuple[DayOutcome, Batch]:
    batch = sort_out(job, selection, pages)
    return publish_day(batch.table, day, job.target), replace(batch, table=None)


def ingest_days(
    job: Job,
    days: list[date],
    workers: int,
    on_day: Callable[[], None] = lambda: None,
) -> Outcome:
    """Ingère `days`, `workers` à la fois ; `on_day` est appelé après chacun.

    Un échec qui ne touche qu'un jour (`ONE_DAY_ONLY`) n'arrête pas les suivants. Au premier autre échec, les
    jours commencés finissent et les autres ne sont pas lus.
    """
    result = Outcome()
    with ThreadPoolExecutor(max_workers=workers) as pool:
        waiting = {pool.submit(ingest_day, job, day): day for day in days}
        try:
            for future in as_completed(dict(waiting)):
                day = waiting.pop(future)
                _collect(future, day, result)
                on_day()
                failure = result.failures.get(day)
                if failure and failure.code not in ONE_DAY_ONLY:
                    break
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
    for future, day in waiting.items():
        if not future.cancelled():
            _collect(future, day, result)
    result.days.sort(key=lambda outcome: outcome.day)
    return result


def _collect(future, day: date, result: Outcome) -> None:
    try:
        outcome, batch = future.result()
    except IngestError as error:
        logger.error(
            "day failed", extra={"day": day.isoformat(), "code": error.code, "detail": error.message}
        )
        result.failures[day] = error
        return
    result.days.append(outcome)
    result.count(batch)
