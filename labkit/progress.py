"""What the last checks found, step by step: `lab status` says it without running them again."""

from labkit import state_file
from labkit.exercises import DECLARED, LABS, exercises
from labkit.paths import STATE

FILE = STATE / "progress.json"


def remember(outcomes: dict[str, str]) -> None:
    """Keep the outcome of these steps of labs/, by name (a key of outcomes.LABELS)."""
    state_file.write(FILE, remembered() | outcomes)


def remembered() -> dict[str, str]:
    """The last outcome of each step that was ever checked."""
    return state_file.read(FILE)


def is_stale() -> bool:
    """Has a file of labs/ been saved since the last check?"""
    checked = FILE.stat().st_mtime if FILE.exists() else 0
    return any(path.stat().st_mtime > checked for path in LABS.glob("*.py"))


def places() -> list[dict]:
    """Where each practical is: the first of its steps that is not known to be right.

    {"exercise": "tp21", "right": 2, "steps": 6, "current": "tp21.3", "title": …, "outcome": "wrong"}; `current` is
    None when all are right, `outcome` is None when the step was never checked.
    """
    known = remembered()
    found = []
    for exercise in exercises().values() if DECLARED.exists() else ():
        right = [step for step in exercise.steps if known.get(step.name) == "right"]
        current = next((step for step in exercise.steps if step not in right), None)
        place = {"exercise": exercise.name, "right": len(right), "steps": len(exercise.steps)}
        if current:
            place |= {"current": current.name, "title": current.title, "outcome": known.get(current.name)}
        else:
            place |= {"current": None, "title": exercise.title, "outcome": "right"}
        found.append(place)
    return found
