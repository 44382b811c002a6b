"""The lab's own secrets, made once on this machine: data/state/secrets.json, never in git."""

import json
import secrets

from labkit.base import state_file
from labkit.base.paths import STATE
from labkit.base.state_file import StateError

FILE = STATE / "secrets.json"
DAMAGED = (
    f"{FILE} est abîmé : les secrets de ce laboratoire ne s'y lisent plus. Remettez-en une copie ; sans copie, "
    f"effacez ce fichier et {STATE / 'n8n'} : n8n repartira neuf, avec les workflows du laboratoire."
)


def load() -> dict[str, str]:
    """Each secret of `made` below, by its name: made once.

    StateError if the file is there and cannot be read: other secrets would lock this lab out of its own n8n.
    """
    known = _known()
    made = {
        "jupyter_token": secrets.token_urlsafe(24),
        "api_token": secrets.token_urlsafe(24),
        "n8n_encryption_key": secrets.token_urlsafe(24),
        "n8n_password": f"Lab-{secrets.token_urlsafe(9)}1",
        "webhook_key": secrets.token_urlsafe(24),
        "form_password": secrets.token_urlsafe(9),
    }
    if made.keys() <= known.keys():
        return known
    state_file.write(FILE, made | known)
    return made | known


def _known() -> dict[str, str]:
    if not FILE.exists():
        return {}
    try:
        known = json.loads(FILE.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise StateError(DAMAGED) from None
    if not isinstance(known, dict):
        raise StateError(DAMAGED)
    return known
