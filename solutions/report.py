"""Le bilan d'un passage, en un dictionnaire que n'importe qui peut relire.

Ce module n'importe rien de lourd : un backfill qui n'a rien à faire doit le dire tout de suite.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from watermark import Watermark, latest_update, text

if TYPE_CHECKING:
    from errors import IngestError
    from publish import DayOutcome
    from reading import Batch


@dataclass
class Outcome:
    """Ce que chaque jour est devenu, ce qui a été lu, les jours sautés et ceux qui ont échoué."""

    days: list[DayOutcome] = field(default_factory=list)
    batches: list[Batch] = field(default_factory=list)
    skipped: list[date] = field(default_factory=list)
    failures: dict[date, IngestError] = field(default_factory=dict)


def ingestion_result(outcome: Outcome, resource: str, run_id: str, mark: Watermark | None = None) -> dict:
    """Les clés du cours (`status`, `records_count`, `output_file`, `ingestion_date`), et le détail.

    mark : le nouveau filigrane ; à défaut, le plus grand `updated_at` lu.
    """
    written = [str(day.path) for day in outcome.days if day.status == "written"]
    result = {
        "status": "error" if outcome.failures else "success",
        "run_id": run_id,
        "resource": resource,
        "records_count": sum(day.rows for day in outcome.days),
        "output_file": written[0] if written else None,
        "output_files": written,
        "ingestion_date": datetime.now(UTC).isoformat(timespec="seconds"),
        "quarantined": sum(len(batch.rejects) for batch in outcome.batches),
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
    """Les jours écrits, inchangés, sautés et vides, chacun en AAAA-MM-JJ."""
    skipped = [day.isoformat() for day in outcome.skipped]
    by_status = {"written": [], "unchanged": [], "skipped": skipped, "empty": []}
    for day in outcome.days:
        by_status[day.status].append(day.day.isoformat())
    return by_status


def count_rows(outcome: Outcome) -> dict[str, int]:
    """Le compte des lignes. Rien ne se perd en silence :

    received = new + updated + unchanged + duplicates + quarantined, vérifié ici.
    """
    changes = [asdict(day.change) for day in outcome.days]
    counts = {
        "received": sum(batch.received for batch in outcome.batches),
        **{key: sum(change[key] for change in changes) for key in ("new", "updated", "unchanged")},
        "duplicates": sum(day.duplicates for day in outcome.days),
        "quarantined": sum(len(batch.rejects) for batch in outcome.batches),
    }
    accounted = sum(counts.values()) - counts["received"]
    if accounted != counts["received"]:
        raise AssertionError(f"{counts['received']} rows received, {accounted} accounted for")
    return {**counts, "deleted": sum(change["deleted"] for change in changes)}


def _watermark(outcome: Outcome, mark: Watermark | None) -> str | None:
    seen = (latest_update(batch.rows) for batch in outcome.batches)
    latest = mark.value if mark else max(filter(None, seen), default=None)
    return text(latest) if latest else None
