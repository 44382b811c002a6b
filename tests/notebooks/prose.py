"""French typography of the Markdown: the space beside « » : ; ? ! does not break."""

import re

NO_BREAK = "\N{NO-BREAK SPACE}"
# Code, HTML tags and addresses keep their spaces; so does the alignment row of a table (| :-- |).
KEPT = r"```.*?```|`[^`\n]*`|<[^>]*>|https?://\S+"
BREAKING = r"(?<=«) |(?<=\S) (?=[:;?!»](?!-))"


def typeset(markdown: str) -> str:
    """The same text, with a no-break space wherever French asks for one beside a punctuation mark."""
    pattern = re.compile(f"(?P<kept>{KEPT})|{BREAKING}", re.DOTALL)
    return pattern.sub(lambda found: found["kept"] or NO_BREAK, markdown)
