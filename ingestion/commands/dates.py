"""Give an orchestrator the list of the days of a period, both bounds included, or of those that are missing.

    python -m ingestion dates --start-date 2024-01-01 --end-date 2024-01-03
    {"status": "success", "dates": ["2024-01-01", "2024-01-02", "2024-01-03"]}
    python -m ingestion dates --start-date 2024-01-01 --end-date 2024-01-03 --missing-in s3://seau/bronze

Exit: 0 if all is well, 2 if the period is badly written.
"""

import sys

from ingestion.bronze.partitions import days_between, present_days
from ingestion.bronze.storage import open_folder
from ingestion.commands.command_line import JsonParser, calendar_day, check_order, run
from ingestion.kinds import JsonObject


def build_parser() -> JsonParser:
    parser = JsonParser(prog="python -m ingestion dates", description="Liste les jours d'une période.")
    parser.add_argument("--start-date", type=calendar_day, required=True, help="premier jour, AAAA-MM-JJ")
    parser.add_argument("--end-date", type=calendar_day, required=True, help="dernier jour, compris")
    parser.add_argument(
        "--missing-in", type=open_folder, help="ceux-là seuls dont ce dossier, ou s3://…, n'a pas le fichier"
    )
    return parser


def generate(argv: list[str] | None) -> JsonObject:
    """Gives {"dates": ["YYYY-MM-DD", …]} in the order of the calendar."""
    options = build_parser().parse_args(argv)
    check_order(options.start_date, options.end_date)
    present = present_days(options.missing_in) if options.missing_in else set()
    days = [day for day in days_between(options.start_date, options.end_date) if day not in present]
    return {"status": "success", "dates": [day.isoformat() for day in days]}


def main(argv: list[str] | None = None) -> int:
    return run(lambda: generate(argv), failure={"dates": []})


if __name__ == "__main__":
    sys.exit(main())
