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

HEAVY = ("pytest", "pyarrow.parquet", "requests", "tenacity")
# The one step whose scripts may use Great Expectations.
WITH_EXPECTATIONS = "tp22.5"


def get_ready(targets: list[str]) -> None:
    """Import what the checks of these steps need; ahead of time they are a practical and the step asked about before.

    Those of a step done in n8n alone need little.
    """
    if all(step.n8n for target in targets for step in find_steps(target)):
        return
    names = [*HEAVY]
    is_ahead = any("." not in target for target in targets)
    if is_ahead:
        names.append("labkit.practice_api.server")
        if WITH_EXPECTATIONS in targets:
            names.append("great_expectations")
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    for name in names:
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
