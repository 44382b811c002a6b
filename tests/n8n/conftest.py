"""A copy of the lab with its API and its own n8n, for the time of a file of tests."""

import json
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import requests

from labkit.base import secret_store
from labkit.base.outcomes import LABELS
from labkit.base.processes import free_port, stop_tree
from labkit.base.switchboard_client import switch
from labkit.n8n import install, queue, setup
from labkit.n8n.client import N8nClient
from labkit.n8n.install import N8nError
from labkit.n8n.server import N8nServer
from labkit.n8n.workflows import Imported, find, import_workflows, read
from tests.conftest import REPOSITORY
from tests.notebooks.workspace import Workspace, copy_lab, workspace
from tests.unit.lab_copy import wait_until

WORKFLOWS = find()
CHECKPOINTS = sorted((REPOSITORY / "n8n" / "checkpoints").glob("*.json"))
PASSWORD = "Essai-du-labo-1"
SECRETS = {
    "jupyter_token": "a-jupyter-token-for-the-tests-only",
    "n8n_encryption_key": "an-encryption-key-for-the-tests-only",
    "n8n_password": PASSWORD,
    "webhook_key": "a-webhook-key-for-the-tests-only",
    "form_password": "a-form-password-for-the-tests-only",
}


@dataclass
class N8nLab:
    """A copy of the lab; its n8n, which may be stopped and started again; a session with it."""

    made: Workspace
    server: N8nServer
    workers: list[N8nServer]
    client: N8nClient = field(init=False)

    @property
    def root(self) -> Path:
        return self.made.root

    @property
    def api_url(self) -> str:
        return self.made.api_url

    def start(self) -> None:
        self.server.start()
        self.server.wait_ready()
        self.client = N8nClient(self.server.url, PASSWORD)
        self.client.login()

    def bring(self, files: list[Path], force: bool = False) -> dict[str, str]:
        """Import as `lab start` does, with this lab's addresses and secrets."""
        place = setup.place(self.client, self.api_url)
        imported = Imported(self.root / "data/state/n8n/imported.json")
        return import_workflows(self.client, files, place, imported, force)

    def begin_anew(self) -> None:
        """The lab's files as git has them, no data; in n8n its workflows, and nothing that it has kept."""
        if self.server.process.poll() is not None:
            self.start()
        wait_until(lambda: not self.running())
        workflows = self.client.listed_workflows()
        for one in workflows:
            if not one["isArchived"]:
                self.client.request("POST", f"/workflows/{one['id']}/archive", {})
        for one in workflows:
            wait_until(lambda address=f"/workflows/{one['id']}": self._is_deleted(address))
        setup.forget_watermarks(self.client)
        for path in self.root.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path != self.server.log:
                path.unlink()
        copy_lab(self.root)
        write_secrets(self.root)
        self.bring(WORKFLOWS)

    def _is_deleted(self, address: str) -> bool:
        """Whether n8n deletes it: not while it is still unpublishing it."""
        with suppress(N8nError):
            self.client.request("DELETE", address)
            return True
        return False

    def execute(self, workflow: str, trigger: str) -> dict:
        return self.client.wait_execution(self.client.run_workflow(workflow, trigger))

    def lab(self, *arguments: object) -> str:
        """What the command `lab` says, run in this lab."""
        done = self.made.run(
            "-m", "tests.checks_by_fork", *map(str, arguments), LAB_N8N_PORT=str(self.server.port)
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done.stdout

    def catch_up_the_day(self) -> None:
        """labs/ as a trainee has it at the end of the day."""
        self.lab("cut")
        for exercise, last in (("tp21", 4), ("tp22", 3), ("tp23", 2)):
            self.lab("catch-up", exercise, "--to", last)

    def outcomes(self, step: str) -> dict[str, str]:
        """{the check's title: its label} of `lab check`."""
        found = {}
        for line in self.lab("check", step).splitlines():
            for label in LABELS.values():
                mark, _, rest = line.strip().partition(" ")
                if len(mark) == 1 and rest.startswith(label):
                    found[rest.removeprefix(label).strip()] = label
        return found

    def running(self) -> list[str]:
        wanted = json.dumps({"status": ["new", "running", "waiting"]})
        return [one["id"] for one in self.client.request("GET", "/executions", filter=wanted)["results"]]

    def last_execution(self, workflow: str) -> dict:
        return self.client.wait_execution(self.client.executions(workflow, 1)[0]["id"])

    def switch(self, path: str, method: str = "POST", **body: object) -> object:
        return switch(self.api_url, path, method, **body)

    def inbox(self) -> list[dict]:
        entries = requests.get(f"{self.api_url}/_lab/inbox", timeout=10).json()
        return [entry["message"] for entry in entries]

    def days(self) -> list[str]:
        return sorted(path.parent.name for path in self.root.glob("data/bronze/events/*/data.parquet"))

    def run_scripts(self, *workflows: str) -> None:
        """These workflows run the scripts from now on: see with_scripts."""
        for name in workflows:
            workflow = self.client.workflow(name)
            with_scripts(workflow)
            self.client.publish(save_workflow(self.client, workflow))

    @contextmanager
    def changed(self, workflow: str, change, publish: bool = False) -> Iterator[None]:
        """The workflow as a trainee would change it in the editor, for the time of a `with`."""
        former = self.client.workflow(workflow)
        edited = json.loads(json.dumps(former))
        change(edited)
        self._save(edited, publish)
        try:
            yield
        finally:
            self._save(former, publish)

    def _save(self, workflow: dict, publish: bool) -> None:
        saved = save_workflow(self.client, workflow)
        if publish:
            self.client.publish(saved)
            # n8n answers before its triggers have changed over, and nothing says when they have.
            time.sleep(2)

    def watermark(self) -> dict:
        """The row of the Data Table « filigranes » of the lab's own flow; empty before the first run."""
        (project,) = self.client.request("GET", "/projects/my-projects")
        tables = self.client.request("GET", f"/projects/{project['id']}/data-tables")["data"]
        found = [table["id"] for table in tables if table["name"] == "filigranes"]
        if not found:
            return {}
        rows = self.client.request("GET", f"/projects/{project['id']}/data-tables/{found[0]}/rows")["data"]
        return next((row for row in rows if row["flux"] == "data/bronze/events"), {})


def save_workflow(client: N8nClient, workflow: dict) -> dict:
    """The workflow as n8n gave it, changed, saved as its editor does."""
    names = ("id", "name", "nodes", "connections", "settings", "pinData")
    return client.update_workflow({name: workflow[name] for name in names})


NOTEBOOK = re.compile(r"--timeout \d+ notebooks/(\w+)\.ipynb")
SCRIPTS = {
    "06_api_vers_parquet": "ingest_api.py",
    "07_controle_qualite": "validate_data.py",
    "08_backfill": "ingest_api.py",
}


def with_scripts(workflow):
    """A change: the scripts themselves are run, as the practicals have it, and not the notebooks that show them.

    For what does not depend on which of the two it is: a notebook takes ten times a script's processor.
    """
    for node in workflow["nodes"]:
        text = node["parameters"].get("command", "")
        if notebook := NOTEBOOK.search(text):
            script = SCRIPTS[notebook[1]]
            text = text.replace(notebook[0], script)
            if script == "validate_data.py":  # it calls no API
                text = text.replace(", base_url: $json.base_url", "")
            node["parameters"]["command"] = text


def has_taken(log: Path, execution: str) -> bool:
    """Whether the worker that writes this log has begun the execution."""
    return f"Worker started execution {execution} " in log.read_text(encoding="utf-8")


def command(name: str, text: str):
    """A change of what an Execute Command node runs."""

    def change(workflow):
        node_of(workflow, name)["parameters"]["command"] = text

    return change


def both(*changes):
    def change(workflow):
        for one in changes:
            one(workflow)

    return change


def parameters(**values):
    """A change of the node « Paramètres »."""

    def change(workflow):
        node = node_of(workflow, "Paramètres")
        for assignment in node["parameters"]["assignments"]["assignments"]:
            assignment["value"] = values.get(assignment["name"], assignment["value"])

    return change


def node_of(workflow: dict, name: str) -> dict:
    (node,) = [node for node in workflow["nodes"] if node["name"] == name]
    return node


def triggers_as_told(path: Path) -> list[str]:
    """The triggers of a workflow's file, in the order that its text names them: n8n/README.md, or the practicals."""
    found = [node["name"] for node in read(path)["nodes"] if node["type"].endswith(("Trigger", ".webhook"))]
    if path.parent.name == "workflows":
        text = (REPOSITORY / "n8n/README.md").read_text(encoding="utf-8")
        told = text.partition(f"\n## `{path.stem}`")[2].partition("\n## ")[0]
    else:
        practicals = sorted((REPOSITORY / "solutions").glob("tp*.ipynb"))
        told = "".join(practical.read_text(encoding="utf-8") for practical in practicals)
    return sorted(found, key=told.replace("\N{NO-BREAK SPACE}", " ").index)


@pytest.fixture(scope="session")
def installed():
    """The pinned n8n, for who reads its files without starting it."""
    install.install(lambda text: None)


def write_secrets(root: Path) -> Path:
    """The file of the secrets of the lab under `root`, SECRETS alone in it."""
    secrets = root / "data" / "state" / "secrets.json"
    secrets.parent.mkdir(parents=True)
    secrets.write_text(json.dumps(SECRETS))
    return secrets


@contextmanager
def n8n_lab(folder: Path, workers: int = 0) -> Iterator[N8nLab]:
    """The lab under `folder`, its n8n and its workers running with the workflows of n8n/workflows."""
    install.install(lambda text: None)
    with workspace(folder / "lab") as made, pytest.MonkeyPatch.context() as patch:
        patch.setattr(secret_store, "FILE", write_secrets(made.root))
        redis = queue.Redis(made.root / "redis.log")
        server = N8nServer(
            home=folder / "n8n",
            port=free_port(),
            broker_port=free_port(),
            password=PASSWORD,
            encryption_key=SECRETS["n8n_encryption_key"],
            log=made.root / "n8n.log",
            api_url=made.api_url,
            root=made.root,
            queue=redis.environment if workers else {},
        )
        lab = N8nLab(made, server, queue.workers(server, redis, workers))
        try:
            if workers:
                redis.start()
            lab.start()
            for worker in lab.workers:
                worker.start()
                worker.wait_ready()
            lab.bring(WORKFLOWS)
            yield lab
        finally:
            for one in (*lab.workers, server):
                one.stop()
            if redis.process:
                stop_tree(redis.process.pid)


@pytest.fixture(scope="session")
def lab_of_all(tmp_path_factory):
    with n8n_lab(tmp_path_factory.mktemp("lab")) as made:
        yield made


@pytest.fixture(scope="module")
def lab(lab_of_all):
    """A lab that is as new for each file of tests; its n8n is started once."""
    yield lab_of_all
    lab_of_all.begin_anew()


@pytest.fixture(scope="module")
def validation_by_script(lab):
    lab.run_scripts("labValidation001")


@pytest.fixture(scope="module")
def backfill_by_script(lab):
    lab.run_scripts("labBackfill00001")


@pytest.fixture(autouse=True)
def fresh_api(request):
    """The API as on the first day, and no run of the test before still under way."""
    if "lab" in request.fixturenames:
        lab = request.getfixturevalue("lab")
        wait_until(lambda: not lab.running())
        lab.switch("reset")
