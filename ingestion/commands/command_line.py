"""La face commune des scripts : un seul JSON sur stdout, un code de sortie honnête."""

import argparse
import json
import math
import sys
import traceback
from collections.abc import Callable
from datetime import date
from pathlib import Path

from ingestion.errors import FAILED, IngestError, usage_error


class JsonParser(argparse.ArgumentParser):
    """Un `ArgumentParser` dont les erreurs d'usage deviennent des `IngestError`."""

    def error(self, message: str):
        raise usage_error(f"{message}. Aide : {self.prog} --help")


def calendar_day(text: str) -> date:
    """Lit AAAA-MM-JJ ; refuse le 30 février comme toute autre écriture."""
    try:
        day = date.fromisoformat(text)
        if day.isoformat() != text:
            raise ValueError
        return day
    except ValueError:
        raise argparse.ArgumentTypeError(f"« {text} » n'est pas une date AAAA-MM-JJ du calendrier") from None


def positive_int(text: str) -> int:
    """Lit un entier d'au moins 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"« {text} » n'est pas un entier d'au moins 1")
    return int(text)


def natural(text: str) -> int:
    """Lit un entier d'au moins 0."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"« {text} » n'est pas un entier d'au moins 0")
    return int(text)


def positive_number(text: str) -> float:
    """Lit un nombre fini plus grand que 0."""
    return _number(text, lambda number: 0 < number < math.inf, "un nombre plus grand que 0")


def ratio(text: str) -> float:
    """Lit une part, de 0 à 1."""
    return _number(text, lambda number: 0 <= number <= 1, "une part entre 0 et 1")


def _number(text: str, is_right: Callable[[float], bool], wanted: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not is_right(number):
        raise argparse.ArgumentTypeError(f"« {text} » n'est pas {wanted}")
    return number


def check_order(start: date, end: date) -> None:
    """Refuse une période à l'envers."""
    if start > end:
        raise usage_error(f"--start-date ({start}) vient après --end-date ({end}) : échangez les deux dates.")


def run(action: Callable[[], dict], failure: dict) -> int:
    """Exécute `action`, imprime son résultat, rend le code de sortie.

    action : rend le résultat, un dictionnaire dont `status` vaut "success" ou "error".
    failure : les clés propres au script à donner aussi quand `action` lève une IngestError.
    """
    try:
        result = action()
        exit_code = 0 if result["status"] == "success" else FAILED
    except IngestError as error:
        result = {"status": "error", **failure, "error": error.as_dict()}
        exit_code = error.exit_code
    except KeyboardInterrupt:
        interrupted = {"code": "interrupted", "message": "Interrompu : relancez, rien n'est à moitié écrit."}
        result = {"status": "error", **failure, "error": interrupted}
        exit_code = FAILED
    except Exception as error:
        message = (
            f"Erreur imprévue ({_where(error)}) : {type(error).__name__}, {error}. Rien n'est à moitié écrit ; "
            "signalez-la avec ce message."
        )
        result = {"status": "error", **failure, "error": {"code": "internal_error", "message": message}}
        exit_code = FAILED
    if result["status"] == "error":
        print(json.dumps({"level": "ERROR", "message": result["error"]["message"]}), file=sys.stderr)
    print(json.dumps(result))
    return exit_code


def _where(error: Exception) -> str:
    """Le fichier et la ligne de nos scripts d'où vient `error`."""
    here = Path(__file__).parents[1]
    ours = [
        frame for frame in traceback.extract_tb(error.__traceback__) if here in Path(frame.filename).parents
    ]
    return f"{Path(ours[-1].filename).name}, ligne {ours[-1].lineno}"
