"""The same engine on object storage: a real S3 endpoint (moto's server) on loopback, over HTTP."""

import json

import pyarrow.parquet as pq
import pytest
from moto.server import ThreadedMotoServer
from pyarrow import fs

DAYS = ("--start-date", "2024-01-05", "--end-date", "2024-01-06")
PLACES = ("--output-dir", "s3://lake/bronze", "--quarantine-dir", "s3://lake/quarantine")
STATE = ("--state-dir", "s3://lake/state")


@pytest.fixture(scope="module")
def endpoint():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3(endpoint, monkeypatch):
    """The storage as a user of it sees it, with one empty bucket; the engine find it by the environment."""
    for name, value in {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "lab",
        "AWS_SECRET_ACCESS_KEY": "lab",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    storage = fs.S3FileSystem(
        endpoint_override=endpoint, allow_bucket_creation=True, allow_bucket_deletion=True
    )
    storage.create_dir("lake")
    yield storage
    storage.delete_dir("lake")


def read(s3, day="2024-01-05"):
    return pq.ParquetFile(s3.open_input_file(f"lake/bronze/partition_date={day}/data.parquet")).read()


def test_a_day_on_s3_holds_what_the_same_day_holds_on_disk(engine, s3):
    run = engine.ingest(*DAYS, *PLACES)
    engine.ingest(*DAYS, "--output-dir", "local")
    local = pq.ParquetFile(engine.folder / "local/partition_date=2024-01-05/data.parquet").read()
    assert run.result["output_files"][0] == "s3://lake/bronze/partition_date=2024-01-05/data.parquet"
    assert read(s3).drop_columns(["_ingested_at"]).equals(local.drop_columns(["_ingested_at"]))


def test_each_partition_is_one_put(engine, s3, caplog):
    caplog.set_level("INFO", logger="werkzeug")
    engine.ingest(*DAYS, *PLACES)
    lines = [record.getMessage() for record in caplog.records if "/lake/bronze/" in record.getMessage()]
    sent = [line for line in lines if "PUT" in line or "POST" in line]
    assert [line.count("data.parquet") for line in sent] == [1, 1]


def test_a_second_run_writes_nothing(engine, s3):
    engine.ingest(*DAYS, *PLACES)
    partitions = engine.ingest(*DAYS, *PLACES).result["partitions"]
    assert (partitions["written"], len(partitions["unchanged"])) == ([], 2)


def test_a_backfill_on_s3_skips_the_days_that_are_there(engine, s3):
    engine.ingest(*DAYS, *PLACES)
    wider = ("--start-date", "2024-01-04", "--end-date", "2024-01-07")
    partitions = engine("backfill", *wider, *PLACES).result["partitions"]
    assert (len(partitions["skipped"]), len(partitions["written"])) == (2, 2)


def test_the_watermark_is_kept_on_s3_too(engine, s3):
    engine.ingest(*DAYS, *PLACES)
    engine.ingest("--watermark", "updated_at", "--start-date", "2024-03-30", *PLACES, *STATE)
    state = json.loads(s3.open_input_stream("lake/state/events.updated_at.json").read())
    again = engine.ingest("--watermark", "updated_at", *PLACES, *STATE)
    assert again.result["watermark"] == state["value"] > "2024-03-31T"


def test_a_mended_row_is_replayed_home_on_s3(engine, s3):
    engine.ingest(*DAYS, *PLACES)
    name = "lake/quarantine/events/2024-01-05.jsonl"
    entries = [json.loads(line) for line in s3.open_input_stream(name).read().splitlines()]
    mended = next(entry for entry in entries if entry["reason"] == "unreadable_event_time")
    mended["raw"]["event_time"] = "2024-01-05T10:00:00Z"
    with s3.open_output_stream(name) as stream:
        stream.write("".join(json.dumps(entry) + "\n" for entry in entries).encode())
    assert engine("quarantine", "replay", *PLACES).result["replayed"] == 1
    assert mended["raw"]["id"] in read(s3)["id"].to_pylist()


def test_two_runs_on_one_prefix_do_not_mix(engine, s3):
    from ingestion.bronze.storage import open_folder

    with open_folder("s3://lake/bronze").locked():
        assert engine.ingest(*DAYS, *PLACES).result["error"]["code"] == "locked"


@pytest.mark.parametrize("place", ["s3://no-such-bucket/bronze", "s3://"])
def test_a_bucket_that_is_not_there_is_named(engine, s3, place):
    run = engine.ingest(*DAYS, "--output-dir", place)
    assert (run.code, run.result["error"]["code"]) in [(1, "storage_failed"), (2, "usage")]


def test_a_storage_that_is_down_is_named(engine, s3, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    run = engine.ingest(*DAYS, *PLACES)
    assert (run.code, run.result["error"]["code"]) == (1, "storage_failed")
    assert "s3://lake/" in run.result["error"]["message"]
