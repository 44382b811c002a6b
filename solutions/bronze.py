"""La couche bronze : un fichier Parquet par jour, remplacé d'un seul geste ou pas du tout.

Le fichier s'écrit à côté, sous un nom qu'aucun lecteur ne prend, puis est renommé : un arrêt
brutal laisse l'ancien jour intact, jamais un demi-fichier au bon nom.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from atomic import disk_errors, replace_file
from errors import IngestError
from filelock import FileLock, Timeout
from partitions import partition_path
from resources import METADATA, Resource


@dataclass(frozen=True)
class Change:
    """Ce qu'une lecture change à un jour, en nombre de lignes."""

    new: int = 0
    updated: int = 0
    unchanged: int = 0
    deleted: int = 0

    @property
    def is_empty(self) -> bool:
        return not (self.new or self.updated or self.deleted)


@contextmanager
def locked(output_dir: Path) -> Iterator[None]:
    """Réserve `output_dir` à ce passage ; une IngestError `locked` si un autre y écrit déjà."""
    with disk_errors(output_dir):
        output_dir.mkdir(parents=True, exist_ok=True)
        lock = FileLock(output_dir / ".ingestion.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise IngestError(
                "locked", f"Un autre passage écrit déjà dans {output_dir} : attendez sa fin, puis relancez."
            ) from None
    try:
        yield
    finally:
        lock.release()


def add_metadata(table: pa.Table, resource: Resource, day: date, ingested_at: datetime) -> pa.Table:
    """Ajoute `_ingested_at`, `_source` et `_partition_date` et met les colonnes dans l'ordre du fichier."""
    values = {"_ingested_at": ingested_at, "_source": resource.path, "_partition_date": day}
    for name, value in values.items():
        column = pa.repeat(pa.scalar(value, METADATA.field(name).type), table.num_rows)
        table = table.append_column(METADATA.field(name), column)
    return table.select(resource.file_schema.names).cast(resource.file_schema)


def keep_latest(table: pa.Table, resource: Resource) -> pa.Table:
    """Une seule ligne par identifiant, la plus récente, triées par identifiant."""
    order = [(resource.id_field, "ascending")]
    if resource.updated_at_field:
        order.append((resource.updated_at_field, "ascending"))
    table = table.sort_by(order)
    ids = table[resource.id_field]
    if len(ids) < 2:
        return table
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
        return incoming, Change(new=incoming.num_rows)
    positions = pc.index_in(incoming[resource.id_field], existing[resource.id_field])
    is_known = pc.is_valid(positions)
    former = existing.take(pc.drop_null(positions))
    is_changed = _differs(former, incoming.filter(is_known), resource)
    fresh = incoming.filter(pc.invert(is_known))
    updated = incoming.filter(is_known).filter(is_changed)
    unchanged = former.filter(pc.invert(is_changed))
    absent = existing.filter(pc.invert(pc.is_in(existing[resource.id_field], incoming[resource.id_field])))
    kept = [unchanged, fresh, updated] + ([] if whole_day else [absent])
    change = Change(
        new=fresh.num_rows,
        updated=updated.num_rows,
        unchanged=unchanged.num_rows,
        deleted=absent.num_rows if whole_day else 0,
    )
    return pa.concat_tables(kept).sort_by(resource.id_field), change


def _differs(former: pa.Table, incoming: pa.Table, resource: Resource) -> pa.ChunkedArray:
    """Vrai pour chaque ligne dont une colonne métier a changé, sauf retour à une version plus ancienne."""
    columns = [*resource.schema.names, "_extra"]
    before, after = former.select(columns).flatten(), incoming.select(columns).flatten()
    differs = pa.chunked_array([pa.repeat(pa.scalar(False), former.num_rows)])
    for old, new in zip(before.columns, after.columns, strict=True):
        same = pc.fill_null(pc.equal(old, new), False)
        both_null = pc.and_(pc.is_null(old), pc.is_null(new))
        differs = pc.or_(differs, pc.invert(pc.or_(same, both_null)))
    if resource.updated_at_field:
        name = resource.updated_at_field
        not_older = pc.fill_null(pc.greater_equal(incoming[name], former[name]), True)
        differs = pc.and_(differs, not_older)
    return differs


def read_partition(output_dir: Path, day: date, resource: Resource) -> pa.Table | None:
    """Le jour déjà écrit, ou None. IngestError si le fichier est illisible ou d'une autre ressource."""
    path = partition_path(output_dir, day)
    if not path.exists():
        return None
    try:
        table = pq.ParquetFile(path).read()
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0]
        raise IngestError(
            "unreadable_partition",
            f"{path} est illisible ({reason}) : relancez avec --force pour le réécrire.",
        ) from None
    if not table.schema.equals(resource.file_schema):
        raise IngestError(
            "other_schema",
            f"{path} n'a pas le schéma de « {resource.name} » : choisissez un autre --output-dir, "
            "ou --force pour remplacer ce jour.",
        )
    return table


def write_partition(
    table: pa.Table, output_dir: Path, day: date, footer: dict[str, str], compression: str = "zstd"
) -> Path:
    """Écrit le jour `day` en entier, ou rien. Rend le chemin du fichier.

    footer : clés et valeurs gardées dans le pied du fichier Parquet.
    Si le disque refuse, l'ancien fichier reste : voir `atomic.replace_file`.
    """
    path = partition_path(output_dir, day)
    table = table.replace_schema_metadata(footer)
    with replace_file(path) as stream:
        pq.write_table(table, stream, compression=compression)
    return path
