"""A run's parameters: read, checked, held inside the lab, and written as a script's arguments."""

import base64
import binascii
import json
import re
from pathlib import Path

from labkit.base.paths import DATA, ROOT, STATE

# One writing for each parameter: what is checked under a name is what the script is given under that name.
PARAMETER = re.compile(r"[a-z][a-z0-9_]*")
SIMPLE = str | int | float | bool | None
PLACES = ("output_dir", "quarantine_dir", "state_dir", "input_file", "rules_file", "resource_file")


class RunError(Exception):
    """A run that cannot start: wrong notebook, wrong parameters. code: `usage` for what the caller got wrong."""

    def __init__(self, message: str, code: str = "usage"):
        super().__init__(message)
        self.code = code


def read_parameters(encoded: str | None, pairs: tuple[tuple[str, str], ...]) -> dict:
    """The parameters of -b (a base64 JSON object) and -p. RunError if they cannot be read."""
    parameters = {}
    if encoded:
        try:
            parameters = json.loads(base64.b64decode(encoded, validate=True))
        except (binascii.Error, ValueError, RecursionError):
            raise RunError("Le paramètre -b n'est pas du JSON en base64.") from None
        if not isinstance(parameters, dict):
            raise RunError("Le paramètre -b doit être un objet JSON de paramètres, en base64.")
    parameters |= {name: _literal(value) for name, value in pairs}
    for name, value in parameters.items():
        _check_value(name, value)
    return parameters


def _check_value(name: str, value: object) -> None:
    if not isinstance(value, SIMPLE):
        raise RunError(
            f"{name[:100]} doit être un texte, un nombre, un booléen ou null, pas une liste ni un objet."
        )
    if re.search(r"[\0\ud800-\udfff]", f"{value}"):
        raise RunError(
            f"{name[:100]} contient un caractère interdit (NUL, ou la moitié d'un caractère) : retirez-le."
        )


def _literal(text: str) -> object:
    """A number or a boolean where the text is one, else the text."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, int | float | bool) else text


def check_places(parameters: dict) -> None:
    """RunError if a folder to write (`…_dir`) is outside data/, or a file to read (`…_file`) outside the lab.

    Whoever fills in a form or calls a webhook chooses parameters: they do not choose where this machine is written.
    An S3 storage is not this machine: its keys say who may write there.
    """
    for name, value in parameters.items():
        if not PARAMETER.fullmatch(name):
            raise RunError(
                f"« {name[:100]} » n'est pas un nom de paramètre : des lettres minuscules, des chiffres et _."
            )
        # argparse takes the beginning of an option for the option.
        meant = next((place for place in PLACES if place.startswith(name)), name)
        if meant.endswith("_dir") and not str(value).startswith("s3://"):
            _check_inside(DATA, "data/", name, value)
        if meant.endswith("_file") and not (meant == "input_file" and str(value).startswith("s3://")):
            _check_inside(ROOT, "le laboratoire", name, value)
            if _is_inside(STATE, value):
                raise RunError(
                    f"{name} « {value} » est dans data/state/, où sont les secrets : donnez un autre fichier."
                )


def _check_inside(folder: Path, called: str, name: str, value: object) -> None:
    if not _is_inside(folder, value):
        raise RunError(
            f"{name} « {str(value)[:200]} » est hors de {called} : donnez un chemin à l'intérieur."
        )


def _is_inside(folder: Path, value: object) -> bool:
    try:
        return (ROOT / str(value)).resolve().is_relative_to(folder.resolve())
    except (OSError, ValueError):
        return False


def command_line(arguments: dict) -> list[str]:
    """{"start_date": "2024-01-01", "force": True} -> ["--start-date", "2024-01-01", "--force"]."""
    argv = []
    for name, value in arguments.items():
        if value is None or value is False or value == "":
            continue
        argv.append(f"--{name.replace('_', '-')}")
        if value is not True:
            argv.append(str(value))
    return argv
