"""Donne à n8n la liste des jours d'une période, les deux bornes comprises.

    python solutions/generate_dates.py --start-date 2024-01-01 --end-date 2024-01-03
    {"status": "success", "dates": ["2024-01-01", "2024-01-02", "2024-01-03"]}

Sortie : 0 si tout va bien, 2 si la période est mal écrite.
"""

import argparse
import json
import sys
from datetime import date, timedelta


class Parser(argparse.ArgumentParser):
    def error(self, message: str):
        """argparse quitterait Python ici ; une ValueError deviendra un JSON."""
        raise ValueError(message)


def calendar_day(text: str) -> date:
    """Lit un jour écrit AAAA-MM-JJ, et rien d'autre."""
    day = date.fromisoformat(text)
    if day.isoformat() != text:
        raise ValueError(text)
    return day


def days_between(start: date, end: date) -> list[date]:
    """Les jours de `start` à `end`, les deux compris, dans l'ordre ; ValueError si `end` vient avant `start`."""
    ### BEGIN SOLUTION tp23.1
    if end < start:
        raise ValueError(f"{start} vient après {end}")
    return [start + timedelta(days=n) for n in range((end - start).days + 1)]
    ### END SOLUTION


def main(argv: list[str] | None = None) -> int:
    """Imprime {"status", "dates"}, un seul objet JSON sur stdout, et rend le code de sortie."""
    parser = Parser(prog="generate_dates.py", description="Liste les jours d'une période.")
    parser.add_argument("--start-date", default="", help="premier jour, AAAA-MM-JJ")
    parser.add_argument("--end-date", default="", help="dernier jour, compris")
    ### BEGIN SOLUTION tp23.1
    try:
        options = parser.parse_args(argv)
        days = days_between(calendar_day(options.start_date), calendar_day(options.end_date))
        result: dict = {"status": "success", "dates": [str(day) for day in days]}
    except ValueError as error:
        said = (
            f"--start-date et --end-date doivent être deux jours écrits AAAA-MM-JJ, dans l'ordre ({error})."
        )
        result = {"status": "error", "dates": [], "error": {"code": "usage", "message": said}}
    print(json.dumps(result))
    return 0 if result["status"] == "success" else 2
    ### END SOLUTION


if __name__ == "__main__":
    sys.exit(main())
