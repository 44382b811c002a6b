"""Read a selection of the API whole: all its pages, then the good rows apart from those refused."""

import json
from dataclasses import dataclass, field, replace
from datetime import date, datetime

import pyarrow as pa

from ingestion.api.client import ApiClient
from ingestion.api.paginations import PAGINATIONS, Page, SourceMoved
from ingestion.bronze.publishing import Target
from ingestion.bronze.storage import Folder
from ingestion.errors import IngestError, counted
from ingestion.in_flight import InFlight
from ingestion.kinds import JsonObject
from ingestion.logs import logger
from ingestion.quarantine import store as quarantine_store
from ingestion.quarantine.store import Entry
from ingestion.rows.decoding import read_pages, to_table
from ingestion.rows.instants import latest_believable
from ingestion.rows.json_text import NotJson
from ingestion.rows.records import Reject, read_texts
from ingestion.rows.resources import Resource

READINGS = 3


@dataclass(frozen=True)
class Job:
    """A run of ingestion: where to read from, how, where to put the good and the refused.

    Attributes:
        client: the API.
        target: where the good rows go.
        quarantine: where the refused ones wait.
        pagination: how pages follow one another, a name of `api.paginations`.
        page_size: rows a page, as asked for.
        max_quarantine_ratio: the share of rows refused, from 0 to 1, beyond which nothing is published.
        in_flight: what keeps the memory bounded when several readings run at once.
    """

    client: ApiClient
    target: Target
    quarantine: Folder
    pagination: str
    page_size: int
    max_quarantine_ratio: float
    in_flight: InFlight = field(default_factory=InFlight)


@dataclass(frozen=True)
class Selection:
    """What is asked of the API.

    Attributes:
        name: the name of this reading, the only one in a run, for the logs and the quarantine.
        params: the parameters of the request.
        start: where to begin in the pagination, None for its beginning.
        whole: whether the selection is read whole again; see `quarantine.store.record`.
        day: the day of which all the rows must be, if there is one.
        waiting: the version of the quarantine's file of this reading when it began.
    """

    name: str
    params: JsonObject
    whole: bool
    day: date | None = None
    start: str | int | None = None
    waiting: str | None = None


@dataclass(frozen=True)
class Tally:
    """What a reading is accounted for with.

    Attributes:
        received: rows received, and mended ones brought back.
        quarantined: rows refused.
        repeated: rows refused that came twice, or whose mended version is home in another day.
        local_days: rows of the day asked for where they were written, and of another in UTC.
        last_position: the position of the last page in the pagination.
        latest_update: the latest believable instant of update read, None if there is none.
    """

    received: int
    quarantined: int
    repeated: int
    last_position: str | int | None
    latest_update: datetime | None
    local_days: int


@dataclass(frozen=True)
class Batch:
    """A reading: the table of the readable rows, and its tally."""

    table: pa.Table
    tally: Tally


def whole_day(job: Job, day: date) -> Selection:
    """A whole day, read from now on; for a resource without a date, the whole resource."""
    resource = job.target.resource
    if resource.event_time_field is None:
        return _from_now_on(job, Selection(day.isoformat(), {}, whole=True))
    asked = {resource.words.date: day.isoformat()}
    return _from_now_on(job, Selection(day.isoformat(), asked, whole=True, day=day))


def whole_listing(job: Job) -> Selection:
    """Everything, read from now on, for a resource that cannot be asked for a day."""
    return _from_now_on(job, Selection("listing", {}, whole=True))


def _from_now_on(job: Job, selection: Selection) -> Selection:
    name = quarantine_store.waiting_file(job.target.resource.name, selection.name)
    return replace(selection, waiting=job.quarantine.version(name))


def read(job: Job, selection: Selection) -> Batch:
    """Read all the pages of `selection` and sort their rows out; see `sort_out`."""
    with job.in_flight.reading(selection.name):
        return sort_out(job, selection, fetch_pages(job, selection))


def fetch_pages(job: Job, selection: Selection) -> list[Page]:
    """All the pages, still in bytes; to be called in a block `job.in_flight.reading`.

    A listing that moved meanwhile is read again from its beginning, READINGS times in all.
    """
    for attempt in range(1, READINGS + 1):
        try:
            return _fetch_once(job, selection)
        except SourceMoved as moved:
            logger.warning("total moved while reading", extra={"reading": selection.name, "attempt": attempt})
            if attempt == READINGS:
                raise moved
            job.in_flight.release(selection.name)
    raise AssertionError("unreachable")


def _fetch_once(job: Job, selection: Selection) -> list[Page]:
    start = {} if selection.start is None else {"start": selection.start}
    turn = PAGINATIONS[job.pagination]
    pages = []
    for page in turn(job.client, job.target.resource, selection.params, job.page_size, **start):
        pages.append(page)
        logger.debug("page read", extra={"reading": selection.name, "page": page.number})
        job.in_flight.hold(selection.name, page.answer.size)
    return pages


def sort_out(job: Job, selection: Selection, pages: list[Page]) -> Batch:
    """Set the readable rows apart from the refused ones, which go to quarantine.

    Args:
        job: where the refused go.
        selection: what was asked for.
        pages: what came.

    Returns:
        The readable rows, and what the reading is accounted for with.

    Raises:
        IngestError: `too_many_rejects` beyond the threshold: it is the API that has changed, not a few rows.
        Stale: another writer changed the quarantine of a whole reading since it began.
    """
    resource, folder = job.target.resource, job.quarantine
    try:
        texts = [(page.number, page.answer.rows_text) for page in pages]
        table, rejects = read_pages(texts, resource, selection.day)
    except NotJson:
        raise IngestError("invalid_json", f"{selection.name} : une page n'est pas une liste JSON.") from None
    waiting = {item.id: item for item in (quarantine_store.entry(r, job.target.run_id) for r in rejects)}
    back, mended = _mended(folder, resource, selection, waiting)
    received = table.num_rows + len(rejects) + len(back.keys() - waiting.keys())
    repeated = len(rejects) - len(waiting) + len(mended - back.keys())
    if back:
        table = pa.concat_tables([to_table(list(back.values()), resource), table])
    entries = [item for item in waiting.values() if item.id not in mended]
    name = quarantine_store.waiting_file(resource.name, selection.name)
    quarantine_store.record(folder, name, entries, selection.whole, selection.waiting)
    if entries and not selection.whole:
        _leave_to_replay(folder, resource, name)
    if len(entries) > job.max_quarantine_ratio * received:
        raise IngestError(
            "too_many_rejects",
            f"{selection.name} : {counted(len(entries), 'ligne')} en quarantaine sur {received} (d'abord "
            f"{entries[0].reason}, champ « {entries[0].field} »). Rien n'a été publié : "
            f"l'API a-t-elle changé ? Voyez {folder}.",
        )
    latest = _latest_update(table, resource, selection)
    local = sum(_is_of_local_day(reject, resource, selection.day) for reject in rejects if selection.day)
    return Batch(table, Tally(received, len(entries), repeated, pages[-1].position, latest, local))


def _leave_to_replay(folder: Folder, resource: Resource, name: str) -> None:
    """Take out of the file those that a replay brought home while it was written: it may have looked there before."""
    home = {item.id for item in quarantine_store.load(folder, quarantine_store.mended_file(resource.name))}
    quarantine_store.change(
        folder, name, lambda former: {id: item for id, item in former.items() if id not in home}
    )


def _latest_update(table: pa.Table, resource: Resource, selection: Selection) -> datetime | None:
    """The latest update that can be believed: one of the year 9999 would hide all those to come."""
    if resource.updated_at_field is None:
        return None
    latest, ignored = latest_believable(table[resource.updated_at_field])
    if ignored:
        logger.warning(
            "update in the future ignored",
            extra={"reading": selection.name, "updated_at": ignored.isoformat()},
        )
    return latest


def _is_of_local_day(reject: Reject, resource: Resource, day: date) -> bool:
    """Whether this row is of `day` where it was written: the API does not cut its days in UTC."""
    if reject.reason != "other_day":
        return False
    written = datetime.fromisoformat(json.loads(reject.raw)[resource.event_time_field])
    return written.date() == day


def _mended(
    folder: Folder, resource: Resource, selection: Selection, waiting: dict[str, Entry]
) -> tuple[dict[str, JsonObject], set[str]]:
    """Rows that a replay brought home, by entry id: those to put back in this reading; and all those refused here.

    A row goes back into its own day, were it another reading that refused it.
    """
    known = quarantine_store.load(folder, quarantine_store.mended_file(resource.name))
    again = {item.id for item in known if item.id in waiting}
    elsewhere = {item.id for item in known if selection.day and item.reading not in ("", selection.name)}
    wanted = {item.id: (item.page, item.raw) for item in known if item.id in again | elsewhere}
    back, _ = read_texts(wanted, resource, selection.day)
    return back, again
