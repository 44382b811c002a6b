"""From bytes to columns: the three readers must say the same of every row, and no odd row cost its neighbours."""

import json
import math
from datetime import date
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ingestion.rows import decoding
from ingestion.rows.decoding import DoesNotFit, read_block, read_pages, to_table
from ingestion.rows.records import read_texts
from ingestion.rows.resources import EVENTS, INSTANT, TRANSACTIONS, Resource
from ingestion.rows.sifting import sieve_of

INSTANTS = st.sampled_from(
    ["2024-01-05T10:00:00Z", "2024-01-05T10:00:00.123456+02:00", "2024-01-06T00:30:00+02:00"]
)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
NO_INSTANTS = st.sampled_from(["2024-01-05T10:00:00", "2024-01-05", "hier", ""])
ODD = st.one_of(
    st.none(), st.booleans(), st.integers(), FLOATS, st.text(), st.just({}), st.just([1]), NO_INSTANTS
)
SOUND = st.fixed_dictionaries(
    {"id": st.integers(-(2**63), 2**63 - 1), "event_time": INSTANTS},
    optional={
        "updated_at": INSTANTS,
        "user_id": st.integers(0, 9),
        "type": st.text(),
        "amount": FLOATS,
        "payload": st.fixed_dictionaries({}, optional={"device": st.text(), "items": ODD, "new": ODD}),
    },
)
FIELDS = st.sampled_from([*EVENTS.schema.names, "_extra", "loyalty"])
# One in three or so is sound, with a smaller or a larger share of odd fields in the others.
EVENT = st.builds(dict.__or__, SOUND, st.dictionaries(FIELDS, ODD, max_size=2))
TRANSACTION = st.fixed_dictionaries(
    {
        "id": st.integers(1, 9),
        "event_time": st.just("2024-01-05T10:00:00Z"),
        "amount": st.one_of(
            st.from_regex(r"\A-?[0-9]{1,18}(\.[0-9]{1,3})?\Z"), st.integers(), FLOATS, st.text()
        ),
    }
)

LEAVES = {
    "on": pa.bool_(),
    "count": pa.int64(),
    "ratio": pa.float64(),
    "price": pa.decimal128(5, 2),
    "at": INSTANT,
}
INNER = pa.struct(LEAVES.items())
NESTED = Resource(
    "nested", "/n", pa.schema([*list(EVENTS.schema)[:2], ("a", INNER), ("b", pa.struct([("c", INNER)]))])
)
LEAF_VALUES = {
    "on": [True, None, 1],
    "count": [5, 2**63, 1.5, "5"],
    "ratio": [0.5, 7, math.nan, -math.inf, 2**53 + 1, "0.5"],
    "price": ["1.10", 7, "1.105", "1234.5", "1e-99", "1e-2147483640", "cher"],
    "at": [
        "2024-01-05T10:00:00.123456+02:00",
        "2024-01-05T10:00:00",
        "hier",
        "9999-12-31T23:59:59-23:59",
        "0001-01-01T00:00:00+14:00",
    ],
    "new": [1.10],
}
LEAF = st.sampled_from([{name: value} for name, values in LEAF_VALUES.items() for value in values])
TABLE = st.one_of(LEAF, LEAF, st.builds(dict.__or__, LEAF, LEAF), st.sampled_from([None, {}, [1]]))
TREE = st.fixed_dictionaries(
    {"id": st.integers(1, 9), "event_time": st.just("2024-01-05T10:00:00Z")},
    optional={"a": TABLE, "b": st.fixed_dictionaries({"c": TABLE})},
)


def text_of(rows):
    return json.dumps(rows).encode()


def read(*lists, resource=EVENTS, day=None):
    """What `read_pages` makes of pages whose lists of rows are these values, or these texts, in a process that has met
    no unknown field yet: nothing goes by the first reader any more once it has."""
    sieve_of.cache_clear()
    texts = [one if isinstance(one, bytes) else text_of(one) for one in lists]
    return read_pages(list(enumerate(texts, start=1)), resource, day)


def one_by_one(texts, resource, day=None):
    good, rejects = read_texts({place: (1, text) for place, text in enumerate(texts)}, resource, day)
    return to_table(list(good.values()), resource), rejects


@given(
    st.one_of(
        st.tuples(st.just(EVENTS), EVENT),
        st.tuples(st.just(TRANSACTIONS), TRANSACTION),
        st.tuples(st.just(NESTED), TREE),
    )
)
def test_a_row_the_fast_way_takes_is_taken_alike_row_by_row(resource_and_row):
    resource, row = resource_and_row
    slow, rejects = one_by_one([text_of(row)], resource)
    try:
        fast = read_block([b'{"data": [', text_of(row), b"]}"], resource)
    except DoesNotFit:
        return
    assert rejects == []
    assert fast.equals(slow)


@given(st.lists(EVENT, max_size=8), st.sampled_from([None, date(2024, 1, 5), date(2024, 1, 6)]))
def test_rows_read_together_are_those_read_one_by_one_in_the_order_they_came(rows, day):
    table, rejects = read(rows[:3], rows[3:], day=day)
    alone, refused = one_by_one([text_of(row) for row in rows], EVENTS, day)
    assert table.equals(alone)
    assert [(one.reason, one.field) for one in rejects] == [(one.reason, one.field) for one in refused]


@given(st.lists(TREE, max_size=3))
def test_what_is_in_tables_within_tables_is_read_with_the_same_care(rows):
    table, rejects = read(rows, resource=NESTED)
    alone, refused = one_by_one([text_of(row) for row in rows], NESTED)
    assert table.equals(alone)
    assert [(one.reason, one.field) for one in rejects] == [(one.reason, one.field) for one in refused]


@pytest.fixture
def looked_at(monkeypatch):
    """The rows that the last reader, the slow one, was given."""
    texts = []

    def noted(wanted, resource, day=None):
        texts.extend(text for _, text in wanted.values())
        return read_texts(wanted, resource, day)

    monkeypatch.setattr(decoding, "read_texts", noted)
    return texts


def test_sound_rows_are_read_at_once_by_the_first_reader(monkeypatch):
    monkeypatch.delattr(decoding, "_read_apart")
    rows = [{**WHOLE, "id": number, "amount": number or None} for number in range(5)]
    table, rejects = read(rows[:2], [], rows[2:], b"[ ]", day=date(2024, 1, 5))
    assert (table["id"].to_pylist(), table["amount"].to_pylist(), rejects) == (
        [0, 1, 2, 3, 4],
        [None, 1.0, 2.0, 3.0, 4.0],
        [],
    )


def test_the_last_reader_looks_at_the_odd_rows_alone(looked_at):
    rows = [{**WHOLE, "id": number, "amount": 0.5 if number % 2 else None} for number in range(9)]
    odd = [
        {**WHOLE, "user_id": "u"},
        {**WHOLE, "amount": 2.0**60},
        {**WHOLE, "event_time": "2024-01-06T10:00:00Z"},
    ]
    table, rejects = read([*rows, odd[0]], [odd[1], {**WHOLE, "new": 1}, odd[2]], day=date(2024, 1, 5))
    assert (table.num_rows, len(rejects)) == (11, 2)
    assert looked_at == [text_of(row) for row in odd]


def test_of_a_page_that_pyarrow_refuses_alone_every_row_is_looked_at_and_of_no_other_page(looked_at):
    precise = {**WHOLE, "id": 2, "updated_at": "2024-01-05T10:00:00.123456789Z"}
    table, rejects = read([WHOLE], [precise, {**WHOLE, "id": 3}, {"id": 4}])
    assert (table["id"].to_pylist(), len(rejects)) == ([1, 2, 3], 1)
    assert looked_at == [text_of(row) for row in (precise, {**WHOLE, "id": 3}, {"id": 4})]


def test_a_table_that_is_null_is_told_from_a_table_of_nulls():
    rows = [{**WHOLE, "a": value, "b": {"c": value}} for value in (None, {}, {"at": None}, {"on": True})]
    table, _ = read(rows, resource=NESTED)
    assert [value and value["on"] for value in table["a"].to_pylist()] == [None, None, None, True]
    assert [value is None for value in table["a"].to_pylist()] == [True, False, False, False]
    assert [value["c"] is None for value in table["b"].to_pylist()] == [True, False, False, False]


def test_numbers_that_are_none_are_found_in_every_column():
    rows = [{**WHOLE, "a": {"ratio": math.nan}}, {**WHOLE, "b": {"c": {"ratio": math.nan}}}, WHOLE]
    table, rejects = read(rows, resource=NESTED)
    assert (table.num_rows, [one.field for one in rejects]) == (1, ["a", "b"])


def test_unknown_fields_of_many_rows_stay_each_beside_its_own():
    rows = [{**WHOLE, "id": number} | ({"new": number} if number % 3 == 0 else {}) for number in range(100)]
    table, rejects = read(rows)
    kept = [f'{{"new":{number}}}' if number % 3 == 0 else None for number in range(100)]
    assert (table["_extra"].to_pylist(), rejects) == (kept, [])


def test_rows_keep_their_order_whichever_reader_took_them():
    amounts = [2.0**60, 0.5, -(2.0**70), 1.5, 2.0**80]
    table, rejects = read([{**WHOLE, "id": 9 - n, "amount": amount} for n, amount in enumerate(amounts)])
    assert (table["id"].to_pylist(), table["amount"].to_pylist(), rejects) == ([9, 8, 7, 6, 5], amounts, [])


WHOLE = {"id": 1, "event_time": "2024-01-05T10:00:00Z"}


def test_an_unknown_field_is_kept_beside_the_others():
    row = {**WHOLE, "loyalty": "or", "payload": {"new": [1]}}
    table, rejects = read([row, {**WHOLE, "id": 2}])
    assert (json.loads(table["_extra"][0].as_py()), table["_extra"][1].as_py(), rejects) == (
        {"loyalty": "or", "payload": {"new": [1]}},
        None,
        [],
    )


@pytest.mark.parametrize("text", ["1.10", "123456789012345678901234567890", "1e-400", "-0.0", '"\\u00e9"'])
def test_an_unknown_field_keeps_every_digit(text):
    table, _ = read(b'[{"id": 1, "event_time": "2024-01-05T10:00:00Z", "rate": ' + text.encode() + b"}]")
    assert table["_extra"][0].as_py() == f'{{"rate":{text}}}'


def test_hundreds_of_unknown_names_are_kept_too():
    rows = [{**WHOLE, "id": number, f"name {number}": number} for number in range(300)]
    table, rejects = read(rows)
    assert rejects == []
    assert [json.loads(text) for text in table["_extra"].to_pylist()] == [
        {f"name {n}": n} for n in range(300)
    ]


def test_a_changed_type_is_refused_and_the_row_kept_as_received():
    row = text_of({**WHOLE, "user_id": "u1"})
    table, (reject,) = read(b"[" + row + b"]")
    assert (table.num_rows, reject.reason, reject.field, reject.raw) == (0, "wrong_type", "user_id", row)


ODD_ROWS = {
    "NaN": ("wrong_type", "amount", b'{"id": 1, "event_time": "2024-01-05T10:00:00Z", "amount": NaN}'),
    "Infinity": (
        "wrong_type",
        "amount",
        b'{"id": 1, "event_time": "2024-01-05T10:00:00Z", "amount": -Infinity}',
    ),
    "1e400": ("wrong_type", "amount", b'{"id": 1, "event_time": "2024-01-05T10:00:00Z", "amount": 1e400}'),
    "an integer no float holds": (
        "wrong_type",
        "amount",
        b'{"id": 1, "event_time": "2024-01-05T10:00:00Z", "amount": 9007199254740993}',
    ),
    "NaN in an unknown field": ("not_json", "", b'{"id": 1, "event_time": "2024-01-05T10:00:00Z", "x": NaN}'),
    "half an emoji": (
        "wrong_type",
        "type",
        b'{"id": 1, "event_time": "2024-01-05T10:00:00Z", "type": "\\ud83d"}',
    ),
    "ten thousand levels": (
        "too_deep",
        "",
        b'{"id": 1, "event_time": "2024-01-05T10:00:00Z", "x": ' + b"[" * 10_000 + b"]" * 10_000 + b"}",
    ),
    "two keys of one name": (
        "repeated_key",
        "type",
        b'{"id": 1, "event_time": "2024-01-05T10:00:00Z", "type": "a", "type": "b"}',
    ),
    "an integer of 5,000 digits": (
        "wrong_type",
        "user_id",
        b'{"id": 1, "event_time": "2024-01-05T10:00:00Z", "user_id": ' + b"9" * 5000 + b"}",
    ),
}


@pytest.mark.parametrize(("reason", "field", "row"), ODD_ROWS.values(), ids=ODD_ROWS)
def test_an_odd_row_goes_to_quarantine_alone_as_received(reason, field, row):
    around = [text_of({**WHOLE, "id": number}) for number in range(2, 22)]
    table, rejects = read(b"[" + b", ".join([*around[:10], row, *around[10:]]) + b"]")
    assert table["id"].to_pylist() == list(range(2, 22))
    assert [(one.reason, one.field, one.raw) for one in rejects] == [(reason, field, row)]


def test_booleans_and_text_identifiers_are_columns_like_others():
    schema = pa.schema(
        [
            pa.field("id", pa.string(), nullable=False),
            pa.field("event_time", EVENTS.schema.field(1).type),
            ("on", pa.bool_()),
        ]
    )
    notes = Resource("notes", "/notes", schema, updated_at_field=None)
    rows = [{"id": "a", "event_time": "2024-01-05T10:00:00Z", "on": True}, {"id": "b", "on": "yes"}]
    table, rejects = read(rows, resource=notes)
    assert (table["id"].to_pylist(), table["on"].to_pylist()) == (["a"], [True])
    assert [(one.reason, one.field) for one in rejects] == [("wrong_type", "on")]


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e12, max_value=1e12))
@example(1.678703428357326e-308)
def test_money_sent_as_a_number_is_exact_or_refused(amount):
    table, _ = read([{**WHOLE, "amount": amount}], resource=TRANSACTIONS)
    if table.num_rows:
        assert math.isclose(table["amount"][0].as_py(), amount, abs_tol=0, rel_tol=1e-15)


@pytest.mark.parametrize("amount", ["1e-99", "1e-2147483640", "1E-40", "0.00000e-12"])
def test_money_too_small_for_pyarrow_is_read_by_the_exact_way(amount):
    table, rejects = read([{**WHOLE, "amount": amount}], resource=TRANSACTIONS)
    assert (table["amount"].to_pylist(), [reject.reason for reject in rejects]) in (
        ([], ["wrong_type"]),
        ([Decimal("0.00")], []),
    )
