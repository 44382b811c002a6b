"""Act on the practice API's switchboard, as its page does: for notebooks, checks and tests."""

from typing import Any

import requests


def switch(base_url: str, path: str, method: str = "POST", /, **body: Any) -> Any:
    """What the switchboard of the API at `base_url` answers to a request under /_lab. HTTPError if it refuses."""
    answer = requests.request(method, f"{base_url}/_lab/{path}", json=body, timeout=10)
    answer.raise_for_status()
    return answer.json()
