"""The result of a run: the course's keys, days by what became of them, and an account of rows that balances."""

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest

from ingestion.bronze.merging import Change
from ingestion.bronze.publishing import DayOutcome
from ingestion.errors import IngestError
from ingestion.result import Outcome, count_rows, ingestion_result
from ingestion.watermark import Watermark

FIRST, SECOND, THIRD, FOURTH = (date(2024, 1, day) for day in (1, 2, 3, 4))
NOON = datetime(2024, 1, 2, 12, tzinfo=UTC)
CHANGE = Change(written=5, replaced=3, unchanged=2, dropped=4)


def outcome(**more):
    days = [
        DayOutcome(FIRST, "written", 10, 2, CHANGE, "bronze/1"),
        DayOutcome(SECOND, "unchanged", 7, 0, Change(unchanged=7), "bronze/2"),
        DayOutcome(THIRD, "empty"),
    ]
    return Outcome(days=days, received=24, quarantined=4, repeated=1, **more)


def test_a_success_has_the_keys_of_the_course_and_no_other():
    result = ingestion_result(outcome(skipped=[FOURTH]), "events", "run-1")
    assert abs(datetime.fromisoformat(result.pop("ingestion_date")) - datetime.now(UTC)) < timedelta(
        minutes=1
    )
    assert result == {
        "status": "success",
        "run_id": "run-1",
        "resource": "events",
        "records_count": 17,
        "output_file": "bronze/1",
        "output_files": ["bronze/1"],
        "quarantined": 4,
        "watermark": None,
        "partitions": {
            "written": ["2024-01-01"],
            "unchanged": ["2024-01-02"],
            "skipped": ["2024-01-04"],
            "empty": ["2024-01-03"],
        },
        "rows": {
            "received": 24,
            "written": 5,
            "replaced": 3,
            "unchanged": 9,
            "duplicates": 3,
            "quarantined": 4,
            "unpublished": 0,
            "dropped_by_source": 4,
        },
    }


def test_nothing_written_names_no_file():
    result = ingestion_result(Outcome(), "events", "run-1")
    assert (result["output_file"], result["output_files"], result["records_count"]) == (None, [], 0)


def test_a_failure_gives_the_error_of_its_first_day_and_that_of_each():
    late, early = IngestError("server_error", "Deuxième."), IngestError("disk_full", "Premier.")
    result = ingestion_result(
        Outcome(failures={FOURTH: late, SECOND: early}, not_tried=[THIRD, FIRST]), "events", "r"
    )
    assert result["status"] == "error"
    assert result["error"] == early.as_dict()
    assert list(result["failed"].items()) == [
        ("2024-01-02", early.as_dict()),
        ("2024-01-04", late.as_dict()),
    ]
    assert result["partitions"]["not_tried"] == ["2024-01-01", "2024-01-03"]


@pytest.mark.parametrize(
    ("latest", "mark", "told"),
    [
        (None, None, None),
        (NOON, None, "2024-01-02T12:00:00Z"),
        (NOON, Watermark("events", "last_id", 57), "57"),
        (NOON, Watermark("events", "cursor"), None),
    ],
)
def test_the_watermark_told_is_the_new_one_else_the_latest_update_read(latest, mark, told):
    assert ingestion_result(Outcome(latest_update=latest), "events", "r", mark)["watermark"] == told


def test_a_row_that_is_nowhere_stops_the_run():
    lost = outcome()
    lost.received += 1
    with pytest.raises(AssertionError, match="25 rows received, 24 accounted for"):
        count_rows(lost)


@pytest.mark.parametrize("place", ["unpublished", "outside_period"])
def test_rows_that_could_not_be_published_or_were_not_asked_for_are_counted(place):
    counted = outcome(**{place: 6})
    counted.received += 6
    assert count_rows(counted)[place] == 6


def test_the_sums_of_readings_grow_and_the_latest_update_stays_the_latest():
    sums = Outcome()
    for received, update in ((3, None), (4, NOON), (5, NOON - timedelta(hours=1))):
        sums.count(SimpleNamespace(received=received, quarantined=2, repeated=1, latest_update=update))
    assert (sums.received, sums.quarantined, sums.repeated, sums.latest_update) == (12, 6, 3, NOON)
