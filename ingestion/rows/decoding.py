"""From the rows of some pages, in bytes, to Arrow columns; and which rows are refused, and why.

Three readers, from the fastest to the one that explains. pyarrow reads a whole day at once, when every row is sound
and holds no field but the schema's. Else msgspec looks at each row (sifting.py): it keeps the text of the unknown
fields, and the rows it passes go to pyarrow together. Only a row that neither takes is looked at in Python
(records.py), which says what is wrong with it. Measured, sound and odd data, in docs/bench.md.
"""

import re
from array import array
from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from itertools import accumulate

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

from ingestion.kinds import JsonObject
from ingestion.rows.instants import extremes, microseconds, outside_calendar
from ingestion.rows.json_text import EMPTY_LIST, Text
from ingestion.rows.records import EXACT_BELOW, Reject, read_texts
from ingestion.rows.resources import EXTRA, INSTANT, Resource, leaf_columns
from ingestion.rows.sifting import Sifted, sieve_of

DAY = 24 * 60 * 60 * 1_000_000  # microseconds
# An amount with a large negative exponent: pyarrow 26 misreads it, or stops at once.
TINY_NUMBER = re.compile(rb'[\d.][eE]-\d+["},\s]')

if "jemalloc" in pa.supported_memory_backends():
    # It gives the memory of the finished days back: a fifth less, at the peak, than with the default one.
    pa.set_memory_pool(pa.jemalloc_memory_pool())


class DoesNotFit(Exception):
    """The block does not fit the schema as it is."""


def read_pages(
    pages: list[tuple[int, Text]], resource: Resource, day: date | None
) -> tuple[pa.Table, list[Reject]]:
    """The table of the readable rows, in the order they came, and the rows refused.

    Args:
        pages: the number of each page, and the text of its list of rows.
        resource: the columns.
        day: the day asked of the API, a row of another day being refused (`other_day`).

    Returns:
        A table with the columns of `resource.schema`, then `_extra`: what the API sends besides, as a JSON object to
        the digit, null where there is nothing; and the refused rows.

    Raises:
        NotJson: a list cannot be cut into rows.
    """
    if not sieve_of(resource).unknown:
        try:
            table = read_block([b'{"data":', *_between([text for _, text in pages]), b"}"], resource)
            if not day or not _of_another_day(table, resource, day):
                return table, []
        except DoesNotFit:
            pass
    return _read_apart(pages, resource, day)


def read_block(parts: Iterable[Text], resource: Resource) -> pa.Table:
    """Read the JSON text `{"data": [row, …]}`, given in pieces.

    Args:
        parts: the pieces.
        resource: the columns.

    Raises:
        DoesNotFit: a row has an unknown field, another type, a required value missing, an instant without its zone, a
            number that the column cannot hold exactly, or the text is not JSON.
    """
    table = _read(list(parts), resource.schema, unknown="error")
    if _misread(table):
        raise DoesNotFit("a value misread")
    return table.append_column(EXTRA, pa.nulls(table.num_rows, EXTRA.type))


def to_table(rows: list[JsonObject], resource: Resource) -> pa.Table:
    """A table of rows already converted by `records.read_row`, of the same columns as `read_pages`."""
    return _read([msgspec.json.encode({"data": rows})], pa.schema([*resource.schema, EXTRA]), unknown="error")


def _read_apart(
    pages: list[tuple[int, Text]], resource: Resource, day: date | None
) -> tuple[pa.Table, list[Reject]]:
    """As `read_pages`, the odd rows told apart from the sound ones."""
    sifted = [sieve_of(resource).sift(number, text) for number, text in pages]
    table = _sound_rows(sifted, resource)
    odd = {(position, place) for position, page in enumerate(sifted) for place in page.odd}
    doubtful = set(_misread(table)) | set(_of_another_day(table, resource, day) if day else ())
    if doubtful:
        places = _places(sifted)
        odd |= {places[row] for row in doubtful}
        kept = [row for row in range(len(places)) if row not in doubtful]
        table = table.take(kept) if kept else table.slice(0, 0)
    good, rejects = read_texts(_texts_at(odd, sifted), resource, day)
    if good:
        places = [place for place in _places(sifted) if place not in odd] + list(good)
        table = pa.concat_tables([table, to_table(list(good.values()), resource)])
        table = table.take(sorted(range(len(places)), key=places.__getitem__))
    return table, rejects


def _places(sifted: list[Sifted]) -> list[tuple[int, int]]:
    """Where each sound row was: the position of its page, its place there."""
    return [(position, place) for position, page in enumerate(sifted) for place in page.places]


def _texts_at(places: set[tuple[int, int]], sifted: list[Sifted]) -> dict[tuple[int, int], tuple[int, bytes]]:
    """The number of the page and the text of the rows at these places, in their order."""
    by_page: dict[int, list[int]] = {}
    for position, place in sorted(places):
        by_page.setdefault(position, []).append(place)
    return {
        (position, place): (sifted[position].number, text)
        for position, wanted in by_page.items()
        for place, text in sifted[position].rows(wanted).items()
    }


def _sound_rows(sifted: list[Sifted], resource: Resource) -> pa.Table:
    """The sound rows of all pages as one table.

    Where pyarrow refuses what msgspec passed, the pages are read alone, and the one refused has no sound row.
    """
    try:
        table = _read(
            [b'{"data":', *_between([page.sound_text for page in sifted]), b"}"], resource.schema, "ignore"
        )
    except DoesNotFit:
        tables = [_alone(page, resource) for page in sifted]
        table = pa.concat_tables(tables)
    extras = [extra for page in sifted for extra in page.extras]
    return table.append_column(EXTRA, _as_column(extras))


def _alone(page: Sifted, resource: Resource) -> pa.Table:
    try:
        return _read([b'{"data":', page.sound_text, b"}"], resource.schema, "ignore")
    except DoesNotFit:
        page.odd = sorted([*page.places, *page.odd])
        page.places, page.extras = (), []
        return _read([b'{"data":[]}'], resource.schema, "ignore")


def _as_column(texts: list[bytes | None]) -> pa.Array:
    """A column of these texts, made of its bytes: pa.array() would import pandas, a quarter of a second."""
    offsets = array("i", accumulate((len(text or b"") for text in texts), initial=0))
    bits = "".join("0" if text is None else "1" for text in reversed(texts))
    present = int(bits or "0", 2).to_bytes(len(texts) // 8 + 1, "little")
    body = b"".join(text for text in texts if text is not None)
    buffers = [pa.py_buffer(present), pa.py_buffer(offsets), pa.py_buffer(body)]
    column = pa.Array.from_buffers(EXTRA.type, len(texts), buffers)
    column.validate(full=True)
    return column


# The first reader: pyarrow


def _read(parts: list[Text], schema: pa.Schema, unknown: str) -> pa.Table:
    try:
        rows = _parse(_joined(parts), schema, unknown)
        table = pa.Table.from_struct_array(rows.cast(pa.struct(list(schema))))
        table.validate(full=True)
    except pa.ArrowException as error:
        raise DoesNotFit(str(error).splitlines()[0]) from None
    if rows.null_count or _lacks_required(table, schema):
        raise DoesNotFit("missing value")
    return table.replace_schema_metadata(None)


def _parse(body: pa.Buffer, schema: pa.Schema, unknown: str) -> pa.StructArray:
    """The rows, one an element; the text is given back to the memory as soon as they are read."""
    if any(pa.types.is_decimal(kind) for _, kind in leaf_columns(schema)) and TINY_NUMBER.search(body):
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


def _between(lists: list[Text]) -> list[Text]:
    """The pieces of one list made of the elements of these."""
    inner = [text[1:-1] for text in lists if not EMPTY_LIST.fullmatch(text)]
    separated = [piece for one in inner for piece in (b",", one)][1:]
    return [b"[", *separated, b"]"]


def _joined(parts: list[Text]) -> pa.Buffer:
    """The pieces end to end, in a memory that pyarrow uses again from a day to the next."""
    body = pa.allocate_buffer(sum(map(len, parts)))
    with pa.FixedSizeBufferWriter(body) as sink:
        for part in parts:
            sink.write(part)
    return body


def _envelope_schema(schema: pa.Schema) -> pa.Schema:
    """Instants are first read as text: the conversion that follows wants their zone, the reader does not."""
    return pa.schema([pa.field("data", pa.list_(_as_text(pa.struct(list(schema)))))])


def _as_text(kind: pa.DataType) -> pa.DataType:
    """The type, its instants as text."""
    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(_as_text(field.type)) for field in kind])
    return pa.string() if kind == INSTANT else kind


def _lacks_required(table: pa.Table, schema: pa.Schema) -> bool:
    return any(table[field.name].null_count for field in schema if not field.nullable)


def _misread(table: pa.Table) -> list[int]:
    """The rows of which pyarrow's reader takes what no other would: a number that is none (`NaN`) or too large for a
    float to be exact, an instant of no year from 1 to 9999."""
    found = []
    while any(pa.types.is_struct(kind) for kind in table.schema.types):
        table = table.flatten()
    for column in table.columns:
        if column.type == INSTANT:
            found += outside_calendar(column)
        if pa.types.is_floating(column.type):
            # Bounds first: comparing with a number would import pandas, a quarter of a second.
            ends = pc.min_max(column).as_py()
            largest = max(abs(ends["min"] or 0.0), abs(ends["max"] or 0.0))
            if largest >= EXACT_BELOW or not pc.all(pc.is_finite(column), min_count=0).as_py():
                sound = pc.fill_null(pc.less(pc.abs(column), EXACT_BELOW), True)
                found += pc.indices_nonzero(pc.invert(sound)).to_pylist()
    return found


def _of_another_day(table: pa.Table, resource: Resource, day: date) -> list[int]:
    """The rows whose event is not of `day`."""
    instants = table[resource.event_time_field]
    midnight = microseconds(datetime.combine(day, time.min, UTC))
    if all(0 <= instant - midnight < DAY for instant in extremes(instants) or ()):
        return []
    is_another = pc.not_equal(instants.cast(pa.date32()), pa.scalar(day, pa.date32()))
    rows: list[int] = pc.indices_nonzero(is_another).to_pylist()
    return rows
