"""Several trainees on one machine: each lab has its ports, its data and its clock, and none sees another's."""

import json
import os
import socket
import subprocess
import sys
from contextlib import ExitStack, contextmanager, suppress

import pytest
import requests

from labkit.base import ports
from tests.conftest import REPOSITORY
from tests.unit.lab_copy import interrupt, make_copy, wait_until


@pytest.fixture
def three_labs(tmp_path):
    """Three labs that have been started at the same instant, and that run."""
    labs = [make_copy(tmp_path / f"stagiaire {number}", "solutions") for number in range(3)]
    begun = [lab.begin("--without", "n8n") for lab in labs]
    try:
        for process, said in begun:
            wait_until(lambda process=process, said=said: "Ctrl-C" in said.read_text() or process.poll())
            assert "✗" not in said.read_text()
        yield labs
    finally:
        for process, _ in begun:
            interrupt(process)


def test_three_labs_started_at_once_each_ingest_their_own_data(three_labs):
    addresses = [lab.status()["api"]["url"] for lab in three_labs]
    assert len(set(addresses)) == 3
    for number, (lab, url) in enumerate(zip(three_labs, addresses, strict=True)):
        assert lab.states() == {"api": True, "jupyter": True, "n8n": False}
        insert = {"resource": "events", "date": "2024-01-02", "count": 10 * (number + 1)}
        requests.post(f"{url}/_lab/inserts", json=insert, timeout=10).raise_for_status()
    counts = [ingested(lab) for lab in three_labs]
    assert [count - counts[0] for count in counts] == [0, 10, 20]


def ingested(lab):
    """The events of 2 January that `lab run ingest_api.py` finds in this lab."""
    done = lab.lab("run", "ingest_api.py", "-p", "start_date", "2024-01-02", "-p", "end_date", "2024-01-02")
    assert (lab.root / "data/bronze").is_dir()
    return json.loads(done.stdout)["records_count"]


@contextmanager
def usual_ports_taken():
    """Another lab has them, if only for this time."""
    with ExitStack() as held:
        with suppress(OSError):
            held.enter_context(socket.create_server(("127.0.0.1", ports.FIRST_MARKER)))
        yield


def test_a_lab_keeps_its_ports_from_one_start_to_the_next(tmp_path):
    lab = make_copy(tmp_path)
    with usual_ports_taken(), lab.started("--without", "n8n"):
        first = lab.status()["api"]["url"]
    with lab.started("--without", "n8n") as (_, said):
        assert lab.status()["api"]["url"] == first
        assert f"LAB_API_URL={first}" in said.read_text()


def test_a_lab_that_does_not_run_takes_no_other_s_services_for_its_own(tmp_path):
    running, idle = make_copy(tmp_path / "one"), make_copy(tmp_path / "two")
    with running.started("--without", "n8n"):
        chosen = running.root / "data/state/ports.json"
        (idle.root / "data/state").mkdir(parents=True)
        (idle.root / "data/state/ports.json").write_text(chosen.read_text())
        assert idle.states() == {"api": False, "jupyter": False, "n8n": False}


def test_what_a_killed_lab_left_running_is_stopped_by_the_next_start(tmp_path):
    lab = make_copy(tmp_path)
    process, said = lab.begin("--without", "n8n")
    wait_until(lambda: "Ctrl-C" in said.read_text())
    before = lab.status()["api"]["url"]
    process.kill()
    process.wait()
    with lab.started("--without", "n8n"):
        assert lab.status()["api"]["url"] == before


def test_two_processes_never_hold_the_same_set_of_ports(tmp_path):
    code = (
        "from labkit.base import ports; held = ports.claim();"
        "print(ports.chosen_ports()['api'], flush=True); input()"
    )
    holders = [
        subprocess.Popen(
            [sys.executable, "-c", code],
            cwd=REPOSITORY,
            env=os.environ | {"LAB_ROOT": str(tmp_path / str(number))},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )
        for number in range(8)
    ]
    taken = [holder.stdout.readline() for holder in holders]
    for holder in holders:
        holder.communicate("\n")
    assert len(set(taken)) == 8
