"""`lab bundle`: one archive that installs the lab where there is no network, for machines like this one.

It holds the folder `offline/`: the wheels of requirements.txt (Node.js is one of them), npm's cache with what n8n and
Node-RED are made of, and n8n's database driver, compiled. Unpacked at the lab's root, it is what `make lab` installs
from (labkit/bootstrap.py, labkit/n8n/install.py). n8n's licence lets you hand it on free of charge, not sell it.
"""

import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import click
from rich.progress import Progress

from labkit import bootstrap
from labkit.base.paths import N8N, ROOT
from labkit.n8n import install
from labkit.n8n.node_red import SOURCE as NODE_RED

# What builds the lab's own package, which requirements.txt does not name.
BUILDERS = ("setuptools>=77",)
NPM_BATCH = 150
PROCESSORS = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}


class BundleError(click.ClickException):
    """An archive that cannot be made: one sentence, said without a traceback."""


@click.command("bundle")
@click.option(
    "--output",
    default=ROOT / "build",
    show_default="build/",
    type=click.Path(file_okay=False, path_type=Path),
)
@click.option(
    "--without", type=click.Choice(["n8n"]), help="Laisser n8n et Node-RED de côté : 0,4 Go au lieu de 1."
)
def bundle_command(output: Path, without: str | None) -> None:
    """Prépare une archive qui installe le laboratoire sans réseau, sur des machines comme celle-ci."""
    folder = output / "offline"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with Progress() as progress:
            download_wheels(folder / "wheels", progress)
            if without != "n8n":
                install_n8n(progress)
                fill_npm_cache(folder / "npm-cache", progress)
                keep_driver(folder / "sqlite3")
            (folder / "manifest.json").write_text(
                json.dumps(bootstrap.bundle_manifest(), indent=2), encoding="utf-8"
            )
            archive = pack(folder, progress)
    except OSError as problem:
        raise BundleError(f"L'archive n'a pas pu être écrite dans {output} ({problem}).") from None
    size = f"{archive.stat().st_size / 1e9:.1f} Go".replace(".", ",")
    click.echo(f"✓ {archive} ({size})")
    click.echo(
        "À déplier à la racine du laboratoire, sur la machine sans réseau : tar xf ARCHIVE, puis make lab."
    )


def download_wheels(folder: Path, progress: Progress) -> None:
    """The wheels of requirements.txt for this system and this Python, and no others, in `folder`."""
    shutil.rmtree(folder, ignore_errors=True)
    pins = len(
        re.findall(r"^[\w.-]+(\[.*\])?==", (ROOT / "requirements.txt").read_text(encoding="utf-8"), re.M)
    )
    task = progress.add_task("paquets Python", total=pins)
    command = [sys.executable, "-m", "pip", "download", "--only-binary", ":all:", "--progress-bar", "off"]
    command += ["--dest", str(folder), "-r", str(ROOT / "requirements.txt"), *BUILDERS]
    for line in _lines_of(command, "Les paquets Python n'ont pas pu être téléchargés"):
        if line.startswith("Collecting "):
            progress.advance(task)
    progress.update(task, completed=pins)


def install_n8n(progress: Progress) -> None:
    """n8n, if it is not installed here: its database driver must have been compiled once."""
    task = progress.add_task("n8n", total=None)
    install.install(lambda text: progress.update(task, description=f"n8n : {text}"))
    progress.update(task, total=1, completed=1, description="n8n")


def fill_npm_cache(folder: Path, progress: Progress) -> None:
    """npm's cache with every package that the locks of n8n and Node-RED want on this system."""
    specs = sorted({spec for lock in (N8N, NODE_RED) for spec in npm_specs(lock / "package-lock.json")})
    task = progress.add_task("paquets npm", total=len(specs))
    for start in range(0, len(specs), NPM_BATCH):
        batch = specs[start : start + NPM_BATCH]
        command = [install.npm(), "cache", "add", "--cache", str(folder), *batch]
        list(_lines_of(command, "Les paquets npm n'ont pas pu être téléchargés"))
        progress.advance(task, len(batch))
    shutil.rmtree(folder / "_logs", ignore_errors=True)


def npm_specs(lock: Path) -> Iterator[str]:
    """The `name@version` of each package of a package-lock.json that this system can run."""
    here = {"os": sys.platform, "cpu": PROCESSORS.get(platform.machine().lower(), platform.machine())}
    for place, package in json.loads(lock.read_text(encoding="utf-8"))["packages"].items():
        fits = all(name in package[key] for key, name in here.items() if key in package)
        if place and fits:
            yield f"{install.name_of(place, package)}@{package['version']}"


def keep_driver(folder: Path) -> None:
    """n8n's sqlite3, compiled, so that the other machine needs no compiler."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for path in install.DRIVER.glob("*.node"):
        shutil.copy(path, folder)


def pack(folder: Path, progress: Progress) -> Path:
    """The archive beside `folder`, written under another name first. What it holds is compressed already."""
    archive = folder.parent / f"labo-hors-ligne-{sys.platform}-{platform.machine()}-py{_python()}.tar"
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    task = progress.add_task("archive", total=len(files))
    beside = archive.with_suffix(".part")
    with tarfile.open(beside, "w") as tar:
        for path in files:
            tar.add(path, Path("offline", path.relative_to(folder)).as_posix())
            progress.advance(task)
    beside.replace(archive)
    return archive


def _python() -> str:
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def _lines_of(command: list[str], failure: str) -> Iterator[str]:
    """What a command prints, line by line. BundleError with its last words if it fails."""
    last = ""
    with subprocess.Popen(
        command,
        env=os.environ | install.node_path(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    ) as process:
        for line in process.stdout or ():
            last = line.strip() or last
            yield line
    if process.returncode:
        raise BundleError(
            f"{failure} : vérifiez la connexion (ou le proxy) et la place. Dernière ligne : {last}"
        )
