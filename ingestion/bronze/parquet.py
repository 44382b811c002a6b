"""La couche bronze : un fichier Parquet par jour, remplacé d'un seul geste ou pas du tout.

Le pied de chaque fichier dit d'où il vient : passage, source, nombre de lignes, empreinte du contenu.
"""

import hashlib
import struct
from datetime import date, datetime

import pyarrow as pa
import pyarrow.parquet as pq

from ingestion.bronze.partitions import partition_name
from ingestion.bronze.storage import Folder
from ingestion.errors import IngestError
from ingestion.rows.instants import EPOCH, microseconds
from ingestion.rows.resources import METADATA, Resource


def add_metadata(table: pa.Table, resource: Resource, day: date, ingested_at: datetime) -> pa.Table:
    """Ajoute `_ingested_at`, `_source` et `_partition_date` et met les colonnes dans l'ordre du fichier."""
    text = resource.path.encode()
    metadata = {
        "_ingested_at": [struct.pack("<q", microseconds(ingested_at))],
        "_source": [struct.pack("<ii", 0, len(text)), text],
        "_partition_date": [struct.pack("<i", (day - EPOCH.date()).days)],
    }
    for name, buffers in metadata.items():
        # Faite de ses octets : pa.scalar() importerait pandas, un quart de seconde.
        one = pa.Array.from_buffers(METADATA.field(name).type, 1, [None, *map(pa.py_buffer, buffers)])
        table = table.append_column(METADATA.field(name), pa.repeat(one[0], table.num_rows))
    columns = [table[name] for name in resource.file_schema.names]
    return pa.Table.from_arrays(columns, schema=resource.file_schema)


def checksum(table: pa.Table, resource: Resource) -> str:
    """L'empreinte SHA-256 des colonnes métier : la même tant que la source rend la même chose."""
    content = table.select([*resource.schema.names, "_extra"]).combine_chunks().replace_schema_metadata(None)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, content.schema) as stream:
        stream.write_table(content)
    return hashlib.sha256(sink.getvalue()).hexdigest()


def written_checksum(folder: Folder, day: date, resource: Resource) -> str | None:
    """L'empreinte gardée dans le pied du fichier, sans lire ses lignes ; None si elle n'y est pas."""
    with _open(folder, day) as file:
        schema = file.schema_arrow
        footer = schema.metadata or {}
        matches = schema.equals(resource.file_schema) and footer.get(b"source") == resource.path.encode()
    return footer[b"checksum"].decode() if matches and b"checksum" in footer else None


def read_partition(folder: Folder, day: date, resource: Resource) -> pa.Table:
    """Le jour déjà écrit. IngestError si le fichier est illisible ou d'une autre ressource."""
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
    """Les noms et les types : un fichier écrit par un script du cours ne dit pas ce qui est requis."""
    return [(column.name, column.type) for column in schema]


def write_partition(
    table: pa.Table, folder: Folder, day: date, resource: Resource, run_id: str, digest: str, compression: str
) -> str:
    """Écrit le jour `day` en entier, ou rien. Rend l'adresse du fichier.

    digest : l'empreinte de `table` (voir `checksum`) ; compression : codec Parquet.
    Si le disque refuse, l'ancien fichier reste.
    """
    name = partition_name(day)
    footer = {"run_id": run_id, "source": resource.path, "rows": str(table.num_rows), "checksum": digest}
    sink = pa.BufferOutputStream()
    pq.write_table(
        table.replace_schema_metadata(footer),
        sink,
        compression=compression,
        use_dictionary=[*resource.categories, "_ingested_at", "_source", "_partition_date"],
    )
    folder.replace(name, sink.getvalue())
    return folder.where(name)


def _open(folder: Folder, day: date) -> pq.ParquetFile:
    name = partition_name(day)
    return _readable(lambda: pq.ParquetFile(folder.source(name)), folder.where(name))


def _readable(read, path: str):
    try:
        return read()
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0]
        raise IngestError(
            "unreadable_partition",
            f"{path} est illisible ({reason}) : relancez avec --force pour le réécrire.",
        ) from None
