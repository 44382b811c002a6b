"""Put the rows read into the files of their days, and count what that changes."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.bronze.contention import Gone, Stale, until_steady
from ingestion.bronze.merging import Change, beaten, keep_latest, merge, version_columns
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

    Attributes:
        resource: what is written.
        folder: the bronze folder (see storage.py).
        run_id: the run that writes.
        ingested_at: when, for the column `_ingested_at`.
        compression: a Parquet codec.
        force: write a day without looking at the file already there.
    """

    resource: Resource
    folder: Folder
    run_id: str
    ingested_at: datetime
    compression: str = "zstd"
    force: bool = False


@dataclass(frozen=True)
class DayOutcome:
    """What became of a day.

    Attributes:
        day: the UTC day.
        status: `written`, `unchanged` or `empty`.
        rows: number of distinct rows read.
        duplicates: those received more than once.
        change: what the day gained and lost.
        path: the address of its file, None without one.
    """

    day: date
    status: str
    rows: int = 0
    duplicates: int = 0
    change: Change = field(default_factory=Change)
    path: str | None = None


def publish_day(table: pa.Table, day: date, target: Target, seen: str | None) -> DayOutcome:
    """Replace the day `day` by `table`, its whole reading; say what became of the day.

    Args:
        table: all the rows that the source gives for this day.
        day: the UTC day of their events.
        target: where and how to write.
        seen: the version of the day's file when the reading began.

    Raises:
        Stale: another writer changed the day meanwhile. A row that `table` does not have was deleted at the source, or
            has joined the day since: only reading the source again tells.
        IngestError: the day cannot be written, or what is there cannot be read.
    """
    folder, name, resource = target.folder, partition_name(day), target.resource
    if not table.num_rows:
        return _nothing_read(day, target, seen)
    _refuse_strangers(folder, name)
    rows = keep_latest(table, resource)
    looks_back = seen is not None and not target.force
    if looks_back and checksum(rows, resource) == written_checksum(folder, day, resource):
        duplicates, same = table.num_rows - rows.num_rows, Change(unchanged=rows.num_rows)
        return DayOutcome(day, "unchanged", rows.num_rows, duplicates, same, folder.where(name))
    with folder.exclusive(name):
        existing = read_partition(folder, day, resource) if looks_back else None
        return _merge_into(existing, table, rows, day, target, seen, whole_day=True)


def _nothing_read(day: date, target: Target, seen: str | None) -> DayOutcome:
    """The outcome of a day of which the source gives no row; an error if there were some."""
    where = target.folder.where(partition_name(day))
    if target.folder.version(partition_name(day)) != seen:
        raise Stale(where)
    if seen:
        raise IngestError(
            "empty_day",
            f"L'API ne rend plus aucune ligne pour {day} alors que {where} en contient : "
            "rien n'a été touché. Si c'est voulu, supprimez ce fichier.",
        )
    return DayOutcome(day, "empty")


def publish_increment(table: pa.Table, target: Target) -> tuple[list[DayOutcome], dict[date, int]]:
    """Merge each row into the day of its event; the other rows of these days stay, another writer's too.

    To be followed by `leave_former_days`.

    Args:
        table: the rows read, of any number of days.
        target: where and how to write.

    Returns:
        What became of each day; and, for the days that have no file yet, their number of rows: to write one with these
        alone would make an incomplete day pass for a day done.

    Raises:
        IngestError: a day cannot be written, or what is there cannot be read.
    """
    present = present_days(target.folder)
    by_day = group_by_day(table, target.resource)
    outcomes, missing = [], {}
    for day in sorted(by_day):
        where = target.folder.where(partition_name(day))
        joined = until_steady(partial(_join, by_day[day], day, target), where) if day in present else None
        if joined:
            outcomes.append(joined)
        else:
            missing[day] = by_day[day].num_rows
    return outcomes, missing


def _join(table: pa.Table, day: date, target: Target) -> DayOutcome | None:
    """Merge rows into the day's file; None if it has none. Stale if another writer came between."""
    folder, name = target.folder, partition_name(day)
    _refuse_strangers(folder, name)
    with folder.exclusive(name):
        seen = folder.version(name)
        if seen is None:
            return None
        existing = read_partition(folder, day, target.resource)
        rows = keep_latest(table, target.resource)
        return _merge_into(existing, table, rows, day, target, seen, whole_day=False)


def _merge_into(
    existing: pa.Table | None,
    table: pa.Table,
    rows: pa.Table,
    day: date,
    target: Target,
    seen: str | None,
    whole_day: bool,
) -> DayOutcome:
    """Merge `rows`, those of `table` without their former versions, into `existing`, and write what that changes."""
    incoming = add_metadata(rows, target.resource, day, target.ingested_at)
    merged, change = merge(existing, incoming, target.resource, whole_day)
    outcome = DayOutcome(
        day,
        "unchanged",
        rows.num_rows,
        table.num_rows - rows.num_rows,
        change,
        target.folder.where(partition_name(day)),
    )
    if existing is not None and change.is_empty:
        return outcome
    _write(merged, day, target, seen)
    return replace(outcome, status="written")


def _write(table: pa.Table, day: date, target: Target, seen: str | None) -> None:
    write_partition(table, target.folder, day, target.resource, target.run_id, target.compression, seen)


def _refuse_strangers(folder: Folder, name: str) -> None:
    strangers = [one for one in folder.neighbours(name) if one.endswith(".parquet")]
    if strangers:
        raise IngestError(
            "foreign_files",
            f"{folder.where(name)} a pour voisin {strangers[0]}, que ce moteur n'a pas écrit : qui lit le "
            "dossier compterait les lignes deux fois. Rien n'a été touché : déplacez-le, ou changez --output-dir.",
        )


def leave_former_days(table: pa.Table, target: Target, outcomes: list[DayOutcome]) -> list[DayOutcome]:
    """Leave each row of `table`, safe in the day of its event, in one day only: that of its latest version.

    To be called once the rows are written: of two writers that each write, then look, one at least sees what the other
    wrote.

    Args:
        table: the rows that were published.
        target: where they were.
        outcomes: what became of their days.

    Returns:
        `outcomes` with what this changed, in the order of the days.
    """
    name = target.resource.id_field
    present = present_days(target.folder)
    by_day = group_by_day(table, target.resource).items()
    ids = {day: rows[name].combine_chunks() for day, rows in by_day if day in present}
    nothing = (
        table[name].slice(0, 0).combine_chunks()
    )  # pa.array() would import pandas, a quarter of a second

    def strays(day: date) -> pa.Array:
        others = [own for other, own in ids.items() if other != day]
        return _held(day, target, pa.concat_arrays(others)) if others else nothing

    with ThreadPoolExecutor(READERS) as pool:
        found = dict(zip(present, pool.map(strays, present), strict=True))
    moved = pa.concat_arrays([nothing, *found.values()])
    became = {outcome.day: outcome for outcome in outcomes}
    if len(moved):
        holders = {day for day, some in found.items() if len(some)}
        holders |= {day for day, own in ids.items() if pc.any(pc.is_in(own, moved)).as_py()}
        copies = pa.concat_tables([_copies(day, target, moved) for day in sorted(holders)])
        for day in pc.unique(beaten(copies, target.resource)["_partition_date"]).to_pylist():
            where = target.folder.where(partition_name(day))
            if left := until_steady(partial(_leave, copies, day, target), where):
                became[day] = _both(became[day], left) if day in became else left
    return [became[day] for day in sorted(became)]


def _held(day: date, target: Target, wanted: pa.Array) -> pa.Array:
    """Those of `wanted` (identifiers) that the day holds; none where the day has gone."""

    def attempt() -> pa.Array:
        try:
            return ids_among(target.folder, day, target.resource, wanted)
        except Gone:
            return wanted.slice(0, 0)

    return until_steady(attempt, target.folder.where(partition_name(day)))


def _copies(day: date, target: Target, ids: pa.Array) -> pa.Table:
    """What the day holds of these rows, as `version_columns`."""

    def attempt() -> pa.Table:
        try:
            table = read_partition(target.folder, day, target.resource)
        except Gone:
            table = target.resource.file_schema.empty_table()
        return table.filter(pc.is_in(table[target.resource.id_field], ids))

    found = until_steady(attempt, target.folder.where(partition_name(day)))
    return found.select(version_columns(target.resource))


def _leave(copies: pa.Table, day: date, target: Target) -> DayOutcome | None:
    """Write the day again without the rows of which `copies` has a later version in another day; None if it has none.

    A day left without a row has no file any more: it is empty. Stale if another writer came between.
    """
    resource, folder, name = target.resource, target.folder, partition_name(day)
    with folder.exclusive(name):
        seen = folder.version(name)
        if seen is None:
            return None
        existing = read_partition(folder, day, resource)
        elsewhere = copies.filter(pc.not_equal(copies["_partition_date"], day))
        own = existing.filter(
            pc.is_in(existing[resource.id_field], elsewhere[resource.id_field].combine_chunks())
        )
        lost = beaten(pa.concat_tables([own.select(elsewhere.column_names), elsewhere]), resource)
        lost = lost.filter(pc.equal(lost["_partition_date"], day))
        if not lost.num_rows:
            return None
        gone = pc.is_in(existing[resource.id_field], lost[resource.id_field].combine_chunks())
        kept = existing.filter(pc.invert(gone))
        change = Change(dropped=lost.num_rows)
        if not kept.num_rows:
            folder.delete(name, seen)
            return DayOutcome(day, "empty", change=change)
        _write(kept, day, target, seen)
    return DayOutcome(day, "written", change=change, path=folder.where(name))


def _both(merged: DayOutcome, left: DayOutcome) -> DayOutcome:
    """The outcome of a day that rows joined and that others left."""
    change = replace(merged.change, dropped=merged.change.dropped + left.change.dropped)
    return replace(merged, status=left.status, change=change, path=left.path)


def group_by_day(table: pa.Table, resource: Resource) -> dict[date, pa.Table]:
    """The rows of each UTC day, from the instant of their own event."""
    days = table[resource.event_time_field].cast(pa.date32())
    return {day.as_py(): table.filter(pc.equal(days, day)) for day in pc.unique(days)}
