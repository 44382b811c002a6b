# Votre exemplaire, écrit d'après solutions/status.py par « lab cut ».
"""Ce que dit un statut HTTP : réussi, à retenter plus tard, ou inutile de recommencer."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from errors import IngestError
from retry import TransientError

RETRIED_STATUS = {408, 425, 429, 500, 502, 503, 504}
LONGEST_RETRY_AFTER = 120.0


def check_status(status: int, headers: Mapping[str, str], body: bytes, url: str) -> None:
    """Lève TransientError si la requête mérite d'être retentée, IngestError sinon, rien si elle a réussi.

    body : le début du corps, que l'API explique parfois ; url : l'adresse à nommer.
    """
    # À vous (tp21.2) : rien si tout va bien ; `raise _transient(...)` si recommencer peut servir ; sinon IngestError avec un
    # code (`unauthorized`, `not_found`, `http_error`) et une phrase qui aide. 404, 422 : recommencer ne sert à rien.
    raise NotImplementedError("tp21.2")


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
