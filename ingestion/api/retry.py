"""Quand recommencer, et combien attendre : l'attente grandit, porte du hasard, et respecte l'API.

Sans hasard, tous les clients qu'une panne a surpris reviendraient ensemble, et la relanceraient.
Source : Marc Brooker, « Exponential Backoff And Jitter », AWS Architecture Blog (« full jitter »).
"""

import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, stop_before_delay
from tenacity.wait import wait_base, wait_random_exponential

from ingestion.errors import IngestError
from ingestion.logs import logger

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
        return max(self.jittered(retry_state), retry_state.outcome.exception().retry_after)


def retrying(max_attempts: int, max_wait: float, budget: float) -> Retrying:
    """La politique de reprise : `max_attempts` essais, `budget` secondes en tout, attentes d'au plus `max_wait`.

    Une attente n'est jamais nulle, même si l'API répond `Retry-After: 0` ; une attente qui dépasserait
    le budget n'est pas commencée.
    """
    return Retrying(
        stop=stop_after_attempt(max_attempts) | stop_before_delay(budget),
        wait=RetryAfterFloor(wait_random_exponential(max=max_wait, min=min(SHORTEST_WAIT, max_wait))),
        retry=retry_if_exception_type(TransientError),
        before_sleep=_log_retry,
        reraise=True,
    )


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


RETRIED_STATUS = {408, 425, 429, 500, 502, 503, 504}
LONGEST_RETRY_AFTER = 120.0


def check_status(status: int, headers: Mapping[str, str], body: bytes, url: str) -> None:
    """Lève TransientError si la requête mérite d'être retentée, IngestError sinon, rien si elle a réussi.

    body : le début du corps, que l'API explique parfois ; url : l'adresse à nommer.
    """
    if status == 200:
        return
    if status in RETRIED_STATUS:
        raise _transient(status, headers, url)
    if status in (401, 403):
        raise IngestError(
            "unauthorized", f"L'API refuse l'accès à {url} ({status}) : vérifiez LAB_API_TOKEN."
        )
    if status == 404:
        raise IngestError("not_found", f"{url} n'existe pas (404) : vérifiez --base-url et --resource.")
    said = body[:200].decode(errors="replace")
    raise IngestError("http_error", f"L'API répond {status} sur {url} : {said}")


def _transient(status: int, headers: Mapping[str, str], url: str) -> IngestError:
    seconds = retry_after_seconds(headers.get("Retry-After"), headers.get("Date"))
    code = "rate_limited" if status == 429 else "server_error"
    message = f"L'API répond {status} sur {url}, même en recommençant."
    if seconds > LONGEST_RETRY_AFTER:
        return IngestError(code, f"{message} Elle demande d'attendre {seconds:.0f} s : relancez plus tard.")
    return TransientError(code, message, seconds)


def retry_after_seconds(value: str | None, served_at: str | None = None) -> float:
    """Lit un en-tête Retry-After, en secondes ou en date HTTP (RFC 9110, §10.2.3).

    served_at : l'en-tête Date de la même réponse. Une date se compare à l'horloge de l'API, pas à celle de
        cette machine, qui peut être fausse.
    Rend 0 quand l'en-tête manque, est illisible ou désigne le passé.
    """
    if value is None:
        return 0.0
    if value.strip().isdecimal():
        return float(value)
    try:
        now = parsedate_to_datetime(served_at) if served_at else datetime.now(UTC)
        return max(0.0, (parsedate_to_datetime(value) - now).total_seconds())
    except (TypeError, ValueError):
        return 0.0
