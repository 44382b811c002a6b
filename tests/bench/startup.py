"""Measure what a trainee waits for before working, and publish it as the last section of docs/bench.md.

    python -m tests.bench.startup        alone (make startup, six minutes)

In a copy of the lab: the set-up, n8n's, the first and the following starts, a first check, a headless run, memory.
The package caches are those of whoever runs it: warm from the second time on.
"""

import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import requests
from jupyter_client import BlockingKernelClient
from jupyter_core.paths import jupyter_runtime_dir

from labkit.base.paths import ROOT
from tests.bench.machine import described

PUBLISHED = ROOT / "docs" / "bench.md"
TITLE = "## Start-up"
FOLDERS = ("labkit", "ingestion", "solutions", "labs", "notebooks", "n8n", "data/samples")
FILES = ("requirements.txt", "pyproject.toml", "README.md")
# What a notebook of the day has imported by its end.
LESSON = "import pandas, pyarrow.parquet, matplotlib.pyplot, requests, tenacity"
OWN_PORTS = {"LAB_API_PORT": "18765", "LAB_JUPYTER_PORT": "18888", "LAB_N8N_PORT": "15678"}
MB = 1e6


def copy_of_the_lab(root: Path) -> None:
    left_out = shutil.ignore_patterns("__pycache__", "node_modules", "sauvegardes")
    for name in FOLDERS:
        shutil.copytree(ROOT / name, root / name, ignore=left_out)
    for name in FILES:
        shutil.copy(ROOT / name, root / name)


def environment() -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("LAB_")}
    return inherited | OWN_PORTS


def lab(root: Path, *arguments: str) -> list[str]:
    return [str(root / ".venv" / "bin" / "lab"), *arguments]


def timed(command: list[str], root: Path) -> tuple[float, str]:
    """Seconds of the whole process, and what it printed. It may fail: an exercise to do is a red check."""
    started = time.perf_counter()
    done = subprocess.run(command, cwd=root, env=environment(), stdout=subprocess.PIPE, encoding="utf-8")
    return time.perf_counter() - started, done.stdout


def set_up(root: Path) -> float:
    base = Path(sys.base_prefix, "bin", f"python{sys.version_info.major}.{sys.version_info.minor}")
    seconds, _ = timed([str(base), "labkit/bootstrap.py"], root)
    return seconds


@contextmanager
def started(root: Path, sign: str, *options: str) -> Iterator[tuple[float, psutil.Process]]:
    """`lab start`, once it has said `sign`: the seconds it took, and the lab's process."""
    said = root / "said.txt"
    begun = time.perf_counter()
    with said.open("w") as stream:
        command = lab(root, "start", "--no-browser", *options)
        process = subprocess.Popen(command, cwd=root, env=environment(), stderr=stream)
    try:
        while sign not in said.read_text(encoding="utf-8"):
            if process.poll() is not None or "✗" in said.read_text(encoding="utf-8"):
                sys.exit(f"lab start failed: {said.read_text(encoding='utf-8')}")
            time.sleep(0.05)
        yield time.perf_counter() - begun, psutil.Process(process.pid)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


def run_overhead(root: Path) -> float:
    """Seconds of `lab run` that are not spent in the notebook's cells."""
    seconds, printed = timed(
        lab(
            root,
            "run",
            "06_api_vers_parquet.ipynb",
            "-p",
            "base_url",
            f"http://127.0.0.1:{OWN_PORTS['LAB_API_PORT']}",
        ),
        root,
    )
    executed = json.loads((root / json.loads(printed)["notebook"]).read_text(encoding="utf-8"))
    cells = sum(cell["metadata"].get("papermill", {}).get("duration") or 0 for cell in executed["cells"])
    return seconds - cells


def memory(lab_process: psutil.Process, root: Path) -> dict[str, float]:
    """MB of each part of the running lab with one notebook open; memory that processes share is counted once."""
    kernel = open_notebook(root)
    parts = {
        "API": "labkit.cli api",
        "JupyterLab": "jupyterlab",
        "n8n": "node_modules",
        "a notebook": "ipykernel",
    }
    found = dict.fromkeys(["lab", *parts], 0.0)
    try:
        for process in [lab_process, *lab_process.children(recursive=True)]:
            words = " ".join(process.cmdline())
            part = next((name for name, mark in parts.items() if mark in words), "lab")
            found[part] += process.memory_full_info().pss / MB
    finally:
        kernel.stop_channels()
    return found


def open_notebook(root: Path) -> BlockingKernelClient:
    """A kernel of the running JupyterLab that has imported what the lessons import."""
    token = json.loads((root / "data/state/secrets.json").read_text(encoding="utf-8"))["jupyter_token"]
    url = f"http://127.0.0.1:{OWN_PORTS['LAB_JUPYTER_PORT']}/api/kernels"
    answer = requests.post(url, json={}, headers={"Authorization": f"token {token}"}, timeout=30)
    answer.raise_for_status()
    connection = Path(jupyter_runtime_dir(), f"kernel-{answer.json()['id']}.json")
    client = BlockingKernelClient(connection_file=str(connection))
    client.load_connection_file()
    client.start_channels()
    client.wait_for_ready(timeout=60)
    client.execute_interactive(LESSON, timeout=120)
    return client


def size_of(folder: Path) -> float:
    """GB on the disk."""
    files = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return sum(path.stat().st_size for path in files) / 1e9


def median_of(measure: Callable[[], float], repeats: int = 3) -> float:
    return statistics.median(measure() for _ in range(repeats))


def start_seconds(root: Path, sign: str, *options: str) -> float:
    with started(root, sign, *options) as (seconds, _):
        return seconds


def measure(root: Path) -> tuple[list[tuple[str, str, str]], dict[str, float]]:
    """The rows (what, measured, budget), and the memory by part."""
    everything, python_only = "✓ n8n", "✓ JupyterLab"
    copy_of_the_lab(root)
    print("… Python packages", flush=True)
    setup = set_up(root)
    first = start_seconds(root, python_only, "--without", "n8n")
    print("… n8n", flush=True)
    n8n, _ = timed(lab(root, "n8n", "install"), root)
    first_n8n = start_seconds(root, everything)
    print("… starts, checks and runs", flush=True)
    warm = median_of(lambda: start_seconds(root, everything))
    with started(root, everything) as (_, process):
        check = median_of(lambda: timed(lab(root, "check", "tp21.1"), root)[0])
        overhead = median_of(lambda: run_overhead(root))
        used = memory(process, root)
    rows = [
        ("set-up: Python packages", f"{setup:.0f} s, {size_of(root / '.venv'):.1f} GB", ""),
        ("first start of the API and JupyterLab", f"{first:.1f} s", ""),
        ("both together", f"{setup + first:.0f} s", "90 s"),
        ("n8n, a step of its own", f"{n8n:.0f} s, {size_of(root / 'n8n' / 'node_modules'):.1f} GB", ""),
        ("first start with n8n, its workflows imported", f"{first_n8n:.1f} s", ""),
        ("`lab start`, all services answering", f"{warm:.1f} s", "15 s"),
        ("`lab check tp21.1`, whole process", f"{check:.1f} s", "3 s"),
        ("`lab run` of a notebook, above its cells' work", f"{overhead:.1f} s", "2 s"),
    ]
    return rows, used


def section(rows: list[tuple[str, str, str]], used: dict[str, float]) -> str:
    busy = f"{os.getloadavg()[2]:.1f} processes at work on average, ours included"
    lines = [TITLE, "", f"{described()}, package caches warm, {busy}. Regenerate with `make startup`.", ""]
    lines += ["| what a trainee waits for | measured | budget |", "|---|---|---|"]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    parts = ", ".join(f"{name} {megabytes:.0f}" for name, megabytes in used.items())
    lines += ["", f"Memory of one trainee's lab: {sum(used.values()):.0f} MB ({parts})."]
    return "\n".join(lines) + "\n"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        text = section(*measure(Path(folder)))
    before = re.split(f"^{TITLE}$", PUBLISHED.read_text(encoding="utf-8"), flags=re.MULTILINE)[0]
    PUBLISHED.write_text(before.rstrip() + "\n\n" + text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
