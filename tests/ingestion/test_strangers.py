"""The engine on an API that is not ours, as a command: days, secrets, addresses, and rows that are not like our own."""

import json
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from datetime import datetime

import pyarrow.parquet as pq
import pytest

from tests.conftest import Engine
from tests.ingestion.toy_api import toy_api

JANUARY_1ST = ("--start-date", "2024-01-01", "--end-date", "2024-01-01")
SECRET = "sk-test-0123456789"


def event(number: int, day: str = "2024-01-01", **more) -> dict:
    return {"id": number, "event_time": f"{day}T10:00:00Z", "updated_at": f"{day}T11:00:00Z", **more}


def listing(rows):
    """An API over `rows`, asked for a day of theirs or for what changed."""

    def answer(query):
        found = rows
        if "date" in query:
            found = [row for row in rows if row["event_time"][:10] == query["date"]]
        if "updated_since" in query:
            since = datetime.fromisoformat(query["updated_since"])
            found = [
                row
                for row in rows
                if row.get("updated_at") and datetime.fromisoformat(row["updated_at"]) >= since
            ]
        return 200, {}, json.dumps({"data": found, "next_cursor": None, "has_more": False}).encode()

    return answer


def bronze_file(engine, day="2024-01-01", name="data.parquet"):
    return engine.folder / "data/bronze" / f"partition_date={day}" / name


def rows_of(engine, day="2024-01-01") -> list[dict]:
    path = bronze_file(engine, day)
    return pq.ParquetFile(path).read().to_pylist() if path.exists() else []


@pytest.fixture
def at(tmp_path):
    return lambda url: Engine(tmp_path, url)


# Days


@pytest.mark.parametrize("status", [204, 404, 410, 422])
def test_a_day_the_source_does_not_have_leaves_the_others_done_and_is_named(at, status):
    def answer(query):
        if query["date"] == "2024-01-03":
            return status, {"Content-Length": "0"}, b""
        return listing([event(1, query["date"])])(query)

    with toy_api(answer) as url:
        run = at(url)("backfill", "--start-date", "2024-01-01", "--end-date", "2024-01-09")
    named = set(run.result.get("failed", {})) | set(run.result["partitions"]["empty"])
    assert (len(run.result["partitions"]["written"]), named) == (8, {"2024-01-03"})


def test_when_the_api_goes_down_the_days_not_tried_are_named(at):
    def answer(query):
        return 401, {}, b"{}"

    with toy_api(answer) as url:
        run = at(url)("backfill", "--start-date", "2024-01-01", "--end-date", "2024-01-09", "--workers", "1")
    tried = set(run.result["failed"])
    assert tried | set(run.result["partitions"]["not_tried"]) == {f"2024-01-0{day}" for day in range(1, 10)}


def test_an_event_corrected_to_another_day_is_in_that_day_only(at):
    rows = [event(number, f"2024-01-0{1 + number % 2}") for number in range(1, 11)]
    with toy_api(listing(rows)) as url:
        engine = at(url)
        engine.ingest("--start-date", "2024-01-01", "--end-date", "2024-01-02")
        rows[3] = rows[3] | {"event_time": "2024-01-02T12:00:00Z", "updated_at": "2024-01-05T00:00:00Z"}
        run = engine.ingest(
            "--watermark", "updated_at", "--since", "2024-01-05T00:00:00Z", "--look-back-hours", "0"
        )
    where = [day for day in ("2024-01-01", "2024-01-02") for row in rows_of(engine, day) if row["id"] == 4]
    assert (where, run.result["rows"]["dropped_by_source"]) == (["2024-01-02"], 1)


def test_an_event_corrected_to_a_day_never_read_is_in_that_day_only(at):
    rows = [event(number) for number in range(1, 5)]
    with toy_api(listing(rows)) as url:
        engine = at(url)
        engine.ingest(*JANUARY_1ST)
        rows[3] = rows[3] | {"event_time": "2024-01-07T12:00:00Z", "updated_at": "2024-01-08T00:00:00Z"}
        engine.ingest(
            "--watermark", "updated_at", "--since", "2024-01-08T00:00:00Z", "--look-back-hours", "0"
        )
    found = {day: [row["id"] for row in rows_of(engine, day)] for day in ("2024-01-01", "2024-01-07")}
    assert found == {"2024-01-01": [1, 2, 3], "2024-01-07": [4]}


def test_days_cut_at_the_hour_of_the_source_are_told_as_such(at):
    local = event(1) | {"event_time": "2024-01-02T00:30:00+02:00"}
    rows = [event(number, "2024-01-02") for number in range(2, 30)]
    with toy_api(listing([local, *rows])) as url:
        run = at(url).ingest("--start-date", "2024-01-02", "--end-date", "2024-01-02")
    assert (run.code, run.result["error"]["code"]) == (1, "days_not_utc")
    assert run.result["partitions"]["written"] == ["2024-01-02"]


def test_a_row_replayed_into_a_neighbouring_day_stays_there_when_both_are_read_again(at):
    local = event(1) | {"event_time": "2024-01-02T00:30:00+02:00"}
    rows = [event(number, f"2024-01-0{1 + number % 2}") for number in range(2, 60)]
    period = ("--start-date", "2024-01-01", "--end-date", "2024-01-02")
    with toy_api(listing([local, *rows])) as url:
        engine = at(url)
        engine.ingest(*period)
        assert engine("quarantine", "replay").result["replayed"] == 1
        for _ in range(2):
            engine.ingest(*period)
            assert [row["id"] for row in rows_of(engine, "2024-01-01") if row["id"] == 1] == [1]
            assert [row["id"] for row in rows_of(engine, "2024-01-02") if row["id"] == 1] == []


def test_two_mended_rows_of_one_identifier_are_told_and_both_kept_waiting(at):
    rows = [event(7, amount="douze"), event(7, amount="treize"), *(event(number) for number in range(20, 60))]
    with toy_api(listing(rows)) as url:
        engine = at(url)
        engine.ingest(*JANUARY_1ST)
        path = engine.folder / "data/quarantine/events/2024-01-01.jsonl"
        mended = path.read_text().replace('"douze"', "12").replace('"treize"', "13")
        path.write_text(mended)
        result = engine("quarantine", "replay").result
    assert (result["replayed"], result["still_quarantined"], result["same_id"]) == (0, 2, [7])


def test_a_quarantined_row_keeps_every_digit(at):
    odd = b'{"id": 1, "event_time": "hier",\n "rate": 1.10, "big": 123456789012345678901234567890}'
    body = b'{"data": [' + odd + b", " + json.dumps([event(n) for n in range(2, 30)]).encode()[1:-1]
    body += b'], "next_cursor": null}'
    with toy_api(lambda query: (200, {}, body)) as url:
        engine = at(url)
        engine.ingest(*JANUARY_1ST)
    kept = (engine.folder / "data/quarantine/events/2024-01-01.jsonl").read_bytes()
    assert odd.replace(b"\n", b" ") in kept


# Versions


def test_of_two_versions_the_one_with_an_update_wins(at):
    with toy_api(listing([event(1, amount=2.0), event(1, amount=1.0) | {"updated_at": None}])) as url:
        engine = at(url)
        engine.ingest(*JANUARY_1ST)
    assert [row["amount"] for row in rows_of(engine)] == [2.0]


def test_an_update_of_the_year_9999_does_not_move_the_watermark_and_is_said(at):
    rows = [event(1), event(2) | {"updated_at": "9999-12-31T23:59:59Z"}]
    with toy_api(listing(rows)) as url:
        engine = at(url)
        run = engine.ingest("--watermark", "updated_at", "--start-date", "2024-01-01")
    assert run.result["watermark"] == "2024-01-01T11:00:00Z"
    assert "update in the future ignored" in [line["message"] for line in run.logs]


@pytest.mark.parametrize(
    "arguments",
    [JANUARY_1ST, ("--watermark", "updated_at", "--start-date", "2024-01-01")],
    ids=["a day", "an increment"],
)
def test_sound_rows_and_unknown_fields_are_ingested_without_pandas(at, arguments):
    """Its import costs a quarter of a second, more than ten days of ours; the same over what is already there."""
    code = (
        "import sys; from ingestion.__main__ import main; main(['ingest', *sys.argv[1:]]); "
        "print({'pandas'} & set(sys.modules))"
    )
    for corrected in ({}, {"country": "BE", "updated_at": "2024-01-02T09:00:00Z"}):
        with toy_api(listing([event(1) | corrected, event(2, loyalty="or")])) as url:
            engine = at(url)
            done = subprocess.run(
                [sys.executable, "-c", code, *arguments],
                cwd=engine.folder,
                env=engine.environment(),
                capture_output=True,
                encoding="utf-8",
            )
        assert len(rows_of(engine)) == 2
        assert done.stdout.splitlines()[-1] == "set()"


# Addresses and secrets


@pytest.mark.parametrize("tail", ["/v2", "/v2/"])
def test_a_base_address_with_a_path_keeps_it(at, tail):
    seen = []
    with toy_api(listing([event(1)]), seen) as url:
        assert at(url + tail).ingest(*JANUARY_1ST).code == 0
    assert {path for path, _ in seen} == {"/v2/api/events"}


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:99999", "http://[::1", "http://exa mple.org", "127.0.0.1:8765", ""]
)
def test_a_malformed_address_is_wrong_usage(at, url):
    run = at("http://127.0.0.1:9").ingest(*JANUARY_1ST, "--base-url", url)
    assert (run.code, run.result["error"]["code"]) == (2, "usage")


@pytest.mark.parametrize("token", [SECRET, SECRET + "\n", SECRET + "\r\n"])
def test_the_token_is_sent_without_the_line_end_of_its_file(at, token):
    seen = []
    with toy_api(listing([event(1)]), seen) as url:
        at(url).ingest(*JANUARY_1ST, LAB_API_TOKEN=token)
    assert {sent for _, sent in seen} == {f"Bearer {SECRET}"}


@pytest.mark.parametrize("token", [SECRET + "€", SECRET + "\x01", SECRET + " x"])
def test_a_token_no_header_can_carry_is_wrong_usage_and_never_shown(at, token):
    run = at("http://127.0.0.1:9").ingest(*JANUARY_1ST, LAB_API_TOKEN=token)
    assert (run.code, "LAB_API_TOKEN" in run.result["error"]["message"]) == (2, True)
    assert SECRET not in json.dumps([run.result, run.logs])


def test_the_token_does_not_come_out_in_the_words_of_the_api(at):
    said = json.dumps({"detail": f"unknown key {SECRET}"}).encode()
    with toy_api(lambda query: (400, {}, said)) as url:
        run = at(url).ingest(*JANUARY_1ST, LAB_API_TOKEN=SECRET)
    assert "unknown key ***" in run.result["error"]["message"]
    assert SECRET not in json.dumps([run.result, run.logs])


def test_a_403_that_is_a_rate_limit_is_told_as_one(at):
    with toy_api(lambda query: (403, {"X-RateLimit-Remaining": "0"}, b"{}")) as url:
        assert at(url).ingest(*JANUARY_1ST).result["error"]["code"] == "rate_limited"


def test_a_proxy_that_is_down_is_named(at):
    run = at("http://192.0.2.1:8765").ingest(
        *JANUARY_1ST, HTTP_PROXY="http://127.0.0.1:9", http_proxy="http://127.0.0.1:9"
    )
    assert "proxy http://127.0.0.1:9" in run.result["error"]["message"]


@contextmanager
def dripping():
    """A server whose headers never end, one byte at a time."""
    listener = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def serve():
        while not over.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            try:
                connection.recv(4096)
                connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
                while not over.wait(0.1):
                    connection.sendall(b"x")
            except OSError:
                pass
            finally:
                connection.close()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        over.set()
        listener.close()


def test_max_seconds_bounds_headers_that_never_end_all_attempts_together(at):
    with dripping() as url:
        run = at(url).ingest(*JANUARY_1ST, "--max-seconds", "1")
    assert run.result["error"]["code"] == "api_timeout"


# Files and options


@pytest.mark.parametrize(
    "target", ["gs://bucket/bronze", "s3a://bucket/x", "file:///tmp/x", "s3:bucket", "~/bronze", ""]
)
def test_a_destination_that_is_not_understood_is_wrong_usage(at, target):
    engine = at("http://127.0.0.1:9")
    assert engine.ingest(*JANUARY_1ST, "--output-dir", target).code == 2
    assert list(engine.folder.iterdir()) == []


def test_files_of_another_tool_in_a_day_are_told_and_not_doubled(at):
    with toy_api(listing([event(1)])) as url:
        engine = at(url)
        stranger = bronze_file(engine, name="part-0000.snappy.parquet")
        stranger.parent.mkdir(parents=True)
        stranger.write_bytes(b"PAR1")
        run = engine.ingest(*JANUARY_1ST)
    assert run.result["error"]["code"] == "foreign_files"
    assert not (stranger.parent / "data.parquet").exists()


def test_an_empty_file_is_not_a_day_done(at):
    with toy_api(listing([event(1)])) as url:
        engine = at(url)
        path = bronze_file(engine)
        path.parent.mkdir(parents=True)
        path.touch()
        assert engine("backfill", *JANUARY_1ST).result["partitions"]["skipped"] == []


def test_a_folder_named_20240101_is_no_day(at):
    with toy_api(listing([event(1)])) as url:
        engine = at(url)
        path = bronze_file(engine, "20240101")
        path.parent.mkdir(parents=True)
        path.write_bytes(b"PAR1")
        assert engine("backfill", *JANUARY_1ST).result["partitions"]["written"] == ["2024-01-01"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("--look-back-hours", "99999999999", "--watermark", "updated_at", "--start-date", "2024-01-01"),
        (*JANUARY_1ST, "--page-size", "9" * 30),
        (*JANUARY_1ST, "--page-size", "²"),
        (*JANUARY_1ST, "--workers", "9" * 20),
        (*JANUARY_1ST, "--max-attempts", "9" * 5000),
        (*JANUARY_1ST, "--max-quarantine-ratio", "nan"),
        (*JANUARY_1ST, "--max-requests-per-second", "1e-320"),
        (*JANUARY_1ST, "--look-back-hours", "5"),
        ("--watermark", "last_id", "--since", "9" * 5000),
    ],
)
def test_an_extreme_or_ignored_option_is_refused_with_a_sentence(at, arguments):
    run = at("http://127.0.0.1:9")("ingest", *arguments)
    assert (run.code, len(run.result["error"]["message"]) < 400) == (2, True)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--resource", "posts"),
        ("--watermark", "updated_at"),
        ("--since", "nonsense"),
        ("--look-back-hours", "5"),
    ],
)
def test_a_backfill_refuses_what_ingest_refuses(at, arguments):
    run = at("http://127.0.0.1:9")(
        "backfill", "--start-date", "2024-01-01", "--end-date", "2024-01-05", *arguments
    )
    assert run.code == 2


def test_the_earliest_instant_can_be_a_watermark(at):
    with toy_api(listing([event(1)])) as url:
        run = at(url).ingest("--watermark", "updated_at", "--since", "0001-01-01T00:00:00Z")
    assert run.code == 0
