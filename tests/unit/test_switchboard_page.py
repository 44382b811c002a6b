"""The switchboard's HTTP face: the live stream, who may ask, and what the pages are served with."""

import json
import socket
import threading
import time
from contextlib import contextmanager

import pytest
import requests

from labkit.practice_api.journal import FAILURES_REMEMBERED, LONGEST_WAIT_S, WINDOW, Journal
from labkit.practice_api.server import running_api
from labkit.practice_api.stream import FIELDS_SHOWN, LONGEST_FIELD, MESSAGES_SHOWN


@pytest.fixture
def api():
    with running_api() as running:
        yield running.url


def get(api, path="/api/events?limit=10"):
    return requests.get(api + path, timeout=10)


def act(api, method, path, body=None, **headers):
    return requests.request(method, f"{api}/_lab/{path}", json=body, headers=headers, timeout=10)


@contextmanager
def viewer(api):
    """An open stream, as an endless iterator of (event's name, content)."""
    with requests.get(f"{api}/_lab/stream", stream=True, timeout=10) as answer:
        assert answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        yield read_events(answer)


def read_events(answer):
    lines = answer.iter_lines(chunk_size=None, decode_unicode=True)
    for line in lines:
        name, data, end = line, next(lines), next(lines)
        assert (name[:7], data[:6], end) == ("event: ", "data: ", "")
        yield name[7:], json.loads(data[6:])


def read_until(events, name):
    return next(content for found, content in events if found == name)


def test_a_stream_starts_with_all_that_stands(api):
    act(api, "POST", "faults", {"kind": "slow", "rate": 0.5})
    get(api, "/posts?_page=2&_limit=7")
    act(api, "POST", "inbox", {"titre": "réussi", "compte_rendu": None})
    with viewer(api) as events:
        names, contents = zip(*(next(events) for _ in range(4)), strict=True)
    assert names == ("start", "state", "request", "message")
    _, state, request, message = contents
    assert state["now"] == "2024-04-01T00:00:00Z"
    assert [fault["kind"] for fault in state["faults"]] == ["slow"]
    assert (request["path"], request["query"]) == ("/posts", "_page=2&_limit=7")
    assert (request["status"], request["rows"], request["fault"]) == (200, 7, None)
    assert (message["number"], message["fields"]) == (1, {"titre": "réussi"})


def test_several_viewers_see_what_happens_as_it_happens(api):
    with viewer(api) as one, viewer(api) as other:
        read_until(one, "state"), read_until(other, "state")
        get(api)
        assert read_until(one, "request") == read_until(other, "request")


def test_a_reset_starts_the_stream_again(api):
    get(api)
    with viewer(api) as events:
        assert read_until(events, "request")["number"] == 1
        act(api, "POST", "reset")
        read_until(events, "start")
        assert read_until(events, "state")["requests"] == 0
        get(api)
        assert read_until(events, "request")["number"] == 1


def test_a_retry_says_which_failure_it_repeats_and_how_long_it_waited(api):
    act(api, "POST", "faults", {"kind": "503", "next": 1, "retry_after": 4})
    with viewer(api) as events:
        get(api)
        time.sleep(0.3)
        get(api, "/api/events?limit=11")
        get(api)
        failed, other, retry = (read_until(events, "request") for _ in range(3))
    assert (failed["transient"], failed["fault"], failed["retry_after"]) == (True, "503", 4)
    assert (other["retry_of"], other["wait_s"]) == (None, None)
    assert (retry["retry_of"], retry["attempt"]) == (1, 2)
    assert 0.3 <= retry["wait_s"] < 2


@pytest.mark.parametrize(
    ("kind", "rows", "transient"),
    [("html", None, True), ("invalid_json", None, True), ("empty_page", 0, False)],
)
def test_a_spoiled_answer_says_what_can_be_read_in_it(api, kind, rows, transient):
    act(api, "POST", "faults", {"kind": kind, "next": 1})
    get(api)
    with viewer(api) as events:
        request = read_until(events, "request")
    assert (request["rows"], request["transient"]) == (rows, transient)


def test_the_journal_keeps_the_last_requests_only():
    journal = Journal()
    for number in range(WINDOW + 50):
        journal.record(("GET", "/x" * 1000, f"page={number}"), time.monotonic(), 503, 10)
    kept = journal.after(0)
    assert [kept[0].number, kept[-1].number, len(kept)] == [51, WINDOW + 50, WINDOW]
    assert journal.after(WINDOW + 50) == []
    assert len(journal._failed) == FAILURES_REMEMBERED
    assert len(kept[0].path) == 500


def test_the_same_request_much_later_is_no_retry():
    journal = Journal()
    asked, now = ("GET", "/api/events", ""), time.monotonic()
    journal.record(asked, now, 503, 10)
    journal.record(asked, now + LONGEST_WAIT_S + 1, 503, 10)
    journal.record(asked, now + 1, 200, 10)
    assert [entry.attempt for entry in journal.after(0)] == [1, 1, 2]


def test_a_message_is_shown_as_short_text_whatever_it_holds(api):
    for number in range(MESSAGES_SHOWN + 5):
        act(api, "POST", "inbox", {"titre": number})
    many = {f"champ {number}": "x" * 2 * LONGEST_FIELD for number in range(FIELDS_SHOWN + 5)}
    act(api, "POST", "inbox", many)
    odd = ['{"a": "\\ud800 \\n\\nevent: state"}', '{"a": NaN}', '{"a": %s}' % ("[" * 900 + "]" * 900)]
    for body in odd:
        sent = requests.post(
            f"{api}/_lab/inbox", data=body, headers={"Content-Type": "application/json"}, timeout=10
        )
        assert sent.status_code == 201
    with viewer(api) as events:
        shown = [read_until(events, "message") for _ in range(MESSAGES_SHOWN)]
    assert shown[-1]["number"] == MESSAGES_SHOWN + 5 + 1 + len(odd)
    assert shown[-2]["fields"] == {"a": "NaN"}
    assert shown[-3]["fields"] == {"a": "\ud800 \n\nevent: state"}
    assert {len(text) for text in shown[-4]["fields"].values()} == {LONGEST_FIELD + 1}
    assert len(shown[-4]["fields"]) == FIELDS_SHOWN
    assert len(get(api, "/_lab/inbox").json()) == MESSAGES_SHOWN + 6 + len(odd)


def test_the_lab_s_own_pages_meet_no_fault_and_are_not_counted(api):
    act(api, "POST", "faults", {"kind": "500", "rate": 1, "path": "/"})
    own = ("/", "/boite", "/_lab/static/style.css", "/_lab/health", "/docs", "/openapi.json")
    assert [get(api, path).status_code for path in own] == [200] * len(own)
    assert get(api, "/_lab/counters").json()["requests"] == 0
    assert get(api, "/posts").status_code == 500


def test_the_pages_load_nothing_from_elsewhere_and_run_no_script_of_their_text(api):
    for path in ("/", "/boite"):
        answer = get(api, path)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'; script-src 'self';" in policy
        assert "unsafe" not in policy
        assert "://" not in answer.text.replace("http://www.w3.org", "")


def test_each_file_has_the_type_a_browser_asks_for_and_no_other_is_served(api):
    assert get(api, "/_lab/static/live.js").headers["Content-Type"].startswith("text/javascript")
    assert get(api, "/_lab/static/..%5cpages.py").status_code == 404
    assert get(api, "/_lab/static/..%2fpages.py").status_code == 404


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://autre-site.test"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Host": "rebond.test:8765"},
        {"Host": "rebond.test", "Origin": "http://rebond.test"},
        {"Host": "127.0.0.1.rebond.test"},
        {"Host": "[::1"},
        {"Host": ""},
    ],
)
def test_a_request_from_elsewhere_is_refused(api, headers):
    act(api, "POST", "faults", {"kind": "404", "rate": 1})
    for method, path in [("POST", "reset"), ("DELETE", "faults"), ("GET", "stream")]:
        answer = act(api, method, path, **headers)
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "foreign_request")
    assert len(get(api, "/_lab/faults").json()) == 1


def test_a_page_of_elsewhere_is_refused_the_switchboard_s_page_but_not_the_data(api):
    assert requests.get(api, headers={"Host": "rebond.test"}, timeout=10).status_code == 403
    elsewhere = {"Origin": "https://autre-site.test"}
    assert requests.get(f"{api}/posts", headers=elsewhere, timeout=10).status_code == 200


def test_curl_n8n_and_the_page_itself_are_welcome(api):
    port = api.rsplit(":", 1)[1]
    for headers in ({}, {"Origin": api}, {"Host": f"localhost:{port}", "Origin": f"http://localhost:{port}"}):
        assert act(api, "POST", "reset", **headers).status_code == 200


def test_open_streams_do_not_delay_the_stop():
    with running_api() as running:
        streams = [requests.get(f"{running.url}/_lab/stream", stream=True, timeout=10) for _ in range(3)]
        ended = []
        readers = [
            threading.Thread(target=lambda answer=answer: ended.append(b"".join(answer.iter_content(None))))
            for answer in streams
        ]
        for reader in readers:
            reader.start()
        time.sleep(0.3)
        stopping = time.monotonic()
    assert time.monotonic() - stopping < 0.8
    for reader in readers:
        reader.join(5)
    assert len(ended) == 3


def test_a_viewer_that_does_not_read_holds_nothing_back():
    with running_api() as running:
        host, port = running.url.removeprefix("http://").split(":")
        deaf = socket.create_connection((host, int(port)))
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        deaf.sendall(f"GET /_lab/stream HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
        for _ in range(MESSAGES_SHOWN):
            act(
                running.url, "POST", "inbox", {f"champ {n}": "x" * LONGEST_FIELD for n in range(FIELDS_SHOWN)}
            )
        started = time.monotonic()
        for _ in range(20):
            get(running.url)
        assert time.monotonic() - started < 2
        stopping = time.monotonic()
    assert time.monotonic() - stopping < 2.5
    deaf.close()
