"""Ingérer ce qui a changé depuis le filigrane, et fondre chaque ligne dans le jour qui est le sien."""

from datetime import timedelta

import watermark
from publish import publish_increment
from reading import Job, read_batch
from report import Outcome


def ingest_increment(
    job: Job, mark: watermark.Watermark, look_back: timedelta
) -> tuple[Outcome, watermark.Watermark]:
    """Lit les lignes modifiées depuis `mark`, les publie, et rend le nouveau filigrane.

    Le filigrane est le plus grand `updated_at` reçu : l'horloge de l'API, jamais celle de cette
    machine. L'appelant ne l'enregistre qu'ensuite, une fois les données écrites.
    Une suppression à la source ne se voit pas ici : seule la relecture d'un jour entier la montre.
    """
    params = {"updated_since": watermark.text(mark.read_from(look_back))}
    batch = read_batch(job, params, "increment", whole=False)
    outcome = Outcome(days=publish_increment(batch.rows, job.target), batches=[batch])
    latest = watermark.latest_update(batch.rows) or mark.value
    return outcome, watermark.Watermark(mark.resource, max(mark.value, latest))
