"""Great Expectations passes its expectations on here without naming them: for a checker they are nobody's to import."""

from typing import Any

def __getattr__(name: str) -> Any: ...
