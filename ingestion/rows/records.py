"""One row at a time, from the JSON that came to the values of the columns: what enters the schema, what does not."""

import json
import math
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

import msgspec
import pyarrow as pa

from ingestion.kinds import JsonObject
from ingestion.rows.json_text import RepeatedKey, is_valid, members
from ingestion.rows.resources import Resource

EXACT_BELOW = 2.0**53
Place = TypeVar("Place", bound=Hashable)


@dataclass(frozen=True)
class Reject:
    """A row refused.

    Attributes:
        reason: a stable code (`missing_id`, `unreadable_event_time`, `wrong_type`, `other_day`, `not_an_object`,
            `not_json` for what not every JSON reader takes, `too_deep`, `repeated_key`).
        field: the field in question.
        raw: the text of the row as received.
        page: the rank of its page.
    """

    reason: str
    field: str
    raw: bytes
    page: int


class _RowError(Exception):
    def __init__(self, reason: str, field: str = ""):
        self.reason, self.field = reason, field


def read_texts(
    texts: dict[Place, tuple[int, bytes]], resource: Resource, day: date | None = None
) -> tuple[dict[Place, JsonObject], list[Reject]]:
    """The readable rows, converted, under the keys they came with; and the others.

    Args:
        texts: the number of the page and the text of each row.
        resource: the columns.
        day: the day asked of the API, a row of another day being refused (`other_day`), for a partition holds the
            events of its own day only.
    """
    good, rejects = {}, []
    for place, (page, text) in texts.items():
        try:
            values = read_row(text, resource)
            event_time = resource.event_time_field
            if day and event_time and values[event_time].date() != day:
                raise _RowError("other_day", event_time)
            good[place] = values
        except _RowError as error:
            rejects.append(Reject(error.reason, error.field, text, page))
    return good, rejects


def read_row(text: bytes, resource: Resource) -> JsonObject:
    """Convert a row as received to the values of the schema; its unknown fields go into `_extra`, to the digit.

    Args:
        text: a JSON object.
        resource: the columns.

    Raises:
        _RowError: the row cannot enter the schema without being damaged.
    """
    row = _decoded(text)
    if not isinstance(row, dict):
        raise _RowError("not_an_object")
    values = {}
    for column in resource.schema:
        value = row.get(column.name)
        if value is None and not column.nullable:
            raise _RowError(_missing_reason(column.name, resource), column.name)
        try:
            values[column.name] = None if value is None else _convert(value, column.type)
        except (ValueError, InvalidOperation, OverflowError):
            raise _RowError(_type_reason(column.name, resource), column.name) from None
    if not is_valid(text):
        raise _RowError("not_json")
    try:
        unknown = unknown_fields(text, resource.schema)
    except RepeatedKey as key:
        raise _RowError("repeated_key", str(key)) from None
    values["_extra"] = msgspec.json.encode(unknown).decode() if unknown else None
    return values


def _decoded(text: bytes) -> object:
    try:
        return json.loads(text, parse_float=Decimal, parse_int=_integer)
    except RecursionError:
        raise _RowError("too_deep") from None
    except ValueError:
        raise _RowError("not_json") from None


def _integer(text: str) -> int | Decimal:
    """An integer of any size: Python refuses those of more than 4,300 digits."""
    return int(text) if len(text) < 4000 else Decimal(text)


def unknown_fields(text: bytes, fields: pa.Schema | pa.StructType) -> JsonObject:
    """What the API sends beyond the schema, at every level, as text: kept, never lost in silence."""
    row = members(text)
    known = {field.name: field.type for field in fields}
    unknown: JsonObject = {
        name: msgspec.Raw(bytes(value)) for name, value in row.items() if name not in known
    }
    for name, kind in known.items():
        if pa.types.is_struct(kind) and bytes(row.get(name, b""))[:1] == b"{":
            nested = unknown_fields(bytes(row[name]), kind)
            if nested:
                unknown[name] = nested
    return dict(sorted(unknown.items()))


def _missing_reason(name: str, resource: Resource) -> str:
    return "missing_id" if name == resource.id_field else _type_reason(name, resource)


def _type_reason(name: str, resource: Resource) -> str:
    return "unreadable_event_time" if name == resource.event_time_field else "wrong_type"


def _convert(value: Any, kind: pa.DataType) -> object:
    """A JSON value as the Arrow type `kind`; ValueError if it is not one, without guessing."""
    if pa.types.is_timestamp(kind):
        return _instant(value)
    if pa.types.is_integer(kind):
        return _checked(value, type(value) is int and -(2**63) <= value < 2**63)
    if pa.types.is_floating(kind):
        return _float(value)
    if pa.types.is_decimal(kind):
        return _decimal(value, kind)
    if pa.types.is_boolean(kind):
        return _checked(value, isinstance(value, bool))
    if pa.types.is_struct(kind):
        _checked(value, isinstance(value, dict))
        return {f.name: None if value.get(f.name) is None else _convert(value[f.name], f.type) for f in kind}
    _checked(value, isinstance(value, str)).encode()
    return value


def _checked(value: Any, is_right: bool) -> Any:
    if not is_right:
        raise ValueError(value)
    return value


def _float(value: Any) -> float:
    """A number. Beyond 2**53 a float cannot hold every integer: only those that it gives back as written."""
    _checked(value, type(value) in (int, Decimal))
    number = float(value)
    exact = abs(number) < EXACT_BELOW or Decimal(repr(number)) == value
    return float(_checked(number, math.isfinite(number) and exact))


def _instant(value: object) -> datetime:
    """An ISO 8601 instant with its zone, brought to UTC."""
    instant = datetime.fromisoformat(_checked(value, isinstance(value, str)))
    if instant.tzinfo is None:
        raise ValueError(value)
    return instant.astimezone(UTC)


def _decimal(value: object, kind: pa.Decimal128Type) -> Decimal:
    """An exact amount, from a number or a text, to the digit."""
    _checked(value, type(value) in (str, int, Decimal))
    text = str(value)
    exact = Decimal(_checked(text, "_" not in text))
    quantized = exact.quantize(Decimal(1).scaleb(-kind.scale))
    _checked(quantized, quantized == exact and len(quantized.as_tuple().digits) <= kind.precision)
    return quantized
