"""A JSON text cut at its first level, where msgspec refuses it and other readers would not: nothing is lost of it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.rows import json_text
from ingestion.rows.json_text import NotJson, RepeatedKey, elements, is_valid, members

VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(st.characters(exclude_categories=[])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def pieces(texts):
    return [bytes(text) for text in texts]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (b"[NaN]", [b"NaN"]),
        (b'[NaN, [1, {"a": 2}], "],"] ', [b"NaN", b'[1, {"a": 2}]', b'"],"']),
        (b"[1 , NaN\n]", [b"1", b"NaN"]),
        (b"[1,]", [b"1", b""]),
        (b"[]", []),
        (b"[ ]", []),
    ],
)
def test_a_list_is_cut_into_its_elements_as_received(text, parts):
    assert pieces(elements(text)) == parts


@pytest.mark.parametrize(
    "text",
    [
        b"[NaN",
        b"NaN]",
        b"[NaN}",
        b"{NaN]",
        b"[NaN]]",
        b"[[NaN]",
        b"[NaN] [",
        b"[1], [2]",
        b"[NaN]\x0c",
        b"\x0c[NaN]",
        b"",
    ],
)
def test_what_has_not_its_brackets_is_no_list(text):
    with pytest.raises(NotJson):
        elements(text)


@pytest.mark.parametrize(
    "text", [b'{"a": 1, "b": [2, {"c": 3}]}', b'{"a":{}}', b" { } ", b'{"a" : "x,:{" , "b":1 }']
)
def test_an_object_that_msgspec_takes_is_cut_in_one_pass(monkeypatch, text):
    monkeypatch.delattr(json_text, "_scanned_members")
    assert {name: json.loads(bytes(part)) for name, part in members(text).items()} == json.loads(text)


def test_an_object_is_cut_into_its_members_as_received():
    found = members(b'{"a": NaN , "b\\u00e9":[1,2], "c": {"d": "}"} }')
    assert {name: bytes(text) for name, text in found.items()} == {
        "a": b"NaN",
        "bé": b"[1,2]",
        "c": b'{"d": "}"}',
    }
    assert members(b"{}") == members(b"{ }") == {}


@pytest.mark.parametrize(
    "text", [b"{NaN}", b'{"a" NaN}', b'{"a": NaN,}', b'{"\\x": NaN}', b"[NaN]", b'{"a": NaN}\x0c']
)
def test_what_has_not_its_keys_is_no_object(text):
    with pytest.raises(NotJson):
        members(text)


@pytest.mark.parametrize(
    "text", [b'{"a": 1, "a": 2}', b'{"a": NaN, "a": NaN}', b'{"a": 1, "b": 2, "\\u0061": 3}']
)
def test_a_key_that_comes_twice_is_told(text):
    with pytest.raises(RepeatedKey, match="^a$"):
        members(text)


@given(st.lists(VALUES), st.dictionaries(st.text(), VALUES))
def test_whatever_python_writes_is_cut_as_python_reads_it(values, mapping):
    text = json.dumps(values).encode()
    assert [json.dumps(json.loads(part)) for part in pieces(elements(text))] == [
        json.dumps(one) for one in values
    ]
    found = members(json.dumps(mapping).encode())
    assert {key: json.dumps(json.loads(bytes(part))) for key, part in found.items()} == {
        key: json.dumps(one) for key, one in mapping.items()
    }


def test_only_what_every_reader_takes_is_valid():
    assert is_valid(b'{"a": [1.5, null, "\xc3\xa9"]}')
    refused = [b"NaN", b'"\\ud83d"', b'"\xff"', b"[1,]", b"", b"[" * 10_000 + b"]" * 10_000]
    assert [text[:9] for text in refused if is_valid(text)] == []
