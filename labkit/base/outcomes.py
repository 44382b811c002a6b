"""How a check's outcome is said, everywhere: a word, a mark and a colour, the worst first; and a sentence in HTML."""

import re
from html import escape

LABELS = {
    "right": "RÉUSSI",
    "wrong": "FAUX",
    "error": "ERREUR",
    "todo": "À FAIRE",
    "unchecked": "NON VÉRIFIÉ",
}
SEVERITY = ("error", "wrong", "todo", "unchecked", "right")
MARKS = {"right": "✓", "wrong": "✗", "error": "✗", "todo": "○", "unchecked": "?"}
COLORS = {
    "right": "#1b7f3b",
    "wrong": "#b3261e",
    "error": "#b3261e",
    "todo": "#5f6368",
    "unchecked": "#8a5a00",
}


def in_html(sentence: str) -> str:
    """A sentence of ours in HTML, what stands between `backquotes` as code."""
    return re.sub("`([^`]+)`", r"<code>\1</code>", escape(sentence))
