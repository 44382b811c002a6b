"""The options of `ingest`, which are those of `backfill` too, and the run that they describe."""

import os
from argparse import Namespace
from datetime import UTC, date, datetime
from pathlib import Path

from ingestion import watermark
from ingestion.api.client import ApiClient
from ingestion.api.paginations import PAGINATIONS
from ingestion.bronze.publishing import Target
from ingestion.bronze.storage import open_folder
from ingestion.commands.command_line import (
    JsonParser,
    calendar_day,
    check_order,
    number_between,
    whole_between,
)
from ingestion.errors import usage_error
from ingestion.reading import Job
from ingestion.rows.resources import RESOURCES, Resource, choose_resource

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
    options.resource = choose_resource(options.resource, options.resource_file)
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
