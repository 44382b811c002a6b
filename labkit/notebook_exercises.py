"""The address of notebooks.exercises before 0.2, for a notebook written then: it works, and says the new one."""

import sys

from labkit.notebooks.exercises import *  # noqa: F403

print(
    "labkit.notebook_exercises s'appelle désormais labkit.notebooks.exercises ; l'ancien nom marche encore.",
    file=sys.stderr,
)
