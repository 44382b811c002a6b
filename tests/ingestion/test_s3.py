"""The same engine on object storage: a real S3 endpoint (moto's server) on loopback, over HTTP."""

import json
import subprocess
import sys

import pyarrow.parquet as pq
import pytest

from tests.conftest import REPOSITORY
from tests.storage import bucket, running_storage

DAYS = ("--start-date", "2024-01-05", "--end-date", "2024-01-06")
PLACES = ("--output-dir", "s3://lake/bronze", "--quarantine-dir", "s3://lake/quarantine")
STATE = ("--state-dir", "s3://lake/state")


@pytest.fixture(scope="module")
def variables():
    with running_storage() as found:
        yield found


@pytest.fixture
def s3(variables, monkeypatch):
    """The storage as a user of it sees it, with one empty bucket; the engine finds it by the environment."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with bucket(variables, "lake") as storage:
        yield storage


def read(s3, day="2024-01-05"):
    return pq.ParquetFile(s3.open_input_file(f"lake/bronze/partition_date={day}/data.parquet")).read()


def test_a_day_on_s3_holds_what_the_same_day_holds_on_disk(engine, s3):
    run = engine.ingest(*DAYS, *PLACES)
    engine.ingest(*DAYS, "--output-dir", "local")
    local = pq.ParquetFile(engine.folder / "local/partition_date=2024-01-05/data.parquet").read()
    assert run.code == 0, run.result
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


@pytest.mark.parametrize("place", ["s3://no-such-bucket/bronze", "s3://"])
def test_a_bucket_that_is_not_there_is_named(engine, s3, place):
    run = engine.ingest(*DAYS, "--output-dir", place)
    assert (run.code, run.result["error"]["code"]) in [(1, "storage_failed"), (2, "usage")]


def test_a_storage_that_is_down_is_named(engine, s3, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    run = engine.ingest(*DAYS, *PLACES)
    assert (run.code, run.result["error"]["code"]) == (1, "storage_failed")
    assert "s3://lake/" in run.result["error"]["message"]


@pytest.mark.parametrize("place", ["s3://lake/nowhere", "s3://lake"])
def test_a_prefix_without_a_day_is_wrong_usage(engine, s3, place):
    assert engine("validate", "--input-file", place).code == 2


def test_nothing_of_s3_is_imported_for_a_folder_of_this_disk(engine):
    code = (
        "import sys; from ingestion.__main__ import main; "
        f"[main([name, *{DAYS}]) for name in ('ingest', 'backfill')]; main(['quarantine', 'list']); "
        "print([name for name in ('boto3', 'botocore', 'ingestion.bronze.s3') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=engine.folder,
        env=engine.environment(PYTHONPATH=str(REPOSITORY)),
        capture_output=True,
        encoding="utf-8",
        timeout=60,
    )
    assert done.stdout.splitlines()[-1] == "[]", done.stdout + done.stderr


def test_without_boto3_an_address_s3_says_what_to_install(engine, s3):
    (engine.folder / "boto3.py").write_text("raise ImportError")
    done = subprocess.run(
        engine.command("ingest", *DAYS, *PLACES),
        cwd=engine.folder,
        env=engine.environment(PYTHONPATH=str(engine.folder)),
        capture_output=True,
        encoding="utf-8",
    )
    assert "Traceback" not in done.stderr
    message = json.loads(done.stdout)["error"]["message"]
    assert (done.returncode, "ingestion[s3]" in message) == (2, True)


def test_a_run_on_s3_costs_no_more_requests_than_it_needs(engine, s3, caplog):
    """A new day: is it there, in the bronze and in the quarantine; what is beside it; then it is put."""
    caplog.set_level("INFO", logger="werkzeug")
    engine("backfill", "--start-date", "2024-01-05", "--end-date", "2024-01-05", *PLACES)
    lines = [record.getMessage() for record in caplog.records]
    sent = [line for line in lines if "HTTP/1.1" in line and "/lake?" not in line and "bronze" in line]
    assert len(sent) == 2, sent
