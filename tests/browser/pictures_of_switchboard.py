"""The picture of the switchboard for the documentation: a real run that meets faults, while it waits."""

import subprocess
import sys
import tempfile
from pathlib import Path

import requests
from playwright.sync_api import Page

from labkit.practice_api.server import running_api

SOLUTIONS = Path(__file__).parents[2] / "solutions"
FAULTS = [
    {"kind": "503", "next": 1, "retry_after": 1},
    {"kind": "429", "next": 1, "retry_after": 3, "retry_after_form": "date"},
    {"kind": "429", "rate": 0.05, "retry_after": 2},
]


def take(page: Page, folder: Path) -> Path:
    """Save `pupitre.png` in `folder`, of the page's own size, and return its path. It takes about six seconds."""
    with running_api() as api, tempfile.TemporaryDirectory() as scratch:
        for fault in FAULTS:
            requests.post(f"{api.url}/_lab/faults", json=fault, timeout=5).raise_for_status()
        requests.post(f"{api.url}/_lab/inbox", json={"titre": "Ingestion réussie"}, timeout=5)
        page.goto(api.url)
        page.get_by_text("en direct", exact=True).wait_for()
        command = [sys.executable, SOLUTIONS / "ingest_api.py", "--base-url", api.url]
        day = ["--start-date", "2024-01-02", "--end-date", "2024-01-02", "--page-size", "200"]
        ingestion = subprocess.Popen(
            [*command, *day], cwd=scratch, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        page.get_by_text("essai 3").wait_for()
        page.wait_for_timeout(1000)
        picture = folder / "pupitre.png"
        page.screenshot(path=picture)
        ingestion.wait()
    return picture
