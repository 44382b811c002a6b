"""The watermark: how far we have read. Kept in a file, or entrusted to n8n.

Three are kept; each has what it does not see:

- `updated_at`, the latest instant of update: sees all but deletions, if one looks far enough back for late rows;
- `last_id`, the greatest identifier: does not see corrections;
- `cursor`, the API's bookmark: sees only what the API puts after it.

The fourth, the fingerprint of the content (`content_hash`), lives in the footer of each Parquet file: a day read whole
again is written again only if it changed. A watermark goes forward once the data is safe only, and never back.
"""

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from ingestion.bronze.contention import until_steady
from ingestion.bronze.storage import Folder
from ingestion.errors import IngestError

VERSION = 2
KINDS = ("updated_at", "last_id", "cursor")


@dataclass(frozen=True)
class Watermark:
    """How far a resource was read.

    Attributes:
        resource: its name.
        kind: `updated_at`, `last_id` or `cursor`.
        value: an instant, an integer or a text according to `kind`; None: nothing was read yet.

    Example:
        >>> Watermark("events", "last_id", 41).advanced(57).value
        57
        >>> Watermark("events", "last_id", 57).advanced(41).value
        57
    """

    resource: str
    kind: str
    value: datetime | int | str | None = None

    def read_from(self, look_back: timedelta) -> datetime:
        """For `updated_at`: where to read again from, a little before the watermark, for late rows.

        The bound is included (>=): rows of the same second may have been missing last time.

        Args:
            look_back: how far before.
        """
        earliest = datetime.min.replace(tzinfo=UTC)
        if not isinstance(self.value, datetime):
            raise TypeError(f"a watermark {self.kind} has no instant to look back from")
        return self.value - look_back if self.value - earliest > look_back else earliest

    def advanced(self, value: datetime | int | str | None) -> "Watermark":
        """The watermark after having read up to `value`; never lower. Cursors have no order."""
        if value is None:
            return self
        if self.value is not None and self.kind != "cursor":
            value = max(self.value, value)
        return replace(self, value=value)

    @property
    def text(self) -> str | None:
        """The value as it is given to --since."""
        if isinstance(self.value, datetime):
            return text(self.value)
        return None if self.value is None else str(self.value)


def state_file(resource: str, kind: str) -> str:
    return f"{resource}.{kind}.json"


def load(folder: Folder, resource: str, kind: str) -> Watermark | None:
    """The last watermark, None if there is none; IngestError `bad_state` rather than a full reload."""
    name = state_file(resource, kind)
    content = folder.read(name)
    if content is None:
        return None
    try:
        state = json.loads(content)
        if (state["version"], state["resource"], state["kind"]) != (VERSION, resource, kind):
            raise ValueError(f"version {state['version']}, {state['resource']}, {state['kind']}")
        return Watermark(resource, kind, parse_value(kind, state["value"]))
    except (ValueError, KeyError, TypeError) as error:
        raise IngestError(
            "bad_state",
            f"{folder.where(name)} est illisible ({error}) : restaurez-le, ou supprimez-le et donnez --since "
            "pour repartir.",
        ) from None


def commit(folder: Folder, watermark: Watermark) -> None:
    """Keep `watermark` if it goes forward, whoever else keeps one meanwhile; after the data is written, never before.

    Args:
        folder: the state's folder (see storage.py).
        watermark: what was read.

    Raises:
        IngestError: the folder cannot be written; `contended` where others never let it through.
    """
    name = state_file(watermark.resource, watermark.kind)

    def attempt() -> None:
        with folder.exclusive(name):
            seen = folder.version(name)
            former = load(folder, watermark.resource, watermark.kind)
            latest = former.advanced(watermark.value) if former else watermark
            if latest == former or latest.value is None:
                return
            state = {
                "version": VERSION,
                "resource": latest.resource,
                "kind": latest.kind,
                "value": latest.text,
            }
            folder.replace(name, json.dumps(state).encode(), seen)

    until_steady(attempt, folder.where(name))


def parse_value(kind: str, value: str) -> datetime | int | str:
    """Read the value of a watermark; ValueError if it is not of this kind."""
    if kind == "updated_at":
        return parse(value)
    if kind == "last_id":
        return int(value)
    if not value:
        raise ValueError("curseur vide")
    return value


def parse(value: str) -> datetime:
    """Read an ISO 8601 instant with its zone; ValueError else."""
    instant = datetime.fromisoformat(value)
    if instant.tzinfo is None:
        raise ValueError(f"« {value} » n'a pas de fuseau : ajoutez Z ou +00:00")
    return instant


def text(instant: datetime) -> str:
    """The ISO 8601 writing of a UTC instant, with Z."""
    return instant.isoformat().replace("+00:00", "Z")
