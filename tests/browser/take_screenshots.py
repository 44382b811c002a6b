"""The pictures of the README, taken from the real JupyterLab and the real n8n: `make pictures`.

Needs Debian's chromium (or CHROMIUM=path). Works on a copy of the lab, on free ports.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests
from playwright.sync_api import Page

from labkit import n8n
from labkit.processes import free_port
from tests.browser.chromium import chromium

REPOSITORY = Path(__file__).parents[2]
PICTURES = REPOSITORY / "docs" / "pictures"
SIZE = {"width": 1280, "height": 800}


@contextmanager
def running_lab(root: Path) -> Iterator[dict[str, str]]:
    """`lab start` in a copy of the lab under `root`: the addresses of jupyter and n8n, and the secrets."""
    for folder in ("notebooks", "solutions", "labs", "data/samples"):
        if (REPOSITORY / folder).is_dir():
            shutil.copytree(REPOSITORY / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    (root / "n8n").symlink_to(REPOSITORY / "n8n")
    ports = {name: str(free_port()) for name in ("api", "jupyter", "n8n")}
    own = {f"LAB_{name.upper()}_PORT": port for name, port in ports.items()} | {"LAB_ROOT": str(root)}
    process = subprocess.Popen(
        [sys.executable, "-m", "labkit.cli", "start", "--no-browser"], env=os.environ | own, cwd=root
    )
    addresses = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
    try:
        wait_ready(addresses["n8n"], process)
        yield addresses | json.loads((root / "data/state/secrets.json").read_text())
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


def wait_ready(url: str, process: subprocess.Popen) -> None:
    for _ in range(600):
        if process.poll() is not None:
            sys.exit("lab start ended before n8n was ready")
        try:
            if requests.get(f"{url}/healthz/readiness", timeout=2).status_code == 200:
                return
        except requests.RequestException:
            pass
        time.sleep(0.5)
    sys.exit("n8n was not ready after five minutes")


def open_notebook(page: Page, lab: dict[str, str], name: str) -> None:
    page.goto(f"{lab['jupyter']}/lab/tree/notebooks/{name}?token={lab['jupyter_token']}")
    page.wait_for_selector(".jp-Notebook .jp-Cell")
    page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status='idle']", timeout=60_000)
    page.wait_for_timeout(1500)


def open_workflow(page: Page, lab: dict[str, str], workflow: str) -> None:
    identity = "lab-pictures"
    page.add_init_script(f"localStorage.setItem('n8n-browserId', '{identity}')")
    credentials = {"emailOrLdapLoginId": n8n.OWNER, "password": lab["n8n_password"]}
    page.request.post(f"{lab['n8n']}/rest/login", data=credentials, headers={"browser-id": identity})
    page.goto(f"{lab['n8n']}/workflow/{workflow}")
    page.wait_for_selector(".vue-flow__node")
    page.keyboard.press("1")
    page.wait_for_timeout(1500)


def main() -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, running_lab(Path(folder)) as lab, chromium() as browser:
        page = browser.new_page(viewport=SIZE)
        open_notebook(page, lab, "08_backfill.ipynb")
        page.locator(".jp-Notebook img").first.scroll_into_view_if_needed()
        page.wait_for_timeout(500)
        page.screenshot(path=PICTURES / "jupyterlab.png")
        page = browser.new_page(viewport=SIZE)
        open_workflow(page, lab, "labIngestion0001")
        page.screenshot(path=PICTURES / "n8n.png")


if __name__ == "__main__":
    main()
