"""What n8n remembers of its executions: the evidence for the steps done in its editor."""

import re
from dataclasses import dataclass

import requests
from checking import NotAttempted, Uncheckable, Wrong

from labkit import secret_store
from labkit.n8n import node_items
from labkit.paths import HOST, port

ENCODED = re.compile(r"\{\{ *JSON\.stringify\(.*?\)\.base64Encode\(\) *\}\}")
PASTED = re.compile(r"\{\{.*?\}\}")


@dataclass(frozen=True)
class Workflow:
    """A workflow of the lab, in the n8n that runs on this machine."""

    id: str
    title: str

    def executions(self) -> list[dict[str, list[dict]]]:
        """{node: items} of its executions, the last first."""
        return [node_items(detail["data"]) for detail in self._details()]

    def _details(self) -> list[dict]:
        """n8n's record of its last executions. Uncheckable if n8n is not there or refuses."""
        url = f"http://{HOST}:{port('n8n')}/rest"
        try:
            session = self._logged_in(url)
            found = session.get(
                f"{url}/executions", params={"filter": f'{{"workflowId":"{self.id}"}}', "limit": 5}, timeout=5
            )
            found.raise_for_status()
            ids = [execution["id"] for execution in found.json()["data"]["results"]]
            return [session.get(f"{url}/executions/{one}", timeout=5).json()["data"] for one in ids]
        except requests.RequestException:
            raise Uncheckable(
                "n8n ne répond pas : démarrez-le avec « lab start », puis relancez ce test."
            ) from None

    def _logged_in(self, url: str) -> requests.Session:
        from labkit.n8n import OWNER

        session = requests.Session()
        session.headers["browser-id"] = "lab-check"
        credentials = {"emailOrLdapLoginId": OWNER, "password": secret_store.load()["n8n_password"]}
        session.post(f"{url}/login", json=credentials, timeout=5).raise_for_status()
        return session

    def pasted_parameters(self) -> list[str]:
        """The expressions that the shell would read as they are, in the commands of the last execution's workflow."""
        details = self._details()
        if not details:
            raise NotAttempted(f"Le workflow « {self.title} » n'a pas encore été exécuté dans n8n.")
        nodes = details[0]["workflowData"]["nodes"]
        commands = [
            node["parameters"]["command"] for node in nodes if node["type"].endswith(".executeCommand")
        ]
        return [found for command in commands for found in PASTED.findall(ENCODED.sub("", command))]

    def executions_with_labs(self) -> list[dict[str, list[dict]]]:
        """Those that ran the trainee's folder. NotAttempted if there is none, Wrong if all ran the reference."""
        found = self.executions()
        if not found:
            raise NotAttempted(f"Le workflow « {self.title} » n'a pas encore été exécuté dans n8n.")
        mine = [nodes for nodes in found if nodes.get("Paramètres", [{}])[0].get("scripts") == "labs"]
        if not mine:
            tried = f"les dernières exécutions de « {self.title} », nœud « Paramètres », scripts"
            raise Wrong(
                tried,
                "labs",
                ", ".join(nodes.get("Paramètres", [{}])[0].get("scripts", "?") for nodes in found),
            )
        return mine

    def last_with_labs(self) -> dict[str, list[dict]]:
        return self.executions_with_labs()[0]
