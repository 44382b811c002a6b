"""Logs that a machine can read: one JSON object a line, on stderr.

stdout is kept for the result. To read them: `python -m ingestion ingest … 2>&1 >/dev/null | jq .`
"""

import logging
import os
import sys
import uuid
from datetime import UTC, datetime

from pythonjsonlogger.json import JsonFormatter

from ingestion.secrets import redacted

logger = logging.getLogger("ingestion")


def new_run_id() -> str:
    """The identifier of this run, in the order of time; `lab run` gives it in LAB_RUN_ID."""
    return os.environ.get("LAB_RUN_ID") or f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:6]}"


class _Discreet(JsonFormatter):
    def format(self, record: logging.LogRecord) -> str:
        return redacted(super().format(record))


def log_to_stderr(run_id: str, quiet: bool = False) -> None:
    """Send the messages of `logger` to stderr, each a JSON object with its UTC time and `run_id`.

    Args:
        run_id: the run.
        quiet: warnings and errors only, not to blur a progress bar.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        _Discreet(
            ["levelname", "message"],
            rename_fields={"levelname": "level"},
            static_fields={"run_id": run_id},
            timestamp="time",
        )
    )
    logger.handlers = [handler]
    logger.setLevel(logging.WARNING if quiet else logging.INFO)
    logger.propagate = False
