"""The optional hour, against the real Node-RED."""

import os
import signal
import socket
import subprocess
import sys

import pytest
import requests

from labkit.base.paths import N8N
from labkit.base.processes import free_port
from labkit.n8n import node_red
from labkit.practice_api.server import running_api

pytestmark = pytest.mark.node


@pytest.fixture
def api(monkeypatch):
    monkeypatch.setenv("LAB_NODE_RED_PORT", str(free_port()))
    with running_api() as running:
        monkeypatch.setenv("LAB_API_URL", running.url)
        yield running


@pytest.fixture
def server(api, tmp_path):
    made = node_red.NodeRed(home=tmp_path / "node red")
    made.start()
    yield made
    made.stop()


def test_the_flow_asks_the_practice_api_and_keeps_five_events(server, api):
    server.deploy()
    server.inject("lab-inject")
    kept = server.context("lab-tab", "dernier")
    assert [sorted(event) for event in kept] == [["id", "pays", "type"]] * 5
    counters = requests.get(f"{api.url}/_lab/counters", timeout=10).json()
    assert counters["by_path"] == {"/api/events": 1}


def test_it_listens_on_this_machine_only(server):
    with (
        pytest.raises(OSError),
        socket.create_connection(("127.0.0.2", int(os.environ["LAB_NODE_RED_PORT"])), timeout=2),
    ):
        pass


def test_what_was_changed_in_the_editor_survives_a_restart(server):
    flows = [node for node in server.nodes() if node["id"] != "lab-note"]
    requests.post(f"{server.url}/flows", json=flows, timeout=10).raise_for_status()
    server.stop()
    server.start()
    assert {node["id"] for node in server.nodes()} == {node["id"] for node in flows}


def test_a_taken_port_is_told_with_its_holder(api, tmp_path):
    taken = socket.create_server(("127.0.0.1", int(os.environ["LAB_NODE_RED_PORT"])))
    with taken, pytest.raises(node_red.NodeRedError, match="est déjà occupé.*LAB_NODE_RED_PORT"):
        node_red.NodeRed(home=tmp_path).start()


def test_the_command_starts_it_and_control_c_stops_it(api, tmp_path):
    (tmp_path / "n8n").symlink_to(N8N)
    command = [sys.executable, "-u", "-m", "labkit.cli", "node-red"]
    process = subprocess.Popen(
        command, env=os.environ | {"LAB_ROOT": str(tmp_path)}, stdout=subprocess.PIPE, encoding="utf-8"
    )
    try:
        assert "→ Node-RED http://127.0.0.1:" in process.stdout.readline()
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    assert not node_red.NodeRed().is_up()
