"""Le bilan d'un passage, en un dictionnaire que n'importe qui peut relire.

Ce module n'importe rien de lourd : un backfill qui n'a rien à faire doit le dire tout de suite.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from ingestion.watermark import Watermark, text

if TYPE_CHECKING:
    from ingestion.bronze.publishing import DayOutcome
    from ingestion.errors import IngestError
    from ingestion.reading import Batch


@dataclass
class Outcome:
    """Ce que chaque jour est devenu, ce qui a été lu, les jours sautés et ceux qui ont échoué.

    received, quarantined, repeated : sommes de `reading.Batch` ; unpublished : lignes d'un incrément dont
    le jour n'a pas pu être écrit ; latest_update : le plus grand instant de mise à jour lu.
    """

    days: list[DayOutcome] = field(default_factory=list)
    skipped: list[date] = field(default_factory=list)
    failures: dict[date, IngestError] = field(default_factory=dict)
    received: int = 0
    quarantined: int = 0
    repeated: int = 0
    unpublished: int = 0
    latest_update: datetime | None = None

    def count(self, batch: Batch) -> None:
        """Ajoute une lecture aux sommes."""
        self.received += batch.received
        self.quarantined += batch.quarantined
        self.repeated += batch.repeated
        self.latest_update = max(filter(None, (self.latest_update, batch.latest_update)), default=None)


def ingestion_result(outcome: Outcome, resource: str, run_id: str, mark: Watermark | None = None) -> dict:
    """Les clés du cours (`status`, `records_count`, `output_file`, `ingestion_date`), et le détail.

    mark : le nouveau filigrane ; à défaut, le plus grand `updated_at` lu.
    """
    written = [day.path for day in outcome.days if day.status == "written"]
    result = {
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
    """Les jours écrits, inchangés, sautés et vides, chacun en AAAA-MM-JJ."""
    skipped = [day.isoformat() for day in outcome.skipped]
    by_status = {"written": [], "unchanged": [], "skipped": skipped, "empty": []}
    for day in outcome.days:
        by_status[day.status].append(day.day.isoformat())
    return by_status


def count_rows(outcome: Outcome) -> dict[str, int]:
    """Le compte des lignes. Rien ne se perd en silence :

    received = written + replaced + unchanged + duplicates + quarantined + unpublished, vérifié ici.
    dropped_by_source, à part : des lignes du bronze que la source ne rend plus.
    """
    changes = [asdict(day.change) for day in outcome.days]
    parts = {
        **{key: sum(change[key] for change in changes) for key in ("written", "replaced", "unchanged")},
        "duplicates": outcome.repeated + sum(day.duplicates for day in outcome.days),
        "quarantined": outcome.quarantined,
        "unpublished": outcome.unpublished,
    }
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
