"""Les fichiers de la quarantaine : ce qui attend, et ce qui a déjà été réparé à la main.

    <quarantine_dir>/<ressource>/<lecture>.jsonl      les lignes refusées, telles que reçues
    <quarantine_dir>/<ressource>/mended/rows.jsonl    celles qu'un replay a ramenées, réparées

Une lecture est un jour (2024-01-05) ou `increment`. Une ligne réparée est gardée parce que la source,
elle, la rend encore malformée : relire le jour en entier la perdrait.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ingestion.bronze.storage import Folder
from ingestion.errors import IngestError

if TYPE_CHECKING:
    from ingestion.rows.records import Reject


@dataclass(frozen=True)
class Entry:
    """Une ligne en quarantaine ; `id` est l'empreinte de `raw`, la ligne telle que reçue."""

    id: str
    reason: str
    field: str
    run_id: str
    page: int
    raw: object = field(hash=False)


def entry(reject: Reject, run_id: str) -> Entry:
    """L'entrée de quarantaine d'une ligne refusée."""
    return Entry(fingerprint(reject.raw), reject.reason, reject.field, run_id, reject.page, reject.raw)


def fingerprint(raw: object) -> str:
    """L'empreinte d'une ligne telle que reçue."""
    canonical = json.dumps(raw, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]


def waiting_file(resource: str, reading: str) -> str:
    return f"{resource}/{reading}.jsonl"


def mended_file(resource: str) -> str:
    return f"{resource}/mended/rows.jsonl"


def waiting_files(folder: Folder, resource: str | None = None) -> list[str]:
    """Les fichiers d'attente, de toutes les ressources ou d'une seule, triés."""
    names = [name for name in folder.files() if name.count("/") == 1 and name.endswith(".jsonl")]
    return [name for name in names if resource in (None, name.split("/")[0])]


def load(folder: Folder, name: str) -> list[Entry]:
    """Les entrées d'un fichier, vide s'il n'existe pas ; IngestError si une ligne est illisible."""
    content = folder.read(name)
    entries = []
    for number, line in enumerate((content or b"").splitlines(), start=1):
        try:
            entries.append(_entry_of(json.loads(line)))
        except (ValueError, TypeError, KeyError) as error:
            raise IngestError(
                "unreadable_quarantine",
                f"{folder.where(name)}, ligne {number} : JSON illisible ({error}). Corrigez cette ligne.",
            ) from None
    return entries


def _entry_of(line: dict) -> Entry:
    """Une entrée écrite par ce moteur, ou par un script du cours, qui ne garde que raison, champ et ligne."""
    return Entry(**{"id": fingerprint(line["raw"]), "field": "", "run_id": "", "page": 0, **line})


def save(folder: Folder, name: str, entries: Iterable[Entry]) -> None:
    """Remplace le fichier ; un fichier qui n'aurait plus d'entrée disparaît."""
    lines = [json.dumps(vars(item), ensure_ascii=False) + "\n" for item in entries]
    if lines:
        folder.replace(name, "".join(lines).encode())
    else:
        folder.delete(name)


def record(folder: Folder, name: str, fresh: list[Entry], whole: bool) -> None:
    """Garde les entrées d'une lecture, chacune une seule fois.

    whole : la lecture a revu toutes ses lignes (un jour entier), donc ses anciennes entrées qui ne
        reviennent pas ont été réparées à la source. Sinon les nouvelles s'ajoutent.
    Une ligne déjà en quarantaine garde le passage et la page qui l'y ont mise, et ce qu'une main y a corrigé.
    """
    former = {item.id: item for item in load(folder, name)}
    kept = {} if whole else dict(former)
    kept |= {item.id: former.get(item.id, item) for item in fresh}
    if kept != former:
        save(folder, name, kept.values())
