"""n8n for the lab: start it quiet and local, import workflows, drive it.

What is set here and why was verified by running n8n 2.40: see n8n/README.md.
"""

import json
import secrets
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import bcrypt
import requests

from labkit.n8n_install import REPAIR, N8nError, node_environment, node_folder
from labkit.paths import DEFAULT_API_URL, HOST, N8N, ROOT, api_url

OWNER = "formateur@lab.local"

QUIET = {
    "N8N_DIAGNOSTICS_ENABLED": "false",
    "N8N_VERSION_NOTIFICATIONS_ENABLED": "false",
    "N8N_VERSION_NOTIFICATIONS_WHATS_NEW_ENABLED": "false",
    "N8N_TEMPLATES_ENABLED": "false",
    "N8N_HIRING_BANNER_ENABLED": "false",
    "N8N_DYNAMIC_BANNERS_ENABLED": "false",
    "N8N_PERSONALIZATION_ENABLED": "false",
    "N8N_COMMUNITY_PACKAGES_ENABLED": "false",
    "N8N_LICENSE_AUTO_RENEW_ENABLED": "false",
    "EXTERNAL_FRONTEND_HOOKS_URLS": "",
    "N8N_DIAGNOSTICS_CONFIG_FRONTEND": "",
    "N8N_DIAGNOSTICS_CONFIG_BACKEND": "",
    "N8N_DISABLED_MODULES": "mcp-registry,mcp,chat-hub,instance-ai,workflow-builder,source-control,"
    "external-secrets,sso-oidc,sso-saml,ldap,otel,token-exchange,quick-connect,log-streaming,"
    "dynamic-credentials,community-packages,oauth-server",
    "N8N_PYTHON_ENABLED": "false",
    "N8N_SECURE_COOKIE": "false",
    "GENERIC_TIMEZONE": "Europe/Paris",
    # n8n 2 leaves Execute Command out by default, because who may edit a workflow may then run any
    # command here. The lab is one person's machine, listens on 127.0.0.1 only, and needs that node.
    "NODES_EXCLUDE": "[]",
}


@dataclass
class N8nServer:
    """One n8n, with its own home folder and port. `start` then `wait_ready` then drive it, `stop` at the end.

    home: where n8n keeps its database. root: the lab in which its commands run.
    api_url: the practice API those commands call.
    """

    home: Path
    port: int
    broker_port: int
    password: str
    encryption_key: str
    log: Path
    api_url: str = field(default_factory=api_url)
    root: Path = ROOT
    process: subprocess.Popen | None = None
    session: requests.Session = field(default_factory=requests.Session)

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def _environment(self) -> dict[str, str]:
        digest = bcrypt.hashpw(self.password.encode(), bcrypt.gensalt(10)).decode()
        return (
            node_environment()
            | QUIET
            | {
                "N8N_LISTEN_ADDRESS": HOST,
                "N8N_HOST": HOST,
                "N8N_PORT": str(self.port),
                "N8N_RUNNERS_BROKER_PORT": str(self.broker_port),
                "N8N_USER_FOLDER": str(self.home),
                "N8N_ENCRYPTION_KEY": self.encryption_key,
                "N8N_INSTANCE_OWNER_MANAGED_BY_ENV": "true",
                "N8N_INSTANCE_OWNER_EMAIL": OWNER,
                "N8N_INSTANCE_OWNER_FIRST_NAME": "Formation",
                "N8N_INSTANCE_OWNER_LAST_NAME": "Jour 2",
                "N8N_INSTANCE_OWNER_PASSWORD_HASH": digest,
                "NO_PROXY": "127.0.0.1,localhost",
                "LAB_ROOT": str(self.root),
                "LAB_API_URL": self.api_url,
            }
        )

    def _command(self, *arguments: str) -> list[str]:
        script = N8N / "node_modules" / "n8n" / "bin" / "n8n"
        return [str(node_folder() / "node"), str(script), *arguments]

    def import_workflows(self, files: list[Path]) -> None:
        """Import and publish workflows; the server must not be running. Existing ones are replaced.

        n8n's expressions may not read the environment (it holds the encryption key), so the address of
        the practice API, where it is not the usual one, is written into the workflow on its way in.
        """
        self.home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as folder:
            for path in files:
                text = path.read_text(encoding="utf-8").replace(DEFAULT_API_URL, self.api_url)
                copy = Path(folder, path.name)
                copy.write_text(text, encoding="utf-8")
            if files:
                self._run_command("import:workflow", "--separate", f"--input={folder}")
        for path in files:
            workflow = json.loads(path.read_text(encoding="utf-8"))
            self._run_command("publish:workflow", f"--id={workflow['id']}")

    def _run_command(self, *arguments: str) -> None:
        done = subprocess.run(
            self._command(*arguments),
            cwd=self.root,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
        )
        if done.returncode:
            reason = (done.stderr or done.stdout).strip().splitlines()[-1:]
            raise N8nError(f"n8n {arguments[0]} a échoué : {''.join(reason)}")

    def start(self) -> None:
        """Start the server, from the lab's root, its output going to `log`."""
        self.home.mkdir(parents=True, exist_ok=True)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as stream:
            self.process = subprocess.Popen(
                self._command("start"),
                cwd=self.root,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_ready(self, timeout: float = 120) -> None:
        """Wait until n8n answers, at most `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            if self._is_ready():
                return
            time.sleep(0.3)
        raise N8nError(f"n8n n'a pas démarré : voyez {self.log}. {REPAIR}")

    def _is_ready(self) -> bool:
        try:
            answer = requests.get(f"{self.url}/healthz/readiness", timeout=2)
        except requests.RequestException:
            return False
        return answer.status_code == 200 and "starting" not in answer.text

    def stop(self) -> None:
        """Stop the server, gently, then by force after ten seconds."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def login(self) -> None:
        """Open a session as the owner, as the editor does."""
        self.session.headers["browser-id"] = secrets.token_hex(8)
        credentials = {"emailOrLdapLoginId": OWNER, "password": self.password}
        self.session.post(f"{self.url}/rest/login", json=credentials, timeout=10).raise_for_status()

    def workflow_ids(self) -> set[str]:
        answer = self.session.get(f"{self.url}/rest/workflows", timeout=10)
        answer.raise_for_status()
        return {workflow["id"] for workflow in answer.json()["data"]}

    def run_workflow(self, workflow_id: str, trigger: str) -> str:
        """Run a workflow from the trigger node of this name, as the editor's button does; the execution's id."""
        answer = self.session.post(
            f"{self.url}/rest/workflows/{workflow_id}/run",
            json={"triggerToStartFrom": {"name": trigger}},
            timeout=30,
        )
        answer.raise_for_status()
        return answer.json()["data"]["executionId"]

    def wait_execution(self, execution_id: str, timeout: float = 300) -> dict:
        """Wait for an execution to end: {"status": …, "nodes": {node name: [item, …]}}."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            answer = self.session.get(f"{self.url}/rest/executions/{execution_id}", timeout=10).json()["data"]
            if answer["status"] not in ("new", "running", "waiting"):
                return {"status": answer["status"], "nodes": node_items(answer["data"])}
            time.sleep(0.3)
        raise N8nError(f"L'exécution {execution_id} n'a pas fini en {timeout:g} s.")


def node_items(flatted: str) -> dict[str, list[dict]]:
    """The items each node gave, all its runs and outputs together, from n8n's stored execution data.

    n8n stores a graph in the format of the npm package `flatted`: a list whose strings are indices.
    """
    values = json.loads(flatted)

    def restore(value: object) -> object:
        if isinstance(value, dict):
            return {name: follow(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [follow(inner) for inner in value]
        return value

    def follow(value: object) -> object:
        return restore(values[int(value)]) if isinstance(value, str) else value

    data = restore(values[0])
    run_data = data["resultData"].get("runData", {})
    return {
        name: [
            item["json"]
            for run in runs
            for output in (run.get("data") or {}).get("main") or []
            for item in output or []
        ]
        for name, runs in run_data.items()
    }


@contextmanager
def running(server: N8nServer, workflows: list[Path]) -> Iterator[N8nServer]:
    """The server with these workflows, for the time of a `with`, logged in."""
    server.import_workflows(workflows)
    server.start()
    try:
        server.wait_ready()
        server.login()
        yield server
    finally:
        server.stop()
