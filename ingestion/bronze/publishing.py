"""Ranger des lignes lues dans les fichiers de leurs jours, et compter ce que cela change."""

from dataclasses import dataclass, field
from datetime import date, datetime

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.bronze.merging import Change, keep_latest, merge
from ingestion.bronze.parquet import add_metadata, checksum, read_partition, write_partition, written_checksum
from ingestion.bronze.partitions import partition_name, present_days
from ingestion.bronze.storage import Folder
from ingestion.errors import IngestError
from ingestion.rows.resources import Resource


@dataclass(frozen=True)
class Target:
    """Où et comment écrire.

    folder : le dossier bronze (voir storage.py).
    force : réécrire un jour sans tenir compte du fichier déjà là.
    """

    resource: Resource
    folder: Folder
    run_id: str
    ingested_at: datetime
    compression: str = "zstd"
    force: bool = False


@dataclass(frozen=True)
class DayOutcome:
    """Ce qu'il est advenu d'un jour : `status` vaut written, unchanged ou empty.

    rows : nombre de lignes distinctes lues ; duplicates : celles reçues plus d'une fois.
    """

    day: date
    status: str
    rows: int = 0
    duplicates: int = 0
    change: Change = field(default_factory=Change)
    path: str | None = None


def publish_day(table: pa.Table, day: date, target: Target) -> DayOutcome:
    """Remplace le jour `day` par `table`, sa lecture entière."""
    if table.num_rows:
        return _publish(table, day, target, whole_day=True)
    name = partition_name(day)
    if target.folder.exists(name):
        raise IngestError(
            "empty_day",
            f"L'API ne rend plus aucune ligne pour {day} alors que {target.folder.where(name)} en contient : "
            "rien n'a été touché. Si c'est voulu, supprimez ce fichier.",
        )
    return DayOutcome(day, "empty")


def publish_increment(table: pa.Table, target: Target) -> tuple[list[DayOutcome], dict[date, int]]:
    """Fond chaque ligne dans le jour de son événement ; les autres lignes de ces jours restent.

    Rend aussi, pour les jours qui n'ont pas encore de fichier, leur nombre de lignes : en écrire un avec
    elles seules ferait passer un jour incomplet pour un jour fait.
    """
    present = present_days(target.folder)
    by_day = group_by_day(table, target.resource)
    missing = {day: by_day.pop(day).num_rows for day in sorted(by_day) if day not in present}
    return [_publish(by_day[day], day, target, whole_day=False) for day in sorted(by_day)], missing


def group_by_day(table: pa.Table, resource: Resource) -> dict[date, pa.Table]:
    """Les lignes de chaque jour UTC, d'après l'instant de leur propre événement."""
    days = table[resource.event_time_field].cast(pa.date32())
    return {day.as_py(): table.filter(pc.equal(days, day)) for day in pc.unique(days)}


def _publish(table: pa.Table, day: date, target: Target, whole_day: bool) -> DayOutcome:
    resource, name = target.resource, partition_name(day)
    incoming = keep_latest(table, resource)
    counts = {"rows": incoming.num_rows, "duplicates": table.num_rows - incoming.num_rows}
    existing, digest = None, checksum(incoming, resource)
    if target.folder.exists(name) and not (target.force and whole_day):
        if digest == written_checksum(target.folder, day, resource):
            change = Change(unchanged=incoming.num_rows)
            return DayOutcome(day, "unchanged", **counts, change=change, path=target.folder.where(name))
        existing = read_partition(target.folder, day, resource)
    incoming = add_metadata(incoming, resource, day, target.ingested_at)
    merged, change = merge(existing, incoming, resource, whole_day)
    if existing is not None:
        if change.is_empty:
            return DayOutcome(day, "unchanged", **counts, change=change, path=target.folder.where(name))
        digest = checksum(merged, resource)
    path = write_partition(merged, target.folder, day, resource, target.run_id, digest, target.compression)
    return DayOutcome(day, "written", **counts, change=change, path=path)
