"""The quarantine (dead letter queue): the rows refused, with their reason, waiting to be mended.

    python -m ingestion quarantine list   --quarantine-dir data/quarantine
    python -m ingestion quarantine show   --resource events --id 3f2a…
    python -m ingestion quarantine replay --resource events --output-dir data/bronze/events

To mend one, correct `raw` in the file that `show` names, then `replay`. Exit: 0, 1 or 2.
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from ingestion.bronze.partitions import present_days
from ingestion.bronze.storage import Folder, open_folder
from ingestion.commands.command_line import JsonParser, run
from ingestion.errors import IngestError, usage_error
from ingestion.kinds import JsonObject
from ingestion.quarantine.store import Entry, change, load, mended_file, waiting_files

if TYPE_CHECKING:
    from datetime import date

    import pyarrow as pa

    from ingestion.rows.resources import Resource


def list_entries(quarantine: Folder) -> JsonObject:
    """How many rows wait, by resource and by reason."""
    files = waiting_files(quarantine)
    summary: dict[str, Counter[str]] = defaultdict(Counter)
    for name in files:
        summary[name.split("/")[0]].update(item.reason for item in load(quarantine, name))
    return {
        "status": "success",
        "quarantined": sum(reasons.total() for reasons in summary.values()),
        "by_reason": {name: dict(sorted(reasons.items())) for name, reasons in summary.items()},
        "files": [quarantine.where(name) for name in files],
    }


def show_entry(quarantine: Folder, resource: str, entry_id: str) -> JsonObject:
    """A whole entry, and the file where to correct it."""
    for name in waiting_files(quarantine, resource):
        for item in load(quarantine, name):
            if item.id == entry_id:
                return {"status": "success", "file": quarantine.where(name), "entry": item.as_dict()}
    raise IngestError("not_found", f"Aucune entrée {entry_id} dans {quarantine.where(resource)}.")


def replay(quarantine: Folder, resource: Resource, bronze: Folder, run_id: str) -> JsonObject:
    """Read each entry again: those that pass join their day, the others stay.

    A row whose day was never ingested waits too: ingest that day first. So do two entries of one identifier: nothing
    says which is right. The mended version is kept first: whoever reads that day meanwhile, or after a stop, puts the
    row back. The waiting one goes last: a stop before makes a row already home be read again, which does not double it.

    Args:
        quarantine: where the entries wait.
        resource: what they are rows of.
        bronze: where they go.
        run_id: this run.

    Returns:
        The command's result: how many were replayed, how many stay, and why.
    """
    from ingestion.bronze.publishing import Target, leave_former_days, publish_increment

    if resource.event_time_field is None:
        raise usage_error(f"{resource.name} est une photographie : relancez « ingest » plutôt qu'un replay.")
    waiting = {name: load(quarantine, name) for name in waiting_files(quarantine, resource.name)}
    found, table, contested = _readable_again(waiting, resource)
    present = present_days(bronze)
    home = {item_id: name for item_id, (name, day) in found.items() if day in present}
    _keep_mended(quarantine, resource.name, waiting, home)
    target = Target(resource, bronze, run_id, datetime.now(UTC))
    outcomes, missing = publish_increment(table, target)
    outcomes = leave_former_days(table, target, outcomes)
    home = {item_id: name for item_id, name in home.items() if found[item_id][1] not in missing}
    _leave_waiting(quarantine, resource.name, home.keys())
    return {
        "status": "success",
        "replayed": len(home),
        "still_quarantined": sum(item.id not in home for entries in waiting.values() for item in entries),
        "days_to_ingest_first": [day.isoformat() for day in missing],
        "same_id": contested,
        "output_files": [outcome.path for outcome in outcomes if outcome.status == "written"],
    }


def _readable_again(
    waiting: dict[str, list[Entry]], resource: Resource
) -> tuple[dict[str, tuple[str, date]], pa.Table, list[Any]]:
    """The entries that pass now: their file and their day by entry id, their rows; the identifiers that come twice.

    A row that a day and an increment refused waits in two files: a hand may have mended it in one of them only.
    """
    from ingestion.rows.decoding import to_table
    from ingestion.rows.records import read_texts

    texts = {(name, item.id): (item.page, item.raw) for name, entries in waiting.items() for item in entries}
    rows = {item_id: (name, values) for (name, item_id), values in read_texts(texts, resource)[0].items()}
    times = Counter(values[resource.id_field] for _, values in rows.values())
    contested = sorted(identifier for identifier, count in times.items() if count > 1)
    sure = {item_id: one for item_id, one in rows.items() if times[one[1][resource.id_field]] == 1}
    event_time = resource.event_time_field or ""
    found = {item_id: (name, values[event_time].date()) for item_id, (name, values) in sure.items()}
    return found, to_table([values for _, values in sure.values()], resource), contested


def _keep_mended(
    quarantine: Folder, resource: str, waiting: dict[str, list[Entry]], home: dict[str, str]
) -> None:
    """Keep the mended version of the entries that come home: {entry id: the file that holds it}."""
    mended = {
        item.id: msgspec.structs.replace(item, reading=name.rpartition("/")[2].removesuffix(".jsonl"))
        for name, entries in waiting.items()
        for item in entries
        if home.get(item.id) == name
    }
    if mended:
        change(quarantine, mended_file(resource), lambda former: former | mended)


def _leave_waiting(quarantine: Folder, resource: str, home: Collection[str]) -> None:
    """Take the entries that came home out of the files that wait, those written meanwhile too."""
    for name in waiting_files(quarantine, resource) if home else ():
        change(quarantine, name, lambda former: {id: one for id, one in former.items() if id not in home})


def build_parser() -> JsonParser:
    parser = JsonParser(
        prog="python -m ingestion quarantine", description="Voir et rejouer les lignes en quarantaine."
    )
    parser.add_argument("action", choices=("list", "show", "replay"))
    parser.add_argument("--quarantine-dir", type=open_folder, default="data/quarantine")
    parser.add_argument("--resource", default="events", help="son nom (%(default)s)")
    parser.add_argument("--resource-file", type=Path, help="sa déclaration, si elle est à vous")
    parser.add_argument("--output-dir", type=open_folder, default="data/bronze", help="pour replay")
    parser.add_argument("--id", help="pour show : l'identifiant de l'entrée")
    return parser


def act(argv: list[str] | None) -> JsonObject:
    options = build_parser().parse_args(argv)
    if options.action == "list":
        return list_entries(options.quarantine_dir)
    if options.action == "show":
        if not options.id:
            raise usage_error("show demande --id : l'identifiant donné dans le fichier de quarantaine.")
        return show_entry(options.quarantine_dir, options.resource, options.id)
    from ingestion.logs import log_to_stderr, new_run_id
    from ingestion.rows.resources import choose_resource

    resource = choose_resource(options.resource, options.resource_file)
    run_id = new_run_id()
    log_to_stderr(run_id)
    return replay(options.quarantine_dir, resource, options.output_dir, run_id)


def main(argv: list[str] | None = None) -> int:
    return run(lambda: act(argv), failure={})


if __name__ == "__main__":
    sys.exit(main())
