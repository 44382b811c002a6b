"""The bounds of a column of instants, without `Scalar.as_py()`, which imports pandas (0.2 s)."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

BELIEVABLE = timedelta(days=366)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def microseconds(instant: datetime) -> int:
    """Microseconds since 1 January 1970 UTC: what Parquet keeps."""
    return (instant - EPOCH) // timedelta(microseconds=1)


def bounds(column: pa.ChunkedArray) -> tuple[datetime, datetime] | None:
    """The first and the last instant of a column; None if it has none."""
    found = pc.min_max(column.cast(pa.int64())).as_py()
    if found["min"] is None:
        return None
    return EPOCH + timedelta(microseconds=found["min"]), EPOCH + timedelta(microseconds=found["max"])


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
