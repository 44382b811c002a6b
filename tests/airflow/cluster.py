"""An Airflow that spreads its tasks (CeleryExecutor, Redis, PostgreSQL, two workers), on free ports of 127.0.0.1."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
import requests

from labkit.base.processes import free_port, stop_tree
from tests.airflow.conftest import Airflow
from tests.unit.lab_copy import wait_until

WORKERS = 2
# Each does two batches at a time: four are being done when one of them dies.
AT_A_TIME = 2
LONGEST_START = 300


def postgres_program(name: str) -> str | None:
    """Where PostgreSQL's program is: Debian keeps those of the server out of the PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return shutil.which(name) or (str(found[-1]) if found else None)


def missing_servers() -> list[str]:
    there = {"redis-server": shutil.which("redis-server")}
    there |= {name: postgres_program(name) for name in ("initdb", "postgres", "psql")}
    return [name for name, path in there.items() if not path]


@dataclass
class Cluster:
    """airflow: its command line; workers: the processes of the workers, a machine each."""

    airflow: Airflow
    database: str
    workers: list[subprocess.Popen]

    def ask(self, query: str) -> list[list[str]]:
        """Rows of Airflow's own database."""
        command = [postgres_program("psql"), "-XAt", "-F", "\t", "-d", self.database, "-c", query]
        done = subprocess.run(command, check=True, capture_output=True, encoding="utf-8")
        return [line.split("\t") for line in done.stdout.splitlines()]

    def lose(self, worker: int) -> None:
        """Kill -9 a worker and all that runs on its machine."""
        process = psutil.Process(self.workers[worker].pid)
        for one in [process, *process.children(recursive=True)]:
            with suppress(psutil.NoSuchProcess):
                one.kill()

    def is_ingesting(self, worker: int) -> bool:
        for child in psutil.Process(self.workers[worker].pid).children(recursive=True):
            with suppress(psutil.Error):
                if "backfill" in child.cmdline():
                    return True
        return False


@contextmanager
def running_cluster(airflow: Airflow, storage: dict[str, str], logs: Path) -> Iterator[Cluster]:
    """storage: the variables by which the workers find the bronze that they share."""
    with ExitStack() as stack:
        redis, database, api = free_port(), stack.enter_context(running_postgres(logs)), free_port()

        def start(
            name: str, command: list[str], environment: dict[str, str] | None = None
        ) -> subprocess.Popen:
            with (logs / f"{name}.log").open("w") as log:
                process = subprocess.Popen(command, env=environment, cwd=logs, stdout=log, stderr=log)
            stack.callback(process.wait)
            stack.callback(stop_tree, process.pid)
            return process

        start("redis", ["redis-server", "--bind", "127.0.0.1", "--port", str(redis), "--save", ""])
        airflow = replace(airflow, more=storage | settings(redis, database, api))
        airflow("db", "migrate")
        for name, *arguments in (
            ("api-server", "--host", "127.0.0.1", "--port", str(api), "--workers", "1"),
            ("scheduler",),
            ("dag-processor",),
        ):
            start(name, airflow.command(name, *arguments), airflow.environment)
        workers = []
        for number in range(WORKERS):
            own = {
                "TMPDIR": str(logs / f"machine-{number}"),
                "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(free_port()),
            }
            Path(own["TMPDIR"]).mkdir()
            command = airflow.command(
                "celery", "worker", "--concurrency", str(AT_A_TIME), "-H", f"worker-{number}"
            )
            workers.append(start(f"worker-{number}", command, airflow.environment | own))
        cluster = Cluster(airflow, database, workers)
        wait_until(lambda: is_up(api), LONGEST_START)
        wait_until(
            lambda: cluster.ask("SELECT 1 FROM serialized_dag WHERE dag_id = 'backfill_reparti'"),
            LONGEST_START,
        )
        wait_until(
            lambda: all("ready" in read(logs / f"worker-{n}.log") for n in range(WORKERS)), LONGEST_START
        )
        airflow("dags", "unpause", "backfill_reparti")
        yield cluster


def settings(redis: int, database: str, api: int) -> dict[str, str]:
    sections = {
        "CORE": {
            "EXECUTOR": "CeleryExecutor",
            "EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{api}/execution/",
        },
        "DATABASE": {"SQL_ALCHEMY_CONN": database.replace("postgresql", "postgresql+psycopg2")},
        "CELERY": {"BROKER_URL": f"redis://127.0.0.1:{redis}/0", "RESULT_BACKEND": f"db+{database}"},
        "API_AUTH": {"JWT_SECRET": "shared-by-the-machines-of-one-test"},
        # A machine that says nothing for half a minute is lost; five minutes by default.
        "SCHEDULER": {
            "TASK_INSTANCE_HEARTBEAT_TIMEOUT": "30",
            "TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "5",
        },
    }
    return {
        f"AIRFLOW__{section}__{name}": value
        for section, named in sections.items()
        for name, value in named.items()
    }


@contextmanager
def running_postgres(logs: Path) -> Iterator[str]:
    """The address of a new, empty database. It refuses to be run by root, who becomes its usual owner."""
    who = {"user": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
    folder, port = tempfile.mkdtemp(prefix="lab-postgres-"), free_port()
    if who:
        shutil.chown(folder, "postgres")
    try:
        initdb = [postgres_program("initdb"), "-D", folder, "-U", "airflow", "--auth", "trust", "--no-sync"]
        subprocess.run(initdb, check=True, capture_output=True, cwd=folder, **who)
        serve = [
            postgres_program("postgres"),
            "-D",
            folder,
            "-h",
            "127.0.0.1",
            "-p",
            str(port),
            "-k",
            "",
            "-F",
        ]
        with (logs / "postgres.log").open("w") as log:
            process = subprocess.Popen(serve, stdout=log, stderr=log, cwd=folder, **who)
        try:
            address = f"postgresql://airflow@127.0.0.1:{port}/postgres"
            ready = [postgres_program("psql"), "-d", address, "-c", "SELECT 1"]
            wait_until(lambda: subprocess.run(ready, capture_output=True).returncode == 0, 60)
            yield address
        finally:
            stop_tree(process.pid)
            process.wait()
    finally:
        shutil.rmtree(folder)


def is_up(api: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{api}/api/v2/monitor/health", timeout=5).ok
    except requests.RequestException:
        return False


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")
