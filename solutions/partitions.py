"""Où vit chaque jour : `<output_dir>/partition_date=AAAA-MM-JJ/data.parquet`.

Ce module n'importe rien de lourd : savoir ce qui est déjà là doit rester instantané,
même pour dix ans de jours.
"""

import os
from datetime import date, timedelta
from pathlib import Path

PREFIX = "partition_date="
FILE_NAME = "data.parquet"


def partition_path(output_dir: str | Path, day: date) -> Path:
    """Le fichier du jour `day` sous `output_dir`."""
    return Path(output_dir) / f"{PREFIX}{day.isoformat()}" / FILE_NAME


def present_days(output_dir: str | Path) -> set[date]:
    """Les jours dont le fichier complet est là.

    Un dossier sans `data.parquet` est une écriture interrompue : le jour n'est pas fait.
    Un dossier de sortie qui n'existe pas encore ne contient aucun jour.
    """
    try:
        entries = list(os.scandir(output_dir))
    except FileNotFoundError:
        return set()
    return {
        date.fromisoformat(entry.name.removeprefix(PREFIX))
        for entry in entries
        if _is_partition(entry.name) and os.path.isfile(f"{entry.path}{os.sep}{FILE_NAME}")  # noqa: PTH113
    }


def _is_partition(name: str) -> bool:
    if not name.startswith(PREFIX):
        return False
    try:
        date.fromisoformat(name.removeprefix(PREFIX))
    except ValueError:
        return False
    return True


def days_between(start: date, end: date) -> list[date]:
    """Tous les jours de `start` à `end`, les deux compris."""
    return [start + timedelta(days=offset) for offset in range((end - start).days + 1)]
