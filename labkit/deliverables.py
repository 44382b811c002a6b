"""The day's deliverables, ticked by the real checks: what 09_synthese shows."""

from html import escape
from pathlib import Path

from IPython.display import HTML

from labkit.check import badge, by_step, overall, run_checks
from labkit.exercises import exercises
from labkit.outcomes import SEVERITY
from labkit.paths import DATA, scripts_folder

DELIVERABLES = {
    "ingest_api.py, qui marche et se relance": ("tp21.1", "tp21.2", "tp21.3", "tp21.4"),
    "validate_data.py et ses règles": ("tp22.1", "tp22.2", "tp22.3"),
    "le backfill": ("tp23.1", "tp23.2"),
    "le workflow n8n, qui exécute vos scripts": ("tp21.5", "tp22.4", "tp23.3"),
}

ENOUGH_LINES = 5


def notes_lines(path: Path) -> int:
    """How many lines say something; 0 without a file."""
    if not path.is_file():
        return 0
    return sum(bool(line.strip()) for line in path.read_text(encoding="utf-8", errors="replace").splitlines())


def deliverables(scripts: str) -> HTML:
    """A table: each deliverable, its state, what it rests on. scripts: "labs" or "solutions"."""
    states = {}
    for name in exercises():
        found = run_checks(name, scripts_folder(scripts))
        states |= {step.name: overall(findings) for step, findings in by_step(name, found).items()}
    rows = [
        (title, min((states[step] for step in steps), key=SEVERITY.index), ", ".join(steps))
        for title, steps in DELIVERABLES.items()
    ]
    days = len(list((DATA / "bronze").rglob("partition_date=*/*.parquet")))
    rows.append(("des données bronze en Parquet", "right" if days else "todo", f"{days} fichiers de jour"))
    lines = notes_lines(scripts_folder(scripts) / "NOTES.md")
    state = "right" if lines >= ENOUGH_LINES else "todo"
    rows.append(("la documentation", state, f"{scripts}/NOTES.md, {lines} ligne(s)"))
    cells = "".join(
        f'<tr><td style="text-align:left">{escape(title)}</td><td>{badge(state)}</td>'
        f'<td style="text-align:left">{escape(basis)}</td></tr>'
        for title, state, basis in rows
    )
    return HTML(f"<table><tr><th>livrable</th><th>état</th><th>d'après</th></tr>{cells}</table>")
