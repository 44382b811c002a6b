"""The practice API, through HTTP."""

import json
import time

import pytest
import requests

from labkit.practice_api.server import running_api

DAY = {"date": "2024-01-05"}


@pytest.fixture
def api(api_url):
    return api_url


def get(api, path="/api/events", **params):
    return requests.get(api + path, params=params, timeout=10)


def walk(api, **params):
    """All rows of a listing, by whatever pagination `params` names."""
    rows, answer = [], {"has_more": True}
    while answer["has_more"]:
        answer = get(api, **params).json()
        rows += answer["data"]
        if "page" in params:
            params["page"] += 1
        elif "offset" in params:
            params["offset"] += params["limit"]
        elif "after_id" in params:
            params["after_id"] = max(row["id"] for row in answer["data"] if "id" in row)
        else:
            params["cursor"] = answer["next_cursor"]
    return rows


def test_same_seed_and_clock_give_the_same_bytes(api):
    with running_api() as other:
        assert get(api, **DAY, limit=1000).content == get(other.url, **DAY, limit=1000).content


def test_a_day_holds_about_a_thousand_events_of_that_day(api):
    rows = get(api, **DAY, limit=1000).json()["data"] + get(api, **DAY, page=2, limit=1000).json()["data"]
    assert 880 <= len(rows) <= 1150


@pytest.mark.parametrize("family", [{"page": 1}, {"offset": 0}, {}])
def test_each_pagination_gives_every_row_once(api, family):
    whole = get(api, **DAY, limit=1000).json()["data"]
    assert len(whole) < 1000
    rows = walk(api, **DAY, limit=70, **family)
    assert sorted(map(repr, rows)) == sorted(map(repr, whole))


def test_keyset_gives_every_id_once_in_order(api):
    ids = [row["id"] for row in walk(api, **DAY, limit=70, after_id=0) if "id" in row]
    assert ids == sorted(set(ids))


def test_rows_inserted_between_pages_shift_offset_but_not_cursor(api):
    def read_while_inserting(**family):
        requests.post(api + "/_lab/reset", timeout=10)
        insert = {"date": "2024-01-05", "count": 5, "after_requests": 1}
        requests.post(api + "/_lab/inserts", json=insert, timeout=10)
        ids = [row["id"] for row in walk(api, **DAY, limit=100, **family) if "id" in row]
        return len(ids) - len(set(ids))

    assert (read_while_inserting(offset=0), read_while_inserting()) == (5, 0)


def test_late_rows_appear_when_the_clock_advances(api):
    today = {"date": "2024-03-31", "limit": 1000}
    before = len(get(api, **today).json()["data"])
    change = requests.put(api + "/_lab/clock", json={"advance_days": 4}, timeout=10).json()
    after = len(get(api, **today, page=1).json()["data"])
    assert change["now"] == "2024-04-05T00:00:00Z"
    assert change["new_events"] > 3500
    assert after > before


@pytest.mark.parametrize(
    "change",
    [
        {"now": "9999-12-31T23:59:59Z"},
        {"now": "9999-12-31T23:59:59-12:00"},
        {"now": "0001-01-01T00:00:00+12:00"},
        {"now": "2034-01-01T00:00:00Z"},
        {"advance_days": 10**6},
        {"advance_days": 10**12},
        {"advance_days": -400},
    ],
    ids=str,
)
def test_a_clock_beyond_the_data_is_refused_at_once_and_stays_where_it_was(api, change):
    before = requests.get(api + "/_lab/clock", timeout=10).json()
    answer = requests.put(api + "/_lab/clock", json=change, timeout=2)
    assert answer.status_code == 422
    assert "du 2024-01-01 au 2033-12-31" in json.dumps(answer.json(), ensure_ascii=False)
    assert requests.get(api + "/_lab/clock", timeout=2).json() == before


def test_a_correction_keeps_the_id_and_the_event_time_and_moves_updated_at(api):
    early = {row["id"]: row for row in _day_as_of(api, "2024-01-06T00:00:00Z") if "id" in row}
    later = {row["id"]: row for row in _day_as_of(api, "2024-01-20T00:00:00Z") if "id" in row}
    moved = [i for i in early.keys() & later.keys() if early[i]["updated_at"] != later[i]["updated_at"]]
    assert moved
    assert all(early[i]["event_time"] == later[i]["event_time"] for i in moved)


def test_some_rows_are_deleted_with_time(api):
    early = {row["id"] for row in _day_as_of(api, "2024-01-06T00:00:00Z") if "id" in row}
    later = {row["id"] for row in _day_as_of(api, "2024-01-20T00:00:00Z") if "id" in row}
    assert early - later


def _day_as_of(api, now):
    requests.put(api + "/_lab/clock", json={"now": now}, timeout=10)
    return walk(api, **DAY, limit=1000)


def test_updated_since_is_inclusive_and_ordered_by_update(api):
    rows = walk(api, updated_since="2024-03-31T00:00:00Z", limit=300)
    stamps = [row["updated_at"] for row in rows]
    first_again = walk(api, updated_since=stamps[0], limit=1000)
    assert stamps == sorted(stamps)
    assert first_again[0] == rows[0]


def test_seconds_are_shared_by_several_rows(api):
    stamps = [row["updated_at"] for row in walk(api, **DAY, limit=1000)]
    assert len(set(stamps)) < len(stamps)


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 1001}, "limit"),
        ({"date": "2024-02-30"}, "date"),
        ({"start_date": "2024-02-02", "end_date": "2024-02-01"}, "start_date"),
        ({"date": "2024-02-01", "end_date": "2024-02-01"}, "date"),
        ({"page": 1, "offset": 0}, "offset"),
        ({"cursor": "forged"}, "cursor"),
        ({"updated_since": "hier"}, "updated_since"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_bad_parameter_is_refused_by_name(api, params, field):
    answer = get(api, **params)
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, field)
    assert answer.json()["error"]["reason"]


def test_with_a_token_the_business_api_refuses_who_has_none():
    with running_api(token="s3cret") as running:
        wrong = requests.get(running.url + "/api/events", headers={"Authorization": "Bearer no"}, timeout=10)
        right = requests.get(
            running.url + "/api/events", headers={"Authorization": "Bearer s3cret"}, timeout=10
        )
    assert (wrong.status_code, right.status_code) == (401, 200)


@pytest.mark.parametrize("kind", ["401", "404", "429", "500", "503"])
def test_a_planted_status_is_answered_the_given_number_of_times(api, kind):
    requests.post(api + "/_lab/faults", json={"kind": kind, "next": 2}, timeout=10)
    assert [get(api).status_code for _ in range(3)] == [int(kind), int(kind), 200]


def test_a_planted_rate_limit_says_how_long_to_wait(api):
    fault = {"kind": "429", "next": 1, "retry_after": 2, "retry_after_form": "date"}
    requests.post(api + "/_lab/faults", json=fault, timeout=10)
    assert get(api).headers["Retry-After"].endswith("GMT")


def test_a_cut_body_breaks_the_connection(api):
    requests.post(api + "/_lab/faults", json={"kind": "cut_body", "next": 1}, timeout=10)
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        get(api)


def test_a_changed_schema_shows_a_new_field(api):
    requests.post(api + "/_lab/faults", json={"kind": "changed_schema", "next": 1}, timeout=10)
    assert get(api, limit=1).json()["data"][0]["loyalty_tier"] == "or"


def test_an_unknown_fault_is_refused(api):
    answer = requests.post(api + "/_lab/faults", json={"kind": "earthquake"}, timeout=10)
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, "kind")


def test_the_inbox_keeps_what_was_posted_until_reset(api):
    requests.post(api + "/_lab/inbox", json={"texte": "réussi"}, timeout=10)
    (kept,) = get(api, "/_lab/inbox").json()
    requests.post(api + "/_lab/reset", timeout=10)
    assert (kept["number"], kept["message"], get(api, "/_lab/inbox").json()) == (1, {"texte": "réussi"}, [])
    assert abs(kept["at"] - time.time()) < 60


def test_counters_count_requests_by_path_and_status(api):
    get(api)
    get(api, limit=0)
    counters = get(api, "/_lab/counters").json()
    assert counters["by_path"] == {"/api/events": 2}
    assert counters["by_status"] == {"200": 1, "422": 1}


def test_the_documentation_page_asks_no_outside_host(api):
    page = get(api, "/docs").text
    assert "http" not in page.replace(api, "").replace("http-equiv", "")


def test_posts_answer_as_json_server_pages(api):
    answer = get(api, "/posts", _page=2, _limit=10)
    assert [row["id"] for row in answer.json()] == list(range(11, 21))
    assert answer.headers["X-Total-Count"] == "100"
