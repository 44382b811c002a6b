"""The name of a type used all over the engine."""

from typing import Any

JsonObject = dict[str, Any]
