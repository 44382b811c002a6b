"""A copy of the lab where notebooks run without touching anyone's data, on an API of its own.

`python -m tests.notebooks.workspace` (make notebooks) executes the notebooks there, in the order of the
day, and stores their outputs back: what nbval compares with.
"""

import difflib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import nbformat

from labkit.base.processes import free_port
from labkit.practice_api.server import running_api
from tests import python_by_fork
from tests.notebooks.prose import typeset

REPOSITORY = Path(__file__).parents[2]
NOTEBOOKS = sorted(
    path.relative_to(REPOSITORY).as_posix()
    for folder in ("notebooks", "solutions")
    for path in (REPOSITORY / folder).glob("*.ipynb")
)


@dataclass(frozen=True)
class Workspace:
    """root: the copy; environment: what makes a process work there; api_url: its own practice API."""

    root: Path
    environment: dict[str, str]
    api_url: str

    def run(self, *command: str, **more: str) -> subprocess.CompletedProcess:
        """Run a Python module or script in the copy: run("-m", "pytest", …)."""
        return python_by_fork.run(list(command), self.root, self.environment | more, timeout=1200)


def copy_lab(root: Path) -> None:
    """What notebooks, scripts and workflows need of the lab, under `root`."""
    left_out = shutil.ignore_patterns("__pycache__", "sauvegardes")
    for folder in ("notebooks", "solutions", "labs", "n8n/workflows", "n8n/checkpoints", "deploy/airflow"):
        shutil.copytree(REPOSITORY / folder, root / folder, ignore=left_out)
    (root / "n8n/node_red").symlink_to(REPOSITORY / "n8n/node_red")


@contextmanager
def workspace(root: Path) -> Iterator[Workspace]:
    copy_lab(root)
    with running_api() as api:
        ports = {f"LAB_{name}_PORT": str(free_port()) for name in ("N8N", "NODE_RED")}
        own = {"LAB_ROOT": str(root), "LAB_API_URL": api.url, "PYTHONUTF8": "1"} | ports
        yield Workspace(root, os.environ | own, api.url)


def refresh() -> None:
    """Execute the repository's notebooks in a copy, store the outputs back, and print what has changed in them."""
    with tempfile.TemporaryDirectory() as folder, workspace(Path(folder)) as lab:
        for name in NOTEBOOKS:
            notebook = lab.root / name
            options = [
                "--to",
                "notebook",
                "--execute",
                "--inplace",
                "--coalesce-streams",
                "--ExecutePreprocessor.record_timing=False",
            ]
            done = lab.run("-m", "nbconvert", *options, str(notebook))
            sys.stderr.write(done.stderr)
            done.check_returncode()
            print("".join(store(notebook, REPOSITORY / name)), end="")


def store(executed: Path, target: Path) -> list[str]:
    """Keep an executed notebook, its prose typeset, without the outputs that hold for one machine at one moment.

    Unless the cell is tagged "stored": the prose comments on what any machine shows, such as ratios of timings.
    Gives the difference of the outputs, as the lines of a unified diff.
    """
    notebook = nbformat.read(executed, as_version=4)
    for cell in notebook.cells:
        if {"nbval-ignore-output", "stored"} & set(cell.metadata.get("tags", [])) == {"nbval-ignore-output"}:
            cell.outputs = []
        if cell.cell_type == "markdown":
            cell.source = typeset(cell.source)
    former = nbformat.read(target, as_version=4)
    nbformat.write(notebook, target)
    return list(difflib.unified_diff(shown(former), shown(notebook), f"before/{target.name}", target.name))


def shown(notebook: nbformat.NotebookNode) -> list[str]:
    """What a reader sees of the outputs, line by line."""
    lines = []
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            text = output.get("text") or output.get("data", {}).get("text/plain") or output["output_type"]
            lines += [f"{line}\n" for line in text.splitlines()]
    return lines


if __name__ == "__main__":
    refresh()
