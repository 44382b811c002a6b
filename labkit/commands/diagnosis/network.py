"""Ports, proxy and clock."""

import os
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from labkit.base.paths import HOST, ROOT, USUAL_PORTS, asked_port
from labkit.commands.diagnosis.finding import GOOD, NOTE, PROBLEM, Finding

CLOCK_TOLERANCE = 60.0


def ports() -> Iterator[Finding]:
    try:
        from labkit.base.addresses import AddressError, check
        from labkit.base.processes import is_free, listener, port_holder, works_here
    except ImportError:
        return
    try:
        check()
    except AddressError as problem:
        yield Finding(PROBLEM, "Adresses", problem.message, "Corrigez ou effacez cette variable.")
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


def _duration(seconds: float) -> str:
    for size, unit in ((86400, "jours"), (3600, "heures"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} secondes"
