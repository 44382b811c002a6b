"""The second reader: msgspec looks at each row in about a microsecond, and keeps the text of its unknown fields."""

import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Annotated, Any

import msgspec
import pyarrow as pa
from msgspec import UNSET, Meta, Raw, UnsetType

from ingestion.kinds import JsonObject
from ingestion.rows.json_text import UNREADABLE, Piece, Text, elements
from ingestion.rows.records import unknown_fields
from ingestion.rows.resources import Resource, leaf_columns

MOST_UNKNOWN_FIELDS = 64

_encode = msgspec.json.Encoder().encode


@dataclass
class Sifted:
    """A page whose sound rows are told from the odd ones.

    Attributes:
        number: of the page.
        text: the list of its rows as received.
        sound_text: the list of the sound ones alone, whose places among all are `places`, the others being at `odd`.
        extras: the unknown fields of the sound ones, each as a JSON object to the digit, None for none.
    """

    number: int
    text: Text
    sound_text: Text
    places: Sequence[int]
    odd: Sequence[int]
    extras: list[bytes | None]

    def rows(self, places: Iterable[int]) -> dict[int, bytes]:
        """The text of the rows at these places."""
        texts = elements(self.text)
        return {place: bytes(texts[place]) for place in places}


class Sieve:
    """Tells the sound rows of a resource from the odd ones; learns its unknown fields as they come.

    An unknown field is met once as an error; from then on it is a field like another, kept as text.
    """

    def __init__(self, resource: Resource):
        self.fields = resource.schema
        self.decimals = [
            ([f"f{position}" for position in path], kind)
            for path, kind in leaf_columns(self.fields)
            if pa.types.is_decimal(kind)
        ]
        self.unknown: dict[tuple[str, ...], None] = {}
        self.lock = threading.Lock()
        self.types = _Types.of(self.fields, self.unknown)

    def sift(self, number: int, text: Text) -> Sifted:
        """The rows of a page, `text` being the JSON list of them. Raises NotJson if it cannot be cut into rows."""
        try:
            rows = self.types.many.decode(text)
            if not self.decimals or all(map(self._fits, rows)):
                return Sifted(number, text, text, range(len(rows)), (), self._extras(text, len(rows)))
        except UNREADABLE:
            pass
        texts = elements(text)
        places: list[int] = []
        odd: list[int] = []
        for place, one in enumerate(texts):
            (places if self._is_sound(one) else odd).append(place)
        sound = b"[" + b",".join([texts[place] for place in places]) + b"]"
        return Sifted(number, text, sound, places, odd, self._extras(sound, len(places)))

    def _extras(self, text: Text, rows: int) -> list[bytes | None]:
        if not self.unknown:
            return [None] * rows
        types = self.types
        return [types.extra(row) for row in types.unknown_many.decode(text)]

    def _is_sound(self, text: Piece) -> bool:
        row = self._row(text)
        return row is not None and (not self.decimals or self._fits(row))

    def _row(self, text: Piece) -> Any:
        try:
            return self.types.one.decode(text)
        except UNREADABLE:
            if not self._learns(text):
                return None
        try:
            return self.types.one.decode(text)
        except UNREADABLE:
            return None

    def _learns(self, text: Piece) -> bool:
        """Whether `text` has unknown fields not met before, which are met from now on."""
        with self.lock:
            fresh = [path for path in _unknown_paths(bytes(text), self.fields) if path not in self.unknown]
            if not fresh or len(self.unknown) + len(fresh) > MOST_UNKNOWN_FIELDS:
                return False
            self.unknown |= dict.fromkeys(fresh)
            self.types = _Types.of(self.fields, self.unknown)
        return True

    def _fits(self, row: msgspec.Struct) -> bool:
        """Whether the amounts of the row have no more digits than their columns, before and after the point."""
        for path, kind in self.decimals:
            value: Any = row
            for attribute in path:
                value = value and getattr(value, attribute)
            if value is not None:
                digits = value.as_tuple()
                if not value.is_finite() or not -kind.scale <= digits.exponent <= 0:
                    return False
                if len(digits.digits) + digits.exponent > kind.precision - kind.scale:
                    return False
        return True


@cache
def sieve_of(resource: Resource) -> Sieve:
    """The only sieve of this resource in the process: what one day taught it serves the others."""
    return Sieve(resource)


@dataclass(frozen=True)
class _Types:
    """The decoders of a resource whose unknown fields are those met so far.

    one, many: of a whole row, and of a list of them; unknown_many: of the unknown fields alone of a list of rows.
    """

    one: msgspec.json.Decoder[Any]
    many: msgspec.json.Decoder[Any]
    unknown_many: msgspec.json.Decoder[Any]

    @classmethod
    def of(cls, fields: pa.Schema, unknown: Iterable[tuple[str, ...]]) -> "_Types":
        tree = _tree(unknown)
        row: Any
        others: Any
        row, others = _struct("Row", fields, tree), _unknown_struct("Unknown", tree)
        return cls(
            msgspec.json.Decoder(row), msgspec.json.Decoder(list[row]), msgspec.json.Decoder(list[others])
        )

    @staticmethod
    def extra(row: msgspec.Struct) -> bytes | None:
        text = _encode(row)
        if b"{}" in text:  # perhaps an object of which nothing is unknown: it is not to be kept
            _without_empty(row)
            text = _encode(row)
        return None if text == b"{}" else text


def _struct(name: str, fields: pa.Schema | pa.StructType, unknown: JsonObject) -> type[msgspec.Struct]:
    """The msgspec type of an object of these fields, the unknown ones kept as text; its attributes are f0, f1…"""
    typed: list[tuple[Any, ...]] = []
    for field in fields:
        wanted = _type(field.name, field.type, unknown.get(field.name) or {})
        typed.append((field.name, wanted | None, None) if field.nullable else (field.name, wanted))
    typed += [(one, Raw | UnsetType, UNSET) for one, inner in unknown.items() if inner is None]
    return _numbered(name, typed, forbid_unknown_fields=True, kw_only=True)


def _unknown_struct(name: str, unknown: JsonObject) -> type[msgspec.Struct]:
    """The msgspec type of the unknown fields alone."""
    typed: list[tuple[Any, ...]] = [
        (one, Raw | UnsetType, UNSET) if inner is None else (one, _unknown_struct(one, inner) | None, None)
        for one, inner in unknown.items()
    ]
    return _numbered(name, typed, omit_defaults=True)


def _numbered(name: str, typed: list[tuple[Any, ...]], **options: Any) -> type[msgspec.Struct]:
    # An API's key may be any text, « class » or « données du client » too: not an attribute's name.
    names = {f"f{number}": one[0] for number, one in enumerate(typed)}
    fields = [(attribute, *one[1:]) for attribute, one in zip(names, typed, strict=True)]
    return msgspec.defstruct(name, fields, rename=names, gc=False, **options)


def _type(name: str, kind: pa.DataType, unknown: JsonObject) -> Any:
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


def _unknown_paths(text: bytes, fields: pa.Schema | pa.StructType) -> list[tuple[str, ...]]:
    """The fields of this row that `fields` does not name, each as the way to it; none if it is no object."""
    try:
        return list(_leaves(unknown_fields(text, fields)))
    except ValueError:
        return []


def _leaves(tree: JsonObject) -> Iterator[tuple[str, ...]]:
    for name, inner in tree.items():
        if isinstance(inner, dict):
            yield from ((name, *path) for path in _leaves(inner))
        else:
            yield (name,)


def _tree(paths: Iterable[tuple[str, ...]]) -> JsonObject:
    """{("a",), ("b", "c")} as {"a": None, "b": {"c": None}}, its keys in order."""
    tree: JsonObject = {}
    for path in sorted(paths):
        branch = tree
        for name in path[:-1]:
            branch = branch.setdefault(name, {})
        branch[path[-1]] = None
    return tree


def _without_empty(row: msgspec.Struct) -> bool:
    """Take the objects that hold no unknown field out of `row`; whether it holds none any more."""
    for attribute in row.__struct_fields__:
        value = getattr(row, attribute)
        if isinstance(value, msgspec.Struct) and _without_empty(value):
            setattr(row, attribute, None)
    return all(getattr(row, attribute) in (None, UNSET) for attribute in row.__struct_fields__)
