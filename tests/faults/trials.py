"""Kill the real script at a random moment, look at what is left, run it again: `make faults` does it 1,000 times.

A trial is a function of its seed: the faults of the API, the command, and the moment of the kill, which is a share of
the time that the same command takes here when nothing disturbs it.
"""

import json
import random
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import requests

from labkit.practice_api.server import running_api
from tests.conftest import Engine

DAYS = ("--start-date", "2024-01-05", "--end-date", "2024-01-08")
COMMANDS = {
    "days": ("ingest", *DAYS),
    "backfill": ("backfill", *DAYS),
    "increment": ("ingest", "--watermark", "updated_at", "--start-date", "2024-01-06"),
}
PASSING_FAULTS = ("429", "500", "503", "cut_body", "invalid_json")
SPEED = ("--page-size", "200", "--max-wait", "0.02", "--max-attempts", "8", "--workers", "3")
# Before, Python is still importing; with faults a run outlasts an undisturbed one.
EARLIEST, LATEST = 0.2, 1.1


@dataclass(frozen=True)
class Trial:
    """What one trial found: whether the kill struck before the end, and how many whole days it left."""

    seed: int
    command: str
    was_killed: bool
    days_left: int


def run_trials(seeds: range, on_trial: Callable[[Trial], None] = lambda trial: None) -> list[Trial]:
    """Every trial of `seeds`; AssertionError at the first that leaves a half day, or other data than a quiet run."""
    with running_api(now=datetime(2024, 1, 9, tzinfo=UTC)) as api, tempfile.TemporaryDirectory() as folder:
        quiet = Engine(Path(folder), api.url)
        wanted, seconds = {}, {}
        for name, command in COMMANDS.items():
            started = time.monotonic()
            wanted[name] = _undisturbed(quiet, name, command)
            seconds[name] = time.monotonic() - started
        trials = []
        for seed in seeds:
            trials.append(_trial(seed, api.url, wanted, seconds))
            on_trial(trials[-1])
        return trials


def _undisturbed(engine: Engine, name: str, command: tuple) -> dict:
    run = engine(
        *command, *SPEED, "--output-dir", name, "--quarantine-dir", f"{name}-q", "--state-dir", f"{name}-s"
    )
    assert run.code == 0
    return content(engine.folder / name)


def content(bronze: Path) -> dict[str, pd.DataFrame]:
    """Each day's rows as pandas reads them, but for the moment of ingestion."""
    days = {}
    for path in sorted(bronze.glob("partition_date=*/data.parquet")):
        table = pq.ParquetFile(path).read()
        assert int(table.schema.metadata[b"rows"]) == table.num_rows > 0
        days[path.parent.name] = pd.read_parquet(path).drop(columns="_ingested_at")
    return days


def _trial(seed: int, api_url: str, wanted: dict, seconds: dict[str, float]) -> Trial:
    dice = random.Random(seed)
    name = dice.choice(list(COMMANDS))
    with tempfile.TemporaryDirectory() as folder:
        engine = Engine(Path(folder), api_url)
        requests.post(f"{api_url}/_lab/reset", timeout=10).raise_for_status()
        fault = {"kind": dice.choice(PASSING_FAULTS), "rate": dice.choice([0, 0.1]), "retry_after": 0}
        requests.post(f"{api_url}/_lab/faults", json=fault, timeout=10).raise_for_status()
        was_killed = _start_and_kill(engine, COMMANDS[name], seconds[name] * dice.uniform(EARLIEST, LATEST))
        bronze = engine.folder / "data/bronze"
        left = content(bronze)
        for day, rows in left.items():
            assert rows.equals(wanted[name][day]), f"trial {seed}: {day} is not whole after the kill"
        for path in engine.folder.glob("data/state/*.json"):
            json.loads(path.read_text("utf-8"))
        requests.delete(f"{api_url}/_lab/faults", timeout=10).raise_for_status()
        assert engine(*COMMANDS[name], *SPEED).code == 0
        again = content(bronze)
        assert again.keys() == wanted[name].keys(), f"trial {seed}: other days than a quiet run"
        assert all(again[day].equals(wanted[name][day]) for day in again), f"trial {seed}: other rows"
    return Trial(seed, name, was_killed, len(left))


def _start_and_kill(engine: Engine, command: tuple, delay: float) -> bool:
    process = subprocess.Popen(
        engine.command(*command, *SPEED),
        cwd=engine.folder,
        env=engine.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    time.sleep(delay)
    was_killed = process.poll() is None
    process.kill()
    process.wait()
    return was_killed
