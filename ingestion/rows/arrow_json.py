"""Des octets JSON aux colonnes Arrow : le lecteur de pyarrow, avec le schéma de la ressource.

Il lit un jour entier d'un bloc, cinquante fois plus vite qu'une boucle Python. Il ne dit pas quelle
ligne est mauvaise : il refuse le bloc, et records.py le reprend alors ligne par ligne.
"""

import re
from collections.abc import Iterable

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

from ingestion.rows.resources import EXTRA, INSTANT, Resource

# Montant écrit avec un grand exposant négatif : pyarrow 26 le lit de travers, ou s’arrête net.
TINY_NUMBER = re.compile(rb'[\d.][eE]-\d\d+["},\s]')

if "jemalloc" in pa.supported_memory_backends():
    # Il rend au système la mémoire des jours finis : un cinquième de moins, au sommet, que celui par défaut.
    pa.set_memory_pool(pa.jemalloc_memory_pool())


class DoesNotFit(Exception):
    """Le bloc ne tient pas tel quel dans le schéma."""


def read_objects(objects: Iterable[bytes | memoryview], resource: Resource) -> pa.Table:
    """Lit des objets `{"data": [ligne, …]}` tels que reçus, bout à bout.

    Rend une table aux colonnes de `resource.schema`, puis `_extra`, nul partout.
    DoesNotFit si une ligne a un champ inconnu, un type autre, une valeur requise absente, un instant
    sans fuseau, ou si le texte n'est pas du JSON.
    """
    table = _read(objects, resource.schema)
    return table.append_column(EXTRA, pa.nulls(table.num_rows, EXTRA.type))


def to_table(rows: list[dict], resource: Resource) -> pa.Table:
    """Une table des lignes déjà converties par `records.read_row`, mêmes colonnes que `read_objects`."""
    return _read([orjson.dumps({"data": rows}, default=str)], pa.schema([*resource.schema, EXTRA]))


def _read(objects: Iterable[bytes | memoryview], schema: pa.Schema) -> pa.Table:
    try:
        rows = _parse(_joined(list(objects)), schema)
        table = _with_instants(pa.Table.from_struct_array(rows), schema)
        table.validate(full=True)
    except pa.ArrowException as error:
        raise DoesNotFit(str(error).splitlines()[0]) from None
    if rows.null_count or _lacks_required(table, schema) or _has_nan(table):
        raise DoesNotFit("missing value")
    return table.replace_schema_metadata(None)


def _parse(body: pa.Buffer, schema: pa.Schema) -> pa.StructArray:
    """Les lignes, une par élément ; le texte est rendu à la mémoire dès qu'elles sont lues."""
    if any(pa.types.is_decimal(kind) for kind in schema.types) and TINY_NUMBER.search(body):
        raise DoesNotFit("tiny number")
    envelopes = pj.read_json(
        pa.BufferReader(body),
        parse_options=pj.ParseOptions(
            explicit_schema=_envelope_schema(schema),
            unexpected_field_behavior="error",
            newlines_in_values=True,
        ),
        read_options=pj.ReadOptions(use_threads=False, block_size=body.size + 1),
    )
    return pa.concat_arrays([chunk.flatten() for chunk in envelopes["data"].chunks])


def _joined(parts: list[bytes | memoryview]) -> pa.Buffer:
    """Les morceaux bout à bout, dans une mémoire que pyarrow réemploie d'un jour à l'autre."""
    body = pa.allocate_buffer(sum(map(len, parts)))
    with pa.FixedSizeBufferWriter(body) as sink:
        for part in parts:
            sink.write(part)
    return body


def _envelope_schema(schema: pa.Schema) -> pa.Schema:
    """Les instants se lisent d'abord en texte : la conversion d'après exige leur fuseau, le lecteur non."""
    fields = [field.with_type(pa.string()) if field.type == INSTANT else field for field in schema]
    return pa.schema([pa.field("data", pa.list_(pa.struct(fields)))])


def _with_instants(table: pa.Table, schema: pa.Schema) -> pa.Table:
    for position, field in enumerate(schema):
        if field.type == INSTANT:
            table = table.set_column(position, field, table.column(position).cast(INSTANT))
    return table


def _lacks_required(table: pa.Table, schema: pa.Schema) -> bool:
    return any(table[field.name].null_count for field in schema if not field.nullable)


def _has_nan(table: pa.Table) -> bool:
    """`NaN` n'est pas du JSON, mais le lecteur de pyarrow le laisse passer."""
    floats = (column for column in table.columns if pa.types.is_floating(column.type))
    return any(pc.any(pc.is_nan(column)).as_py() for column in floats)
