"""Give n8n the list of the days of a period, both bounds included.

    python -m ingestion dates --start-date 2024-01-01 --end-date 2024-01-03
    {"status": "success", "dates": ["2024-01-01", "2024-01-02", "2024-01-03"]}

Exit: 0 if all is well, 2 if the period is badly written.
"""

import sys

from ingestion.bronze.partitions import days_between
from ingestion.commands.command_line import JsonParser, calendar_day, check_order, run
from ingestion.kinds import JsonObject


def build_parser() -> JsonParser:
    parser = JsonParser(prog="python -m ingestion dates", description="Liste les jours d'une période.")
    parser.add_argument("--start-date", type=calendar_day, required=True, help="premier jour, AAAA-MM-JJ")
    parser.add_argument("--end-date", type=calendar_day, required=True, help="dernier jour, compris")
    return parser


def generate(argv: list[str] | None) -> JsonObject:
    """Gives {"dates": ["YYYY-MM-DD", …]} in the order of the calendar."""
    options = build_parser().parse_args(argv)
    check_order(options.start_date, options.end_date)
    days = days_between(options.start_date, options.end_date)
    return {"status": "success", "dates": [day.isoformat() for day in days]}


def main(argv: list[str] | None = None) -> int:
    return run(lambda: generate(argv), failure={"dates": []})


if __name__ == "__main__":
    sys.exit(main())
