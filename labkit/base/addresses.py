"""Where the services listen, and the addresses told to people: not the same behind a hub, a proxy or a container.

The lab's own programs call each other on loopback (service_url). LAB_BIND opens the services to the network besides;
LAB_PUBLIC_URL says under which name a browser finds this machine, each service at its own port. In a JupyterHub they
are all at the hub's address, under a trainee's prefix.
"""

import os
from urllib.parse import urlsplit

import click

from labkit.base.paths import HOST, api_url, port, service_url

EVERYWHERE = "0.0.0.0"
# What follows a trainee's prefix at the hub: labkit/services/jupyter/server_config.py serves them there.
AT_THE_HUB = {"jupyter": "", "api": "/pratique", "n8n": "/n8n"}


class AddressError(click.ClickException):
    """An address that the environment gives and that cannot be used, in one sentence: a command ends with it, and 1."""


def bind() -> str:
    """Where services listen: this machine alone, or its network (LAB_BIND=0.0.0.0). AddressError for anything else."""
    wanted = os.environ.get("LAB_BIND") or HOST
    if wanted not in (HOST, EVERYWHERE):
        raise AddressError(
            f"LAB_BIND vaut « {wanted} » : écrivez {HOST} (cette machine seule, comme sans cette variable) ou "
            f"{EVERYWHERE} (tout le réseau)."
        )
    if wanted == EVERYWHERE and not public_origin():
        raise AddressError(
            f"LAB_BIND={EVERYWHERE} demande LAB_PUBLIC_URL : l'adresse de cette machine dans un navigateur, comme "
            "http://formation.example."
        )
    return wanted


def check() -> None:
    """AddressError if LAB_BIND or LAB_PUBLIC_URL cannot be used."""
    bind()
    public_origin()


def hub_prefix() -> str:
    """`/user/alice` in the server that a JupyterHub started for alice, empty elsewhere."""
    return os.environ.get("JUPYTERHUB_SERVICE_PREFIX", "").rstrip("/")


def public_origin() -> str:
    """`https://formation.example`, this machine or its hub as browsers name it; empty when they run on it.

    AddressError says what is wrong with LAB_PUBLIC_URL.
    """
    given, hub = os.environ.get("LAB_PUBLIC_URL", ""), _origin(os.environ.get("JUPYTERHUB_PUBLIC_URL", ""))
    if not given:
        return hub
    if not (origin := _origin(given)):
        raise AddressError(
            f"LAB_PUBLIC_URL vaut « {given} » : commencez par http:// ou https://, puis le nom de la machine."
        )
    if given.rstrip("/") != origin:
        raise AddressError(f"LAB_PUBLIC_URL vaut « {given} » : gardez {origin}, sans rien après.")
    if hub and hub != origin:
        raise AddressError(f"LAB_PUBLIC_URL nomme {origin}, et le hub {hub} : effacez LAB_PUBLIC_URL.")
    if not hub_prefix() and urlsplit(origin).port:
        raise AddressError(
            f"LAB_PUBLIC_URL vaut « {given} » : effacez le port, chaque service garde le sien (LAB_API_PORT…)."
        )
    return origin


def _origin(url: str) -> str:
    """The scheme, host and port of an address of the web; empty for any other text."""
    try:
        parts = urlsplit(url)
        known = parts.scheme in ("http", "https") and parts.hostname and (parts.port or True)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}" if known and "@" not in parts.netloc else ""


def hub_path(service: str) -> str:
    """`/user/alice/n8n`: where the hub serves `jupyter`, `api` or `n8n` of this trainee; empty without a hub."""
    return hub_prefix() and hub_prefix() + AT_THE_HUB[service]


def public_url(service: str) -> str:
    """The address of `jupyter`, `api` or `n8n` to tell a person; a path alone at a hub that does not say its own.

    An API of elsewhere (LAB_API_URL) is told as it is.
    """
    if service == "api" and api_url() != service_url("api"):
        return api_url()
    if path := hub_path(service):
        return public_origin() + path
    origin = public_origin()
    return f"{origin}:{port(service)}" if origin else service_url(service)


def is_open() -> bool:
    """Whether somebody on another machine can reach the services other than through a hub, which asks who they are."""
    return bind() != HOST or bool(public_origin() and not hub_prefix())
