"""`lab doctor`: each thing that keeps a lab from running is named, with one remedy."""

import contextlib
import http.server
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections import namedtuple
from email.utils import formatdate

import psutil
import pytest

from labkit import bootstrap
from labkit.base.processes import free_port
from labkit.commands.diagnosis import disk, network, node, python
from labkit.commands.diagnosis.finding import GOOD, NOTE, PROBLEM
from labkit.n8n import install
from tests.conftest import REPOSITORY
from tests.unit.lab_copy import NOWHERE, make_copy

Room = namedtuple("Room", "available free")


def only(check):
    """The one finding of a check."""
    (finding,) = check()
    return finding


def test_this_very_environment_is_found_well_with_exit_code_0_or_every_problem_is_named(tmp_path):
    done = make_copy(tmp_path / "lab").lab("doctor", PIP_INDEX_URL=NOWHERE)
    problems = done.stdout.count(PROBLEM)
    assert done.returncode == (1 if problems else 0)
    assert ("Tout va bien." in done.stdout) == (problems == 0)
    assert done.stdout.count("→") >= problems


def test_where_nothing_is_installed_it_still_runs_and_says_what_to_do():
    """-S: a Python without a single package."""
    command = [sys.executable, "-S", "-m", "labkit.commands.doctor"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, encoding="utf-8", timeout=60)
    assert (done.returncode, done.stderr) == (1, "")
    assert "1 problème(s)" in done.stdout


def test_a_lab_folder_that_lost_its_list_of_packages_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr(python.bootstrap, "REQUIREMENTS", str(tmp_path / "requirements.txt"))
    finding = only(python.packages)
    assert (finding.label, finding.sentence) == (
        PROBLEM,
        "requirements.txt manque à la racine du laboratoire.",
    )
    assert "git checkout" in finding.remedy


def test_an_old_python_is_told_which_one_to_install(monkeypatch):
    monkeypatch.setattr(python.sys, "version_info", (3, 9, 2))
    finding = only(python.python_version)
    assert (finding.label, finding.sentence) == (PROBLEM, "Python 3.9 est trop ancien.")
    assert finding.remedy.startswith("Installez Python 3.11 ou plus récent")


@pytest.mark.parametrize(
    ("pins", "said"),
    [
        ("no-such-package==1.0\n", "il en manque 1 (no-such-package)"),
        ("click==0.1\n", "mauvaise version : click"),
        ("no-such-package==1.0 ; sys_platform == 'plan9'\n", "tous à la bonne version"),
    ],
)
def test_a_package_that_is_missing_or_of_another_version_is_named(monkeypatch, tmp_path, pins, said):
    (tmp_path / "requirements.txt").write_text(pins)
    monkeypatch.setattr(bootstrap, "REQUIREMENTS", str(tmp_path / "requirements.txt"))
    monkeypatch.setattr(bootstrap, "VENV", str(tmp_path / "absent"))
    assert said in only(python.packages).sentence


def test_another_python_than_the_lab_s_is_named_with_the_right_one(monkeypatch, tmp_path):
    (tmp_path / "requirements.txt").write_text("no-such-package==1.0\n")
    monkeypatch.setattr(bootstrap, "REQUIREMENTS", str(tmp_path / "requirements.txt"))
    monkeypatch.setattr(bootstrap, "VENV", str(tmp_path))
    finding = only(python.packages)
    assert (finding.label, sys.executable in finding.sentence) == (PROBLEM, True)
    assert bootstrap.environment_python() in finding.remedy


def test_a_set_up_that_was_interrupted_is_told_from_a_complete_one(monkeypatch, tmp_path):
    (tmp_path / "requirements.txt").write_text("")
    monkeypatch.setattr(bootstrap, "REQUIREMENTS", str(tmp_path / "requirements.txt"))
    monkeypatch.setattr(bootstrap, "VENV", sys.prefix)
    monkeypatch.setattr(bootstrap, "STAMP", str(tmp_path / "stamp"))
    assert (only(python.packages).label, only(python.packages).remedy) == (PROBLEM, "make lab")


def test_a_taken_port_is_named_with_its_holder_and_hinders_only_who_asked_for_it(monkeypatch):
    port = free_port()
    monkeypatch.chdir(os.sep)
    monkeypatch.setattr(network, "USUAL_PORTS", {"api": port})
    with socket.create_server(("127.0.0.1", port)):
        monkeypatch.delenv("LAB_API_PORT", raising=False)
        usual = only(network.ports)
        monkeypatch.setenv("LAB_API_PORT", str(port))
        asked = only(network.ports)
    assert (usual.label, asked.label) == (NOTE, PROBLEM)
    assert f"{port} (api) est occupé par" in usual.sentence
    assert f"(processus {os.getpid()})" in usual.sentence
    assert "LAB_API_PORT" in asked.remedy


@pytest.mark.parametrize(("excepted", "label"), [("", PROBLEM), ("127.0.0.1,localhost", GOOD)])
def test_a_proxy_must_except_this_machine_and_its_password_is_not_shown(monkeypatch, excepted, label):
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://jeanne:secret@proxy.example:3128")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, excepted)
    finding = only(network.proxy)
    assert finding.label == label
    assert "proxy.example:3128" in finding.sentence
    assert "secret" not in str(finding)


def test_a_folder_that_cannot_be_written_is_named(monkeypatch, tmp_path):
    refused = tmp_path / "a file, where nobody can create another"
    refused.touch()
    monkeypatch.setattr(disk, "DATA", refused)
    finding = only(disk.write_access)
    assert (finding.label, str(refused) in finding.sentence) == (PROBLEM, True)


@contextlib.contextmanager
def index_whose_clock_is_off(seconds):
    """A package index on this machine, its Date header off by so much; its address."""

    class Index(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self):
            self.send_response_only(404)
            self.send_header("Date", formatdate(time.time() + seconds, usegmt=True))
            self.end_headers()

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Index) as server:
        threading.Thread(target=server.serve_forever, args=[0.02], daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()


@pytest.mark.parametrize(
    ("off", "label", "said"),
    [
        (0, GOOD, "juste, à moins d'une minute"),
        (300, PROBLEM, "retarde de 5 minutes"),
        (-7200, PROBLEM, "avance de 2 heures"),
    ],
)
def test_the_clock_is_compared_with_the_package_index(monkeypatch, off, label, said):
    with index_whose_clock_is_off(off) as address:
        monkeypatch.setenv("PIP_INDEX_URL", address)
        finding = only(network.clock)
    assert finding.label == label
    assert said in finding.sentence


def test_without_a_network_a_file_of_the_future_still_betrays_the_clock(monkeypatch, tmp_path):
    monkeypatch.setenv("PIP_INDEX_URL", NOWHERE)
    monkeypatch.setattr(network, "ROOT", tmp_path)
    assert only(network.clock).sentence.startswith("non vérifiable sans réseau")
    (tmp_path / "requirements.txt").touch()
    os.utime(tmp_path / "requirements.txt", (time.time() + 86400 * 3,) * 2)
    finding = only(network.clock)
    assert (finding.label, "retarde de 3 jours" in finding.sentence) == (PROBLEM, True)


def test_a_slow_disk_is_told_with_its_usual_causes(monkeypatch):
    monkeypatch.setattr(disk, "_timed_write", lambda folder: 120.0)
    finding = only(disk.disk_speed)
    assert (finding.label, "120 ms" in finding.sentence) == (PROBLEM, True)
    assert "antivirus" in finding.remedy


def test_too_little_memory_and_too_little_disk_are_told_with_what_is_needed(monkeypatch):
    monkeypatch.setattr(disk, "n8n_state", lambda: "absent")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Room(0, 3 * 2**30))
    monkeypatch.setattr(psutil, "virtual_memory", lambda: Room(2**29, 0))
    space, memory = disk.room()
    assert (space.label, space.sentence) == (PROBLEM, "il reste 3,0 Gio, il en faut 4.")
    assert (memory.label, "0,5 Gio disponibles" in memory.sentence) == (PROBLEM, True)


@pytest.fixture
def n8n_folder(monkeypatch, tmp_path):
    for module in (node, install):
        monkeypatch.setattr(module, "N8N", tmp_path)
    (tmp_path / "package-lock.json").write_text("{}")
    return tmp_path


def test_an_n8n_installed_by_half_is_told_from_none_and_from_one_that_installs_itself(n8n_folder):
    assert node.n8n_state() == "absent"
    (n8n_folder / "node_modules").mkdir()
    assert only(node.n8n).remedy == "lab n8n install"
    with install.FileLock(n8n_folder / ".install.lock"):
        assert only(node.n8n).label == NOTE


def test_a_missing_compiler_is_told_while_n8n_is_still_to_be_installed(monkeypatch, n8n_folder):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    absent, compiler = node.n8n()
    assert absent.sentence == "pas encore installé."
    assert "build-essential" in compiler.remedy


def test_a_node_that_does_not_answer_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr(install, "node_folder", lambda: tmp_path)
    finding = next(node.node())
    assert (finding.label, "installé à moitié" in finding.sentence) == (PROBLEM, True)
