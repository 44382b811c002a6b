"""The second reader: which rows of a page are sound, and what it keeps of the fields that nobody declared.

A row wrongly told odd would be read all the same, forty times slower: nothing else than these tests would show it.
"""

import json
from decimal import Decimal

import pyarrow as pa
import pytest

from ingestion.rows.json_text import NotJson
from ingestion.rows.resources import EVENTS, TRANSACTIONS, Resource
from ingestion.rows.sifting import MOST_UNKNOWN_FIELDS, Sieve

NOON = "2024-01-05T12:00:00Z"
WHOLE = {"id": 1, "event_time": NOON}
MORE = pa.struct([("x", pa.int64()), ("price", pa.decimal128(5, 2))])
EVERY_TYPE = Resource(
    "every",
    "/every",
    pa.schema(
        [
            pa.field("id", pa.string(), nullable=False),
            pa.field("event_time", EVENTS.schema.field("event_time").type, nullable=False),
            ("on", pa.bool_()),
            ("number", pa.int64()),
            ("ratio", pa.float64()),
            ("price", pa.decimal128(5, 2)),
            ("inside", pa.struct([pa.field("key", pa.int64(), nullable=False), ("more", MORE)])),
        ]
    ),
)
FULL = {
    "id": "a",
    "event_time": NOON,
    "on": True,
    "number": -5,
    "ratio": 0.5,
    "price": "1.10",
    "inside": {"key": 1},
}


def sift(rows, sieve):
    text = rows if isinstance(rows, bytes) else json.dumps(rows).encode()
    return sieve.sift(3, text)


def odd_of(rows, resource):
    return list(sift(rows, Sieve(resource)).odd)


def test_a_page_of_sound_rows_goes_on_as_it_came():
    text = json.dumps([FULL, FULL | {"on": None, "inside": None}, {"id": "c", "event_time": NOON}]).encode()
    page = sift(text, Sieve(EVERY_TYPE))
    assert (page.number, page.text, page.sound_text) == (3, text, text)
    assert (list(page.places), list(page.odd), page.extras) == ([0, 1, 2], [], [None] * 3)


def test_the_odd_rows_are_told_from_the_sound_ones_by_their_places_and_come_as_received():
    one, two = (f'{{"id":{number}, "event_time":"{NOON}"}}' for number in (1, 2))
    page = sift(f'[{one}, {{"id": NaN}} ,{two}]'.encode(), Sieve(EVENTS))
    assert (page.places, page.odd, page.sound_text) == ([0, 2], [1], f"[{one},{two}]".encode())
    assert page.rows([1]) == {1: b'{"id": NaN}'}


@pytest.mark.parametrize(
    "changes",
    [
        {"id": 5},
        {"id": None},
        {"event_time": None},
        {"event_time": "2024-01-05T12:00:00"},
        {"on": 1},
        {"number": 2**63},
        {"number": -(2**63) - 1},
        {"number": 1.5},
        {"number": "5"},
        {"ratio": "0.5"},
        {"price": "1.105"},
        {"price": "1234.56"},
        {"price": "1234.5"},
        {"price": "1234"},
        {"price": "NaN"},
        {"price": "1E+2"},
        {"price": "cher"},
        {"inside": {}},
        {"inside": {"key": None}},
        {"inside": [1]},
        {"inside": {"key": 1, "more": {"x": "y"}}},
        {"inside": {"key": 1, "more": {"price": "1234.5"}}},
    ],
)
def test_a_value_that_its_column_cannot_hold_makes_its_row_odd_alone(changes):
    assert odd_of([FULL, FULL | changes, FULL], EVERY_TYPE) == [1]


@pytest.mark.parametrize(
    "changes",
    [
        {"number": 2**63 - 1},
        {"number": -(2**63)},
        {"ratio": 3},
        {"price": "123.45"},
        {"price": "-999.99"},
        {"price": "999"},
        {"price": "0.05"},
        {"price": 7},
        {"inside": {"key": 1, "more": None}},
        {"inside": {"key": 1, "more": {"x": None}}},
        {"inside": {"key": 1, "more": {"price": "-1.5"}}},
    ],
)
def test_a_value_at_the_edge_of_its_column_is_sound(changes):
    assert odd_of([FULL, FULL | changes], EVERY_TYPE) == []


def test_an_amount_with_too_many_digits_is_seen_among_sound_rows_of_a_page_read_at_once():
    sound = {**WHOLE, "amount": "1.10"}
    page = sift([sound, sound | {"amount": str(Decimal(10) ** 17)}], Sieve(TRANSACTIONS))
    assert (page.places, page.odd, page.extras) == ([0], [1], [None])


def test_what_is_no_list_of_rows_is_told():
    with pytest.raises(NotJson):
        sift(b'[{"id": 1}', Sieve(EVENTS))


def test_an_unknown_field_is_sound_and_kept_to_the_digit_beside_its_row():
    page = sift(
        b'[{"id":1,"event_time":"2024-01-05T12:00:00Z","rate":1.10,"class":{"a": [1]}},'
        b'{"id":2,"event_time":"2024-01-05T12:00:00Z"},'
        b'{"id":3,"event_time":"2024-01-05T12:00:00Z","donn\xc3\xa9es du client":null}]',
        Sieve(EVENTS),
    )
    assert (page.places, page.odd) == ([0, 1, 2], [])
    assert page.extras == [b'{"class":{"a": [1]},"rate":1.10}', None, '{"données du client":null}'.encode()]


def test_an_unknown_field_of_an_object_is_kept_within_it_and_an_object_without_any_is_not():
    page = sift(
        [
            {**WHOLE, "payload": {"device": "x", "new": [1]}},
            {**WHOLE, "payload": {"device": "y"}},
            {**WHOLE, "payload": None},
            {**WHOLE, "other": {}},
            WHOLE,
        ],
        Sieve(EVENTS),
    )
    assert (page.odd, page.extras) == ([], [b'{"payload":{"new":[1]}}', None, None, b'{"other":{}}', None])


def test_of_objects_in_objects_those_without_anything_unknown_are_left_out():
    inside = {"key": 1, "more": {"x": 1, "new": {}}, "other": 5}
    page = sift(
        [FULL | {"inside": inside}, FULL | {"inside": {"key": 1, "more": {"x": 2}}}], Sieve(EVERY_TYPE)
    )
    assert (page.odd, page.extras) == ([], [b'{"inside":{"more":{"new":{}},"other":5}}', None])
    page = sift([FULL | {"inside": {"key": 1, "more": {"x": 1}, "other": {}}}], Sieve(EVERY_TYPE))
    assert page.extras == [b'{"inside":{"other":{}}}']


def test_a_field_met_once_is_read_with_the_others_from_then_on():
    sieve = Sieve(EVENTS)
    sift([{**WHOLE, "rate": 1}], sieve)
    learnt = sieve.types
    text = json.dumps([{**WHOLE, "rate": 2}, WHOLE]).encode()
    page = sift(text, sieve)
    assert (page.sound_text, list(page.odd), page.extras) == (text, [], [b'{"rate":2}', None])
    assert (sieve.types is learnt, list(sieve.unknown)) == (True, [("rate",)])


def test_an_odd_row_does_not_hide_its_unknown_fields_from_the_next():
    sieve = Sieve(EVENTS)
    assert list(sift([{**WHOLE, "user_id": "u1", "rate": 1}], sieve).odd) == [0]
    assert list(sieve.unknown) == [("rate",)]


def test_fields_are_learnt_up_to_a_number_and_beyond_it_a_row_is_odd():
    sieve, many = Sieve(EVENTS), {f"n{number}": 1 for number in range(MOST_UNKNOWN_FIELDS)}
    page = sift([WHOLE | many, WHOLE | {"one more": 1}, WHOLE], sieve)
    assert (page.places, page.odd, len(sieve.unknown)) == ([0, 2], [1], MOST_UNKNOWN_FIELDS)
    assert json.loads(page.extras[0]) == many
