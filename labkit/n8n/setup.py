"""What the lab gives a running n8n: its credentials, then its workflows."""

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

from labkit.base import secret_store
from labkit.base.addresses import public_url
from labkit.base.paths import HOST, STATE, api_url, service_url
from labkit.n8n.client import OWNER, N8nClient
from labkit.n8n.install import N8nError
from labkit.n8n.workflows import Imported, Place, import_workflows

IMPORTED = STATE / "n8n" / "imported.json"
WEBHOOK_CREDENTIAL = "Clé du webhook"
WEBHOOK_HEADER = "X-Lab-Key"
FORM_CREDENTIAL = "Accès au formulaire"
FORM_USER = "formateur"
MAIL_CREDENTIAL = "Serveur de courriel"
MAIL_PORTS = {"smtp": 587, "smtps": 465}


def connect(url: str = "") -> N8nClient:
    """A session with this lab's n8n, at `url` if it answers elsewhere. N8nError if it is not running."""
    client = N8nClient(url or service_url("n8n"), secret_store.load()["n8n_password"])
    client.login()
    return client


def forget_watermarks(client: N8nClient) -> None:
    """Remove the Data Tables where the workflows keep their watermarks; they make them anew at their next run."""
    for project in client.request("GET", "/projects/my-projects"):
        tables = f"/projects/{project['id']}/data-tables"
        for table in client.request("GET", tables)["data"]:
            client.request("DELETE", f"{tables}/{table['id']}")


def place(client: N8nClient, api_url: str, n8n_url: str = "", own_url: str = "") -> Place:
    """This machine's addresses, credentials (set anew in n8n) and mail, as the workflows need them.

    n8n_url: n8n as people reach it, own_url: as its own workflows do, where that is not as `client` does.
    """
    known = secret_store.load()
    smtp, sender, recipient = mail_settings()
    wanted = {
        WEBHOOK_CREDENTIAL: ("httpHeaderAuth", {"name": WEBHOOK_HEADER, "value": known["webhook_key"]}),
        FORM_CREDENTIAL: ("httpBasicAuth", {"user": FORM_USER, "password": known["form_password"]}),
        MAIL_CREDENTIAL: ("smtp", smtp),
    }
    return Place(
        api_url,
        n8n_url or client.url,
        own_url or client.url,
        client.ensure_credentials(wanted),
        (sender, recipient),
    )


def mail_settings() -> tuple[dict, str, str]:
    """n8n's SMTP credential, the sender and the recipient, from LAB_SMTP_URL, LAB_SMTP_FROM and LAB_SMTP_TO.

    LAB_SMTP_URL: smtp://user:password@host:587, or smtps:// for TLS from the first byte. Without the three, no mail is
    sent: the recipient is empty. N8nError if only some are set, or if the address cannot be read.
    """
    names = ("LAB_SMTP_URL", "LAB_SMTP_FROM", "LAB_SMTP_TO")
    url, sender, recipient = (os.environ.get(name, "") for name in names)
    missing = [name for name in names if not os.environ.get(name)]
    if len(missing) == len(names):
        return {"host": HOST, "port": 25, "user": "", "password": "", "secure": False}, "", ""
    if missing:
        raise N8nError(f"Pour envoyer des courriels, il manque {' et '.join(missing)} : voyez n8n/README.md.")
    parts = urlsplit(url)
    try:
        server = {"host": parts.hostname, "port": parts.port or MAIL_PORTS[parts.scheme]}
    except (KeyError, ValueError):
        server = {"host": None}
    if not server["host"]:
        raise N8nError("LAB_SMTP_URL ne se lit pas : écrivez smtp://utilisateur:motdepasse@serveur:587.")
    account = {"user": unquote(parts.username or ""), "password": unquote(parts.password or "")}
    return server | account | {"secure": parts.scheme == "smtps"}, sender, recipient


def bring_workflows(client: N8nClient, files: list[Path], force: bool = False) -> dict[str, str]:
    """Import and publish the workflows of `files`: {file's name: outcome}, as n8n_workflows.import_workflows."""
    return import_workflows(
        client,
        files,
        place(client, api_url(), public_url("n8n"), service_url("n8n")),
        Imported(IMPORTED),
        force,
    )


def sign_in() -> str:
    """The address of n8n, and what to sign in with, for a person of this machine to read."""
    return f"n8n : {public_url('n8n')} — adresse {OWNER}, mot de passe {secret_store.load()['n8n_password']}"
