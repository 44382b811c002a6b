"""One row, exactly: what each type of column takes, the reason of each refusal, where what is unknown is kept."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from ingestion.rows.records import Reject, read_texts
from ingestion.rows.resources import EVENTS, TRANSACTIONS, Resource

WHOLE = {"id": 1, "event_time": "2024-01-05T10:00:00Z"}
NOTES = Resource(
    "notes", "/notes", pa.schema([*list(EVENTS.schema)[:2], ("on", pa.bool_())]), updated_at_field=None
)


def read(text, resource=EVENTS, day=None):
    good, rejects = read_texts({"here": (7, text)}, resource, day)
    return good.get("here"), rejects


def of(changes):
    """The text of WHOLE with these changes; a value given as bytes is written as it is."""
    texts = {
        name: value.decode() if isinstance(value, bytes) else json.dumps(value)
        for name, value in (WHOLE | changes).items()
    }
    return ("{" + ", ".join(f"{json.dumps(name)}: {text}" for name, text in texts.items()) + "}").encode()


@pytest.mark.parametrize(
    ("text", "reason", "field"),
    [
        (b"[1]", "not_an_object", ""),
        (b'"x"', "not_an_object", ""),
        (b"{", "not_json", ""),
        (b'{"event_time": "2024-01-05T10:00:00Z"}', "missing_id", "id"),
        (of({"id": None}), "missing_id", "id"),
        (of({"id": "1"}), "wrong_type", "id"),
        (b'{"id": 1}', "unreadable_event_time", "event_time"),
        (of({"event_time": "31/02/2024"}), "unreadable_event_time", "event_time"),
        (of({"event_time": "2024-01-05T10:00:00"}), "unreadable_event_time", "event_time"),
        (of({"event_time": 5}), "unreadable_event_time", "event_time"),
        (of({"updated_at": "hier"}), "wrong_type", "updated_at"),
        (of({"type": 5}), "wrong_type", "type"),
        (of({"type": ["a"]}), "wrong_type", "type"),
    ],
)
def test_a_row_that_cannot_enter_is_refused_with_its_reason_its_field_its_page_and_as_received(
    text, reason, field
):
    assert read(text) == (None, [Reject(reason, field, text, 7)])


def test_a_row_of_another_day_than_the_one_asked_is_refused_by_its_event():
    text = of({"event_time": "2024-01-06T00:30:00+02:00"})
    assert read(text, day=date(2024, 1, 5))[1] == []
    assert read(text, day=date(2024, 1, 6)) == (None, [Reject("other_day", "event_time", text, 7)])
    assert read(text)[1] == []


@pytest.mark.parametrize("value", [0, -1, 2**63 - 1, -(2**63)])
def test_an_integer_of_64_bits_is_taken(value):
    assert read(of({"user_id": value}))[0]["user_id"] == value


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, True, "7", 7.0, b"7e0", {}, b"9" * 4000])
def test_what_is_no_integer_of_64_bits_is_refused(value):
    assert [one.reason for one in read(of({"user_id": value}))[1]] == ["wrong_type"]


@pytest.mark.parametrize(
    ("written", "value"), [(b"0.1", 0.1), (b"-3", -3.0), (b"1e300", 1e300), (b"9007199254740992", 2.0**53)]
)
def test_a_number_is_taken_as_it_is_written(written, value):
    assert read(of({"amount": written}))[0]["amount"] == value
    assert isinstance(read(of({"amount": written}))[0]["amount"], float)


@pytest.mark.parametrize(
    "written", [b"9007199254740993", b"1e400", b"NaN", b"-Infinity", b"true", b'"1.5"', b"[1]", b"{}"]
)
def test_what_no_float_holds_as_written_is_refused(written):
    assert [(one.reason, one.field) for one in read(of({"amount": written}))[1]] == [("wrong_type", "amount")]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        (b'"1.10"', "1.10"),
        (b"1.1", "1.10"),
        (b"7", "7.00"),
        (b'"-0.5"', "-0.50"),
        (b'"9999999999999999.99"', "9999999999999999.99"),
    ],
)
def test_money_is_taken_to_the_digit_from_a_text_or_a_number(written, value):
    taken = read(of({"amount": written}), TRANSACTIONS)[0]["amount"]
    assert (taken, str(taken)) == (Decimal(value), value)


@pytest.mark.parametrize(
    "written",
    [b'"1.001"', b'"10000000000000000.00"', b'"1_0.00"', b'"un"', b"true", b"NaN", b'"Infinity"', b"[]"],
)
def test_money_that_its_column_cannot_hold_is_refused(written):
    rejects = read(of({"amount": written}), TRANSACTIONS)[1]
    assert [(one.reason, one.field) for one in rejects] == [("wrong_type", "amount")]


@pytest.mark.parametrize("value", [True, False, None])
def test_a_yes_or_no_is_taken(value):
    assert read(of({"on": value}), NOTES)[0]["on"] is value


@pytest.mark.parametrize("value", ["true", 1, []])
def test_what_is_neither_yes_nor_no_is_refused(value):
    assert [(one.reason, one.field) for one in read(of({"on": value}), NOTES)[1]] == [("wrong_type", "on")]


def test_an_instant_is_brought_to_utc():
    row, _ = read(of({"event_time": "2024-01-05T01:30:00+02:00"}))
    assert row["event_time"].isoformat() == "2024-01-04T23:30:00+00:00"
    assert row["event_time"].tzinfo is UTC
    assert row["event_time"] == datetime(2024, 1, 4, 23, 30, tzinfo=UTC)


def test_an_object_is_taken_field_by_field_those_absent_or_null_being_null():
    row, _ = read(of({"payload": {"items": 3, "note": None}}))
    assert row["payload"] == {"device": None, "page": None, "session": None, "items": 3, "note": None}
    assert read(of({"payload": None}))[0]["payload"] is None
    assert row["_extra"] is None


@pytest.mark.parametrize("value", [[], "x", {"items": "3"}, {"items": 2**63}])
def test_an_object_that_is_none_or_holds_a_wrong_field_is_refused_whole(value):
    assert [(one.reason, one.field) for one in read(of({"payload": value}))[1]] == [("wrong_type", "payload")]


def test_what_is_unknown_is_kept_at_every_level_to_the_digit_in_order():
    row, _ = read(of({"z": b"1.10", "payload": b'{"items": 1, "b": [1.0], "a": {"c": 0.30}}', "y": None}))
    assert row["_extra"] == '{"payload":{"a":{"c": 0.30},"b":[1.0]},"y":null,"z":1.10}'
    assert row["payload"]["items"] == 1
