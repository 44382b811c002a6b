"""`make soak`: an hour of increments, as n8n would start them, each met by a trouble drawn at random.

The API's day goes on all the while. After each run: what went wrong was said, and the watermark never went back. Every
ten runs the last ten days are read whole, since a deletion announces itself to nobody else, and the bronze layer must
then be the one that a single quiet reading of everything gives. The published page says what was counted.
"""

import argparse
import itertools
import json
import random
import resource
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import psutil

from labkit.base.paths import ROOT
from labkit.practice_api.server import RunningApi, running_api
from tests.bench.machine import described
from tests.conftest import Engine
from tests.faults.trials import LONGEST_DELAY, PASSING_FAULTS, SPEED, content, requests_served, start_and_kill

PUBLISHED = ROOT / "docs" / "soak.md"
FIRST_DAY, BEGINNING = date(2024, 1, 1), datetime(2024, 1, 9, tzinfo=UTC)
INCREMENT = ("ingest", "--watermark", "updated_at", "--start-date", FIRST_DAY, *SPEED)
# A day of the practice API changes for five days at most: what is older is final.
STILL_CHANGING = timedelta(days=10)
BETWEEN_COMPARISONS = 10
# What ends a run whatever it tries: the code it must then say.
FATAL = {"down": "server_error", "no room": "disk_full"}
TROUBLES = ("none", "passing fault", "killed", *FATAL)
# In blocks of 512 bytes: less than a day's file.
NO_ROOM = "20"


@dataclass(frozen=True)
class Cramped(Engine):
    """The engine where no file may grow beyond NO_ROOM."""

    def run(self, command: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess:
        cramped = ["sh", "-c", 'ulimit -f "$0"; exec "$@"', NO_ROOM, *command]
        return subprocess.run(
            cramped, cwd=self.folder, env=environment, capture_output=True, encoding="utf-8", timeout=120
        )


@dataclass
class Soak:
    """What was seen: runs by trouble, comparisons, days compared, and the memory of the API's process, in MB."""

    runs: Counter[str] = field(default_factory=Counter)
    comparisons: int = 0
    days: int = 0
    memory: list[float] = field(default_factory=list)
    largest_run: float = 0.0


def soak(seed: int, until: Iterator[int]) -> Soak:
    """One run for each of `until`; AssertionError at the first trouble untold, watermark gone back or row amiss."""
    dice, seen = random.Random(seed), Soak()
    with running_api(now=BEGINNING) as api, tempfile.TemporaryDirectory() as folder:
        engine = Engine(Path(folder), api.url)
        now, sent = BEGINNING, _first_reading(engine, api)
        for number in until:
            now += timedelta(hours=dice.randint(1, 12))
            engine.switch("clock", "PUT", now=now.isoformat())
            trouble = dice.choice(TROUBLES)
            before = _watermark(engine)
            _one_run(engine, api, trouble, dice, sent)
            assert _watermark(engine) >= before, (
                f"seed {seed}, run {number} ({trouble}): the watermark went back"
            )
            seen.runs[trouble] += 1
            if number % BETWEEN_COMPARISONS == BETWEEN_COMPARISONS - 1:
                seen.days = _compare(engine, now.date(), f"seed {seed}, run {number}")
                seen.comparisons += 1
                seen.memory.append(psutil.Process().memory_info().rss / 1e6)
        seen.largest_run = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e3
    return seen


def _first_reading(engine: Engine, api: RunningApi) -> int:
    """Read what is there already; how many requests it took."""
    before = requests_served(api)
    run = engine(*INCREMENT)
    assert (run.code, run.result["status"]) == (0, "success")
    return requests_served(api) - before


def _one_run(engine: Engine, api: RunningApi, trouble: str, dice: random.Random, sent: int) -> None:
    if trouble == "passing fault":
        engine.switch("faults", kind=dice.choice(PASSING_FAULTS), rate=0.1, retry_after=0)
    if trouble == "down":
        engine.switch("faults", kind="503", rate=1, retry_after=0)
    if trouble == "killed":
        command = engine.command(*INCREMENT)
        start_and_kill(engine, command, api, dice.randint(0, sent), dice.uniform(0, LONGEST_DELAY))
        return
    room = Cramped(engine.folder, api.url) if trouble == "no room" else engine
    run = room(*INCREMENT)
    engine.switch("faults", "DELETE")
    assert (run.result["status"] == "success") == (run.code == 0), run.result
    code = run.result.get("error", {}).get("code")
    # A run that finds nothing new has nothing to write, and needs no room.
    assert code == FATAL.get(trouble) or (trouble == "no room" and run.result["output_files"] == []), (
        run.result
    )


def _watermark(engine: Engine) -> str:
    (state,) = engine.folder.glob("data/state/*.json")
    return json.loads(state.read_text(encoding="utf-8"))["value"]


def _compare(engine: Engine, today: date, where: str) -> int:
    """Read the last days whole, then everything anew elsewhere; how many days both hold."""
    recent = ("--start-date", max(FIRST_DAY, today - STILL_CHANGING), "--end-date", today)
    whole = ("--start-date", FIRST_DAY, "--end-date", today)
    anew = ("--output-dir", "anew", "--quarantine-dir", "anew-q")
    assert engine("ingest", *recent, *SPEED).code == 0
    assert engine("ingest", *whole, *anew, *SPEED).code == 0
    kept, truth = content(engine.folder / "data/bronze"), content(engine.folder / "anew")
    assert kept.keys() == truth.keys(), f"{where}: other days"
    assert [day for day in truth if not kept[day].equals(truth[day])] == [], f"{where}: other rows"
    return len(truth)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    end = time.monotonic() + 60 * options.minutes
    seen = soak(options.seed, itertools.takewhile(lambda _: time.monotonic() < end, itertools.count()))
    first, last = seen.memory[0], seen.memory[-1]
    lines = [
        "# Measured: increments in trouble",
        "",
        f"{described()}. `make soak`: {options.minutes:g} minutes of increments by the engine, each met by a",
        "trouble drawn at random, while the API's day goes on. Every trouble was told by the run's own line of",
        "JSON, but a kill, which lets nobody speak; the watermark never went back; at each comparison the bronze",
        "layer was, row for row, what one quiet reading of everything gives. Were one of these broken, nothing",
        "would be published.",
        "",
        "| trouble | runs |",
        "|---|---|",
        *(f"| {trouble} | {seen.runs[trouble]} |" for trouble in TROUBLES),
        f"| all | {seen.runs.total()} |",
        "",
        f"Comparisons: {seen.comparisons}, the last of {seen.days} days. Memory of the process that serves the API:",
        f"{first:.0f} MB at the first, {last:.0f} MB at the last; it keeps the last 256 days asked for.",
        f"The largest run took {seen.largest_run:.0f} MB.",
        "",
        "n8n is not part of it: its kills and restarts are in `tests/n8n/test_state.py`.",
        "",
    ]
    PUBLISHED.write_text("\n".join(lines), encoding="utf-8")
    print(f"✓ {PUBLISHED.relative_to(ROOT)}: {seen.runs.total()} runs, {seen.comparisons} comparisons")


if __name__ == "__main__":
    main()
