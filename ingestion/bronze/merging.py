"""Réunir ce qui est déjà écrit et ce qui vient d'être lu : une ligne par identifiant, la plus récente."""

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.rows.resources import Resource


@dataclass(frozen=True)
class Change:
    """Ce qu'une lecture change à un jour, en nombre de lignes.

    written : nouvelles ; replaced : corrigées ; unchanged : identiques à ce qui était écrit ;
    dropped : disparues de la source depuis.
    """

    written: int = 0
    replaced: int = 0
    unchanged: int = 0
    dropped: int = 0

    @property
    def is_empty(self) -> bool:
        return not (self.written or self.replaced or self.dropped)


def keep_latest(table: pa.Table, resource: Resource) -> pa.Table:
    """Une seule ligne par identifiant, la plus récente, triées par identifiant."""
    ids = table[resource.id_field]
    if len(ids) < 2 or pc.all(pc.greater(ids[1:], ids[:-1])).as_py():
        return table
    order = [(resource.id_field, "ascending")]
    if resource.updated_at_field:
        order.append((resource.updated_at_field, "ascending"))
    table = table.sort_by(order)
    ids = table[resource.id_field]
    last_of_its_id = pc.not_equal(ids[:-1], ids[1:]).combine_chunks()
    return table.filter(pa.concat_arrays([last_of_its_id, pa.array([True])]))


def merge(
    existing: pa.Table | None, incoming: pa.Table, resource: Resource, whole_day: bool
) -> tuple[pa.Table, Change]:
    """Réunit un jour déjà écrit et ce qui vient d'être lu, une ligne par identifiant.

    whole_day : `incoming` est le jour entier ; ce qui n'y est plus a été supprimé à la source.
    Une ligne identique garde sa version écrite, `_ingested_at` compris.
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
    """Vrai pour chaque ligne dont une colonne métier a changé.

    newest_wins : sauf retour à une version plus ancienne, qu'un incrément relu peut apporter.
    """
    columns = [*resource.schema.names, "_extra"]
    before, after = former.select(columns).flatten(), incoming.select(columns).flatten()
    differs = pa.chunked_array([pa.repeat(pa.scalar(False), former.num_rows)])
    for old, new in zip(before.columns, after.columns, strict=True):
        same = pc.fill_null(pc.equal(old, new), False)
        both_null = pc.and_(pc.is_null(old), pc.is_null(new))
        differs = pc.or_(differs, pc.invert(pc.or_(same, both_null)))
    if newest_wins and resource.updated_at_field:
        name = resource.updated_at_field
        not_older = pc.fill_null(pc.greater_equal(incoming[name], former[name]), True)
        differs = pc.and_(differs, not_older)
    return differs
