"""n8n without the rest of the lab, for what starts and stops services itself: a hub, a container, systemd."""

import signal
import sys
import time

from labkit.base import addresses
from labkit.base.addresses import bind, public_url
from labkit.base.paths import HOST, N8N, port
from labkit.base.processes import free_port, stop_tree, stop_with_caller
from labkit.n8n import install, setup, workflows
from labkit.n8n.gate import Gate
from labkit.n8n.install import N8nError
from labkit.services.lab import check_port, make_n8n, say

SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


def serve(force: bool = False) -> None:
    """Run n8n until a signal; its port opens once the workflows are there. N8nError if it stops by itself.

    force: workflows changed in its editor are set back to those of n8n/workflows.
    """
    addresses.check()
    check_port("n8n")
    setup.mail_settings()
    if not install.is_installed(N8N):
        raise N8nError("n8n n'est pas installé ici. Pour l'installer : lab n8n install")
    for number in SIGNALS:
        signal.signal(number, _stop)
    stop_with_caller()
    started = time.monotonic()
    server = make_n8n({}, HOST, free_port())
    process = server.start()
    try:
        server.wait_ready()
        setup.bring_workflows(setup.connect(server.url), workflows.find(), force)
        with Gate((bind(), port("n8n")), server.port) as gate:
            gate.let_through()
            say("✓", f"n8n ({time.monotonic() - started:.1f} s) : {public_url('n8n')}")
            code = process.wait()
        raise N8nError(f"n8n s'est arrêté de lui-même (code {code}) : voyez {server.log}.")
    finally:
        stop_tree(process.pid)


def _stop(*_) -> None:
    """Asked once is enough: a second signal does not interrupt the stopping."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    sys.exit(0)
