"""Lire une sélection de l'API en entier : toutes les pages, converties, triées entre bonnes et refusées."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import quarantine
from errors import IngestError
from fetch import ApiClient
from logs import logger
from pagination import PAGINATIONS
from publish import Target
from records import Reject, split_rows


@dataclass(frozen=True)
class Job:
    """Un passage d'ingestion : d'où lire, comment, où ranger le bon et le refusé.

    max_quarantine_ratio : part de lignes refusées, de 0 à 1, au-delà de laquelle rien n'est publié.
    """

    client: ApiClient
    target: Target
    quarantine_dir: Path
    pagination: str
    page_size: int
    max_quarantine_ratio: float


@dataclass(frozen=True)
class Batch:
    """Ce qu'une lecture a reçu : les lignes au schéma, et les rejets."""

    rows: list[dict]
    rejects: list[Reject]

    @property
    def received(self) -> int:
        return len(self.rows) + len(self.rejects)


def read_day(job: Job, day: date) -> Batch:
    """Lit un jour entier ; pour une ressource sans date, la ressource entière."""
    if job.target.resource.event_time_field is None:
        return _read(job, {}, day.isoformat(), whole=True)
    return _read(job, {"date": day.isoformat()}, day.isoformat(), whole=True, day=day)


def read_since(job: Job, since: str) -> Batch:
    """Lit ce qui a été modifié depuis l'instant `since`, compris."""
    return _read(job, {"updated_since": since}, "increment", whole=False)


def _read(job: Job, params: dict, reading: str, whole: bool, day: date | None = None) -> Batch:
    """Lit toutes les pages de la sélection `params` et met les lignes refusées en quarantaine.

    reading : nom de cette lecture dans la quarantaine.
    whole : vrai si la sélection est relue en entier ; voir `quarantine.record`.
    IngestError `too_many_rejects` au-delà du seuil : c'est l'API qui a changé, pas quelques lignes.
    """
    resource = job.target.resource
    rows, rejects = [], []
    for page in PAGINATIONS[job.pagination](job.client, resource, params, job.page_size):
        good, bad = split_rows(page.rows, page.number, resource, day)
        rows += good
        rejects += bad
        logger.info("page read", extra={"reading": reading, "page": page.number, "rows": len(page.rows)})
    batch = Batch(rows, rejects)
    entries = [quarantine.entry(reject, job.target.run_id) for reject in rejects]
    quarantine.record(job.quarantine_dir, resource.name, reading, entries, whole)
    if len(rejects) > job.max_quarantine_ratio * batch.received:
        first = rejects[0]
        raise IngestError(
            "too_many_rejects",
            f"{reading} : {len(rejects)} lignes refusées sur {batch.received} (d'abord {first.reason}, champ "
            f"« {first.field} »). Rien n'a été publié : l'API a-t-elle changé ? Voyez {job.quarantine_dir}.",
        )
    return batch
