"""`lab logs`: the logs as a person reads them. A run's are JSON lines, a service's are its own words.

Either may hold broken lines. A run of `lab run` keeps what its scripts said in data/runs/logs/RUN_ID.jsonl:
labkit/runs/ and labkit/notebooks/session.py write there.
"""

import json
import re
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import click
from rich.console import Console
from rich.text import Text

from labkit.base.paths import LOGS, ROOT

SERVICES = ("api", "jupyter", "n8n", "node-red")
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
COLORS = {"DEBUG": "dim", "INFO": "green", "WARNING": "yellow", "ERROR": "bold red", "CRITICAL": "bold red"}
# JupyterLab's "[W 2026-01-31 09:00:00.123 ServerApp] …", uvicorn's and n8n's "WARNING:  …" or "error | …".
BRACKETS = re.compile(r"\[(?P<level>[DIWEC]) (?P<time>[\d-]{10} [\d:]{8})\S* \w+\] (?P<message>.*)")
LABEL = re.compile(
    r"(?:(?P<time>\d{4}-\d\d-\d\d[T ][\d:.]{8,}Z?)\W+)?"
    r"(?P<level>debug|info|warn|warning|error|critical)\b[\s:|]+(?P<message>.*)",
    re.IGNORECASE,
)
NAMES = {level[0]: level for level in LEVELS} | {"WARN": "WARNING"}
POLL = 0.3


@dataclass(frozen=True)
class Entry:
    """One line of a log. time: as written, "" if there is none; level: one of LEVELS, "" if the line bears none."""

    message: str
    level: str = ""
    time: str = ""
    run_id: str = ""
    more: dict = field(default_factory=dict)


@click.command("logs")
@click.argument("service", required=False, type=click.Choice(SERVICES))
@click.option("--run", "run_id", metavar="ID", help="Ce passage (le début de son identifiant suffit).")
@click.option("--level", type=click.Choice(LEVELS, case_sensitive=False), help="À partir de ce niveau.")
@click.option("-n", "lines", default=40, show_default=True, help="Nombre de lignes.")
@click.option("-f", "--follow", is_flag=True, help="Rester, et montrer ce qui arrive ; Ctrl-C arrête.")
def logs_command(
    service: str | None, run_id: str | None, level: str | None, lines: int, follow: bool
) -> None:
    """Lit les journaux : ceux d'un SERVICE, d'un passage (--run), ou du dernier passage de lab run."""
    path = LOGS / f"{service}.log" if service else run_log(run_id)
    if not path.is_file():
        raise click.ClickException(f"Pas encore de journal pour {service} : démarrez-le avec lab start.")
    click.echo(f"→ {path.relative_to(ROOT).as_posix()}", err=True)
    written = path.read_bytes()
    about = run_id if service else None
    entries = selected(map(read_entry, as_lines(written)), level, about)
    for entry in list(entries)[-lines:]:
        show(entry)
    if follow:
        try:
            for entry in selected(map(read_entry, new_lines(path, len(written))), level, about):
                show(entry)
        except KeyboardInterrupt:
            sys.exit(0)


def run_log(run_id: str | None) -> Path:
    """The log of the run whose identifier begins so, of the last run without one. ClickException if there is none."""
    known = sorted(LOGS.glob("*.jsonl"))
    found = [path for path in known if path.name.startswith(run_id or "")]
    if not known:
        raise click.ClickException(
            "Aucun passage n'a encore de journal : lancez-en un (lab run 06_api_vers_parquet.ipynb), "
            "ou lisez celui d'un service (lab logs api)."
        )
    if run_id and len(found) != 1:
        names = ", ".join(path.stem for path in (found or known)[-5:])
        reason = "plusieurs passages commencent" if found else "aucun passage ne commence"
        raise click.ClickException(f"« {run_id} » : {reason} ainsi. Les derniers : {names}.")
    return found[-1]


def as_lines(written: bytes) -> list[str]:
    return written.decode("utf-8", errors="replace").splitlines()


def new_lines(path: Path, position: int) -> Iterator[str]:
    """The lines written after this byte, without end; from the start again when the file begins anew."""
    rest = b""
    while True:
        if path.stat().st_size < position:
            position, rest = 0, b""
        with path.open("rb") as stream:
            stream.seek(position)
            rest += stream.read()
            position = stream.tell()
        complete, mark, rest = rest.rpartition(b"\n")
        yield from as_lines(complete + mark)
        time.sleep(POLL)


def read_entry(line: str) -> Entry:
    """A line as it can best be understood; one that is no JSON and bears no known mark is all message."""
    try:
        content = json.loads(line)
    except ValueError:
        content = None
    if isinstance(content, dict) and "message" in content:
        level, moment = content.pop("level", ""), content.pop("time", content.pop("timestamp", ""))
        message, run_id = content.pop("message"), content.pop("run_id", "")
        return Entry(str(message), _level(str(level)), str(moment), str(run_id), content)
    if known := BRACKETS.match(line) or LABEL.match(line):
        return Entry(known["message"], _level(known["level"]), known["time"] or "")
    return Entry(line)


def _level(name: str) -> str:
    return NAMES.get(name.upper(), name.upper())


def selected(entries: Iterable[Entry], level: str | None, run_id: str | None) -> Iterator[Entry]:
    """Those from this level up, of this run. A line without a level goes with the one before it (a traceback)."""
    lowest = LEVELS.index(level.upper()) if level else 0
    current = "INFO"
    for entry in entries:
        current = entry.level if entry.level in LEVELS else current
        about = not run_id or entry.run_id.startswith(run_id) or run_id in entry.message
        if LEVELS.index(current) >= lowest and about:
            yield entry


def show(entry: Entry) -> None:
    """In colour on a terminal; the level is always written out."""
    line = Text(f"{_clock(entry.time):<8}  ", style="dim")
    line.append(f"{entry.level:<8} ", style=COLORS.get(entry.level, ""))
    line.append(entry.message, style="default")
    for name, value in entry.more.items():
        line.append(f"  {name}={value}", style="cyan")
    Console(highlight=False).print(line, soft_wrap=True)


def _clock(moment: str) -> str:
    """An instant in this machine's time, to the second; what cannot be read as one is left out."""
    try:
        return f"{datetime.fromisoformat(moment).astimezone():%H:%M:%S}"
    except ValueError:
        return ""
