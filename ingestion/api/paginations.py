"""Quatre façons de tourner les pages, une seule forme : un itérateur de `Page`.

Chacune sait où elle s'arrête parce que l'API le dit (`has_more`, `next_cursor`, `X-Total-Count`),
et non en devinant qu'une page plus courte doit être la dernière. Une page vide n'est pas la fin.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from ingestion.api.answer import Answer
from ingestion.api.client import ApiClient
from ingestion.errors import IngestError
from ingestion.rows.resources import Resource

PATIENCE = 3


@dataclass(frozen=True)
class Page:
    """Une page : son rang à partir de 1, la réponse, et la position qui l'a donnée."""

    number: int
    answer: Answer
    position: str | int | None = None

    @property
    def rows(self) -> list:
        """Les lignes telles que reçues."""
        return self.answer.rows


def by_page(client: ApiClient, resource: Resource, params: dict, size: int, start: int = 1) -> Iterator[Page]:
    """Page 1, 2, 3… Simple ; fausse si des lignes bougent pendant la lecture."""
    page_name, size_name = resource.page_parameters
    number, more = start, True
    while more:
        answer = client.get(resource.path, {**params, page_name: number, size_name: size})
        more = _has_more(answer, number * size)
        yield Page(number, answer, number)
        number += 1


def by_offset(
    client: ApiClient, resource: Resource, params: dict, size: int, start: int = 0
) -> Iterator[Page]:
    """Sauter `offset` lignes, en prendre `limit`. Même faiblesse que les pages numérotées.

    On avance du nombre de lignes reçues, non demandées : une API peut plafonner `limit`.
    """
    number, offset, more = 0, start, True
    while more:
        number += 1
        answer = client.get(resource.path, {**params, "offset": offset, "limit": size})
        yield Page(number, answer, offset)
        offset += len(answer.rows) or size
        more = _has_more(answer, offset)


def by_cursor(
    client: ApiClient, resource: Resource, params: dict, size: int, start: str | None = None
) -> Iterator[Page]:
    """L'API donne le marque-page suivant : rien n'est sauté ni doublé. La façon recommandée."""
    number, cursor, seen = 0, start, {start}
    while True:
        number += 1
        position = {} if cursor is None else {"cursor": cursor}
        answer = client.get(resource.path, {**params, **position, "limit": size})
        envelope = answer.envelope
        yield Page(number, answer, cursor)
        cursor = envelope.get("next_cursor")
        if not cursor or envelope.get("has_more") is False:
            return
        if cursor in seen:
            raise IngestError(
                "cursor_loop", f"{resource.path} a rendu deux fois le même curseur, page {number}."
            )
        seen.add(cursor)


def by_keyset(
    client: ApiClient, resource: Resource, params: dict, size: int, start: int = 0
) -> Iterator[Page]:
    """« Après l'identifiant N » : rapide, stable, tant que les identifiants croissent.

    Une page qui ne fait pas avancer l'identifiant est redemandée `PATIENCE` fois, puis c'est une erreur.
    """
    number, last_id, more, stuck = 0, start, True, 0
    while more:
        number += 1
        answer = client.get(resource.path, {**params, "after_id": last_id, "limit": size})
        more = bool(answer.envelope.get("has_more"))
        highest = max(_ids(answer.rows, resource), default=last_id)
        if more and highest <= last_id:
            stuck += 1
            if stuck == PATIENCE:
                raise IngestError(
                    "keyset_stuck", f"{resource.path} : aucun identifiant n'avance, page {number}."
                )
            continue
        yield Page(number, answer, last_id)
        last_id, stuck = highest, 0


PAGINATIONS = {"page": by_page, "offset": by_offset, "cursor": by_cursor, "keyset": by_keyset}


def _has_more(answer: Answer, seen: int) -> bool:
    """Ce que l'API dit de la suite : `has_more`, sinon X-Total-Count, sinon une page non vide."""
    if not answer.is_list:
        return bool(answer.envelope.get("has_more"))
    total = answer.headers.get("X-Total-Count")
    return seen < int(total) if total is not None else bool(answer.rows)


def _ids(rows: list, resource: Resource) -> list[int]:
    values = (row.get(resource.id_field) for row in rows if isinstance(row, dict))
    return [value for value in values if type(value) is int]
