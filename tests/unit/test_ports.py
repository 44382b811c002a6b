"""Ports: one is promised to a service that takes its time to listen."""

import socket
from pathlib import Path

import pytest

from labkit.base import processes
from labkit.base.paths import HOST
from labkit.base.processes import free_port

GIVEN = Path("/proc/sys/net/ipv4/ip_local_port_range")


@pytest.mark.skipif(not GIVEN.exists(), reason="Linux says there what it gives to outgoing connections")
def test_a_free_port_is_none_that_an_outgoing_connection_may_be_given():
    first, last = map(int, GIVEN.read_text().split())
    assert [port for port in (free_port() for _ in range(20)) if first <= port <= last] == []


def test_a_port_that_is_held_is_not_free(monkeypatch):
    held = free_port()
    with socket.create_server((HOST, held)):
        monkeypatch.setattr(processes, "NEVER_GIVEN", range(held, held + 1))
        with pytest.raises(OSError, match=f"between {held} and"):
            free_port()
    assert free_port() == held
