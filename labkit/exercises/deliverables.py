"""The day's deliverables, ticked by the real checks: what 09_synthese shows."""

from html import escape
from pathlib import Path

from IPython.display import HTML

from labkit.base.outcomes import SEVERITY
from labkit.base.paths import DATA, scripts_folder
from labkit.exercises.check import badge, by_step, overall, run_checks
from labkit.exercises.declared import exercises

DELIVERABLES = {
    "ingest_api.py, qui marche et se relance": ("tp21.1", "tp21.2", "tp21.3", "tp21.4"),
    "validate_data.py et ses règles": ("tp22.1", "tp22.2", "tp22.3"),
    "le backfill": ("tp23.1", "tp23.2"),
    "le workflow n8n, qui exécute vos scripts": ("tp21.5", "tp22.4", "tp23.3"),
}

# Where the practicals' notebooks write; what lessons and reference runs wrote elsewhere is not the trainee's.
PRACTICAL_FOLDERS = ("tp21", "tp21_increment", "tp23")
WRITING_STEPS = ("tp21.3", "tp21.4")
ENOUGH_LINES, ENOUGH_WORDS = 5, 4


def notes_lines(path: Path) -> int:
    """How many different lines are sentences, of at least ENOUGH_WORDS words; 0 without a file."""
    if not path.is_file():
        return 0
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    return len({line.strip() for line in lines if len(line.split()) >= ENOUGH_WORDS})


def own_days(bronze: Path, states: dict[str, str]) -> int:
    """How many days are there that the trainee's script wrote: 0 as long as the steps that write are not right."""
    if any(states[step] != "right" for step in WRITING_STEPS):
        return 0
    return sum(len(list((bronze / name).glob("partition_date=*/data.parquet"))) for name in PRACTICAL_FOLDERS)


def deliverables(scripts: str) -> HTML:
    """A table: each deliverable, its state, what it rests on. scripts: "labs" or "solutions"."""
    states: dict[str, str] = {}
    for name in exercises():
        found = run_checks(name, scripts_folder(scripts))
        states |= {step.name: overall(findings) for step, findings in by_step(name, found).items()}
    rows = [
        (title, min((states[step] for step in steps), key=SEVERITY.index), ", ".join(steps))
        for title, steps in DELIVERABLES.items()
    ]
    days = own_days(DATA / "bronze", states)
    rows.append(
        ("des données bronze, de votre script", "right" if days else "todo", f"{days} fichiers de jour")
    )
    lines = notes_lines(scripts_folder(scripts) / "NOTES.md")
    state = "right" if lines >= ENOUGH_LINES else "todo"
    rows.append(("la documentation", state, f"{scripts}/NOTES.md : {lines} phrases sur {ENOUGH_LINES}"))
    cells = "".join(
        f'<tr><td style="text-align:left">{escape(title)}</td><td>{badge(state)}</td>'
        f'<td style="text-align:left">{escape(basis)}</td></tr>'
        for title, state, basis in rows
    )
    return HTML(f"<table><tr><th>livrable</th><th>état</th><th>d'après</th></tr>{cells}</table>")
