"""A JSON text cut at its first level, without decoding what is inside: the value of each key, each element of a list.

msgspec does it in one pass, checking the text as it goes. What it refuses though other readers take it (NaN, half an
emoji, thousands of levels) is cut by looking at strings and brackets only, so that the one odd row can be told apart
from its neighbours.
"""

import json
import re
from collections.abc import Mapping, Sequence

import msgspec
import pyarrow as pa

BOM = b"\xef\xbb\xbf"
STRING = rb'"(?:[^"\\]|\\.)*+"'
TOKEN = re.compile(STRING + rb"|[\[\]{},:]", re.DOTALL)
KEY = re.compile(rb"\s*(" + STRING + rb")\s*:", re.DOTALL)
EMPTY_LIST = re.compile(rb"\[\s*\]")
Piece = bytes | msgspec.Raw
Text = bytes | memoryview
UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
SPACES = b" \t\r\n"

_members = msgspec.json.Decoder(dict[str, msgspec.Raw])
_elements = msgspec.json.Decoder(list[msgspec.Raw])


class NotJson(ValueError):
    """The text is not JSON, even broadly: no matching brackets, or not the kind of value wanted."""


class RepeatedKey(ValueError):
    """An object has two keys of this name."""


def members(text: Piece) -> Mapping[str, Piece]:
    """The keys of an object and the text of their values, as received.

    Args:
        text: a JSON object.

    Raises:
        NotJson: it is not one.
        RepeatedKey: a key comes twice.

    Example:
        >>> {key: bytes(value) for key, value in members(b'{"amount": 1.10, "tags": [1, 2]}').items()}
        {'amount': b'1.10', 'tags': b'[1, 2]'}
    """
    text = bytes(text)
    try:
        found = _members.decode(text)
    except UNREADABLE:
        return _scanned_members(text)
    return found if _keys_alone_between(text, found) else _scanned_members(text)


def elements(text: Text) -> Sequence[Piece]:
    """The text of each element of a list, as received, without copying it where it can. Raises NotJson."""
    try:
        return _elements.decode(text)
    except UNREADABLE:
        return [part.strip(SPACES) for part in _parts(text, b"[", b"]")]


def is_valid(text: bytes) -> bool:
    """Whether every JSON reader takes this text."""
    try:
        msgspec.json.decode(text)
    except UNREADABLE:
        return False
    return True


def _keys_alone_between(text: bytes, found: dict[str, msgspec.Raw]) -> bool:
    """Whether only one key a value stands between the values: of two keys of one name, msgspec keeps the last."""
    first = pa.py_buffer(text).address
    between, end = [], 0
    for value in found.values():
        start = pa.py_buffer(value).address - first
        between.append(text[end:start] if start >= end else b"")
        end = max(end, start + len(value))
    tokens = sum(len(TOKEN.findall(gap)) for gap in [*between, text[end:]])
    return tokens == max(3 * len(found) + 1, 2)


def _scanned_members(text: bytes) -> dict[str, bytes]:
    found = {}
    for part in _parts(text, b"{", b"}"):
        key = KEY.match(part)
        if key is None:
            raise NotJson("an object without keys")
        try:
            name = json.loads(key[1])
        except ValueError:
            raise NotJson("an unreadable key") from None
        if name in found:
            raise RepeatedKey(name)
        found[name] = part[key.end() :].strip(SPACES)
    return found


def _parts(text: Text, opening: bytes, closing: bytes) -> list[bytes]:
    """What the commas of the first level separate, between `opening` and `closing`; one part at least."""
    text = bytes(text).strip(SPACES)
    if text[:1] != opening or text[-1:] != closing:
        raise NotJson(f"not between {opening.decode()} and {closing.decode()}")
    depth, start, parts = 0, 1, []
    for token in TOKEN.finditer(text):
        match token[0]:
            case b"[" | b"{":
                depth += 1
            case b"]" | b"}":
                depth -= 1
                if depth == 0 and token.end() < len(text):
                    raise NotJson("more after the end")
            case b"," if depth == 1:
                parts.append(text[start : token.start()])
                start = token.end()
    if depth:
        raise NotJson("brackets without their pair")
    return [*parts, text[start:-1]]
