"""Lire beaucoup de jours à la fois sans les garder tous en mémoire.

Le réseau fait attendre : plus il y a de jours en vol, moins on attend. Mais chacun garde ses pages
jusqu'à ce qu'il soit entier. Au-delà de `limit` octets gardés, seuls les jours commencés les premiers
avancent ; ils finissent, libèrent leur place, et les suivants reprennent.
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
    """Ce que gardent les jours en cours de lecture, en octets, tous fils d'exécution confondus."""

    def __init__(self, limit: int = 40 << 20):
        self.limit = limit
        self.held: dict[str, int] = {}
        self.changed = threading.Condition()
        self.calculators = ThreadPoolExecutor(CORES, thread_name_prefix="calcul")

    def calculate(self, task: Callable[..., T], *arguments) -> T:
        """Exécute `task` : pas plus de calculs à la fois que de cœurs, et toujours dans les mêmes fils,
        dont chacun garde la mémoire qui lui a servi."""
        return self.calculators.submit(task, *arguments).result()

    @contextmanager
    def reading(self, name: str) -> Iterator[None]:
        """Pendant ce bloc, la lecture `name` est en vol ; à la sortie elle ne garde plus rien."""
        with self.changed:
            self.held[name] = 0
        try:
            yield
        finally:
            with self.changed:
                del self.held[name]
                self.changed.notify_all()

    def hold(self, name: str, size: int) -> None:
        """Cette lecture garde `size` octets de plus ; attend son tour s'il n'y a plus de place."""
        with self.changed:
            self.held[name] += size
            self.changed.wait_for(lambda: self._has_room() or self._is_among_first(name))

    def _has_room(self) -> bool:
        return sum(self.held.values()) < self.limit

    def _is_among_first(self, name: str) -> bool:
        return name in list(self.held)[:CORES]
