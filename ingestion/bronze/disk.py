"""Remplacer un fichier d'un seul geste : l'ancien contenu, ou le nouveau, jamais la moitié."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from ingestion.errors import IngestError

LOCK_NAME = ".ingestion.lock"


DISK_FULL = (errno.ENOSPC, errno.EFBIG)


@contextmanager
def replace_file(path: Path) -> Iterator[BinaryIO]:
    """Ouvre un fichier d'à côté ; en sortie de bloc, il prend la place de `path`.

    Le nom provisoire commence par un point et finit par `.tmp` : aucun lecteur ne le prend.
    Les octets sont sur le disque avant le renommage. En cas d'échec `path` reste tel qu'il était.
    IngestError `disk_full` ou `output_not_writable` si le disque refuse.
    """
    temporary = path.with_name(f".{path.name}.tmp")
    with disk_errors(path):
        is_new_folder = not path.parent.is_dir()
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("wb") as stream:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        _flush_folder(path.parent)
        if is_new_folder:
            _flush_folder(path.parent.parent)


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


@contextmanager
def exclusive(path: Path, folder: object) -> Iterator[None]:
    """Tient le verrou `path` pendant ce bloc ; IngestError `locked` s'il est tenu par un autre passage."""
    from filelock import FileLock, Timeout

    lock = FileLock(path)
    with disk_errors(path):
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise IngestError(
                "locked", f"Un autre passage écrit déjà dans {folder} : attendez sa fin, puis relancez."
            ) from None
    try:
        yield
    finally:
        lock.release()
