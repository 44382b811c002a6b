"""Start, watch and stop what the lab is made of: the practice API, JupyterLab, n8n."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import webbrowser
from dataclasses import dataclass, field
from pathlib import Path

import click
import psutil

from labkit.base import addresses, environment, ports, secret_store, state_file
from labkit.base.addresses import bind, is_open, public_url
from labkit.base.paths import (
    DEFAULT_API_URL,
    LOGS,
    N8N,
    ROOT,
    STATE,
    USUAL_PORTS,
    api_url,
    asked_port,
    port,
)
from labkit.base.processes import comes_up, free_port, is_free, own_group, port_holder, stop_tree
from labkit.base.proxies import no_proxy
from labkit.n8n import install, queue, setup, workflows
from labkit.n8n.client import OWNER
from labkit.n8n.server import N8nServer
from labkit.notebooks import run_outputs
from labkit.services.health import is_up

STATE_FILE = STATE / "services.json"
# `lab stop` asks by this file: no signal does on every system what SIGTERM does on some.
STOP_FILE = STATE / "stop-asked"
JUPYTER = Path(__file__).parent / "jupyter"
HOME_PAGE = "lab/tree/notebooks/00_accueil.ipynb?file-browser-path=/"
TITLES = {"api": "API d'entraînement", "jupyter": "JupyterLab", "n8n": "n8n"}
SET_VARIABLE = "set" if os.name == "nt" else "export"


class ServiceError(click.ClickException):
    """A service that cannot run: one sentence, said without a traceback."""


def say(mark: str, text: str) -> None:
    click.echo(f"{mark} {text}", err=True)


def say_account() -> None:
    """With what to sign in to n8n."""
    say("  ", f"compte {OWNER}, mot de passe dans {secret_store.FILE.relative_to(ROOT)}")


def check_port(service: str) -> None:
    """ServiceError naming who holds the service's port, if anybody does."""
    wanted = port(service)
    if not is_free(wanted):
        raise ServiceError(
            f"Le port {wanted} ({TITLES[service]}) est déjà occupé{port_holder(wanted)} : arrêtez ce programme, "
            f"ou choisissez un autre port avec LAB_{service.upper()}_PORT={wanted + 1}."
        )


def start_api(**extra: str) -> subprocess.Popen:
    """extra: variables of its environment."""
    return _start("api", [sys.executable, "-m", "labkit.cli", "api", "--port", str(port("api"))], **extra)


def start_jupyter(projector: bool = False) -> subprocess.Popen:
    """projector: everything larger, by settings of their own; the person's stay as they are."""
    run_outputs.install(ROOT)
    command = [sys.executable, "-m", "jupyterlab", f"--config={JUPYTER / 'server_config.py'}"]
    if projector:
        settings = STATE / "jupyter" / "projector"
        shutil.copytree(JUPYTER / "projector", settings, dirs_exist_ok=True)
        command.append(f"--LabApp.user_settings_dir={settings}")
    return _start("jupyter", command, JUPYTER_TOKEN=secret_store.load()["jupyter_token"])


def _start(service: str, command: list[str], **extra: str) -> subprocess.Popen:
    LOGS.mkdir(parents=True, exist_ok=True)
    with (LOGS / f"{service}.log").open("wb") as log:
        return subprocess.Popen(
            command,
            cwd=ROOT,
            env=child_environment() | extra,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            **own_group(),
        )


def child_environment() -> dict[str, str]:
    """For JupyterLab and what it runs: the lab's own commands first on PATH, no proxy to this machine."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    own = {"PATH": path, "LAB_ROOT": str(ROOT), "LAB_API_URL": api_url(), "PYTHONUTF8": "1"}
    return environment.needed() | own | no_proxy() | {"JUPYTER_PREFER_ENV_PATH": "1"}


def wait_up(service: str, process: subprocess.Popen, timeout: float = 60) -> None:
    """Wait until the service answers; ServiceError with its last log line if it dies or stays silent."""
    if comes_up(process, lambda: is_up(service), timeout):
        return
    log = LOGS / f"{service}.log"
    last = (log.read_text(encoding="utf-8", errors="replace").strip().splitlines() or ["rien"])[-1]
    raise ServiceError(
        f"{TITLES[service]} n'a pas démarré. Dernière ligne de {log.relative_to(ROOT)} : {last}"
    )


def make_n8n(queue: dict[str, str], host: str, own_port: int) -> N8nServer:
    """This lab's n8n, to listen there. queue: the variables of queue mode, none without it."""
    known = secret_store.load()
    return N8nServer(
        home=STATE / "n8n",
        host=host,
        port=own_port,
        public_url=public_url("n8n"),
        broker_port=free_port(),
        password=known["n8n_password"],
        encryption_key=known["n8n_encryption_key"],
        log=LOGS / "n8n.log",
        queue=queue,
    )


@dataclass
class Lab:
    """The running lab. Use `run`, which returns when the lab is asked to stop.

    without: the services left aside, `api` or `n8n`: somebody else runs them.
    force: workflows changed in n8n's editor are set back to those of n8n/workflows.
    projector: JupyterLab is set in type that a room reads.
    workers: how many more n8n execute what the first one is asked for; 0: it does so itself.
    """

    without: tuple[str, ...]
    browser: bool
    force: bool = False
    projector: bool = False
    workers: int = 0
    processes: dict[str, subprocess.Popen] = field(default_factory=dict)
    stopping: threading.Event = field(default_factory=threading.Event)
    server: N8nServer | None = None
    marker: socket.socket | None = None

    def run(self) -> None:
        addresses.check()
        # SIGHUP: the terminal was closed. Windows has none.
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), lambda *_: self.stopping.set())
        background = threading.Thread(target=self._start_n8n, daemon=True)
        try:
            self._take_ports()
            # A first start makes them: here, lest JupyterLab's start and n8n's, side by side, each make their own.
            secret_store.load()
            if "api" not in self.without:
                self._start("api")
            if "n8n" not in self.without:
                background.start()
            self._start("jupyter")
            self._show_addresses()
            while not self.stopping.wait(0.5):
                self._check_alive()
                if STOP_FILE.exists():
                    self.stopping.set()
            if background.is_alive():
                background.join(15)
        finally:
            self._stop()

    def _take_ports(self) -> None:
        """Ports that no other lab of this machine has, the usual ones if they are free."""
        stop_orphans()
        try:
            self.marker = ports.claim()
        except ports.NoPortError as problem:
            raise ServiceError(str(problem)) from None
        for service in ("api", "jupyter"):
            if service not in self.without:
                check_port(service)
        if taken := [name for name in TITLES if not asked_port(name) and port(name) != USUAL_PORTS[name]]:
            chosen = ", ".join(f"{TITLES[name]} {port(name)}" for name in taken)
            say(
                "→",
                f"Les ports habituels sont pris par un autre programme ou un autre laboratoire. Ici : {chosen}.",
            )

    def _start(self, service: str) -> None:
        started = time.monotonic()
        self.processes[service] = start_api() if service == "api" else start_jupyter(self.projector)
        remember(self.processes)
        wait_up(service, self.processes[service])
        say("✓", f"{TITLES[service]} ({time.monotonic() - started:.1f} s)")

    def _show_addresses(self) -> None:
        known = secret_store.load()
        page = f"{public_url('jupyter')}/{HOME_PAGE}&token={known['jupyter_token']}"
        token = f"/?token={known['api_token']}" if is_open() else ""
        say("→", f"JupyterLab          {page}")
        say("→", f"API d'entraînement  {public_url('api')}{token} (le pupitre ; les notifications : /boite)")
        if api_url() != DEFAULT_API_URL:
            say("→", f"Dans un autre terminal, pour vos scripts : {SET_VARIABLE} LAB_API_URL={api_url()}")
        say("  ", "Ctrl-C arrête tout.")
        if self.browser:
            webbrowser.open(page)

    def _start_n8n(self) -> None:
        """n8n's failure is told, and leaves the rest running."""
        try:
            check_port("n8n")
            setup.mail_settings()
            if not install.is_installed(N8N):
                say("…", "n8n : installation (2,8 Go, deux à cinq minutes, une seule fois)")
                install.install(self._report())
            if self.stopping.is_set():
                return
            started = time.monotonic()
            redis = self._start_redis()
            self.server = make_n8n(redis.environment if redis else {}, bind(), port("n8n"))
            self.processes["n8n"] = self.server.start()
            remember(self.processes)
            self.server.wait_ready()
            if redis:
                self._start_workers(self.server, redis)
            outcomes = setup.bring_workflows(setup.connect(), workflows.find(), self.force)
            say("✓", f"n8n ({time.monotonic() - started:.1f} s)")
            if kept := [name for name, outcome in outcomes.items() if outcome == "kept"]:
                say("…", f"workflows que vous avez modifiés, gardés tels quels : {', '.join(sorted(kept))}")
                say(
                    "  ",
                    "pour revenir à la version du dossier : lab start --force, ou lab n8n import --force NOM",
                )
            say("→", f"n8n                 {public_url('n8n')}")
            say_account()
        except (install.N8nError, ServiceError, OSError) as problem:
            if not self.stopping.is_set():
                say("✗", f"n8n ne démarre pas, le reste fonctionne. {problem}")

    def _start_redis(self) -> queue.Redis | None:
        if not self.workers:
            return None
        redis = queue.Redis(LOGS / "redis.log")
        self.processes["redis"] = redis.start()
        return redis

    def _start_workers(self, server: N8nServer, redis: queue.Redis) -> None:
        started = queue.workers(server, redis, self.workers)
        for number, worker in enumerate(started, 1):
            self.processes[f"n8n-worker-{number}"] = worker.start()
        remember(self.processes)
        for worker in started:
            worker.wait_ready()
        say("✓", f"n8n : {len(started)} exécuteurs, {queue.CONCURRENCY} exécutions à la fois chacun")

    def _report(self):
        """A progress line every ten seconds; an installation is abandoned when the lab stops."""
        last = [0.0]

        def report(text: str) -> None:
            if self.stopping.is_set():
                raise install.N8nError("installation interrompue")
            if time.monotonic() - last[0] > 10:
                last[0] = time.monotonic()
                say("…", f"n8n : {text}")

        return report

    def _check_alive(self) -> None:
        for service, process in list(self.processes.items()):
            if process.poll() is not None:
                del self.processes[service]
                say("✗", f"{TITLES.get(service, service)} s'est arrêté : voyez data/runs/logs/{service}.log")

    def _stop(self) -> None:
        for process in reversed(self.processes.values()):
            stop_tree(process.pid)
        forget()
        if self.marker:
            self.marker.close()
        say("✓", "Tout est arrêté.")


def remember(processes: dict[str, subprocess.Popen]) -> None:
    """Write who runs: pid and creation time, so that a recycled pid is never taken for ours."""
    own = {"lab": os.getpid(), **{name: process.pid for name, process in list(processes.items())}}
    known = {
        name: [pid, psutil.Process(pid).create_time()] for name, pid in own.items() if psutil.pid_exists(pid)
    }
    state_file.write(STATE_FILE, known)


def remembered() -> dict[str, int]:
    """The pids of the lab that runs, by service; empty if none does."""
    known = state_file.read(STATE_FILE)
    return {name: pid for name, (pid, created) in known.items() if _is_same(pid, created)}


def _is_same(pid: int, created: float) -> bool:
    try:
        return abs(psutil.Process(pid).create_time() - created) < 1
    except psutil.NoSuchProcess:
        return False


def stop_orphans() -> None:
    """Stop what a lab that was killed has left running: its services still hold their ports."""
    for pid in remembered().values():
        stop_tree(pid)
    forget()


def forget() -> None:
    """Nothing runs, nothing is asked."""
    for path in (STATE_FILE, STOP_FILE):
        path.unlink(missing_ok=True)


def stop_running() -> bool:
    """Ask the running lab to stop and wait for it, or stop what a killed one has left; False if nothing runs."""
    known = remembered()
    if "lab" not in known:
        stop_orphans()
        return bool(known)
    pid = known["lab"]
    STOP_FILE.touch()
    deadline = time.monotonic() + 30
    while STATE_FILE.exists():
        if time.monotonic() > deadline:
            raise ServiceError(f"Le laboratoire (processus {pid}) ne s'arrête pas en 30 s.")
        time.sleep(0.1)
    return True
