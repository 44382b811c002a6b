"""Processes and ports: what starting and stopping programs needs on every system."""

import contextlib
import socket

import psutil

from labkit.paths import HOST


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody holds at this moment."""
    with socket.create_server((HOST, 0)) as listener:
        return listener.getsockname()[1]


def port_holder(port: int) -> str:
    """Who listens on this port, as " par NAME (processus PID)"; empty when the system will not say."""
    with contextlib.suppress(psutil.Error):
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port and connection.pid:
                return f" par {psutil.Process(connection.pid).name()} (processus {connection.pid})"
    return ""


def stop_tree(pid: int) -> None:
    """Stop a process we started and its children: asked first, forced after ten seconds."""
    try:
        parent = psutil.Process(pid)
        family = [*parent.children(recursive=True), parent]
    except psutil.NoSuchProcess:
        return
    for process in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    _, alive = psutil.wait_procs(family, timeout=10)
    for process in alive:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
