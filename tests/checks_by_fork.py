"""Checks as labkit/exercises/check.py runs them, by tests/python_by_fork.py.

    run_checks(…)                           in a test
    python -m tests.checks_by_fork check …  as `lab check …`, in a run of tests/python_by_fork.py

The trainee's own checks do not fork: neither Windows nor macOS does so safely.
"""

import json
import sys
import tempfile
from pathlib import Path

from labkit.exercises import check
from labkit.exercises.check import Finding
from labkit.exercises.declared import find_steps
from tests import python_by_fork


def run_checks(target: str, folder: Path, only: str = "") -> list[Finding]:
    """As labkit.exercises.check.run_checks. only: the name of one check, where the others' findings are not wanted."""
    return check.run_checks(target, folder, _Forked([step.name for step in find_steps(target)], only))


class _Forked:
    """What run_checks asks of a process: that it is there, and its last words."""

    def __init__(self, steps: list[str], only: str = ""):
        self.steps, self.only = steps, only

    def poll(self) -> None:
        """It has not ended: it has not begun."""

    def communicate(self, line: str) -> tuple[str, str]:
        if self.only:
            job = json.loads(line)
            line = json.dumps(job | {"arguments": [*job["arguments"], "-k", self.only]})
        command = [*check.CHILD, *self.steps]
        done = python_by_fork.run(command, Path(tempfile.gettempdir()), check.child_environment(), line)
        return done.stdout, done.stderr


if __name__ == "__main__":
    from labkit.cli import main

    # The report checks a room in threads, where forking is not safe.
    if "report" not in sys.argv:
        check.start = lambda *steps: _Forked(list(steps))
    main()
