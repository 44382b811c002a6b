"""n8n for the lab: start it quiet and local, and stop it.

What is set here and why was verified by running n8n 2.40: see n8n/README.md.
"""

import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import bcrypt
import requests

from labkit.base import environment
from labkit.base.paths import HOST, N8N, ROOT, api_url
from labkit.base.processes import STOP_WITH_CALLER, comes_up, own_group
from labkit.base.proxies import no_proxy
from labkit.n8n.client import OWNER
from labkit.n8n.install import REPAIR, N8nError, node_folder, node_path

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
    # Without it n8n answers an error with its stack, and the paths of this machine in it; with "production", it soon
    # refuses to sign in once more, and each check of a step signs in.
    "NODE_ENV": "lab",
    # In MB: the webhook's workflow itself refuses what is above 16, with 413 where n8n would say 500.
    "N8N_PAYLOAD_SIZE_MAX": "64",
    "N8N_PYTHON_ENABLED": "false",
    "N8N_SECURE_COOKIE": "false",
    "GENERIC_TIMEZONE": "Europe/Paris",
    # n8n 2 leaves Execute Command out by default, because who may edit a workflow may then run any
    # command here. The lab is one person's machine, listens on 127.0.0.1 only, and needs that node.
    "NODES_EXCLUDE": "[]",
}


@dataclass
class N8nServer:
    """One n8n, with its own home folder and port: `start`, then `wait_ready`; `stop` at the end.

    home: where n8n keeps its database. root: the lab in which its commands run.
    api_url: the practice API those commands call. public_url: n8n as browsers reach it, if not at its own port; what
    comes before n8n takes off the path that it may have.
    command: n8n's own, `start`, or `worker` and its options in queue mode. queue: the variables of that mode.
    """

    home: Path
    port: int
    broker_port: int
    password: str
    encryption_key: str
    log: Path
    api_url: str = field(default_factory=api_url)
    host: str = HOST
    public_url: str = ""
    root: Path = ROOT
    command: tuple[str, ...] = ("start",)
    queue: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen | None = None

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def _environment(self) -> dict[str, str]:
        # The least rounds: each check of a step signs in, and a password of 72 random bits is not found by guessing.
        digest = bcrypt.hashpw(self.password.encode(), bcrypt.gensalt(4)).decode()
        # Any command of a workflow sees this environment.
        return (
            environment.needed(environment.N8N, environment.STORAGE)
            | node_path()
            | no_proxy()
            | QUIET
            | self.queue
            | {
                # « Stop » ends the shell of a command: what the shell has started ends with it.
                STOP_WITH_CALLER: "1",
                "N8N_LISTEN_ADDRESS": self.host,
                "N8N_HOST": HOST,
                "N8N_PORT": str(self.port),
                "N8N_RUNNERS_BROKER_PORT": str(self.broker_port),
                "N8N_USER_FOLDER": str(self.home),
                "EXTERNAL_HOOK_FILES": str(Path(__file__).with_name("keep_keys_out.js")),
                # A folder's name, or a drive's on Windows, may hold the usual one, a colon.
                "EXTERNAL_HOOK_FILES_SEPARATOR": "|",
                "N8N_ENCRYPTION_KEY": self.encryption_key,
                "N8N_INSTANCE_OWNER_MANAGED_BY_ENV": "true",
                "N8N_INSTANCE_OWNER_EMAIL": OWNER,
                "N8N_INSTANCE_OWNER_FIRST_NAME": "Formation",
                "N8N_INSTANCE_OWNER_LAST_NAME": "Jour 2",
                "N8N_INSTANCE_OWNER_PASSWORD_HASH": digest,
                "LAB_ROOT": str(self.root),
                "LAB_API_URL": self.api_url,
            }
            | self._as_browsers_see_it()
        )

    def _as_browsers_see_it(self) -> dict[str, str]:
        if self.public_url in ("", self.url):
            return {}
        parts = urlsplit(self.public_url)
        found = {"N8N_PATH": f"{parts.path}/"}
        if parts.netloc:
            found |= {"N8N_EDITOR_BASE_URL": self.public_url, "N8N_WEBHOOK_URL": f"{self.public_url}/"}
        return found

    def start(self) -> subprocess.Popen:
        """Start the server, from the lab's root, its output going to `log`; its process."""
        self.home.mkdir(parents=True, exist_ok=True)
        self.home.chmod(0o700)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        script = N8N / "node_modules" / "n8n" / "bin" / "n8n"
        with self.log.open("ab") as stream:
            self.process = subprocess.Popen(
                [str(node_folder() / "node"), str(script), *self.command],
                cwd=self.root,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                **own_group(),
            )
        return self.process

    def wait_ready(self, timeout: float = 120) -> None:
        """Wait until n8n answers, at most `timeout` seconds."""
        if not comes_up(self.process, lambda: is_ready(self.url), timeout):
            raise N8nError(f"n8n n'a pas démarré : voyez {self.log}. {REPAIR}")

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


def is_ready(url: str) -> bool:
    """Does the n8n at `url` answer that it is ready, within two seconds?"""
    try:
        answer = requests.get(f"{url}/healthz/readiness", timeout=2)
    except requests.RequestException:
        return False
    return answer.status_code == 200 and "starting" not in answer.text
