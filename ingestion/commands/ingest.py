"""Ingest an API into the bronze layer: one Parquet file a day, and one JSON for n8n.

    python -m ingestion ingest --start-date 2024-01-01 --end-date 2024-01-03
    python -m ingestion ingest --watermark updated_at --start-date 2024-03-25

The first call reads whole days again: each is replaced if its fingerprint changed. The second reads only what was
modified since the watermark. stdout: one JSON object; stderr: JSON logs. Exit: 0 done, 1 failed, 2 badly written.
"""

import sys
from argparse import Namespace
from datetime import UTC, datetime, time, timedelta

from ingestion import watermark
from ingestion.bronze.partitions import days_between
from ingestion.commands.backfill import fill, missing_and_done
from ingestion.commands.command_line import run
from ingestion.commands.ingest_options import LOOK_BACK_HOURS, check_usage, make_job, read_options
from ingestion.daily import ingest_days
from ingestion.errors import usage_error
from ingestion.incremental import ingest_increment
from ingestion.kinds import JsonObject
from ingestion.logs import log_to_stderr, new_run_id
from ingestion.result import ingestion_result
from ingestion.watermark import Watermark


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


def ingest(argv: list[str] | None) -> JsonObject:
    """Run the command and give its result; IngestError if it could not begin."""
    options = read_options(argv)
    check_usage(options)
    if options.mode == "backfill":
        days = days_between(options.start_date, options.end_date)
        return fill(options, *missing_and_done(days, options.output_dir, options.force))
    run_id = new_run_id()
    log_to_stderr(run_id)
    job = make_job(options, run_id)
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
    nothing: JsonObject = {"records_count": 0, "output_file": None, "output_files": []}
    return run(lambda: ingest(argv), failure=nothing)


if __name__ == "__main__":
    sys.exit(main())
