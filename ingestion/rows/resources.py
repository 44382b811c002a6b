"""What is ingested: each resource declared in a small TOML file, its address, its fields, the words of its API.

An explicit schema is better than a guessed one: the same day always gives the same columns, and a value of another
type is seen instead of turning all of them into text. The lab's own resources are in declared/, one file each; any
other is given by --resource-file (docs/votre_api.md).
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path

import pyarrow as pa

from ingestion.errors import usage_error
from ingestion.kinds import JsonObject

INSTANT = pa.timestamp("us", tz="UTC")
TYPES = {
    "int64": pa.int64(),
    "float64": pa.float64(),
    "text": pa.string(),
    "bool": pa.bool_(),
    "instant": INSTANT,
}
DECIMAL = re.compile(r"decimal\( *([0-9]{1,2}) *, *([0-9]{1,2}) *\)")
PAGINATION_NAMES = ("cursor", "keyset", "link", "offset", "page")

EXTRA = pa.field("_extra", pa.string())
METADATA = pa.schema(
    [
        pa.field("_ingested_at", INSTANT, nullable=False),
        pa.field("_source", pa.string(), nullable=False),
        pa.field("_partition_date", pa.date32(), nullable=False),
        EXTRA,
    ]
)


@dataclass(frozen=True)
class Words:
    """What an API calls things.

    Attributes:
        rows, next_cursor, has_more, total, next_link: keys of its envelope, dots going inwards ("meta.next").
        cursor, limit, page, offset, after_id, date, start_date, updated_since: parameters of its requests. An empty
            `date` says that the listing cannot be asked for a day: it is read whole, and its rows put into their days.
            An empty `updated_since`, that it cannot be asked for what changed.
    """

    rows: str = "data"
    next_cursor: str = "next_cursor"
    has_more: str = "has_more"
    total: str = "total"
    next_link: str = "next"
    cursor: str = "cursor"
    limit: str = "limit"
    page: str = "page"
    offset: str = "offset"
    after_id: str = "after_id"
    date: str = "date"
    start_date: str = "start_date"
    updated_since: str = "updated_since"


@dataclass(frozen=True)
class Resource:
    """A resource of an API.

    Attributes:
        schema: the business columns, in the order of the file.
        event_time_field: the field that tells a row's day; None for a resource without a date, ingested whole as the
            photograph of a day.
        updated_at_field: the field that tells the later of two versions of a row, if there is one.
        categories: columns of few values, which Parquet stores better with a dictionary.
        words: what the API calls its parameters and the keys of its envelope.
    """

    name: str
    path: str
    schema: pa.Schema
    id_field: str = "id"
    event_time_field: str | None = "event_time"
    updated_at_field: str | None = "updated_at"
    default_pagination: str = "cursor"
    categories: tuple[str, ...] = ()
    words: Words = Words()

    @property
    def has_integer_ids(self) -> bool:
        return bool(pa.types.is_integer(self.schema.field(self.id_field).type))

    @property
    def file_schema(self) -> pa.Schema:
        """The schema of the Parquet file: the business columns, then the metadata."""
        return pa.schema([*self.schema, *METADATA])


def leaf_columns(fields: pa.Schema | pa.StructType) -> Iterator[tuple[tuple[int, ...], pa.DataType]]:
    """What holds a value, in tables within tables too: the positions that lead to it, and its type."""
    for position, field in enumerate(fields):
        if pa.types.is_struct(field.type):
            yield from (((position, *inner), kind) for inner, kind in leaf_columns(field.type))
        else:
            yield (position,), field.type


def load_resource(path: Path) -> Resource:
    """The resource that a TOML file declares.

    Args:
        path: the file. Its keys: `name`, `path`, `[columns]` (name = "int64" | "float64" | "text" | "bool" | "instant"
            | "decimal(18, 2)", or a table of these); and, when they are not the usual ones, `id`, `event_time`,
            `updated_at` ("" for none), `pagination`, `categories`, and `[words]` (see Words).

    Raises:
        IngestError: `usage`, naming the file, the key, what was expected.
    """
    try:
        declared = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except tomllib.TOMLDecodeError as error:
        raise usage_error(f"{path} : ce n'est pas du TOML ({error}).") from None
    except (OSError, UnicodeDecodeError) as error:
        raise usage_error(f"{path} est illisible ({error}) : vérifiez --resource-file.") from None
    return _resource(declared, str(path))


def _resource(declared: JsonObject, origin: str) -> Resource:
    known = {"name", "path", "id", "event_time", "updated_at", "pagination", "categories", "columns", "words"}
    _only(declared, known, origin)
    columns = declared.get("columns")
    if not isinstance(columns, dict) or not columns:
        raise usage_error(f'{origin} : il manque [columns], une ligne par colonne, par exemple id = "int64".')
    name, path = (_text(declared, key, None, origin) for key in ("name", "path"))
    if not re.fullmatch("[A-Za-z0-9_-]+", name):
        raise usage_error(
            f"{origin} : name vaut « {name} » ; il nomme des fichiers : lettres, chiffres, - et _."
        )
    id_field = _text(declared, "id", "id", origin)
    event_time = _text(declared, "event_time", "event_time", origin)
    updated_at = _text(declared, "updated_at", "updated_at" if "updated_at" in columns else "", origin)
    pagination = _text(declared, "pagination", "cursor", origin)
    for key, field in (("id", id_field), ("event_time", event_time), ("updated_at", updated_at)):
        if field and field not in columns:
            raise usage_error(f"{origin} : {key} désigne « {field} », qui n'est pas dans [columns].")
        if field and key != "id" and columns[field] != "instant":
            raise usage_error(f'{origin} : la colonne « {field} » ({key}) doit être de type "instant".')
    if pagination not in PAGINATION_NAMES:
        raise usage_error(
            f"{origin} : pagination vaut « {pagination} » ; choisissez parmi {', '.join(PAGINATION_NAMES)}."
        )
    required = {id_field, event_time}
    schema = pa.schema(
        [pa.field(one, _type(kind, one, origin), one not in required) for one, kind in columns.items()]
    )
    reserved = sorted(set(schema.names) & set(METADATA.names))
    if reserved:
        raise usage_error(f"{origin} : la colonne « {reserved[0]} » est celle que le moteur ajoute lui-même.")
    return Resource(
        name,
        path,
        schema,
        id_field,
        event_time or None,
        updated_at or None,
        pagination,
        tuple(declared.get("categories", ())),
        _words(declared.get("words", {}), origin),
    )


def _words(given: object, origin: str) -> Words:
    if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
        raise usage_error(f'{origin} : [words] associe un mot à un texte, par exemple page = "_page".')
    _only(given, {one.name for one in fields(Words)}, f"{origin}, [words]")
    return Words(**given)


def _only(given: Mapping[str, object], known: set[str], origin: str) -> None:
    unknown = sorted(given.keys() - known)
    if unknown:
        raise usage_error(
            f"{origin} : clé inconnue « {unknown[0]} ». Clés connues : {', '.join(sorted(known))}."
        )


def _text(declared: JsonObject, key: str, default: str | None, origin: str) -> str:
    value = declared.get(key, default)
    if not isinstance(value, str) or (default is None and not value):
        raise usage_error(f"{origin} : {key} doit être un texte entre guillemets.")
    return value


def _type(kind: object, name: str, origin: str) -> pa.DataType:
    if isinstance(kind, dict) and kind:
        return pa.struct([(inner, _type(one, f"{name}.{inner}", origin)) for inner, one in kind.items()])
    if isinstance(kind, str):
        if kind in TYPES:
            return TYPES[kind]
        digits = DECIMAL.fullmatch(kind)
        if digits and 1 <= int(digits[1]) <= 38 and int(digits[2]) <= int(digits[1]):
            return pa.decimal128(int(digits[1]), int(digits[2]))
    raise usage_error(
        f"{origin} : la colonne « {name} » est de type {kind!r} ; connus : {', '.join(TYPES)}, decimal(18, 2), ou une "
        "table de colonnes."
    )


RESOURCES = {
    path.stem: load_resource(path) for path in sorted(Path(__file__).with_name("declared").glob("*.toml"))
}
EVENTS, POSTS, TRANSACTIONS = RESOURCES["events"], RESOURCES["posts"], RESOURCES["transactions"]


def choose_resource(name: str, path: Path | None) -> Resource:
    """The resource declared in the file `path`, else the one of ours of this name; a usage error for another name."""
    if path:
        return load_resource(path)
    if name not in RESOURCES:
        raise usage_error(
            f"« {name} » n'est pas une ressource connue ({', '.join(RESOURCES)}) : donnez --resource-file."
        )
    return RESOURCES[name]
