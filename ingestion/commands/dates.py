"""Donne à n8n la liste des jours d'une période, les deux bornes comprises.

    python -m ingestion dates --start-date 2024-01-01 --end-date 2024-01-03
    {"status": "success", "dates": ["2024-01-01", "2024-01-02", "2024-01-03"]}

Sortie : 0 si tout va bien, 2 si la période est mal écrite.
"""

import sys

from ingestion.bronze.partitions import days_between
from ingestion.commands.command_line import JsonParser, calendar_day, check_order, run


def build_parser() -> JsonParser:
    parser = JsonParser(prog="python -m ingestion dates", description="Liste les jours d'une période.")
    parser.add_argument("--start-date", type=calendar_day, required=True, help="premier jour, AAAA-MM-JJ")
    parser.add_argument("--end-date", type=calendar_day, required=True, help="dernier jour, compris")
    return parser


def generate(argv: list[str] | None) -> dict:
    """Rend {"dates": ["AAAA-MM-JJ", …]} dans l'ordre du calendrier."""
    options = build_parser().parse_args(argv)
    check_order(options.start_date, options.end_date)
    days = days_between(options.start_date, options.end_date)
    return {"status": "success", "dates": [day.isoformat() for day in days]}


def main(argv: list[str] | None = None) -> int:
    return run(lambda: generate(argv), failure={"dates": []})


if __name__ == "__main__":
    sys.exit(main())
