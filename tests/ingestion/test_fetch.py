"""Calling the API: what is retried, how long, and what never leaks."""

import gzip
import logging
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.api.client import ApiClient
from ingestion.api.retry import retry_after_seconds
from ingestion.errors import IngestError
from tests.ingestion.toy_api import envelope, toy_api

NOW = datetime(2024, 1, 1, tzinfo=UTC)


def failing(*statuses, **headers):
    """An API that gives these statuses in turn, then rows; and the list of what it was asked."""
    asked = []

    def answer(query):
        asked.append(time.monotonic())
        if len(asked) <= len(statuses):
            return statuses[len(asked) - 1], headers, b"{}"
        return envelope([])

    return answer, asked


def error_of(url, **settings):
    with pytest.raises(IngestError) as error:
        ApiClient(url, max_wait=0.01, **settings).get("/x", {})
    return error.value


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_a_passing_status_is_retried(status):
    answer, asked = failing(status, status)
    with toy_api(answer) as url:
        ApiClient(url, max_wait=0.01).get("/x", {})
    assert len(asked) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 410, 422, 501])
def test_a_lasting_status_is_asked_once(status):
    answer, asked = failing(status, status)
    with toy_api(answer) as url:
        error_of(url)
    assert len(asked) == 1


def test_retry_after_zero_is_not_a_hot_loop():
    answer, asked = failing(503, 503, **{"Retry-After": "0"})
    with toy_api(answer) as url:
        ApiClient(url, max_wait=1).get("/x", {})
    assert min(later - sooner for sooner, later in zip(asked, asked[1:], strict=False)) >= 0.05


def test_retry_after_is_a_floor_above_the_longest_wait():
    answer, asked = failing(429, **{"Retry-After": "1"})
    with toy_api(answer) as url:
        ApiClient(url, max_wait=0.01).get("/x", {})
    assert asked[1] - asked[0] >= 1


@given(st.integers(0, 10_000))
def test_retry_after_reads_seconds(seconds):
    assert retry_after_seconds(str(seconds)) == seconds


@given(st.integers(-10_000, 10_000))
def test_retry_after_reads_an_http_date_and_the_past_is_zero(seconds):
    text = format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)
    assert retry_after_seconds(text, format_datetime(NOW, usegmt=True)) == max(0, seconds)


@given(st.text())
def test_retry_after_that_makes_no_sense_is_no_floor_and_no_crash(text):
    assert retry_after_seconds(text) >= 0


def test_the_total_budget_ends_the_retries():
    answer, asked = failing(*[503] * 50)
    with toy_api(answer) as url:
        started = time.monotonic()
        with pytest.raises(IngestError):
            ApiClient(url, max_attempts=50, max_wait=0.3, budget=0.5).get("/x", {})
    assert (len(asked) < 50, time.monotonic() - started < 2) == (True, True)


def test_a_body_above_the_limit_is_refused_with_advice():
    with toy_api(lambda query: envelope(["x" * 5_000])) as url:
        error = error_of(url, max_body=1_000)
    assert (error.code, "--page-size" in error.message) == ("body_too_large", True)


def test_a_small_body_that_inflates_beyond_the_limit_is_refused():
    bomb = gzip.compress(b" " * 50_000_000)
    with toy_api(lambda query: (200, {"Content-Encoding": "gzip"}, bomb)) as url:
        assert error_of(url, max_body=1 << 20).code == "body_too_large"


def test_a_compressed_body_is_read():
    body = gzip.compress(b'{"data": [{"id":1}], "has_more": false}')
    with toy_api(lambda query: (200, {"Content-Encoding": "gzip"}, body)) as url:
        assert ApiClient(url).get("/x", {}).row_texts == [b'{"id":1}']


def test_an_api_that_does_not_answer_in_time_is_named():
    def slow(query):
        time.sleep(1)
        return envelope([])

    with toy_api(slow) as url:
        assert error_of(url, timeout=(1, 0.1), max_attempts=1).code == "api_timeout"


def test_our_own_rate_limit_spaces_the_requests():
    answer, asked = failing()
    with toy_api(answer) as url:
        client = ApiClient(url, max_requests_per_second=20)
        for _ in range(5):
            client.get("/x", {})
    assert asked[-1] - asked[0] >= 0.18


@pytest.mark.parametrize("status", [400, 401, 500, 200])
def test_the_token_is_in_no_message_and_no_log(status, caplog):
    caplog.set_level(logging.DEBUG)
    with toy_api(lambda query: (status, {}, b"not json: s3cret-token")) as url:
        error = error_of(url, token="s3cret-token")
    assert "s3cret-token" not in error.message + str(error) + caplog.text


@pytest.mark.parametrize(
    "address", ["http://someone:passw0rd@127.0.0.1:9", "http://127.0.0.1:9/?key=passw0rd"]
)
def test_a_secret_in_the_address_is_refused_and_not_repeated(address):
    with pytest.raises(IngestError) as error:
        ApiClient(address)
    assert (error.value.code, "passw0rd" in error.value.message) == ("usage", False)


def test_a_redirect_within_the_host_is_followed():
    def answer(query):
        return envelope([{"id": 1}]) if query else (307, {"Location": "/elsewhere?moved=1"}, b"")

    with toy_api(answer) as url:
        assert ApiClient(url).get("/x", {}).row_texts == [b'{"id":1}']


def test_redirects_that_go_round_are_refused():
    with toy_api(lambda query: (307, {"Location": "/x"}, b"")) as url:
        assert error_of(url).code == "redirect_refused"
