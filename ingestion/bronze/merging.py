"""Bring together what is already written and what was just read: one row an identifier, the latest."""

from dataclasses import dataclass
from functools import reduce

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.rows.resources import Resource


@dataclass(frozen=True)
class Change:
    """What a reading changes in a day, in rows.

    Attributes:
        written: new rows.
        replaced: corrected ones.
        unchanged: those that are as they were written.
        dropped: those gone from the source since, or moved to another day.
    """

    written: int = 0
    replaced: int = 0
    unchanged: int = 0
    dropped: int = 0

    @property
    def is_empty(self) -> bool:
        return not (self.written or self.replaced or self.dropped)


def keep_latest(table: pa.Table, resource: Resource) -> pa.Table:
    """One row an identifier, the latest, sorted by identifier.

    A version without an instant of update is older than one with it; of two equal ones the last received wins.
    """
    ids = table[resource.id_field]
    if len(ids) < 2 or pc.all(pc.greater(ids[1:], ids[:-1])).as_py():
        return table
    names = [resource.id_field, *([resource.updated_at_field] if resource.updated_at_field else [])]
    order = [(name, "ascending", "at_start") for name in names]
    table = table.take(pc.sort_indices(table, sort_keys=order))
    ids = table[resource.id_field]
    last_of_its_id = pc.not_equal(ids[:-1], ids[1:]).combine_chunks()
    return table.filter(pa.concat_arrays([last_of_its_id, pa.array([True])]))


def version_columns(resource: Resource) -> list[str]:
    """The columns that tell which of two copies of a row, in two days, is the latest, most telling last."""
    updated_at = [resource.updated_at_field] if resource.updated_at_field else []
    return [resource.id_field, *updated_at, "_ingested_at", "_partition_date"]


def beaten(copies: pa.Table, resource: Resource) -> pa.Table:
    """The rows of `copies` (see `version_columns`) of which a later copy is there too.

    No two writers disagree on it, whatever each has seen: a row is never taken out of both its days.
    """
    order = [(name, "ascending", "at_start") for name in version_columns(resource)]
    copies = copies.take(pc.sort_indices(copies, sort_keys=order))
    ids = copies[resource.id_field]
    return copies.slice(0, len(ids) - 1).filter(pc.equal(ids[:-1], ids[1:]).combine_chunks())


def merge(
    existing: pa.Table | None, incoming: pa.Table, resource: Resource, whole_day: bool
) -> tuple[pa.Table, Change]:
    """Bring together a day already written and what was just read, one row an identifier.

    An identical row keeps its written version, `_ingested_at` included.

    Args:
        existing: the day as it is written, None if it is not.
        incoming: what was read, one row an identifier (see `keep_latest`).
        resource: their columns.
        whole_day: `incoming` is the whole day; what is not in it any more was deleted at the source.

    Returns:
        The day as it is to be, sorted by identifier, and what changed in it.
    """
    if existing is None:
        return incoming, Change(written=incoming.num_rows)
    positions = pc.index_in(incoming[resource.id_field], existing[resource.id_field])
    is_known = pc.is_valid(positions)
    former = existing.take(pc.drop_null(positions))
    is_changed = _differs(former, incoming.filter(is_known), resource, newest_wins=not whole_day)
    fresh = incoming.filter(pc.invert(is_known))
    replaced = incoming.filter(is_known).filter(is_changed)
    unchanged = former.filter(pc.invert(is_changed))
    absent = existing.filter(pc.invert(pc.is_in(existing[resource.id_field], incoming[resource.id_field])))
    kept = [unchanged, fresh, replaced] + ([] if whole_day else [absent])
    change = Change(
        written=fresh.num_rows,
        replaced=replaced.num_rows,
        unchanged=unchanged.num_rows,
        dropped=absent.num_rows if whole_day else 0,
    )
    return pa.concat_tables(kept).sort_by(resource.id_field), change


def _differs(former: pa.Table, incoming: pa.Table, resource: Resource, newest_wins: bool) -> pa.ChunkedArray:
    """True for each row of which a business column changed.

    newest_wins: except a return to an older version, which an increment read again may bring.
    """
    columns = [*resource.schema.names, "_extra"]
    before, after = former.select(columns).flatten(), incoming.select(columns).flatten()
    # Of two values of which one is missing, what tells is whether the other is too. No constant among the arguments:
    # to make one of a Python value, pyarrow imports pandas, a quarter of a second.
    each = (
        pc.coalesce(pc.not_equal(old, new), pc.xor(pc.is_null(old), pc.is_null(new)))
        for old, new in zip(before.columns, after.columns, strict=True)
    )
    differs = reduce(pc.or_, each)
    if newest_wins and resource.updated_at_field:
        old, new = former[resource.updated_at_field], incoming[resource.updated_at_field]
        differs = pc.and_(differs, pc.coalesce(pc.greater_equal(new, old), pc.is_null(old)))
    return differs
