"""Where files live: a folder of this disk or a prefix `s3://…`, with the same guarantees.

A file is replaced in one gesture, by a renaming here, by a single PUT on S3 (s3.py), and only if it is still the one
that was read: any number of writers may share a folder. Names are relative to it, with "/" everywhere.
"""

import os
import re
import stat
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from ingestion.bronze.contention import Stale
from ingestion.bronze.disk import disk_errors, exclusive, replace_file, version
from ingestion.errors import usage_error

LOCKS = ".locks"
ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")  # two letters at least: C: is a disk


class Folder(Protocol):
    """What both kinds of folder can do. IngestError if the disk or the storage refuses."""

    def where(self, name: str) -> str:
        """The whole address of a file, for a message or a result."""
        ...

    def source(self, name: str) -> Any:
        """What pyarrow opens to read `name`."""
        ...

    def as_file(self) -> "tuple[Folder, str] | None":
        """Where this address is a file's: the folder that holds it, and its name there."""
        ...

    def read(self, name: str) -> bytes | None:
        """The content of a file, None if it does not exist."""
        ...

    def version(self, name: str) -> str | None:
        """What tells the file as it is now from any other; None if it does not exist. To be asked before reading it."""
        ...

    def replace(self, name: str, content: bytes, seen: str | None) -> None:
        """Replace the file whose version is `seen` (None: there must be none); Stale leaves it as it was."""
        ...

    def delete(self, name: str, seen: str) -> None:
        """Delete the file whose version is `seen`; Stale leaves it as it was."""
        ...

    def exclusive(self, name: str) -> AbstractContextManager[None]:
        """Where the storage can, keep the other writers of `name` out while it is read, merged and replaced.

        Never needed for what is written to be right: it spares reading again.
        """
        ...

    def subfolders_holding(self, name: str) -> list[str]:
        """The direct subfolders that hold a file of this name which is not empty, in no order."""
        ...

    def neighbours(self, name: str) -> list[str]:
        """The other files of the folder of `name`, hidden ones apart, sorted."""
        ...

    def files(self) -> list[str]:
        """The files, at any depth, sorted."""
        ...


def open_folder(location: str | Path) -> "Folder":
    """The folder of this name; nothing is created.

    Args:
        location: `data/bronze`, `s3://bucket/prefix`.

    Raises:
        IngestError: `usage` for an address of another kind: it would become a folder of that name on this disk.
    """
    text = str(location)
    if text[:5].lower() == "s3://":
        from ingestion.bronze.s3 import S3Folder

        return S3Folder(f"s3://{text[5:]}")
    if ADDRESS.match(text) or not text.strip():
        raise usage_error(
            f"« {text} » n'est ni un dossier de cette machine ni une adresse s3://seau/prefixe : écrivez l'un des deux."
        )
    if text[0] == "~":
        raise usage_error(
            f"« {text} » : seul un terminal remplace « ~ » par votre dossier ; écrivez le chemin entier."
        )
    return LocalFolder(Path(text))


class LocalFolder:
    """A folder of this disk."""

    def __init__(self, path: Path):
        self.path = path

    def __str__(self) -> str:
        return str(self.path)

    def where(self, name: str) -> str:
        return str(self.path / name)

    def source(self, name: str) -> str:
        return self.where(name)

    def as_file(self) -> tuple[Folder, str] | None:
        return (LocalFolder(self.path.parent), self.path.name) if self.path.is_file() else None

    def read(self, name: str) -> bytes | None:
        try:
            return (self.path / name).read_bytes()
        except FileNotFoundError:
            return None

    def version(self, name: str) -> str | None:
        return version(self.path / name)

    def replace(self, name: str, content: bytes, seen: str | None) -> None:
        with self.exclusive(name):
            self._check(name, seen)
            with replace_file(self.path / name) as stream:
                stream.write(content)

    def delete(self, name: str, seen: str) -> None:
        with self.exclusive(name):
            self._check(name, seen)
            with disk_errors(self.path / name):
                (self.path / name).unlink()

    def exclusive(self, name: str) -> AbstractContextManager[None]:
        lock = f"{name.replace('/', '+')}.lock"
        return exclusive(self.path / name, self.path / LOCKS / lock)

    def _check(self, name: str, seen: str | None) -> None:
        if self.version(name) != seen:
            raise Stale(self.where(name))

    def subfolders_holding(self, name: str) -> list[str]:
        try:
            entries = list(os.scandir(self.path))
        except FileNotFoundError:
            return []
        return [entry.name for entry in entries if self._is_full(f"{entry.name}/{name}")]

    def _is_full(self, name: str) -> bool:
        try:
            found = os.stat(f"{self.path}{os.sep}{name}")  # noqa: PTH116 - ten times faster than Path
        except OSError:
            return False
        return stat.S_ISREG(found.st_mode) and found.st_size > 0

    def neighbours(self, name: str) -> list[str]:
        try:
            entries = os.listdir((self.path / name).parent)  # noqa: PTH208 - no Path needed
        except OSError:
            return []
        return sorted(entry for entry in entries if entry[0] not in "._" and entry != name.rpartition("/")[2])

    def files(self) -> list[str]:
        paths = (path for path in self.path.rglob("*") if path.is_file())
        return sorted(path.relative_to(self.path).as_posix() for path in paths)
