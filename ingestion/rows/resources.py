"""What is ingested: for each resource its address, its fields and their types.

An explicit schema is better than a guessed one: the same day always gives the same columns, and a value of another
type is seen instead of turning all of them into text.
"""

from dataclasses import dataclass

import pyarrow as pa

INSTANT = pa.timestamp("us", tz="UTC")

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

    rows, next_cursor, has_more, total, next_link: keys of its envelope, dots going inwards ("meta.next").
    cursor, limit, page, offset, after_id, date, start_date, updated_since: parameters of its requests.
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
        return pa.types.is_integer(self.schema.field(self.id_field).type)

    @property
    def file_schema(self) -> pa.Schema:
        """The schema of the Parquet file: the business columns, then the metadata."""
        return pa.schema([*self.schema, *METADATA])


EVENTS = Resource(
    name="events",
    path="/api/events",
    categories=("type", "currency", "country", "payload.device", "payload.page", "payload.note"),
    schema=pa.schema(
        [
            pa.field("id", pa.int64(), nullable=False),
            pa.field("event_time", INSTANT, nullable=False),
            pa.field("updated_at", INSTANT),
            pa.field("user_id", pa.int64()),
            pa.field("type", pa.string()),
            pa.field("amount", pa.float64()),
            pa.field("currency", pa.string()),
            pa.field("country", pa.string()),
            pa.field(
                "payload",
                pa.struct(
                    [
                        ("device", pa.string()),
                        ("page", pa.string()),
                        ("session", pa.string()),
                        ("items", pa.int64()),
                        ("note", pa.string()),
                    ]
                ),
            ),
        ]
    ),
)

TRANSACTIONS = Resource(
    name="transactions",
    path="/api/transactions",
    categories=("account", "currency", "status", "kind", "payload.channel"),
    schema=pa.schema(
        [
            pa.field("id", pa.int64(), nullable=False),
            pa.field("event_time", INSTANT, nullable=False),
            pa.field("updated_at", INSTANT),
            pa.field("account", pa.string()),
            pa.field("counterparty", pa.string()),
            pa.field("amount", pa.decimal128(18, 2)),
            pa.field("currency", pa.string()),
            pa.field("status", pa.string()),
            pa.field("kind", pa.string()),
            pa.field("payload", pa.struct([("reference", pa.string()), ("channel", pa.string())])),
        ]
    ),
)

POSTS = Resource(
    name="posts",
    path="/posts",
    schema=pa.schema(
        [
            pa.field("userId", pa.int64()),
            pa.field("id", pa.int64(), nullable=False),
            pa.field("title", pa.string()),
            pa.field("body", pa.string()),
        ]
    ),
    event_time_field=None,
    updated_at_field=None,
    default_pagination="page",
    words=Words(page="_page", limit="_limit"),
)

RESOURCES = {resource.name: resource for resource in (EVENTS, TRANSACTIONS, POSTS)}
