"""Where each day lives: `<output_dir>/partition_date=YYYY-MM-DD/data.parquet`.

This module imports nothing heavy: knowing what is already there must be instant, even for ten years of days.
"""

from datetime import date, timedelta

from ingestion.bronze.storage import Folder

PREFIX = "partition_date="
FILE_NAME = "data.parquet"


def partition_name(day: date) -> str:
    """The name of this day's file in the bronze folder.

    Example:
        >>> partition_name(date(2024, 1, 5))
        'partition_date=2024-01-05/data.parquet'
    """
    return f"{PREFIX}{day.isoformat()}/{FILE_NAME}"


def present_days(folder: Folder) -> set[date]:
    """The days whose complete file is in `folder` (see storage.py).

    A subfolder without `data.parquet`, or with an empty one, is a write that was interrupted: the day is not done.
    A folder that does not exist yet holds no day.
    """
    names = folder.subfolders_holding(FILE_NAME)
    return {day for name in names if name.startswith(PREFIX) and (day := _day_of(name))}


def _day_of(name: str) -> date | None:
    return read_day(name.removeprefix(PREFIX))


def read_day(text: str) -> date | None:
    """The day written YYYY-MM-DD; None for any other writing (20240105, 2024-W01-1) and for 30 February."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.isoformat() == text else None


def days_between(start: date, end: date) -> list[date]:
    """All the days from `start` to `end`, both included.

    Example:
        >>> [str(day) for day in days_between(date(2024, 2, 28), date(2024, 3, 1))]
        ['2024-02-28', '2024-02-29', '2024-03-01']
    """
    return [start + timedelta(days=offset) for offset in range((end - start).days + 1)]
