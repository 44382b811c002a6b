"""The process that runs the checks once: what is heavy is imported first, then one JSON line says what to check.

Started ahead of time it costs nothing to the one who waits: it then has the practice API too, and Great Expectations,
which takes several seconds, if the step asked about just before uses it. Otherwise these imports are left to the checks
and to the scripts: what is to do makes none.
"""

import importlib
import json
import os
import sys

from labkit.exercises.declared import find_steps

# What is asked ahead of time, after the one step whose scripts may use Great Expectations.
AHEAD_WITH_EXPECTATIONS = {"tp22", "tp22.5"}
HEAVY = ("pytest", "pyarrow.parquet", "requests", "tenacity")
# Half a second, which a check that asks nothing of the API does without.
API = "labkit.practice_api.server"


def get_ready(targets: list[str]) -> None:
    """Import what the checks of these steps need; ahead of time they are a practical and the step asked about before.

    Those of a step done in n8n alone need little.
    """
    if all(step.n8n for target in targets for step in find_steps(target)):
        return
    is_ahead = any("." not in target for target in targets)
    own = [API] if is_ahead else []
    if {*targets} >= AHEAD_WITH_EXPECTATIONS:
        own.append("great_expectations")
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
