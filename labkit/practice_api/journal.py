"""What was asked of the API, as the room watches it: the last requests, and how long each retry waited."""

import time
from collections import deque
from dataclasses import dataclass

WINDOW = 300
LONGEST_TEXT = 500
LONGEST_WAIT_S = 120.0
FAILURES_REMEMBERED = 100
UNREADABLE = {"cut_body", "invalid_json", "html"}


@dataclass(frozen=True)
class Entry:
    """One request and its answer.

    number: from 1, in the order of the answers; at: arrival, in seconds since 1970; query: as sent, without `?`;
    fault: the kind of fault it met, or None; rows: how many the answer carries, None when that makes no sense;
    retry_after: what the answer asked the client to wait, in seconds; transient: a failure worth trying again;
    attempt: 1, or one more than the failed request it repeats; retry_of: that one's number; wait_s: the time between.
    """

    number: int
    at: float
    method: str
    path: str
    query: str
    status: int
    fault: str | None
    rows: int | None
    bytes: int
    duration_ms: float
    retry_after: int | None
    transient: bool
    attempt: int = 1
    retry_of: int | None = None
    wait_s: float | None = None


class Journal:
    """The last WINDOW requests. It is written by the event loop only, and cleared by any thread."""

    def __init__(self):
        self.clear()

    def clear(self) -> None:
        self.latest = 0
        self.entries: deque[Entry] = deque(maxlen=WINDOW)
        self._failed: dict[tuple, tuple[Entry, float]] = {}

    def record(
        self,
        asked: tuple[str, str, str],
        arrived: float,
        status: int,
        size: int,
        rows: int | None = None,
        fault: str | None = None,
        retry_after: int | None = None,
    ) -> None:
        """Write down a request just answered: `asked` is (method, path, query), `arrived` a time.monotonic()."""
        now = time.monotonic()
        method, path, query = (text[:LONGEST_TEXT] for text in asked)
        self.latest += 1
        entry = Entry(
            number=self.latest,
            at=time.time() - (now - arrived),
            method=method,
            path=path,
            query=query,
            status=status,
            fault=fault,
            rows=rows,
            bytes=size,
            duration_ms=round((now - arrived) * 1000, 1),
            retry_after=retry_after,
            transient=status in (408, 425, 429) or status >= 500 or fault in UNREADABLE,
            **self._retry((method, path, query), arrived),
        )
        self.entries.append(entry)
        if entry.transient:
            self._remember((method, path, query), entry, now)

    def after(self, number: int) -> list[Entry]:
        """The entries kept that bear a greater number, oldest first."""
        if number == self.latest:
            return []
        return [entry for entry in list(self.entries) if entry.number > number]

    def _retry(self, asked: tuple, arrived: float) -> dict:
        """Which failure this request repeats, if any. Asked again much later, it is another run's."""
        failed, ended = self._failed.pop(asked, (None, 0.0))
        wait = max(0.0, arrived - ended)
        if failed is None or wait > LONGEST_WAIT_S:
            return {}
        return {"attempt": failed.attempt + 1, "retry_of": failed.number, "wait_s": round(wait, 3)}

    def _remember(self, asked: tuple, entry: Entry, ended: float) -> None:
        self._failed[asked] = (entry, ended)
        if len(self._failed) > FAILURES_REMEMBERED:
            del self._failed[next(iter(self._failed))]
