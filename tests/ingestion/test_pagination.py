"""The four paginations: where each ends, and what each keeps when rows move while it reads."""

from collections import Counter

import pytest
import requests

from ingestion.api.client import ApiClient
from ingestion.api.paginations import PAGINATIONS
from ingestion.errors import IngestError
from ingestion.rows.resources import EVENTS, POSTS
from labkit.practice_api.server import running_api
from tests.ingestion.toy_api import envelope, toy_api

DAY = {"date": "2024-01-05"}


@pytest.fixture(scope="module")
def api():
    with running_api() as running:
        yield running.url


def read_ids(base_url, pagination, size=100, resource=EVENTS, params=DAY):
    client = ApiClient(base_url, max_attempts=1)
    pages = PAGINATIONS[pagination](client, resource, params, size)
    return [row.get("id") for page in pages for row in page.rows]


def switch(api, path, method="POST", **body):
    requests.request(method, f"{api}/_lab/{path}", json=body, timeout=10).raise_for_status()


@pytest.mark.parametrize("pagination", PAGINATIONS)
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


@pytest.mark.parametrize("pagination", PAGINATIONS)
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
