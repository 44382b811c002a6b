"""n8n without the rest of the lab, for what starts and stops services itself: a hub, a container, systemd."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from labkit.base import addresses
from labkit.base.addresses import bind, public_url
from labkit.base.paths import HOST, N8N, port
from labkit.base.processes import free_port, stop_tree, stop_with_caller
from labkit.n8n import install, queue, setup, workflows
from labkit.n8n.gate import Gate
from labkit.n8n.install import N8nError
from labkit.n8n.server import N8nServer
from labkit.services.lab import check_port, make_n8n, say, say_account

SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


def serve(force: bool = False) -> None:
    """Run n8n until a signal; its port opens once the workflows are there. N8nError if it stops by itself.

    force: workflows changed in its editor are set back to those of n8n/workflows.
    """
    addresses.check()
    check_port("n8n")
    setup.mail_settings()
    started = time.monotonic()
    server = make_n8n(queue.asked_for(), HOST, free_port())
    with _running(server) as process:
        setup.bring_workflows(setup.connect(server.url), workflows.find(), force)
        with Gate((bind(), port("n8n")), server.port) as gate:
            gate.let_through()
            say("✓", f"n8n ({time.monotonic() - started:.1f} s) : {public_url('n8n')}")
            say_account()
            _wait(process, server)


def work() -> None:
    """Run a worker of this lab's n8n until a signal. N8nError if it stops by itself, or has no queue to work for."""
    if not (settings := queue.asked_for()):
        raise N8nError(
            "Un exécuteur prend ses ordres d'une file d'attente : donnez EXECUTIONS_MODE=queue et "
            "QUEUE_BULL_REDIS_HOST, à lui comme à n8n. Sur une seule machine, lab start --workers 2 suffit."
        )
    worker = queue.worker(make_n8n({}, HOST, free_port()), settings, "worker")
    with _running(worker) as process:
        say("✓", f"exécuteur n8n : {queue.CONCURRENCY} exécutions à la fois")
        _wait(process, worker)


@contextmanager
def _running(server: N8nServer) -> Iterator[subprocess.Popen]:
    """The server's process, once it answers; stopped with all it has started, at the latest by a signal."""
    if not install.is_installed(N8N):
        raise N8nError("n8n n'est pas installé ici. Pour l'installer : lab n8n install")
    for number in SIGNALS:
        signal.signal(number, _stop)
    stop_with_caller()
    process = server.start()
    try:
        server.wait_ready()
        yield process
    finally:
        stop_tree(process.pid)


def _wait(process: subprocess.Popen, server: N8nServer) -> NoReturn:
    code = process.wait()
    raise N8nError(f"n8n s'est arrêté de lui-même (code {code}) : voyez {server.log}.")


def _stop(*_) -> None:
    """Asked once is enough: a second signal does not interrupt the stopping."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    sys.exit(0)
