"""Put the rows read into the files of their days, and count what that changes."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date, datetime

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.bronze.merging import Change, keep_latest, merge
from ingestion.bronze.parquet import (
    add_metadata,
    checksum,
    ids_among,
    read_partition,
    write_partition,
    written_checksum,
)
from ingestion.bronze.partitions import partition_name, present_days
from ingestion.bronze.storage import Folder
from ingestion.errors import IngestError
from ingestion.rows.resources import Resource

READERS = 16


@dataclass(frozen=True)
class Target:
    """Where and how to write.

    folder: the bronze folder (see storage.py); force: write a day without looking at the file already there.
    """

    resource: Resource
    folder: Folder
    run_id: str
    ingested_at: datetime
    compression: str = "zstd"
    force: bool = False


@dataclass(frozen=True)
class DayOutcome:
    """What became of a day: `status` is written, unchanged or empty.

    rows: number of distinct rows read; duplicates: those received more than once.
    """

    day: date
    status: str
    rows: int = 0
    duplicates: int = 0
    change: Change = field(default_factory=Change)
    path: str | None = None


def publish_day(table: pa.Table, day: date, target: Target) -> DayOutcome:
    """Replace the day `day` by `table`, its whole reading."""
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
    """Merge each row into the day of its event; the other rows of these days stay.

    Gives also, for the days that have no file yet, their number of rows: to write one with these alone would make an
    incomplete day pass for a day done. To be followed by `leave_former_days`.
    """
    present = present_days(target.folder)
    by_day = group_by_day(table, target.resource)
    missing = {day: by_day.pop(day).num_rows for day in sorted(by_day) if day not in present}
    return [_publish(by_day[day], day, target, whole_day=False) for day in sorted(by_day)], missing


def leave_former_days(table: pa.Table, target: Target, outcomes: list[DayOutcome]) -> list[DayOutcome]:
    """Take the rows of `table`, each safe in the day of its event, out of the other days that still hold them.

    Gives `outcomes` with what this changed, in the order of the days.
    """
    present = present_days(target.folder)
    name = target.resource.id_field
    by_day = group_by_day(table, target.resource).items()
    ids = {day: rows[name].combine_chunks() for day, rows in by_day if day in present}

    def held(day: date) -> pa.Array:
        others = [own for other, own in ids.items() if other != day]
        if not others:
            return pa.array([], target.resource.schema.field(name).type)
        return ids_among(target.folder, day, target.resource, pa.concat_arrays(others))

    with ThreadPoolExecutor(READERS) as pool:
        found = dict(zip(present, pool.map(held, present), strict=True))
    became = {outcome.day: outcome for outcome in outcomes}
    for day, strays in found.items():
        if len(strays):
            left = _without(strays, day, target)
            became[day] = _both(became[day], left) if day in became else left
    return [became[day] for day in sorted(became)]


def _without(ids: pa.Array, day: date, target: Target) -> DayOutcome:
    """Write the day again without these identifiers; a day left without a row has no file any more."""
    resource, name = target.resource, partition_name(day)
    existing = read_partition(target.folder, day, resource)
    kept = existing.filter(pc.invert(pc.is_in(existing[resource.id_field], ids)))
    change = Change(dropped=existing.num_rows - kept.num_rows)
    path = target.folder.where(name)
    if kept.num_rows:
        digest = checksum(kept, resource)
        write_partition(kept, target.folder, day, resource, target.run_id, digest, target.compression)
    else:
        target.folder.delete(name)
    return DayOutcome(day, "written", change=change, path=path)


def _both(merged: DayOutcome, left: DayOutcome) -> DayOutcome:
    """The outcome of a day that rows joined and that others left."""
    change = replace(merged.change, dropped=merged.change.dropped + left.change.dropped)
    return replace(merged, status="written", change=change, path=left.path)


def group_by_day(table: pa.Table, resource: Resource) -> dict[date, pa.Table]:
    """The rows of each UTC day, from the instant of their own event."""
    days = table[resource.event_time_field].cast(pa.date32())
    return {day.as_py(): table.filter(pc.equal(days, day)) for day in pc.unique(days)}


def _publish(table: pa.Table, day: date, target: Target, whole_day: bool) -> DayOutcome:
    resource, name = target.resource, partition_name(day)
    incoming = keep_latest(table, resource)
    counts = {"rows": incoming.num_rows, "duplicates": table.num_rows - incoming.num_rows}
    existing, digest = None, checksum(incoming, resource)
    strangers = [one for one in target.folder.neighbours(name) if one.endswith(".parquet")]
    if strangers:
        raise IngestError(
            "foreign_files",
            f"{target.folder.where(name)} a pour voisin {strangers[0]}, que ce moteur n'a pas écrit : qui lit le "
            "dossier compterait les lignes deux fois. Rien n'a été touché : déplacez-le, ou changez --output-dir.",
        )
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
