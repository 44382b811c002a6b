"""Ce que l'on ingère : pour chaque ressource, son adresse, ses champs et leur type.

Un schéma explicite vaut mieux qu'un schéma deviné : le même jour donne toujours les mêmes
colonnes, et une valeur d'un autre type se voit au lieu de tout transformer en texte.
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
class Resource:
    """Une ressource de l'API.

    schema : colonnes métier, dans l'ordre du fichier.
    event_time_field : le champ qui dit le jour d'une ligne ; None pour une ressource sans
        date, ingérée en entier comme photographie d'un jour.
    updated_at_field : le champ qui départage deux versions d'une même ligne, s'il existe.
    categories : colonnes aux valeurs peu nombreuses, que Parquet range mieux avec un dictionnaire.
    page_parameters : noms des paramètres « numéro de page » et « taille de page ».
    """

    name: str
    path: str
    schema: pa.Schema
    id_field: str = "id"
    event_time_field: str | None = "event_time"
    updated_at_field: str | None = "updated_at"
    default_pagination: str = "cursor"
    categories: tuple[str, ...] = ()
    page_parameters: tuple[str, str] = ("page", "limit")

    @property
    def file_schema(self) -> pa.Schema:
        """Le schéma du fichier Parquet : les colonnes métier, puis les métadonnées."""
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
    page_parameters=("_page", "_limit"),
)

RESOURCES = {resource.name: resource for resource in (EVENTS, TRANSACTIONS, POSTS)}
