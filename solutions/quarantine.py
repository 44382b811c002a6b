"""La quarantaine (dead letter queue) : les lignes refusées, avec leur raison, en attente de réparation.

    python solutions/quarantine.py list   --quarantine-dir data/quarantine
    python solutions/quarantine.py show   --resource events --id 3f2a…
    python solutions/quarantine.py replay --resource events --output-dir data/bronze/events

Un fichier par ressource et par lecture : `<quarantine_dir>/<ressource>/<lecture>.jsonl`, où la lecture
est un jour (2024-01-05) ou `increment`. Pour réparer, corrigez `raw` dans le fichier, puis `replay`.
"""

import hashlib
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

from atomic import replace_file
from command_line import JsonParser, run
from errors import IngestError, usage_error


@dataclass(frozen=True)
class Entry:
    """Une ligne en quarantaine ; `id` est l'empreinte de `raw`, la ligne telle que reçue."""

    id: str
    reason: str
    field: str
    run_id: str
    page: int
    raw: object


def entry(reject, run_id: str) -> Entry:
    """L'entrée de quarantaine d'un `records.Reject`."""
    canonical = json.dumps(reject.raw, sort_keys=True, ensure_ascii=False)
    fingerprint = hashlib.sha256(canonical.encode()).hexdigest()[:16]
    return Entry(fingerprint, reject.reason, reject.field, run_id, reject.page, reject.raw)


def file_of(quarantine_dir: Path, resource: str, reading: str) -> Path:
    return quarantine_dir / resource / f"{reading}.jsonl"


def load(path: Path) -> list[Entry]:
    """Les entrées d'un fichier, vide s'il n'existe pas ; IngestError si une ligne est illisible."""
    if not path.exists():
        return []
    entries = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            entries.append(Entry(**json.loads(line)))
        except (json.JSONDecodeError, TypeError) as error:
            raise IngestError(
                "unreadable_quarantine",
                f"{path}, ligne {number} : JSON illisible ({error}). Corrigez cette ligne.",
            ) from None
    return entries


def save(path: Path, entries: Iterable[Entry]) -> None:
    """Remplace le fichier ; un fichier qui n'aurait plus d'entrée disparaît."""
    lines = [json.dumps(vars(item), ensure_ascii=False) + "\n" for item in entries]
    if not lines:
        path.unlink(missing_ok=True)
        return
    with replace_file(path) as stream:
        stream.write("".join(lines).encode())


def record(quarantine_dir: Path, resource: str, reading: str, fresh: list[Entry], whole: bool) -> None:
    """Garde les entrées d'une lecture, chacune une seule fois.

    whole : la lecture a revu toutes ses lignes (un jour entier), donc ses anciennes entrées qui ne
        reviennent pas ont été réparées à la source. Sinon les nouvelles s'ajoutent.
    Une ligne déjà en quarantaine garde le passage et la page qui l'y ont mise.
    """
    path = file_of(quarantine_dir, resource, reading)
    former = {item.id: item for item in load(path)}
    kept = {} if whole else dict(former)
    kept |= {item.id: former.get(item.id, item) for item in fresh}
    if kept != former:
        save(path, kept.values())


def list_entries(quarantine_dir: Path) -> dict:
    """Combien de lignes attendent, par ressource et par raison."""
    files = sorted(quarantine_dir.glob("*/*.jsonl"))
    summary: dict[str, Counter] = defaultdict(Counter)
    for path in files:
        summary[path.parent.name].update(item.reason for item in load(path))
    return {
        "status": "success",
        "quarantined": sum(reasons.total() for reasons in summary.values()),
        "by_reason": {name: dict(sorted(reasons.items())) for name, reasons in summary.items()},
        "files": [str(path) for path in files],
    }


def show_entry(quarantine_dir: Path, resource: str, entry_id: str) -> dict:
    """Une entrée entière, et le fichier où la corriger."""
    for path in sorted((quarantine_dir / resource).glob("*.jsonl")):
        for item in load(path):
            if item.id == entry_id:
                return {"status": "success", "file": str(path), "entry": vars(item)}
    raise IngestError("not_found", f"Aucune entrée {entry_id} dans {quarantine_dir / resource}.")


def replay(quarantine_dir: Path, resource_name: str, output_dir: Path, run_id: str) -> dict:
    """Relit chaque entrée : celles qui passent rejoignent leur jour, les autres restent.

    Une ligne dont le jour n'a jamais été ingéré attend aussi : ingérez d'abord ce jour.
    Le bronze est écrit avant que la quarantaine ne soit vidée : un arrêt entre les deux fait
    relire une ligne déjà rentrée, ce qui ne la double pas.
    """
    from bronze import locked
    from publish import Target, group_by_day, publish_increment
    from records import split_rows
    from resources import RESOURCES

    resource = RESOURCES[resource_name]
    files = {path: load(path) for path in sorted((quarantine_dir / resource_name).glob("*.jsonl"))}
    mended = {
        item.id: good for item in chain(*files.values()) if (good := split_rows([item.raw], 0, resource)[0])
    }
    with locked(output_dir):
        target = Target(resource, output_dir, run_id, datetime.now(UTC))
        outcomes, missing = publish_increment(list(chain(*mended.values())), target)
    home = {
        item_id
        for item_id, rows in mended.items()
        if not group_by_day(rows, resource).keys() & missing.keys()
    }
    for path, entries in files.items():
        waiting = [item for item in entries if item.id not in home]
        if len(waiting) < len(entries):
            save(path, waiting)
    return {
        "status": "success",
        "replayed": len(home),
        "still_quarantined": sum(item.id not in home for item in chain(*files.values())),
        "days_to_ingest_first": [day.isoformat() for day in missing],
        "output_files": [str(outcome.path) for outcome in outcomes if outcome.status == "written"],
    }


def build_parser() -> JsonParser:
    parser = JsonParser(prog="quarantine.py", description="Voir et rejouer les lignes en quarantaine.")
    parser.add_argument("action", choices=("list", "show", "replay"))
    parser.add_argument("--quarantine-dir", type=Path, default=Path("data/quarantine"))
    parser.add_argument("--resource", default="events", choices=("events", "transactions", "posts"))
    parser.add_argument("--output-dir", type=Path, default=Path("data/bronze"), help="pour replay")
    parser.add_argument("--id", help="pour show : l'identifiant de l'entrée")
    return parser


def act(argv: list[str] | None) -> dict:
    options = build_parser().parse_args(argv)
    if options.action == "list":
        return list_entries(options.quarantine_dir)
    if options.action == "show":
        if not options.id:
            raise usage_error("show demande --id : l'identifiant donné dans le fichier de quarantaine.")
        return show_entry(options.quarantine_dir, options.resource, options.id)
    from logs import log_to_stderr, new_run_id

    run_id = new_run_id()
    log_to_stderr(run_id)
    return replay(options.quarantine_dir, options.resource, options.output_dir, run_id)


def main(argv: list[str] | None = None) -> int:
    return run(lambda: act(argv), failure={})


if __name__ == "__main__":
    sys.exit(main())
