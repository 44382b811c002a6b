"""JSONPlaceholder's resources, in our own words, answered as json-server 0.17 answers.

The behaviour was read in json-server 0.17.4 (lib/server/router/plural.js) and is held equal to it by
tests/json_server. Counts and fields are JSONPlaceholder's: 100 posts, 500 comments, 10 users, 200 todos.
"""

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cmp_to_key, lru_cache
from typing import Any
from urllib.parse import parse_qs

WORDS = (
    "la donnée arrive chaque matin et le carnet garde sa trace un fichier propre vaut mieux qu'une longue "
    "explication il faut lire la page suivante avant de conclure le système répond vite quand la question "
    "est simple une ligne égarée se retrouve toujours dans la quarantaine demain nous verrons où mène ce fil"
).split()
FIRST_NAMES = ("Aïcha", "Benoît", "Chloé", "Driss", "Élodie", "Farid", "Gaëlle", "Hugo", "Inès", "Jérôme")
LAST_NAMES = (
    "Martin",
    "Lefèvre",
    "Moreau",
    "Benali",
    "Dubois",
    "Roussel",
    "Garnier",
    "Picard",
    "Noël",
    "Barbier",
)
CITIES = ("Lyon", "Nantes", "Lille", "Brest", "Nîmes", "Tours", "Dijon", "Metz", "Pau", "Caen")
SLICING = ("_page", "_limit", "_start", "_end", "_sort", "_order", "q", "_embed", "_expand")
OPERATORS = ("_lte", "_gte", "_ne", "_like")


def _sentence(rng: random.Random, words: int) -> str:
    return " ".join(rng.choice(WORDS) for _ in range(words))


def _user(number: int) -> dict:
    first, last = FIRST_NAMES[number - 1], LAST_NAMES[number - 1]
    return {
        "id": number,
        "name": f"{first} {last}",
        "username": f"{first}.{number}",
        "email": f"utilisateur{number}@exemple.test",
        "address": {
            "street": f"rue du Port {number * 7}",
            "suite": f"Apt. {number * 11}",
            "city": CITIES[number - 1],
            "zipcode": f"{number * 7919 % 90_000 + 10_000}",
            "geo": {"lat": f"{43 + number / 2:.4f}", "lng": f"{number / 3:.4f}"},
        },
        "phone": f"01 23 45 67 {number:02d}",
        "website": f"site{number}.exemple.test",
        "company": {
            "name": f"Ateliers {last}",
            "catchPhrase": "La donnée juste, au bon moment",
            "bs": "ingestion et contrôle",
        },
    }


@lru_cache(maxsize=1)
def database() -> dict[str, list[dict]]:
    """The four collections, always the same."""
    rng = random.Random("jsonplaceholder")
    posts = [
        {"userId": (n - 1) // 10 + 1, "id": n, "title": _sentence(rng, 6), "body": _sentence(rng, 25)}
        for n in range(1, 101)
    ]
    comments = [
        {
            "postId": (n - 1) // 5 + 1,
            "id": n,
            "name": _sentence(rng, 4),
            "email": f"lecteur{n}@exemple.test",
            "body": _sentence(rng, 18),
        }
        for n in range(1, 501)
    ]
    todos = [
        {
            "userId": (n - 1) // 20 + 1,
            "id": n,
            "title": _sentence(rng, 5),
            "completed": rng.random() < 0.5,
        }
        for n in range(1, 201)
    ]
    return {"posts": posts, "comments": comments, "users": [_user(n) for n in range(1, 11)], "todos": todos}


@dataclass(frozen=True)
class Listing:
    """A list answer: its rows, and the headers json-server adds when it slices."""

    rows: list[dict]
    headers: dict[str, str]


def listing(rows: list[dict], query_string: str, url: str) -> Listing:
    """Filter, sort and slice `rows` as json-server does with this query; `url` is the request's, whole."""
    query = parse_qs(query_string, keep_blank_values=True)
    options = {name: query.pop(name)[-1] for name in SLICING if name in query}
    filters = {name: values for name, values in query.items() if _is_filter(name, rows)}
    if options.get("q"):
        rows = [row for row in rows if _contains(row, options["q"].lower())]
    for name, values in filters.items():
        rows = [row for row in rows if _matches(row, name, values)]
    if options.get("_sort"):
        rows = _sorted(rows, options["_sort"].split(","), options.get("_order", "").lower().split(","))
    return _slice(rows, options, url)


def _is_filter(name: str, rows: list[dict]) -> bool:
    return name.endswith(OPERATORS) or any(_has(row, name) for row in rows)


def _has(row: dict, path: str) -> bool:
    return _get(row, path, default=_has) is not _has


def _get(row: dict, path: str, default: Any = None) -> Any:
    """The value at a dotted path, as lodash's `get`."""
    value = row
    for part in path.split("."):
        if not isinstance(value, dict) or part not in value:
            return default
        value = value[part]
    return value


def _contains(value: object, text: str) -> bool:
    if isinstance(value, dict):
        return any(_contains(inner, text) for inner in value.values())
    return text in _as_text(value).lower()


def _as_text(value: object) -> str:
    """What JavaScript's toString gives."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "[object Object]" if isinstance(value, dict) else str(value)


def _matches(row: dict, name: str, values: list[str]) -> bool:
    operator = next((end for end in OPERATORS if name.endswith(end)), "")
    actual = _get(row, name.removesuffix(operator))
    if actual is None:
        return False
    tests: dict[str, Callable[[str], bool]] = {
        "": lambda value: value == _as_text(actual),
        "_ne": lambda value: value != _as_text(actual),
        "_like": lambda value: re.search(value, _as_text(actual), re.IGNORECASE) is not None,
        "_gte": lambda value: _less_or_equal(value, actual),
        "_lte": lambda value: _less_or_equal(actual, value),
    }
    combine = all if operator == "_ne" else any
    return combine(tests[operator](value) for value in values)


def _less_or_equal(left: object, right: object) -> bool:
    """JavaScript's `<=`: as numbers when either side is one, else as text."""
    if isinstance(left, str) and isinstance(right, str):
        return left <= right
    left_number, right_number = _to_number(left), _to_number(right)
    return left_number is not None and right_number is not None and left_number <= right_number


def _to_number(value: object) -> float | None:
    if value == "":
        return 0.0
    try:
        return float(value) if isinstance(value, str | int | float) else None
    except ValueError:
        return None


def _sorted(rows: list[dict], paths: list[str], orders: list[str]) -> list[dict]:
    """lodash's stable orderBy: missing values last, `desc` reverses."""

    def compare(left: dict, right: dict) -> int:
        for index, path in enumerate(paths):
            sign = -1 if index < len(orders) and orders[index] == "desc" else 1
            a, b = _get(left, path), _get(right, path)
            if a == b or isinstance(a, dict):
                continue
            if a is None or b is None:
                return sign * (1 if a is None else -1)
            return sign * (1 if a > b else -1)
        return 0

    return sorted(rows, key=cmp_to_key(compare))


def _slice(rows: list[dict], options: dict[str, str], url: str) -> Listing:
    headers = {}
    if any(options.get(name) for name in ("_end", "_limit", "_page")):
        exposed = "X-Total-Count, Link" if options.get("_page") else "X-Total-Count"
        headers = {"X-Total-Count": str(len(rows)), "Access-Control-Expose-Headers": exposed}
    start = _parse_int(options.get("_start")) or 0
    if options.get("_page"):
        page, size = max(_parse_int(options["_page"]) or 1, 1), _parse_int(options.get("_limit")) or 10
        first = (page - 1) * size
        links = _links(len(rows), page, size, url)
        return Listing(_js_slice(rows, first, first + size), headers | links)
    if options.get("_end"):
        return Listing(_js_slice(rows, start, _parse_int(options["_end"])), headers)
    if options.get("_limit"):
        limit = _parse_int(options["_limit"])
        return Listing(_js_slice(rows, start, None if limit is None else start + limit), headers)
    return Listing(rows, headers)


def _js_slice(rows: list, start: int, end: int | None) -> list:
    """lodash's slice of a chain; a NaN end counts as 0."""
    return rows[start : 0 if end is None else end]


def _parse_int(text: str | None) -> int | None:
    """JavaScript's parseInt: the leading digits, None for NaN."""
    match = re.match(r"\s*[+-]?\d+", text or "")
    return int(match.group()) if match else None


def _links(total: int, page: int, size: int, url: str) -> dict[str, str]:
    start, end, last = (page - 1) * size, page * size, -(-total // size)
    if start >= total or total <= size:
        return {}
    pages = {"first": 1, "prev": page - 1, "next": page + 1 if end < total else 0, "last": last}
    links = [
        f'<{url.replace(f"page={page}", f"page={number}", 1)}>; rel="{relation}"'
        for relation, number in pages.items()
        if number
    ]
    return {"Link": ", ".join(links)}
