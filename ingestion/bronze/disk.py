"""Replace a file in one gesture: the former content, or the new one, never half of it."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from ingestion.bronze.contention import contended
from ingestion.errors import IngestError

LOCK_WAIT = 60.0  # seconds
DISK_FULL = (errno.ENOSPC, errno.EFBIG)


@contextmanager
def replace_file(path: Path) -> Iterator[BinaryIO]:
    """Open a file beside; at the end of the block it takes the place of `path`.

    The temporary name begins with a dot and ends with `.tmp`: no reader picks it up. The bytes are on the disk before
    the renaming. On a failure `path` stays as it was.

    Args:
        path: the file to replace, or to make.

    Yields:
        The file beside, open for bytes.

    Raises:
        IngestError: `disk_full` or `output_not_writable` if the disk refuses.
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
            _make_newer(temporary, path)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        _flush_folder(path.parent)
        if is_new_folder:
            _flush_folder(path.parent.parent)


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn a refusal of the disk, whichever call received it, into an IngestError."""
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
    """Make the renaming itself durable: without this a power cut may forget it."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def exclusive(path: Path, lock: Path) -> Iterator[None]:
    """Keep every other writer of `path` out during this block.

    A killed writer lets go of it; one that holds it already may take it again.

    Args:
        path: what will be replaced.
        lock: the file that says so, which stays.

    Raises:
        IngestError: `contended` after LOCK_WAIT seconds: nobody needs that long to replace a file.
    """
    from filelock import FileLock, Timeout

    held = FileLock(lock, is_singleton=True)
    with disk_errors(path):
        try:
            held.acquire(timeout=LOCK_WAIT, poll_interval=0.01)
        except Timeout:
            raise contended(str(path)) from None
    try:
        yield
    finally:
        held.release()


def version(path: Path) -> str | None:
    """What tells a file from the one it replaced; None if there is no file. See `_make_newer`."""
    try:
        found = path.stat()
    except OSError:
        return None
    return f"{found.st_ino}-{found.st_mtime_ns}-{found.st_size}"


def _make_newer(temporary: Path, former: Path) -> None:
    """A file that replaces another bears a later time: the clock of a disk may tick only every few milliseconds."""
    if former.is_file() and temporary.stat().st_mtime_ns <= (before := former.stat().st_mtime_ns):
        os.utime(temporary, ns=(before + 1, before + 1))
