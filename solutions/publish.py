"""Ranger des lignes lues dans les fichiers de leurs jours, et compter ce que cela change."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from bronze import Change, add_metadata, keep_latest, merge, read_partition, write_partition
from errors import IngestError
from partitions import partition_path, present_days
from records import to_table
from resources import Resource


@dataclass(frozen=True)
class Target:
    """Où et comment écrire.

    force : réécrire un jour sans tenir compte du fichier déjà là.
    """

    resource: Resource
    output_dir: Path
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
    path: Path | None = None


def publish_day(rows: list[dict], day: date, target: Target) -> DayOutcome:
    """Remplace le jour `day` par `rows`, sa lecture entière."""
    if rows:
        return _publish(rows, day, target, whole_day=True)
    path = partition_path(target.output_dir, day)
    if path.exists():
        raise IngestError(
            "empty_day",
            f"L'API ne rend plus aucune ligne pour {day} alors que {path} en contient : rien n'a été touché. "
            "Si c'est voulu, supprimez ce fichier.",
        )
    return DayOutcome(day, "empty")


def publish_increment(rows: list[dict], target: Target) -> tuple[list[DayOutcome], dict[date, list[dict]]]:
    """Fond chaque ligne dans le jour de son événement ; les autres lignes de ces jours restent.

    Rend aussi, par jour, les lignes dont le jour n'a pas encore de fichier : en écrire un avec elles
    seules ferait passer un jour incomplet pour un jour fait.
    """
    present = present_days(target.output_dir)
    by_day = group_by_day(rows, target.resource)
    missing = {day: by_day.pop(day) for day in sorted(by_day) if day not in present}
    return [_publish(by_day[day], day, target, whole_day=False) for day in sorted(by_day)], missing


def group_by_day(rows: list[dict], resource: Resource) -> dict[date, list[dict]]:
    """Les lignes de chaque jour UTC, d'après l'instant de leur propre événement."""
    by_day = defaultdict(list)
    for row in rows:
        by_day[row[resource.event_time_field].date()].append(row)
    return dict(by_day)


def _publish(rows: list[dict], day: date, target: Target, whole_day: bool) -> DayOutcome:
    resource, path = target.resource, partition_path(target.output_dir, day)
    incoming = keep_latest(to_table(rows, resource), resource)
    incoming = add_metadata(incoming, resource, day, target.ingested_at)
    ignored = target.force and whole_day
    existing = None if ignored else read_partition(target.output_dir, day, resource)
    table, change = merge(existing, incoming, resource, whole_day)
    if existing is None or not change.is_empty:
        footer = {"run_id": target.run_id, "source": resource.path, "rows": str(table.num_rows)}
        write_partition(table, target.output_dir, day, footer, target.compression)
        status = "written"
    else:
        status = "unchanged"
    duplicates = len(rows) - incoming.num_rows
    return DayOutcome(day, status, incoming.num_rows, duplicates, change, path)
