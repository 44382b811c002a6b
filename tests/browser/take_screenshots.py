"""The pictures of the documentation, taken from the real lab: `make pictures`.

Needs Debian's chromium (or CHROMIUM=path) and an installed n8n. Works on a copy of the lab, on free ports.
"""

import json
import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page

from tests.browser import n8n_editor, pictures_of_switchboard
from tests.browser.chromium import chromium
from tests.browser.conftest import PROJECTOR
from tests.browser.jupyterlab import JupyterLab, RunningLab, running_lab
from tests.conftest import REPOSITORY
from tests.unit.lab_copy import wait_until

PICTURES = REPOSITORY / "docs" / "pictures"


def take_jupyterlab(page: Page, lab: RunningLab) -> None:
    jupyterlab = JupyterLab(lab, page)
    jupyterlab.open_launcher()
    jupyterlab.card("n8n").wait_for()
    page.wait_for_timeout(500)
    page.screenshot(path=PICTURES / "lanceur.png")
    jupyterlab.open_notebook("notebooks/08_backfill.ipynb")
    page.locator(".jp-Notebook img").first.scroll_into_view_if_needed()
    page.wait_for_timeout(500)
    page.screenshot(path=PICTURES / "jupyterlab.png")


def take_workflows(browser: Browser, lab: RunningLab) -> None:
    wait_until(lambda: "✓ n8n" in lab.copy.said.read_text(encoding="utf-8"))
    secrets = json.loads((lab.copy.root / "data/state/secrets.json").read_text(encoding="utf-8"))
    n8n_editor.take(browser, lab.address("n8n"), secrets["n8n_password"], PICTURES / "n8n")


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        running_lab(Path(folder) / "labo") as lab,
        chromium() as browser,
    ):
        take_workflows(browser, lab)
        for name in ("README.md", "README.fr.md"):
            shutil.copy(REPOSITORY / name, lab.copy.root)
        page = browser.new_context(viewport=PROJECTOR, locale="fr-FR").new_page()
        take_jupyterlab(page, lab)
        pictures_of_switchboard.take(page, PICTURES)


if __name__ == "__main__":
    main()
