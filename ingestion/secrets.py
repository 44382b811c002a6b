"""What must never be shown: the token, wherever it would come out (a message, a log line, the words of an API)."""

import json

_hidden: set[str] = set()


def hide(secret: str) -> None:
    """From now on `redacted` takes this secret out."""
    _hidden.update({secret, json.dumps(secret)[1:-1]} - {""})


def redacted(text: str) -> str:
    """`text` with every hidden secret replaced by ***."""
    for secret in sorted(_hidden, key=len, reverse=True):
        text = text.replace(secret, "***")
    return text


def quoted(text: bytes, longest: int = 200) -> str:
    """The beginning of what an API said, on one line, to be quoted in a message."""
    return redacted(text.decode(errors="replace"))[:longest].replace("\n", " ")
