"""Le filigrane (watermark) : jusqu'où l'on a lu. Gardé dans un fichier, ou confié à n8n.

Il n'avance qu'une fois les données en sûreté, et jamais à reculons.
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from atomic import replace_file
from errors import IngestError

VERSION = 1


@dataclass(frozen=True)
class Watermark:
    """La plus grande date de mise à jour vue, pour une ressource."""

    resource: str
    value: datetime

    def read_from(self, look_back: timedelta) -> datetime:
        """D'où relire : un peu avant le filigrane, pour les lignes arrivées en retard.

        La borne est comprise (>=) : des lignes de la même seconde ont pu manquer la dernière fois.
        """
        return self.value - look_back


def state_file(state_dir: Path, resource: str) -> Path:
    return state_dir / f"{resource}.watermark.json"


def load(state_dir: Path, resource: str) -> Watermark | None:
    """Le dernier filigrane, None si aucun ; IngestError `bad_state` plutôt qu'un rechargement complet."""
    path = state_file(state_dir, resource)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["version"] != VERSION or content["resource"] != resource:
            raise ValueError(f"version {content['version']}, ressource {content['resource']}")
        return Watermark(resource, parse(content["updated_at"]))
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise IngestError(
            "bad_state",
            f"{path} est illisible ({error}) : restaurez-le, ou supprimez-le et donnez --since pour repartir.",
        ) from None


def commit(state_dir: Path, watermark: Watermark) -> None:
    """Enregistre `watermark` s'il avance. À appeler après l'écriture des données, jamais avant."""
    former = load(state_dir, watermark.resource)
    if former and former.value >= watermark.value:
        return
    content = {"version": VERSION, "resource": watermark.resource, "updated_at": text(watermark.value)}
    with replace_file(state_file(state_dir, watermark.resource)) as stream:
        stream.write(json.dumps(content).encode())


def latest_update(rows: list[dict]) -> datetime | None:
    """Le plus grand `updated_at` des lignes lues, None s'il n'y en a pas."""
    return max((row["updated_at"] for row in rows if row.get("updated_at")), default=None)


def parse(value: str) -> datetime:
    """Lit un instant ISO 8601 avec fuseau ; ValueError sinon."""
    instant = datetime.fromisoformat(value)
    if instant.tzinfo is None:
        raise ValueError(f"« {value} » n'a pas de fuseau : ajoutez Z ou +00:00")
    return instant


def text(instant: datetime) -> str:
    """L'écriture ISO 8601 d'un instant UTC, avec Z."""
    return instant.isoformat().replace("+00:00", "Z")
