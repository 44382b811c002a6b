"""What the lab remembers in data/state/: one JSON object a file, replaced at once for whoever reads it then."""

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from filelock import FileLock


class StateError(click.ClickException):
    """A file of data/state/ that cannot be written or read, in one sentence: a command ends with it, and 1."""


def read(path: Path) -> dict:
    """The object of the file; empty if there is none, or if it is not one."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def write(path: Path, content: dict) -> None:
    """Replace the file, for its owner's eyes alone. StateError if the disk is full or the folder read-only."""
    with _told(path):
        descriptor, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
                json.dump(content, stream, indent=1)
            Path(beside).replace(path)
        finally:
            Path(beside).unlink(missing_ok=True)


def update(path: Path, changes: dict) -> None:
    """Write these keys, the others kept, whoever else writes at the same time. StateError as `write`."""
    with _told(path), FileLock(path.with_name(f".{path.name}.lock")):
        write(path, read(path) | changes)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Make the file's folder; whatever then keeps it from being written ends in one sentence."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as problem:
        raise StateError(
            f"{path} ne peut pas être écrit ({problem.strerror or problem}) : libérez de la place, ou rendez ce "
            "dossier modifiable, puis recommencez."
        ) from None
