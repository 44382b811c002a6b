"""A plugin of pytest for mutmut, which forks: what the parent remembered of the code unchanged is forgotten."""

import gc
from functools import _lru_cache_wrapper


def pytest_collection_finish() -> None:
    for one in gc.get_objects():
        if isinstance(one, _lru_cache_wrapper) and one.__module__.startswith(("ingestion.", "labkit.")):
            one.cache_clear()
