"""Calling the API without haste nor silence: one session, retries, errors that can be read.

What is worth trying again is (a cut, 408, 425, 429, 5xx, a truncated answer); the rest (404, 401, a refused
parameter) fails at once: asking again would change nothing.
"""

import time
from dataclasses import dataclass, field
from urllib.parse import urlencode, urljoin, urlsplit

import requests
import urllib3

from ingestion.api.answer import Answer
from ingestion.api.deadline import Watched
from ingestion.api.retry import RateLimit, TransientError, check_status, retrying
from ingestion.errors import IngestError, usage_error
from ingestion.kinds import JsonObject
from ingestion.secrets import hide, redacted

MAX_REDIRECTS = 5
CHUNK = 1 << 20
PORTS = {"http": 80, "https": 443}


@dataclass
class ApiClient:
    """A client of one API: the same connections from a call to the next, the same rules of retry.

    Attributes:
        base_url: for example http://127.0.0.1:8765, or https://host/v2, whose path is kept.
        token: a bearer token, never written in a log nor in a message, never sent to another host nor out of TLS.
        max_attempts: number of attempts a request, the first included.
        max_wait: longest wait between two attempts, in seconds.
        budget: duration of a request in all, attempts, waits and slow bodies included, in seconds.
        timeout: to connect, then between two arrivals of bytes, in seconds.
        max_body: size of an answer, unpacked, beyond which we give up, in bytes.
        max_requests_per_second: a limit of our own; None for none.
    """

    base_url: str
    token: str | None = None
    max_attempts: int = 3
    max_wait: float = 10.0
    budget: float = 300.0
    timeout: tuple[float, float] = (5.0, 30.0)
    connections: int = 10
    max_body: int = 64 << 20
    max_requests_per_second: float | None = None
    session: requests.Session = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.base_url = _checked_address(self.base_url)
        self.token = _checked_token(self.token)
        self.session = requests.Session()
        self._watched = Watched(pool_maxsize=self.connections)
        self.session.mount(self.base_url, self._watched)
        self._settings = self.session.merge_environment_settings(self.base_url, {}, True, None, None)
        self._template = self.session.prepare_request(requests.Request("GET", self.base_url))
        if self.token:
            self._template.headers["Authorization"] = f"Bearer {self.token}"
        self._rate = RateLimit(self.max_requests_per_second)
        self._retrying = retrying(self.max_attempts, self.max_wait, self.budget)

    def get(self, path: str, params: JsonObject, *rows_keys: str) -> Answer:
        """GET `path`, with retries.

        Args:
            path: the path of a resource, or a whole address of the same host.
            params: the parameters of the request.
            rows_keys: where the rows may be in the answer (see Answer), "data" by default.

        Returns:
            The answer, its body read whole.

        Raises:
            IngestError: asking again is of no use, or the attempts are spent.
        """
        url = path if "://" in path else f"{self.base_url.rstrip('/')}/{path.lstrip('/')}"
        if _origin(url) != _origin(self.base_url):
            raise _refused(self.base_url, url)
        if params:
            url += f"{'&' if '?' in url else '?'}{urlencode(params)}"
        try:
            return self._retrying(self._get_once, url, rows_keys or ("data",), time.monotonic() + self.budget)
        except IngestError as error:
            error.message = redacted(error.message)
            error.args = (error.message,)
            raise

    def _get_once(self, url: str, rows_keys: tuple[str, ...], deadline: float) -> Answer:
        self._rate.wait()
        shown, host = url.split("?")[0], urlsplit(url).netloc
        try:
            with self._watched.until(deadline):
                response = self._follow(url)
                content = self._read(response, shown)
        except (requests.Timeout, urllib3.exceptions.TimeoutError):
            raise self._timed_out(shown) from None
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            if time.monotonic() > deadline:
                raise self._timed_out(shown) from None
            raise self._told(error, shown, host) from None
        if time.monotonic() > deadline:
            # A connection shut in the middle of the headers looks like the end of an answer.
            raise self._timed_out(shown)
        check_status(response.status_code, response.headers, content, shown)
        return Answer(content, response.headers, shown, rows_keys, response.status_code)

    def _timed_out(self, url: str) -> TransientError:
        limits = f"{self.timeout[1]:g} s sans un octet, ou {self.budget:g} s en tout"
        return TransientError("api_timeout", f"{url} n'a pas répondu à temps ({limits}).")

    def _told(self, error: Exception, url: str, host: str) -> IngestError:
        """The sentence of a request that did not succeed."""
        proxy = self._settings["proxies"].get(urlsplit(url).scheme, "")
        shown_proxy = proxy.rpartition("@")[2]
        match error:
            case requests.exceptions.ProxyError():
                return TransientError(
                    "api_unreachable",
                    f"Le proxy {shown_proxy} ne répond pas, ou refuse d'appeler {host}. Si l'API est sur cette machine "
                    "ou sur votre réseau, ajoutez son nom à NO_PROXY.",
                )
            case requests.exceptions.SSLError():
                return IngestError(
                    "tls_failed",
                    f"{host} : la connexion chiffrée a échoué ({_reason(error)}). Certificat privé : donnez-le par "
                    "REQUESTS_CA_BUNDLE.",
                )
            case requests.ConnectionError():
                through = f" (par le proxy {shown_proxy})" if proxy else ""
                return TransientError(
                    "api_unreachable",
                    f"{host} ne répond pas{through} : l'API est-elle démarrée, l'adresse juste ?",
                )
            case urllib3.exceptions.DecodeError():
                return TransientError(
                    "truncated_body", f"{url} : corps compressé illisible ({_reason(error)})."
                )
            case requests.RequestException():
                return IngestError(
                    "bad_request",
                    f"Requête impossible vers {url} ({type(error).__name__}) : vérifiez l'adresse"
                    f"{' et le proxy ' + shown_proxy if proxy else ''}.",
                )
            case _:
                return TransientError("truncated_body", f"{host} a coupé sa réponse avant la fin ({url}).")

    def _follow(self, url: str) -> requests.Response:
        """Follow redirections to the same host, refuse the others: the token does not go there."""
        for _ in range(MAX_REDIRECTS):
            request = self._template.copy()
            request.url = url
            response = self.session.send(
                request, timeout=self.timeout, allow_redirects=False, **self._settings
            )
            if not response.is_redirect:
                return response
            target = urljoin(url, response.headers["Location"])
            response.close()
            if _origin(target) != _origin(url):
                raise _refused(url, target)
            url = target
        raise IngestError(
            "redirect_refused", f"{urlsplit(url).netloc} redirige en boucle : vérifiez --base-url."
        )

    def _read(self, response: requests.Response, url: str) -> bytes:
        """The body of the answer, unpacked, within the limits of size."""
        chunks, size = [], 0
        is_compressed = "Content-Encoding" in response.headers
        while chunk := response.raw.read1(CHUNK, decode_content=is_compressed):
            chunks.append(chunk)
            size += len(chunk)
            if size > self.max_body:
                response.close()
                raise IngestError(
                    "body_too_large",
                    f"{url} rend plus de {self.max_body >> 20} Mio d'un coup : réduisez --page-size.",
                )
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _checked_address(text: str) -> str:
    """The address of an API, as written; a usage error if it cannot be one."""
    wrong = usage_error(
        f"L'adresse « {text} » n'est pas de la forme http://hôte, http://hôte:port ou https://hôte/chemin : "
        "vérifiez --base-url."
    )
    try:
        address = urlsplit(text)
        requests.Request("GET", text).prepare()
        usable = address.scheme in PORTS and bool(address.hostname) and (address.port or 1) > 0
    except (ValueError, requests.RequestException, urllib3.exceptions.HTTPError):
        raise wrong from None
    if not usable or text != text.strip() or address.fragment or " " in text:
        raise wrong
    if "@" in address.netloc or address.query:
        raise usage_error(
            "Pas de secret ni de « ? » dans --base-url : donnez le jeton par la variable LAB_API_TOKEN."
        )
    return text


def _checked_token(token: str | None) -> str | None:
    """The token without the line end that a file leaves behind it; a usage error for what a header cannot carry."""
    token = (token or "").strip()
    if not token:
        return None
    hide(token)
    if not token.isascii() or not token.isprintable() or " " in token:
        raise usage_error(
            "LAB_API_TOKEN porte un caractère qu'un en-tête HTTP n'admet pas (accent, espace, fin de ligne) : "
            "recopiez le jeton."
        )
    return token


def _origin(url: str) -> tuple[str, str | None, int | None]:
    try:
        address = urlsplit(url)
        return address.scheme, address.hostname, address.port or PORTS.get(address.scheme)
    except ValueError:
        return url, None, None


def _refused(url: str, target: str) -> IngestError:
    return IngestError(
        "redirect_refused",
        f"{urlsplit(url).netloc} renvoie vers une autre adresse ({target.split('?')[0]}) : requête non suivie, le "
        "jeton n'y va pas. Vérifiez --base-url.",
    )


def _reason(error: Exception) -> str:
    return str(error).split("\n")[0][:150]
