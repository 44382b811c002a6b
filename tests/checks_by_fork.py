"""Checks as labkit/exercises/check.py runs them, from a process that has imported everything and forks for each
question.

Hundreds of answers are checked: importing FastAPI and pyarrow for each took more time than the checks. The trainee's
own checks do not fork: neither Windows nor macOS does so safely.
"""

import json
import os
import subprocess
import sys
import tempfile
import threading
from functools import cache
from pathlib import Path

from labkit.exercises import check, check_child
from labkit.exercises.check import Finding
from labkit.exercises.declared import find_steps

LOCK = threading.Lock()


def run_checks(target: str, folder: Path, only: str = "") -> list[Finding]:
    """As labkit.exercises.check.run_checks. only: the name of one check, where the others' findings are not wanted."""
    return check.run_checks(target, folder, _Forked(find_steps(target)[0].exercise, only))


class _Forked:
    """What run_checks asks of a process: that it is there, and its last words."""

    def __init__(self, exercise: str, only: str):
        self.parent, self.only = _parent(exercise), only

    def poll(self) -> int | None:
        return self.parent.poll()

    def communicate(self, line: str) -> tuple[str, str]:
        if self.only:
            job = json.loads(line)
            line = json.dumps(job | {"arguments": [*job["arguments"], "-k", self.only]})
        with LOCK, tempfile.TemporaryDirectory() as folder:
            words = Path(folder, "words")
            self.parent.stdin.write(json.dumps({"words": str(words), "line": line}) + "\n")
            self.parent.stdin.flush()
            self.parent.stdout.readline()
            return words.read_text(encoding="utf-8", errors="replace"), ""


@cache
def _parent(exercise: str) -> subprocess.Popen:
    return check.start(exercise, program=(str(Path(__file__)),))


def main() -> None:
    check_child.get_ready(sys.argv[1:])
    for asked in sys.stdin:
        job = json.loads(asked)
        child = os.fork()
        if child == 0:
            words = os.open(job["words"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            nothing = os.open(os.devnull, os.O_RDONLY)
            for source, target in ((nothing, 0), (words, 1), (words, 2)):
                os.dup2(source, target)
            os._exit(check_child.run(job["line"]))
        os.waitpid(child, 0)
        print("done", flush=True)


if __name__ == "__main__":
    main()
