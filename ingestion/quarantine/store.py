"""The files of the quarantine: what waits, and what was already mended by hand.

    <quarantine_dir>/<resource>/<reading>.jsonl       the rows refused, as received
    <quarantine_dir>/<resource>/mended/rows.jsonl     those that a replay brought home, mended

A reading is a day (2024-01-05) or `increment`. A mended row is kept because the source still gives it malformed: to
read the day again would lose it. On a line, `raw` is the row to the digit; `raw_text` stands in its place, as a JSON
string, when the row is not JSON for every reader (NaN, half an emoji, thousands of levels).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import msgspec

from ingestion.bronze.contention import until_steady
from ingestion.bronze.storage import Folder
from ingestion.errors import IngestError
from ingestion.kinds import JsonObject
from ingestion.rows.json_text import BOM, UNREADABLE, NotJson, Piece, RepeatedKey, is_valid, members

if TYPE_CHECKING:
    from ingestion.rows.records import Reject


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A row in quarantine.

    Attributes:
        id: the fingerprint of the row as received.
        raw: its text, or what a hand made of it.
        reading: for a mended row, the reading that refused it.
    """

    id: str
    reason: str
    field: str
    run_id: str
    page: int
    raw: bytes
    reading: str = ""

    def as_dict(self) -> JsonObject:
        """The entry as it is shown."""
        name, value = (
            ("raw", json.loads(self.raw)) if is_valid(self.raw) else ("raw_text", _as_text(self.raw))
        )
        return {**self._about(), name: value}

    def line(self) -> bytes:
        """The entry as it is kept, `raw` to the digit."""
        about = json.dumps(self._about(), ensure_ascii=False).encode()[:-1]
        if is_valid(self.raw):
            # A line end in JSON can only stand between two values.
            return about + b', "raw": ' + self.raw.replace(b"\r", b" ").replace(b"\n", b" ") + b"}\n"
        return about + b', "raw_text": ' + json.dumps(_as_text(self.raw)).encode() + b"}\n"

    def _about(self) -> JsonObject:
        return {name: value for name, value in msgspec.structs.asdict(self).items() if name != "raw"}


def _as_text(raw: bytes) -> str:
    return raw.decode(errors="surrogateescape")


def entry(reject: Reject, run_id: str) -> Entry:
    """The quarantine's entry of a row refused."""
    return Entry(fingerprint(reject.raw), reject.reason, reject.field, run_id, reject.page, reject.raw)


def fingerprint(raw: bytes) -> str:
    """The fingerprint of a row as received; the order of its keys and its spaces do not count."""
    try:
        canonical = json.dumps(json.loads(raw), sort_keys=True, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        canonical = raw
    return hashlib.sha256(canonical).hexdigest()[:16]


def waiting_file(resource: str, reading: str) -> str:
    return f"{resource}/{reading}.jsonl"


def mended_file(resource: str) -> str:
    return f"{resource}/mended/rows.jsonl"


def waiting_files(folder: Folder, resource: str | None = None) -> list[str]:
    """The files of rows waiting, of every resource or of one, sorted."""
    names = [name for name in folder.files() if name.count("/") == 1 and name.endswith(".jsonl")]
    return [name for name in names if resource in (None, name.split("/")[0])]


def load(folder: Folder, name: str) -> list[Entry]:
    """The entries of a file, none if it does not exist; IngestError if a line is unreadable."""
    content = folder.read(name)
    entries = []
    for number, line in enumerate((content or b"").split(b"\n"), start=1):
        try:
            if line.strip():
                entries.append(_entry_of(line))
        except (*UNREADABLE, ValueError) as error:
            raise IngestError(
                "unreadable_quarantine",
                f"{folder.where(name)}, ligne {number} : entrée illisible ({_why(error, line)}). Corrigez cette ligne.",
            ) from None
    return entries


def _why(error: Exception, line: bytes) -> str:
    """What is wrong with a line, for whoever has just changed it by hand."""
    if isinstance(error, RepeatedKey):
        return f"deux clés « {error} »"
    try:
        json.loads(line.removeprefix(BOM).decode(errors="replace"))
    except json.JSONDecodeError as malformed:
        return f"JSON mal formé, colonne {malformed.colno}"
    except RecursionError:
        pass
    return "ce n'est pas un objet JSON" if isinstance(error, NotJson) else str(error)


def _entry_of(line: bytes) -> Entry:
    """The entry of a line, which a hand may have changed; a script of the course keeps reason and field alone."""
    found = dict(members(line.removeprefix(BOM)))
    raw = _raw_of(found.pop("raw", b""), found.pop("raw_text", b""))
    about = {name: json.loads(bytes(value)) for name, value in found.items()}
    kept = msgspec.convert({"id": "", "field": "", "run_id": "", "page": 0, **about, "raw": raw}, Entry)
    return kept if kept.id else msgspec.structs.replace(kept, id=fingerprint(raw))


def _raw_of(kept: Piece, as_text: Piece) -> bytes:
    """The row as received, from one of the two ways to keep it, the other being empty."""
    if bool(kept) == bool(as_text):
        raise ValueError("la ligne refusée s'y écrit sous « raw », ou sous « raw_text »")
    if as_text:
        text = json.loads(bytes(as_text))
        if not isinstance(text, str):
            raise ValueError("« raw_text » n'est pas un texte")
        return text.encode(errors="surrogateescape")
    if not is_valid(bytes(kept)):
        raise ValueError("« raw » n'est pas du JSON")
    return bytes(kept)


def save(folder: Folder, name: str, entries: Iterable[Entry], seen: str | None) -> None:
    """Replace the file, whose version was `seen`; one that would hold no entry any more disappears."""
    lines = [item.line() for item in entries]
    if lines:
        folder.replace(name, b"".join(lines), seen)
    elif seen:
        folder.delete(name, seen)


def change(folder: Folder, name: str, kept: Callable[[dict[str, Entry]], dict[str, Entry]]) -> None:
    """Keep of a file what `kept` makes of its entries, by id, those that other writers have just added too."""

    def attempt() -> None:
        with folder.exclusive(name):
            seen = folder.version(name)
            former = {item.id: item for item in load(folder, name)}
            if (after := kept(former)) != former:
                save(folder, name, after.values(), seen)

    until_steady(attempt, folder.where(name))


def record(folder: Folder, name: str, fresh: list[Entry], whole: bool, seen: str | None = None) -> None:
    """Keep the entries of a reading, each once.

    A row already in quarantine keeps the run and the page that put it there, and what a hand mended in it.

    Args:
        folder: the quarantine.
        name: the file of this reading.
        fresh: the rows refused.
        whole: the reading saw all its rows again (a whole day), so its former entries that do not come back were mended
            at the source. Else the new ones are added.
        seen: for a whole reading, the version of the file when it began.

    Raises:
        Stale: another writer changed the file since a whole reading began.
    """

    def kept(former: dict[str, Entry]) -> dict[str, Entry]:
        return ({} if whole else former) | {item.id: former.get(item.id, item) for item in fresh}

    former = {item.id: item for item in load(folder, name)}
    if kept(former) == former:
        return
    if whole:
        save(folder, name, kept(former).values(), seen)
    else:
        change(folder, name, kept)
