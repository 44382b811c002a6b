"""An answer of the API: its envelope read at once, its rows kept as the bytes that came."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from ingestion.api.retry import TransientError
from ingestion.errors import IngestError
from ingestion.kinds import JsonObject
from ingestion.rows.json_text import BOM, EMPTY_LIST, NotJson, Piece, RepeatedKey, elements, is_valid, members
from ingestion.secrets import quoted

REFUSALS = {"success": (False, "false"), "ok": (False, "false"), "status": ("error", "fail", "failed")}


@dataclass
class Answer:
    """The body of an answer, its headers, and the address to name in a message.

    Made by the client, which asks again where TransientError `invalid_json` is raised.

    Attributes:
        content: the body, in bytes.
        rows_keys: where the rows may be when the body is an object, dots going inwards: in the first that holds a list,
            which becomes `rows_key`.
        status: 200, or 204 for an answer without a body, which has no rows.

    Raises:
        IngestError: `api_error` where the API tells an error inside a 200, `unexpected_shape` where the rows are not
            where they were looked for.
    """

    content: bytes
    headers: Mapping[str, str]
    url: str
    rows_keys: tuple[str, ...] = ("data",)
    status: int = 200
    rows_key: str = field(init=False, default="")
    envelope: JsonObject = field(init=False)
    is_list: bool = field(init=False)
    rows_text: bytes | memoryview = field(init=False)

    def __post_init__(self) -> None:
        text = self.content.removeprefix(BOM).strip(b" \t\r\n") if self.status != 204 else b"[]"
        self.is_list = text[:1] == b"["
        if self.is_list:
            self.envelope, self.rows_text = {}, text
            if text[-1:] != b"]":
                raise self._not_json()
            return
        found = self._members(text)
        texts = {key: self._text_at(found, key) for key in self.rows_keys}
        lists = {key: value for key, value in texts.items() if bytes(value[:1]) == b"["}
        self.rows_key = next(iter(lists), self.rows_keys[0])
        self.envelope = {name: _plain(value) for name, value in found.items() if name != self.rows_key}
        self._refuse_told_error()
        if not lists:
            keys = ", ".join(f"« {key} »" for key in found) or "aucune"
            raise self._unexpected(
                f"pas de liste sous « {self.rows_key} » (clés reçues : {keys})", self._own_words()
            )
        self.rows_text = lists[self.rows_key]

    def _text_at(self, found: Mapping[str, Piece], key: str) -> memoryview:
        """The text at this key of the body, a view of it: the rows of a day are kept once."""
        outer, _, inner = key.partition(".")
        text = found.get(outer, b"")
        return memoryview(self._members(bytes(text)).get(inner, b"") if inner and text else text)

    @property
    def is_empty(self) -> bool:
        """Whether it brings no row at all."""
        return bool(EMPTY_LIST.fullmatch(self.rows_text))

    @property
    def size(self) -> int:
        """The size of the body, in bytes."""
        return len(self.content)

    @cached_property
    def row_count(self) -> int:
        """How many rows it brings."""
        return len(self._elements())

    @property
    def row_texts(self) -> list[bytes]:
        """Each row as received."""
        return [bytes(text) for text in self._elements()]

    def _elements(self) -> Sequence[Piece]:
        try:
            return elements(self.rows_text)
        except NotJson:
            raise self._not_json() from None

    def says(self, name: str) -> object:
        """What the envelope says under this name, dots going inwards ("meta.next"); None if it does not."""
        return at(self.envelope, name)

    def mentions(self, name: str) -> bool:
        """Whether the envelope has this key, dots going inwards, be it null."""
        outer, _, last = name.rpartition(".")
        group = self.says(outer) if outer else self.envelope
        return isinstance(group, dict) and last in group

    def _members(self, text: bytes) -> Mapping[str, Piece]:
        try:
            return members(text)
        except RepeatedKey as key:
            raise self._unexpected(f"deux clés « {key} » dans la même réponse", "") from None
        except NotJson:
            if is_valid(text):
                raise self._unexpected("ni objet ni liste", f" : {quoted(text)}") from None
            raise self._not_json() from None

    def _refuse_told_error(self) -> None:
        told = [self.envelope[key] for key in ("error", "errors") if self.envelope.get(key)]
        refused = [key for key, signs in REFUSALS.items() if self.envelope.get(key) in signs]
        if told or refused:
            said = self._own_words() or f" : {quoted(self.content)}"
            raise IngestError("api_error", f"{self.url} annonce une erreur dans une réponse 200{said}")

    def _own_words(self) -> str:
        """What the API says of its error, to be quoted after a colon; `"error": true` says nothing of it."""
        for key in ("error", "errors", "message", "detail"):
            words = self.envelope.get(key)
            if words and words is not True:
                return f" : {quoted(json.dumps(words, ensure_ascii=False).encode(errors='replace'))}"
        return ""

    def _unexpected(self, what: str, said: str) -> IngestError:
        return IngestError("unexpected_shape", f"{self.url} : {what}{said}.")

    def _not_json(self) -> TransientError:
        kind = self.headers.get("Content-Type", "type inconnu")
        return TransientError(
            "invalid_json",
            f"La réponse de {self.url} n'est pas du JSON ({kind}) : « {quoted(self.content, 40)}… ».",
        )


def at(envelope: JsonObject, name: str) -> object:
    """What is at this name, dots going inwards; None if there is nothing."""
    value: object = envelope
    for key in name.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _plain(value: Piece) -> object:
    """The value of an envelope's key; the text itself where it cannot be read."""
    try:
        return json.loads(bytes(value))
    except (ValueError, RecursionError):
        return bytes(value).decode(errors="replace")
