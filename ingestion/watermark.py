"""Le filigrane (watermark) : jusqu'où l'on a lu. Gardé dans un fichier, ou confié à n8n.

Trois se gardent ; chacun a ce qu'il ne voit pas :

- `updated_at`, la plus grande date de mise à jour : voit tout sauf les suppressions, si l'on regarde
  assez loin en arrière pour les lignes en retard ;
- `last_id`, le plus grand identifiant : ne voit pas les corrections ;
- `cursor`, le marque-page de l'API : ne voit que ce que l'API range après lui.

Le quatrième, l'empreinte du contenu (`content_hash`), vit dans le pied de chaque fichier Parquet : un
jour relu en entier n'est réécrit que s'il a changé. Un filigrane n'avance qu'une fois les données en
sûreté, et jamais à reculons.
"""

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ingestion.bronze.storage import Folder
from ingestion.errors import IngestError

VERSION = 2
KINDS = ("updated_at", "last_id", "cursor")


@dataclass(frozen=True)
class Watermark:
    """Jusqu'où l'on a lu une ressource ; `value` est un instant, un entier ou un texte selon `kind`.

    None : on n'a encore rien lu.
    """

    resource: str
    kind: str
    value: datetime | int | str | None = None

    def read_from(self, look_back: timedelta) -> datetime:
        """Pour `updated_at` : d'où relire, un peu avant le filigrane, pour les lignes en retard.

        La borne est comprise (>=) : des lignes de la même seconde ont pu manquer la dernière fois.
        """
        return self.value - look_back

    def advanced(self, value: datetime | int | str | None) -> "Watermark":
        """Le filigrane après avoir lu jusqu'à `value` ; jamais plus bas. Les curseurs n'ont pas d'ordre."""
        if value is None:
            return self
        if self.value is not None and self.kind != "cursor":
            value = max(self.value, value)
        return replace(self, value=value)

    @property
    def text(self) -> str | None:
        """La valeur comme on la passe à --since."""
        if isinstance(self.value, datetime):
            return text(self.value)
        return None if self.value is None else str(self.value)


def state_file(resource: str, kind: str) -> str:
    return f"{resource}.{kind}.json"


def load(folder: Folder, resource: str, kind: str) -> Watermark | None:
    """Le dernier filigrane, None si aucun ; IngestError `bad_state` plutôt qu'un rechargement complet."""
    name = state_file(resource, kind)
    content = folder.read(name)
    if content is None:
        return None
    try:
        state = json.loads(content)
        if (state["version"], state["resource"], state["kind"]) != (VERSION, resource, kind):
            raise ValueError(f"version {state['version']}, {state['resource']}, {state['kind']}")
        return Watermark(resource, kind, parse_value(kind, state["value"]))
    except (ValueError, KeyError, TypeError) as error:
        raise IngestError(
            "bad_state",
            f"{folder.where(name)} est illisible ({error}) : restaurez-le, ou supprimez-le et donnez --since "
            "pour repartir.",
        ) from None


def commit(folder: Folder, watermark: Watermark) -> None:
    """Enregistre `watermark` s'il avance. À appeler après l'écriture des données, jamais avant."""
    former = load(folder, watermark.resource, watermark.kind)
    latest = former.advanced(watermark.value) if former else watermark
    if latest == former or latest.value is None:
        return
    state = {"version": VERSION, "resource": latest.resource, "kind": latest.kind, "value": latest.text}
    folder.replace(state_file(latest.resource, latest.kind), json.dumps(state).encode())


def parse_value(kind: str, value: str) -> datetime | int | str:
    """Lit la valeur d'un filigrane ; ValueError si elle n'est pas de ce genre."""
    if kind == "updated_at":
        return parse(value)
    if kind == "last_id":
        return int(value)
    if not value:
        raise ValueError("curseur vide")
    return value


def parse(value: str) -> datetime:
    """Lit un instant ISO 8601 avec fuseau ; ValueError sinon."""
    instant = datetime.fromisoformat(value)
    if instant.tzinfo is None:
        raise ValueError(f"« {value} » n'a pas de fuseau : ajoutez Z ou +00:00")
    return instant


def text(instant: datetime) -> str:
    """L'écriture ISO 8601 d'un instant UTC, avec Z."""
    return instant.isoformat().replace("+00:00", "Z")
