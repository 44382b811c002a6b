"""The lab's images, built and run by podman as Docker would: `make container`."""

import os
import re
import resource
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from labkit.base.paths import USUAL_PORTS
from labkit.base.processes import is_free, stop_tree
from labkit.services.health import NAMES
from tests.conftest import REPOSITORY
from tests.unit.lab_copy import wait_until

NEEDED = ("podman", "runc", "debootstrap", "docker-compose")
IMAGES = {"lab": "labo-ingestion", "s3": "labo-ingestion-s3"}
BUILD = "podman build --isolation chroot --network host"
PORTS = {name: USUAL_PORTS[name] for name in NAMES}
# Nobody's account here: what is written under this number was written by the container.
PERSON = 4711
# Some ten gigabytes, kept from one time to the next.
STORAGE = REPOSITORY / "build" / "containers"
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
DOCKER = """#!/bin/sh
if [ "$1" = compose ]; then shift; exec docker-compose "$@"; fi
exec podman "$@"
"""


@dataclass
class Docker:
    """The commands of deploy/README.md, run in `root`, a copy of the lab that belongs to PERSON."""

    root: Path
    environment: dict[str, str]

    def __call__(self, command: str, succeeds: bool = True) -> subprocess.CompletedProcess:
        """Run a line of shell, or several."""
        done = subprocess.run(
            ["bash", "-euc", command],
            cwd=self.root,
            env=self.environment,
            capture_output=True,
            encoding="utf-8",
            timeout=1800,
        )
        assert not succeeds or done.returncode == 0, done.stdout + done.stderr
        return done

    def says(self, command: str) -> str:
        return self(command).stdout

    @contextmanager
    def up(self, command: str) -> Iterator[None]:
        """What `command` has Compose start, until the end of a `with`."""
        try:
            self(command)
            wait_until(lambda: not re.search(r"\((starting|unhealthy)\)", self.says("docker ps")), 300)
            yield
        finally:
            down = "docker compose -f deploy/compose.yaml down --remove-orphans"
            # podman refuses to remove `api` before those that share its network, and Compose asks for all at once.
            self(down, succeeds=False)
            self(down)


def block(heading: str) -> str:
    """The shell commands that deploy/README.md gives under a heading."""
    text = (REPOSITORY / "deploy" / "README.md").read_text(encoding="utf-8")
    return re.search(rf"^#+ {re.escape(heading)}$.*?^```bash\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)[1]


@pytest.fixture(scope="session")
def docker(tmp_path_factory) -> Iterator[Docker]:
    if missing := [name for name in NEEDED if not shutil.which(name)]:
        pytest.skip(f"not installed: {', '.join(missing)}")
    if os.geteuid():
        pytest.skip("podman as root only")
    taken = [port for port in PORTS.values() if not is_free(port)]
    assert not taken, f"stop what listens here: {taken}"
    folder = tmp_path_factory.mktemp("containers")
    environment = set_up_podman(folder)
    found = Docker(copy_of_the_lab(folder / "labo"), environment)
    try:
        make_images(found)
        with podman_serves(folder, environment), health_is_looked_at(environment):
            yield found
    finally:
        unmount(STORAGE)


def set_up_podman(folder: Path) -> dict[str, str]:
    """Variables for a podman of its own, whose images stay in build/containers, and for a `docker` that is podman."""
    STORAGE.mkdir(parents=True, exist_ok=True)
    files, limit = folder / "etc", resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    files.mkdir()
    (files / "storage.conf").write_text(
        f'[storage]\ndriver = "overlay"\ngraphroot = "{STORAGE}/storage"\nrunroot = "{STORAGE}/run"\n'
    )
    # A machine that is itself confined refuses to raise its limits, and crun its kind of cgroups.
    (files / "containers.conf").write_text(
        f'[containers]\ndefault_ulimits = ["nofile={limit}:{limit}", "nproc=4096:4096"]\n[engine]\nruntime = "runc"\n'
    )
    programs = folder / "bin"
    programs.mkdir()
    (programs / "docker").write_text(DOCKER)
    (programs / "docker").chmod(0o755)
    return os.environ | {
        "CONTAINERS_STORAGE_CONF": str(files / "storage.conf"),
        "CONTAINERS_CONF": str(files / "containers.conf"),
        "DOCKER_HOST": f"unix://{folder}/podman.sock",
        "COMPOSE_HTTP_TIMEOUT": "300",
        "PATH": os.pathsep.join([str(programs), os.environ["PATH"]]),
        "LAB_UID": str(PERSON),
        "LAB_GID": str(PERSON),
    }


def copy_of_the_lab(root: Path) -> Path:
    """What git tracks, or would: of a person's whom no account here is."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=REPOSITORY, capture_output=True, encoding="utf-8", check=True).stdout
    for name in names.splitlines():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(REPOSITORY / name, root / name)
    for path in [root, *root.rglob("*")]:
        os.chown(path, PERSON, PERSON)
    return root


def make_images(docker: Docker) -> None:
    """The lab's, on a Debian of this machine's package source, for where no registry of images answers."""
    if "labo-base" not in docker.says("podman images"):
        make_base(docker)
    for target, image in IMAGES.items():
        docker(
            f"{BUILD} --build-arg BASE=localhost/labo-base --target {target} --tag {image} "
            "--file deploy/Containerfile ."
        )
    docker(
        "echo 'FROM localhost/labo-base\nRUN apt-get update && apt-get install -y redis-server' | "
        f"{BUILD} --tag docker.io/library/redis:8-bookworm -"
    )


def make_base(docker: Docker) -> None:
    """Debian with Python, as python:3.12-slim-bookworm is, and what this machine trusts."""
    root = docker.root.parent / "base"
    docker(f"debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates bookworm {root}")
    trusted = ["SSL_CERT_FILE", "PIP_CERT", "NODE_EXTRA_CA_CERTS"] if CERTIFICATES.exists() else []
    if trusted:
        shutil.copy(CERTIFICATES, root / CERTIFICATES.relative_to("/"))
    changes = " ".join(f"--change 'ENV {name}={CERTIFICATES}'" for name in trusted)
    docker(f"tar -C {root} -c . | podman import {changes} - localhost/labo-base")


@contextmanager
def podman_serves(folder: Path, environment: dict[str, str]) -> Iterator[None]:
    """podman answers as Docker's engine, where DOCKER_HOST says."""
    process = subprocess.Popen(
        ["podman", "system", "service", "--time", "0", environment["DOCKER_HOST"]], env=environment
    )
    try:
        wait_until((folder / "podman.sock").exists)
        yield
    finally:
        stop_tree(process.pid)


@contextmanager
def health_is_looked_at(environment: dict[str, str]) -> Iterator[None]:
    """podman leaves the health checks to systemd, which may not be here."""
    stopping = threading.Event()

    def look() -> None:
        while not stopping.wait(2):
            listed = ["podman", "ps", "--filter", "health=starting", "--format", "{{.ID}}"]
            with suppress(subprocess.CalledProcessError):
                for one in subprocess.check_output(listed, env=environment, encoding="utf-8").split():
                    subprocess.run(
                        ["podman", "healthcheck", "run", one], env=environment, capture_output=True
                    )

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()


def unmount(folder: Path) -> None:
    """What podman leaves mounted there: nobody could remove the folder."""
    left = [one.mountpoint for one in psutil.disk_partitions(all=True)]
    for point in sorted((one for one in left if Path(one).is_relative_to(folder)), reverse=True):
        subprocess.run(["umount", "--lazy", point], check=False)
