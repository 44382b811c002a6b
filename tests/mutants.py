"""A plugin of pytest for mutmut, which forks, and stops at the first failure of each change."""

import gc
from functools import _lru_cache_wrapper

from hypothesis import Phase, settings


def pytest_sessionstart() -> None:
    """Of a failure nobody reads the smallest example: to look for it takes minutes."""
    phases = set(Phase) - {Phase.shrink, Phase.explain}
    settings.register_profile("mutants", settings.get_profile("lab"), phases=phases)
    settings.load_profile("mutants")


def pytest_collection_finish() -> None:
    """What the parent remembered of the code unchanged is forgotten."""
    for one in gc.get_objects():
        if isinstance(one, _lru_cache_wrapper) and one.__module__.startswith(("ingestion.", "labkit.")):
            one.cache_clear()
