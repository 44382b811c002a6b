"""Late rows are all seen by an increment with its look-back of 72 hours, at whatever hour of the day it runs."""

from datetime import UTC, date, datetime, timedelta

import pyarrow.parquet as pq
import pytest
import requests

from labkit.practice_api import data

LOOK_BACK = timedelta(hours=72)
FIRST_RUN = datetime(2024, 1, 6, tzinfo=UTC)


def test_no_late_row_bears_a_stamp_older_than_the_look_back():
    days = [date(2024, 1, 1) + timedelta(days=number) for number in range(91)]
    rows = [
        row
        for resource in ("events", "transactions")
        for day in days
        for row in data.batch(2024, resource, day)
    ]
    behind = [row.arrival - row.updated_at for row in rows]
    assert max(behind) == LOOK_BACK, "some come exactly that late: the bound is met, never passed"


@pytest.mark.parametrize("hour", [12, 23])
def test_six_daily_increments_miss_no_row_whatever_the_hour(engine, hour):
    folder = engine.folder / "data"
    for day in range(6):
        now = FIRST_RUN + timedelta(days=day, hours=hour)
        engine.switch("clock", "PUT", now=now.isoformat())
        since = [] if day else ["--start-date", "2024-01-01"]
        run = engine.ingest("--watermark", "updated_at", "--output-dir", folder, "--page-size", 1000, *since)
        assert run.code == 0, run.result
    kept = {one for path in folder.glob("*/data.parquet") for one in pq.read_table(path)["id"].to_pylist()}
    assert readable_ids(engine.api_url) - kept == set()


def readable_ids(api_url):
    """The ids of the rows that an ingestion writes: those that are fit to be read."""
    found, cursor = set(), None
    while True:
        params = {"limit": 1000} | ({"cursor": cursor} if cursor else {})
        body = requests.get(f"{api_url}/api/events", params=params, timeout=10).json()
        found |= {row["id"] for row in body["data"] if is_readable(row)}
        cursor = body["next_cursor"]
        if not cursor:
            return found


def is_readable(row):
    sound = "id" in row and row["amount"] != "douze" and isinstance(row["user_id"], int)
    return sound and row["event_time"].startswith("2024")
