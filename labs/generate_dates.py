# Votre exemplaire, écrit d'après solutions/generate_dates.py par « lab cut ».
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
    # À vous (tp23.1) : une liste de dates ; timedelta(days=n) avance de n jours, même en février.
    raise NotImplementedError("tp23.1")


def main(argv: list[str] | None = None) -> int:
    """Imprime {"status", "dates"}, un seul objet JSON sur stdout, et rend le code de sortie."""
    parser = Parser(prog="generate_dates.py", description="Liste les jours d'une période.")
    parser.add_argument("--start-date", default="", help="premier jour, AAAA-MM-JJ")
    parser.add_argument("--end-date", default="", help="dernier jour, compris")
    # À vous (tp23.1) : lisez les deux dates avec calendar_day, puis imprimez {"status": "success", "dates":
    # [...]}, les jours en texte, et rendez 0. Une ValueError, ou une période à l'envers : {"status": "error",
    # "dates": [], "error": {"code": "usage", "message": …}}, et 2.
    raise NotImplementedError("tp23.1")


if __name__ == "__main__":
    sys.exit(main())
