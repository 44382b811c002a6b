"""The paginations: where each ends, what each keeps when rows move meanwhile, what it never takes for the end."""

import json
from collections import Counter
from dataclasses import replace

import pytest
import requests

from ingestion.api import paginations
from ingestion.api.client import ApiClient
from ingestion.api.paginations import PAGINATIONS
from ingestion.errors import IngestError
from ingestion.rows.resources import EVENTS, POSTS
from labkit.practice_api.server import running_api
from tests.ingestion.toy_api import envelope, toy_api

DAY = {"date": "2024-01-05"}
OF_THE_PRACTICE_API = ("page", "offset", "cursor", "keyset")


@pytest.fixture(scope="module")
def api():
    with running_api() as running:
        yield running.url


def read_ids(base_url, pagination, size=100, resource=EVENTS, params=DAY):
    client = ApiClient(base_url, max_attempts=1)
    pages = PAGINATIONS[pagination](client, resource, params, size)
    return [json.loads(text).get("id") for page in pages for text in page.answer.row_texts]


def pages_of(base_url, pagination, params=None):
    client = ApiClient(base_url, max_attempts=1)
    return list(PAGINATIONS[pagination](client, EVENTS, params or {}, 2))


def switch(api, path, method="POST", **body):
    requests.request(method, f"{api}/_lab/{path}", json=body, timeout=10).raise_for_status()


@pytest.mark.parametrize("pagination", OF_THE_PRACTICE_API)
@pytest.mark.parametrize("size", [1000, 137, 11])
def test_every_size_of_page_gives_every_row_once(api, pagination, size):
    switch(api, "reset")
    day = {"date": "2024-01-05", "updated_since": "2024-01-05T23:40:00Z"}
    ids = read_ids(api, pagination, size, params=day)
    assert sorted(map(str, ids)) == sorted(map(str, read_ids(api, "cursor", 1000, params=day)))


@pytest.mark.parametrize("pagination", ["page", "offset"])
def test_rows_inserted_between_two_pages_make_numbered_pages_double_a_row(api, pagination):
    switch(api, "reset")
    switch(api, "inserts", date="2024-01-05", count=7, after_requests=2)
    counts = Counter(id for id in read_ids(api, pagination) if id)
    assert max(counts.values()) == 2


@pytest.mark.parametrize("pagination", ["cursor", "keyset"])
def test_rows_inserted_between_two_pages_are_neither_doubled_nor_lost_by_position(api, pagination):
    switch(api, "reset")
    before = {id for id in read_ids(api, "cursor") if id}
    switch(api, "inserts", date="2024-01-05", count=7, after_requests=2)
    counts = Counter(id for id in read_ids(api, pagination) if id)
    assert max(counts.values()) == 1
    assert len(counts.keys() - before) == 7


def deleting_api(rows, deleted):
    """An API over `rows` that drops those of `deleted` after its first answer."""
    left = list(rows)

    def answer(query):
        size = int(query["limit"])
        after = int(query.get("cursor") or query.get("after_id") or 0)
        offset = int(query.get("offset", (int(query.get("page", 1)) - 1) * size))
        found = [row for row in left if row["id"] > after][offset : offset + size + 1]
        left[:] = [row for row in left if row["id"] not in deleted]
        page, more = found[:size], len(found) > size
        return envelope(page, str(page[-1]["id"]) if more else None, more)

    return answer


@pytest.mark.parametrize(("pagination", "lost"), [("page", 2), ("offset", 2), ("cursor", 0), ("keyset", 0)])
def test_rows_deleted_between_two_pages_make_only_numbered_pages_lose_rows(pagination, lost):
    rows = [{"id": number} for number in range(1, 21)]
    with toy_api(deleting_api(rows, deleted={1, 2})) as url:
        ids = read_ids(url, pagination, size=5)
    assert len(set(range(1, 21)) - set(ids)) == lost


@pytest.mark.parametrize("pagination", OF_THE_PRACTICE_API)
def test_an_empty_page_in_the_middle_is_not_the_end(pagination):
    answers = [
        envelope([{"id": 1}], "a", True),
        envelope([], "b", True),
        envelope([{"id": 2}], None, False),
    ]
    with toy_api(lambda query: answers.pop(0)) as url:
        assert read_ids(url, pagination, size=1) == [1, 2]


def test_a_last_page_that_is_exactly_full_is_not_followed_by_an_empty_request():
    asked = []

    def answer(query):
        asked.append(query)
        return envelope([{"id": 2 * len(asked) - 1}, {"id": 2 * len(asked)}], None, len(asked) < 2)

    with toy_api(answer) as url:
        assert read_ids(url, "keyset", size=2) == [1, 2, 3, 4]
    assert len(asked) == 2


def test_an_api_that_caps_the_limit_loses_no_row_by_offset():
    def answer(query):
        start = int(query["offset"])
        rows = [{"id": number} for number in range(start + 1, min(start + 4, 11))]
        return envelope(rows, None, start + 3 < 10)

    with toy_api(answer) as url:
        assert read_ids(url, "offset", size=100) == list(range(1, 11))


def test_a_cursor_that_comes_back_is_refused():
    with (
        toy_api(lambda query: envelope([{"id": 1}], "same", True)) as url,
        pytest.raises(IngestError) as error,
    ):
        read_ids(url, "cursor")
    assert error.value.code == "cursor_loop"
    assert error.value.message == "/api/events a rendu deux fois le même curseur, page 2."


def test_an_identifier_that_never_advances_is_refused():
    with toy_api(lambda query: envelope([{"id": 0}], None, True)) as url, pytest.raises(IngestError) as error:
        read_ids(url, "keyset")
    assert error.value.code == "keyset_stuck"


def test_a_bare_list_ends_where_its_total_says(api):
    assert len(read_ids(api, "page", 7, POSTS, {})) == 100


def test_a_bare_list_without_a_total_ends_at_the_first_empty_page():
    def answer(query):
        return 200, {}, b"[]" if int(query["_page"]) > 2 else b'[{"id": %d}]' % int(query["_page"])

    with toy_api(answer) as url:
        assert read_ids(url, "page", 1, POSTS, {}) == [1, 2]


# Where nothing tells the end


def answered(bodies, headers=None):
    """An API whose request number n gets the n-th of `bodies`, and the last one from then on."""
    left = list(bodies)

    def answer(query):
        body = left.pop(0) if len(left) > 1 else left[0]
        return 200, headers or {}, body if isinstance(body, bytes) else json.dumps(body).encode()

    return answer


def refusal(answer, pagination, resource=EVENTS):
    with toy_api(answer) as url, pytest.raises(IngestError) as error:
        read_ids(url, pagination, 2, resource, {})
    return error.value


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"data": [{"id": 1}]}, "next_cursor"),
        ({"data": [{"id": 1}], "nextPageToken": "abc"}, "next_cursor"),
        ({"data": [{"id": 1}], "has_more": True}, "next_cursor"),
        ({"data": [{"id": 1}], "next_cursor": {"id": 5}}, "next_cursor"),
        ({"data": [{"id": 1}], "next_cursor": True}, "next_cursor"),
        ({"data": [{"id": 1}], "next_cursor": 0}, "next_cursor"),
        ({"data": [{"id": 1}], "next_cursor": None, "has_more": "false"}, "has_more"),
        (b'{"data": [{"id": 1}], "next_cursor": "a", "next_cursor": null}', "next_cursor"),
        (b'{"data": [{"id": 1}], "data": [{"id": 2}], "next_cursor": null}', "data"),
    ],
)
def test_a_cursor_that_does_not_say_the_end_is_an_error_naming_its_key(body, named):
    assert f"« {named} »" in refusal(answered([body]), "cursor").message


def test_an_api_that_gave_cursors_may_leave_the_key_out_of_its_last_page():
    with toy_api(answered([{"data": [{"id": 1}], "next_cursor": "a"}, {"data": [{"id": 2}]}])) as url:
        assert read_ids(url, "cursor") == [1, 2]


def test_a_key_that_announces_more_in_words_not_declared_is_not_the_end():
    first, last = (
        {"data": [{"id": 1}], "next_cursor": "a"},
        {"data": [{"id": 2}], "links": {"next": "/x?page=3"}},
    )
    assert "links.next" in refusal(answered([first, last]), "cursor").message


@pytest.mark.parametrize("pagination", ["page", "offset"])
def test_a_page_seen_before_is_an_error(pagination):
    error = refusal(answered([{"data": [{"id": 1}], "has_more": True}]), pagination)
    assert error.code == "page_loop"
    assert error.message.startswith("/api/events a rendu deux fois la même page (page 2) : ")


@pytest.mark.parametrize("pagination", ["page", "offset"])
def test_pages_that_bring_nothing_while_more_is_announced_are_an_error(pagination):
    error = refusal(
        answered([{"data": [{"id": 1}], "has_more": True}, {"data": [], "has_more": True}]), pagination
    )
    assert error.code == "empty_pages"


@pytest.mark.parametrize("pagination", ["page", "offset", "keyset"])
def test_without_a_word_on_the_rest_pages_are_read_until_an_empty_one(pagination):
    with toy_api(answered([{"data": [{"id": 1}, {"id": 2}]}, {"data": [{"id": 3}]}, {"data": []}])) as url:
        assert read_ids(url, pagination, 2) == [1, 2, 3]


def test_a_total_that_is_never_reached_is_an_error_with_both_numbers():
    error = refusal(answered([b'[{"id": 1}]', b"[]"], {"X-Total-Count": "5"}), "page", POSTS)
    assert (error.code, "5 lignes" in error.message, "rendu que 1" in error.message) == (
        "short_read",
        True,
        True,
    )


@pytest.mark.parametrize("total", ["*", "1,234", "", "20, 20", "-1", "20.0"])
def test_a_total_that_is_no_number_is_as_if_it_were_not_there(total):
    with toy_api(answered([b'[{"id": 1}]', b'[{"id": 2}]', b"[]"], {"X-Total-Count": total})) as url:
        assert read_ids(url, "page", 1, POSTS, {}) == [1, 2]


def test_a_total_that_changes_while_pages_are_read_is_told():
    def answer(query):
        page = int(query["_page"])
        return 200, {"X-Total-Count": str(5 - page)}, b'[{"id": %d}]' % page

    assert refusal(answer, "page", POSTS).code == "source_moved"


def test_a_page_size_capped_by_the_server_loses_no_row():
    def answer(query):
        start = (int(query["_page"]) - 1) * 3
        rows = [{"id": number} for number in range(start + 1, min(start + 4, 11))]
        return 200, {"X-Total-Count": "10"}, json.dumps(rows).encode()

    with toy_api(answer) as url:
        assert read_ids(url, "page", 100, POSTS, {}) == list(range(1, 11))


@pytest.mark.parametrize("given", ["envelope", "header"])
def test_links_are_followed_to_the_last(given):
    def answer(query):
        page = int(query.get("page", 1))
        following = f"/api/events?page={page + 1}" if page < 3 else None
        rows = [{"id": page}]
        if given == "envelope":
            return 200, {}, json.dumps({"data": rows, "next": following}).encode()
        headers = {"Link": f'<{following}>; rel="next"' if following else '</api/events>; rel="first"'}
        return 200, headers, json.dumps(rows).encode()

    with toy_api(answer) as url:
        assert read_ids(url, "link") == [1, 2, 3]


def test_a_link_to_another_host_is_not_followed():
    body = {"data": [{"id": 1}], "next": "http://elsewhere.invalid/api/events?page=2"}
    assert refusal(answered([body]), "link").code == "redirect_refused"


# Each page, and what it was asked by


class ThreePages:
    """An API of five rows, two a page, that speaks every pagination at once; `asked`: the queries it got."""

    def __init__(self):
        self.asked = []

    def __call__(self, query):
        self.asked.append(query)
        number, last = len(self.asked), len(self.asked) == 3
        rows = [{"id": id} for id in (2 * number - 1, 2 * number) if id < 6]
        following = None if last else f"?page={number + 1}"
        body = {"data": rows, "next_cursor": None if last else f"c{number}", "has_more": not last}
        return 200, {}, json.dumps(body | {"next": following}).encode()


@pytest.mark.parametrize(
    ("pagination", "positions", "asked"),
    [
        ("page", [1, 2, 3], [{"page": "1"}, {"page": "2"}, {"page": "3"}]),
        ("offset", [0, 2, 4], [{"offset": "0"}, {"offset": "2"}, {"offset": "4"}]),
        ("cursor", [None, "c1", "c2"], [{}, {"cursor": "c1"}, {"cursor": "c2"}]),
        ("keyset", [0, 2, 4], [{"after_id": "0"}, {"after_id": "2"}, {"after_id": "4"}]),
    ],
)
def test_a_page_says_its_rank_and_where_it_was_asked_for(pagination, positions, asked):
    api = ThreePages()
    with toy_api(api) as url:
        pages = pages_of(url, pagination, {"date": "2024-01-05"})
    assert [page.number for page in pages] == [1, 2, 3]
    assert [page.position for page in pages] == positions
    assert [[row["id"] for row in page.rows] for page in pages] == [[1, 2], [3, 4], [5]]
    assert api.asked == [{"date": "2024-01-05", "limit": "2"} | one for one in asked]


def test_a_link_is_followed_as_it_is_given_from_where_it_was_given():
    api = ThreePages()
    with toy_api(api) as url:
        pages = pages_of(url, "link", {"date": "2024-01-05"})
    assert api.asked == [{"date": "2024-01-05", "limit": "2"}, {"page": "2"}, {"page": "3"}]
    assert [(page.number, page.position) for page in pages] == [
        (1, "/api/events"),
        (2, f"{url}/api/events?page=2"),
        (3, f"{url}/api/events?page=3"),
    ]


@pytest.mark.parametrize("pagination", PAGINATIONS)
def test_the_rows_are_read_where_the_resource_says_they_are(pagination):
    items = replace(EVENTS, words=replace(EVENTS.words, rows="items"))
    body = {"items": [{"id": 1}], "data": [{"id": 9}], "next_cursor": None, "has_more": False, "next": None}
    with toy_api(answered([body])) as url:
        assert read_ids(url, pagination, resource=items) == [1]


# Where each ends


@pytest.mark.parametrize("pagination", PAGINATIONS)
def test_no_content_is_a_page_without_rows_and_the_end(pagination):
    with toy_api(lambda query: (204, {}, b"")) as url:
        (page,) = pages_of(url, pagination)
    assert (page.number, page.rows) == (1, [])
    assert page.position == {"page": 1, "cursor": None, "link": "/api/events"}.get(pagination, 0)


@pytest.mark.parametrize("pagination", PAGINATIONS)
def test_no_reading_is_endless(pagination, monkeypatch):
    monkeypatch.setattr(paginations, "MAX_PAGES", 5)
    asked = []

    def answer(query):
        asked.append(query)
        number = len(asked)
        body = {"data": [{"id": number}], "next_cursor": f"c{number}", "has_more": True}
        return 200, {}, json.dumps(body | {"next": f"?page={number}"}).encode()

    error = refusal(answer, pagination)
    assert error.code == "endless_pages"
    assert error.message.startswith("/api/events : plus de 5 pages")
    assert len(asked) in (5, 6)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"data": [{"id": 1}]}, "ni « next » ni en-tête Link dans la réponse"),
        ({"data": [{"id": 1}], "next": 5}, "« next » vaut 5, qui n'est pas une adresse"),
    ],
)
def test_an_answer_without_a_link_that_can_be_read_is_not_the_end(body, said):
    error = refusal(answered([body]), "link")
    assert error.code == "end_not_told"
    assert error.message == f"/api/events : {said}. Rien ne dit si la lecture est finie."


@pytest.mark.parametrize("body", [{"data": [{"id": 1}], "next": ""}, [{"id": 1}]], ids=["no link", "a list"])
def test_the_last_page_of_links_bears_none(body):
    with toy_api(answered([body])) as url:
        assert read_ids(url, "link") == [1]


def test_the_page_that_links_to_itself_is_an_error():
    error = refusal(answered([{"data": [{"id": 1}], "next": "/api/events?page=1"}]), "link")
    assert error.code == "page_loop"
    assert error.message == "/api/events a rendu deux fois l'adresse de la même page, page 2."


@pytest.mark.parametrize(
    ("pagination", "last"),
    [
        ("cursor", {"next_cursor": ""}),
        ("cursor", {"next_cursor": "a", "has_more": False}),
        ("page", {"total": 2}),
        ("offset", {"total": "2"}),
    ],
)
def test_the_end_is_where_the_api_says_and_nothing_more_is_asked(pagination, last):
    bodies = [
        {"data": [{"id": 1}], "next_cursor": 7} | {name: last[name] for name in last if name == "total"}
    ]
    answer = answered([*bodies, {"data": [{"id": 2}], **last}, b"{}"])
    with toy_api(answer) as url:
        assert read_ids(url, pagination, 1) == [1, 2]


def test_an_empty_listing_whose_total_is_zero_is_read_at_once():
    with toy_api(answered([{"data": [], "total": 0}, b"{}"])) as url:
        assert read_ids(url, "page") == []


def test_a_cursor_of_zero_is_one_where_more_is_announced():
    first = {"data": [{"id": 1}], "next_cursor": 0, "has_more": True}
    with toy_api(answered([first, {"data": [{"id": 2}], "next_cursor": None}])) as url:
        assert read_ids(url, "cursor") == [1, 2]


@pytest.mark.parametrize("pagination", ["page", "keyset"])
def test_a_word_on_the_rest_that_is_neither_true_nor_false_is_told_with_its_address(pagination):
    error = refusal(answered([{"data": [{"id": 1}], "has_more": "yes"}]), pagination)
    assert error.code == "unexpected_shape"
    assert "/api/events" in error.message
    assert "« has_more » vaut 'yes'" in error.message


def test_a_bare_list_where_a_cursor_was_awaited_is_told_with_the_keys_and_another_way():
    error = refusal(answered([[{"id": 1}]]), "cursor")
    assert error.code == "unexpected_shape"
    assert '{"data": […], "next_cursor": …}' in error.message
    assert "--pagination page" in error.message


# How long each bears with an API that does not go on


@pytest.mark.parametrize("pagination", ["page", "offset"])
def test_pages_that_bring_nothing_are_borne_with_twice_and_counted_anew_after_a_row(pagination):
    rows = [[{"id": 1}], [], [], [{"id": 2}], [], [], [{"id": 3}]]
    answer = answered([{"data": page, "has_more": number < 7} for number, page in enumerate(rows, start=1)])
    with toy_api(answer) as url:
        assert read_ids(url, pagination) == [1, 2, 3]


def test_cursors_that_bring_nothing_are_borne_with_and_counted_anew_after_a_row(monkeypatch):
    monkeypatch.setattr(paginations, "CURSOR_PATIENCE", 3)
    rows = [[{"id": 1}], [], [], [{"id": 2}], [], [], [{"id": 3}], [], [], []]
    bodies = [{"data": page, "next_cursor": f"c{number}"} for number, page in enumerate(rows)]
    with toy_api(answered([*bodies[:7], {"data": [], "next_cursor": None}])) as url:
        assert read_ids(url, "cursor") == [1, 2, 3]
    error = refusal(answered([*bodies, b"{}"]), "cursor")
    assert (error.code, error.message) == (
        "empty_pages",
        "/api/events : 3 pages de suite n'ont rien apporté.",
    )


def test_identifiers_that_do_not_advance_are_asked_for_again_twice_and_counted_anew_after_one_that_does():
    ids = [1, 1, 1, 2, 2, 2, 3, 3, 3, 3]
    bodies = [{"data": [{"id": id}], "has_more": True} for id in ids]
    with toy_api(answered([*bodies[:7], {"data": [], "has_more": False}])) as url:
        assert read_ids(url, "keyset") == [1, 2, 3]
    error = refusal(answered([*bodies, b"{}"]), "keyset")
    assert (error.code, error.message) == (
        "keyset_stuck",
        "/api/events : aucun identifiant n'avance, page 10.",
    )


@pytest.mark.parametrize("total", ["*", True, "x" * 100])
def test_a_total_that_is_ignored_is_told_to_the_log(total, caplog):
    with toy_api(answered([{"data": [{"id": 1}], "total": total}, {"data": [], "total": total}])) as url:
        assert read_ids(url, "page", 1) == [1]
        first = caplog.records[0]
        assert first.url.startswith(f"{url}/api/events")
    assert (first.message, first.total) == ("total ignored", str(total)[:40])


def test_a_source_that_moved_is_told_with_both_totals_and_a_way_out():
    bodies = [{"data": [{"id": 1}], "total": 9}, {"data": [{"id": 2}], "total": 8}]
    error = refusal(answered(bodies), "page")
    assert error.code == "source_moved"
    assert error.message.startswith("/api/events : le total annoncé est passé de 9 à 8 ")
    assert error.message.endswith("ou choisissez une pagination par curseur.")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"pages": {"next_token": "x"}}, "« pages.next_token »"),
        ({"truncated": True}, "« truncated »"),
        ({"next_cursor_of": "", "more_on": {"a": None}, "next_pages": [2]}, None),
    ],
)
def test_what_seems_to_announce_more_is_named_and_what_holds_nothing_announces_nothing(more, said):
    bodies = [{"data": [{"id": 1}]}, {"data": []} | more]
    if said:
        error = refusal(answered(bodies), "page")
        assert error.code == "end_not_told"
        assert error.message.startswith(f"/api/events : la suite semble annoncée par {said}")
    else:
        with toy_api(answered(bodies)) as url:
            assert read_ids(url, "page") == [1]
