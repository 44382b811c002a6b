"""Les bornes d'une colonne d'instants, sans passer par `Scalar.as_py()`, qui importe pandas (0,2 s)."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def microseconds(instant: datetime) -> int:
    """Microsecondes depuis le 1er janvier 1970 UTC : ce que Parquet range."""
    return (instant - EPOCH) // timedelta(microseconds=1)


def bounds(column: pa.ChunkedArray) -> tuple[datetime, datetime] | None:
    """Le premier et le dernier instant d'une colonne ; None si elle n'en a pas."""
    found = pc.min_max(column.cast(pa.int64())).as_py()
    if found["min"] is None:
        return None
    return EPOCH + timedelta(microseconds=found["min"]), EPOCH + timedelta(microseconds=found["max"])
