"""The words a check is written in: its step, what it verifies, and how an exception is explained.

A check's docstring is what the trainee reads: its first line says the behaviour, the rest why it matters.
"""

import json
import re
import traceback
from pathlib import Path
from types import ModuleType

import pytest
from python_in_french import in_french

from labkit.exercises.declared import SOLUTIONS

LONGEST = 300
MISSPELT = (
    "Relisez cette ligne et celle d'avant : il y manque souvent une parenthèse, des guillemets ou « : »."
)
STEP_NAME = re.compile(r"\w+\.\d")


class Wrong(Exception):
    """The trainee's code gave something else than what was expected. hint: replaces the check's own."""

    def __init__(self, tried: str, wanted: str, got: str, hint: str | None = None):
        super().__init__(f"{tried}: {got}, not {wanted}")
        self.tried, self.wanted, self.got, self.hint = tried, wanted, got, hint


class NotAttempted(Exception):
    """Nothing was tried yet; what is missing, in one French sentence."""


class Uncheckable(Exception):
    """Something the check needs is not there; the reason, in one French sentence."""


def step(name: str, hint: str, needs: tuple[str, ...] = ()):
    """Mark a check as one of the step `name`. hint: for when it is red; needs: steps without which it says nothing."""
    return pytest.mark.step(name=name, hint=hint, needs=needs)


def verify(tried: str, got: object, wanted: object, hint: str | None = None) -> None:
    """Wrong unless `got` equals `wanted`; `tried` is the call, as the trainee would write it."""
    if got != wanted:
        raise Wrong(tried, shown(wanted), shown(got), hint)


def verify_that(tried: str, holds: bool, wanted: str, got: object, hint: str | None = None) -> None:
    """Wrong unless `holds`; `wanted` says in words what was expected."""
    if not holds:
        raise Wrong(tried, wanted, got if isinstance(got, str) else shown(got), hint)


def shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def only_object(ran, called: str = "le résultat"):
    """The one JSON object that a command printed on stdout. called: what it is, in the sentence of a wrong one."""
    lines = [line for line in ran.stdout.splitlines() if line.strip()]
    verify_that(
        f"{ran.line}, lignes sur stdout",
        len(lines) == 1,
        f"une seule, {called}",
        f"{len(lines)} lignes : {ran.stdout[:200]!r}",
    )
    try:
        return json.loads(lines[0])
    except ValueError:
        raise Wrong(f"{ran.line}, stdout", "un objet JSON", lines[0][:200]) from None


def explain(error: BaseException, name: str, folder: Path) -> dict:
    """{"outcome", and what to say}: what an exception means for the check of step `name` on `folder`."""
    where = _where(error, folder)
    match error:
        case Wrong():
            said = {"tried": error.tried, "wanted": error.wanted, "got": error.got}
            return {"outcome": "wrong", **said, **({"hint": error.hint} if error.hint else {})}
        case NotAttempted():
            return {"outcome": "todo", "got": str(error)}
        case Uncheckable():
            return {"outcome": "unchecked", "got": str(error)}
        case NotImplementedError() if error.args and STEP_NAME.fullmatch(str(error.args[0])):
            place = where.partition(" : ")[0] or f"L'étape {name}"
            if error.args[0] == name:
                return {"outcome": "todo", "got": f"{place} attend votre code."}
            return {
                "outcome": "unchecked",
                "got": f"Il faut d'abord l'étape {error.args[0]}{where and f' ({place})'}.",
            }
        case SyntaxError() if "codec can't decode" in str(error) or "unicode" in str(error):
            return _error(
                f"{Path(error.filename or where).name} n'est pas en UTF-8 : enregistrez-le en UTF-8 dans votre éditeur."
            )
        case SyntaxError():
            line = (error.text or "").strip()
            said = f"Python ne sait pas lire « {line} » ({in_french(error.msg)})."
            return _error(f"{Path(error.filename or '').name}, ligne {error.lineno} : {said}", MISSPELT)
        case ModuleNotFoundError() if (SOLUTIONS / f"{error.name}.py").exists():
            return _error(
                f"{folder.name}/{error.name}.py est introuvable (renommé, déplacé ?) : « lab reset {name.split('.')[0]} » "
                "le rétablit."
            )
        case ImportError() if where:
            return _error(f"{where} : {in_french(str(error))}.", "Relisez le nom importé.")
        case ImportError() if error.name:
            return _error(f"{error.name}.py : {in_french(error.msg)}. Une fonction supprimée ou renommée ?")
        case AttributeError() if isinstance(error.obj, ModuleType):
            return _error(
                f"{error.obj.__name__}.py ne définit plus « {error.name} » : supprimée ou renommée ? "
                f"« lab reset {name.split('.')[0]} » la rétablit (votre fichier est d'abord sauvegardé)."
            )
        case SystemExit():
            return _error(
                f"Votre code quitte Python ({where}) : rendez une valeur ou levez une erreur, sans sys.exit."
            )
        case _ if where:
            return _error(f"{type(error).__name__} : {in_french(str(error))} ({where}).")
        case _:
            return _error(
                f"Ce que votre code a rendu n'a pas la forme attendue ({type(error).__name__} : {in_french(str(error))})."
            )


def _error(message: str, hint: str | None = None) -> dict:
    return {"outcome": "error", "got": message, **({"hint": hint} if hint else {})}


def _where(error: BaseException, folder: Path) -> str:
    """The last line of the trainee's files the exception went through, to show; empty if none."""
    home = folder.resolve()
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).resolve().parent == home
    ]
    if not frames:
        return ""
    last = frames[-1]
    return f"{Path(last.filename).name}, ligne {last.lineno} : « {last.line} »"
