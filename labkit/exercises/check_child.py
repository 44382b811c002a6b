"""The process that runs the checks once: what is heavy is imported first, then one JSON line says what to check.

Started ahead of time it costs nothing to the one who waits: for all of TP2.2 it then has Great Expectations, which
takes several seconds. Asked for a step, it leaves that import to the scripts: one that is to do makes none.
"""

import importlib
import json
import os
import sys

from labkit.exercises.declared import find_steps

HEAVY = ("pytest", "pyarrow.parquet", "requests", "tenacity", "labkit.practice_api.server")


def get_ready(targets: list[str]) -> None:
    """Import what the checks of these steps, or practicals, need; those of a step done in n8n need little."""
    if all(step.n8n for target in targets for step in find_steps(target)):
        return
    own = ("great_expectations",) if "tp22" in targets else ()
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    for name in (*HEAVY, *own):
        importlib.import_module(name)


def run(line: str) -> int:
    """Run the checks that a line of labkit/exercises/check.py asks for; pytest's exit code."""
    import pytest

    job = json.loads(line)
    os.environ.update(job["environment"])
    os.chdir(job["folder"])
    sys.path.insert(0, job["checks"])
    return pytest.main(job["arguments"])


def main() -> None:
    get_ready(sys.argv[1:])
    line = sys.stdin.readline()
    if line:
        sys.exit(run(line))


if __name__ == "__main__":
    main()
