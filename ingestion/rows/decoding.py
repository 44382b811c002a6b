"""From the rows of some pages, in bytes, to Arrow columns; and which rows are refused, and why.

Three readers, from the fastest to the one that explains. pyarrow reads a whole day at once, when every row is sound
and holds no field but the schema's. Else msgspec looks at each row in about a microsecond: it keeps the text of the
unknown fields, and the rows it passes go to pyarrow together. Only a row that neither takes is looked at in Python
(records.py), which says what is wrong with it. Measured on 100,000 rows with two unknown columns and one bad row in
250: see docs/bench.md.
"""

import re
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Annotated

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj
from msgspec import UNSET, Meta, Raw, UnsetType

from ingestion.rows.instants import bounds
from ingestion.rows.json_text import elements, members
from ingestion.rows.records import EXACT_BELOW, Reject, read_texts
from ingestion.rows.resources import EXTRA, INSTANT, Resource

# An amount with a large negative exponent: pyarrow 26 misreads it, or stops at once.
TINY_NUMBER = re.compile(rb'[\d.][eE]-\d\d+["},\s]')
MOST_UNKNOWN_FIELDS = 64
UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)

if "jemalloc" in pa.supported_memory_backends():
    # It gives the memory of the finished days back: a fifth less, at the peak, than with the default one.
    pa.set_memory_pool(pa.jemalloc_memory_pool())


class DoesNotFit(Exception):
    """The block does not fit the schema as it is."""


def read_pages(
    pages: list[tuple[int, bytes]], resource: Resource, day: date | None
) -> tuple[pa.Table, list[Reject]]:
    """The table of the readable rows, and the rows refused.

    pages: the number of each page, and the text of its list of rows; day: the day asked of the API, a row of another
    day being refused (`other_day`). Raises NotJson if a list cannot be cut into rows.
    The table has the columns of `resource.schema`, then `_extra`: what the API sends besides, as a JSON object
    to the digit, null where there is nothing.
    """
    try:
        table = read_block([b'{"data":', *_between([text for _, text in pages]), b"}"], resource)
        if day and not _is_all_of(table[resource.event_time_field], day):
            raise DoesNotFit("other day")
        return table, []
    except DoesNotFit:
        read = [_sifted(elements(text), number, resource, day) for number, text in pages]
        return pa.concat_tables(table for table, _ in read), [one for _, bad in read for one in bad]


def read_block(parts: Iterable[bytes], resource: Resource) -> pa.Table:
    """Read the JSON text `{"data": [row, …]}`, given in pieces.

    DoesNotFit if a row has an unknown field, another type, a required value missing, an instant without its
    zone, a number that the column cannot hold exactly, or if the text is not JSON.
    """
    table = _read(list(parts), resource.schema, unknown="error")
    if _inexact(table):
        raise DoesNotFit("inexact number")
    return table.append_column(EXTRA, pa.nulls(table.num_rows, EXTRA.type))


def to_table(rows: list[dict], resource: Resource) -> pa.Table:
    """A table of rows already converted by `records.read_row`, of the same columns as `read_pages`."""
    return _read([msgspec.json.encode({"data": rows})], pa.schema([*resource.schema, EXTRA]), unknown="error")


# The second reader: msgspec, row by row


@dataclass
class _Sifted:
    """The rows of a page: the places of those that passed, with the text of their unknown fields, and of the others."""

    passed: list[int]
    extras: list[bytes | None]
    odd: list[int]


def _sifted(
    texts: list[bytes], page: int, resource: Resource, day: date | None
) -> tuple[pa.Table, list[Reject]]:
    """One page, its bad rows told one by one."""
    sifted = _shape_of(resource).sift(texts)
    try:
        table = _passed(texts, sifted, resource)
        doubtful = set(_inexact(table)) | (set(_of_another_day(table, resource, day)) if day else set())
    except DoesNotFit:
        table, doubtful, sifted = None, set(), _Sifted([], [], list(range(len(texts))))
    odd = sorted(sifted.odd + [sifted.passed[row] for row in doubtful])
    good, rejects = read_texts({place: texts[place] for place in odd}, page, resource, day)
    if table is None:
        return to_table(list(good.values()), resource), rejects
    kept = [row for row in range(table.num_rows) if row not in doubtful]
    if doubtful:
        table = table.take(kept)
    if good:
        places = [sifted.passed[row] for row in kept] + list(good)
        table = pa.concat_tables([table, to_table(list(good.values()), resource)])
        table = table.take(sorted(range(len(places)), key=places.__getitem__))
    return table, rejects


def _passed(texts: list[bytes], sifted: _Sifted, resource: Resource) -> pa.Table:
    block = [b'{"data":[', b",".join(texts[place] for place in sifted.passed), b"]}"]
    table = _read(block, resource.schema, unknown="ignore")
    extras = [None if extra is None else extra.decode() for extra in sifted.extras]
    return table.append_column(EXTRA, pa.array(extras, EXTRA.type))


def _of_another_day(table: pa.Table, resource: Resource, day: date) -> list[int]:
    days = table[resource.event_time_field].cast(pa.date32())
    return pc.indices_nonzero(pc.not_equal(days, pa.scalar(day, pa.date32()))).to_pylist()


class _Shape:
    """The msgspec types of a resource's rows, which learn its unknown fields as they come.

    An unknown field is met once as an error; from then on it is a field like another, kept as text.
    """

    def __init__(self, resource: Resource):
        self.fields = resource.schema
        self.unknown: dict[tuple[str, ...], None] = {}
        self.lock = threading.Lock()
        self.one = self.many = None
        self._build()

    def sift(self, texts: list[bytes]) -> _Sifted:
        try:
            rows = self.many.decode(b"[" + b",".join(texts) + b"]")
            if len(rows) == len(texts):
                return self._sorted(rows)
        except UNREADABLE:
            pass
        return self._sorted([self._row(text) for text in texts])

    def _sorted(self, rows: list) -> _Sifted:
        found = _Sifted([], [], [])
        for place, row in enumerate(rows):
            if row is None or not _fits(row, self.decimals):
                found.odd.append(place)
            else:
                found.passed.append(place)
                found.extras.append(_extra(row, self.tree) if self.unknown else None)
        return found

    def _row(self, text: bytes):
        """The row decoded, None if it is not sound."""
        try:
            return self.one.decode(text)
        except UNREADABLE:
            if not self._learns(text):
                return None
        try:
            return self.one.decode(text)
        except UNREADABLE:
            return None

    def _learns(self, text: bytes) -> bool:
        """Whether `text` has unknown fields not met before, which are met from now on."""
        fresh = [path for path in _unknown_paths(text, self.fields) if path not in self.unknown]
        if not fresh or len(self.unknown) + len(fresh) > MOST_UNKNOWN_FIELDS:
            return False
        with self.lock:
            self.unknown |= dict.fromkeys(fresh)
            self._build()
        return True

    def _build(self) -> None:
        self.tree = _tree(self.unknown)
        self.decimals = tuple(field for field in self.fields if pa.types.is_decimal(field.type))
        struct = _struct("Row", self.fields, self.tree)
        self.one, self.many = msgspec.json.Decoder(struct), msgspec.json.Decoder(list[struct])


@cache
def _shape_of(resource: Resource) -> _Shape:
    return _Shape(resource)


def _struct(name: str, fields, unknown: dict) -> type[msgspec.Struct]:
    """The msgspec type of an object of these fields, `unknown` ones kept as text."""
    typed = []
    for field in fields:
        inner = unknown.get(field.name) or {}
        wanted = _type(field.name, field.type, inner)
        typed.append((field.name, wanted | None, None) if field.nullable else (field.name, wanted))
    others = [(one, Raw | UnsetType, UNSET) for one, inner in unknown.items() if inner is None]
    names = [one for one, *_ in (*typed, *others)]
    # Attributes are numbered: an API's key may be any text, « class » or « données du client » too.
    numbered = [(f"f{number}", *rest) for number, (_, *rest) in enumerate((*typed, *others))]
    return msgspec.defstruct(
        name,
        numbered,
        rename=dict(zip((one for one, *_ in numbered), names, strict=True)),
        forbid_unknown_fields=True,
        kw_only=True,
        gc=False,
    )


def _type(name: str, kind: pa.DataType, unknown: dict):
    if pa.types.is_struct(kind):
        return _struct(name, kind, unknown)
    if pa.types.is_timestamp(kind):
        return Annotated[datetime, Meta(tz=True)]
    if pa.types.is_integer(kind):
        return Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
    if pa.types.is_floating(kind):
        return float
    if pa.types.is_decimal(kind):
        return Decimal
    return bool if pa.types.is_boolean(kind) else str


def _unknown_paths(text: bytes, fields) -> list[tuple[str, ...]]:
    """The fields of this row that `fields` does not name, each as the way to it; none if it is no object."""
    try:
        row = members(text)
    except ValueError:
        return []
    known = {field.name: field.type for field in fields}
    paths = [(name,) for name in row if name not in known]
    for name, kind in known.items():
        if pa.types.is_struct(kind) and bytes(row.get(name, b""))[:1] == b"{":
            paths += [(name, *path) for path in _unknown_paths(bytes(row[name]), kind)]
    return paths


def _tree(paths: Iterable[tuple[str, ...]]) -> dict:
    """{("a",), ("b", "c")} as {"a": None, "b": {"c": None}}, its keys in order."""
    tree: dict = {}
    for path in sorted(paths):
        branch = tree
        for name in path[:-1]:
            branch = branch.setdefault(name, {})
        branch[path[-1]] = None
    return tree


def _extra(row: msgspec.Struct, unknown: dict) -> bytes | None:
    """The unknown fields of a row as a JSON object, None if it has none."""
    found = _unknown_of(row, unknown)
    return msgspec.json.encode(found) if found else None


def _unknown_of(row: msgspec.Struct, unknown: dict) -> dict:
    found = {}
    attributes = _attributes(type(row))
    for name, inner in unknown.items():
        # A row decoded before this field was learnt does not have it.
        value = getattr(row, attributes[name]) if name in attributes else UNSET
        if inner is None:
            if value is not UNSET:
                found[name] = value
        elif value is not None and value is not UNSET and (nested := _unknown_of(value, inner)):
            found[name] = nested
    return found


@cache
def _attributes(struct: type[msgspec.Struct]) -> dict[str, str]:
    return dict(zip(struct.__struct_encode_fields__, struct.__struct_fields__, strict=True))


def _fits(row: msgspec.Struct, decimals: tuple[pa.Field, ...]) -> bool:
    """Whether the amounts of the row have no more digits than their columns."""
    for field in decimals:
        value = getattr(row, _attributes(type(row))[field.name])
        if value is not None:
            digits = value.as_tuple()
            if not value.is_finite() or -digits.exponent > field.type.scale or digits.exponent > 0:
                return False
            if len(digits.digits) > field.type.precision:
                return False
    return True


# The first reader: pyarrow


def _read(parts: list[bytes], schema: pa.Schema, unknown: str) -> pa.Table:
    try:
        rows = _parse(_joined(parts), schema, unknown)
        table = _with_instants(pa.Table.from_struct_array(rows), schema)
        table.validate(full=True)
    except pa.ArrowException as error:
        raise DoesNotFit(str(error).splitlines()[0]) from None
    if rows.null_count or _lacks_required(table, schema):
        raise DoesNotFit("missing value")
    return table.replace_schema_metadata(None)


def _parse(body: pa.Buffer, schema: pa.Schema, unknown: str) -> pa.StructArray:
    """The rows, one an element; the text is given back to the memory as soon as they are read."""
    if any(pa.types.is_decimal(kind) for kind in schema.types) and TINY_NUMBER.search(body):
        raise DoesNotFit("tiny number")
    envelopes = pj.read_json(
        pa.BufferReader(body),
        parse_options=pj.ParseOptions(
            explicit_schema=_envelope_schema(schema),
            unexpected_field_behavior=unknown,
            newlines_in_values=True,
        ),
        read_options=pj.ReadOptions(use_threads=False, block_size=body.size + 1),
    )
    return pa.concat_arrays([chunk.flatten() for chunk in envelopes["data"].chunks])


def _between(lists: list[bytes]) -> list[bytes]:
    """The pieces of one list made of the elements of these."""
    inner = [one for one in (text[1:-1] for text in lists) if one.strip(b" \t\r\n")]
    separated = [piece for one in inner for piece in (b",", one)][1:]
    return [b"[", *separated, b"]"]


def _joined(parts: list[bytes]) -> pa.Buffer:
    """The pieces end to end, in a memory that pyarrow uses again from a day to the next."""
    body = pa.allocate_buffer(sum(map(len, parts)))
    with pa.FixedSizeBufferWriter(body) as sink:
        for part in parts:
            sink.write(part)
    return body


def _envelope_schema(schema: pa.Schema) -> pa.Schema:
    """Instants are first read as text: the conversion that follows wants their zone, the reader does not."""
    fields = [field.with_type(pa.string()) if field.type == INSTANT else field for field in schema]
    return pa.schema([pa.field("data", pa.list_(pa.struct(fields)))])


def _with_instants(table: pa.Table, schema: pa.Schema) -> pa.Table:
    for position, field in enumerate(schema):
        if field.type == INSTANT:
            table = table.set_column(position, field, table.column(position).cast(INSTANT))
    return table


def _lacks_required(table: pa.Table, schema: pa.Schema) -> bool:
    return any(table[field.name].null_count for field in schema if not field.nullable)


def _inexact(table: pa.Table) -> list[int]:
    """The rows with a number that is none (`NaN` passes pyarrow's reader), or too large for a float to be exact."""
    found = []
    for column in table.flatten().columns:
        if pa.types.is_floating(column.type):
            sound = pc.less(pc.abs(column), EXACT_BELOW)
            if not pc.all(pc.fill_null(sound, True)).as_py():
                found += pc.indices_nonzero(pc.invert(pc.fill_null(sound, True))).to_pylist()
    return found


def _is_all_of(instants: pa.ChunkedArray, day: date) -> bool:
    return all(instant.date() == day for instant in bounds(instants) or ())
