"""What the last checks found, step by step: `lab status` says it without running them again."""

from datetime import datetime
from html import escape

from labkit.base import state_file
from labkit.base.outcomes import LABELS
from labkit.base.paths import STATE
from labkit.exercises.declared import DECLARED, LABS, N8N_STEPS, exercises
from labkit.exercises.timeline import block_of

FILE = STATE / "progress.json"


def remember(outcomes: dict[str, str]) -> None:
    """Keep the outcome of these steps of labs/, by name (a key of outcomes.LABELS)."""
    state_file.update(FILE, outcomes)
    in_n8n = {step.name for exercise in exercises().values() for step in exercise.steps if step.n8n}
    told = {name: outcome for name, outcome in outcomes.items() if name in in_n8n and outcome != "unchecked"}
    if told:
        state_file.write(N8N_STEPS, state_file.read(N8N_STEPS) | told)


def remembered() -> dict[str, str]:
    """The last outcome of each step that was ever checked."""
    return state_file.read(FILE)


def is_stale() -> bool:
    """Has a file of labs/ been saved since the last check, if there was one?"""
    if not FILE.exists():
        return False
    checked = FILE.stat().st_mtime
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


def strip(notebook: str, now: datetime) -> str:
    """Where a practical is, in a line of HTML: done, next, minutes left. "" for a notebook that is no practical's.

    notebook: "tp21_api_vers_parquet.ipynb".
    """
    exercise = next((one for one in exercises().values() if one.notebook == notebook), None)
    if not exercise:
        return ""
    known = remembered()
    steps = [step for step in exercise.steps if not step.further] or exercise.steps
    left = [step for step in steps if known.get(step.name) != "right"]
    marks = " ".join("○" if step in left else "✓" for step in steps)
    told = [
        f'<span aria-hidden="true">{marks}</span> <b>Étapes réussies : {len(steps) - len(left)} sur {len(steps)}</b>'
    ]
    if left:
        following, state = left[0], known.get(left[0].name, "todo")
        told.append(f"La suite : <b>{following.name}</b>, {escape(following.title)} ({LABELS[state]})")
        told.append(f"{sum(step.minutes for step in left)} min d'étapes")
    else:
        told.append("Tout est fait")
    if block := block_of(f"labs/{notebook.removesuffix('.ipynb')}"):
        minutes = block.minutes_left(now)
        told.append(
            f"fin à {block.ends(now):%H:%M}" + ("" if minutes is None else f", dans <b>{minutes} min</b>")
        )
    return "".join(f"<span>{one}</span>" for one in told)
