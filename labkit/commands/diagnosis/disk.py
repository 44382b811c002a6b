"""The right to write, the disk's speed, the room left on it and in memory."""

import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from labkit.base.paths import DATA, ROOT
from labkit.commands.diagnosis.finding import GOOD, PROBLEM, Finding
from labkit.commands.diagnosis.node import n8n_state

# An SSD does it in 1 to 5 ms, a hard disk in 20 to 30. Above, a backfill of a year (365 files) waits 18 s for the disk.
SLOW_WRITE_MS = 50.0
WRITES = 20
# One trainee's lab with n8n and a notebook takes 790 MB (docs/machines.md); a second notebook must fit.
NEEDED_MEMORY_GIB = 1.0
NEEDED_DISK_GIB = {"installed": 1, "absent": 4}
GIB = 2**30


def write_access() -> Iterator[Finding]:
    refused = [folder for folder in (ROOT, DATA) if folder.exists() and not _can_write(folder)]
    if refused:
        yield Finding(
            PROBLEM,
            "Écriture",
            f"vous ne pouvez pas écrire dans {refused[0]}.",
            "Copiez le laboratoire dans un dossier à vous, ou demandez ce droit.",
        )
    else:
        yield Finding(GOOD, "Écriture", "le dossier du laboratoire et data/ sont à vous.")


def _can_write(folder: Path) -> bool:
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return True


def disk_speed() -> Iterator[Finding]:
    """What the scripts do for each day: create a small file, flush it to the disk, rename it."""
    try:
        with tempfile.TemporaryDirectory(dir=DATA if DATA.exists() else ROOT) as folder:
            median = statistics.median(_timed_write(Path(folder)) for _ in range(WRITES))
    except OSError:
        return
    if median > SLOW_WRITE_MS:
        yield Finding(
            PROBLEM,
            "Disque",
            f"écrire un petit fichier prend {median:.0f} ms (d'habitude 1 à 30) : antivirus ou dossier synchronisé ?",
            "Exceptez ce dossier de l'antivirus, ou mettez le laboratoire hors du réseau et de OneDrive.",
        )
    else:
        yield Finding(GOOD, "Disque", f"écrire un petit fichier prend {_number(median)} ms.")


def _timed_write(folder: Path) -> float:
    """Milliseconds for one file."""
    started = time.perf_counter()
    with (folder / "new").open("wb") as stream:
        stream.write(bytes(4096))
        stream.flush()
        os.fsync(stream.fileno())
    (folder / "new").replace(folder / "final")
    return (time.perf_counter() - started) * 1000


def room() -> Iterator[Finding]:
    """Memory and disk, in GiB."""
    needed = NEEDED_DISK_GIB["installed" if n8n_state() == "installed" else "absent"]
    free = shutil.disk_usage(ROOT).free / GIB
    if free < needed:
        said = f"il reste {_number(free)} Gio, il en faut {needed}."
        yield Finding(
            PROBLEM, "Place", said, "Faites de la place ; lab reset efface ce que les passages ont produit."
        )
    else:
        yield Finding(GOOD, "Place", f"{_number(free)} Gio libres.")
    try:
        import psutil
    except ImportError:
        return
    memory = psutil.virtual_memory().available / GIB
    if memory < NEEDED_MEMORY_GIB:
        said = f"{_number(memory)} Gio disponibles, le laboratoire avec n8n en demande {_number(NEEDED_MEMORY_GIB)}."
        yield Finding(
            PROBLEM,
            "Mémoire",
            said,
            "Fermez des programmes, ou passez-vous de n8n : lab start --without n8n.",
        )
    else:
        yield Finding(GOOD, "Mémoire", f"{_number(memory)} Gio disponibles.")


def _number(value: float) -> str:
    return f"{value:.1f}".replace(".", ",")
