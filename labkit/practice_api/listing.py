"""Which rows a listing holds, in which order, and where a page of it starts and ends.

Rows are walked a day at a time, so that ten years never stand in memory.
"""

import base64
import binascii
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice

import orjson

from labkit.practice_api.data import (
    CORRECTED_DAYS,
    FIRST_DAY,
    LATE_DAYS,
    Row,
    arrival_day_of,
    batch,
)

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Selection:
    """The rows asked for: event days from `start` to `end`, updated at or after `since` if given."""

    resource: str
    start: date
    end: date
    since: datetime | None = None


class Source:
    """The rows of the practice API as they stand at the lab's clock, inserted rows included."""

    def __init__(self, seed: int, now: datetime, inserted: dict[str, list[Row]]):
        self.seed, self.now, self.inserted = seed, now, inserted

    def _arrivals(self, resource: str, day: date) -> list[Row]:
        extra = [row for row in self.inserted[resource] if arrival_day_of(row.id) == day]
        return [row for row in (*batch(self.seed, resource, day), *extra) if row.is_visible(self.now)]

    def by_event_time(self, selection: Selection) -> Iterator[Row]:
        """In (event_time, id) order: late and inserted rows land in the middle, and shift what follows."""
        for day in _days(selection.start, min(selection.end, self.now.date())):
            arrived = (self._arrivals(selection.resource, d) for d in _days(day, day + timedelta(LATE_DAYS)))
            inserted = (row for row in self.inserted[selection.resource] if row.is_visible(self.now))
            rows = {row.id: row for rows in (*arrived, inserted) for row in rows if row.event_day == day}
            yield from self._since(sorted(rows.values(), key=lambda row: (row.event_time, row.id)), selection)

    def by_id(self, selection: Selection, after: int) -> Iterator[Row]:
        """In id order, which is the order of arrival, after the id `after`."""
        first = max(selection.start, arrival_day_of(after))
        last = self.now.date() if self.inserted[selection.resource] else selection.end + timedelta(LATE_DAYS)
        for day in _days(first, min(last, self.now.date())):
            rows = [
                row
                for row in self._arrivals(selection.resource, day)
                if row.id > after and selection.start <= row.event_day <= selection.end
            ]
            yield from self._since(rows, selection)

    def by_update(self, selection: Selection, after: tuple[datetime, int]) -> Iterator[Row]:
        """In (updated_at, id) order, strictly after the pair `after`."""
        for day in _days(after[0].date(), self.now.date()):
            nearby = _days(day - timedelta(CORRECTED_DAYS + 1), day + timedelta(LATE_DAYS))
            arrived = (row for d in nearby for row in self._arrivals(selection.resource, d))
            keyed = [((row.updated_at_as_of(self.now), row.id), row) for row in arrived]
            page = [
                (key, row)
                for key, row in keyed
                if key > after and key[0].date() == day and selection.start <= row.event_day <= selection.end
            ]
            yield from (row for _, row in sorted(page, key=lambda pair: pair[0]))

    def _since(self, rows: list[Row], selection: Selection) -> list[Row]:
        if selection.since is None:
            return rows
        return [row for row in rows if row.updated_at_as_of(self.now) >= selection.since]


def _days(start: date, end: date) -> Iterator[date]:
    day = max(start, FIRST_DAY)
    while day <= end:
        yield day
        day += ONE_DAY


@dataclass(frozen=True)
class Slice:
    """One page: its rows, whether more follow, and the cursor of what follows (cursor family only)."""

    rows: list[Row]
    has_more: bool
    next_cursor: str | None = None


def slice_by_offset(source: Source, selection: Selection, offset: int, limit: int) -> Slice:
    rows = list(islice(source.by_event_time(selection), offset, offset + limit + 1))
    return Slice(rows[:limit], len(rows) > limit)


def slice_after_id(source: Source, selection: Selection, after_id: int, limit: int) -> Slice:
    rows = list(islice(source.by_id(selection, after_id), limit + 1))
    return Slice(rows[:limit], len(rows) > limit)


def slice_by_cursor(source: Source, selection: Selection, cursor: str | None, limit: int) -> Slice:
    """By id, or by (updated_at, id) when the selection has a `since`. ValueError on a cursor not ours."""
    position = decode_cursor(cursor) if cursor else None
    if selection.since:
        after = (datetime.fromisoformat(position[0]), position[1]) if position else (selection.since, -1)
        walk = source.by_update(selection, after)
    else:
        walk = source.by_id(selection, position[1] if position else 0)
    rows = list(islice(walk, limit + 1))
    if len(rows) <= limit:
        return Slice(rows, False)
    last = rows[limit - 1]
    return Slice(rows[:limit], True, encode_cursor(last.updated_at_as_of(source.now), last.id))


def encode_cursor(updated_at: datetime, row_id: int) -> str:
    body = orjson.dumps([updated_at.isoformat(), row_id])
    return base64.urlsafe_b64encode(_check_digits(body) + body).decode().rstrip("=")


def decode_cursor(cursor: str) -> tuple[str, int]:
    """The (updated_at, id) a cursor stands for; ValueError when it was not made by `encode_cursor`."""
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except (binascii.Error, ValueError):
        raise ValueError("not a cursor of this API") from None
    if raw[:6] != _check_digits(raw[6:]):
        raise ValueError("not a cursor of this API")
    updated_at, row_id = orjson.loads(raw[6:])
    return updated_at, row_id


def _check_digits(body: bytes) -> bytes:
    return hashlib.sha256(b"practice-api" + body).digest()[:6]
