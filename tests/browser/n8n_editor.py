"""n8n's editor in a real browser: log in, open a workflow, see what its nodes say.

`take(browser, …)` keeps a picture of each workflow in docs/pictures/n8n (make pictures).
"""

from pathlib import Path

from playwright.sync_api import Browser, Page

from labkit.n8n_client import OWNER
from labkit.n8n_workflows import find, read

SCREEN = {"width": 1400, "height": 800}
MARGIN = 24
# A node's name is under it, outside its box.
LABEL = 70


class Editor:
    """The editor at `url`, in `page`, logged in as the owner."""

    def __init__(self, page: Page, url: str, password: str):
        self.page, self.url = page, url
        identity = "lab-editor"
        page.add_init_script(f"localStorage.setItem('n8n-browserId', '{identity}')")
        credentials = {"emailOrLdapLoginId": OWNER, "password": password}
        answer = page.request.post(f"{url}/rest/login", data=credentials, headers={"browser-id": identity})
        assert answer.ok, answer.text()

    def open(self, workflow_id: str) -> None:
        """The workflow, all of it in sight."""
        self.page.goto(f"{self.url}/workflow/{workflow_id}")
        self.page.wait_for_selector(".vue-flow__node")
        self.page.wait_for_load_state("networkidle")
        self.page.keyboard.press("1")
        self.page.wait_for_timeout(800)

    def nodes(self) -> list[str]:
        return self.page.locator('[data-test-id="canvas-node"]').evaluate_all(
            "nodes => nodes.map(node => node.dataset.nodeName)"
        )

    def troubled(self) -> list[str]:
        """The nodes that bear a warning: a credential that lacks, a parameter that lacks, a type unknown here."""
        return self.page.locator(
            '[data-test-id="canvas-node"]:has([data-test-id="node-issues"]), '
            '[data-test-id="canvas-node"]:has([class*="nodeIconPlaceholder"])'
        ).evaluate_all("nodes => nodes.map(node => node.dataset.nodeName)")

    def succeeded(self) -> list[str]:
        return self.page.locator(
            '[data-test-id="canvas-node"]:has([data-test-id="canvas-node-status-success"])'
        ).evaluate_all("nodes => nodes.map(node => node.dataset.nodeName)")

    def wait_success(self, node: str, seconds: float) -> None:
        """Wait until the node has turned green."""
        green = f'[data-node-name="{node}"] [data-test-id="canvas-node-status-success"]'
        self.page.locator(green).wait_for(timeout=1000 * seconds)

    def run_from(self, trigger: str) -> None:
        """Press the button that a trigger node shows when the pointer is on it."""
        self.page.locator(f'[data-test-id="canvas-node"][data-node-name="{trigger}"]').hover()
        self.page.locator(f'[data-test-id="execute-workflow-button-{trigger}"]').click()

    def content(self) -> dict[str, float]:
        """Where the nodes and notes are on screen, with a margin: {"x", "y", "width", "height"} in pixels."""
        boxes = self.page.locator(".vue-flow__node").evaluate_all(
            "nodes => nodes.map(node => node.getBoundingClientRect().toJSON())"
        )
        left, top = (min(box[side] for box in boxes) - MARGIN for side in ("left", "top"))
        right = max(box["right"] for box in boxes) + MARGIN
        bottom = max(box["bottom"] for box in boxes) + LABEL
        return {"x": left, "y": top, "width": right - left, "height": bottom - top}


def take(browser: Browser, url: str, password: str, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    page = browser.new_page(viewport=SCREEN, device_scale_factor=2, color_scheme="light")
    editor = Editor(page, url, password)
    for path in find():
        editor.open(read(path)["id"])
        page.screenshot(path=folder / f"{path.stem}.png", clip=editor.content())
    page.close()
