"""What each status of an answer means: done, to be asked again, or an error in one sentence with what to do."""

import logging
from datetime import UTC, datetime

import pytest
import time_machine
from requests.structures import CaseInsensitiveDict

from ingestion.api.retry import RateLimit, TransientError, check_status, retry_after_seconds, retrying
from ingestion.errors import IngestError

URL = "http://127.0.0.1:8765/api/events"
REFUSED = f"L'API refuse l'accès à {URL} ({{status}}) : vérifiez LAB_API_TOKEN."
ABSENT = f"{URL} n'existe pas ({{status}}) : vérifiez --base-url et --resource. Elle dit : absent"
OTHER = f"L'API répond {{status}} sur {URL}. Elle dit : absent"


def told(status, headers=(), body=b"absent"):
    with pytest.raises(IngestError) as caught:
        check_status(status, CaseInsensitiveDict(headers), body, URL)
    return caught.value


@pytest.mark.parametrize("status", [200, 204])
def test_a_success_is_silent(status):
    check_status(status, {}, b"", URL)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_what_may_pass_is_told_as_such_with_the_wait_that_the_api_asks(status):
    error = told(status, {"Retry-After": "7"})
    assert isinstance(error, TransientError)
    assert (error.code, error.retry_after) == ("rate_limited" if status == 429 else "server_error", 7)
    assert str(error) == f"L'API répond {status} sur {URL}, même en recommençant."


@pytest.mark.parametrize(
    "headers", [{"Retry-After": "0"}, {"X-RateLimit-Remaining": " 0 "}, {"RateLimit-Remaining": "0"}]
)
def test_a_403_that_is_a_rate_limit_may_pass(headers):
    error = told(403, headers)
    assert (type(error), error.code) == (TransientError, "rate_limited")


@pytest.mark.parametrize(
    ("status", "headers", "code", "sentence"),
    [
        (401, {"Retry-After": "1"}, "unauthorized", REFUSED),
        (403, {"X-RateLimit-Remaining": "12"}, "unauthorized", REFUSED),
        (404, {"Retry-After": "1"}, "not_found", ABSENT),
        (410, {}, "not_found", ABSENT),
        (400, {}, "http_error", OTHER),
        (402, {}, "http_error", OTHER),
        (205, {}, "http_error", OTHER),
    ],
)
def test_what_will_not_pass_is_told_at_once(status, headers, code, sentence):
    error = told(status, headers)
    assert (type(error), error.code, str(error)) == (IngestError, code, sentence.format(status=status))


def test_a_proxy_that_wants_a_password_is_told_with_where_to_give_it():
    error = told(407)
    assert error.code == "proxy_refused"
    assert str(error) == (
        f"Le proxy demande une identification (407) pour appeler {URL} : donnez-la dans HTTP_PROXY / HTTPS_PROXY, "
        "ou ajoutez l'hôte à NO_PROXY."
    )


def test_an_api_that_says_nothing_more_is_not_quoted():
    assert str(told(404, body=b" \n")).endswith("--base-url et --resource.")


@pytest.mark.parametrize(("seconds", "kind"), [(120, TransientError), (121, IngestError)])
def test_a_wait_of_more_than_two_minutes_is_not_waited_for(seconds, kind):
    error = told(503, {"Retry-After": str(seconds)})
    assert (type(error), error.code) == (kind, "server_error")
    assert ("Elle demande d'attendre 121 s : relancez plus tard." in str(error)) == (kind is IngestError)


def test_each_attempt_is_logged_with_its_cause_its_number_and_the_wait(caplog):
    answers = iter([TransientError("server_error", "503"), TransientError("rate_limited", "429"), None])

    def call():
        if error := next(answers):
            raise error
        return "done"

    with caplog.at_level(logging.WARNING):
        assert retrying(3, 0.01, 5)(call) == "done"
    assert [(one.message, one.code, one.attempt) for one in caplog.records] == [
        ("retrying", "server_error", 1),
        ("retrying", "rate_limited", 2),
    ]
    assert all(0 < one.wait_s <= 0.01 for one in caplog.records)


@pytest.mark.parametrize(("per_second", "interval"), [(4, 0.25), (0.5, 2.0), (None, 0.0)])
def test_our_own_limit_spaces_requests_by_its_inverse(per_second, interval):
    assert RateLimit(per_second).interval == interval


def test_a_header_that_is_not_there_is_no_wait():
    assert retry_after_seconds(None) == 0.0
    assert retry_after_seconds("bientôt") == 0.0


SERVED = "Wed, 03 Jan 2024 08:00:00 GMT"


@pytest.mark.parametrize(
    ("header", "served_at", "seconds"),
    [
        (" 7 ", None, 7.0),
        ("9" * 12, None, 999_999_999.0),
        ("Wed, 03 Jan 2024 08:00:30 GMT", SERVED, 30.0),
        ("Wed, 03 Jan 2024 07:59:30 GMT", SERVED, 0.0),
        ("Wed, 03 Jan 2024 08:00:45 GMT", None, 15.0),
        ("Wed, 03 Jan 2024 08:00:30 -0000", SERVED, 0.0),
        ("1.5", None, 0.0),
    ],
    ids=[
        "spaces",
        "for ever",
        "a date",
        "a date past",
        "a date, no clock",
        "a date of no zone",
        "no integer",
    ],
)
def test_the_wait_asked_for_is_read_in_seconds_or_as_a_date(header, served_at, seconds):
    with time_machine.travel(datetime(2024, 1, 3, 8, 0, 30, tzinfo=UTC), tick=False):
        assert retry_after_seconds(header, served_at) == seconds


def test_a_date_is_compared_with_the_clock_of_the_answer_that_holds_it():
    error = told(503, {"Retry-After": "Wed, 03 Jan 2024 08:00:09 GMT", "Date": SERVED})
    assert error.retry_after == 9


def waits(error, max_attempts=4, max_wait=10.0, budget=1000.0):
    """What is waited between the attempts of a call that always fails, in seconds."""
    slept = []

    def call():
        raise error

    with pytest.raises(type(error)) as caught:
        retrying(max_attempts, max_wait, budget).copy(sleep=slept.append)(call)
    assert caught.value is error
    return slept


def test_a_wait_is_never_nil_nor_longer_than_the_longest():
    found = [wait for _ in range(50) for wait in waits(TransientError("server_error", "503"), 6, 2.0)]
    assert len(found) == 250
    assert 0.05 <= min(found) < max(found) <= 2.0
    assert len(set(found)) > 200, "chance spreads them"


def test_the_longest_wait_may_be_shorter_than_the_shortest():
    assert set(waits(TransientError("server_error", "503"), max_wait=0.01)) == {0.01}


def test_what_the_api_asks_is_waited_though_it_is_more_than_the_longest():
    assert waits(TransientError("rate_limited", "429", 30.0)) == [30.0] * 3


def test_a_wait_that_would_pass_the_budget_is_not_begun():
    assert waits(TransientError("rate_limited", "429", 30.0), budget=29) == []


def test_what_will_not_pass_is_asked_once():
    assert waits(IngestError("not_found", "404")) == []


def test_requests_are_spaced_and_a_pause_is_not_caught_up(monkeypatch):
    now, slept = [100.0], []
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    monkeypatch.setattr("time.sleep", slept.append)
    limit = RateLimit(4)
    for moment in (100.0, 100.0, 100.1, 200.0, 200.0):
        now[0] = moment
        limit.wait()
    assert slept == pytest.approx([0, 0.25, 0.4, 0, 0.25])


def test_without_a_limit_nothing_is_waited_for(monkeypatch):
    monkeypatch.setattr("time.sleep", pytest.fail)
    RateLimit(None).wait()
