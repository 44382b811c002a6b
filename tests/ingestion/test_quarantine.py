"""The files of the quarantine: each row as received, whatever it is, through a file that a hand may change."""

import contextlib
import json
import tempfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.bronze.contention import Stale
from ingestion.bronze.storage import open_folder
from ingestion.errors import IngestError
from ingestion.quarantine import store
from ingestion.quarantine.store import Entry, fingerprint
from ingestion.rows.records import Reject

NAME = store.waiting_file("events", "2024-01-05")
ROWS = [
    b'{"id": 1.10,  "b": [1, 2]}',
    b'{"id":\r\n 1}',
    b'{"a": NaN}',
    b'{"a": "\\ud83d"}',
    b'{"a": "\xff\xc3"}',
    b"",
    b"[" * 2_000 + b"]" * 2_000,
    '"é\u2028"'.encode(),
]


@pytest.fixture
def folder(tmp_path):
    return open_folder(tmp_path)


def entry(raw, **more):
    return Entry(fingerprint(raw), "wrong_type", "id", "r1", 3, raw, **more)


def write(folder, text):
    folder.replace(NAME, text if isinstance(text, bytes) else text.encode(), folder.version(NAME))


def waiting(folder, name=NAME):
    return store.load(folder, name)


def test_what_a_reading_refused_becomes_an_entry():
    raw = b'{"id": "x"}'
    assert store.entry(Reject("wrong_type", "id", raw, 7), "r1") == Entry(
        fingerprint(raw), "wrong_type", "id", "r1", 7, raw, ""
    )


def test_every_row_comes_back_from_its_file_as_it_was_received(folder):
    entries = [entry(raw) for raw in ROWS] + [entry(b'{"id": 2}', reading="increment")]
    store.save(folder, NAME, entries, None)
    unbroken = [item.raw.replace(b"\r\n", b"  ") for item in entries]
    assert [item.raw for item in waiting(folder)] == unbroken
    assert [item.id for item in waiting(folder)] == [item.id for item in entries]
    assert [item.reading for item in waiting(folder)] == [""] * len(ROWS) + ["increment"]


@given(st.lists(st.binary(), unique_by=fingerprint))
def test_any_bytes_make_a_line_that_gives_them_back(rows):
    with tempfile.TemporaryDirectory() as place:
        folder = open_folder(place)
        store.save(folder, NAME, map(entry, rows), None)
        lines = (folder.read(NAME) or b"").splitlines()
        back = waiting(folder)
    assert (
        [json.loads(line)["id"] for line in lines]
        == [item.id for item in back]
        == [fingerprint(row) for row in rows]
    )
    assert [item.raw.split() for item in back] == [row.split() for row in rows]


def test_an_entry_is_shown_with_its_row_or_with_its_text_where_it_is_not_json():
    shown = entry(b'{"id": 1}').as_dict()
    assert shown == {
        "id": fingerprint(b'{"id": 1}'),
        "reason": "wrong_type",
        "field": "id",
        "run_id": "r1",
        "page": 3,
        "reading": "",
        "raw": {"id": 1},
    }
    assert entry(b'{"a": NaN}').as_dict()["raw_text"] == '{"a": NaN}'
    assert entry(b"\xff").as_dict()["raw_text"] == "\udcff"


def test_a_fingerprint_is_of_the_row_whatever_the_order_of_its_keys_and_its_spaces():
    assert fingerprint(b'{"a": 1, "b": "\xc3\xa9"}') == fingerprint(b'{"b":"\\u00e9","a":1}')
    others = {fingerprint(raw) for raw in (*ROWS, b'{"id": 1.1}', b"[" * 2_001 + b"]" * 2_001)}
    assert (len(others), {len(one) for one in others}) == (len(ROWS) + 2, {16})


def test_a_line_of_the_course_s_script_is_an_entry_too(folder):
    write(folder, '\ufeff{"reason": "missing_id", "field": "id", "raw": {"type": "a"}}\r\n\n')
    raw = b'{"type": "a"}'
    assert waiting(folder) == [Entry(fingerprint(raw), "missing_id", "id", "", 0, raw)]


def test_an_identifier_is_that_of_the_row_as_received_though_a_hand_mended_it(folder):
    store.save(folder, NAME, [entry(b'{"id": "1"}')], None)
    write(folder, folder.read(NAME).replace(b'{"id": "1"}', b'{"id": 1}'))
    (mended,) = waiting(folder)
    assert (mended.id, mended.raw) == (fingerprint(b'{"id": "1"}'), b'{"id": 1}')


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('{"reason": "x", "raw": {"id": "1}}', "JSON mal formé, colonne 31"),
        ("oups", "JSON mal formé, colonne 1"),
        ("[1]", "ce n'est pas un objet JSON"),
        ("[" * 100_000 + "]" * 100_000, "ce n'est pas un objet JSON"),
        ('{"reason": "x", "raw": {"id": 1 "b": 2}}', "JSON mal formé, colonne 33"),
        ('{"reason": "x", "raw": {"id": NaN}}', "« raw » n'est pas du JSON"),
        ('{"reason": "x", "raw_text": 5}', "« raw_text » n'est pas un texte"),
        ('{"reason": "x"}', "la ligne refusée s'y écrit sous « raw », ou sous « raw_text »"),
        (
            '{"reason": "x", "raw": 1, "raw_text": "1"}',
            "la ligne refusée s'y écrit sous « raw », ou sous « raw_text »",
        ),
        ('{"reason": "x", "raw": 1, "raw": 2}', "deux clés « raw »"),
        ('{"raw": {}}', "Object missing required field `reason`"),
        ('{"reason": null, "raw": {}}', "Expected `str`, got `null` - at `$.reason`"),
        ('{"reason": "x", "page": "1", "raw": {}}', "Expected `int`, got `str` - at `$.page`"),
        ('{"reason": "x", "note": "vu", "raw": {}}', "Object contains unknown field `note`"),
    ],
)
def test_a_line_that_a_hand_broke_is_named_with_what_is_wrong_of_it(folder, line, why):
    write(folder, '{"reason": "x", "raw": {}}\n' + line + "\n")
    with pytest.raises(IngestError) as error:
        waiting(folder)
    assert error.value.code == "unreadable_quarantine"
    assert (
        error.value.message
        == f"{folder.where(NAME)}, ligne 2 : entrée illisible ({why}). Corrigez cette ligne."
    )


def test_the_files_that_wait_are_those_of_the_readings_and_not_those_mended(folder):
    for name in (
        "posts/2024-01-05.jsonl",
        NAME,
        store.mended_file("events"),
        "events/notes.txt",
        "loose.jsonl",
    ):
        folder.replace(name, b"", None)
    assert store.waiting_files(folder) == [NAME, "posts/2024-01-05.jsonl"]
    assert store.waiting_files(folder, "events") == [NAME]
    assert waiting(folder, "events/2024-01-06.jsonl") == []


ONE, TWO, THREE = (entry(b'{"n": %d}' % number) for number in (1, 2, 3))


def again(item):
    """The same row refused by a later run, on another page."""
    return Entry(item.id, item.reason, item.field, "r2", 9, item.raw)


def test_a_reading_of_some_rows_adds_its_refused_ones_to_those_that_wait(folder):
    store.record(folder, NAME, [ONE, TWO], whole=False)
    store.record(folder, NAME, [again(TWO), THREE], whole=False)
    assert waiting(folder) == [ONE, TWO, THREE]


def test_a_whole_reading_keeps_the_rows_that_it_refused_alone_as_they_waited(folder):
    store.record(folder, NAME, [ONE, TWO], whole=True, seen=None)
    store.record(folder, NAME, [again(TWO), THREE], whole=True, seen=folder.version(NAME))
    assert waiting(folder) == [TWO, THREE]
    store.record(folder, NAME, [], whole=True, seen=folder.version(NAME))
    assert folder.read(NAME) is None


def test_a_reading_that_refused_the_same_rows_writes_nothing(folder):
    store.record(folder, NAME, [ONE], whole=True)
    before = folder.version(NAME)
    store.record(folder, NAME, [again(ONE)], whole=True, seen="another")
    store.record(folder, NAME, [], whole=False)
    assert folder.version(NAME) == before
    store.record(folder, "events/2024-01-06.jsonl", [], whole=True)
    assert store.waiting_files(folder) == [NAME]


def test_a_whole_reading_does_not_write_over_what_another_has_just_written(folder):
    store.record(folder, NAME, [ONE], whole=True)
    with pytest.raises(Stale):
        store.record(folder, NAME, [TWO], whole=True, seen=None)
    assert waiting(folder) == [ONE]


def test_a_change_keeps_of_a_file_what_it_is_told_to_and_leaves_none_empty(folder):
    store.record(folder, NAME, [ONE, TWO], whole=True)
    store.change(folder, NAME, lambda former: {ONE.id: former[ONE.id]})
    assert waiting(folder) == [ONE]
    before = folder.version(NAME)
    store.change(folder, NAME, lambda former: former)
    assert folder.version(NAME) == before
    store.change(folder, NAME, lambda former: {})
    assert folder.read(NAME) is None


def test_a_change_is_made_again_of_what_another_writer_has_put_meanwhile(folder):
    store.record(folder, NAME, [ONE], whole=True)
    others = [TWO]

    def kept(former):
        if others:
            store.record(folder, NAME, [ONE, others.pop()], whole=True, seen=folder.version(NAME))
        return former | {THREE.id: THREE}

    folder.exclusive = lambda name: contextlib.nullcontext()
    store.change(folder, NAME, kept)
    assert waiting(folder) == [ONE, TWO, THREE]
