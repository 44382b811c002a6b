"""Find what keeps the lab from running, and say one remedy for each: `lab doctor`.

`make doctor` runs it when `lab` itself does not start: so this module and those of labkit/commands/diagnosis/ import
the standard library only, what an installation may lack being imported where it is used.
"""

import sys

from labkit.commands.diagnosis.disk import disk_speed, room, write_access
from labkit.commands.diagnosis.finding import PROBLEM
from labkit.commands.diagnosis.network import clock, ports, proxy
from labkit.commands.diagnosis.node import node
from labkit.commands.diagnosis.python import packages, python_version

EXAMINATIONS = (python_version, packages, node, ports, proxy, write_access, clock, disk_speed, room)


def main() -> int:
    """Print every finding; 1 if there is a problem, else 0."""
    problems = 0
    for examine in EXAMINATIONS:
        for finding in examine():
            print(finding, flush=True)
            problems += finding.label == PROBLEM
    print(f"\n{problems} problème(s) : voyez les remèdes →" if problems else "\nTout va bien.")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
