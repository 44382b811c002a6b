"""The address of base.paths before 0.2, for a notebook written then: it works, and says the new one."""

import sys

from labkit.base.paths import *  # noqa: F403

print("labkit.paths s'appelle désormais labkit.base.paths ; l'ancien nom marche encore.", file=sys.stderr)
