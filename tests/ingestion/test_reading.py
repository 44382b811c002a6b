"""A selection read whole: from where it is asked, again when it moved, and what it is accounted for with."""

import json
import logging
from datetime import UTC, date, datetime

import pytest

from ingestion.api.paginations import SourceMoved
from ingestion.errors import IngestError
from ingestion.quarantine import store
from ingestion.reading import READINGS, Selection, fetch_pages, read, whole_day, whole_listing
from ingestion.rows.resources import POSTS
from tests.ingestion.toy_api import DAY, envelope, row


def ids(batch):
    return batch.table["id"].to_pylist()


def test_a_day_is_asked_by_its_date_at_the_size_of_page_of_the_job(job_on):
    with job_on(lambda query: envelope([row(1)])) as (job, asked):
        batch = read(job, whole_day(job, DAY))
    assert (ids(batch), batch.tally.received) == ([1], 1)
    assert asked == [{"date": "2024-01-05", "limit": "2"}]


def test_a_resource_without_a_date_and_a_listing_are_asked_for_everything(job_on):
    listing = (
        200,
        {"X-Total-Count": "1"},
        json.dumps([{"userId": 1, "id": 1, "title": "t", "body": "b"}]).encode(),
    )
    with job_on(lambda query: listing, POSTS, "page") as (job, asked):
        selection = whole_day(job, DAY)
        read(job, selection)
        listed = whole_listing(job)
    assert asked == [{"_page": "1", "_limit": "2"}]
    assert selection == Selection("2024-01-05", {}, whole=True)
    assert listed == Selection("listing", {}, whole=True)


def test_a_whole_reading_remembers_the_quarantine_as_it_was_when_it_began(job_on):
    with job_on(lambda query: envelope([])) as (job, _):
        name = store.waiting_file("events", "2024-01-05")
        job.quarantine.replace(name, b"", None)
        assert whole_day(job, DAY).waiting == job.quarantine.version(name) is not None
        assert whole_day(job, date(2024, 1, 6)).waiting is None


@pytest.mark.parametrize(("start", "cursor"), [(None, None), ("c9", "c9"), ("", "")])
def test_a_reading_starts_where_it_is_told_to(job_on, start, cursor):
    with job_on(lambda query: envelope([row(1)])) as (job, asked):
        read(job, Selection("increment", {"x": "1"}, whole=False, start=start))
    assert (asked[0].get("x"), asked[0].get("cursor") or None) == ("1", cursor or None)


class Moving:
    """A listing whose total changes at each page, until `readings` readings of it have begun."""

    def __init__(self, readings):
        self.left, self.number = readings, 0

    def __call__(self, query):
        page = int(query["_page"])
        self.number += 1
        self.left -= page == 1
        moves = self.left >= 0
        rows = [{"userId": 1, "id": self.number, "title": "t", "body": "b"}] if page < 3 else []
        return 200, {"X-Total-Count": str(5 - page if moves else 2)}, json.dumps(rows).encode()


def test_a_listing_that_moved_while_it_was_read_is_read_again_from_its_beginning(job_on, caplog):
    with job_on(Moving(READINGS - 1), POSTS, "page") as (job, asked), caplog.at_level(logging.WARNING):
        batch = read(job, whole_listing(job))
    assert ids(batch) == [5, 6]
    assert [query["_page"] for query in asked] == ["1", "2"] * READINGS
    told = [(one.message, one.reading, one.attempt) for one in caplog.records]
    assert told == [("total moved while reading", "listing", number) for number in range(1, READINGS)]
    assert job.in_flight.held == {}


def test_a_listing_that_never_stands_still_is_given_up_and_told(job_on):
    with job_on(Moving(READINGS), POSTS, "page") as (job, asked), pytest.raises(SourceMoved):
        read(job, whole_listing(job))
    assert len(asked) == 2 * READINGS


def test_what_is_read_again_weighs_once(job_on):
    with job_on(Moving(1), POSTS, "page") as (job, _), job.in_flight.reading("listing"):
        pages = fetch_pages(job, whole_listing(job))
        assert job.in_flight.held["listing"] == sum(page.answer.size for page in pages)


def test_the_rows_refused_wait_and_are_counted_and_those_that_come_twice_once(job_on):
    rows = [row(1), row(None), row(None), row(2, "2024-01-06T00:00:00Z")]
    with job_on(lambda query: envelope(rows)) as (job, _):
        batch = read(job, whole_day(job, DAY))
        entries = store.load(job.quarantine, store.waiting_file("events", "2024-01-05"))
    tally = batch.tally
    assert (ids(batch), tally.received, tally.quarantined, tally.repeated) == ([1], 4, 2, 1)
    assert [(one.reason, one.run_id, one.page) for one in entries] == [
        ("missing_id", "r1", 1),
        ("other_day", "r1", 1),
    ]


@pytest.mark.parametrize(
    ("at", "local"),
    [
        ("2024-01-05T23:30:00-02:00", 1),
        ("2024-01-05T00:30:00+02:00", 1),
        ("2024-01-06T00:30:00Z", 0),
        ("2024-01-04T23:30:00-02:00", 0),
    ],
)
def test_rows_of_the_day_where_they_were_written_and_of_another_in_utc_are_counted(job_on, at, local):
    with job_on(lambda query: envelope([row(1, at), row(None)])) as (job, _):
        assert read(job, whole_day(job, DAY)).tally.local_days == local


def test_the_latest_update_is_the_greatest_that_can_be_believed(job_on, caplog):
    rows = [
        row(n, updated_at=at) for n, at in enumerate(["2024-01-05T10:00:00Z", "9999-01-01T00:00:00Z", None])
    ]
    with job_on(lambda query: envelope(rows)) as (job, _), caplog.at_level(logging.WARNING):
        tally = read(job, whole_day(job, DAY)).tally
    assert tally.latest_update == datetime(2024, 1, 5, 10, tzinfo=UTC)
    (told,) = caplog.records
    assert (told.message, told.reading, told.updated_at) == (
        "update in the future ignored",
        "2024-01-05",
        "9999-01-01T00:00:00+00:00",
    )


def test_up_to_its_share_of_rows_refused_a_reading_goes_on(job_on):
    with job_on(lambda query: envelope([row(1), row(2), row(3), row(None)]), ratio=0.25) as (job, _):
        assert read(job, whole_day(job, DAY)).tally.quarantined == 1


def test_beyond_its_share_of_rows_refused_nothing_is_published(job_on):
    with job_on(lambda query: envelope([row(1), row(2), row(None), row("x")]), ratio=0.25) as (job, _):
        with pytest.raises(IngestError) as error:
            read(job, whole_day(job, DAY))
        waiting = store.load(job.quarantine, store.waiting_file("events", "2024-01-05"))
    assert (error.value.code, len(waiting)) == ("too_many_rejects", 2)
    assert error.value.message == (
        "2024-01-05 : 2 lignes en quarantaine sur 4 (d'abord missing_id, champ « id »). Rien n'a été publié : "
        f"l'API a-t-elle changé ? Voyez {job.quarantine}."
    )


def test_a_list_cut_within_is_told_by_the_name_of_its_reading(job_on):
    page = 200, {"Link": "<http://api/?page=1>; rel=first"}, b'[{"id": 1}, {"id": 2]'
    with job_on(lambda query: page, pagination="link") as (job, _), pytest.raises(IngestError) as error:
        read(job, whole_day(job, DAY))
    assert (error.value.code, error.value.message) == (
        "invalid_json",
        "2024-01-05 : une page n'est pas une liste JSON.",
    )


def test_a_reading_says_where_its_last_page_began(job_on):
    pages = {None: envelope([row(1)], "c2", True), "c2": envelope([row(2)])}
    with job_on(lambda query: pages[query.get("cursor")]) as (job, _):
        assert read(job, whole_day(job, DAY)).tally.last_position == "c2"


class TestMended:
    """Rows that a hand mended, which a replay brought home: the source still gives them malformed."""

    RAW, WELL = (
        b'{"id":"1","event_time":"2024-01-05T12:00:00+00:00"}',
        b'{"id":1,"event_time":"2024-01-05T12:00:00Z"}',
    )

    def keep(self, job, reading):
        item = store.Entry(store.fingerprint(self.RAW), "wrong_type", "id", "r0", 1, self.WELL, reading)
        store.save(job.quarantine, store.mended_file("events"), [item], None)

    def test_one_refused_again_comes_back_mended_and_waits_no_more(self, job_on):
        with job_on(lambda query: envelope([row("1"), row(2)])) as (job, _):
            self.keep(job, "2024-01-05")
            batch = read(job, whole_day(job, DAY))
            assert store.load(job.quarantine, store.waiting_file("events", "2024-01-05")) == []
        assert ids(batch) == [1, 2]
        assert (batch.tally.received, batch.tally.quarantined, batch.tally.repeated) == (2, 0, 0)

    @pytest.mark.parametrize(("reading", "back"), [("increment", [1]), ("2024-01-05", []), ("", [])])
    def test_one_that_another_reading_refused_comes_back_to_its_day_though_it_is_not_given(
        self, job_on, reading, back
    ):
        with job_on(lambda query: envelope([row(2)])) as (job, _):
            self.keep(job, reading)
            batch = read(job, whole_day(job, DAY))
        assert (ids(batch), batch.tally.received) == ([*back, 2], 1 + len(back))

    def test_one_refused_again_whose_mended_version_is_home_in_another_day_is_counted_as_repeated(
        self, job_on
    ):
        with job_on(lambda query: envelope([row("1"), row(2, "2024-01-06T12:00:00Z")])) as (job, _):
            self.keep(job, "increment")
            batch = read(job, whole_day(job, date(2024, 1, 6)))
        assert (ids(batch), batch.tally.received, batch.tally.repeated) == ([2], 2, 1)

    def test_one_of_another_day_stays_away(self, job_on):
        with job_on(lambda query: envelope([row(2, "2024-01-06T12:00:00Z")])) as (job, _):
            self.keep(job, "increment")
            batch = read(job, whole_day(job, date(2024, 1, 6)))
        assert (ids(batch), batch.tally.received, batch.tally.repeated) == ([2], 1, 0)

    def test_an_increment_leaves_what_a_replay_brought_home(self, job_on):
        with job_on(lambda query: envelope([row("1"), row(None)])) as (job, _):
            self.keep(job, "2024-01-05")
            batch = read(job, Selection("increment", {}, whole=False))
            waiting = store.load(job.quarantine, store.waiting_file("events", "increment"))
        assert (ids(batch), [one.reason for one in waiting]) == ([1], ["missing_id"])
