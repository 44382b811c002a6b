"""Read many days at once without keeping them all in memory.

The network makes one wait: the more days in flight, the less waiting. But each keeps its pages until it is whole.
Beyond `limit` bytes kept, only the days begun first go on; they end, give their room back, and the next ones resume.
"""

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

CORES = os.cpu_count() or 1
T = TypeVar("T")


class InFlight:
    """What the days being read keep, in bytes, all threads together."""

    def __init__(self, limit: int = 40 << 20):
        self.limit = limit
        self.held: dict[str, int] = {}
        self.changed = threading.Condition()
        self.calculators = ThreadPoolExecutor(CORES, thread_name_prefix="calcul")

    def calculate(self, task: Callable[..., T], *arguments: object) -> T:
        """Run `task`: no more calculations at once than cores, and always in the same threads, each of which keeps the
        memory that served it."""
        return self.calculators.submit(task, *arguments).result()

    @contextmanager
    def reading(self, name: str) -> Iterator[None]:
        """During this block the reading `name` is in flight; at its end it keeps nothing any more."""
        with self.changed:
            self.held[name] = 0
        try:
            yield
        finally:
            with self.changed:
                del self.held[name]
                self.changed.notify_all()

    def hold(self, name: str, size: int) -> None:
        """This reading keeps `size` bytes more; it waits for its turn if there is no room left."""
        with self.changed:
            self.held[name] += size
            self.changed.wait_for(lambda: self._has_room() or self._is_among_first(name))

    def release(self, name: str) -> None:
        """This reading begins again: it keeps nothing."""
        with self.changed:
            self.held[name] = 0
            self.changed.notify_all()

    def _has_room(self) -> bool:
        return sum(self.held.values()) < self.limit

    def _is_among_first(self, name: str) -> bool:
        return name in list(self.held)[:CORES]
