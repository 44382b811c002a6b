"""What an exercise notebook needs: check a step, a hint, own work beside the reference, the API's switchboard."""

import difflib
import os
from html import escape

from IPython.display import HTML, Markdown

from labkit import exercises, switchboard_client
from labkit.check import Checked, Checker
from labkit.paths import api_url, scripts_folder

checker = Checker()


def check(target: str) -> Checked:
    """Check a step ("tp21.2") or a whole practical ("tp21") of the folder given to `open_lab`."""
    return Checked(target, checker.run(target, scripts_folder(os.environ.get("LAB_SCRIPTS", "labs"))))


def hint(step: str, level: int = 1) -> Markdown:
    """A hint for a step: level 1 a question, 2 a lead, 3 all but the answer."""
    (found,) = exercises.find_steps(step)
    return Markdown(
        f"**{step}, indice {level} sur 3.** {found.hints[level - 1]}\n\nAu cours : {found.course}."
    )


def diff(target: str) -> HTML:
    """The trainee's functions beside the reference's: this is the solution."""
    parts = []
    for one in exercises.compare(target):
        table = difflib.HtmlDiff(wrapcolumn=70).make_table(
            one.own.splitlines(), one.reference.splitlines(), "labs/ (vous)", "solutions/ (la référence)"
        )
        parts.append(f"<h4>{escape(one.path)} : {escape(one.owner)}</h4>{table}")
    return HTML(
        "<style>.diff_add,.diff_sub,.diff_chg{color:#1f1f1f}.diff_add{background:#d7f0dd}.diff_sub{background:#f9d9d6}.diff_chg{background:#fdf1c9}"
        "table.diff td{text-align:left;font-family:monospace;white-space:pre-wrap}</style>" + "".join(parts)
    )


def switch(path: str, method: str = "POST", /, **body: object) -> dict:
    """Act on the practice API's switchboard: switch("faults", kind="503", next=2), switch("reset")."""
    return switchboard_client.switch(api_url(), path, method, **body)
