"""Ingérer ce qui est nouveau depuis le filigrane, et fondre chaque ligne dans le jour qui est le sien."""

from dataclasses import replace
from datetime import date, timedelta

import pyarrow.compute as pc

from ingestion import watermark
from ingestion.bronze.publishing import publish_increment
from ingestion.daily import ingest_days
from ingestion.reading import Batch, Job, Selection, read
from ingestion.result import Outcome
from ingestion.rows.resources import Resource
from ingestion.watermark import Watermark

PAGINATION = {"last_id": "keyset", "cursor": "cursor"}


def ingest_increment(
    job: Job, mark: Watermark, first_day: date | None, look_back: timedelta, workers: int
) -> tuple[Outcome, Watermark]:
    """Lit ce qui suit `mark`, le publie, et rend le nouveau filigrane.

    first_day : premier jour à lire quand le filigrane est encore vide ; look_back : pour `updated_at`,
        de combien relire en arrière.
    Un jour qui n'a pas encore de fichier est lu en entier. Le nouveau filigrane vient de ce que l'API
    a rendu, jamais de l'horloge de cette machine ; l'appelant ne l'enregistre qu'ensuite.
    Une suppression à la source ne se voit pas ici : seule la relecture d'un jour entier la montre.
    """
    job = replace(job, pagination=PAGINATION.get(mark.kind, job.pagination))
    batch = read(job, _since(mark, first_day, look_back))
    merged, missing = publish_increment(batch.table, job.target)
    outcome = ingest_days(job, list(missing), workers)
    seen_twice = [replace(day, duplicates=day.duplicates + missing[day.day]) for day in outcome.days]
    outcome.unpublished = sum(
        missing[day] for day in missing if day not in {done.day for done in outcome.days}
    )
    outcome.days = sorted(merged + seen_twice, key=lambda day: day.day)
    outcome.count(batch)
    return outcome, mark.advanced(_reached(mark.kind, batch, job.target.resource))


def _since(mark: Watermark, first_day: date | None, look_back: timedelta) -> Selection:
    """Ce qu'il faut demander à l'API pour lire la suite."""
    if mark.kind == "updated_at":
        return Selection(
            "increment", {"updated_since": watermark.text(mark.read_from(look_back))}, whole=False
        )
    params = {"start_date": first_day.isoformat()} if mark.value is None else {}
    return Selection("increment", params, whole=False, start=mark.value)


def _reached(kind: str, batch: Batch, resource: Resource):
    """Jusqu'où cette lecture est allée. Le curseur gardé est celui de la dernière page : elle sera relue,
    puisque l'API n'en donne plus après la dernière."""
    if kind == "cursor":
        return batch.last_position
    if kind == "updated_at":
        return batch.latest_update
    return pc.max(batch.table[resource.id_field]).as_py()
