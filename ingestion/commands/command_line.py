"""The common face of the commands: a single JSON on stdout, an honest exit code."""

import argparse
import json
import math
import re
import sys
import traceback
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import NoReturn

from ingestion.bronze.partitions import read_day
from ingestion.errors import FAILED, IngestError, usage_error
from ingestion.kinds import JsonObject
from ingestion.secrets import redacted


class JsonParser(argparse.ArgumentParser):
    """An `ArgumentParser` whose errors of usage become `IngestError`."""

    def error(self, message: str) -> NoReturn:
        raise usage_error(f"{message}. Aide : {self.prog} --help")


def calendar_day(text: str) -> date:
    """Read YYYY-MM-DD; 30 February is refused, as is any other writing."""
    day = read_day(text)
    if day is None:
        raise argparse.ArgumentTypeError(f"« {text[:40]} » n'est pas une date AAAA-MM-JJ du calendrier")
    return day


def whole_between(low: int, high: int) -> Callable[[str], int]:
    """A reader of integers from `low` to `high`, written in plain digits."""

    def read(text: str) -> int:
        if not re.fullmatch("[0-9]{1,18}", text) or not low <= int(text) <= high:
            raise argparse.ArgumentTypeError(f"« {text[:40]} » n'est pas un entier entre {low} et {high}")
        return int(text)

    return read


def number_between(low: float, high: float) -> Callable[[str], float]:
    """A reader of numbers from `low` to `high`."""

    def read(text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not low <= number <= high:
            raise argparse.ArgumentTypeError(f"« {text[:40]} » n'est pas un nombre entre {low:g} et {high:g}")
        return number

    return read


def check_order(start: date, end: date) -> None:
    """Refuse a period the wrong way round."""
    if start > end:
        raise usage_error(f"--start-date ({start}) vient après --end-date ({end}) : échangez les deux dates.")


def run(action: Callable[[], JsonObject], failure: JsonObject) -> int:
    """Run `action`, print its result, give the exit code.

    Args:
        action: gives the result, a dictionary whose `status` is "success" or "error".
        failure: the command's own keys to give too when `action` raises.

    Returns:
        0, 1 if the work failed, 2 if the command was badly written.
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
        print(_as_json({"level": "ERROR", "message": result["error"]["message"]}), file=sys.stderr)
    print(_as_json(result))
    return exit_code


def _as_json(value: JsonObject) -> str:
    """JSON in ASCII for any terminal, without a secret nor half an emoji, which not every reader takes."""
    sound = json.dumps(value, ensure_ascii=False, allow_nan=False).encode(errors="replace")
    return redacted(json.dumps(json.loads(sound)))


def _where(error: Exception) -> str:
    """The file and line of ours that `error` comes from."""
    here = Path(__file__).parents[1]
    ours = [
        frame for frame in traceback.extract_tb(error.__traceback__) if here in Path(frame.filename).parents
    ]
    return f"{Path(ours[-1].filename).name}, ligne {ours[-1].lineno}"
