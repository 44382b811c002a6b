"""What a headless run leaves for whoever looks later: data/runs/<run>.json, read by the pages under /passages."""

import json
import shlex
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path

from labkit.base.paths import RUN_ID, RUNS

# Of a script's result, what says what became of each day.
DAY_STATES = ("written", "unchanged", "skipped", "empty", "failed")


@dataclass(frozen=True)
class RunRecord:
    """One run. started: ISO 8601, UTC; verdict: its sentence; stopped_at: the heading of the cell that failed.

    days: {state: [day, …]}, states as in DAY_STATES; notebook: the executed one, relative to the lab; log: the last
    messages of a run that failed.
    """

    run_id: str
    name: str
    started: str
    seconds: float
    parameters: dict
    status: str
    verdict: str
    error: dict | None = None
    stopped_at: str = ""
    days: dict[str, list[str]] = field(default_factory=dict)
    notebook: str = ""
    log: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        return self.status == "success"

    @property
    def moment(self) -> str:
        """When it started, to the minute, UTC."""
        return self.started[:16].replace("T", " ")

    @property
    def again(self) -> str:
        """The command that runs it again."""
        words = [word for name, value in self.parameters.items() for word in ("-p", name, _as_word(value))]
        return shlex.join(["lab", "run", self.name, *words])

    def write(self) -> None:
        RUNS.mkdir(parents=True, exist_ok=True)
        path = RUNS / f"{self.run_id}.json"
        path.write_text(json.dumps(asdict(self), ensure_ascii=False), encoding="utf-8")


def _as_word(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def days_of(result: dict) -> dict[str, list[str]]:
    """{state: days} of a run's result, without the states that no day is in."""
    partitions = result.get("partitions") or {}
    failed = sorted(result.get("failed") or {})
    found = {state: partitions.get(state) for state in DAY_STATES} | ({"failed": failed} if failed else {})
    return {state: days for state, days in found.items() if isinstance(days, list) and days}


def read(run_id: str) -> RunRecord | None:
    """The record of this run; None if there is none."""
    return _read(RUNS / f"{run_id}.json") if RUN_ID.fullmatch(run_id) else None


def last(count: int) -> list[RunRecord]:
    """The last runs, the newest first."""
    paths = sorted(RUNS.glob("*.json"), reverse=True)
    records = (_read(path) for path in paths if RUN_ID.fullmatch(path.stem))
    return list(islice((record for record in records if record), count))


def _read(path: Path) -> RunRecord | None:
    try:
        return RunRecord(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
