"""The Python that runs, and the packages it has."""

import platform
import re
import sys
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path

from labkit import bootstrap
from labkit.commands.diagnosis.finding import GOOD, PROBLEM, Finding


def python_version() -> Iterator[Finding]:
    try:
        bootstrap.check_python(sys.version_info)
    except bootstrap.SetupError as problem:
        yield Finding(PROBLEM, "Python", *_cut(str(problem)))
    else:
        yield Finding(GOOD, "Python", f"Python {platform.python_version()}.")


def _cut(problem: str) -> tuple[str, str]:
    """A bootstrap sentence « what : remedy », in two."""
    what, _, remedy = problem.partition(" : ")
    return f"{what}.", remedy[:1].upper() + remedy[1:]


def packages() -> Iterator[Finding]:
    """Against requirements.txt, and against the stamp that a complete set-up leaves in .venv."""
    if not Path(bootstrap.REQUIREMENTS).is_file():
        sentence = "requirements.txt manque à la racine du laboratoire."
        yield Finding(PROBLEM, "Paquets", sentence, "git checkout requirements.txt, ou l'archive d'origine.")
        return
    inside = Path(sys.prefix).resolve() == Path(bootstrap.VENV).resolve()
    remedy = "make lab" if inside else "python -m pip install -r requirements.txt"
    missing, wrong = compared(pinned_here())
    if (missing or wrong) and not inside and Path(bootstrap.VENV).exists():
        said = f"{sys.executable} n'est pas celui du laboratoire, qui est dans .venv."
        yield Finding(
            PROBLEM, "Python", said, f"Utilisez {bootstrap.environment_python()}, ou activez .venv."
        )
    elif missing:
        said = f"il en manque {len(missing)} ({_some(missing)}) : l'installation est restée à moitié faite."
        yield Finding(PROBLEM, "Paquets", said, remedy)
    elif wrong:
        yield Finding(PROBLEM, "Paquets", f"mauvaise version : {_some(wrong)}.", remedy)
    elif inside and not bootstrap.is_ready():
        said = "l'installation n'est pas allée à son terme, ou requirements.txt a changé depuis."
        yield Finding(PROBLEM, "Paquets", said, remedy)
    else:
        yield Finding(GOOD, "Paquets", "ceux de requirements.txt, tous à la bonne version.")


def compared(pins: Iterable[tuple[str, str]]) -> tuple[list[str], list[str]]:
    """The names that are not installed, and what is installed in another version, in words."""
    missing, wrong = [], []
    for name, wanted in pins:
        try:
            found = metadata.version(name)
        except metadata.PackageNotFoundError:
            missing.append(name)
            continue
        if found != wanted:
            wrong.append(f"{name} {found} au lieu de {wanted}")
    return missing, wrong


def pinned_here() -> Iterator[tuple[str, str]]:
    """(name, version) of requirements.txt for this system and this Python."""
    try:
        from packaging.requirements import Requirement
    except ImportError:
        yield "packaging", ""
        return
    for line in Path(bootstrap.REQUIREMENTS).read_text(encoding="utf-8").splitlines():
        if re.match(r"[\w.-]+(\[.*\])?==", line):
            pin = Requirement(line.partition(" #")[0])
            if pin.marker is None or pin.marker.evaluate():
                yield pin.name, next(iter(pin.specifier)).version


def _some(names: list[str]) -> str:
    return ", ".join(names[:4]) + (" …" if len(names) > 4 else "")
