"""An answer of the API: where its rows are, what its envelope says, and the words of each refusal."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.api.answer import Answer, at
from ingestion.api.retry import TransientError
from ingestion.errors import IngestError

URL = "http://api/events"
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def answer(body, headers=None, **more):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(content, headers or {}, URL, **more)


def refusal(body, headers=None):
    with pytest.raises(IngestError) as error:
        answer(body, headers)
    return error.value.code, error.value.message


ENVELOPES = [
    b'{"data":[{"id":1}],"next_cursor":"a","has_more":true}',
    b'{"data": [ {"id": 1} ] ,\n "has_more": true, "next_cursor": "a" }\n',
    b'{"next_cursor":"a","has_more":true,"data":[{"id":1}]}',
    b'{"data":[{"id":1}],"meta":{"tags":[1]},"next_cursor":"a","has_more":true}',
    b'{"data":[{"id":1}],"next_cursor":"a","has_more":true,"warnings":[]}',
    b'\xef\xbb\xbf{"data":[{"id":1}],"next_cursor":"a","has_more":true}',
]


@pytest.mark.parametrize("body", ENVELOPES)
def test_the_envelope_is_read_whatever_its_shape(body):
    read = answer(body)
    assert (read.says("next_cursor"), read.says("has_more")) == ("a", True)
    assert [json.loads(text) for text in read.row_texts] == [{"id": 1}]


@given(VALUES)
def test_rows_of_any_shape_never_confuse_the_envelope(row):
    read = answer({"data": [row], "next_cursor": "c", "has_more": True})
    assert read.says("next_cursor") == "c"
    assert [json.loads(text) for text in read.row_texts] == [row]


def test_what_the_envelope_mentions_is_told_from_what_it_says():
    read = answer({"data": [], "next": None, "meta": {"next": None, "total": 5}})
    assert [name for name in ("next", "meta", "meta.next", "meta.total") if read.mentions(name)] == [
        "next",
        "meta",
        "meta.next",
        "meta.total",
    ]
    assert [name for name in ("total", "meta.page", "next.page", "other.total") if read.mentions(name)] == []
    assert (read.says("meta.total"), read.says("meta.next"), read.says("next.page")) == (5, None, None)
    assert at({"a": {"b": {"c": 1}}}, "a.b.c") == 1


def test_the_rows_are_the_first_list_of_the_keys_looked_for():
    read = answer(
        {"items": 5, "result": {"rows": [{"id": 1}]}, "data": [{"id": 2}]},
        rows_keys=("items", "result.rows", "data"),
    )
    assert (read.rows_key, read.row_texts, read.row_count) == ("result.rows", [b'{"id": 1}'], 1)
    assert read.says("data") == [{"id": 2}]


@pytest.mark.parametrize("body", [{}, {"result": {}}, {"result": {"rows": 5}}, {"result": {"rows": None}}])
def test_a_list_that_is_not_where_it_was_looked_for_is_an_unexpected_shape(body):
    with pytest.raises(IngestError) as error:
        answer(body, rows_keys=("result.rows",))
    assert error.value.code == "unexpected_shape"
    assert answer(body | {"data": []}, rows_keys=("result.rows", "data")).rows_key == "data"


def test_what_the_envelope_says_beside_the_rows_need_not_be_readable():
    deep = b"[" * 10_000 + b"]" * 10_000
    read = answer(b'{"data": [1], "debug": ' + deep + b', "bytes": "\xff", "next_cursor": "a"}')
    assert (read.row_count, read.says("next_cursor")) == (1, "a")
    assert (read.says("debug"), read.says("bytes")) == (deep.decode(), '"\ufffd"')


@pytest.mark.parametrize(
    ("body", "count", "empty"),
    [(b"[]", 0, True), (b" [ ] ", 0, True), (b"\xef\xbb\xbf[1]", 1, False), (b'{"data": [\n]}', 0, True)],
)
def test_a_bare_list_is_rows_too_and_none_is_told_from_some(body, count, empty):
    read = answer(body)
    assert (read.row_count, read.is_empty, read.size) == (count, empty, len(body))
    assert read.is_list == (b"data" not in body)


def test_an_answer_without_content_has_no_row():
    read = answer(b"", status=204)
    assert (read.is_empty, read.row_texts, read.mentions("next_cursor")) == (True, [], False)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"error": {"code": 190, "message": "quota"}}, '{"code": 190, "message": "quota"}'),
        ({"data": [], "errors": ["dépassé"], "next_cursor": None}, '["dépassé"]'),
        ({"data": [], "success": False, "message": "quota"}, '"quota"'),
        ({"data": [], "success": "false", "message": "quota"}, '"quota"'),
        ({"data": [], "ok": False, "detail": "quota"}, '"quota"'),
        ({"data": [], "status": "error", "message": "a", "detail": "b"}, '"a"'),
        ({"data": [], "status": "fail", "message": "quota"}, '"quota"'),
        ({"error": True, "message": "quota"}, '"quota"'),
        ({"error": "\ud83d"}, '"?"'),
        ({"ok": False}, '{"ok": false}'),
        ({"error": True}, '{"error": true}'),
    ],
)
def test_an_error_told_inside_a_200_is_an_error_with_the_words_of_the_api(body, words):
    assert refusal(body) == ("api_error", f"{URL} annonce une erreur dans une réponse 200 : {words}")


@pytest.mark.parametrize(
    "body", [{"error": None}, {"error": ""}, {"errors": []}, {"ok": True}, {"status": "done"}, {"success": 1}]
)
def test_an_envelope_that_says_that_all_went_well_is_no_error(body):
    assert answer({"data": []} | body).is_empty


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'"quota exceeded"', 'ni objet ni liste : "quota exceeded".'),
        (b"5", "ni objet ni liste : 5."),
        (b"null", "ni objet ni liste : null."),
        (b'{"data": null}', "pas de liste sous « data » (clés reçues : « data »)."),
        (b'{"items": [], "n": 1}', "pas de liste sous « data » (clés reçues : « items », « n »)."),
        (b"{}", "pas de liste sous « data » (clés reçues : aucune)."),
        (b'{"message": "ferm\xc3\xa9"}', 'pas de liste sous « data » (clés reçues : « message ») : "fermé".'),
        (b'{"data": [], "n": 1, "n": 2}', "deux clés « n » dans la même réponse."),
    ],
)
def test_a_body_without_a_list_of_rows_is_an_unexpected_shape(body, said):
    assert refusal(body) == ("unexpected_shape", f"{URL} : {said}")


@pytest.mark.parametrize("body", [b"<html>" + b"x" * 100, b'{"data": [', b"[1, 2", b"[1}", b"oups"])
@pytest.mark.parametrize(
    ("headers", "kind"), [({"Content-Type": "text/html"}, "text/html"), ({}, "type inconnu")]
)
def test_what_is_no_json_is_asked_again_then_told_with_its_kind_and_its_beginning(body, headers, kind):
    with pytest.raises(TransientError) as error:
        answer(body, headers)
    said = body[:40].decode()
    assert (error.value.code, error.value.message) == (
        "invalid_json",
        f"La réponse de {URL} n'est pas du JSON ({kind}) : « {said}… ».",
    )


def test_rows_cut_in_the_middle_of_a_list_are_no_json():
    read = answer(b'[{"id": 1}, {"id": 2]')
    with pytest.raises(TransientError, match="n'est pas du JSON"):
        _ = read.row_texts
