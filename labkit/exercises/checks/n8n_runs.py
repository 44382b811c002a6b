"""What n8n remembers of its executions: the evidence for the steps done in its editor."""

import re
from dataclasses import dataclass
from functools import cache

from checking import NotAttempted, Uncheckable

from labkit.n8n.install import N8nError
from labkit.n8n.setup import connect

ENCODED = re.compile(r"\{\{ *JSON\.stringify\(.*?\)\.base64Encode\(\) *\}\}")
PASTED = re.compile(r"\{\{.*?\}\}")


@dataclass(frozen=True)
class Workflow:
    """A workflow of the lab, in the n8n that runs on this machine; `ids` are those under which it may be found.

    own_title: the name under which a trainee builds it, whatever its id.
    """

    title: str
    ids: tuple[str, ...]
    own_title: str = ""

    def executions(self) -> list[dict]:
        """n8n's records of its last executions, the last first. Uncheckable if n8n is not there or refuses."""
        try:
            return _last_executions(self)
        except N8nError as problem:
            raise Uncheckable(f"{problem} Puis relancez ce test.") from None

    def pasted_parameters(self) -> list[str]:
        """The expressions that the shell would read as they are, in the commands of the last execution's workflow."""
        nodes = self._attempted()[0]["workflowData"]["nodes"]
        commands = [
            node["parameters"]["command"] for node in nodes if node["type"].endswith(".executeCommand")
        ]
        return [found for command in commands for found in PASTED.findall(ENCODED.sub("", command))]

    def outputs(self, kind: str) -> dict[str, list[list[str]]]:
        """{node: [what its first output leads to, its second…]}, nodes of this kind in the last execution's workflow."""
        built = self._attempted()[0]["workflowData"]
        return {
            node["name"]: [
                [arrow["node"] for arrow in output or []]
                for output in built["connections"].get(node["name"], {}).get("main", [])
            ]
            for node in built["nodes"]
            if node["type"] == f"n8n-nodes-base.{kind}" and not node.get("disabled")
        }

    def executions_with_labs(self) -> list[dict[str, list[dict]]]:
        """{node: items} of those that ran the trainee's folder. NotAttempted without any."""
        found = [execution["nodes"] for execution in self._attempted()]
        mine = [nodes for nodes in found if nodes.get("Paramètres", [{}])[0].get("scripts") == "labs"]
        if not mine:
            raise NotAttempted(
                f"Les dernières exécutions de « {self.title} » ont lancé la référence : dans le nœud « Paramètres », "
                "mettez `labs` dans `scripts`, puis exécutez."
            )
        return mine

    def last_with_labs(self) -> dict[str, list[dict]]:
        return self.executions_with_labs()[0]

    def _attempted(self) -> list[dict]:
        found = self.executions()
        if not found:
            raise NotAttempted(f"Le workflow « {self.title} » n'a pas encore été exécuté dans n8n.")
        return found


@cache
def _last_executions(workflow: Workflow) -> list[dict]:
    """Asked of n8n once for all the checks of a step."""
    client = connect()
    built = [
        found["id"]
        for found in client.listed_workflows()
        if found["name"] == workflow.own_title and not found["isArchived"]
    ]
    listed = [execution for one in (*workflow.ids, *built) for execution in client.executions(one, limit=5)]
    newest = sorted(listed, key=lambda execution: int(execution["id"]), reverse=True)
    return [client.execution(execution["id"]) for execution in newest]
