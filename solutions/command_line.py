"""La face commune des scripts : un seul JSON sur stdout, un code de sortie honnête."""

import argparse
import json
import sys
from collections.abc import Callable
from datetime import date, datetime

import watermark
from errors import FAILED, IngestError, usage_error


class JsonParser(argparse.ArgumentParser):
    """Un `ArgumentParser` dont les erreurs d'usage deviennent des `IngestError`."""

    def error(self, message: str):
        raise usage_error(f"{message}. Aide : python {self.prog} --help")


def calendar_day(text: str) -> date:
    """Lit AAAA-MM-JJ ; refuse le 30 février comme toute autre écriture."""
    try:
        if len(text) != 10:
            raise ValueError
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"« {text} » n'est pas une date AAAA-MM-JJ du calendrier") from None


def instant(text: str) -> datetime:
    """Lit un instant ISO 8601 avec son fuseau."""
    try:
        return watermark.parse(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"« {text} » n'est pas un instant avec fuseau, comme 2024-03-31T08:00:00Z"
        ) from None


def positive_int(text: str) -> int:
    """Lit un entier d'au moins 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"« {text} » n'est pas un entier d'au moins 1")
    return int(text)


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
    if result["status"] == "error":
        print(json.dumps({"level": "ERROR", "message": result["error"]["message"]}), file=sys.stderr)
    print(json.dumps(result, ensure_ascii=False))
    return exit_code
