"""The result of a run, as a dictionary that anyone can read.

This module imports nothing heavy: a backfill that has nothing to do must say so at once.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from ingestion.kinds import JsonObject
from ingestion.watermark import Watermark, text

if TYPE_CHECKING:
    from ingestion.bronze.publishing import DayOutcome
    from ingestion.errors import IngestError
    from ingestion.reading import Tally


@dataclass
class Outcome:
    """What became of each day, what was read, the days skipped, failed, and never tried.

    Attributes:
        received, quarantined, repeated: sums of `reading.Tally`.
        unpublished: rows whose day could not be written.
        outside_period: rows of days not asked for, in a listing read whole.
        latest_update: the latest update read.
    """

    days: list[DayOutcome] = field(default_factory=list)
    skipped: list[date] = field(default_factory=list)
    not_tried: list[date] = field(default_factory=list)
    failures: dict[date, IngestError] = field(default_factory=dict)
    received: int = 0
    quarantined: int = 0
    repeated: int = 0
    unpublished: int = 0
    outside_period: int = 0
    latest_update: datetime | None = None

    def count(self, tally: Tally) -> None:
        """Add a reading to the sums."""
        self.received += tally.received
        self.quarantined += tally.quarantined
        self.repeated += tally.repeated
        self.latest_update = max(filter(None, (self.latest_update, tally.latest_update)), default=None)


def ingestion_result(
    outcome: Outcome, resource: str, run_id: str, mark: Watermark | None = None
) -> JsonObject:
    """The course's keys (`status`, `records_count`, `output_file`, `ingestion_date`), and the detail.

    Args:
        outcome: what the run did.
        resource: the resource's name.
        run_id: the run.
        mark: the new watermark; else the latest `updated_at` read.
    """
    written = [day.path for day in outcome.days if day.status == "written"]
    result: JsonObject = {
        "status": "error" if outcome.failures else "success",
        "run_id": run_id,
        "resource": resource,
        "records_count": sum(day.rows for day in outcome.days),
        "output_file": written[0] if written else None,
        "output_files": written,
        "ingestion_date": datetime.now(UTC).isoformat(timespec="seconds"),
        "quarantined": outcome.quarantined,
        "watermark": _watermark(outcome, mark),
        "partitions": partitions_by_status(outcome),
        "rows": count_rows(outcome),
    }
    if outcome.failures:
        first_day = min(outcome.failures)
        result["error"] = outcome.failures[first_day].as_dict()
        result["failed"] = {day.isoformat(): e.as_dict() for day, e in sorted(outcome.failures.items())}
    return result


def partitions_by_status(outcome: Outcome) -> dict[str, list[str]]:
    """The days written, unchanged, skipped, empty and not tried, each as YYYY-MM-DD."""
    skipped = [day.isoformat() for day in outcome.skipped]
    by_status: dict[str, list[str]] = {"written": [], "unchanged": [], "skipped": skipped, "empty": []}
    if outcome.not_tried:
        by_status["not_tried"] = [day.isoformat() for day in sorted(outcome.not_tried)]
    for day in outcome.days:
        by_status[day.status].append(day.day.isoformat())
    return by_status


def count_rows(outcome: Outcome) -> dict[str, int]:
    """The count of rows. Nothing is lost in silence:

    received = written + replaced + unchanged + duplicates + quarantined + unpublished, verified here; and
    outside_period, where a listing is read whole.

    Args:
        outcome: what the run did.

    Returns:
        These counts, and apart dropped_by_source: rows of the bronze that the source does not give any more.

    Raises:
        AssertionError: the two sides differ: a fault of the engine.
    """
    changes = [asdict(day.change) for day in outcome.days]
    parts = {
        **{key: sum(change[key] for change in changes) for key in ("written", "replaced", "unchanged")},
        "duplicates": outcome.repeated + sum(day.duplicates for day in outcome.days),
        "quarantined": outcome.quarantined,
        "unpublished": outcome.unpublished,
    }
    if outcome.outside_period:
        parts["outside_period"] = outcome.outside_period
    if sum(parts.values()) != outcome.received:
        raise AssertionError(
            f"{outcome.received} rows received, {sum(parts.values())} accounted for: {parts}"
        )
    dropped = sum(change["dropped"] for change in changes)
    return {"received": outcome.received, **parts, "dropped_by_source": dropped}


def _watermark(outcome: Outcome, mark: Watermark | None) -> str | None:
    if mark:
        return mark.text
    return text(outcome.latest_update) if outcome.latest_update else None
