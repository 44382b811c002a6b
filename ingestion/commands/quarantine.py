"""La quarantaine (dead letter queue) : les lignes refusées, avec leur raison, en attente de réparation.

    python -m ingestion quarantine list   --quarantine-dir data/quarantine
    python -m ingestion quarantine show   --resource events --id 3f2a…
    python -m ingestion quarantine replay --resource events --output-dir data/bronze/events

Pour réparer, corrigez `raw` dans le fichier que `show` indique, puis `replay`. Sortie : 0, 1 ou 2.
"""

import sys
from collections import Counter, defaultdict
from datetime import UTC, datetime

from ingestion.bronze.storage import Folder, open_folder
from ingestion.commands.command_line import JsonParser, run
from ingestion.errors import IngestError, usage_error
from ingestion.quarantine.store import Entry, load, mended_file, save, waiting_files


def list_entries(quarantine: Folder) -> dict:
    """Combien de lignes attendent, par ressource et par raison."""
    files = waiting_files(quarantine)
    summary: dict[str, Counter] = defaultdict(Counter)
    for name in files:
        summary[name.split("/")[0]].update(item.reason for item in load(quarantine, name))
    return {
        "status": "success",
        "quarantined": sum(reasons.total() for reasons in summary.values()),
        "by_reason": {name: dict(sorted(reasons.items())) for name, reasons in summary.items()},
        "files": [quarantine.where(name) for name in files],
    }


def show_entry(quarantine: Folder, resource: str, entry_id: str) -> dict:
    """Une entrée entière, et le fichier où la corriger."""
    for name in waiting_files(quarantine, resource):
        for item in load(quarantine, name):
            if item.id == entry_id:
                return {"status": "success", "file": quarantine.where(name), "entry": vars(item)}
    raise IngestError("not_found", f"Aucune entrée {entry_id} dans {quarantine.where(resource)}.")


def replay(quarantine: Folder, resource_name: str, bronze: Folder, run_id: str) -> dict:
    """Relit chaque entrée : celles qui passent rejoignent leur jour, les autres restent.

    Une ligne dont le jour n'a jamais été ingéré attend aussi : ingérez d'abord ce jour.
    Le bronze est écrit avant que la quarantaine ne soit vidée : un arrêt entre les deux fait
    relire une ligne déjà rentrée, ce qui ne la double pas.
    """
    from ingestion.bronze.publishing import Target, publish_increment
    from ingestion.rows.resources import RESOURCES

    resource = RESOURCES[resource_name]
    if resource.event_time_field is None:
        raise usage_error(f"{resource_name} est une photographie : relancez « ingest » plutôt qu'un replay.")
    with bronze.locked():
        waiting = {name: load(quarantine, name) for name in waiting_files(quarantine, resource_name)}
        days, table = _readable_again(waiting, resource)
        outcomes, missing = publish_increment(table, Target(resource, bronze, run_id, datetime.now(UTC)))
        home = {item_id for item_id, day in days.items() if day not in missing}
        _move_home(quarantine, resource_name, waiting, home)
    return {
        "status": "success",
        "replayed": len(home),
        "still_quarantined": sum(item.id not in home for entries in waiting.values() for item in entries),
        "days_to_ingest_first": [day.isoformat() for day in missing],
        "output_files": [outcome.path for outcome in outcomes if outcome.status == "written"],
    }


def _readable_again(waiting: dict[str, list[Entry]], resource):
    """Les entrées qui passent maintenant : leur jour par identifiant d'entrée, et la table de leurs lignes."""
    from ingestion.rows.arrow_json import to_table
    from ingestion.rows.records import split_rows

    days, rows = {}, []
    for item in (item for entries in waiting.values() for item in entries):
        for values in split_rows([item.raw], item.page, resource)[0]:
            days[item.id] = values[resource.event_time_field].date()
            rows.append(values)
    return days, to_table(rows, resource)


def _move_home(quarantine: Folder, resource: str, waiting: dict[str, list[Entry]], home: set[str]) -> None:
    """Garde la version réparée des entrées rentrées, puis les ôte des fichiers d'attente."""
    moved = {item.id: item for entries in waiting.values() for item in entries if item.id in home}
    if not moved:
        return
    kept = {item.id: item for item in load(quarantine, mended_file(resource))} | moved
    save(quarantine, mended_file(resource), kept.values())
    for name, entries in waiting.items():
        left = [item for item in entries if item.id not in home]
        if len(left) < len(entries):
            save(quarantine, name, left)


def build_parser() -> JsonParser:
    parser = JsonParser(
        prog="python -m ingestion quarantine", description="Voir et rejouer les lignes en quarantaine."
    )
    parser.add_argument("action", choices=("list", "show", "replay"))
    parser.add_argument("--quarantine-dir", type=open_folder, default="data/quarantine")
    parser.add_argument("--resource", default="events", choices=("events", "transactions", "posts"))
    parser.add_argument("--output-dir", type=open_folder, default="data/bronze", help="pour replay")
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
    from ingestion.logs import log_to_stderr, new_run_id

    run_id = new_run_id()
    log_to_stderr(run_id)
    return replay(options.quarantine_dir, options.resource, options.output_dir, run_id)


def main(argv: list[str] | None = None) -> int:
    return run(lambda: act(argv), failure={})


if __name__ == "__main__":
    sys.exit(main())
