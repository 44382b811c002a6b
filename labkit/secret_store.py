"""The lab's own secrets, made once on this machine: data/state/secrets.json, never in git."""

import json
import os
import secrets

from labkit.paths import STATE

FILE = STATE / "secrets.json"


def load() -> dict[str, str]:
    """{"jupyter_token", "n8n_encryption_key", "n8n_password", "webhook_key", "form_password"}: each made once."""
    known = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
    made = {
        "jupyter_token": secrets.token_urlsafe(24),
        "n8n_encryption_key": secrets.token_urlsafe(24),
        "n8n_password": f"Lab-{secrets.token_urlsafe(9)}1",
        "webhook_key": secrets.token_urlsafe(24),
        "form_password": secrets.token_urlsafe(9),
    }
    if made.keys() <= known.keys():
        return known
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.unlink(missing_ok=True)
    descriptor = os.open(FILE, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w", encoding="utf-8") as stream:  # noqa: PTH123
        json.dump(made | known, stream, indent=2)
    return made | known
