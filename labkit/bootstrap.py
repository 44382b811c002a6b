"""Set up the lab's Python environment in .venv: `python labkit/bootstrap.py`.

Standard library only, and written so that an old Python still reads it and gets a clear sentence.
The second run costs nothing: a stamp in .venv says that what is installed is what is asked for.
"""

import ast
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import urllib.parse

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
STAMP = os.path.join(VENV, "lab-setup.stamp")
REQUIREMENTS = os.path.join(ROOT, "requirements.txt")
# What `lab bundle` prepared for a machine without a network (labkit/commands/bundle.py): used when it is there.
OFFLINE = os.environ.get("LAB_BUNDLE") or os.path.join(ROOT, "offline")
MUST_FIT = {"system": "système", "python": "Python", "requirements": "état de requirements.txt"}
OLDEST = (3, 11)
# What pip's configuration says of its index, and the variable by which uv is told so.
INDEX_KEYS = {
    "index-url": "UV_DEFAULT_INDEX",
    "trusted-host": "UV_INSECURE_HOST",
}


class SetupError(Exception):
    """A set-up that cannot go on; the message says what to do."""


def say(text):
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def check_python(version):
    if tuple(version[:2]) < OLDEST:
        raise SetupError(
            "Python %d.%d est trop ancien : installez Python 3.11 ou plus récent, puis relancez "
            "(ou nommez-le : make lab PYTHON=python3.12)." % tuple(version[:2])
        )


def wanted_stamp():
    """What must be installed, as a digest: the pins, the project, and the Python that runs them."""
    digest = hashlib.sha256(sys.version.encode())
    for name in ("requirements.txt", "pyproject.toml", "labkit/pyproject.toml"):
        with open(os.path.join(ROOT, name), "rb") as stream:
            digest.update(stream.read())
    return digest.hexdigest()


def is_ready():
    try:
        with open(STAMP, encoding="utf-8") as stream:
            return stream.read() == wanted_stamp()
    except OSError:
        return False


def environment_python():
    folder, name = ("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")
    return os.path.join(VENV, folder, name)


def create_environment():
    if os.path.exists(environment_python()):
        return
    say("… création de l'environnement Python (.venv)")
    made = subprocess.run(
        [sys.executable, "-m", "venv", VENV], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    if made.returncode:
        shutil.rmtree(VENV, ignore_errors=True)
        reason = made.stdout.decode(errors="replace").strip().splitlines()[-1:] or ["raison inconnue"]
        raise SetupError(
            "L'environnement .venv n'a pas pu être créé (%s). Sous Debian ou Ubuntu : "
            "sudo apt install python3-venv. Vérifiez aussi que vous pouvez écrire dans %s."
            % (reason[0], ROOT)
        )


def pinned(package):
    """The `package==version` line of requirements.txt."""
    with open(REQUIREMENTS, encoding="utf-8") as stream:
        return next(line.split()[0] for line in stream if line.startswith(package + "=="))


def index_settings():
    """The package index that pip's configuration names, in uv's variables: uv reads none of pip's."""
    listed = subprocess.run(
        [environment_python(), "-m", "pip", "config", "list"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    known = dict(
        line.split("=", 1) for line in listed.stdout.decode(errors="replace").splitlines() if "=" in line
    )
    found = {}
    for section in ("global", "install", ":env:"):  # the last one wins, as in pip
        for key, variable in INDEX_KEYS.items():
            if section + "." + key in known:
                found[variable] = " ".join(ast.literal_eval(known[section + "." + key]).split())
    return found


def index_name(settings):
    """The host of the index, without the password its address may bear."""
    return urllib.parse.urlsplit(settings.get("UV_DEFAULT_INDEX", "")).hostname or "celui de pip, par défaut"


def run_installer(arguments, settings):
    """Run an installer, its output kept for the error message. True if it succeeded."""
    done = subprocess.run(
        [environment_python(), "-m", *arguments],
        cwd=ROOT,
        env=dict(settings, **os.environ),
        stderr=subprocess.PIPE,
    )
    if done.returncode:
        sys.stderr.write(done.stderr.decode(errors="replace"))
    return done.returncode == 0


def bundle_manifest():
    """What an offline archive must fit to be of use here: the system, the Python, the pins of the packages."""
    with open(REQUIREMENTS, "rb") as stream:
        pins = hashlib.sha256(stream.read()).hexdigest()
    return {
        "system": "%s %s" % (platform.system(), platform.machine()),
        "python": "%d.%d" % sys.version_info[:2],
        "requirements": pins,
    }


def offline_folder():
    """The unpacked offline archive, None if there is none. SetupError if it does not fit this machine or this lab."""
    if not os.path.exists(OFFLINE):
        if "LAB_BUNDLE" in os.environ:
            raise SetupError(
                "LAB_BUNDLE nomme %s, qui n'existe pas : corrigez ou effacez cette variable." % OFFLINE
            )
        return None
    try:
        with open(os.path.join(OFFLINE, "manifest.json"), encoding="utf-8") as stream:
            made_for = json.load(stream)
    except (OSError, ValueError):
        made_for = {}
    if not made_for:
        raise SetupError(
            "%s n'est pas une archive hors ligne dépliée : dépliez-la (tar xf ARCHIVE) à la racine du laboratoire, "
            "ou effacez ce dossier." % OFFLINE
        )
    here = bundle_manifest()
    for key, name in MUST_FIT.items():
        if made_for.get(key) != here[key]:
            raise SetupError(
                "L'archive hors ligne %s est faite pour un autre %s : refaites-la (make bundle) sur une machine "
                "comme celle-ci, ou effacez ce dossier pour installer par le réseau." % (OFFLINE, name)
            )
    return OFFLINE


def install_packages():
    offline = offline_folder()
    settings = {} if offline else index_settings()
    origin = "l'archive hors ligne" if offline else "index : %s" % index_name(settings)
    say(
        "… installation des paquets Python (2 Go sur le disque, une à trois minutes la première fois ; %s)"
        % origin
    )
    source = ["--no-index", "--find-links", os.path.join(offline, "wheels")] if offline else []
    has_uv = run_installer(["pip", "install", "--quiet", *source, pinned("uv")], settings)
    installer = ["uv", "pip"] if has_uv else ["pip"]
    target = ["--python", environment_python()] if has_uv else []
    install = [*installer, "install", "--quiet", *source, *target]
    # uv leaves byte-code to the first import, which would make each first import of the day slow.
    compiled = ["--compile-bytecode"] if has_uv else []
    complete = run_installer([*install, *compiled, "-r", "requirements.txt"], settings) and run_installer(
        [*install, "--no-deps", "--editable", ".", "--editable", "./labkit"], settings
    )
    if not complete:
        raise SetupError(
            "Les paquets Python n'ont pas tous pu être installés (détail ci-dessus ; %s). Vérifiez la connexion "
            "et la place sur le disque, puis relancez la même commande : elle reprend où elle en était."
            % origin
        )
    compile_own_sources()


def compile_own_sources():
    """Byte-code for what is installed in place: where Python is told to write none, each process would make it anew.

    A process that checks an exercise is: it leaves no folder among the trainee's scripts.
    """
    subprocess.run([environment_python(), "-m", "compileall", "-q", "labkit", "ingestion"], cwd=ROOT)


def main():
    try:
        check_python(sys.version_info)
        if is_ready():
            return 0
        create_environment()
        install_packages()
        with open(STAMP, "w", encoding="utf-8") as stream:
            stream.write(wanted_stamp())
        say("✓ environnement Python prêt")
    except SetupError as error:
        say("✗ " + str(error))
        return 1
    except KeyboardInterrupt:
        say("✗ Interrompu : relancez la même commande, elle reprendra où elle en était.")
        return 1
    except OSError as error:
        say("✗ Impossible d'écrire dans %s (%s) : vérifiez vos droits et la place." % (ROOT, error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
