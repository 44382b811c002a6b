"""Ingest an API into the bronze layer: one Parquet file a day, and one JSON for n8n.

    python -m ingestion ingest --start-date 2024-01-01 --end-date 2024-01-03
    python -m ingestion ingest --watermark updated_at --start-date 2024-03-25

The first call reads whole days again: each is replaced if its fingerprint changed. The second reads only what was
modified since the watermark. stdout: one JSON object; stderr: JSON logs. Exit: 0 done, 1 failed, 2 badly written.
"""

import os
import sys
from argparse import Namespace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

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
    number_between,
    run,
    whole_between,
)
from ingestion.daily import ingest_days
from ingestion.errors import usage_error
from ingestion.incremental import ingest_increment
from ingestion.logs import log_to_stderr, new_run_id
from ingestion.reading import Job
from ingestion.result import ingestion_result
from ingestion.rows.resources import RESOURCES, Resource, load_resource
from ingestion.watermark import Watermark

LOOK_BACK_HOURS = 72
DAY = 86_400.0  # seconds


def build_parser(prog: str = "python -m ingestion ingest") -> JsonParser:
    parser = JsonParser(prog=prog, description="Ingère une API vers des fichiers Parquet, un par jour.")
    add = parser.add_argument
    add("--start-date", type=calendar_day, help="premier jour, AAAA-MM-JJ")
    add("--end-date", type=calendar_day, help="dernier jour, compris")
    add("--output-dir", type=open_folder, default="./data/bronze", help="dossier ou s3://… (%(default)s)")
    add("--page-size", type=whole_between(1, 1_000_000), default=100, help="lignes par page (%(default)s)")
    add("--base-url", default=os.environ.get("LAB_API_URL", "http://127.0.0.1:8765"), help="adresse de l'API")
    add("--resource", choices=sorted(RESOURCES), default="events", help="ce que l'on ingère (%(default)s)")
    add("--resource-file", type=Path, help="une ressource à vous, déclarée en TOML (docs/votre_api.md)")
    add("--pagination", choices=sorted(PAGINATIONS), help="par défaut, celle que la ressource préfère")
    add("--quarantine-dir", type=open_folder, default="./data/quarantine", help="rejets (%(default)s)")
    add("--state-dir", type=open_folder, default="./data/state", help="filigranes (%(default)s)")
    add(
        "--mode", choices=("ingest", "backfill"), default="ingest", help="backfill saute les jours déjà faits"
    )
    add("--watermark", choices=watermark.KINDS, help="n'ingérer que ce qui suit ce filigrane")
    add("--since", help="le filigrane, quand n8n le garde ; le fichier d'état n'est alors pas touché")
    add(
        "--look-back-hours",
        type=whole_between(0, 1_000_000),
        help=f"avec updated_at : relire avant le filigrane ({LOOK_BACK_HOURS} h)",
    )
    add("--compression", choices=("zstd", "snappy"), default="zstd", help="codec Parquet (%(default)s)")
    add("--workers", type=whole_between(1, 1024), default=32, help="jours lus en même temps (%(default)s)")
    add("--force", action="store_true", help="réécrire les jours sans regarder ce qui est déjà là")
    add("--max-attempts", type=whole_between(1, 1000), default=3, help="essais par requête (%(default)s)")
    longest = float(os.environ.get("LAB_MAX_WAIT") or 10)
    add(
        "--max-wait",
        type=number_between(0.001, DAY),
        default=longest,
        help="attente la plus longue, s (%(default)s)",
    )
    add(
        "--max-seconds",
        type=number_between(0.1, DAY),
        default=300.0,
        help="par requête, reprises comprises (%(default)s)",
    )
    add(
        "--max-requests-per-second",
        type=number_between(0.001, 1e6),
        help="limite que l'on s'impose ; aucune par défaut",
    )
    add(
        "--max-quarantine-ratio",
        type=number_between(0, 1),
        default=0.1,
        help="au-delà, rien n'est publié (%(default)s)",
    )
    return parser


def read_options(argv: list[str] | None, prog: str = "python -m ingestion ingest") -> Namespace:
    """The options, `resource` being the Resource that they name or declare."""
    options = build_parser(prog).parse_args(argv)
    options.resource = (
        load_resource(options.resource_file) if options.resource_file else RESOURCES[options.resource]
    )
    return options


def check_usage(options: Namespace) -> None:
    """Refuse the combinations of arguments that make no sense, and those that would be ignored."""
    if options.look_back_hours is not None and options.watermark != "updated_at":
        raise usage_error("--look-back-hours ne va qu'avec --watermark updated_at.")
    if options.watermark:
        if options.watermark == "updated_at" and not options.resource.words.updated_since:
            raise usage_error(
                f"{options.resource.name} ne déclare pas de paramètre updated_since : relisez des jours."
            )
        if options.watermark == "last_id" and not options.resource.has_integer_ids:
            raise usage_error(
                f"--watermark last_id demande des identifiants entiers : pas ceux de {options.resource.name}."
            )
        whole_days = options.end_date or options.force or options.mode == "backfill"
        if whole_days or options.resource.event_time_field is None:
            raise usage_error(
                "--watermark ne va ni avec --end-date, ni avec --force, ni avec --mode backfill, ni avec "
                "une ressource sans date."
            )
        return
    if options.since:
        raise usage_error("--since demande --watermark : le genre de filigrane dont il s'agit.")
    if not (options.start_date and options.end_date):
        raise usage_error("--start-date et --end-date sont requis (ou --watermark updated_at).")
    check_order(options.start_date, options.end_date)
    check_snapshot(options.resource, options.start_date, options.end_date)


def check_snapshot(resource: Resource, start: date, end: date) -> None:
    """Refuse several days of a resource without a date: they would all be written as it is today."""
    if resource.event_time_field is None and start != end:
        raise usage_error(
            f"{resource.name} n'a pas de date : c'est une photographie, donnez deux fois le même jour."
        )


def make_job(options: Namespace, run_id: str) -> Job:
    """The run that the command line describes."""
    resource = options.resource
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
    """The watermark to start from: n8n's (--since), else the state file, else --start-date."""
    empty = Watermark(options.resource.name, options.watermark)
    if options.since:
        try:
            return empty.advanced(watermark.parse_value(options.watermark, options.since))
        except ValueError:
            raise usage_error(
                f"--since « {options.since[:60]} » n'est pas un filigrane {options.watermark} (un instant avec fuseau "
                "comme 2024-03-31T08:00:00Z, un entier, ou un curseur de l'API)."
            ) from None
    saved = watermark.load(options.state_dir, options.resource.name, options.watermark)
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
    """Run the command and give its result; IngestError if it could not begin."""
    options = read_options(argv)
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
            return ingestion_result(ingest_days(job, days, options.workers), options.resource.name, run_id)
        hours = LOOK_BACK_HOURS if options.look_back_hours is None else options.look_back_hours
        look_back = timedelta(hours=hours)
        mark = starting_mark(options)
        outcome, reached = ingest_increment(job, mark, options.start_date, look_back, options.workers)
        if outcome.failures:
            reached = mark
        elif not options.since:
            watermark.commit(options.state_dir, reached)
        return ingestion_result(outcome, options.resource.name, run_id, reached)


def main(argv: list[str] | None = None) -> int:
    nothing = {"records_count": 0, "output_file": None, "output_files": []}
    return run(lambda: ingest(argv), failure=nothing)


if __name__ == "__main__":
    sys.exit(main())
