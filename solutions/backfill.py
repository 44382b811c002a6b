"""Remplit une période passée : les jours déjà là sont sautés, les autres ingérés.

    python solutions/backfill.py --start-date 2024-01-01 --end-date 2024-03-31 --output-dir data/bronze/events

Arrêté en plein travail, il reprend où il en était : un jour est fait quand son fichier complet est là.
Un jour qui échoue n'empêche pas les suivants ; il est nommé dans le résultat, et la sortie vaut 1.
"""

import sys
from argparse import Namespace
from datetime import date

from command_line import JsonParser, calendar_day, check_order, run
from logs import new_run_id
from partitions import days_between, present_days
from report import Outcome, ingestion_result
from storage import open_folder


def build_parser() -> JsonParser:
    parser = JsonParser(
        prog="backfill.py",
        description="Remplit une période passée, jour par jour.",
        epilog="Les autres arguments (--base-url, --resource, --page-size…) sont ceux d'ingest_api.py.",
    )
    parser.add_argument("--start-date", type=calendar_day, required=True, help="premier jour, AAAA-MM-JJ")
    parser.add_argument("--end-date", type=calendar_day, required=True, help="dernier jour, compris")
    parser.add_argument("--output-dir", type=open_folder, default="./data/bronze", help="dossier ou s3://…")
    parser.add_argument("--force", action="store_true", help="réingérer aussi les jours déjà là")
    return parser


def backfill(argv: list[str] | None) -> dict:
    """Rend le bilan d'`ingest_api.py`, où les jours déjà là sont `skipped` et les jours manqués `failed`."""
    options, ingest_arguments = build_parser().parse_known_args(argv)
    check_order(options.start_date, options.end_date)
    ### BEGIN SOLUTION tp23.3
    ### À vous : séparez les jours de la période entre ceux qui manquent et ceux qui sont déjà là (aucun ne l'est sous
    ### --force). S'il y a du travail, rendez `fill(...)` ; sinon `ingestion_result(Outcome(skipped=...), ...)`.
    days = days_between(options.start_date, options.end_date)
    present = set() if options.force else present_days(options.output_dir)
    missing = [day for day in days if day not in present]
    skipped = [day for day in days if day in present]
    if missing or ingest_arguments:
        return fill(options, missing, skipped, ingest_arguments)
    return ingestion_result(Outcome(skipped=skipped), "events", new_run_id())
    ### END SOLUTION


def fill(options: Namespace, missing: list[date], skipped: list[date], ingest_arguments: list[str]) -> dict:
    """Ingère les jours manquants, avec une barre de progression si quelqu'un regarde."""
    from daily import ingest_days
    from ingest_api import build_parser as ingest_parser
    from ingest_api import make_job
    from logs import log_to_stderr
    from tqdm import tqdm

    run_id = new_run_id()
    settings = ingest_parser(prog="backfill.py").parse_args(ingest_arguments)
    settings.output_dir, settings.force = options.output_dir, options.force
    watched = sys.stderr.isatty()
    log_to_stderr(run_id, quiet=watched)
    job = make_job(settings, run_id)
    with (
        options.output_dir.locked(),
        tqdm(total=len(missing), unit="jour", disable=not watched) as progress,
    ):
        outcome = ingest_days(job, missing, settings.workers, keep_going=True, on_day=progress.update)
    outcome.skipped = skipped
    return ingestion_result(outcome, settings.resource, run_id)


def main(argv: list[str] | None = None) -> int:
    nothing = {"records_count": 0, "output_file": None, "output_files": []}
    return run(lambda: backfill(argv), failure=nothing)


if __name__ == "__main__":
    sys.exit(main())
