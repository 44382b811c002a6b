"""Set up the lab's Python environment in .venv: `python labkit/bootstrap.py`.

Standard library only, and written so that an old Python still reads it and gets a clear sentence.
The second run costs nothing: a stamp in .venv says that what is installed is what is asked for.
"""

import hashlib
import os
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
STAMP = os.path.join(VENV, "lab-setup.stamp")
REQUIREMENTS = os.path.join(ROOT, "requirements.txt")
OLDEST = (3, 11)


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
    for name in ("requirements.txt", "pyproject.toml"):
        with open(os.path.join(ROOT, name), "rb") as stream:
            digest.update(stream.read())
    return digest.hexdigest()


def is_ready():
    try:
        with open(STAMP) as stream:
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
    with open(REQUIREMENTS) as stream:
        return next(line.split()[0] for line in stream if line.startswith(package + "=="))


def run_installer(arguments):
    """Run an installer, its output kept for the error message. True if it succeeded."""
    done = subprocess.run([environment_python(), "-m", *arguments], cwd=ROOT, stderr=subprocess.PIPE)
    if done.returncode:
        sys.stderr.write(done.stderr.decode(errors="replace"))
    return done.returncode == 0


def install_packages():
    say("… installation des paquets Python (environ 700 Mo, une à trois minutes la première fois)")
    has_uv = run_installer(["pip", "install", "--quiet", pinned("uv")])
    installer = ["uv", "pip"] if has_uv else ["pip"]
    target = ["--python", environment_python()] if has_uv else []
    install = [*installer, "install", "--quiet", *target]
    # uv leaves byte-code to the first import, which would make each first import of the day slow.
    compiled = ["--compile-bytecode"] if has_uv else []
    complete = run_installer([*install, *compiled, "-r", "requirements.txt"]) and run_installer(
        [*install, "--no-deps", "--editable", "."]
    )
    if not complete:
        raise SetupError(
            "Les paquets Python n'ont pas tous pu être installés (détail ci-dessus). Vérifiez la connexion "
            "et la place sur le disque, puis relancez la même commande : elle reprend où elle en était."
        )


def main():
    try:
        check_python(sys.version_info)
        if is_ready():
            return 0
        create_environment()
        install_packages()
        with open(STAMP, "w") as stream:
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
