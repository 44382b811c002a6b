"""When to try again, and how long to wait: the wait grows, carries chance, and respects the API.

Without chance all the clients caught by a failure would come back together, and bring it back.
Source : Marc Brooker, « Exponential Backoff And Jitter », AWS Architecture Blog (« full jitter »).
"""

import re
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, stop_before_delay
from tenacity.wait import wait_base, wait_random_exponential

from ingestion.errors import IngestError
from ingestion.logs import logger
from ingestion.secrets import quoted

SHORTEST_WAIT = 0.05


class TransientError(IngestError):
    """A failure that may pass if tried again; `retry_after` in seconds if the API told it."""

    def __init__(self, code: str, message: str, retry_after: float = 0.0):
        super().__init__(code, message)
        self.retry_after = retry_after


class RetryAfterFloor(wait_base):
    """Wait what `jittered` proposes, but never less than the API's `Retry-After`."""

    def __init__(self, jittered: wait_base):
        self.jittered = jittered

    def __call__(self, retry_state: RetryCallState) -> float:
        return max(float(self.jittered(retry_state)), _failure(retry_state).retry_after)


def retrying(max_attempts: int, max_wait: float, budget: float) -> Retrying:
    """The policy of retry: `max_attempts` attempts, `budget` seconds in all, waits of at most `max_wait`.

    A wait is never nil, even if the API answers `Retry-After: 0`; one that would pass the budget is not begun.
    """
    return Retrying(
        stop=stop_after_attempt(max_attempts) | stop_before_delay(budget),
        wait=RetryAfterFloor(wait_random_exponential(max=max_wait, min=min(SHORTEST_WAIT, max_wait))),
        retry=retry_if_exception_type(TransientError),
        before_sleep=_log_retry,
        reraise=True,
    )


def _failure(state: RetryCallState) -> TransientError:
    error = state.outcome.exception() if state.outcome else None
    if not isinstance(error, TransientError):
        raise AssertionError("only a TransientError is tried again")
    return error


def _log_retry(state: RetryCallState) -> None:
    error = _failure(state)
    wait = round(state.next_action.sleep, 2) if state.next_action else 0.0
    logger.warning("retrying", extra={"code": error.code, "attempt": state.attempt_number, "wait_s": wait})


class RateLimit:
    """Space the requests of all threads: at most `per_second` a second, None for no limit."""

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
LONGEST_NUMBER = 9  # digits: more seconds than thirty years need


def check_status(status: int, headers: Mapping[str, str], body: bytes, url: str) -> None:
    """Tell whether a request succeeded, and if not whether it is worth trying again.

    Args:
        status: of the answer.
        headers: of the answer, for `Retry-After`.
        body: where the API sometimes says why.
        url: the address to name.

    Raises:
        TransientError: the same request may succeed later.
        IngestError: it will not.
    """
    if status in (200, 204):
        return
    if status in RETRIED_STATUS or (status == 403 and _is_rate_limit(headers)):
        raise _transient(status, headers, url)
    if status == 407:
        raise IngestError(
            "proxy_refused",
            f"Le proxy demande une identification (407) pour appeler {url} : donnez-la dans HTTP_PROXY / HTTPS_PROXY, "
            "ou ajoutez l'hôte à NO_PROXY.",
        )
    if status in (401, 403):
        raise IngestError(
            "unauthorized", f"L'API refuse l'accès à {url} ({status}) : vérifiez LAB_API_TOKEN."
        )
    said = f" Elle dit : {quoted(body)}" if body.strip() else ""
    if status in (404, 410):
        raise IngestError(
            "not_found", f"{url} n'existe pas ({status}) : vérifiez --base-url et --resource.{said}"
        )
    raise IngestError("http_error", f"L'API répond {status} sur {url}.{said}")


def _is_rate_limit(headers: Mapping[str, str]) -> bool:
    """A 403 that is a rate limit, as GitHub answers. Source: GitHub REST API, « Rate limits for the REST API »."""
    left = (headers.get(name, "").strip() for name in ("X-RateLimit-Remaining", "RateLimit-Remaining"))
    return "Retry-After" in headers or "0" in left


def _transient(status: int, headers: Mapping[str, str], url: str) -> IngestError:
    seconds = retry_after_seconds(headers.get("Retry-After"), headers.get("Date"))
    code = "rate_limited" if status in (403, 429) else "server_error"
    message = f"L'API répond {status} sur {url}, même en recommençant."
    if seconds > LONGEST_RETRY_AFTER:
        return IngestError(code, f"{message} Elle demande d'attendre {seconds:.0f} s : relancez plus tard.")
    return TransientError(code, message, seconds)


def retry_after_seconds(value: str | None, served_at: str | None = None) -> float:
    """Read a Retry-After header, in seconds or as an HTTP date (RFC 9110, §10.2.3).

    Args:
        value: the header.
        served_at: the Date header of the same answer. A date is compared with the API's clock, not with this machine's,
            which may be wrong.

    Returns:
        Seconds; 0 when the header is missing, unreadable or in the past.

    Example:
        >>> retry_after_seconds("120")
        120.0
        >>> retry_after_seconds("Wed, 03 Jan 2024 08:00:30 GMT", "Wed, 03 Jan 2024 08:00:00 GMT")
        30.0
    """
    if value is None:
        return 0.0
    if re.fullmatch("[0-9]+", value.strip()):
        return float(value.strip()[:LONGEST_NUMBER])
    try:
        now = parsedate_to_datetime(served_at) if served_at else datetime.now(UTC)
        return max(0.0, (parsedate_to_datetime(value) - now).total_seconds())
    except (TypeError, ValueError):
        return 0.0
