"""What git is given of a notebook that a person ran: the filter of *.ipynb (.gitattributes), which `lab start` sets.

The outputs in git are those of `make notebooks`, which nbval compares with. JupyterLab, as the lab sets it, writes the
time of a run into each cell, and `make notebooks` does not: a cell that bears one is given back what git holds of it.
So is a cell without outputs nor number: JupyterLab saved it while it waited for its turn, or after an error above it.
"""

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

PYTHON_NAMES = ("kernelspec", "language_info")
FILTER = "filter.run-outputs.clean"
COMMAND = f'"{sys.executable.replace(os.sep, "/")}" -m labkit.notebooks.run_outputs %f'


def install(root: Path) -> None:
    """Set the filter in the clone that holds `root`; nothing where there is no clone, or no git."""
    with suppress(OSError):
        _git(root, "config", "--local", FILTER, COMMAND)


def settle(path: Path) -> None:
    """Tell git the size of a notebook just saved, if running it is all that changed it.

    `git status` looks no further than sizes. Nothing is staged: what git holds stays the same, byte for byte.
    """
    with suppress(OSError):
        held = _git(path.parent, "show", f":./{path.name}").stdout
        if held and clean(path.read_bytes(), held) == held:
            _git(path.parent, "-c", f"{FILTER}={COMMAND}", "update-index", "--", path.name)


def _git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["git", *arguments], cwd=folder, capture_output=True)


def clean(written: bytes, held: bytes) -> bytes:
    """`written`, a notebook, without what running it has changed since `held`, the one in git (empty: none)."""
    notebook = json.loads(written)
    reference = json.loads(held) if held else {"cells": [], "metadata": {}}
    known = {cell.get("id"): cell for cell in reference["cells"]}
    nothing: dict = {"outputs": [], "execution_count": None}
    for cell in notebook["cells"]:
        waiting = cell["cell_type"] == "code" and all(cell[name] == nothing[name] for name in nothing)
        if cell["metadata"].pop("execution", None) or waiting:
            former = known.get(cell.get("id"), nothing)
            same = former if former.get("source") == cell["source"] else nothing
            cell |= {name: same[name] for name in nothing}
    notebook["metadata"] |= {
        name: held for name, held in reference["metadata"].items() if name in PYTHON_NAMES
    }
    if notebook == json.loads(written):
        return written
    return (json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n").encode()


def main() -> None:
    written = sys.stdin.buffer.read()
    held = subprocess.run(["git", "show", f":{sys.argv[1]}"], capture_output=True).stdout
    sys.stdout.buffer.write(clean(written, held))


if __name__ == "__main__":
    main()
