"""Compare and swap: whoever finds that a file changed since it was read reads it and merges again.

A lock on a folder makes writers wait for one another, and knows one machine only. A file that is replaced only if it is
still the one that was read needs none: of two writers, the second one sees the first one's rows, and keeps them.
"""

import random
import time
from collections.abc import Callable
from typing import TypeVar

from ingestion.errors import IngestError

TRIES_AGAIN = 5
PAUSE = 0.05  # seconds, doubled at each try: writers that met once must not meet again
T = TypeVar("T")


class Stale(Exception):
    """The file is no longer the one that was read: another writer replaced it meanwhile."""


class Gone(Stale):
    """The file that was there has been deleted meanwhile."""


def until_steady(attempt: Callable[[], T], where: str) -> T:
    """The result of `attempt`, which is made again, from its reading on, each time it meets Stale.

    Args:
        attempt: reads, merges and replaces; it leaves nothing behind when it raises Stale.
        where: the address of the file, for the message.

    Returns:
        What the attempt that met nobody returned.

    Raises:
        IngestError: `contended`, when it met another writer TRIES_AGAIN times more.
    """
    for number in range(TRIES_AGAIN + 1):
        try:
            return attempt()
        except Stale:
            time.sleep(random.uniform(0, PAUSE * 2**number))
    raise contended(where)


def contended(where: str) -> IngestError:
    """The error of a writer that others never let through."""
    return IngestError(
        "contended",
        f"{where} : d'autres passages ont changé ce fichier à chacun des essais. Rien n'est perdu ni à moitié écrit : "
        "relancez quand ils auront fini.",
    )
