"""Runs of Python programs, each in a fork of a process that has imported their libraries (tests/libraries.py) once.

Most of what a run takes is importing pandas, pyarrow or Great Expectations, and the tests make a thousand runs. The
lab's own modules are imported by each run, as ever. Not for what hangs on how Python starts or is killed.
"""

import os
import runpy
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from multiprocessing import get_context, parent_process
from pathlib import Path

FORKS = get_context("forkserver")
FORKS.set_forkserver_preload(["tests.libraries"])
OURS = {"", str(Path(__file__).parents[1])}


def run(
    arguments: list[str], folder: Path, environment: Mapping[str, str], words: str = "", timeout: float = 300
) -> subprocess.CompletedProcess:
    """As subprocess.run([sys.executable, *arguments], …), what it says being text; `words` is its stdin."""
    with tempfile.TemporaryDirectory() as temporary:
        streams = [Path(temporary, name) for name in ("stdin", "stdout", "stderr")]
        streams[0].write_text(words, encoding="utf-8")
        # A run that starts another has the libraries itself.
        forks = get_context("fork") if parent_process() else FORKS
        process = forks.Process(target=_become, args=(arguments, folder, dict(environment), streams))
        process.start()
        process.join(timeout)
        if process.is_alive():
            process.kill()
            raise subprocess.TimeoutExpired(arguments, timeout)
        said = [stream.read_text(encoding="utf-8") for stream in streams[1:]]
        return subprocess.CompletedProcess([sys.executable, *arguments], process.exitcode, *said)


def _become(arguments: list[str], folder: Path, environment: dict[str, str], streams: list[Path]) -> None:
    """Be what `python *arguments` would be, in this folder and environment."""
    for number, stream in enumerate(streams):
        opened = os.open(stream, os.O_RDWR | os.O_CREAT)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    is_module = arguments[0] == "-m"
    program, sys.argv = arguments[int(is_module)], arguments[int(is_module) :]
    first = str(Path.cwd()) if is_module else str(Path(program).resolve().parent)
    sys.path[:] = [first, *(path for path in sys.path if path not in OURS)]
    if is_module:
        runpy.run_module(program, run_name="__main__", alter_sys=True)
    else:
        runpy.run_path(program, run_name="__main__")
