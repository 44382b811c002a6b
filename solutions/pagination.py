"""Quatre façons de tourner les pages, une seule forme : un itérateur de `Page`.

Chacune sait où elle s'arrête parce que l'API le dit (`has_more`, `next_cursor`, `X-Total-Count`),
et non en devinant qu'une page plus courte doit être la dernière.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from errors import IngestError
from fetch import Answer, ApiClient
from resources import Resource


@dataclass(frozen=True)
class Page:
    """Une page : son rang à partir de 1, et ses lignes telles que reçues."""

    number: int
    rows: list


def by_page(client: ApiClient, resource: Resource, params: dict, size: int) -> Iterator[Page]:
    """Page 1, 2, 3… Simple ; fausse si des lignes bougent pendant la lecture."""
    page_name, size_name = resource.page_parameters
    number, seen, more = 0, 0, True
    while more:
        number += 1
        answer = client.get(resource.path, {**params, page_name: number, size_name: size})
        rows = _rows(answer, resource)
        seen += len(rows)
        more = _has_more(answer, seen)
        yield Page(number, rows)


def by_offset(client: ApiClient, resource: Resource, params: dict, size: int) -> Iterator[Page]:
    """Sauter `offset` lignes, en prendre `limit`. Même faiblesse que les pages numérotées."""
    number, offset, more = 0, 0, True
    while more:
        number += 1
        answer = client.get(resource.path, {**params, "offset": offset, "limit": size})
        rows = _rows(answer, resource)
        offset += size
        more = _has_more(answer, offset)
        yield Page(number, rows)


def by_cursor(client: ApiClient, resource: Resource, params: dict, size: int) -> Iterator[Page]:
    """L'API donne le marque-page suivant : rien n'est sauté ni doublé. La façon recommandée."""
    number, cursor, seen = 0, None, set()
    while True:
        number += 1
        position = {} if cursor is None else {"cursor": cursor}
        answer = client.get(resource.path, {**params, **position, "limit": size})
        yield Page(number, _rows(answer, resource))
        cursor = _envelope(answer, resource).get("next_cursor")
        if not cursor:
            return
        if cursor in seen:
            raise IngestError(
                "cursor_loop", f"{resource.path} a rendu deux fois le même curseur, page {number}."
            )
        seen.add(cursor)


def by_keyset(client: ApiClient, resource: Resource, params: dict, size: int) -> Iterator[Page]:
    """« Après l'identifiant N » : rapide, stable, tant que les identifiants croissent.

    Des lignes sans identifiant lisible en fin de page reviendront avec la page suivante :
    elles sont laissées ici pour ne pas être comptées deux fois.
    """
    number, last_id, more = 0, 0, True
    while more:
        number += 1
        answer = client.get(resource.path, {**params, "after_id": last_id, "limit": size})
        rows = _rows(answer, resource)
        more = bool(_envelope(answer, resource).get("has_more"))
        if more:
            rows = _up_to_last_id(rows, resource)
            if not rows or rows[-1][resource.id_field] <= last_id:
                raise IngestError(
                    "keyset_stuck", f"{resource.path} : aucun identifiant n'avance, page {number}."
                )
            last_id = rows[-1][resource.id_field]
        yield Page(number, rows)


PAGINATIONS = {"page": by_page, "offset": by_offset, "cursor": by_cursor, "keyset": by_keyset}


def _rows(answer: Answer, resource: Resource) -> list:
    """Les lignes d'une réponse : le champ `data` d'un objet, ou la liste elle-même."""
    rows = answer.body if isinstance(answer.body, list) else _envelope(answer, resource).get("data")
    if not isinstance(rows, list):
        raise IngestError("unexpected_shape", f"{resource.path} : la réponse ne porte pas de liste « data ».")
    return rows


def _envelope(answer: Answer, resource: Resource) -> dict:
    if not isinstance(answer.body, dict):
        received = "une liste" if isinstance(answer.body, list) else "autre chose"
        raise IngestError(
            "unexpected_shape",
            f'{resource.path} : un objet {{"data": […], "next_cursor": …}} était attendu, {received} est arrivé. '
            "Essayez --pagination page si l'API rend des listes nues.",
        )
    return answer.body


def _has_more(answer: Answer, seen: int) -> bool:
    """Ce que l'API dit de la suite : `has_more`, sinon X-Total-Count, sinon une page non vide."""
    if isinstance(answer.body, dict):
        return bool(answer.body.get("has_more"))
    total = answer.headers.get("X-Total-Count")
    return seen < int(total) if total is not None else bool(answer.body)


def _up_to_last_id(rows: list, resource: Resource) -> list:
    for end in range(len(rows), 0, -1):
        row = rows[end - 1]
        if isinstance(row, dict) and type(row.get(resource.id_field)) is int:
            return rows[:end]
    return []
