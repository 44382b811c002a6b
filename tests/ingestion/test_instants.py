"""Instants in columns: their bounds, and the latest that can be believed."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from ingestion.rows.instants import bounds, latest_believable, microseconds

PAST = [datetime(1969, 12, 31, tzinfo=UTC), datetime(2024, 1, 5, 8, 0, 0, 7, tzinfo=UTC)]
NOW = datetime.now(UTC)
SOON, FAR = NOW + timedelta(days=360), NOW + timedelta(days=370)


def column(*instants):
    return pa.chunked_array([pa.array(instants, pa.timestamp("us", tz="UTC"))])


def test_an_instant_is_counted_in_microseconds_since_1970():
    assert microseconds(datetime(1970, 1, 1, 0, 0, 1, 3, tzinfo=UTC)) == 1_000_003


def test_the_bounds_are_the_first_and_the_last_before_1970_too():
    assert bounds(column(PAST[1], *PAST, None)) == tuple(PAST)


@pytest.mark.parametrize(
    ("instants", "told"),
    [
        (PAST, (PAST[1], None)),
        ([*PAST, SOON], (SOON, None)),
        ([*PAST, FAR], (PAST[1], FAR)),
        ([FAR], (None, FAR)),
        ([None], (None, None)),
    ],
)
def test_more_than_a_year_ahead_is_set_apart(instants, told):
    assert latest_believable(column(*instants)) == told
