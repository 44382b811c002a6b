# Votre exemplaire, écrit d'après solutions/atomic.py par « lab cut ».
"""Remplacer un fichier d'un seul geste : l'ancien contenu, ou le nouveau, jamais la moitié."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from errors import IngestError

DISK_FULL = (errno.ENOSPC, errno.EFBIG)


@contextmanager
def replace_file(path: Path) -> Iterator[BinaryIO]:
    """Ouvre un fichier d'à côté ; en sortie de bloc, il prend la place de `path`.

    Le nom provisoire commence par un point et finit par `.tmp` : aucun lecteur ne le prend.
    Les octets sont sur le disque avant le renommage. En cas d'échec `path` reste tel qu'il était.
    IngestError `disk_full` ou `output_not_writable` si le disque refuse.
    """
    # À vous (tp21.3) : écrivez à côté, sous un nom que personne ne lit, videz les tampons jusqu'au disque, puis renommez.
    # En cas d'échec, `path` reste tel qu'il était et le fichier d'à côté disparaît.
    raise NotImplementedError("tp21.3")


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Traduit un refus du disque, quel que soit l'appel qui l'a reçu, en IngestError."""
    try:
        yield
    except OSError as error:
        if error.errno in DISK_FULL:
            raise IngestError(
                "disk_full", f"Plus de place pour écrire {path} : libérez-en, puis relancez."
            ) from None
        raise IngestError(
            "output_not_writable",
            f"Impossible d'écrire {path} ({error.strerror}) : choisissez un autre dossier.",
        ) from None


def _flush_folder(folder: Path) -> None:
    """Rend durable le renommage lui-même : sans cela, une coupure de courant peut l'oublier."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
