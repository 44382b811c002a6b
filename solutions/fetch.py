"""Appeler l'API sans s'énerver ni se taire : une session, des reprises, des erreurs qui se lisent.

Ce qui mérite d'être retenté l'est (coupure, 408, 425, 429, 5xx, réponse tronquée) ; le reste
(404, 401, paramètre refusé) échoue tout de suite : recommencer n'y changerait rien.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin, urlsplit

import orjson
import requests
from errors import IngestError
from logs import logger
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt
from tenacity.wait import wait_base, wait_random_exponential

RETRIED_STATUS = {408, 425, 429, 500, 502, 503, 504}
LONGEST_RETRY_AFTER = 120.0
MAX_REDIRECTS = 5


class TransientError(IngestError):
    """Un échec qui peut passer si l'on recommence ; `retry_after` en secondes si l'API l'a dit."""

    def __init__(self, code: str, message: str, retry_after: float = 0.0):
        super().__init__(code, message)
        self.retry_after = retry_after


@dataclass(frozen=True)
class Answer:
    """Une réponse JSON : `body` tel que décodé, `headers` de la réponse."""

    body: object
    headers: dict


@dataclass
class ApiClient:
    """Un client pour une API : mêmes connexions d'un appel à l'autre, mêmes règles de reprise.

    base_url : par exemple http://127.0.0.1:8765
    token : jeton « Bearer », jamais écrit dans un journal ni dans un message.
    max_attempts : nombre d'essais par requête, le premier compris.
    max_wait : plus longue attente entre deux essais, en secondes.
    """

    base_url: str
    token: str | None = None
    max_attempts: int = 3
    max_wait: float = 10.0
    timeout: tuple[float, float] = (5.0, 30.0)
    connections: int = 10
    session: requests.Session = field(init=False, repr=False)

    def __post_init__(self):
        if urlsplit(self.base_url).scheme not in ("http", "https"):
            raise IngestError(
                "usage", f"L'adresse « {self.base_url} » ne commence pas par http:// ou https://.", 2
            )
        self.session = requests.Session()
        self.session.mount(self.base_url, requests.adapters.HTTPAdapter(pool_maxsize=self.connections))
        if self.token:
            self.session.auth = self._authorize

    def _authorize(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self.token}"
        return request

    def get(self, path: str, params: dict) -> Answer:
        """GET `path`, avec reprises. Lève une IngestError dès que recommencer ne sert plus à rien."""
        url = urljoin(self.base_url, path)
        retrying = Retrying(
            stop=stop_after_attempt(self.max_attempts),
            wait=RetryAfterFloor(wait_random_exponential(max=self.max_wait)),
            retry=retry_if_exception_type(TransientError),
            before_sleep=_log_retry,
            reraise=True,
        )
        return retrying(self._get_once, url, params)

    def _get_once(self, url: str, params: dict) -> Answer:
        try:
            response = self._follow(url, params)
        except requests.Timeout:
            raise TransientError("api_timeout", f"{url} n'a pas répondu en {self.timeout[1]:g} s.") from None
        except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError) as error:
            raise _connection_error(url, error) from None
        except requests.RequestException as error:
            raise IngestError("bad_request", f"Requête impossible vers {url} : {error}") from None
        _check_status(response)
        return Answer(_decode(response), response.headers)

    def _follow(self, url: str, params: dict) -> requests.Response:
        """Suit les redirections vers le même hôte, refuse les autres."""
        origin = urlsplit(url).netloc
        for _ in range(MAX_REDIRECTS):
            response = self.session.get(url, params=params, timeout=self.timeout, allow_redirects=False)
            if not response.is_redirect:
                return response
            url, params = urljoin(url, response.headers["Location"]), None
            if urlsplit(url).netloc != origin:
                raise IngestError(
                    "redirect_refused",
                    f"{origin} renvoie vers un autre hôte ({urlsplit(url).netloc}) : requête non suivie. "
                    "Vérifiez --base-url.",
                )
        raise IngestError("redirect_refused", f"{origin} redirige en boucle : vérifiez --base-url.")


class RetryAfterFloor(wait_base):
    """Attend ce que propose `jittered`, mais jamais moins que le `Retry-After` de l'API."""

    def __init__(self, jittered: wait_base):
        self.jittered = jittered

    def __call__(self, retry_state: RetryCallState) -> float:
        return max(self.jittered(retry_state), retry_state.outcome.exception().retry_after)


def _log_retry(state: RetryCallState) -> None:
    error = state.outcome.exception()
    logger.warning(
        "retrying",
        extra={
            "code": error.code,
            "attempt": state.attempt_number,
            "wait_s": round(state.next_action.sleep, 2),
        },
    )


def _connection_error(url: str, error: Exception) -> TransientError:
    host = urlsplit(url).netloc
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return TransientError("truncated_body", f"{host} a coupé sa réponse avant la fin ({url}).")
    return TransientError(
        "api_unreachable", f"{host} ne répond pas : l'API est-elle démarrée, l'adresse juste ?"
    )


def _check_status(response: requests.Response) -> None:
    """Traduit un statut d'erreur en IngestError, qui se retente ou non."""
    status, url = response.status_code, response.url.split("?")[0]
    if status == 200:
        return
    if status in RETRIED_STATUS:
        seconds = retry_after_seconds(response.headers.get("Retry-After"), datetime.now(UTC))
        code = "rate_limited" if status == 429 else "server_error"
        message = f"L'API répond {status} sur {url}, même en recommençant."
        if seconds > LONGEST_RETRY_AFTER:
            raise IngestError(
                code, f"{message} Elle demande d'attendre {seconds:.0f} s : relancez plus tard."
            )
        raise TransientError(code, message, seconds)
    if status in (401, 403):
        raise IngestError(
            "unauthorized", f"L'API refuse l'accès à {url} ({status}) : vérifiez LAB_API_TOKEN."
        )
    if status == 404:
        raise IngestError("not_found", f"{url} n'existe pas (404) : vérifiez --base-url et --resource.")
    raise IngestError("http_error", f"L'API répond {status} sur {url} : {response.text[:200]}")


def _decode(response: requests.Response) -> object:
    try:
        return orjson.loads(response.content)
    except orjson.JSONDecodeError:
        kind = response.headers.get("Content-Type", "type inconnu")
        start = response.text[:40].replace("\n", " ")
        raise TransientError(
            "invalid_json",
            f"La réponse de {response.url.split('?')[0]} n'est pas du JSON ({kind}) : « {start}… ».",
        ) from None


def retry_after_seconds(value: str | None, now: datetime) -> float:
    """Lit un en-tête Retry-After, en secondes ou en date HTTP (RFC 9110, §10.2.3).

    Rend 0 quand l'en-tête manque, est illisible ou désigne le passé.
    """
    if value is None:
        return 0.0
    if value.strip().isdecimal():
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - now).total_seconds())
    except (TypeError, ValueError):
        return 0.0
