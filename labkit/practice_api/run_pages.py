"""The runs as pages: `/passages`, the last of them as a grid; `/passages/<run>`, one in full. No token is asked:
the lab answers this machine only, and an operator at night has no JupyterLab open.
"""

import re
from collections import defaultdict
from pathlib import Path

from fastapi import APIRouter
from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse

from labkit.base.addresses import public_url
from labkit.base.outcomes import in_html
from labkit.practice_api.pages import RUNS, headers
from labkit.runs import run_record
from labkit.runs.run_record import RunRecord
from labkit.runs.run_report import advice

SHOWN = 200
IN_A_ROW = 20
LONGEST_VERDICT = 140
STATES = {
    "written": ("✓", "écrits"),
    "unchanged": ("=", "inchangés"),
    "skipped": ("·", "sautés, déjà là"),
    "empty": ("○", "vides à la source"),
    "failed": ("✗", "en échec"),
}
MONTHS = "janvier février mars avril mai juin juillet août septembre octobre novembre décembre".split()


def routes() -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get(RUNS)
    def last_runs() -> HTMLResponse:
        records = run_record.last(SHOWN)
        by_name: dict[str, list[RunRecord]] = defaultdict(list)
        for record in records:
            if len(by_name[record.name]) < IN_A_ROW:
                by_name[record.name].append(record)
        return _page("passages.html", home="./", records=records, by_name=by_name)

    @router.get(RUNS + "/{run_id}")
    def one_run(run_id: str) -> HTMLResponse:
        run = run_record.read(run_id)
        if run is None:
            raise HTTPException(404, f"Aucun passage « {run_id} » : {RUNS} nomme ceux qui sont gardés.")
        return _page(
            "passage.html",
            home="../",
            run=run,
            advice=advice(run),
            states=STATES,
            calendar=calendar(run),
            jupyter=public_url("jupyter"),
        )

    return router


def calendar(run: RunRecord) -> dict[str, list[tuple[str, str]]]:
    """{"janvier 2024": [("2024-01-01", "written"), …]}."""
    days = sorted((day, state) for state, listed in run.days.items() for day in listed)
    months: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for day, state in days:
        months[f"{MONTHS[int(day[5:7]) - 1]} {day[:4]}"].append((day, state))
    return months


def _duration(run: RunRecord) -> str:
    minutes, seconds = divmod(round(run.seconds), 60)
    return f"{minutes} min {seconds:02} s" if minutes else f"{run.seconds:.1f} s".replace(".", ",")


def _day_counts(run: RunRecord) -> str:
    return ", ".join(f"{STATES[state][0]} {len(days)}" for state, days in run.days.items())


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_VERDICT else f"{text[:LONGEST_VERDICT]}…"


def _without_label(text: str) -> str:
    """A verdict begins with its label, which the page already shows."""
    return re.sub(r"^RÉUSSI(?: — |\.?$)", "", text)


def _code(text: str) -> Markup:
    return Markup(in_html(text))


_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.filters |= {
    "duration": _duration, "day_counts": _day_counts, "short": _short, "code": _code,
    "without_label": _without_label,
}  # fmt: skip


def _page(name: str, home: str, **content: object) -> HTMLResponse:
    """The template filled in. home: the way back to the API's root, whatever a proxy puts before it."""
    return HTMLResponse(_templates.get_template(name).render(content | {"home": home}), headers=headers())
