"""Drive a running n8n through its own HTTP interface, the one its editor uses (verified with n8n 2.40)."""

import json
import secrets
import time
from typing import Any

import requests

from labkit.n8n.install import N8nError

OWNER = "formateur@lab.local"
UNFINISHED = ("new", "running", "waiting")


class N8nClient:
    """A session with the n8n at `url`, opened as its owner by `login`. A refusal is an N8nError with n8n's reason."""

    def __init__(self, url: str, password: str):
        self.url, self.password = url, password
        self.session = requests.Session()
        self.session.headers["browser-id"] = secrets.token_hex(8)

    def login(self) -> None:
        """Open the session. N8nError if n8n does not answer, or knows another password."""
        self.request("POST", "/login", {"emailOrLdapLoginId": OWNER, "password": self.password})

    def request(self, method: str, path: str, body: dict | None = None, **params: str) -> Any:
        """What n8n answers under /rest, its `data`, a dict or a list; None if it has nothing to say."""
        try:
            answer = self.session.request(
                method, f"{self.url}/rest{path}", json=body, params=params, timeout=30
            )
        except requests.RequestException:
            raise N8nError(f"n8n ne répond pas sur {self.url} : démarrez-le avec « lab start ».") from None
        try:
            content = answer.json()
        except requests.JSONDecodeError:
            content = {"message": answer.text[:200]}
        if answer.status_code == 401 and path == "/login":
            raise N8nError(
                f"Le n8n de {self.url} a un autre mot de passe que celui de ce laboratoire : un autre laboratoire "
                "tient sans doute ce port. « lab status » dit lequel ; arrêtez-le, puis relancez « lab start »."
            )
        if not answer.ok:
            raise N8nError(f"n8n a refusé {method} {path} : {content.get('message', answer.status_code)}")
        return content.get("data")

    def workflows(self) -> dict[str, dict]:
        """{id: workflow} of all it holds, archived ones (`isArchived`) included."""
        return {one["id"]: self.workflow(one["id"]) for one in self.listed_workflows()}

    def listed_workflows(self) -> list[dict]:
        """The same without what they are made of: `id`, `name`, `isArchived`…; one request, where each takes one."""
        return self.request("GET", "/workflows")

    def workflow(self, workflow_id: str) -> dict:
        return self.request("GET", f"/workflows/{workflow_id}")

    def create_workflow(self, workflow: dict) -> dict:
        return self.request("POST", "/workflows", workflow)

    def update_workflow(self, workflow: dict) -> dict:
        return self.request("PATCH", f"/workflows/{workflow['id']}", workflow, forceSave="true")

    def unarchive(self, workflow_id: str) -> dict:
        return self.request("POST", f"/workflows/{workflow_id}/unarchive")

    def publish(self, saved: dict) -> None:
        """Put a saved workflow in production: its triggers listen from then on."""
        self.request("POST", f"/workflows/{saved['id']}/activate", {"versionId": saved["versionId"]})

    def ensure_credentials(self, wanted: dict[str, tuple[str, dict]]) -> dict[str, str]:
        """Create each credential, {name: (type, content)}, or set its content anew: {name: id}. n8n encrypts them."""
        present = {(one["name"], one["type"]): one["id"] for one in self.request("GET", "/credentials")}
        ids = {}
        for name, (kind, data) in wanted.items():
            body = {"name": name, "type": kind, "data": data}
            known = present.get((name, kind))
            saved = (
                self.request("PATCH", f"/credentials/{known}", body)
                if known
                else self.request("POST", "/credentials", body)
            )
            ids[name] = saved["id"]
        return ids

    def run_workflow(self, workflow_id: str, trigger: str) -> str:
        """Run a workflow from the trigger node of this name, as the editor's button does; the execution's id."""
        started = self.request(
            "POST", f"/workflows/{workflow_id}/run", {"triggerToStartFrom": {"name": trigger}}
        )
        return started["executionId"]

    def executions(self, workflow_id: str, limit: int = 20) -> list[dict]:
        """The last executions of a workflow, the last first, without their data."""
        wanted = json.dumps({"workflowId": workflow_id})
        return self.request("GET", "/executions", filter=wanted, limit=str(limit))["results"]

    def execution(self, execution_id: str) -> dict:
        """n8n's record of an execution: status, workflowData, and `nodes`, {node name: [item, …]}."""
        record = self.request("GET", f"/executions/{execution_id}")
        return record | {"nodes": node_items(record["data"])}

    def wait_execution(self, execution_id: str, timeout: float = 300) -> dict:
        """The record of an execution once it has ended; N8nError after `timeout` seconds."""
        deadline = time.monotonic() + timeout
        pause = 0.1
        while time.monotonic() < deadline:
            record = self.execution(execution_id)
            if record["status"] not in UNFINISHED:
                return record
            time.sleep(pause)
            # n8n reads and sends the whole record each time: one that lasts is asked about less and less often.
            pause = min(1.5 * pause, 1)
        raise N8nError(f"L'exécution {execution_id} n'a pas fini en {timeout:g} s.")


def node_items(flatted: str) -> dict[str, list[dict]]:
    """The items each node gave, all its runs and outputs together, from n8n's stored execution data.

    n8n stores a graph in the format of the npm package `flatted`: a list whose strings are indices; an empty one at
    the very start of an execution.
    """
    values = json.loads(flatted)
    if not values:
        return {}

    def restore(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: follow(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [follow(inner) for inner in value]
        return value

    def follow(value: Any) -> Any:
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
