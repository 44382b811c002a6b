"""What an exercise notebook needs: check a step, a hint, own work beside the reference, the API's switchboard."""

import difflib
import os
from datetime import datetime
from html import escape
from typing import Any

from IPython.display import HTML, Markdown

from labkit.base import switchboard_client
from labkit.base.paths import api_url, scripts_folder
from labkit.exercises import catching_up, declared, progress
from labkit.exercises.check import Checked, Checker
from labkit.exercises.timeline import Block, block_of

checker = Checker()
# The level of the last hint given for each step, since the kernel started.
given: dict[str, int] = {}


def check(target: str) -> Checked:
    """Check a step ("tp21.2") or a whole practical ("tp21") of the folder given to `open_lab`."""
    folder = scripts_folder(os.environ.get("LAB_SCRIPTS", "labs"))
    return Checked(target, checker.run(target, folder), folder.name)


def hint(step: str, level: int | None = None) -> Markdown:
    """A hint for a step: level 1 a question, 2 a lead, 3 all but the answer. Without a level, one more at each call."""
    (found,) = declared.find_steps(step)
    last = len(found.hints)
    level = level or min(given.get(step, 0) + 1, last)
    given[step] = level
    following = (
        f'`hint("{step}")` donne le suivant' if level < last else f'`diff("{step}")` montre la référence'
    )
    return Markdown(
        f"**{step}, indice {level} sur {last}.** {found.hints[level - 1]}\n\nAu cours : {found.course}. {following}."
    )


def diff(target: str) -> HTML:
    """The trainee's functions beside the reference's: this is the solution."""
    parts = []
    for one in catching_up.compare(target):
        table = difflib.HtmlDiff(wrapcolumn=46).make_table(
            one.own.splitlines(), one.reference.splitlines(), "labs/ (vous)", "solutions/ (la référence)"
        )
        parts.append(f"<p><b>{escape(one.path)} : {escape(one.owner)}</b></p>{table}")
    return HTML(
        "<style>.diff_add,.diff_sub,.diff_chg{color:#1f1f1f}.diff_add{background:#d7f0dd}.diff_sub{background:#f9d9d6}.diff_chg{background:#fdf1c9}"
        # Doubled, the class outweighs JupyterLab's own style of a table; difflib's links lead nowhere in a notebook.
        "table.diff.diff td{text-align:left;font:12px monospace;white-space:pre-wrap}.diff_next{display:none}</style>"
        + "".join(parts)
    )


def catch_up(step: str) -> Markdown:
    """As `lab catch-up`: the reference in the place of the trainee's answers, up to this step."""
    (found,) = declared.find_steps(step)
    try:
        told = catching_up.catch_up_text(found.exercise, found.number)
    except declared.ExerciseError as problem:
        told = str(problem)
    return Markdown(told.replace("\n", "\n\n"))


def strip(notebook: str) -> HTML:
    """Where this practical is, now: what JupyterLab shows at its top."""
    return HTML(progress.strip(notebook, datetime.now()))


class Guide:
    """What the instructor's guide says of a lesson's block: its words, and its clock."""

    def __init__(self, block: Block | None):
        self.block = block

    def _repr_mimebundle_(self, **_) -> dict:
        block = self.block
        if not block:
            said = "Le guide du formateur n'a pas de bloc pour ce notebook."
            return {"text/markdown": said, "application/json": {"title": "Vos notes", "minutes": 0}}
        clock = {"title": f"{block.hour} — {block.title}", "minutes": block.minutes}
        ends = f"{block.ends(datetime.now()):%H:%M}"
        return {"text/markdown": block.guide, "application/json": clock | {"ends": ends}}


def guide(notebook: str) -> Guide:
    """The instructor's notes for a notebook, "01_patterns_ingestion": what the slides show in their second window."""
    return Guide(block_of(notebook))


def switch(path: str, method: str = "POST", /, **body: Any) -> Any:
    """Act on the practice API's switchboard: switch("faults", kind="503", next=2), switch("reset")."""
    return switchboard_client.switch(api_url(), path, method, **body)
