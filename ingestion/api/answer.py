"""Une réponse de l'API, gardée en octets : l'enveloppe est lue tout de suite, les lignes plus tard.

Décoder chaque page en objets Python coûterait plus cher que tout le reste. On ne regarde donc ici que
les deux bouts du corps ; les lignes iront d'un bloc au lecteur JSON de pyarrow (voir arrow_json.py).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import orjson

from ingestion.api.retry import TransientError
from ingestion.errors import IngestError

HEAD = re.compile(rb'\s*\{\s*"data"\s*:\s*\[')
TAIL = re.compile(
    rb'\]\s*(?:,\s*"(?:next_cursor|has_more)"\s*:\s*(?:null|true|false|-?\d+|"[^"\\\]]*")\s*)*\}\s*\Z'
)


@dataclass
class Answer:
    """Le corps d'une réponse, ses en-têtes, et l'adresse à nommer dans un message.

    chunks : le corps tel qu'il est arrivé, en un ou plusieurs morceaux ; les recoller coûte, on l'évite.
    """

    chunks: list[bytes]
    headers: Mapping[str, str]
    url: str

    @property
    def size(self) -> int:
        """La taille du corps, en octets."""
        return sum(map(len, self.chunks))

    @property
    def content(self) -> bytes:
        """Le corps d'un seul tenant."""
        if len(self.chunks) != 1:
            self.chunks = [b"".join(self.chunks)]
        return self.chunks[0]

    @cached_property
    def body(self) -> object:
        """Le corps décodé ; TransientError `invalid_json` s'il n'est pas du JSON."""
        try:
            return orjson.loads(self.content)
        except orjson.JSONDecodeError:
            kind = self.headers.get("Content-Type", "type inconnu")
            start = self.content[:40].decode(errors="replace").replace("\n", " ")
            raise TransientError(
                "invalid_json", f"La réponse de {self.url} n'est pas du JSON ({kind}) : « {start}… »."
            ) from None

    @cached_property
    def _tail(self) -> bytes | None:
        """La fin du corps depuis le « ] » de `data`, quand l'enveloppe a la forme attendue ; None sinon.

        Dans un JSON valide, un « ] » suivi seulement de clés simples et de l'accolade finale est
        forcément celui du tableau de premier niveau.
        """
        if not self.chunks or not HEAD.match(self.chunks[0]):
            return None
        if self.chunks[-1].rfind(b"]") < 0:
            self.chunks = [self.content]
        end = self.chunks[-1].rfind(b"]")
        return self.chunks[-1][end:] if end >= 0 and TAIL.match(self.chunks[-1], end) else None

    @cached_property
    def is_list(self) -> bool:
        """Vrai si l'API rend une liste nue, comme JSONPlaceholder."""
        if self._tail:
            return False
        stripped = self.content.strip()
        return stripped[:1] == b"[" and stripped[-1:] == b"]"

    def check_shape(self) -> None:
        """Refuse tout de suite un corps qui n'est pas du JSON, pour que la requête soit retentée."""
        if not self._tail and not self.is_list:
            self.body  # noqa: B018 - decoding is the check

    @property
    def envelope(self) -> dict:
        """`next_cursor`, `has_more`… : tout sauf les lignes. IngestError si ce n'est pas un objet."""
        if self._tail:
            return orjson.loads(b'{"data":[' + self._tail)
        if self.is_list or not isinstance(self.body, dict):
            received = "une liste" if self.is_list else "autre chose"
            raise IngestError(
                "unexpected_shape",
                f'{self.url} : un objet {{"data": […], "next_cursor": …}} était attendu, {received} est arrivé. '
                "Essayez --pagination page si l'API rend des listes nues.",
            )
        return self.body

    @property
    def rows(self) -> list:
        """Les lignes décodées : le champ `data` d'un objet, ou la liste elle-même."""
        rows = self.body.get("data") if isinstance(self.body, dict) else self.body
        if not isinstance(rows, list):
            raise IngestError("unexpected_shape", f"{self.url} : la réponse ne porte pas de liste « data ».")
        return rows

    def data_object(self) -> list[bytes | memoryview]:
        """Les morceaux d'un objet JSON `{"data": […]}`, sans copier les lignes quand l'enveloppe le permet."""
        if self._tail:
            *whole, last = self.chunks
            return [*whole, memoryview(last)[: -len(self._tail)], b"]}"]
        if self.is_list:
            return [b'{"data":', *self.chunks, b"}"]
        return [b'{"data":', orjson.dumps(self.rows), b"}"]
