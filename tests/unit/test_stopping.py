"""A run that is stopped stops: its scripts end with it, and its one JSON line says so to whoever can still read it."""

import json
import os
import signal
import subprocess
import sys

import psutil
import pytest

from labkit.base.switchboard_client import switch
from tests.notebooks.workspace import workspace
from tests.unit.lab_copy import wait_until

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
PERIOD = ["-p", "start_date", "2024-01-01", "-p", "end_date", "2024-01-31"]


@pytest.fixture
def lab(tmp_path):
    with workspace(tmp_path / "labo") as made:
        switch(made.api_url, "faults", kind="slow", rate=1, delay_s=1)
        yield made


def start(lab, name, *before, **environment):
    command = [*before, sys.executable, "-m", "labkit.cli", "run", name, *PERIOD]
    process = subprocess.Popen(
        command,
        cwd=lab.root,
        env=lab.environment | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
    )
    wait_until(lambda: scripts_of(lab))
    return process


def scripts_of(lab):
    """The scripts at work in this lab's folder."""
    found = []
    for one in psutil.process_iter(["cmdline", "cwd"]):
        words = one.info["cmdline"] or []
        if one.info["cwd"] == str(lab.root) and any(
            word.endswith("solutions/ingest_api.py") for word in words
        ):
            found.append(one)
    return found


def test_a_service_that_ends_with_its_caller_does_however_that_one_ends(tmp_path):
    said = tmp_path / "said.txt"
    command = [sys.executable, "-m", "labkit.cli", "api", "--port", "0"]
    own = {"LAB_ROOT": str(tmp_path), "LAB_STOP_WITH_CALLER": "1"}
    with said.open("w") as stream:
        shell = subprocess.Popen(
            ["sh", "-c", '"$@" || exit 0', "sh", *command], env=os.environ | own, stdout=stream
        )
    wait_until(lambda: "practice API on" in said.read_text())
    (api,) = psutil.Process(shell.pid).children()
    shell.kill()
    shell.wait()
    _, alive = psutil.wait_procs([api], timeout=30)
    assert alive == []


@pytest.mark.parametrize("name", ["06_api_vers_parquet.ipynb", "ingest_api.py"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_run_and_its_scripts_and_is_told(lab, name, number):
    process = start(lab, name)
    process.send_signal(number)
    said, _ = process.communicate(timeout=30)
    assert process.returncode == 1
    assert json.loads(said)["error"]["code"] == "stopped"
    assert scripts_of(lab) == []
    (record,) = (lab.root / "data" / "runs").glob("*T*-*.json")
    assert json.loads(record.read_text(encoding="utf-8"))["error"]["code"] == "stopped"


SHELL = ["sh", "-c", '"$@" || exit 0', "sh"]
N8N = [sys.executable, "-c", f"import subprocess, sys; subprocess.run([*{SHELL}, *sys.argv[1:]])"]


@pytest.mark.parametrize("caller", [SHELL, N8N], ids=["its shell", "n8n itself"])
def test_a_run_of_n8n_ends_with_what_has_called_it(lab, caller):
    called = start(lab, "06_api_vers_parquet.ipynb", *caller, LAB_STOP_WITH_CALLER="1")
    called.kill()
    wait_until(lambda: not scripts_of(lab), 30)


def test_a_run_of_a_person_outlives_the_shell_that_started_it(lab):
    shell = start(lab, "ingest_api.py", *SHELL)
    shell.kill()
    shell.wait()
    with pytest.raises(AssertionError):
        wait_until(lambda: not scripts_of(lab), 3)
    for one in scripts_of(lab):
        one.kill()
