"""Quand recommencer, et combien attendre : l'attente grandit, porte du hasard, et respecte l'API.

Sans hasard, tous les clients qu'une panne a surpris reviendraient ensemble, et la relanceraient.
Source : Marc Brooker, « Exponential Backoff And Jitter », AWS Architecture Blog (« full jitter »).
"""

import threading
import time

from errors import IngestError
from logs import logger
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, stop_before_delay
from tenacity.wait import wait_base, wait_random_exponential

SHORTEST_WAIT = 0.05


class TransientError(IngestError):
    """Un échec qui peut passer si l'on recommence ; `retry_after` en secondes si l'API l'a dit."""

    def __init__(self, code: str, message: str, retry_after: float = 0.0):
        super().__init__(code, message)
        self.retry_after = retry_after


class RetryAfterFloor(wait_base):
    """Attend ce que propose `jittered`, mais jamais moins que le `Retry-After` de l'API."""

    def __init__(self, jittered: wait_base):
        self.jittered = jittered

    def __call__(self, retry_state: RetryCallState) -> float:
        ### BEGIN SOLUTION tp21.2
        ### À vous : l'attente au hasard que propose `self.jittered(retry_state)`, mais jamais moins que ce que l'API a
        ### demandé : `retry_state.outcome.exception().retry_after`, en secondes.
        return max(self.jittered(retry_state), retry_state.outcome.exception().retry_after)
        ### END SOLUTION


def retrying(max_attempts: int, max_wait: float, budget: float) -> Retrying:
    """La politique de reprise : `max_attempts` essais, `budget` secondes en tout, attentes d'au plus `max_wait`.

    Une attente n'est jamais nulle, même si l'API répond `Retry-After: 0` ; une attente qui dépasserait
    le budget n'est pas commencée.
    """
    ### BEGIN SOLUTION tp21.2
    ### À vous : un objet Retrying de tenacity, qui ne recommence que sur TransientError, s'arrête après
    ### `max_attempts` essais ou `budget` secondes, attend selon RetryAfterFloor, et laisse sortir la dernière erreur.
    return Retrying(
        stop=stop_after_attempt(max_attempts) | stop_before_delay(budget),
        wait=RetryAfterFloor(wait_random_exponential(max=max_wait, min=min(SHORTEST_WAIT, max_wait))),
        retry=retry_if_exception_type(TransientError),
        before_sleep=_log_retry,
        reraise=True,
    )
    ### END SOLUTION


def _log_retry(state: RetryCallState) -> None:
    error = state.outcome.exception()
    wait = round(state.next_action.sleep, 2)
    logger.warning("retrying", extra={"code": error.code, "attempt": state.attempt_number, "wait_s": wait})


class RateLimit:
    """Espace les requêtes de tous les fils d'exécution : au plus `per_second` par seconde, None sans limite."""

    def __init__(self, per_second: float | None):
        self.interval = 1 / per_second if per_second else 0.0
        self.next_slot = 0.0
        self.lock = threading.Lock()

    def wait(self) -> None:
        if not self.interval:
            return
        with self.lock:
            slot = max(time.monotonic(), self.next_slot)
            self.next_slot = slot + self.interval
        time.sleep(max(0.0, slot - time.monotonic()))
