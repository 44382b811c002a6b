"""The hard core: what a merge keeps, what an interrupted write leaves, what a watermark allows."""

import json
import os
from dataclasses import replace
from datetime import UTC, timedelta

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion import watermark
from ingestion.bronze import merging as merge
from ingestion.bronze import parquet as bronze
from ingestion.bronze.disk import replace_file
from ingestion.bronze.storage import open_folder
from ingestion.errors import IngestError
from ingestion.rows.decoding import to_table
from ingestion.rows.resources import EVENTS
from tests.ingestion.test_publishing import DAY, NOON, rows

versions = st.lists(st.tuples(st.integers(1, 8), st.integers(0, 5)), min_size=1, max_size=20)


def table(versions):
    """The bronze table of (id, version) pairs, see `rows`."""
    return bronze.add_metadata(merge.keep_latest(rows(*versions), EVENTS), EVENTS, DAY, NOON)


def content(merged: pa.Table):
    return {row["id"]: row["amount"] for row in merged.to_pylist()}


@given(versions)
def test_the_latest_version_of_each_id_is_kept_in_id_order(rows):
    kept = table(rows)
    latest = {row_id: max(v for i, v in rows if i == row_id) for row_id, _ in rows}
    assert content(kept) == latest
    assert kept["id"].to_pylist() == sorted(latest)


@given(versions, versions)
def test_merging_an_increment_keeps_the_latest_of_both(before, after):
    merged, _ = merge.merge(table(before), table(after), EVENTS, whole_day=False)
    assert content(merged) == content(table(before + after))


@given(versions, versions)
def test_merging_a_whole_day_drops_what_the_source_dropped(before, after):
    merged, change = merge.merge(table(before), table(after), EVENTS, whole_day=True)
    assert set(content(merged)) == {row_id for row_id, _ in after}
    assert change.dropped == len({i for i, _ in before} - {i for i, _ in after})


@given(versions)
def test_merging_a_day_with_itself_changes_nothing(rows):
    merged, change = merge.merge(table(rows), table(rows), EVENTS, whole_day=True)
    assert change.is_empty
    assert merged.equals(table(rows))


@given(versions, versions)
def test_a_merge_accounts_for_every_incoming_row(before, after):
    incoming = table(after)
    _, change = merge.merge(table(before), incoming, EVENTS, whole_day=False)
    assert change.written + change.replaced + change.unchanged == incoming.num_rows


def test_an_increment_drops_nothing_and_says_so():
    _, change = merge.merge(table([(1, 0), (2, 0)]), table([(2, 1), (3, 0)]), EVENTS, whole_day=False)
    assert change == merge.Change(written=1, replaced=1, unchanged=0, dropped=0)


def one(amount, updated_at=NOON):
    """A day of one row."""
    row = {"id": 1, "event_time": NOON, "updated_at": updated_at, "amount": amount}
    return bronze.add_metadata(to_table([row], EVENTS), EVENTS, DAY, NOON)


def test_a_day_that_was_not_there_is_written_as_it_was_read():
    merged, change = merge.merge(None, one(1.0), EVENTS, whole_day=True)
    assert (content(merged), change) == ({1: 1.0}, merge.Change(written=1))


@pytest.mark.parametrize("whole_day", [False, True])
@pytest.mark.parametrize(("before", "after"), [(None, 2.0), (2.0, None)], ids=["comes", "goes"])
def test_a_value_that_comes_or_goes_is_a_correction(before, after, whole_day):
    merged, change = merge.merge(one(before), one(after), EVENTS, whole_day)
    assert (content(merged), change) == ({1: after}, merge.Change(replaced=1))


def test_a_value_that_is_missing_still_is_no_correction():
    _, change = merge.merge(one(None), one(None), EVENTS, whole_day=True)
    assert change == merge.Change(unchanged=1)


LATER = NOON + timedelta(minutes=1)


@pytest.mark.parametrize(
    ("former", "incoming", "whole_day", "kept"),
    [
        (LATER, NOON, False, 1.0),
        (LATER, NOON, True, 2.0),
        (NOON, None, False, 1.0),
        (None, NOON, False, 2.0),
        (None, None, False, 2.0),
        (NOON, NOON, False, 2.0),
    ],
    ids=["older", "older, the whole day", "no longer dated", "dated at last", "never dated", "as old"],
)
def test_an_older_version_replaces_a_newer_one_only_when_the_whole_day_is_read(
    former, incoming, whole_day, kept
):
    merged, _ = merge.merge(one(1.0, former), one(2.0, incoming), EVENTS, whole_day)
    assert content(merged) == {1: kept}


WITHOUT_UPDATES = replace(EVENTS, updated_at_field=None)


def test_of_two_versions_that_nothing_dates_the_last_received_is_kept():
    read = [{"id": i, "event_time": NOON, "amount": amount} for i, amount in ((2, 1.0), (1, 5.0), (2, 3.0))]
    kept = merge.keep_latest(to_table(read, WITHOUT_UPDATES), WITHOUT_UPDATES)
    assert [(row["id"], row["amount"]) for row in kept.to_pylist()] == [(1, 5.0), (2, 3.0)]


@pytest.mark.parametrize(
    ("resource", "columns"),
    [
        (EVENTS, ["id", "updated_at", "_ingested_at", "_partition_date"]),
        (WITHOUT_UPDATES, ["id", "_ingested_at", "_partition_date"]),
    ],
    ids=["dated", "not dated"],
)
def test_of_two_copies_in_two_days_the_most_telling_column_decides_last(resource, columns):
    assert merge.version_columns(resource) == columns


def test_of_two_copies_that_nothing_dates_the_first_ingested_is_beaten():
    early = table([(1, 5), (2, 0)])
    read = to_table([{"id": 1, "event_time": NOON}], EVENTS)
    late = bronze.add_metadata(read, EVENTS, DAY, NOON + timedelta(hours=1))
    copies = pa.concat_tables([late, early]).select(merge.version_columns(WITHOUT_UPDATES))
    assert merge.beaten(copies, WITHOUT_UPDATES).to_pylist() == [
        {"id": 1, "_ingested_at": NOON, "_partition_date": DAY}
    ]


def test_a_write_that_fails_leaves_the_former_content_and_no_litter(tmp_path):
    path = tmp_path / "file"
    path.write_text("former")
    with pytest.raises(RuntimeError), replace_file(path) as stream:
        stream.write(b"half")
        raise RuntimeError
    assert (path.read_text(), list(tmp_path.iterdir())) == ("former", [path])


def test_a_file_being_written_has_a_name_no_reader_takes(tmp_path):
    with replace_file(tmp_path / "data.parquet"):
        names = [path.name for path in tmp_path.iterdir()]
    assert all(name.startswith(".") and name.endswith(".tmp") for name in names)


def test_a_file_that_replaces_another_bears_a_later_time(tmp_path):
    path, ahead = tmp_path / "file", 4_000_000_000 * 10**9
    path.write_text("former")
    os.utime(path, ns=(ahead, ahead))
    with replace_file(path) as stream:
        stream.write(b"latter")
    assert path.stat().st_mtime_ns > ahead


@given(st.lists(st.datetimes(timezones=st.just(UTC)), min_size=1, max_size=8))
def test_a_watermark_never_goes_back(tmp_path_factory, instants):
    folder = open_folder(tmp_path_factory.mktemp("state"))
    for instant in instants:
        watermark.commit(folder, watermark.Watermark("events", "updated_at", instant))
    assert watermark.load(folder, "events", "updated_at").value == max(instants)


def test_a_watermark_of_another_version_is_refused(tmp_path):
    path = tmp_path / watermark.state_file("events", "updated_at")
    state = {"version": 99, "resource": "events", "kind": "updated_at", "value": "2024-01-01T00:00:00Z"}
    path.write_text(json.dumps(state))
    with pytest.raises(IngestError) as error:
        watermark.load(open_folder(tmp_path), "events", "updated_at")
    assert error.value.code == "bad_state"
