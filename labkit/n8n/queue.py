"""n8n in queue mode: one n8n that takes the orders, workers that execute them, and a Redis between them.

Source: docs.n8n.io/hosting/scaling/queue-mode, and what was tried with n8n 2.40: docs/scale.md.
"""

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path

from labkit.base.paths import HOST
from labkit.base.processes import comes_up, free_port, own_group, stop_tree
from labkit.n8n.install import N8nError
from labkit.n8n.server import N8nServer

# Executions at once in a worker, as n8n advises: one that waits for others must not hold the last place.
CONCURRENCY = 5
SETTINGS = {
    "EXECUTIONS_MODE": "queue",
    "OFFLOAD_MANUAL_EXECUTIONS_TO_WORKERS": "true",
    "QUEUE_HEALTH_CHECK_ACTIVE": "true",
    # In milliseconds. A worker that says nothing for so long is dead, and its executions are lost: n8n's own minute is
    # long for a lesson.
    "QUEUE_WORKER_LOCK_DURATION": "20000",
    "QUEUE_WORKER_LOCK_RENEW_TIME": "5000",
    "QUEUE_WORKER_STALLED_INTERVAL": "10000",
}


def asked_for() -> dict[str, str]:
    """SETTINGS where the environment asks for this mode, as n8n's own variables do; empty elsewhere.

    QUEUE_BULL_REDIS_HOST, QUEUE_BULL_REDIS_PORT… then name a Redis that somebody else runs.
    """
    return SETTINGS if os.environ.get("EXECUTIONS_MODE") == "queue" else {}


def redis_server() -> str:
    """The program Redis of this machine. N8nError if there is none."""
    if found := shutil.which("redis-server"):
        return found
    raise N8nError(
        "Des exécuteurs se partagent le travail par Redis, et « redis-server » est introuvable : "
        "sudo apt install redis-server (Linux) ou brew install redis (macOS), ou « lab start » sans --workers."
    )


@dataclass
class Redis:
    """A Redis of this lab's own, on 127.0.0.1: `start`; whoever starts it stops its process.

    Nothing of it is kept on disk: n8n's database holds the executions, and says after a stop which ones were lost.
    """

    log: Path
    port: int = field(default_factory=free_port)
    password: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    process: subprocess.Popen | None = None

    @property
    def environment(self) -> dict[str, str]:
        """What n8n and its workers need to know of it, and of one another."""
        return SETTINGS | {
            "QUEUE_BULL_REDIS_HOST": HOST,
            "QUEUE_BULL_REDIS_PORT": str(self.port),
            "QUEUE_BULL_REDIS_PASSWORD": self.password,
        }

    def start(self) -> subprocess.Popen:
        """Start it and wait until it answers. N8nError without a `redis-server` on the path, or if it dies."""
        program = redis_server()
        settings = f'bind {HOST}\nport {self.port}\nrequirepass {self.password}\nsave ""\n'
        with self.log.open("wb") as stream, tempfile.TemporaryFile() as stdin:
            # By stdin: whoever lists the processes would read a password in the command.
            stdin.write(settings.encode())
            stdin.seek(0)
            self.process = subprocess.Popen(
                [program, "-"], stdin=stdin, stdout=stream, stderr=subprocess.STDOUT, **own_group()
            )
        if not comes_up(self.process, self._answers, timeout=10):
            stop_tree(self.process.pid)
            raise N8nError(f"Redis n'a pas démarré : voyez {self.log}.")
        return self.process

    def _answers(self) -> bool:
        try:
            with socket.create_connection((HOST, self.port), timeout=2) as connection:
                connection.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
                answers = connection.makefile("rb")
                return [answers.readline(), answers.readline()] == [b"+OK\r\n", b"+PONG\r\n"]
        except OSError:
            return False


def workers(main: N8nServer, redis: Redis, count: int) -> list[N8nServer]:
    """The workers of `main`, not started yet."""
    return [worker(main, redis.environment, f"worker-{number}") for number in range(1, count + 1)]


def worker(main: N8nServer, environment: dict[str, str], name: str) -> N8nServer:
    """A worker of `main`, not started yet: same database, same key, ports of its own. name: its log's, after n8n's."""
    port = free_port()
    return replace(
        main,
        host=HOST,
        port=port,
        broker_port=free_port(),
        log=main.log.with_name(f"{main.log.stem}-{name}.log"),
        command=("worker", f"--concurrency={CONCURRENCY}"),
        queue=environment | {"QUEUE_HEALTH_CHECK_PORT": str(port)},
        process=None,
    )
