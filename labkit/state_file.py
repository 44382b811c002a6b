"""What the lab remembers in data/state/: one JSON object a file, replaced at once for whoever reads it then."""

import json
from pathlib import Path


def read(path: Path) -> dict:
    """The object of the file; empty if there is none, or if it cannot be read."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def write(path: Path, content: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".new")
    beside.write_text(json.dumps(content), encoding="utf-8")
    beside.replace(path)
