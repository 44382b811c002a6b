"""The bronze layer: one Parquet file a day, replaced in one gesture or not at all.

The footer of each file says where it comes from: run, source, number of rows, fingerprint of the content.
"""

import hashlib
import struct
from collections.abc import Callable
from datetime import date, datetime
from typing import TypeVar

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ingestion.bronze.contention import Gone
from ingestion.bronze.partitions import partition_name
from ingestion.bronze.storage import Folder
from ingestion.errors import IngestError
from ingestion.rows.instants import EPOCH, microseconds
from ingestion.rows.resources import METADATA, Resource

T = TypeVar("T")


def add_metadata(table: pa.Table, resource: Resource, day: date, ingested_at: datetime) -> pa.Table:
    """Add `_ingested_at`, `_source` and `_partition_date`, and put the columns in the order of the file."""
    text = resource.path.encode()
    metadata = {
        "_ingested_at": [struct.pack("<q", microseconds(ingested_at))],
        "_source": [struct.pack("<ii", 0, len(text)), text],
        "_partition_date": [struct.pack("<i", (day - EPOCH.date()).days)],
    }
    for name, buffers in metadata.items():
        # Made of its bytes: pa.scalar() would import pandas, a quarter of a second.
        one = pa.Array.from_buffers(METADATA.field(name).type, 1, [None, *map(pa.py_buffer, buffers)])
        table = table.append_column(METADATA.field(name), pa.repeat(one[0], table.num_rows))
    columns = [table[name] for name in resource.file_schema.names]
    return pa.Table.from_arrays(columns, schema=resource.file_schema)


def checksum(table: pa.Table, resource: Resource) -> str:
    """The SHA-256 fingerprint of the business columns: the same as long as the source gives the same."""
    fields = [resource.file_schema.field(name) for name in (*resource.schema.names, "_extra")]
    columns = [table[field.name] for field in fields]
    content = pa.Table.from_arrays(columns, schema=pa.schema(fields)).combine_chunks()
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, content.schema) as stream:
        stream.write_table(content)
    return hashlib.sha256(sink.getvalue()).hexdigest()


def written_checksum(folder: Folder, day: date, resource: Resource) -> str | None:
    """The fingerprint kept in the footer of the file, without reading its rows; None if it is not there."""
    with _open(folder, day) as file:
        schema = file.schema_arrow
        footer = schema.metadata or {}
        matches = schema.equals(resource.file_schema) and footer.get(b"source") == resource.path.encode()
    return footer[b"checksum"].decode() if matches and b"checksum" in footer else None


def read_partition(folder: Folder, day: date, resource: Resource) -> pa.Table:
    """The day already written. IngestError if the file is unreadable or of another resource; Gone if there is none."""
    with _open(folder, day) as file:
        table = _readable(lambda: file.read(), folder.where(partition_name(day)))
    if _columns(table.schema) != _columns(resource.file_schema):
        raise IngestError(
            "other_schema",
            f"{folder.where(partition_name(day))} n'a pas le schéma de « {resource.name} » : choisissez un autre "
            "--output-dir, ou --force pour remplacer ce jour.",
        )
    return table.cast(resource.file_schema)


def _columns(schema: pa.Schema) -> list[tuple[str, pa.DataType]]:
    """The names and types: a file written by a script of the course does not say what is required."""
    return [(column.name, column.type) for column in schema]


def write_partition(
    table: pa.Table,
    folder: Folder,
    day: date,
    resource: Resource,
    run_id: str,
    compression: str,
    seen: str | None,
) -> str:
    """Write the day `day` whole, or nothing.

    Args:
        table: all its rows.
        folder: the bronze folder (see storage.py).
        day: the UTC day of their events.
        resource: their columns.
        run_id: the run, kept in the file's metadata.
        compression: a Parquet codec.
        seen: the version of the file that `table` was made from.

    Returns:
        The address of the file.

    Raises:
        IngestError: the disk refuses; the former file stays.
        Stale: another writer has changed the file, which stays as they left it.
    """
    name, rows = partition_name(day), str(table.num_rows)
    footer = {"run_id": run_id, "source": resource.path, "rows": rows, "checksum": checksum(table, resource)}
    repeated = [*resource.categories, "_ingested_at", "_source", "_partition_date"]
    sink = pa.BufferOutputStream()
    pq.write_table(
        table.replace_schema_metadata(footer),
        sink,
        compression=compression,
        use_dictionary=repeated,  # pyright: ignore[reportArgumentType]  # pyarrow has no types; a list is allowed
    )
    folder.replace(name, sink.getvalue(), seen)
    return folder.where(name)


def ids_among(folder: Folder, day: date, resource: Resource, wanted: pa.Array) -> pa.Array:
    """Those of `wanted` (identifiers) that the day holds; its rows are read only where its footer allows them."""
    name = resource.id_field
    with _open(folder, day) as file:
        if name not in file.schema_arrow.names or file.schema_arrow.field(name).type != wanted.type:
            return wanted.slice(0, 0)
        near = wanted.filter(_within(file.metadata, file.schema_arrow.names.index(name), wanted))
        if not len(near):
            return near
        held = _readable(lambda: file.read([name])[name], folder.where(partition_name(day)))
    return near.filter(pc.is_in(near, held.combine_chunks()))


def _within(metadata: pq.FileMetaData, column: int, wanted: pa.Array) -> pa.Array:
    """Which of `wanted` fall between the smallest and the greatest value of a group of rows."""
    found = pa.array([False] * len(wanted))
    for number in range(metadata.num_row_groups):
        known = metadata.row_group(number).column(column).statistics
        if known is None or not known.has_min_max:
            return pa.array([True] * len(wanted))
        inside = pc.and_(pc.greater_equal(wanted, known.min), pc.less_equal(wanted, known.max))
        found = pc.or_(found, inside)
    return found


def _open(folder: Folder, day: date) -> pq.ParquetFile:
    name = partition_name(day)
    return _readable(lambda: pq.ParquetFile(folder.source(name)), folder.where(name))


def _readable(read: Callable[[], T], path: str) -> T:
    try:
        return read()
    except FileNotFoundError:
        raise Gone(path) from None
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0]
        raise IngestError(
            "unreadable_partition",
            f"{path} est illisible ({reason}) : relancez avec --force pour le réécrire.",
        ) from None
