# Votre exemplaire, écrit d'après solutions/partitions.py par « lab cut ».
"""Où vit chaque jour : `<output_dir>/partition_date=AAAA-MM-JJ/data.parquet`.

Ce module n'importe rien de lourd : savoir ce qui est déjà là doit rester instantané,
même pour dix ans de jours.
"""

from datetime import date, timedelta

from storage import Folder

PREFIX = "partition_date="
FILE_NAME = "data.parquet"


def partition_name(day: date) -> str:
    """Le nom du fichier de ce jour dans le dossier bronze."""
    # À vous (tp21.3) : partition_date=AAAA-MM-JJ/data.parquet. Le même jour donne toujours le même nom.
    raise NotImplementedError("tp21.3")


def present_days(folder: Folder) -> set[date]:
    """Les jours dont le fichier complet est dans `folder` (voir storage.py).

    Un sous-dossier sans `data.parquet` est une écriture interrompue : le jour n'est pas fait.
    Un dossier qui n'existe pas encore ne contient aucun jour.
    """
    # À vous (tp23.2) : les jours des sous-dossiers partition_date=… qui contiennent FILE_NAME. Un dossier seul ne prouve rien.
    raise NotImplementedError("tp23.2")


def _day_of(name: str) -> date | None:
    try:
        return date.fromisoformat(name.removeprefix(PREFIX))
    except ValueError:
        return None


def days_between(start: date, end: date) -> list[date]:
    """Tous les jours de `start` à `end`, les deux compris."""
    # À vous (tp23.1) : la liste des dates, `start` et `end` compris, dans l'ordre.
    raise NotImplementedError("tp23.1")
