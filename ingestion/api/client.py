"""Appeler l'API sans s'énerver ni se taire : une session, des reprises, des erreurs qui se lisent.

Ce qui mérite d'être retenté l'est (coupure, 408, 425, 429, 5xx, réponse tronquée) ; le reste
(404, 401, paramètre refusé) échoue tout de suite : recommencer n'y changerait rien.
"""

import time
from dataclasses import dataclass, field
from urllib.parse import urlencode, urljoin, urlsplit

import requests
import urllib3

from ingestion.api.answer import Answer
from ingestion.api.retry import RateLimit, TransientError, check_status, retrying
from ingestion.errors import IngestError, usage_error

MAX_REDIRECTS = 5
CHUNK = 1 << 20


@dataclass
class ApiClient:
    """Un client pour une API : mêmes connexions d'un appel à l'autre, mêmes règles de reprise.

    base_url : par exemple http://127.0.0.1:8765
    token : jeton « Bearer », jamais écrit dans un journal ni dans un message.
    max_attempts : nombre d'essais par requête, le premier compris.
    max_wait : plus longue attente entre deux essais, en secondes.
    budget : durée totale d'une requête, reprises comprises, en secondes.
    timeout : pour se connecter, puis entre deux arrivées d'octets, en secondes.
    max_body : taille d'une réponse au-delà de laquelle on renonce, en octets.
    max_requests_per_second : limite que l'on s'impose ; None pour aucune.
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

    def __post_init__(self):
        address = urlsplit(self.base_url)
        if "@" in address.netloc or address.query:
            raise usage_error(
                "Pas de secret dans --base-url : donnez le jeton par la variable LAB_API_TOKEN."
            )
        if address.scheme not in ("http", "https") or not address.hostname:
            raise usage_error(
                f"L'adresse « {self.base_url} » n'est pas de la forme http://hôte ou https://hôte."
            )
        self.session = requests.Session()
        self.session.mount(self.base_url, requests.adapters.HTTPAdapter(pool_maxsize=self.connections))
        self._settings = self.session.merge_environment_settings(self.base_url, {}, True, None, None)
        self._template = self.session.prepare_request(requests.Request("GET", self.base_url))
        if self.token:
            self._template.headers["Authorization"] = f"Bearer {self.token}"
        self._rate = RateLimit(self.max_requests_per_second)
        self._retrying = retrying(self.max_attempts, self.max_wait, self.budget)

    def get(self, path: str, params: dict) -> Answer:
        """GET `path`, avec reprises. Lève une IngestError dès que recommencer ne sert plus à rien."""
        url = urljoin(self.base_url, path)
        query = urlencode(params)
        try:
            return self._retrying(self._get_once, f"{url}?{query}" if query else url)
        except IngestError as error:
            if self.token:
                error.message = error.message.replace(self.token, "***")
                error.args = (error.message,)
            raise

    def _get_once(self, url: str) -> Answer:
        self._rate.wait()
        shown = url.split("?")[0]
        try:
            response = self._follow(url)
            chunks = self._read(response, shown)
        except (requests.Timeout, urllib3.exceptions.TimeoutError):
            raise TransientError(
                "api_timeout", f"{shown} n'a pas répondu en {self.timeout[1]:g} s."
            ) from None
        except urllib3.exceptions.HTTPError:
            host = urlsplit(url).netloc
            raise TransientError(
                "truncated_body", f"{host} a coupé sa réponse avant la fin ({shown})."
            ) from None
        except requests.ConnectionError:
            host = urlsplit(url).netloc
            raise TransientError(
                "api_unreachable", f"{host} ne répond pas : l'API est-elle démarrée, l'adresse juste ?"
            ) from None
        except requests.RequestException as error:
            raise IngestError(
                "bad_request", f"Requête impossible vers {shown} ({type(error).__name__})."
            ) from None
        check_status(response.status_code, response.headers, b"".join(chunks[:1]), shown)
        answer = Answer(chunks, response.headers, shown)
        answer.check_shape()
        return answer

    def _follow(self, url: str) -> requests.Response:
        """Suit les redirections vers le même hôte, refuse les autres : le jeton n'y va pas."""
        origin = urlsplit(url).netloc
        for _ in range(MAX_REDIRECTS):
            request = self._template.copy()
            request.url = url
            response = self.session.send(
                request, timeout=self.timeout, allow_redirects=False, **self._settings
            )
            if not response.is_redirect:
                return response
            url = urljoin(url, response.headers["Location"])
            response.close()
            if urlsplit(url).netloc != origin:
                raise IngestError(
                    "redirect_refused",
                    f"{origin} renvoie vers un autre hôte ({urlsplit(url).netloc}) : requête non suivie. "
                    "Vérifiez --base-url.",
                )
        raise IngestError("redirect_refused", f"{origin} redirige en boucle : vérifiez --base-url.")

    def _read(self, response: requests.Response, url: str) -> list[bytes]:
        """Le corps de la réponse, décompressé, en morceaux, dans les limites de taille et de temps."""
        deadline = time.monotonic() + self.budget
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
            if time.monotonic() > deadline:
                response.close()
                raise TransientError("api_timeout", f"{url} n'a pas fini de répondre en {self.budget:g} s.")
        return chunks
