"""Five ways to turn the pages, one shape: an iterator of `Page`.

Each ends where the API says so (`has_more`, `next_cursor`, a total, a link), or, where the API says nothing, at the
first page without a row. A short page is never the end. What an answer does not say is never taken for the end: that
is an IngestError naming the key that was looked for. None can turn for ever: a page or a cursor seen before, pages
that bring nothing, or MAX_PAGES pages, are errors.
"""

import contextlib
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urljoin

import msgspec
from requests.utils import parse_header_links

from ingestion.api.answer import Answer
from ingestion.api.client import ApiClient
from ingestion.errors import IngestError, counted
from ingestion.kinds import JsonObject
from ingestion.logs import logger
from ingestion.rows.json_text import UNREADABLE
from ingestion.rows.resources import Resource

MAX_PAGES = 100_000
PATIENCE = 3
CURSOR_PATIENCE = 1000
ANNOUNCES_MORE = re.compile("next|more|truncated", re.IGNORECASE)


class SourceMoved(IngestError):
    """The listing changed while its pages were read: rows may have slipped between two of them. To be read again."""

    def __init__(self, path: str, former: int, total: int):
        super().__init__(
            "source_moved",
            f"{path} : le total annoncé est passé de {former} à {total} pendant la lecture, à chaque essai. "
            "Relancez quand la source bouge moins, ou choisissez une pagination par curseur.",
        )


@dataclass(frozen=True)
class Page:
    """A page: its rank from 1, the answer, and the position that gave it."""

    number: int
    answer: Answer
    position: str | int | None = None

    @property
    def rows(self) -> list[Any]:
        """The rows decoded, as Python's json reads them."""
        return [json.loads(text) for text in self.answer.row_texts]


def by_page(
    client: ApiClient, resource: Resource, params: JsonObject, size: int, start: int = 1
) -> Iterator[Page]:
    """Page 1, 2, 3… Simple; wrong when rows move during the reading."""
    words, ending, number = resource.words, _Ending(resource), start
    while True:
        answer = client.get(resource.path, {**params, words.page: number, words.limit: size}, words.rows)
        yield Page(number, answer, number)
        if ending.reached(answer):
            return
        number += 1


def by_offset(
    client: ApiClient, resource: Resource, params: JsonObject, size: int, start: int = 0
) -> Iterator[Page]:
    """Skip `offset` rows, take `limit`. The same weakness as numbered pages.

    It advances by the rows received, not asked for: an API may cap `limit`.
    """
    words, ending, number, offset = resource.words, _Ending(resource), 0, start
    while True:
        number += 1
        answer = client.get(resource.path, {**params, words.offset: offset, words.limit: size}, words.rows)
        yield Page(number, answer, offset)
        if ending.reached(answer):
            return
        offset += answer.row_count or size


class _Ending:
    """Where numbered pages end."""

    def __init__(self, resource: Resource):
        self.resource = resource
        self.seen: set[int] = set()
        self.pages = self.rows = self.empty = 0
        self.total: int | None = None

    def reached(self, answer: Answer) -> bool:
        """Whether `answer` was the last page."""
        path, words = self.resource.path, self.resource.words
        self.pages += 1
        if answer.status == 204:
            return True
        _bounded(self.pages, path)
        if not answer.is_empty:
            _once(hash(bytes(answer.rows_text)), self.seen, path, self.pages)
        more = _told_more(answer, words.has_more)
        if more is not None:
            self.empty = self.empty + 1 if answer.is_empty else 0
            if more and self.empty == PATIENCE:
                raise IngestError(
                    "empty_pages",
                    f"{path} annonce une suite ({words.has_more}) mais {PATIENCE} pages de suite n'ont rien apporté.",
                )
            return not more
        self.rows += answer.row_count
        total = self._counted(answer)
        if total is not None:
            return self.rows >= total
        if answer.is_empty:
            _nothing_announced(answer, path)
        return answer.is_empty

    def _counted(self, answer: Answer) -> int | None:
        """How many rows there are in all, None if the API does not say; an error if they cannot all be had."""
        total, path = _total(answer, self.resource.words.total), self.resource.path
        if total is None:
            return None
        if self.total is not None and self.total != total:
            raise SourceMoved(path, self.total, total)
        self.total = total
        if answer.is_empty and self.rows < total:
            raise IngestError(
                "short_read", f"{path} annonce {counted(total, 'ligne')} et n'en a rendu que {self.rows}."
            )
        return total


def by_cursor(
    client: ApiClient, resource: Resource, params: JsonObject, size: int, start: str | int | None = None
) -> Iterator[Page]:
    """The API gives the next bookmark: nothing is skipped nor doubled. The recommended way."""
    words, path = resource.words, resource.path
    number, cursor, seen, empty = 0, start, {start}, 0
    while True:
        number += 1
        position = {} if cursor is None else {words.cursor: cursor}
        answer = client.get(path, {**params, **position, words.limit: size}, words.rows)
        yield Page(number, answer, cursor)
        cursor = _next_cursor(answer, resource, is_first=number == 1)
        if cursor is None:
            return
        empty = empty + 1 if answer.is_empty else 0
        _goes_on(cursor, seen, empty, number, path)


def _goes_on(cursor: str | int, seen: set[str | int | None], empty: int, page: int, path: str) -> None:
    """IngestError where following cursors would never end."""
    if cursor in seen:
        raise IngestError("cursor_loop", f"{path} a rendu deux fois le même curseur, page {page}.")
    seen.add(cursor)
    _bounded(page, path)
    if empty == CURSOR_PATIENCE:
        raise IngestError("empty_pages", f"{path} : {empty} pages de suite n'ont rien apporté.")


def _next_cursor(answer: Answer, resource: Resource, is_first: bool) -> str | int | None:
    """The cursor of the next page, None at the end.

    An API that gave cursors may leave the key out on its last page; one that never did has not said anything.
    """
    if answer.status == 204:
        return None
    words, path = resource.words, resource.path
    if answer.is_list:
        raise IngestError(
            "unexpected_shape",
            f'{answer.url} : un objet {{"{words.rows}": […], "{words.next_cursor}": …}} était attendu, une liste '
            "est arrivée. Essayez --pagination page si l'API rend des listes nues.",
        )
    more, cursor = _told_more(answer, words.has_more), answer.says(words.next_cursor)
    if more is False:
        return None
    if cursor is None or cursor == "":
        if more:
            raise _unsaid(path, f"« {words.has_more} » annonce une suite, sans « {words.next_cursor} »")
        if not answer.mentions(words.next_cursor) and (is_first or more is not None):
            raise _unsaid(path, f"ni « {words.next_cursor} » ni « {words.has_more} » dans la réponse")
        _nothing_announced(answer, path, words.next_cursor)
        return None
    if isinstance(cursor, bool) or not isinstance(cursor, (str, int)) or (cursor == 0 and more is None):
        raise _unsaid(path, f"« {words.next_cursor} » vaut {cursor!r}, qui n'est pas un curseur")
    return cursor


def by_keyset(
    client: ApiClient, resource: Resource, params: JsonObject, size: int, start: int = 0
) -> Iterator[Page]:
    """After the identifier N: fast, stable, as long as identifiers grow.

    Args:
        client: the API.
        resource: what is read, and what the API calls its parameters.
        params: those of the selection.
        size: rows a page, as asked for.
        start: the identifier after which to begin.

    Yields:
        The pages, until an empty one.

    Raises:
        IngestError: a page did not bring the identifier forward, asked PATIENCE times again.
    """
    words, path = resource.words, resource.path
    number, last_id, stuck = 0, start, 0
    while True:
        number += 1
        _bounded(number, path)
        answer = client.get(path, {**params, words.after_id: last_id, words.limit: size}, words.rows)
        if answer.status == 204:
            yield Page(number, answer, last_id)
            return
        told = _told_more(answer, words.has_more)
        if told is None and answer.is_empty:
            _nothing_announced(answer, path)
        more = not answer.is_empty if told is None else told
        highest = max(_integer_ids(answer, resource), default=last_id)
        if more and highest <= last_id:
            stuck += 1
            if stuck == PATIENCE:
                raise IngestError("keyset_stuck", f"{path} : aucun identifiant n'avance, page {number}.")
            continue
        yield Page(number, answer, last_id)
        if not more:
            return
        last_id, stuck = highest, 0


def by_link(
    client: ApiClient, resource: Resource, params: JsonObject, size: int, start: str | None = None
) -> Iterator[Page]:
    """The API gives the address of the next page: in its envelope (`next`), or in a Link header (RFC 8288)."""
    words, path, seen, number = resource.words, resource.path, set(), 0
    address: str | None = start or path
    asked = {**params, words.limit: size}
    while address:
        number += 1
        _bounded(number, path)
        answer = client.get(address, asked, words.rows)
        yield Page(number, answer, address)
        address, asked = _next_link(answer, words.next_link, path), {}
        if address in seen:
            raise IngestError(
                "page_loop", f"{path} a rendu deux fois l'adresse de la même page, page {number}."
            )
        seen.add(address)


def _next_link(answer: Answer, name: str, path: str) -> str | None:
    if answer.status == 204:
        return None
    if answer.is_list or not answer.mentions(name):
        links = parse_header_links(answer.headers.get("Link", ""))
        if not answer.is_list and not links:
            raise _unsaid(path, f"ni « {name} » ni en-tête Link dans la réponse")
        found: object = next((link["url"] for link in links if link.get("rel") == "next"), None)
    else:
        found = answer.says(name)
    if found is None or found == "":
        return None
    if not isinstance(found, str):
        raise _unsaid(path, f"« {name} » vaut {found!r}, qui n'est pas une adresse")
    return urljoin(answer.url, found)


PAGINATIONS: dict[str, Callable[..., Iterator[Page]]] = {
    "page": by_page,
    "offset": by_offset,
    "cursor": by_cursor,
    "keyset": by_keyset,
    "link": by_link,
}


def _told_more(answer: Answer, name: str) -> bool | None:
    """What the API says of the rest in `name`; None where it says nothing. IngestError unless it is true or false."""
    said = answer.says(name)
    if said is None or isinstance(said, bool):
        return said
    raise IngestError(
        "unexpected_shape",
        f"{answer.url} : « {name} » vaut {said!r}, alors que true ou false étaient attendus.",
    )


def _total(answer: Answer, name: str) -> int | None:
    """How many rows there are in all: X-Total-Count, or the envelope's `name`; None if it is no plain number."""
    said = answer.headers.get("X-Total-Count") if answer.is_list else answer.says(name)
    if isinstance(said, int) and not isinstance(said, bool) and said >= 0:
        return said
    if isinstance(said, str) and re.fullmatch("[0-9]{1,15}", said):
        return int(said)
    if said is not None:
        logger.warning("total ignored", extra={"url": answer.url, "total": str(said)[:40]})
    return None


def _once(mark: int, seen: set[int], path: str, page: int) -> None:
    if mark in seen:
        raise IngestError(
            "page_loop",
            f"{path} a rendu deux fois la même page (page {page}) : son paramètre de page porte-t-il un autre nom ?",
        )
    seen.add(mark)


def _integer_ids(answer: Answer, resource: Resource) -> list[int]:
    decoder, found = _identified(resource.id_field), []
    for text in answer.row_texts:
        with contextlib.suppress(*UNREADABLE):
            found.append(decoder.decode(text).identifier)
    return found


@cache
def _identified(id_field: str) -> msgspec.json.Decoder[Any]:
    shape = msgspec.defstruct("Identified", [("identifier", int)], rename={"identifier": id_field})
    return msgspec.json.Decoder(shape)


def _bounded(pages: int, path: str) -> None:
    if pages > MAX_PAGES:
        raise IngestError("endless_pages", f"{path} : plus de {MAX_PAGES} pages, sans fin annoncée.")


def _nothing_announced(answer: Answer, path: str, own: str = "") -> None:
    """IngestError where a key that we do not read seems to announce more pages, at what looks like the end."""
    inner = {
        f"{outer}.{name}": value
        for outer, group in answer.envelope.items()
        if isinstance(group, dict)
        for name, value in group.items()
    }
    for name, value in {**answer.envelope, **inner}.items():
        if name != own and ANNOUNCES_MORE.search(name) and value and not isinstance(value, (dict, list)):
            raise _unsaid(
                path, f"la suite semble annoncée par « {name} », que cette ressource ne déclare pas"
            )


def _unsaid(path: str, what: str) -> IngestError:
    return IngestError("end_not_told", f"{path} : {what}. Rien ne dit si la lecture est finie.")
