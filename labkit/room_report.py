"""The room at a glance: the labs/ collected from trainees, checked, as one HTML page and one JSON file."""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from html import escape
from pathlib import Path

from tqdm import tqdm

from labkit.check import Finding, badge, by_step, overall, run_checks
from labkit.exercises import exercises
from labkit.outcomes import LABELS

# Two checks at a time: each is a process that computes.
AT_A_TIME = 2


def collect(folder: Path) -> dict[str, list[Finding]]:
    """{trainee: what the checks found}, for every subfolder of `folder` that holds scripts, or a labs/ with scripts."""
    homes = {path.name: home for path in sorted(folder.iterdir()) if (home := _scripts_of(path))}
    asked = [(trainee, step.name) for trainee in homes for step in _steps()]
    found: dict[str, list[Finding]] = {trainee: [] for trainee in homes}
    with ThreadPoolExecutor(AT_A_TIME) as pool, tqdm(total=len(asked), unit="étape") as progress:
        for (trainee, _), findings in zip(
            asked, pool.map(lambda one: run_checks(one[1], homes[one[0]]), asked), strict=True
        ):
            found[trainee] += findings
            progress.update()
    return found


def _steps() -> list:
    """The steps of the scripts; those of n8n are done on the trainee's own machine, no collected folder can tell."""
    return [step for exercise in exercises().values() for step in exercise.steps if not step.n8n]


def _scripts_of(path: Path) -> Path | None:
    return next((home for home in (path, path / "labs") if home.is_dir() and any(home.glob("*.py"))), None)


def write(room: dict[str, list[Finding]], output: Path) -> None:
    """Write `output` (HTML) and the same with the suffix .json: {"trainees": …, "most_failed": …}."""
    states = {trainee: _states(found) for trainee, found in room.items()}
    failed = most_failed(room)
    content = {"trainees": states, "most_failed": failed}
    output.with_suffix(".json").write_text(
        json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8"
    )
    output.write_text(_page(states, failed), encoding="utf-8")


def _states(found: list[Finding]) -> dict[str, str]:
    """{step: outcome}."""
    return {
        step.name: overall(findings)
        for exercise in exercises()
        for step, findings in by_step(exercise, found).items()
        if findings
    }


def most_failed(room: dict[str, list[Finding]]) -> list[dict]:
    """The checks that are red, the most frequent first: {"check", "step", "title", "failed", "hint", "trainees"}."""
    red = [
        (finding.check, trainee, finding)
        for trainee, found in room.items()
        for finding in found
        if finding.outcome in ("wrong", "error")
    ]
    counts = Counter(check for check, _, _ in red)
    return [
        {
            "check": check,
            "step": first.step,
            "title": first.title,
            "failed": count,
            "hint": first.hint,
            "trainees": [trainee for other, trainee, _ in red if other == check],
        }
        for check, count in counts.most_common()
        for first in [next(finding for other, _, finding in red if other == check)]
    ]


def _page(states: dict[str, dict[str, str]], failed: list[dict]) -> str:
    steps = _steps()
    head = "".join(f'<th scope="col" title="{escape(step.title)}">{step.name}</th>' for step in steps)
    rows = "".join(
        f'<tr><th scope="row">{escape(trainee)}</th>'
        + "".join(f"<td>{badge(state.get(step.name, 'unchecked'))}</td>" for step in steps)
        + "</tr>"
        for trainee, state in states.items()
    )
    items = "".join(
        f"<li><b>{one['failed']} × {escape(one['title'])}</b> ({one['step']}) : {escape(', '.join(one['trainees']))}"
        f"<br>{escape(one['hint'])}</li>"
        for one in failed
    )
    legend = " ".join(map(badge, LABELS))
    return f"""<!doctype html>
<html lang="fr"><meta charset="utf-8"><title>La salle</title>
<style>
body {{ font: 14px/1.5 system-ui, sans-serif; margin: 2em; color: #1f1f1f }}
table {{ border-collapse: collapse }} th, td {{ padding: .3em .4em; border: 1px solid #ddd; text-align: center }}
tr > th:first-child {{ text-align: left }}
</style>
<main>
<h1>La salle : {len(states)} stagiaires</h1>
<p>{legend}</p>
<table><tr><th scope="col">stagiaire</th>{head}</tr>{rows}</table>
<h2>Ce qui échoue le plus</h2>
<ol>{items or "<li>Rien n'est rouge.</li>"}</ol>
</main>
</html>
"""
