"""What git is given of a notebook that a person ran: the filter of *.ipynb (.gitattributes), which `lab start` sets.

The outputs in git are those of `make notebooks`, which nbval compares with. JupyterLab, as the lab sets it, writes the
time of a run into each cell, and `make notebooks` does not: a cell that bears one is given back what git holds of it.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

PYTHON_NAMES = ("kernelspec", "language_info")


def install(root: Path) -> None:
    """Set the filter in the clone that holds `root`; nothing where there is no clone, or no git."""
    command = f'"{sys.executable.replace(os.sep, "/")}" -m labkit.run_outputs %f'
    try:
        subprocess.run(
            ["git", "config", "--local", "filter.run-outputs.clean", command], cwd=root, capture_output=True
        )
    except OSError:
        return


def clean(written: bytes, held: bytes) -> bytes:
    """`written`, a notebook, without what running it has changed since `held`, the one in git (empty: none)."""
    notebook = json.loads(written)
    reference = json.loads(held) if held else {"cells": [], "metadata": {}}
    known = {cell.get("id"): cell for cell in reference["cells"]}
    nothing = {"outputs": [], "execution_count": None}
    for cell in notebook["cells"]:
        if cell["metadata"].pop("execution", None):
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
