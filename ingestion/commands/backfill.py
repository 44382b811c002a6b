"""Fill a past period: the days already there are skipped, the others ingested.

    python -m ingestion backfill --start-date 2024-01-01 --end-date 2024-03-31 --output-dir data/bronze/events

Stopped in the middle of its work, it resumes where it was: a day is done when its complete file is there. A day that
fails does not keep the others from being done; it is named in the result, and the exit code is 1.
"""

import sys
from argparse import Namespace
from datetime import date

from ingestion.bronze.partitions import days_between, present_days
from ingestion.bronze.storage import Folder, open_folder
from ingestion.commands.command_line import JsonParser, calendar_day, check_order, run
from ingestion.errors import usage_error
from ingestion.kinds import JsonObject
from ingestion.logs import new_run_id
from ingestion.result import Outcome, ingestion_result


def build_parser() -> JsonParser:
    parser = JsonParser(
        prog="python -m ingestion backfill",
        description="Remplit une période passée, jour par jour.",
        epilog="Les autres arguments (--base-url, --resource, --page-size…) sont ceux de « ingest ».",
    )
    parser.add_argument("--start-date", type=calendar_day, required=True, help="premier jour, AAAA-MM-JJ")
    parser.add_argument("--end-date", type=calendar_day, required=True, help="dernier jour, compris")
    parser.add_argument("--output-dir", type=open_folder, default="./data/bronze", help="dossier ou s3://…")
    parser.add_argument("--force", action="store_true", help="réingérer aussi les jours déjà là")
    return parser


def backfill(argv: list[str] | None) -> JsonObject:
    """Gives the result of `ingest`, where the days already there are `skipped` and those that failed `failed`."""
    options, ingest_arguments = build_parser().parse_known_args(argv)
    check_order(options.start_date, options.end_date)
    days = days_between(options.start_date, options.end_date)
    missing, skipped = missing_and_done(days, options.output_dir, options.force)
    if not (missing or ingest_arguments):
        return ingestion_result(Outcome(skipped=skipped), "events", new_run_id())
    from ingestion.commands.ingest_options import check_snapshot, read_options

    settings = read_options(ingest_arguments, prog="python -m ingestion backfill")
    given = [name for name in ("watermark", "since", "look_back_hours") if getattr(settings, name)]
    if given:
        raise usage_error(
            f"--{given[0].replace('_', '-')} ne va pas avec un backfill, qui lit des jours entiers."
        )
    check_snapshot(settings.resource, options.start_date, options.end_date)
    settings.output_dir, settings.force = options.output_dir, options.force
    return fill(settings, missing, skipped)


def missing_and_done(days: list[date], folder: Folder, force: bool) -> tuple[list[date], list[date]]:
    """The days to ingest, and those that are skipped: their complete file is there."""
    present = set() if force else present_days(folder)
    return [day for day in days if day not in present], [day for day in days if day in present]


def fill(settings: Namespace, missing: list[date], skipped: list[date]) -> JsonObject:
    """Ingest the missing days, with a progress bar if somebody looks.

    Args:
        settings: the arguments of the command `ingest`.
        missing: the days to ingest.
        skipped: those that are there.

    Returns:
        The command's result.
    """
    from tqdm import tqdm

    from ingestion.commands.ingest_options import make_job
    from ingestion.daily import ingest_days
    from ingestion.logs import log_to_stderr

    run_id = new_run_id()
    watched = sys.stderr.isatty()
    log_to_stderr(run_id, quiet=watched)
    job = make_job(settings, run_id)
    with tqdm(total=len(missing), unit="jour", disable=not watched) as progress:
        outcome = ingest_days(job, missing, settings.workers, on_day=progress.update)
    outcome.skipped = skipped
    return ingestion_result(outcome, settings.resource.name, run_id)


def main(argv: list[str] | None = None) -> int:
    nothing: JsonObject = {"records_count": 0, "output_file": None, "output_files": []}
    return run(lambda: backfill(argv), failure=nothing)


if __name__ == "__main__":
    sys.exit(main())
