# Votre exemplaire, écrit d'après solutions/bronze.py par « lab cut ».
"""La couche bronze : un fichier Parquet par jour, remplacé d'un seul geste ou pas du tout.

Le pied de chaque fichier dit d'où il vient : passage, source, nombre de lignes, empreinte du contenu.
"""

import hashlib
import struct
from datetime import date, datetime

import pyarrow as pa
import pyarrow.parquet as pq
from errors import IngestError
from instants import EPOCH, microseconds
from partitions import partition_name
from resources import METADATA, Resource
from storage import Folder


def add_metadata(table: pa.Table, resource: Resource, day: date, ingested_at: datetime) -> pa.Table:
    """Ajoute `_ingested_at`, `_source` et `_partition_date` et met les colonnes dans l'ordre du fichier."""
    # À vous (tp21.3) : ajoutez les trois colonnes, la même valeur sur chaque ligne : `ingested_at`, l'adresse
    # `resource.path` et `day`. Rendez les colonnes de `resource.file_schema`, dans son ordre.
    raise NotImplementedError("tp21.3")


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
    if not table.schema.equals(resource.file_schema):
        raise IngestError(
            "other_schema",
            f"{folder.where(partition_name(day))} n'a pas le schéma de « {resource.name} » : choisissez un autre "
            "--output-dir, ou --force pour remplacer ce jour.",
        )
    return table


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
