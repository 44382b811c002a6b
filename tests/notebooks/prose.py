"""French typography of the Markdown: the space beside « » : ; ? !, and before a unit, does not break; l’apostrophe."""

import json
import re
from pathlib import Path

NO_BREAK = "\N{NO-BREAK SPACE}"
APOSTROPHE = "\N{RIGHT SINGLE QUOTATION MARK}"
# n8n's nodes are named in a lesson as one types them, since checks and expressions look them up by their names.
NODES = {
    re.escape(node["name"])
    for path in (Path(__file__).parents[2] / "n8n").glob("*/*.json")
    if path.parent.name in {"workflows", "checkpoints"}
    for node in json.loads(path.read_text(encoding="utf-8"))["nodes"]
    if "'" in node["name"]
}
# Code, HTML tags and addresses keep their spaces; so does the alignment row of a table (| :-- |).
KEPT = "|".join([r"```.*?```|`[^`\n]*`|<[^>]*>|https?://\S+", *sorted(NODES)])
UNITS = r"%|[kMG]i?o|EUR|h|min|ms|s|px"
BREAKING = rf"(?<=«) |(?<=\S) (?=[:;?!»](?!-))|(?<=\d) (?=(?:{UNITS})(?![\w-]))"
STRAIGHT = r"(?<=[^\W\d_])'(?=[^\W\d_]|[`*«<])"


def typeset(markdown: str) -> str:
    """The same text, with a no-break space wherever French asks for one, and its apostrophes curved."""
    pattern = re.compile(f"(?P<kept>{KEPT})|(?P<straight>{STRAIGHT})|{BREAKING}", re.DOTALL)
    return pattern.sub(
        lambda found: found["kept"] or (APOSTROPHE if found["straight"] else NO_BREAK), markdown
    )
