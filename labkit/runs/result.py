"""A run's result: the JSON object of `lab run`, told, recorded and turned into an exit code."""

import uuid
from datetime import UTC, datetime
from pathlib import Path

from labkit.runs.log_reader import as_lines, read_entry
from labkit.runs.run_record import RunRecord, days_of

RESULT_MIME = "application/vnd.lab.result+json"
WRONG_USAGE = 2


def record_of(
    run_id: str, name: str, started: datetime, parameters: dict, result: dict, verdict: str = "", **more: str
) -> RunRecord:
    """The record of a run that has just ended. more: RunRecord's `stopped_at` and `notebook`, of a notebook."""
    error = result["error"] if result["status"] != "success" else None
    return RunRecord(
        run_id,
        name,
        started.isoformat(timespec="seconds"),
        round((datetime.now(UTC) - started).total_seconds(), 1),
        parameters,
        result["status"],
        error["message"] if error else verdict or _counts(result),
        error,
        days=days_of(result),
        log=result.get("log_excerpt", []),
        **more,
    )


def _counts(result: dict) -> str:
    """A script's success in a sentence, from what it counted."""
    words = {"records_count": "lignes", "rows": "lignes", "quarantined": "en quarantaine", "dates": "jours"}
    counts = {name: len(found) if isinstance(found := result.get(name), list) else found for name in words}
    told = [f"{words[name]} : {count}" for name, count in counts.items() if count is not None]
    return f"RÉUSSI — {', '.join(told)}." if told else "RÉUSSI."


def last_messages(log: Path, count: int = 5) -> list[str]:
    """The last messages of a run's log, for whoever is told of its failure."""
    entries = map(read_entry, as_lines(log.read_bytes())[-count:])
    return [f"{entry.level} {entry.message}".strip() for entry in entries]


def new_run_id() -> str:
    """Sorts by time; names the executed notebook and the log of the run."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:6]}"


def failure(run_id: str, code: str, message: str) -> dict:
    return {"status": "error", "run_id": run_id, "error": {"code": code, "message": message}}


def exit_code_of(result: dict) -> int:
    if result["status"] == "success":
        return 0
    return WRONG_USAGE if result["error"]["code"] == "usage" else 1
