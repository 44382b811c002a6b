"""Look at one page of an API, and write a first draft of the file that declares its resource.

    python -m ingestion describe http://127.0.0.1:8765/todos --output todos.toml
    python -m ingestion ingest --resource-file todos.toml --base-url http://127.0.0.1:8765 …

stdout: one JSON object: what was understood, and what is left to verify. Exit: 0 done, 1 failed, 2 badly written.
"""

import json
import os
import re
import sys
from collections import Counter
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from ingestion.api.answer import at
from ingestion.api.client import ApiClient
from ingestion.bronze.partitions import read_day
from ingestion.commands.command_line import JsonParser, run
from ingestion.errors import IngestError, usage_error
from ingestion.kinds import JsonObject

ID_NAMES = ("id", "_id", "uuid", "number", "key")
EVENT_NAMES = ("event_time", "created_at", "createdAt", "created", "timestamp", "time", "date", "occurred_at")
UPDATE_NAMES = ("updated_at", "updatedAt", "modified_at", "modified", "last_modified", "updated")
CURSOR_NAMES = (
    "next_cursor",
    "nextCursor",
    "cursor",
    "nextPageToken",
    "next_page_token",
    "continuation_token",
)
LINK_NAMES = ("next", "links.next", "next_url", "next_page_url", "paging.next")
MORE_NAMES = ("has_more", "hasMore", "has_next", "hasNextPage")
TOTAL_NAMES = ("total", "count", "total_count", "totalCount", "items")
ROWS_NAMES = ("data", "results", "items", "records", "rows", "value")
PAGE_NAMES = ("page", "_page", "page_number", "pageNumber")
LIMIT_NAMES = ("limit", "_limit", "per_page", "page_size", "pageSize", "size")
ODD_SHARE = 0.1
Body = list[Any] | JsonObject
PLAIN_KEY = re.compile("[A-Za-z0-9_-]+")


def build_parser() -> JsonParser:
    parser = JsonParser(
        prog="python -m ingestion describe", description="Écrit un premier brouillon de ressource."
    )
    parser.add_argument(
        "url", help="l'adresse d'une page de la liste, par exemple http://hôte/api/notes?page=1"
    )
    parser.add_argument("--output", type=Path, required=True, help="le fichier TOML à écrire")
    return parser


def describe(argv: list[str] | None) -> JsonObject:
    """Read one page and write the draft; gives what was understood, and what is to verify."""
    options = build_parser().parse_args(argv)
    if options.output.exists():
        raise usage_error(f"{options.output} existe déjà : choisissez un autre --output, ou déplacez-le.")
    address = urlsplit(options.url)
    base_url = f"{address.scheme}://{address.netloc}"
    client = ApiClient(base_url, token=os.environ.get("LAB_API_TOKEN"))
    params = dict(parse_qsl(address.query))
    body, rows_key, received = _first_page(client, address.path, params)
    rows = [row for row in received if isinstance(row, dict)]
    if not rows:
        raise IngestError(
            "empty_page", f"{options.url} ne rend aucune ligne : donnez l'adresse d'une page qui en a."
        )
    columns, left_out = _columns(rows)
    words, pagination, doubts = _words(body, rows_key)
    words |= _parameters(params)
    declared = _declared(address.path, columns, pagination, words)
    doubts += [
        f"« {name} » n'est pas une colonne ({why}) : gardé dans _extra" for name, why in left_out.items()
    ]
    doubts += _doubts(declared)
    _write(options.output, _as_toml(declared, doubts))
    return {"status": "success", "resource_file": str(options.output), "rows": len(rows), "to_verify": doubts}


def _first_page(client: ApiClient, path: str, params: JsonObject) -> tuple[Body, str, list[Any]]:
    """The body of the page, whatever its envelope; the key of its rows, and the rows."""
    try:
        answer = client.get(path, params, *ROWS_NAMES)
    except IngestError as error:
        if error.code != "unexpected_shape":
            raise
        raise IngestError(
            "unexpected_shape",
            f"{path} : aucune liste de lignes sous {', '.join(ROWS_NAMES)}. Déclarez la clé à la main, "
            '[words] rows = "…".',
        ) from None
    rows = [json.loads(text, parse_float=Decimal) for text in answer.row_texts]
    return rows if answer.is_list else answer.envelope, answer.rows_key, rows


def _columns(rows: list[JsonObject]) -> tuple[JsonObject, dict[str, str]]:
    """The columns that the rows show, and why the other fields are none."""
    columns: JsonObject = {}
    left_out: dict[str, str] = {}
    for name in dict.fromkeys(key for row in rows for key in row):
        kinds = _usual_kinds([row[name] for row in rows if row.get(name) is not None])
        if kinds == {"object"}:
            inner, _ = _columns([row[name] for row in rows if isinstance(row.get(name), dict)])
            if inner:
                columns[name] = inner
            else:
                left_out[name] = "objet sans champ simple"
        elif kinds == {"int64", "float64"}:
            columns[name] = "float64"
        elif kinds == {"instant", "text"}:
            columns[name] = "text"
        elif len(kinds) == 1 and kinds != {"list"}:
            columns[name] = kinds.pop()
        else:
            left_out[name] = "toujours nul" if not kinds else "liste" if kinds == {"list"} else "types mêlés"
    return columns, left_out


def _usual_kinds(values: list[Any]) -> set[str]:
    """The kinds of these values, without those of the odd row: a feed has some."""
    counts = Counter(map(_kind, values))
    return {kind for kind, count in counts.items() if count >= ODD_SHARE * len(values)}


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int64" if -(2**63) <= value < 2**63 else "text"
    if isinstance(value, Decimal):
        return "float64"
    if isinstance(value, dict):
        return "object"
    if isinstance(value, list):
        return "list"
    if not isinstance(value, str):
        return "null"
    try:
        return "instant" if datetime.fromisoformat(value).tzinfo else "text"
    except ValueError:
        return "text"


def _words(body: Body, rows_key: str) -> tuple[dict[str, str], str, list[str]]:
    """The words of the envelope, the pagination they speak of, and what is not sure."""
    if isinstance(body, list):
        return {}, "page", ["liste nue : pagination par numéro de page, à vérifier"]
    found = {"rows": rows_key}
    for word, names in (("next_cursor", CURSOR_NAMES), ("has_more", MORE_NAMES), ("total", TOTAL_NAMES)):
        named = next((name for name in names if name in body), None)
        if named:
            found[word] = named
    link = next((name for name in LINK_NAMES if _is_address(at(body, name))), None)
    if link:
        return {**found, "next_link": link}, "link", []
    if "next_cursor" in found:
        return found, "cursor", []
    return (
        found,
        "page",
        ["ni curseur ni lien vers la suite dans la réponse : pagination par numéro de page, à vérifier"],
    )


def _parameters(params: dict[str, str]) -> dict[str, str]:
    """The words of the request, as far as the address shows them; a parameter that is a day asks for that day."""
    found = {"date": next((name for name, value in params.items() if read_day(value)), "")}
    for word, names in (("page", PAGE_NAMES), ("limit", LIMIT_NAMES)):
        named = next((name for name in names if name in params), None)
        if named:
            found[word] = named
    return found


def _is_address(value: object) -> bool:
    return isinstance(value, str) and (value.startswith("/") or "://" in value)


def _declared(path: str, columns: JsonObject, pagination: str, words: dict[str, str]) -> JsonObject:
    chosen = {
        "id": next((name for name in ID_NAMES if columns.get(name) in ("int64", "text")), ""),
        "event_time": next((name for name in EVENT_NAMES if columns.get(name) == "instant"), ""),
        "updated_at": next((name for name in UPDATE_NAMES if columns.get(name) == "instant"), ""),
    }
    name = re.sub("[^A-Za-z0-9_-]", "_", path.rstrip("/").rpartition("/")[2]) or "ressource"
    return {
        "name": name,
        "path": path,
        **chosen,
        "pagination": pagination,
        "columns": columns,
        "words": words,
    }


def _doubts(declared: JsonObject) -> list[str]:
    doubts = []
    if not declared["id"]:
        doubts.append("aucun identifiant reconnu : écrivez le nom du champ dans id")
    if not declared["event_time"]:
        doubts.append("aucune date d'événement reconnue : la liste sera une photographie du jour")
    elif not declared["words"]["date"]:
        doubts.append(
            "l'adresse ne demande pas un jour : la liste sera lue en entier, sauf si words.date en dit le paramètre"
        )
    return doubts


def _as_toml(declared: JsonObject, doubts: list[str]) -> str:
    lines = ["# Premier brouillon, écrit par « python -m ingestion describe »."]
    lines += [f"# À vérifier : {doubt}." for doubt in doubts]
    lines += [
        f"{key} = {_quoted(declared[key])}" for key in ("name", "path", "id", "event_time", "updated_at")
    ]
    lines += [f"pagination = {_quoted(declared['pagination'])}", "", "[columns]"]
    lines += [f"{_key(name)} = {_value(kind)}" for name, kind in declared["columns"].items()]
    lines += ["", "[words]", *(f"{word} = {_quoted(name)}" for word, name in declared["words"].items())]
    return "\n".join(lines) + "\n"


def _value(kind: str | JsonObject) -> str:
    if isinstance(kind, str):
        return _quoted(kind)
    return "{ " + ", ".join(f"{_key(name)} = {_value(inner)}" for name, inner in kind.items()) + " }"


def _key(name: str) -> str:
    return name if PLAIN_KEY.fullmatch(name) else _quoted(name)


def _quoted(text: str) -> str:
    # A JSON string is a TOML basic string, but for the surrogates that JSON may escape.
    return json.dumps(text.encode(errors="replace").decode(), ensure_ascii=False)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise usage_error(
            f"{path} ne peut pas être écrit ({error.strerror}) : choisissez un autre --output."
        ) from None


def main(argv: list[str] | None = None) -> int:
    return run(lambda: describe(argv), failure={})


if __name__ == "__main__":
    sys.exit(main())
