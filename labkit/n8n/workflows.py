"""The workflows of n8n/ under git: their canonical form, their way into a running n8n, and their way back.

A file in canonical form holds what a person decided and nothing of one machine: a change made in the editor
becomes a small diff, and an export without a change changes nothing.
"""

import hashlib
import json
import re
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from pathlib import Path

from labkit.base import state_file
from labkit.base.paths import DEFAULT_API_URL, DEFAULT_N8N_URL, N8N
from labkit.n8n.client import N8nClient
from labkit.n8n.install import N8nError

NODE_KEYS = (
    "id", "name", "type", "typeVersion", "position", "disabled", "onError", "alwaysOutputData", "executeOnce",
    "retryOnFail", "maxTries", "waitBetweenTries", "credentials", "webhookId", "notes", "notesInFlow", "parameters",
)  # fmt: skip
SETTINGS = (
    "executionOrder", "timezone", "executionTimeout", "errorWorkflow", "saveDataErrorExecution",
    "saveDataSuccessExecution", "saveManualExecutions", "saveExecutionProgress", "callerPolicy",
)  # fmt: skip
GRID = 20
# A workflow with one of these works unattended once published; without, it runs by hand only.
UNATTENDED = ("scheduleTrigger", "webhook", "formTrigger", "executeWorkflowTrigger", "errorTrigger")
MAIL_FIELDS: tuple[str, str] = ("courriel_de", "courriel_pour")


@dataclass(frozen=True)
class Place:
    """What is written into a workflow on its way into the n8n of one machine, and taken out on its way back.

    n8n's expressions may not read the environment, which holds its encryption key.
    n8n_url: as people reach it. own_url: as a workflow of this n8n calls its webhooks.
    credentials: {name: id}. mail: who notifications by mail come from and go to, empty for none.
    """

    api_url: str
    n8n_url: str
    own_url: str
    credentials: dict[str, str] = field(default_factory=dict)
    mail: tuple[str, str] = ("", "")

    def settle(self, workflow: dict) -> dict:
        """The workflow as this machine runs it."""
        mail = dict(zip(MAIL_FIELDS, self.mail, strict=True))
        return _adapted(workflow, self._addresses(), self.credentials, mail)

    def unsettle(self, workflow: dict) -> dict:
        """The workflow as git keeps it."""
        general = {own: written for written, own in self._addresses().items()}
        return _adapted(workflow, general, {}, dict.fromkeys(MAIL_FIELDS, ""))

    def _addresses(self) -> dict[str, str]:
        """{the address that git keeps: this machine's}; what begins with another one comes before it."""
        return {
            f"{DEFAULT_N8N_URL}/webhook": f"{self.own_url}/webhook",
            DEFAULT_N8N_URL: self.n8n_url,
            DEFAULT_API_URL: self.api_url,
        }


def _adapted(
    workflow: dict, addresses: dict[str, str], credentials: dict[str, str], mail: dict[str, str]
) -> dict:
    """A copy with these addresses, the ids of these credentials (none for an unknown one), and these mail fields."""
    pattern = "|".join(rf"{re.escape(address)}(?!\d)" for address in addresses)
    text = re.sub(pattern, lambda found: addresses[found[0]], json.dumps(workflow))
    copy = json.loads(text)
    for node in copy["nodes"]:
        for reference in node.get("credentials", {}).values():
            known = credentials.get(reference["name"])
            reference.pop("id", None)
            reference |= {"id": known} if known else {}
        for assignment in node["parameters"].get("assignments", {}).get("assignments", []):
            assignment["value"] = mail.get(assignment["name"], assignment["value"])
    return copy


def canonical(workflow: dict, former: dict | None = None) -> dict:
    """The workflow with what a person decides, in a fixed order: the nodes as in `former`, new ones last."""
    known = [node["id"] for node in (former or workflow)["nodes"]]
    places = {node_id: rank for rank, node_id in enumerate(known)}
    nodes = sorted(workflow["nodes"], key=lambda node: (places.get(node["id"], len(known)), node["name"]))
    connections = workflow["connections"]
    return {
        "id": workflow["id"],
        "name": workflow["name"],
        "nodes": [_canonical_node(node) for node in nodes],
        "connections": {
            node["name"]: connections[node["name"]]
            for node in nodes
            if any(output for outputs in connections.get(node["name"], {}).values() for output in outputs)
        },
        "settings": {name: workflow["settings"][name] for name in SETTINGS if name in workflow["settings"]},
        "pinData": _sorted(workflow.get("pinData") or {}),
    }


def _canonical_node(node: dict) -> dict:
    kept = {name: node[name] for name in NODE_KEYS if node.get(name) not in (None, False, {}, "")}
    kept["position"] = [GRID * round(value / GRID) for value in node["position"]]
    if "credentials" in kept:
        kept["credentials"] = _sorted(kept["credentials"])
    kept["parameters"] = _sorted(node["parameters"])
    return kept


def _sorted(value: object) -> object:
    if isinstance(value, dict):
        return {name: _sorted(value[name]) for name in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value


def text_of(workflow: dict) -> str:
    return json.dumps(workflow, ensure_ascii=False, indent=2) + "\n"


def read(path: Path) -> dict:
    """The workflow of a file. N8nError if it is not one."""
    try:
        workflow = json.loads(path.read_text(encoding="utf-8"))
        return canonical(workflow)
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise N8nError(
            f"{path.name} n'est pas un workflow de n8n ({problem}) : restaurez-le avec git."
        ) from None


def find(names: tuple[str, ...] = ()) -> list[Path]:
    """The files of these names, of workflows/ or checkpoints/; without names, all of workflows/."""
    if not names:
        return sorted((N8N / "workflows").glob("*.json"))
    known = {
        path.stem: path for folder in ("workflows", "checkpoints") for path in (N8N / folder).glob("*.json")
    }
    unknown = [name for name in names if name not in known]
    if unknown:
        raise N8nError(f"Aucun workflow « {unknown[0]} » dans n8n/. Connus : {', '.join(sorted(known))}.")
    return [known[name] for name in names]


@dataclass
class Imported:
    """What this n8n was last given, by workflow id: a digest of it, addresses included, so as to know a workflow that
    was changed since from one that only the lab's ports have left behind.
    """

    path: Path

    def knows(self, workflow: dict) -> bool:
        return state_file.read(self.path).get(workflow["id"]) == _digest(workflow)

    def has_had(self, workflow: dict) -> bool:
        return workflow["id"] in state_file.read(self.path)

    def remember(self, workflow: dict) -> None:
        if not self.knows(workflow):
            state_file.update(self.path, {workflow["id"]: _digest(workflow)})


def _digest(workflow: dict) -> str:
    return hashlib.sha256(text_of(workflow).encode()).hexdigest()


def import_workflows(
    client: N8nClient, files: list[Path], place: Place, imported: Imported, force: bool = False
) -> dict[str, str]:
    """Make n8n hold the workflows of `files`, none archived, and have those that work unattended published.

    {file's name: "new", "updated", "published" (its content was right), "same" or "kept"}. A checkpoint is there to be
    compared with: never published. "kept": it was changed or removed in the editor since it was imported, and only
    `force` writes over that. Whatever an import that was interrupted left undone, the next one does.
    """
    present = client.workflows()
    outcomes = {}
    for path, wanted in _called_first(files):
        settled = place.settle(wanted)
        current = present.get(wanted["id"])
        outcome = _what_to_do(settled, current, imported, force)
        if outcome != "kept":
            put_back = False
            if current and current["isArchived"]:
                current, put_back = client.unarchive(wanted["id"]), True
            if current is None:
                current = client.create_workflow(settled)
            elif outcome in ("new", "updated"):
                current = client.update_workflow(settled)
            imported.remember(canonical(settled))
            unattended = any(_kind(node) in UNATTENDED for node in wanted["nodes"])
            if path.parent.name == "workflows" and unattended and not _is_published(current):
                client.publish(current)
                put_back = True
            if put_back and outcome == "same":
                outcome = "published"
        outcomes[path.stem] = outcome
    return outcomes


def _is_published(workflow: dict) -> bool:
    """Is it in production as it was last saved?"""
    return workflow.get("activeVersionId") == workflow["versionId"]


def _what_to_do(settled: dict, current: dict | None, imported: Imported, force: bool) -> str:
    if current is None:
        return "kept" if imported.has_had(settled) and not force else "new"
    there = canonical(current, settled)
    if there == canonical(settled):
        return "same"
    return "updated" if force or imported.knows(there) else "kept"


def _called_first(files: list[Path]) -> list[tuple[Path, dict]]:
    """Each file and its workflow, after those it calls: n8n publishes in that order only."""
    by_id = {workflow["id"]: (path, workflow) for path in files for workflow in [read(path)]}
    calls = {
        workflow_id: [
            node["parameters"]["workflowId"]["value"]
            for node in workflow["nodes"]
            if _kind(node) == "executeWorkflow"
        ]
        for workflow_id, (_, workflow) in by_id.items()
    }
    ordered = TopologicalSorter(calls).static_order()
    return [by_id[workflow_id] for workflow_id in ordered if workflow_id in by_id]


def _kind(node: dict) -> str:
    return node["type"].rpartition(".")[2]


def export_workflows(client: N8nClient, files: list[Path], place: Place) -> dict[Path, str | None]:
    """The text each file would have if it held what n8n holds now; None for a workflow that n8n lacks."""
    present = client.workflows()
    texts: dict[Path, str | None] = {}
    for path in files:
        former = read(path)
        current = present.get(former["id"])
        if current is None or current["isArchived"]:
            texts[path] = None
        else:
            texts[path] = text_of(canonical(place.unsettle(current), former))
    return texts
