"""Ingère une API vers la couche bronze : un fichier Parquet par jour, et un JSON pour n8n.

    python -m ingestion ingest --start-date 2024-01-01 --end-date 2024-01-03
    python -m ingestion ingest --watermark updated_at --start-date 2024-03-25

Le premier appel relit des jours entiers : chacun est remplacé si son empreinte a changé. Le second ne lit
que ce qui a été modifié depuis le filigrane. stdout : un objet JSON ; stderr : des journaux JSON.
Sortie : 0 réussi, 1 échoué, 2 commande mal écrite.
"""

import os
import sys
from argparse import Namespace
from datetime import UTC, datetime, time, timedelta

from ingestion import watermark
from ingestion.api.client import ApiClient
from ingestion.api.paginations import PAGINATIONS
from ingestion.bronze.partitions import days_between
from ingestion.bronze.publishing import Target
from ingestion.bronze.storage import open_folder
from ingestion.commands.backfill import fill, missing_and_done
from ingestion.commands.command_line import (
    JsonParser,
    calendar_day,
    check_order,
    natural,
    positive_int,
    positive_number,
    ratio,
    run,
)
from ingestion.daily import ingest_days
from ingestion.errors import usage_error
from ingestion.incremental import ingest_increment
from ingestion.logs import log_to_stderr, new_run_id
from ingestion.reading import Job
from ingestion.result import ingestion_result
from ingestion.rows.resources import RESOURCES
from ingestion.watermark import Watermark


def build_parser(prog: str = "python -m ingestion ingest") -> JsonParser:
    parser = JsonParser(prog=prog, description="Ingère une API vers des fichiers Parquet, un par jour.")
    add = parser.add_argument
    add("--start-date", type=calendar_day, help="premier jour, AAAA-MM-JJ")
    add("--end-date", type=calendar_day, help="dernier jour, compris")
    add("--output-dir", type=open_folder, default="./data/bronze", help="dossier ou s3://… (%(default)s)")
    add("--page-size", type=positive_int, default=100, help="lignes par page (%(default)s)")
    add("--base-url", default=os.environ.get("LAB_API_URL", "http://127.0.0.1:8765"), help="adresse de l'API")
    add("--resource", choices=sorted(RESOURCES), default="events", help="ce que l'on ingère (%(default)s)")
    add("--pagination", choices=sorted(PAGINATIONS), help="par défaut, celle que la ressource préfère")
    add("--quarantine-dir", type=open_folder, default="./data/quarantine", help="rejets (%(default)s)")
    add("--state-dir", type=open_folder, default="./data/state", help="filigranes (%(default)s)")
    add(
        "--mode", choices=("ingest", "backfill"), default="ingest", help="backfill saute les jours déjà faits"
    )
    add("--watermark", choices=watermark.KINDS, help="n'ingérer que ce qui suit ce filigrane")
    add("--since", help="le filigrane, quand n8n le garde ; le fichier d'état n'est alors pas touché")
    add("--look-back-hours", type=natural, default=72, help="relire avant le filigrane (%(default)s h)")
    add("--compression", choices=("zstd", "snappy"), default="zstd", help="codec Parquet (%(default)s)")
    add("--workers", type=positive_int, default=32, help="jours lus en même temps (%(default)s)")
    add("--force", action="store_true", help="réécrire les jours sans regarder ce qui est déjà là")
    add("--max-attempts", type=positive_int, default=3, help="essais par requête (%(default)s)")
    longest = float(os.environ.get("LAB_MAX_WAIT") or 10)
    add("--max-wait", type=positive_number, default=longest, help="attente la plus longue, s (%(default)s)")
    add(
        "--max-seconds",
        type=positive_number,
        default=300.0,
        help="par requête, reprises comprises (%(default)s)",
    )
    add(
        "--max-requests-per-second", type=positive_number, help="limite que l'on s'impose ; aucune par défaut"
    )
    add("--max-quarantine-ratio", type=ratio, default=0.1, help="au-delà, rien n'est publié (%(default)s)")
    return parser


def check_usage(options: Namespace) -> None:
    """Refuse les combinaisons d'arguments qui n'ont pas de sens."""
    if options.watermark:
        whole_days = options.end_date or options.force or options.mode == "backfill"
        if whole_days or RESOURCES[options.resource].event_time_field is None:
            raise usage_error(
                "--watermark ne va ni avec --end-date, ni avec --force, ni avec --mode backfill, ni avec posts."
            )
        return
    if options.since:
        raise usage_error("--since demande --watermark : le genre de filigrane dont il s'agit.")
    if not (options.start_date and options.end_date):
        raise usage_error("--start-date et --end-date sont requis (ou --watermark updated_at).")
    check_order(options.start_date, options.end_date)
    if options.resource == "posts" and options.start_date != options.end_date:
        raise usage_error("posts n'a pas de date : c'est une photographie, donnez deux fois le même jour.")


def make_job(options: Namespace, run_id: str) -> Job:
    """Le passage que décrit la ligne de commande."""
    resource = RESOURCES[options.resource]
    client = ApiClient(
        options.base_url,
        token=os.environ.get("LAB_API_TOKEN"),
        max_attempts=options.max_attempts,
        max_wait=options.max_wait,
        budget=options.max_seconds,
        connections=options.workers,
        max_requests_per_second=options.max_requests_per_second,
    )
    target = Target(
        resource, options.output_dir, run_id, datetime.now(UTC), options.compression, options.force
    )
    pagination = options.pagination or resource.default_pagination
    return Job(
        client, target, options.quarantine_dir, pagination, options.page_size, options.max_quarantine_ratio
    )


def starting_mark(options: Namespace) -> Watermark:
    """Le filigrane de départ : celui de n8n (--since), sinon le fichier d'état, sinon --start-date."""
    empty = Watermark(options.resource, options.watermark)
    if options.since:
        try:
            return empty.advanced(watermark.parse_value(options.watermark, options.since))
        except ValueError:
            raise usage_error(
                f"--since « {options.since} » n'est pas un filigrane {options.watermark} (un instant avec fuseau "
                "comme 2024-03-31T08:00:00Z, un entier, ou un curseur de l'API)."
            ) from None
    saved = watermark.load(options.state_dir, options.resource, options.watermark)
    if saved:
        return saved
    if not options.start_date:
        raise usage_error(
            f"Aucun filigrane dans {options.state_dir} : donnez --start-date (ou --since) pour la première lecture."
        )
    if options.watermark == "updated_at":
        return empty.advanced(datetime.combine(options.start_date, time.min, tzinfo=UTC))
    return empty


def ingest(argv: list[str] | None) -> dict:
    """Exécute la commande et rend son résultat ; IngestError si elle n'a pas pu commencer."""
    options = build_parser().parse_args(argv)
    check_usage(options)
    if options.mode == "backfill":
        days = days_between(options.start_date, options.end_date)
        return fill(options, *missing_and_done(days, options.output_dir, options.force))
    run_id = new_run_id()
    log_to_stderr(run_id)
    job = make_job(options, run_id)
    with options.output_dir.locked():
        if not options.watermark:
            days = days_between(options.start_date, options.end_date)
            return ingestion_result(ingest_days(job, days, options.workers), options.resource, run_id)
        look_back = timedelta(hours=options.look_back_hours)
        mark = starting_mark(options)
        outcome, reached = ingest_increment(job, mark, options.start_date, look_back, options.workers)
        if outcome.failures:
            reached = mark
        elif not options.since:
            watermark.commit(options.state_dir, reached)
        return ingestion_result(outcome, options.resource, run_id, reached)


def main(argv: list[str] | None = None) -> int:
    nothing = {"records_count": 0, "output_file": None, "output_files": []}
    return run(lambda: ingest(argv), failure=nothing)


if __name__ == "__main__":
    sys.exit(main())
