"""Which rows a listing holds, in which order, and where a page of it starts and ends.

Rows are walked a day at a time, so that ten years never stand in memory.
"""

import base64
import binascii
import hashlib
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
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
Position = Callable[[Row], tuple[datetime, int]]


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
        extra = [row for row in self._inserted(resource) if arrival_day_of(row.id) == day]
        return [*_visible(self.seed, resource, [day], self.now), *extra]

    def by_event_time(self, selection: Selection) -> Iterator[Row]:
        """In (event_time, id) order: late and inserted rows land in the middle, and shift what follows."""
        for day in _days(selection.start, min(selection.end, self.now.date())):
            rows = _of_day(self.seed, selection.resource, day, self.now)
            inserted = [row for row in self._inserted(selection.resource) if row.event_day == day]
            yield from self._since(_in_order(rows, inserted, _event_position), selection)

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
        position = _update_position(self.now)
        for day in _days(after[0].date(), self.now.date()):
            rows = _updated_on(self.seed, selection.resource, day, self.now)
            inserted = [row for row in self._inserted(selection.resource) if position(row)[0].date() == day]
            ordered = _in_order(rows, inserted, position)
            for row in ordered[bisect_right(ordered, after, key=position) :]:
                if selection.start <= row.event_day <= selection.end:
                    yield row

    def _inserted(self, resource: str) -> list[Row]:
        return [row for row in self.inserted[resource] if row.is_visible(self.now)]

    def _since(self, rows: list[Row], selection: Selection) -> list[Row]:
        if selection.since is None:
            return rows
        return [row for row in rows if row.updated_at_as_of(self.now) >= selection.since]


def _event_position(row: Row) -> tuple[datetime, int]:
    return row.event_time, row.id


def _update_position(now: datetime) -> Position:
    return lambda row: (row.updated_at_as_of(now), row.id)


def _in_order(rows: list[Row], inserted: list[Row], position: Position) -> list[Row]:
    """Both together; `rows` are in order."""
    return sorted([*rows, *inserted], key=position) if inserted else rows


# Each page of a listing asks for the same days again: they are put in order once, as long as the clock stands.


@lru_cache(maxsize=64)
def _of_day(seed: int, resource: str, day: date, now: datetime) -> list[Row]:
    """The generated rows of an event day, in (event_time, id) order."""
    rows = _visible(seed, resource, _days(day, day + timedelta(LATE_DAYS)), now)
    return sorted((row for row in rows if row.event_day == day), key=_event_position)


@lru_cache(maxsize=64)
def _updated_on(seed: int, resource: str, day: date, now: datetime) -> list[Row]:
    """The generated rows that were updated on `day`, in (updated_at, id) order."""
    position = _update_position(now)
    nearby = _days(day - timedelta(CORRECTED_DAYS + 1), day + timedelta(LATE_DAYS))
    rows = _visible(seed, resource, nearby, now)
    return sorted((row for row in rows if position(row)[0].date() == day), key=position)


def _visible(seed: int, resource: str, days: Iterable[date], now: datetime) -> Iterator[Row]:
    return (row for day in days for row in batch(seed, resource, day) if row.is_visible(now))


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
