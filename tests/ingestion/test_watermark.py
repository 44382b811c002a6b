"""The watermark: forward only, kept in a file that is read back as it was, refused when it is damaged."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.bronze.storage import open_folder
from ingestion.errors import IngestError
from ingestion.watermark import Watermark, commit, load, parse_value, state_file

NOON = datetime(2024, 3, 1, 12, tzinfo=UTC)
VALUES = {"updated_at": NOON, "last_id": 41, "cursor": "cur-2024-03"}
instants = st.datetimes(timezones=st.just(UTC))


@given(instants, instants)
def test_an_instant_never_goes_back(first, second):
    assert Watermark("events", "updated_at", first).advanced(second).value == max(first, second)


@given(st.integers(), st.integers())
def test_an_identifier_never_goes_back(first, second):
    assert Watermark("events", "last_id", first).advanced(second).value == max(first, second)


@given(st.text(), st.text())
def test_a_cursor_has_no_order_the_last_one_stands(first, second):
    assert Watermark("events", "cursor", first).advanced(second).value == second


@pytest.mark.parametrize("kind", VALUES)
def test_nothing_read_changes_nothing_and_the_first_value_is_taken(kind):
    empty, known = Watermark("events", kind), Watermark("events", kind, VALUES[kind])
    assert known.advanced(None) == known
    assert empty.advanced(VALUES[kind]) == known


@given(instants, st.timedeltas(timedelta(0), timedelta(days=400_000)))
def test_we_read_again_from_the_look_back_before_it_and_no_earlier_than_time_itself(value, look_back):
    earliest = datetime.min.replace(tzinfo=UTC)
    found = Watermark("events", "updated_at", value).read_from(look_back)
    assert found == (value - look_back if value - earliest > look_back else earliest)


@pytest.mark.parametrize("kind", ["last_id", "cursor"])
def test_only_an_instant_can_be_looked_back_from(kind):
    with pytest.raises(TypeError, match=f"a watermark {kind} has no instant to look back from"):
        Watermark("events", kind, VALUES[kind]).read_from(timedelta(hours=1))


@pytest.mark.parametrize("kind", VALUES)
def test_what_is_kept_is_read_back_and_gives_way_to_a_later_one_only(kind, tmp_path):
    folder, known = open_folder(tmp_path), Watermark("events", kind, VALUES[kind])
    assert load(folder, "events", kind) is None
    commit(folder, Watermark("events", kind))
    assert load(folder, "events", kind) is None
    commit(folder, known)
    assert load(folder, "events", kind) == known
    if kind == "last_id":
        commit(folder, Watermark("events", kind, 40))
        assert load(folder, "events", kind) == known
        commit(folder, Watermark("events", kind, 57))
        assert load(folder, "events", kind) == Watermark("events", kind, 57)


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [
        ("last_id", "douze", "invalid literal"),
        ("cursor", "", "curseur vide"),
        ("updated_at", "2024-03-01T12:00:00", "n'a pas de fuseau : ajoutez Z ou \\+00:00"),
        ("updated_at", "hier", "Invalid isoformat"),
    ],
)
def test_a_value_of_another_kind_is_refused(kind, text, said):
    with pytest.raises(ValueError, match=said):
        parse_value(kind, text)


@pytest.mark.parametrize(
    "state",
    [
        "{",
        "[]",
        json.dumps({"version": 1, "resource": "events", "kind": "last_id", "value": "41"}),
        json.dumps({"version": 2, "resource": "posts", "kind": "last_id", "value": "41"}),
        json.dumps({"version": 2, "resource": "events", "kind": "cursor", "value": "41"}),
        json.dumps({"version": 2, "resource": "events", "kind": "last_id", "value": "douze"}),
        json.dumps({"version": 2, "resource": "events", "kind": "last_id"}),
    ],
)
def test_a_damaged_state_is_told_never_taken_for_an_absent_one(tmp_path, state):
    name = state_file("events", "last_id")
    (tmp_path / name).write_text(state, encoding="utf-8")
    with pytest.raises(IngestError, match="restaurez-le, ou supprimez-le et donnez --since") as caught:
        load(open_folder(tmp_path), "events", "last_id")
    assert caught.value.code == "bad_state"
    assert str(tmp_path / name) in str(caught.value)
