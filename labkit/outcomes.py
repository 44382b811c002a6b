"""How a check's outcome is said, everywhere: a word, a mark and a colour, the worst first."""

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
