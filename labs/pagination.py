# Votre exemplaire, écrit d'après solutions/pagination.py par « lab cut ».
"""Quatre façons de tourner les pages, une seule forme : un itérateur de `Page`.

Chacune sait où elle s'arrête parce que l'API le dit (`has_more`, `next_cursor`, `X-Total-Count`),
et non en devinant qu'une page plus courte doit être la dernière. Une page vide n'est pas la fin.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from answer import Answer
from errors import IngestError
from fetch import ApiClient
from resources import Resource

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
    # À vous (tp21.2) : demandez la page `start`, puis les suivantes, tant que l'API en annonce (`_has_more` lit ce qu'elle
    # dit), et rendez chacune par `yield Page(numéro, réponse, numéro)`.
    raise NotImplementedError("tp21.2")


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
    # À vous (tp21.2) : demandez la première page sans curseur, puis chaque suivante avec le `next_cursor` de la précédente,
    # jusqu'à ce que l'API n'en donne plus. Un curseur déjà vu : IngestError("cursor_loop", …).
    raise NotImplementedError("tp21.2")


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
