"""Kill the real script at a random moment, look at what is left, run it again: `make faults` does it 1,000 times.

A trial is a function of its seed: the faults of the API, the command, and the moment of the kill: after a share of the
requests that the same command sends when nothing disturbs it, and a moment more. A moment told in seconds
would come after the end on a machine that was busy while the undisturbed run was timed.
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

from labkit.practice_api.server import RunningApi, running_api
from tests.conftest import Engine

DAYS = ("--start-date", "2024-01-05", "--end-date", "2024-01-08")
COMMANDS = {
    "days": ("ingest", *DAYS),
    "backfill": ("backfill", *DAYS),
    "increment": ("ingest", "--watermark", "updated_at", "--start-date", "2024-01-06"),
}
PASSING_FAULTS = ("429", "500", "503", "cut_body", "invalid_json")
SPEED = ("--page-size", "200", "--max-wait", "0.02", "--max-attempts", "8", "--workers", "3")
# After its last request a run still writes: the kill may strike there too.
LONGEST_DELAY = 0.3


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
        wanted, requests_sent = {}, {}
        for name, command in COMMANDS.items():
            before = requests_served(api)
            wanted[name] = _undisturbed(quiet, name, command)
            requests_sent[name] = requests_served(api) - before
        trials = []
        for seed in seeds:
            trials.append(_trial(seed, api, wanted, requests_sent))
            on_trial(trials[-1])
        return trials


def requests_served(api: RunningApi) -> int:
    return api.app.state.board.requests.total()


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


def _trial(seed: int, api: RunningApi, wanted: dict, requests_sent: dict[str, int]) -> Trial:
    dice = random.Random(seed)
    name = dice.choice(list(COMMANDS))
    with tempfile.TemporaryDirectory() as folder:
        engine = Engine(Path(folder), api.url)
        requests.post(f"{api.url}/_lab/reset", timeout=10).raise_for_status()
        fault = {"kind": dice.choice(PASSING_FAULTS), "rate": dice.choice([0, 0.1]), "retry_after": 0}
        requests.post(f"{api.url}/_lab/faults", json=fault, timeout=10).raise_for_status()
        struck_after = round(requests_sent[name] * dice.random())
        was_killed = start_and_kill(
            engine, engine.command(*COMMANDS[name], *SPEED), api, struck_after, dice.uniform(0, LONGEST_DELAY)
        )
        bronze = engine.folder / "data/bronze"
        left = content(bronze)
        for day, rows in left.items():
            assert rows.equals(wanted[name][day]), f"trial {seed}: {day} is not whole after the kill"
        for path in engine.folder.glob("data/state/*.json"):
            json.loads(path.read_text("utf-8"))
        requests.delete(f"{api.url}/_lab/faults", timeout=10).raise_for_status()
        assert engine(*COMMANDS[name], *SPEED).code == 0
        again = content(bronze)
        assert again.keys() == wanted[name].keys(), f"trial {seed}: other days than a quiet run"
        assert all(again[day].equals(wanted[name][day]) for day in again), f"trial {seed}: other rows"
    return Trial(seed, name, was_killed, len(left))


def start_and_kill(
    engine: Engine, command: list[str], api: RunningApi, requests_before: int, delay: float
) -> bool:
    """Kill it `delay` seconds after the API has answered so many of its requests; False if it had ended before."""
    before = requests_served(api)
    process = subprocess.Popen(
        command,
        cwd=engine.folder,
        env=engine.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while requests_served(api) - before < requests_before and process.poll() is None:
        time.sleep(0.002)
    time.sleep(delay)
    was_killed = process.poll() is None
    process.kill()
    process.wait()
    return was_killed
