"""The room at a glance: the labs/ collected from trainees, checked, as HTML pages and one JSON file."""

import json
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from html import escape
from pathlib import Path
from urllib.parse import quote

from tqdm import tqdm

from labkit.base import state_file
from labkit.base.outcomes import COLORS, LABELS, MARKS, in_html
from labkit.exercises.check import PLACE, Finding, badge, by_step, described, overall, run_each
from labkit.exercises.declared import N8N_STEPS, Exercise, Step, exercises

# Two checks at a time: each is a process that computes.
AT_A_TIME = 2
# Lines of a trainee's file shown above and below the one that a check names.
AROUND = 3
REFRESH = '<meta http-equiv="refresh" content="15">'
GRID = "grille.html"
LEVELS = {
    "right": "acquis",
    "wrong": "en cours",
    "error": "en cours",
    "todo": "non abordé",
    "unchecked": "non vérifié",
}


def trainees(folder: Path) -> dict[str, Path]:
    """{trainee: their scripts}, for every subfolder of `folder` that holds scripts, or a labs/ with scripts.

    That labs/ may lie deeper, as an archive unpacked in a folder of its own leaves it. What systems add is left out.
    """
    return {
        path.name: home
        for path in sorted(folder.iterdir())
        if path.is_dir() and not _is_of_a_system(path.name) and (home := _scripts_of(path))
    }


def _is_of_a_system(folder: str) -> bool:
    return folder.startswith((".", "__"))


def collect(homes: dict[str, Path]) -> dict[str, list[Finding]]:
    """{trainee: what the checks found}."""
    asked = [(trainee, exercise) for trainee in homes for exercise in exercises().values()]
    found = {trainee: _found_in_n8n(home) for trainee, home in homes.items()}

    def check(one: tuple[str, Exercise]) -> list[Finding]:
        return run_each([step for step in one[1].steps if not step.n8n], homes[one[0]])

    with ThreadPoolExecutor(AT_A_TIME) as pool, tqdm(total=len(asked), unit="TP") as progress:
        for (trainee, _), findings in zip(asked, pool.map(check, asked), strict=True):
            found[trainee] += findings
            progress.update()
    return found


def follow(folder: Path, output: Path) -> Iterator[list[str]]:
    """Write the report now and each time that somebody's scripts change; the trainees checked, each time."""
    room: dict[str, list[Finding]] = {}
    seen: dict[str, float] = {}
    while True:
        homes = trainees(folder)
        saved = {name: _saved_at(home) for name, home in homes.items()}
        changed = [name for name in homes if saved[name] != seen.get(name)]
        if changed:
            room |= collect({name: homes[name] for name in changed})
            write({name: room[name] for name in homes}, output, homes, refresh=True)
        seen = saved
        yield changed


def _saved_at(home: Path) -> float:
    """When a script was last saved; 0 for one that goes while we look: it is seen at the next turn."""
    try:
        return max(path.stat().st_mtime for path in home.glob("*.*"))
    except OSError:
        return 0


def _steps() -> list[Step]:
    return [step for exercise in exercises().values() for step in exercise.steps]


def _found_in_n8n(home: Path) -> list[Finding]:
    """What the checks of the n8n steps last said on the trainee's own machine, where their n8n was."""
    kept = state_file.read(home / N8N_STEPS.name)
    return [
        Finding(step.name, step.name, step.title, kept[step.name])
        for step in _steps()
        if step.n8n and kept.get(step.name) in LABELS
    ]


def _scripts_of(path: Path) -> Path | None:
    nested = (
        home
        for pattern in ("labs", "*/labs", "*/*/labs")
        for home in sorted(path.glob(pattern))
        if not any(map(_is_of_a_system, home.relative_to(path).parts))
    )
    return next((home for home in (path, *nested) if any(home.glob("*.py"))), None)


def write(
    room: dict[str, list[Finding]], output: Path, homes: dict[str, Path], refresh: bool = False
) -> None:
    """Write `output` (HTML), the same with the suffix .json: {"trainees": …, "most_failed": …}, and grille.html.

    homes: where each trainee's scripts are, to show their lines; refresh: the page reloads itself.
    """
    states = {trainee: _states(found) for trainee, found in room.items()}
    failed = most_failed(room)
    content = {"trainees": states, "most_failed": failed}
    output.with_suffix(".json").write_text(
        json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8"
    )
    output.write_text(_page(states, failed, room, homes, refresh), encoding="utf-8")
    output.with_name(GRID).write_text(_grid(states), encoding="utf-8")


def _states(found: list[Finding]) -> dict[str, str]:
    """{step: outcome}."""
    return {
        step.name: overall(findings)
        for exercise in exercises()
        for step, findings in by_step(exercise, found).items()
        if findings
    }


def most_failed(room: dict[str, list[Finding]]) -> list[dict]:
    """What is red, by cause, the most frequent first: {"check", "step", "title", "failed", "hint", "trainees"}.

    A cause is a check that fails, or an error told by one sentence, such as a line that Python cannot read.
    """
    causes: dict[str, list[tuple[str, Finding]]] = defaultdict(list)
    for trainee, found in room.items():
        for finding in found:
            if finding.outcome in ("wrong", "error") and finding.hint:
                causes[finding.got if finding.outcome == "error" else finding.check].append(
                    (trainee, finding)
                )
    return [
        {
            "check": first.check,
            "step": first.step,
            "title": first.got if first.outcome == "error" else first.title,
            "failed": len(cases),
            "hint": first.hint,
            "trainees": [trainee for trainee, _ in cases],
        }
        for cases in sorted(causes.values(), key=len, reverse=True)
        for _, first in cases[:1]
    ]


def _page(
    states: dict[str, dict[str, str]],
    failed: list[dict],
    room: dict[str, list[Finding]],
    homes: dict[str, Path],
    refresh: bool,
) -> str:
    items = "".join(
        f"<li><b>{one['failed']} × {in_html(one['title'])}</b> ({one['step']}) : {escape(', '.join(one['trainees']))}"
        f"<br>{in_html(one['hint'])}</li>"
        for one in failed
    )
    legend = " ".join(map(badge, LABELS))
    details = "".join(_details(trainee, found, homes.get(trainee)) for trainee, found in room.items())
    return f"""<!doctype html>
<html lang="fr"><meta charset="utf-8"><title>La salle</title>{REFRESH if refresh else ""}
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; margin: 1.5em; color: #1f1f1f; background: #fff }}
.room {{ overflow-x: auto }} table {{ border-collapse: collapse }}
th, td {{ padding: .15em .3em; border: 1px solid #ddd; text-align: center }}
thead th {{ font-weight: 600; font-size: .8em; vertical-align: bottom }}
.room th:first-child {{ position: sticky; left: 0; background: #fff; text-align: left; white-space: nowrap }}
td a {{ display: block; min-width: 1.7em; color: #fff; text-decoration: none; font-weight: 700; border-radius: .2em }}
.word {{ position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%) }}
pre {{ background: #f5f5f5; padding: .5em .8em; overflow-x: auto; line-height: 1.35 }} mark {{ background: #fde8a8 }}
</style>
<main>
<h1>La salle : {len(states)} stagiaires</h1>
<p>{legend} · <a href="{GRID}">la grille d'évaluation, une page par stagiaire</a></p>
<div class="room" tabindex="0" role="region" aria-label="Stagiaires par étapes">{_table(states)}</div>
<h2>Ce qui échoue le plus, par cause</h2>
<ol>{items or "<li>Rien n'est rouge.</li>"}</ol>
<h2>En détail</h2>
{details or "<p>Rien n'est rouge.</p>"}
</main>
</html>
"""


def _table(states: dict[str, dict[str, str]]) -> str:
    steps = _steps()
    head = "".join(
        f'<th scope="col"><abbr title="{escape(step.title)}">{step.name.replace("checkpoint", "chk")}</abbr></th>'
        for step in steps
    )
    rows = "".join(
        f'<tr><th scope="row">{escape(trainee)}</th>'
        + "".join(_cell(trainee, step, state.get(step.name, "unchecked")) for step in steps)
        + f"<td>{sum(one == 'right' for one in state.values())} sur {len(steps)}</td></tr>"
        for trainee, state in states.items()
    )
    right = [sum(state.get(step.name) == "right" for state in states.values()) for step in steps]
    foot = "".join(f"<td>{100 * count // max(1, len(states))} %</td>" for count in right)
    return (
        f'<table><thead><tr><th scope="col">stagiaire</th>{head}<th scope="col">réussies</th></tr></thead>'
        f'<tbody>{rows}</tbody><tfoot><tr><th scope="row">réussie par</th>{foot}<td></td></tr></tfoot></table>'
    )


def _cell(trainee: str, step: Step, outcome: str) -> str:
    said = f"{trainee}, {step.name}, {step.title} : {LABELS[outcome]}"
    return (
        f'<td><a href="#{_anchor(trainee)}" title="{escape(said)}" style="background:{COLORS[outcome]}">'
        f'<span aria-hidden="true">{MARKS[outcome]}</span><span class="word">{LABELS[outcome]}</span></a></td>'
    )


def _anchor(trainee: str) -> str:
    return "stagiaire-" + quote(trainee)


def _details(trainee: str, found: list[Finding], home: Path | None) -> str:
    """What is red in a trainee's work, with their own lines where a check names one."""
    red = [finding for finding in found if finding.outcome in ("wrong", "error")]
    items = "".join(
        f"<li>{badge(finding.outcome)} <b>{finding.step}</b> {described(finding)}{_lines(finding.got, home)}</li>"
        for finding in red
    )
    return (
        f'<details id="{_anchor(trainee)}" open><summary><b>{escape(trainee)}</b> : en rouge, {len(red)}</summary>'
        f"<ul>{items}</ul></details>"
    )


def _lines(said: str, home: Path | None) -> str:
    """The trainee's lines around the place that a sentence names."""
    place = PLACE.search(said)
    if not home or not place or not (path := home / place[1]).is_file():
        return ""
    lines, number = path.read_text(encoding="utf-8", errors="replace").splitlines(), int(place[2])
    shown = range(max(1, number - AROUND), min(len(lines), number + AROUND) + 1)
    text = "\n".join(
        f"<mark>{one:4} {escape(lines[one - 1])}</mark>"
        if one == number
        else f"{one:4} {escape(lines[one - 1])}"
        for one in shown
    )
    return f'<pre tabindex="0" role="region" aria-label="{place[1]}">{text}</pre>'


def _grid(states: dict[str, dict[str, str]]) -> str:
    """The grading grid: a page for each trainee, a line for each competence, room for what the instructor saw."""
    pages = "".join(_sheet(trainee, state) for trainee, state in states.items())
    return f"""<!doctype html>
<html lang="fr"><meta charset="utf-8"><title>Grille d'évaluation</title>
<style>
body {{ font: 13px/1.4 system-ui, sans-serif; margin: 1.5em; color: #1f1f1f }}
section {{ break-after: page }} h1 {{ font-size: 18px }} table {{ border-collapse: collapse; width: 100% }}
th, td {{ padding: .3em .5em; border: 1px solid #999; text-align: left; vertical-align: top }}
.observation {{ width: 22% }}
</style>
<main>{pages}</main>
</html>
"""


def _sheet(trainee: str, state: dict[str, str]) -> str:
    levels = {step.name: LEVELS[state.get(step.name, "unchecked")] for step in _steps()}
    core = [step for step in _steps() if not step.further]
    acquired = sum(levels[step.name] == "acquis" for step in core)
    rows = "".join(
        f"<tr><td>{step.name}</td><th scope='row'>{escape(step.skill)}</th><td>{escape(step.shows)}</td>"
        f"<td>{levels[step.name]}</td><td></td></tr>"
        for step in _steps()
    )
    return (
        f"<section><h1>{escape(trainee)} — compétences acquises : {acquired} sur {len(core)}</h1>"
        "<p>D'après les vérifications ; « pour aller plus loin » n'est pas compté. À vous la dernière colonne.</p>"
        "<table><tr><th>étape</th><th>compétence</th><th>ce qu'une bonne réponse montre</th><th>niveau</th>"
        f"<th class='observation'>observation</th></tr>{rows}</table></section>"
    )
