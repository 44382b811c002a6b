"""The bounds of a column of instants, without `Scalar.as_py()`, which imports pandas (0.2 s)."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

BELIEVABLE = timedelta(days=366)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def microseconds(instant: datetime) -> int:
    """Microseconds since 1 January 1970 UTC: what Parquet keeps."""
    return (instant - EPOCH) // timedelta(microseconds=1)


FIRST, LAST = (microseconds(end.replace(tzinfo=UTC)) for end in (datetime.min, datetime.max))


def extremes(column: pa.ChunkedArray) -> tuple[int, int] | None:
    """The first and the last instant of a column, in microseconds; None if it has none."""
    found = pc.min_max(column.cast(pa.int64())).as_py()
    return None if found["min"] is None else (found["min"], found["max"])


def bounds(column: pa.ChunkedArray) -> tuple[datetime, datetime] | None:
    """The first and the last instant of a column; None if it has none. OverflowError outside the years 1 to 9999."""
    found = extremes(column)
    return found and (EPOCH + timedelta(microseconds=found[0]), EPOCH + timedelta(microseconds=found[1]))


def outside_calendar(column: pa.ChunkedArray) -> list[int]:
    """The rows whose instant is, in UTC, before the year 1 or after the year 9999: no calendar of Python holds it."""
    first, last = extremes(column) or (FIRST, LAST)
    if first >= FIRST and last <= LAST:
        return []
    numbers = column.cast(pa.int64())
    outside: list[int] = pc.indices_nonzero(
        pc.or_(pc.less(numbers, FIRST), pc.greater(numbers, LAST))
    ).to_pylist()
    return outside


def latest_believable(column: pa.ChunkedArray) -> tuple[datetime | None, datetime | None]:
    """The last instant that is not too far ahead of this machine's clock.

    A year, not a minute: a clock may be wrong, that of a practice API may be set ahead on purpose.

    Args:
        column: instants.

    Returns:
        The last that is at most a year ahead; and the last of all, if it is further.
    """
    found, limit = bounds(column), datetime.now(UTC) + BELIEVABLE
    if found is None:
        return None, None
    if found[1] <= limit:
        return found[1], None
    numbers = column.cast(pa.int64())
    believed = bounds(numbers.filter(pc.less_equal(numbers, microseconds(limit))).cast(column.type))
    return believed[1] if believed else None, found[1]
