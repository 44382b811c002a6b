"""ingest_api.py, by its command line, against the real practice API."""

import functools
import http.server
import json
import resource
import subprocess
import threading

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

ONE_DAY = ("--start-date", "2024-01-05", "--end-date", "2024-01-05")
FILE = "data/bronze/partition_date=2024-01-05/data.parquet"


def read(engine, name=FILE):
    return pq.ParquetFile(engine.folder / name).read()


def test_each_day_of_the_range_gets_its_own_file_holding_only_its_events(engine):
    run = engine.ingest("--start-date", "2024-01-05", "--end-date", "2024-01-07")
    days = {}
    for path in run.result["output_files"]:
        instants = read(engine, path)["event_time"].to_pylist()
        days[path.split("=")[1][:10]] = {instant.date().isoformat() for instant in instants}
    assert run.code == 0
    assert days == {day: {day} for day in ("2024-01-05", "2024-01-06", "2024-01-07")}


def test_running_twice_leaves_the_same_bytes(engine):
    engine.ingest(*ONE_DAY)
    first = (engine.folder / FILE).read_bytes()
    again = engine.ingest(*ONE_DAY)
    assert again.result["partitions"]["unchanged"] == ["2024-01-05"]
    assert (engine.folder / FILE).read_bytes() == first


def test_the_file_carries_the_metadata_columns_of_the_course(engine):
    engine.ingest(*ONE_DAY)
    names = read(engine).column_names
    assert {"_ingested_at", "_source", "_partition_date"} <= set(names)


def test_all_paginations_give_the_same_rows(engine):
    tables = []
    for pagination in ("page", "offset", "cursor", "keyset"):
        run = engine.ingest(*ONE_DAY, "--pagination", pagination, "--output-dir", pagination)
        tables.append(read(engine, run.result["output_file"]).drop_columns(["_ingested_at"]))
    assert all(table.equals(tables[0]) for table in tables)


def test_a_corrected_row_replaces_its_former_self_and_a_deleted_one_goes(engine):
    engine.switch("clock", "PUT", now="2024-01-06T00:00:00Z")
    engine.ingest(*ONE_DAY)
    engine.switch("clock", "PUT", now="2024-02-01T00:00:00Z")
    rows = engine.ingest(*ONE_DAY).result["rows"]
    assert min(rows["replaced"], rows["dropped_by_source"], rows["written"], rows["unchanged"]) > 0
    ids = read(engine)["id"].to_pylist()
    assert len(ids) == len(set(ids))


def test_rows_received_are_all_accounted_for(engine):
    rows = engine.ingest(*ONE_DAY).result["rows"]
    parts = ("written", "replaced", "unchanged", "duplicates", "quarantined", "unpublished")
    assert rows["received"] == sum(rows[part] for part in parts) > 900


def test_malformed_rows_wait_in_quarantine_with_their_reason(engine):
    run = engine.ingest(*ONE_DAY)
    lines = (engine.folder / "data/quarantine/events/2024-01-05.jsonl").read_text("utf-8").splitlines()
    entries = [json.loads(line) for line in lines]
    assert len(entries) == run.result["quarantined"] > 0
    assert all(entry["reason"] and entry["run_id"] == run.result["run_id"] for entry in entries)


def test_transactions_keep_exact_decimals(engine):
    run = engine.ingest("--resource", "transactions", *ONE_DAY)
    assert read(engine, run.result["output_file"]).schema.field("amount").type == pa.decimal128(18, 2)


def test_posts_are_a_snapshot_of_one_day(engine):
    run = engine.ingest("--resource", "posts", *ONE_DAY)
    assert (run.code, run.result["records_count"]) == (0, 100)


def test_the_increment_merges_late_rows_into_their_own_day(engine):
    engine.switch("clock", "PUT", now="2024-01-08T00:00:00Z")
    engine.ingest("--start-date", "2024-01-01", "--end-date", "2024-01-07")
    engine.ingest("--watermark", "updated_at", "--start-date", "2024-01-07")
    engine.switch("clock", "PUT", now="2024-01-09T00:00:00Z")
    run = engine.ingest("--watermark", "updated_at")
    engine.ingest("--start-date", "2024-01-01", "--end-date", "2024-01-08", "--output-dir", "truth")
    assert run.result["rows"]["written"] > 900
    truth = {row["id"] for row in read(engine, "truth/partition_date=2024-01-07/data.parquet").to_pylist()}
    bronze = {row["id"] for row in read(engine, FILE.replace("01-05", "01-07")).to_pylist()}
    assert truth <= bronze


def test_a_given_watermark_is_given_back_and_not_kept_on_disk(engine):
    run = engine.ingest("--watermark", "updated_at", "--since", "2024-03-31T12:00:00Z")
    assert run.result["watermark"] > "2024-03-31T23"
    assert not (engine.folder / "data/state").exists()


def test_a_damaged_state_file_is_an_error_and_never_a_full_reload(engine):
    state = engine.folder / "data/state/events.updated_at.json"
    state.parent.mkdir(parents=True)
    state.write_text('{"version": 1, "resou')
    run = engine.ingest("--watermark", "updated_at", "--start-date", "2024-03-31")
    assert (run.code, run.result["error"]["code"]) == (1, "bad_state")


@pytest.mark.parametrize(
    "arguments",
    [
        ("--start-date", "2024-01-06", "--end-date", "2024-01-05"),
        ("--start-date", "2024-02-30", "--end-date", "2024-03-01"),
        (*ONE_DAY, "--page-size", "0"),
        ("--start-date", "2024-01-05"),
        (*ONE_DAY, "--resource", "unicorns"),
        (*ONE_DAY, "--base-url", "ftp://example.test"),
        ("--watermark", "updated_at", "--since", "hier"),
        (*ONE_DAY, "--frobnicate"),
    ],
)
def test_wrong_usage_exits_2_with_one_sentence(engine, arguments):
    run = engine("ingest", *arguments)
    assert (run.code, run.result["status"], run.result["error"]["code"]) == (2, "error", "usage")
    assert run.result["error"]["message"]


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("401", "unauthorized"),
        ("404", "not_found"),
        ("429", "rate_limited"),
        ("500", "server_error"),
        ("503", "server_error"),
        ("html", "invalid_json"),
        ("invalid_json", "invalid_json"),
        ("cut_body", "truncated_body"),
        ("list", "unexpected_shape"),
        ("redirect", "redirect_refused"),
        ("changed_schema", "too_many_rejects"),
        ("empty_page", "empty_day"),
    ],
)
def test_a_failing_api_gives_its_code_and_leaves_the_day_as_it_was(engine, kind, code):
    engine.ingest(*ONE_DAY)
    before = (engine.folder / FILE).read_bytes()
    engine.switch("faults", kind=kind, rate=1)
    run = engine.ingest(*ONE_DAY)
    assert (run.code, run.result["error"]["code"]) == (1, code)
    assert (engine.folder / FILE).read_bytes() == before


@pytest.mark.parametrize("kind", ["429", "500", "503", "cut_body", "invalid_json"])
def test_a_passing_fault_is_retried(engine, kind):
    engine.switch("faults", kind=kind, next=2, retry_after=0)
    assert engine.ingest(*ONE_DAY).code == 0


def test_a_404_is_not_retried(engine):
    engine.switch("faults", kind="404", rate=1)
    engine.ingest(*ONE_DAY)
    assert engine.switch("counters", "GET")["by_status"] == {"404": 1}


@pytest.mark.parametrize(
    ("form", "least"), [("seconds", 2), pytest.param("date", 1, id="date: whole seconds")]
)
def test_retry_after_is_never_undercut(engine, form, least):
    engine.switch("faults", kind="429", next=1, retry_after=2, retry_after_form=form)
    waits = [line["wait_s"] for line in engine.ingest(*ONE_DAY).logs if line["message"] == "retrying"]
    assert waits[0] >= least


def test_an_api_that_is_down_is_named(engine):
    run = engine.ingest(*ONE_DAY, "--base-url", "http://127.0.0.1:9")
    assert (run.code, run.result["error"]["code"]) == (1, "api_unreachable")
    assert "127.0.0.1:9" in run.result["error"]["message"]


def test_the_token_is_sent_and_appears_nowhere(engine):
    run = engine.ingest(*ONE_DAY, LAB_API_TOKEN="s3cret-token")
    assert "s3cret-token" not in json.dumps([run.result, run.logs])


def test_the_token_does_not_follow_a_redirect_to_another_host(engine):
    seen = []

    class Stranger(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            seen.append(self.headers.get("Authorization"))
            self.send_error(500)

        log_message = functools.partialmethod(lambda self, *_: None)

    stranger = http.server.HTTPServer(("127.0.0.1", 0), Stranger)
    threading.Thread(target=stranger.serve_forever, args=[0.02], daemon=True).start()
    engine.switch("faults", kind="redirect", rate=1, location=f"http://127.0.0.1:{stranger.server_port}/")
    run = engine.ingest(*ONE_DAY, LAB_API_TOKEN="s3cret-token")
    stranger.shutdown()
    stranger.server_close()
    assert (run.result["error"]["code"], seen) == ("redirect_refused", [])


def test_an_output_folder_that_is_a_file_is_named(engine):
    (engine.folder / "taken").write_text("")
    run = engine.ingest(*ONE_DAY, "--output-dir", "taken")
    assert (run.code, run.result["error"]["code"]) == (1, "output_not_writable")


def test_a_disk_that_fills_leaves_the_former_day_and_no_litter(engine):
    engine.ingest(*ONE_DAY)
    before = (engine.folder / FILE).read_bytes()
    done = subprocess.run(
        engine.command("ingest", *ONE_DAY, "--force"),
        cwd=engine.folder,
        env=engine.environment(),
        capture_output=True,
        encoding="utf-8",
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)),
    )
    assert json.loads(done.stdout)["error"]["code"] == "disk_full"
    assert [path.name for path in (engine.folder / FILE).parent.iterdir()] == ["data.parquet"]
    assert (engine.folder / FILE).read_bytes() == before


def mend_one(engine, day):
    """Correct by hand a row that waits since the reading of this day; gives its identifier."""
    path = engine.folder / f"data/quarantine/events/{day}.jsonl"
    entries = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    mended = next(entry for entry in entries if entry["reason"] == "unreadable_event_time")
    mended["raw"]["event_time"] = f"{day}T10:00:00Z"
    path.write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    return mended["raw"]["id"]


def test_a_mended_row_is_replayed_home_once(engine):
    engine.ingest("--start-date", "2024-01-01", "--end-date", "2024-01-03")
    mended = mend_one(engine, "2024-01-02")
    first = engine("quarantine", "replay")
    again = engine("quarantine", "replay")
    ids = read(engine, "data/bronze/partition_date=2024-01-02/data.parquet")["id"].to_pylist()
    assert (first.result["replayed"], again.result["replayed"]) == (1, 0)
    assert ids.count(mended) == 1


def test_a_mended_row_stays_home_when_its_day_is_read_again(engine):
    engine.ingest(*ONE_DAY)
    mended = mend_one(engine, "2024-01-05")
    engine("quarantine", "replay")
    again = engine.ingest(*ONE_DAY)
    assert again.result["rows"]["dropped_by_source"] == 0
    assert mended in read(engine)["id"].to_pylist()


def test_a_mended_row_stays_home_though_an_increment_refused_it_again_before_its_replay(engine):
    engine.ingest(*ONE_DAY)
    mended = mend_one(engine, "2024-01-05")
    engine.ingest("--watermark", "updated_at", "--start-date", "2024-01-05")
    engine("quarantine", "replay")
    again = engine.ingest(*ONE_DAY)
    assert again.result["rows"]["dropped_by_source"] == 0
    assert mended in read(engine)["id"].to_pylist()


@pytest.mark.parametrize(("kind", "shape"), [("last_id", int), ("cursor", str), ("updated_at", str)])
def test_each_watermark_is_kept_and_read_on_from(engine, kind, shape):
    engine.switch("clock", "PUT", now="2024-01-06T00:00:00Z")
    first = engine.ingest("--watermark", kind, "--start-date", "2024-01-04")
    engine.switch("clock", "PUT", now="2024-01-07T00:00:00Z")
    second = engine.ingest("--watermark", kind)
    engine.ingest("--start-date", "2024-01-06", "--end-date", "2024-01-06", "--output-dir", "truth")
    day = "partition_date=2024-01-06/data.parquet"
    assert (first.code, second.code) == (0, 0)
    assert shape(second.result["watermark"]) > shape(first.result["watermark"]) or kind == "cursor"
    assert read(engine, f"data/bronze/{day}")["id"].equals(read(engine, f"truth/{day}")["id"])


def test_the_last_id_does_not_see_a_correction_and_updated_at_does(engine):
    engine.switch("clock", "PUT", now="2024-01-06T00:00:00Z")
    seen = {}
    for kind in ("last_id", "updated_at"):
        folders = ("--output-dir", kind, "--state-dir", f"{kind}-state")
        engine.ingest("--watermark", kind, "--start-date", "2024-01-04", *folders)
    engine.switch("clock", "PUT", now="2024-01-08T00:00:00Z")
    for kind in ("last_id", "updated_at"):
        folders = ("--output-dir", kind, "--state-dir", f"{kind}-state")
        seen[kind] = engine.ingest("--watermark", kind, *folders).result["rows"]["replaced"]
    assert (seen["last_id"], seen["updated_at"] > 0) == (0, True)


@pytest.mark.parametrize(
    ("kind", "since"), [("updated_at", "hier"), ("last_id", "douze"), ("updated_at", "2024-01-01T00:00:00")]
)
def test_a_given_watermark_of_another_kind_is_refused(engine, kind, since):
    run = engine.ingest("--watermark", kind, "--since", since)
    assert (run.code, run.result["error"]["code"]) == (2, "usage")


def test_a_day_whose_content_is_the_same_is_not_rewritten_whatever_the_pagination(engine):
    engine.ingest(*ONE_DAY)
    before = (engine.folder / FILE).stat()
    engine.ingest(*ONE_DAY, "--pagination", "offset", "--page-size", "37")
    after = (engine.folder / FILE).stat()
    assert (before.st_mtime_ns, before.st_ino) == (after.st_mtime_ns, after.st_ino)


def test_too_many_rejects_publish_nothing(engine):
    run = engine.ingest(*ONE_DAY, "--max-quarantine-ratio", "0")
    assert (run.code, run.result["error"]["code"]) == (1, "too_many_rejects")
    assert not (engine.folder / FILE).exists()


def test_one_failed_day_among_many_ends_the_run_with_its_error(engine):
    engine.switch("faults", kind="404", next=1)
    run = engine.ingest("--start-date", "2024-01-01", "--end-date", "2024-01-20", "--workers", "2")
    assert (run.code, run.result["error"]["code"]) == (1, "not_found")
