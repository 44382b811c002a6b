"""From bytes to columns: the fast way and the row-by-row way must say the same of every row."""

import json
import math
from decimal import Decimal

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ingestion.api.answer import Answer
from ingestion.api.paginations import Page
from ingestion.reading import read_pages
from ingestion.rows.arrow_json import DoesNotFit, read_objects, to_table
from ingestion.rows.records import split_rows
from ingestion.rows.resources import EVENTS, TRANSACTIONS

INSTANTS = st.sampled_from(
    [
        "2024-01-05T10:00:00Z",
        "2024-01-05T10:00:00.123456+02:00",
        "2024-01-05T10:00:00",
        "2024-01-05",
        "hier",
        "",
    ]
)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
ODD = st.one_of(st.none(), st.booleans(), st.integers(), FLOATS, st.text(), st.just({}), st.just([1]))


def mostly(right):
    return st.one_of(right, right, right, ODD)


EVENT = st.fixed_dictionaries(
    {"id": mostly(st.integers(-(2**63), 2**64)), "event_time": mostly(INSTANTS)},
    optional={
        "updated_at": mostly(INSTANTS),
        "user_id": mostly(st.integers(0, 9)),
        "type": mostly(st.text()),
        "amount": mostly(FLOATS),
        "payload": mostly(
            st.fixed_dictionaries({}, optional={"device": st.text(), "items": ODD, "new": ODD})
        ),
        "_extra": ODD,
        "loyalty": ODD,
    },
)
TRANSACTION = st.fixed_dictionaries(
    {
        "id": st.integers(1, 9),
        "event_time": st.just("2024-01-05T10:00:00Z"),
        "amount": st.one_of(
            st.from_regex(r"\A-?[0-9]{1,18}(\.[0-9]{1,3})?\Z"), st.integers(), FLOATS, st.text()
        ),
    }
)


def body_of(rows):
    return json.dumps({"data": rows, "next_cursor": None, "has_more": False}).encode()


def page(rows):
    return Page(1, Answer([body_of(rows)], {}, "test"))


@given(st.one_of(st.tuples(st.just(EVENTS), EVENT), st.tuples(st.just(TRANSACTIONS), TRANSACTION)))
def test_a_row_the_fast_way_takes_is_taken_alike_row_by_row(resource_and_row):
    resource, row = resource_and_row
    row = orjson.loads(json.dumps(row))
    good, _ = split_rows([row], 1, resource)
    try:
        fast = read_objects(Answer([body_of([row])], {}, "test").data_object(), resource)
    except DoesNotFit:
        return
    assert len(good) == 1
    assert fast.equals(to_table(good, resource))


@given(st.lists(EVENT, max_size=6))
def test_every_row_is_either_in_the_table_or_refused(rows):
    rows = orjson.loads(json.dumps(rows))
    table, rejects = read_pages([page(rows[:3]), page(rows[3:])], EVENTS, None)
    assert table.num_rows + len(rejects) == len(rows)


def test_an_unknown_field_is_kept_beside_the_others():
    row = {"id": 1, "event_time": "2024-01-05T10:00:00Z", "loyalty": "or", "payload": {"new": [1]}}
    table, rejects = read_pages([page([row])], EVENTS, None)
    assert (orjson.loads(table["_extra"][0].as_py()), rejects) == (
        {"loyalty": "or", "payload": {"new": [1]}},
        [],
    )


def test_a_changed_type_is_refused_and_the_row_kept_as_received():
    row = {"id": 1, "event_time": "2024-01-05T10:00:00Z", "user_id": "u1"}
    table, (reject,) = read_pages([page([row])], EVENTS, None)
    assert (table.num_rows, reject.reason, reject.field, reject.raw) == (0, "wrong_type", "user_id", row)


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e12, max_value=1e12))
@example(1.678703428357326e-308)
def test_money_sent_as_a_number_is_exact_or_refused(amount):
    row = {"id": 1, "event_time": "2024-01-05T10:00:00Z", "amount": amount}
    table, _ = read_pages([page([row])], TRANSACTIONS, None)
    if table.num_rows:
        assert math.isclose(table["amount"][0].as_py(), amount, abs_tol=0, rel_tol=1e-15)


@pytest.mark.parametrize("amount", ["1e-99", "1e-2147483640", "1E-40", "0.00000e-12"])
def test_money_too_small_for_pyarrow_is_read_by_the_exact_way(amount):
    row = {"id": 1, "event_time": "2024-01-05T10:00:00Z", "amount": amount}
    table, rejects = read_pages([page([row])], TRANSACTIONS, None)
    assert (table["amount"].to_pylist(), [reject.reason for reject in rejects]) in (
        ([], ["wrong_type"]),
        ([Decimal("0.00")], []),
    )


ENVELOPES = [
    b'{"data":[{"id":1}],"next_cursor":"a","has_more":true}',
    b'{"data": [ {"id": 1} ] ,\n "has_more": true, "next_cursor": "a" }\n',
    b'{"next_cursor":"a","has_more":true,"data":[{"id":1}]}',
    b'{"data":[{"id":1}],"meta":{"tags":[1]},"next_cursor":"a","has_more":true}',
    b'{"data":[{"id":1}],"next_cursor":"a]\\"b","has_more":true}',
]


@pytest.mark.parametrize("body", ENVELOPES)
@pytest.mark.parametrize("cut", [1, 5, 20, 60])
def test_the_envelope_is_read_whatever_its_shape_and_wherever_it_was_cut(body, cut):
    answer = Answer([body[:cut], body[cut:]] if cut < len(body) else [body], {}, "test")
    wanted = orjson.loads(body)
    assert (answer.envelope["next_cursor"], answer.envelope["has_more"]) == (wanted["next_cursor"], True)
    assert orjson.loads(b"".join(answer.data_object())) == {"data": wanted["data"]}


@given(st.recursive(ODD, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_rows_of_any_shape_never_confuse_the_envelope(row):
    body = json.dumps({"data": [row], "next_cursor": "c", "has_more": True}).encode()
    answer = Answer([body[:9], body[9:]], {}, "test")
    assert answer.envelope["next_cursor"] == "c"
    assert orjson.loads(b"".join(answer.data_object()))["data"] == orjson.loads(body)["data"]
