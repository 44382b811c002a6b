"""Où vit chaque jour : `<output_dir>/partition_date=AAAA-MM-JJ/data.parquet`.

Ce module n'importe rien de lourd : savoir ce qui est déjà là doit rester instantané,
même pour dix ans de jours.
"""

from datetime import date, timedelta

from ingestion.bronze.storage import Folder

PREFIX = "partition_date="
FILE_NAME = "data.parquet"


def partition_name(day: date) -> str:
    """Le nom du fichier de ce jour dans le dossier bronze."""
    return f"{PREFIX}{day.isoformat()}/{FILE_NAME}"


def present_days(folder: Folder) -> set[date]:
    """Les jours dont le fichier complet est dans `folder` (voir storage.py).

    Un sous-dossier sans `data.parquet` est une écriture interrompue : le jour n'est pas fait.
    Un dossier qui n'existe pas encore ne contient aucun jour.
    """
    names = folder.subfolders_holding(FILE_NAME)
    return {day for name in names if name.startswith(PREFIX) and (day := _day_of(name))}


def _day_of(name: str) -> date | None:
    try:
        return date.fromisoformat(name.removeprefix(PREFIX))
    except ValueError:
        return None


def days_between(start: date, end: date) -> list[date]:
    """Tous les jours de `start` à `end`, les deux compris."""
    return [start + timedelta(days=offset) for offset in range((end - start).days + 1)]
