"""However a run is ended, its scripts end with it, and it says why."""

import math
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psutil

from labkit.base.processes import stop_tree, stop_with_caller

# Of text that a run prints, in bytes: beyond, it is a loop that prints without end.
FLOOD = 50 * 2**20
KILLED = {
    "code": "kernel_died",
    "message": "Python s'est arrêté d'un coup pendant le passage : la mémoire a-t-elle manqué ?",
}


def ended(reason: str, timeout: float | None = None) -> dict:
    """The error of a run that was ended from outside."""
    if reason == "timeout":
        late = (
            f"Arrêté après {timeout:g} s : l'API est trop lente, ou la période trop longue pour un passage."
        )
        return {"code": "timeout", "message": late}
    if reason == "flood":
        endless = (
            f"Arrêté : plus de {FLOOD >> 20} Mo de texte imprimés. Cherchez la boucle qui imprime sans fin."
        )
        return {"code": "flood", "message": endless}
    said = "Arrêté de l'extérieur (bouton Stop, signal), et ses scripts avec : rien n'est à moitié écrit."
    return {"code": "stopped", "message": said}


class Printed:
    """A file where papermill writes what the cells print: their size, and nothing kept."""

    bytes = 0

    def write(self, text: str) -> None:
        self.bytes += len(text)

    def flush(self) -> None:
        """papermill asks for it."""


class Ending:
    """Whether this run was ended from outside, and why: `timeout`, `flood`, `stopped`, or nothing."""

    reason = ""

    def end(self, reason: str) -> None:
        """Stop what this process has started; it then ends by itself, with its JSON line."""
        self.reason = self.reason or reason
        children = psutil.Process().children()
        for child in children:
            stop_tree(child.pid)
        if not children and reason == "stopped":
            raise KeyboardInterrupt


@contextmanager
def may_be_ended(timeout: float | None, printed: Callable[[], int]) -> Iterator[Ending]:
    """However this run is ended, its scripts end with it: after `timeout` seconds, by a signal, or with its caller.

    So it is too when it has `printed` too many bytes.

    n8n stops the shell of a command, not what the shell has started, and, killed, not even the shell: it asks for the
    last (STOP_WITH_CALLER). A run that is told failed, and may be started again elsewhere, must not go on writing.
    """
    ending, over = Ending(), threading.Event()
    before = {
        name: signal.signal(name, lambda *_: ending.end("stopped"))
        for name in (getattr(signal, word, None) for word in ("SIGTERM", "SIGHUP"))
        if name
    }

    def watch() -> None:
        deadline = time.monotonic() + (timeout or math.inf)
        while not over.wait(min(0.5, max(0.1, deadline - time.monotonic()))):
            if time.monotonic() >= deadline:
                ending.end("timeout")
            if printed() > FLOOD:
                ending.end("flood")

    threading.Thread(target=watch, daemon=True).start()
    # The shell, and who started it.
    stop_with_caller(generations=2)
    try:
        yield ending
    finally:
        over.set()
        for name, handler in before.items():
            signal.signal(name, handler)
