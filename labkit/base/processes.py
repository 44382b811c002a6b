"""Processes and ports: what starting and stopping programs needs on every system."""

import contextlib
import itertools
import os
import secrets
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil

from labkit.base.addresses import bind
from labkit.base.paths import HOST, ROOT

# The variable by which whoever starts a run or a service asks that it end with them.
STOP_WITH_CALLER = "LAB_STOP_WITH_CALLER"
# Below the ports that systems give to outgoing connections, from 32768 on Linux and 49152 elsewhere: n8n takes ten
# seconds before it listens at the one it was promised.
NEVER_GIVEN = range(20_000, 32_768)


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody holds, and that no outgoing connection is given meanwhile."""
    first = secrets.randbelow(len(NEVER_GIVEN))
    for port in itertools.chain(NEVER_GIVEN[first:], NEVER_GIVEN[:first]):
        if is_free(port, HOST):
            return port
    raise OSError(f"no TCP port of {HOST} is free between {NEVER_GIVEN.start} and {NEVER_GIVEN.stop}")


def is_free(port: int, host: str | None = None) -> bool:
    """host: the address to listen at, by default that of the lab's services."""
    try:
        socket.create_server((host or bind(), port)).close()
    except OSError:
        return False
    return True


def listener(port: int) -> psutil.Process | None:
    """The process that listens on this port; None if there is none, or one of another user's that the system hides."""
    for pid, connection in _connections():
        if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port and pid:
            with contextlib.suppress(psutil.Error):
                return psutil.Process(pid)
    return None


def _connections() -> Iterator[tuple[int | None, Any]]:
    """(pid, connection) of this machine's TCP connections; where the system shows only ours (macOS), of ours."""
    try:
        yield from ((connection.pid, connection) for connection in psutil.net_connections("tcp"))
    except psutil.AccessDenied:
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                yield from ((process.pid, connection) for connection in process.net_connections("tcp"))


def is_ours(caller: tuple[str, int], answerer: tuple[str, int]) -> bool:
    """Does the program that called `answerer` from `caller`, on this machine, belong to whom this one belongs?

    Linux shows root alone the programs of other people: a caller that is not seen is not ours.
    """
    for pid, connection in _connections():
        if (connection.laddr, connection.raddr) == (caller, answerer) and pid:
            with contextlib.suppress(psutil.Error):
                return psutil.Process(pid).username() == psutil.Process().username()
    return False


def port_holder(port: int) -> str:
    """Who listens on this port, as a person reads it: its name and its pid; empty when the system will not say."""
    with contextlib.suppress(psutil.Error):
        if process := listener(port):
            return f" par {process.name()} (processus {process.pid})"
    return ""


def works_here(process: psutil.Process | None) -> bool:
    """Does this process work in this lab's folder? Every service of the lab does, and none of another lab's."""
    try:
        return process is not None and Path(process.cwd()).is_relative_to(ROOT)
    except psutil.Error:
        return False


def is_alive(process: psutil.Process) -> bool:
    """Whether this very process runs: not one that got its pid since, nor what the system keeps of a dead one."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def comes_up(process: subprocess.Popen | None, answers: Callable[[], bool], timeout: float) -> bool:
    """Wait until `answers()`, at most `timeout` seconds; False as soon as the process has ended."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline and process and process.poll() is None:
        if answers():
            return True
        time.sleep(0.2)
    return False


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


def stop_with_caller(generations: int = 1) -> None:
    """Where STOP_WITH_CALLER asks for it: SIGTERM to this process once the one that started it is gone.

    generations: 2 for the one that started that one too.
    """
    callers = psutil.Process().parents()[:generations]

    def watch() -> None:
        while all(map(is_alive, callers)):
            time.sleep(0.5)
        signal.raise_signal(signal.SIGTERM)

    if os.environ.get(STOP_WITH_CALLER):
        threading.Thread(target=watch, daemon=True).start()


def own_group() -> dict:
    """Popen's arguments that keep a Ctrl-C meant for `lab` away from a service: it is `lab` that stops it."""
    if os.name == "nt":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}
