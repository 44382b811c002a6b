"""What a published figure was measured on."""

import os
import platform
from datetime import UTC, datetime

import psutil


def described() -> str:
    """Today's date and the machine's size, for the head of a published table."""
    memory = psutil.virtual_memory().total / 2**30
    return f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {memory:.0f} GiB, Python {platform.python_version()}"
