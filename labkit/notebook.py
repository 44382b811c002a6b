"""The address of notebooks.session before 0.2, for a notebook written then: it works, and says the new one."""

import sys

from labkit.notebooks.session import *  # noqa: F403

print(
    "labkit.notebook s'appelle désormais labkit.notebooks.session ; l'ancien nom marche encore.",
    file=sys.stderr,
)
