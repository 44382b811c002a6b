"""Ingérer ce qui a changé depuis le filigrane, et fondre chaque ligne dans le jour qui est le sien."""

from dataclasses import replace
from datetime import timedelta

import watermark
from daily import ingest_days
from publish import publish_increment
from reading import Job, read_since
from report import Outcome
from watermark import Watermark


def ingest_increment(
    job: Job, mark: Watermark, look_back: timedelta, workers: int
) -> tuple[Outcome, Watermark]:
    """Lit les lignes modifiées depuis `mark`, les publie, et rend le nouveau filigrane.

    Un jour qui n'a pas encore de fichier est lu en entier.
    Le filigrane est le plus grand `updated_at` reçu : l'horloge de l'API, jamais celle de cette
    machine. L'appelant ne l'enregistre qu'ensuite, une fois les données écrites.
    Une suppression à la source ne se voit pas ici : seule la relecture d'un jour entier la montre.
    """
    batch = read_since(job, watermark.text(mark.read_from(look_back)))
    merged, missing = publish_increment(batch.rows, job.target)
    outcome = ingest_days(job, list(missing), workers)
    seen_twice = [replace(day, duplicates=day.duplicates + len(missing[day.day])) for day in outcome.days]
    outcome.days = sorted(merged + seen_twice, key=lambda day: day.day)
    outcome.batches.append(batch)
    latest = watermark.latest_update(batch.rows) or mark.value
    return outcome, Watermark(mark.resource, max(mark.value, latest))
