"""Des journaux qu'une machine sait lire : un objet JSON par ligne, sur stderr.

stdout reste réservé au résultat. Pour lire : `python ingest_api.py … 2>&1 >/dev/null | jq .`
"""

import logging
import os
import sys
import uuid
from datetime import UTC, datetime

from pythonjsonlogger.json import JsonFormatter

logger = logging.getLogger("ingestion")


def new_run_id() -> str:
    """L'identifiant de ce passage, triable par heure ; `lab run` l'impose par LAB_RUN_ID."""
    return os.environ.get("LAB_RUN_ID") or f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:6]}"


def log_to_stderr(run_id: str, quiet: bool = False) -> None:
    """Envoie les messages de `logger` sur stderr, chacun avec son heure UTC et `run_id`.

    quiet : seulement les avertissements et les erreurs, pour ne pas brouiller une barre de progression.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        JsonFormatter(
            ["levelname", "message"],
            rename_fields={"levelname": "level"},
            static_fields={"run_id": run_id},
            timestamp="time",
        )
    )
    logger.handlers = [handler]
    logger.setLevel(logging.WARNING if quiet else logging.INFO)
    logger.propagate = False
