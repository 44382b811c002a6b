"""What a writer says became of a day: each count, each status, and what it refuses without touching anything."""

from datetime import UTC, date, datetime, timedelta

import pyarrow.parquet as pq
import pytest

from ingestion.bronze import publishing
from ingestion.bronze.contention import Stale
from ingestion.bronze.merging import Change
from ingestion.bronze.parquet import read_partition
from ingestion.bronze.partitions import days_between, partition_name, present_days
from ingestion.bronze.storage import open_folder
from ingestion.errors import IngestError
from ingestion.rows.decoding import to_table
from ingestion.rows.resources import EVENTS

DAY, NEXT = date(2024, 1, 5), date(2024, 1, 6)
NOON = datetime(2024, 1, 5, 12, tzinfo=UTC)


def rows(*versions):
    """The table of (id, version[, day]): the version is the minute of `updated_at`, and the amount."""
    values = [
        {
            "id": row_id,
            "event_time": NOON + (day[0] - DAY if day else timedelta(0)),
            "updated_at": NOON + timedelta(minutes=version),
            "amount": float(version),
        }
        for row_id, version, *day in versions
    ]
    return to_table(values, EVENTS)


class Bronze:
    def __init__(self, folder):
        self.path, self.folder = folder, open_folder(folder)
        self.target = publishing.Target(EVENTS, self.folder, "run", NOON)

    def where(self, day):
        return str(self.path / partition_name(day))

    def seen(self, day=DAY):
        return self.folder.version(partition_name(day))

    def publish(self, *versions, day=DAY):
        return publishing.publish_day(rows(*versions), day, self.target, self.seen(day))

    def increment(self, *versions):
        read = rows(*versions)
        outcomes, missing = publishing.publish_increment(read, self.target)
        return publishing.leave_former_days(read, self.target, outcomes), missing

    def amounts(self, day=DAY):
        return {row["id"]: row["amount"] for row in read_partition(self.folder, day, EVENTS).to_pylist()}


@pytest.fixture
def bronze(tmp_path):
    return Bronze(tmp_path / "bronze")


def test_a_day_written_for_the_first_time_counts_its_rows_and_those_received_twice(bronze):
    outcome = bronze.publish((1, 0), (2, 0), (2, 1))
    assert outcome == publishing.DayOutcome(DAY, "written", 2, 1, Change(written=2), bronze.where(DAY))
    assert bronze.amounts() == {1: 0.0, 2: 1.0}
    assert pq.ParquetFile(bronze.where(DAY)).metadata.row_group(0).column(0).compression == "ZSTD"


def test_a_day_read_again_is_unchanged_and_its_file_is_not_touched(bronze):
    bronze.publish((1, 0), (2, 0))
    before = bronze.seen()
    outcome = bronze.publish((2, 0), (1, 0), (1, 0))
    assert outcome == publishing.DayOutcome(DAY, "unchanged", 2, 1, Change(unchanged=2), bronze.where(DAY))
    assert bronze.seen() == before


def test_a_day_read_again_is_known_by_the_foot_of_its_file_whose_rows_are_not_read(bronze, monkeypatch):
    bronze.publish((1, 0), (2, 0))
    monkeypatch.setattr(publishing, "read_partition", None)
    assert bronze.publish((1, 0), (2, 0), (2, 0)).status == "unchanged"


def test_a_day_that_changed_counts_what_came_what_was_corrected_and_what_went(bronze):
    bronze.publish((1, 0), (2, 0), (3, 0))
    outcome = bronze.publish((1, 0), (2, 5), (4, 0))
    change = Change(written=1, replaced=1, unchanged=1, dropped=1)
    assert outcome == publishing.DayOutcome(DAY, "written", 3, 0, change, bronze.where(DAY))
    assert bronze.amounts() == {1: 0.0, 2: 5.0, 4: 0.0}


def test_a_day_of_which_nothing_was_read_and_that_was_not_there_is_empty(bronze):
    assert bronze.publish() == publishing.DayOutcome(DAY, "empty")
    assert not bronze.path.exists()


def test_a_day_of_which_nothing_is_read_any_more_is_an_error_and_stays(bronze):
    bronze.publish((1, 0))
    with pytest.raises(IngestError) as error:
        bronze.publish()
    assert error.value.code == "empty_day"
    assert f"pour 2024-01-05 alors que {bronze.where(DAY)} en contient" in error.value.message
    assert error.value.message.endswith("Si c'est voulu, supprimez ce fichier.")
    assert bronze.amounts() == {1: 0.0}


def test_a_day_that_another_writer_made_while_nothing_was_read_is_to_be_read_again(bronze):
    bronze.publish((1, 0))
    with pytest.raises(Stale):
        publishing.publish_day(rows(), DAY, bronze.target, None)


def test_a_file_that_nobody_here_wrote_is_named_and_nothing_is_written(bronze):
    folder = bronze.path / f"partition_date={DAY}"
    folder.mkdir(parents=True)
    (folder / "notes.txt").touch()
    bronze.publish((1, 0))
    (folder / "part-0.parquet").touch()
    for publish in (bronze.publish, bronze.increment):
        with pytest.raises(IngestError) as error:
            publish((1, 9))
        assert error.value.code == "foreign_files"
        assert error.value.message.startswith(f"{bronze.where(DAY)} a pour voisin part-0.parquet, ")
    assert bronze.amounts() == {1: 0.0}


def test_an_increment_joins_the_days_that_are_there_and_counts_the_rows_of_the_others(bronze):
    bronze.publish((1, 0), (2, 0))
    outcomes, missing = bronze.increment((2, 3), (3, 0), (3, 1), (8, 0, NEXT), (9, 0, NEXT))
    change = Change(written=1, replaced=1)
    assert outcomes == [publishing.DayOutcome(DAY, "written", 2, 1, change, bronze.where(DAY))]
    assert missing == {NEXT: 2}
    assert bronze.amounts() == {1: 0.0, 2: 3.0, 3: 1.0}
    assert bronze.seen(NEXT) is None


def test_an_increment_that_brings_what_is_there_already_touches_no_file(bronze):
    bronze.publish((1, 0), (2, 0))
    before = bronze.seen()
    outcomes, _ = bronze.increment((2, 0), (2, 0))
    assert outcomes == [publishing.DayOutcome(DAY, "unchanged", 1, 1, Change(unchanged=1), bronze.where(DAY))]
    assert bronze.seen() == before


def test_a_row_that_moves_to_another_day_leaves_the_former_and_both_say_so(bronze):
    bronze.publish((1, 0), (2, 0))
    bronze.publish((8, 0, NEXT), day=NEXT)
    outcomes, _ = bronze.increment((1, 5, NEXT))
    assert [(one.day, one.status, one.change) for one in outcomes] == [
        (DAY, "written", Change(dropped=1)),
        (NEXT, "written", Change(written=1)),
    ]
    assert [one.path for one in outcomes] == [bronze.where(DAY), bronze.where(NEXT)]
    assert (bronze.amounts(), bronze.amounts(NEXT)) == ({2: 0.0}, {1: 5.0, 8: 0.0})


def test_a_day_that_rows_join_and_that_others_leave_counts_both(bronze):
    bronze.publish((1, 0), (2, 0))
    bronze.publish((8, 0, NEXT), day=NEXT)
    outcomes, _ = bronze.increment((1, 5, NEXT), (3, 0))
    first = outcomes[0]
    assert (first.status, first.rows, first.change) == ("written", 1, Change(written=1, dropped=1))
    assert first.path == bronze.where(DAY)
    assert bronze.amounts() == {2: 0.0, 3: 0.0}


def test_a_day_that_its_last_row_leaves_has_no_file_any_more(bronze):
    bronze.publish((1, 0))
    bronze.publish((8, 0, NEXT), day=NEXT)
    outcomes, _ = bronze.increment((1, 5, NEXT))
    assert outcomes[0] == publishing.DayOutcome(DAY, "empty", change=Change(dropped=1))
    assert (outcomes[1].day, outcomes[1].path) == (NEXT, bronze.where(NEXT))
    assert bronze.seen() is None


def test_an_older_version_that_comes_late_does_not_take_the_row_back(bronze):
    bronze.publish((1, 9), (2, 0))
    bronze.publish((8, 0, NEXT), day=NEXT)
    outcomes, _ = bronze.increment((1, 5, NEXT))
    assert (bronze.amounts(), bronze.amounts(NEXT)) == ({1: 9.0, 2: 0.0}, {8: 0.0})
    assert [one.day for one in outcomes] == [NEXT]


def test_the_days_that_are_there_are_those_of_a_folder_named_by_a_day_with_its_file(bronze):
    bronze.publish((1, 0))
    for name in (
        "partition_date=20240107",
        "partition_date=2024-W01-1",
        "partition_date=2024-02-30",
        "day=2024-01-08",
    ):
        (bronze.path / name).mkdir()
        (bronze.path / name / "data.parquet").write_bytes(b"x")
    (bronze.path / "partition_date=2024-01-09").mkdir()
    assert present_days(bronze.folder) == {DAY}


def test_the_days_of_a_period_are_both_its_ends_and_all_between():
    assert days_between(date(2024, 2, 28), date(2024, 3, 1)) == [
        date(2024, 2, 28),
        date(2024, 2, 29),
        date(2024, 3, 1),
    ]
    assert days_between(DAY, DAY) == [DAY]
