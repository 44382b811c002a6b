"""Lire une sélection de l'API en entier : toutes les pages, puis le tri entre bonnes lignes et refusées."""

from dataclasses import dataclass, field
from datetime import date, datetime

import pyarrow as pa

from ingestion.api.client import ApiClient
from ingestion.api.paginations import PAGINATIONS, Page
from ingestion.bronze.publishing import Target
from ingestion.bronze.storage import Folder
from ingestion.errors import IngestError
from ingestion.in_flight import InFlight
from ingestion.logs import logger
from ingestion.quarantine import store as quarantine_store
from ingestion.quarantine.store import Entry
from ingestion.rows.arrow_json import DoesNotFit, read_objects, to_table
from ingestion.rows.instants import bounds
from ingestion.rows.records import Reject, split_rows
from ingestion.rows.resources import Resource


@dataclass(frozen=True)
class Job:
    """Un passage d'ingestion : d'où lire, comment, où ranger le bon et le refusé.

    max_quarantine_ratio : part de lignes refusées, de 0 à 1, au-delà de laquelle rien n'est publié.
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
    """Ce que l'on demande à l'API.

    name : nom de cette lecture, seul de son espèce dans un passage, pour les journaux et la quarantaine.
    params : les paramètres de la requête ; start : d'où partir dans la pagination, None pour le début.
    whole : vrai si la sélection est relue en entier ; voir `quarantine_store.record`.
    day : le jour dont toutes les lignes doivent être, s'il y en a un.
    """

    name: str
    params: dict
    whole: bool
    day: date | None = None
    start: str | int | None = None


@dataclass(frozen=True)
class Batch:
    """Une lecture : la table des lignes lisibles, et de quoi en rendre compte.

    received : lignes reçues ; quarantined : lignes refusées ; repeated : lignes refusées reçues deux fois.
    last_position : la position de la dernière page dans la pagination.
    latest_update : le plus grand instant de mise à jour lu, None s'il n'y en a pas.
    """

    table: pa.Table | None
    received: int
    quarantined: int
    repeated: int
    last_position: str | int | None
    latest_update: datetime | None


def whole_day(resource: Resource, day: date) -> Selection:
    """Un jour entier ; pour une ressource sans date, la ressource entière."""
    if resource.event_time_field is None:
        return Selection(day.isoformat(), {}, whole=True)
    return Selection(day.isoformat(), {"date": day.isoformat()}, whole=True, day=day)


def read(job: Job, selection: Selection) -> Batch:
    """Lit toutes les pages de `selection` et trie leurs lignes ; voir `sort_out`."""
    with job.in_flight.reading(selection.name):
        return sort_out(job, selection, fetch_pages(job, selection))


def fetch_pages(job: Job, selection: Selection) -> list[Page]:
    """Toutes les pages, encore en octets ; à appeler dans un bloc `job.in_flight.reading`."""
    start = {} if selection.start is None else {"start": selection.start}
    turn = PAGINATIONS[job.pagination]
    pages = []
    for page in turn(job.client, job.target.resource, selection.params, job.page_size, **start):
        pages.append(page)
        logger.debug("page read", extra={"reading": selection.name, "page": page.number})
        job.in_flight.hold(selection.name, page.answer.size)
    return pages


def sort_out(job: Job, selection: Selection, pages: list[Page]) -> Batch:
    """Sépare les lignes lisibles des lignes refusées, qui vont en quarantaine.

    IngestError `too_many_rejects` au-delà du seuil : c'est l'API qui a changé, pas quelques lignes.
    """
    resource, folder = job.target.resource, job.quarantine
    table, rejects = read_pages(pages, resource, selection.day)
    received = table.num_rows + len(rejects)
    waiting = {item.id: item for item in (quarantine_store.entry(r, job.target.run_id) for r in rejects)}
    repeated = len(rejects) - len(waiting)
    mended = _mended(folder, resource, waiting)
    if mended:
        table = pa.concat_tables([table, to_table(list(mended.values()), resource)])
    entries = [item for item in waiting.values() if item.id not in mended]
    quarantine_store.record(
        folder, quarantine_store.waiting_file(resource.name, selection.name), entries, selection.whole
    )
    if len(entries) > job.max_quarantine_ratio * received:
        raise IngestError(
            "too_many_rejects",
            f"{selection.name} : {len(entries)} lignes refusées sur {received} (d'abord {entries[0].reason}, champ "
            f"« {entries[0].field} »). Rien n'a été publié : l'API a-t-elle changé ? Voyez {folder}.",
        )
    updates = bounds(table[resource.updated_at_field]) if resource.updated_at_field else None
    latest = updates[1] if updates else None
    return Batch(table, received, len(entries), repeated, pages[-1].position, latest)


def _mended(folder: Folder, resource: Resource, waiting: dict[str, Entry]) -> dict[str, dict]:
    """Les lignes refusées qu'un replay a déjà ramenées, dans leur version réparée, par identifiant d'entrée."""
    if not waiting:
        return {}
    known = quarantine_store.load(folder, quarantine_store.mended_file(resource.name))
    again = [item for item in known if item.id in waiting]
    return {item.id: values for item in again for values in split_rows([item.raw], item.page, resource)[0]}


def read_pages(pages: list[Page], resource: Resource, day: date | None) -> tuple[pa.Table, list[Reject]]:
    """La table des lignes lisibles, et les lignes refusées.

    day : le jour demandé à l'API ; une ligne d'un autre jour est refusée.
    """
    try:
        table = read_objects([part for page in pages for part in page.answer.data_object()], resource)
        if day and not _is_all_of(table[resource.event_time_field], day):
            raise DoesNotFit("other day")
        return table, []
    except DoesNotFit:
        if len(pages) > 1:
            parts = [read_pages([page], resource, day) for page in pages]
            return pa.concat_tables(table for table, _ in parts), [
                reject for _, bad in parts for reject in bad
            ]
        good, rejects = split_rows(pages[0].rows, pages[0].number, resource, day)
        return to_table(good, resource), rejects


def _is_all_of(instants: pa.ChunkedArray, day: date) -> bool:
    return all(instant.date() == day for instant in bounds(instants) or ())
