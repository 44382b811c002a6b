"""Whole days: what one failure stops and what it does not, and a listing put into its days."""

import logging
from dataclasses import replace
from datetime import date, timedelta

import pytest

from ingestion.bronze import contention
from ingestion.bronze.contention import Stale
from ingestion.bronze.parquet import read_partition
from ingestion.bronze.partitions import partition_name, present_days
from ingestion.daily import STOPS_THE_RUN, ingest_day, ingest_days
from ingestion.errors import IngestError
from ingestion.in_flight import InFlight
from ingestion.rows.resources import EVENTS, Words
from tests.ingestion.toy_api import DAY, NOON, envelope, row

DAYS = [DAY + timedelta(days=number) for number in range(4)]
LISTING = replace(EVENTS, words=Words(date=""))


def noon(day):
    return NOON + (day - DAY)


def day_asked(query):
    return date.fromisoformat(query["date"])


def one_row_a_day(query):
    day = day_asked(query)
    return envelope([row(day.day, noon(day))])


def failing(status, *days):
    """An API that answers `status` for these days."""
    return lambda query: (status, {}, b"{}") if day_asked(query) in days else one_row_a_day(query)


def statuses(outcome):
    return [(one.day, one.status) for one in outcome.days]


def test_a_day_is_read_and_replaces_its_file_and_is_left_alone_when_it_has_not_changed(job_on, caplog):
    with job_on(one_row_a_day) as (job, asked), caplog.at_level(logging.INFO):
        outcome, tally = ingest_day(job, DAY)
        again, _ = ingest_day(job, DAY)
    assert (outcome.day, outcome.status, outcome.rows, tally.received) == (DAY, "written", 1, 1)
    assert (again.status, len(asked)) == ("unchanged", 2)
    told = [(one.message, one.day, one.status, one.rows) for one in caplog.records]
    assert told == [("day done", "2024-01-05", status, 1) for status in ("written", "unchanged")]


def test_a_day_that_another_writer_changed_while_it_was_read_is_read_again(job_on):
    others = ["one"]

    def answer(query):
        if others:
            others.clear()
            ingest_day(replace(job, in_flight=InFlight()), DAY)
        return envelope([row(5)])

    with job_on(answer) as (job, asked):
        outcome, _ = ingest_day(job, DAY)
    assert (outcome.status, len(asked)) == ("unchanged", 3)


def test_days_are_told_in_their_order_whoever_ended_first_and_each_counts(job_on):
    ended = []
    with job_on(one_row_a_day) as (job, asked):
        outcome = ingest_days(job, DAYS[::-1], workers=3, on_day=lambda: ended.append(1))
        held = job.in_flight.held
    assert statuses(outcome) == [(day, "written") for day in DAYS]
    assert (outcome.received, outcome.quarantined, len(ended), len(asked), held) == (4, 0, 4, 4, {})


def test_a_day_that_fails_by_itself_does_not_stop_the_others(job_on, caplog):
    with job_on(failing(404, DAYS[1])) as (job, _), caplog.at_level(logging.ERROR):
        outcome = ingest_days(job, DAYS, workers=1)
    assert [day for day, _ in statuses(outcome)] == [DAYS[0], *DAYS[2:]]
    assert [(day, error.code) for day, error in outcome.failures.items()] == [(DAYS[1], "not_found")]
    assert outcome.not_tried == []
    (told,) = [one for one in caplog.records if one.message == "day failed"]
    assert (told.day, told.code, told.detail) == (
        "2024-01-06",
        "not_found",
        outcome.failures[DAYS[1]].message,
    )


def test_a_failure_that_would_meet_every_day_ends_those_begun_and_tells_the_others(job_on):
    with job_on(failing(401, DAYS[1])) as (job, asked):
        outcome = ingest_days(job, DAYS, workers=1)
    assert outcome.failures[DAYS[1]].code == "unauthorized"
    assert "unauthorized" in STOPS_THE_RUN
    assert DAYS[3] in outcome.not_tried
    done = {day for day, _ in statuses(outcome)}
    assert sorted([*done, *outcome.failures, *outcome.not_tried]) == DAYS
    assert len(asked) == len(done) + 1


def test_a_day_cut_at_local_midnight_is_written_and_failed(job_on):
    rows = [row(1), row(2, "2024-01-05T23:30:00-02:00"), row(3, "2024-01-05T00:30:00+02:00")]
    with job_on(lambda query: envelope(rows)) as (job, _):
        outcome = ingest_days(job, [DAY], workers=1)
    assert statuses(outcome) == [(DAY, "written")]
    assert (outcome.failures[DAY].code, outcome.quarantined) == ("days_not_utc", 2)
    assert outcome.failures[DAY].message.startswith(
        "2024-01-05 : 2 lignes de ce jour à l'heure de la source, "
    )


@pytest.mark.parametrize("resource", [EVENTS, LISTING], ids=["a day", "a listing"])
def test_a_day_that_others_never_let_be_written_is_told_by_its_address(job_on, monkeypatch, resource):
    monkeypatch.setattr(contention, "PAUSE", 0)
    with job_on(lambda query: envelope([row(1)]), resource) as (job, _):
        refuse(job.target.folder, DAY, Stale())
        with pytest.raises(IngestError) as error:
            ingest_day(job, DAY) if resource is EVENTS else ingest_days(job, [DAY], workers=1)
    assert (error.value.code, error.value.message[: error.value.message.index(" : ")]) == (
        "contended",
        job.target.folder.where(partition_name(DAY)) if resource is EVENTS else str(job.target.folder),
    )


class TestListing:
    """A resource that cannot be asked for a day."""

    @staticmethod
    def ids(job, day):
        return read_partition(job.target.folder, day, LISTING)["id"].to_pylist()

    @staticmethod
    def all_days(query):
        return envelope([row(day.day, noon(day)) for day in DAYS] + [row(9), row(None)])

    def test_it_is_read_once_and_its_rows_are_put_into_the_days_asked_for(self, job_on):
        with job_on(self.all_days, LISTING) as (job, asked):
            outcome = ingest_days(job, [DAYS[2], DAYS[0]], workers=3)
        assert statuses(outcome) == [(DAYS[2], "written"), (DAYS[0], "written")]
        assert (self.ids(job, DAYS[0]), self.ids(job, DAYS[2])) == ([5, 9], [7])
        assert (outcome.received, outcome.quarantined, outcome.outside_period) == (6, 1, 2)
        assert (len(asked), "date" in asked[0]) == (1, False)

    def test_a_day_without_a_row_is_empty_and_no_day_asks_for_nothing(self, job_on):
        with job_on(self.all_days, LISTING) as (job, asked):
            assert statuses(ingest_days(job, [date(2024, 2, 1)], workers=1)) == [(date(2024, 2, 1), "empty")]
            assert len(asked) == 1
            assert ingest_days(job, [], workers=1).days == []
        assert (len(asked), present_days(job.target.folder)) == (1, set())

    def test_a_day_that_cannot_be_written_is_told_with_its_rows_and_the_others_are_written(self, job_on):
        with job_on(self.all_days, LISTING) as (job, _):
            for day in DAYS[:2]:
                refuse(job.target.folder, day, IngestError("storage_failed", "pleine"))
            outcome = ingest_days(job, DAYS, workers=1)
        assert {day: error.code for day, error in outcome.failures.items()} == dict.fromkeys(
            DAYS[:2], "storage_failed"
        )
        assert ([day for day, _ in statuses(outcome)], outcome.unpublished) == (DAYS[2:], 3)

    def test_when_another_changed_a_day_meanwhile_it_is_read_again_and_what_it_wrote_is_told_written(
        self, job_on
    ):
        with job_on(self.all_days, LISTING) as (job, asked):
            refuse(job.target.folder, DAYS[1], Stale(), times=1)
            outcome = ingest_days(job, DAYS[:3], workers=1)
        assert statuses(outcome) == [(day, "written") for day in DAYS[:3]]
        assert (len(asked), outcome.received, outcome.outside_period) == (2, 6, 1)


def refuse(folder, day, error, times=-1):
    """The folder refuses to replace the file of `day` with `error`, that many times, or always."""
    replace_file, left = folder.replace, [times]

    def refusing(name, content, seen):
        if name == partition_name(day) and left[0]:
            left[0] -= 1
            raise error
        replace_file(name, content, seen)

    folder.replace = refusing
