"""n8n's editor in a real browser: log in, open a workflow, see what its nodes say.

`take(browser, …)` keeps a picture of each workflow in docs/pictures/n8n (make pictures).
"""

from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from playwright.sync_api import Browser, Page

from labkit.n8n.client import OWNER
from labkit.n8n.workflows import find, read
from tests.unit.lab_copy import wait_until

SCREEN = {"width": 1400, "height": 800}
MARGIN = 24
# A node's name is under it, outside its box.
LABEL = 70
CONTROLS = ".vue-flow__controls, [data-test-id='execute-workflow-button'], .vue-flow__panel"
SEEN = """() => {
  const seen = [];
  const see = (kind, of, box, text = "", size = 0) =>
    seen.push({ kind, of, text, size, left: box.left, top: box.top, right: box.right, bottom: box.bottom });
  for (const node of document.querySelectorAll(".vue-flow__node")) {
    const { nodeName, nodeType } = node.querySelector("[data-node-name]").dataset;
    const box = node.getBoundingClientRect();
    see(nodeType.endsWith("stickyNote") ? "note" : "node", nodeName, box);
    const texts = document.createTreeWalker(node, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const text = texts.currentNode, holder = text.parentElement, range = document.createRange();
      if (!text.data.trim() || !holder.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
      range.selectNodeContents(text);
      const place = range.getBoundingClientRect().toJSON(), shown = holder.getBoundingClientRect();
      if (getComputedStyle(holder).overflowX === "hidden") {
        place.left = Math.max(place.left, shown.left);
        place.right = Math.min(place.right, shown.right);
      }
      const size = (parseFloat(getComputedStyle(holder).fontSize) * box.width) / node.offsetWidth;
      see("text", nodeName, place, text.data.trim(), size);
    }
  }
  for (const control of document.querySelectorAll(".vue-flow__controls, [data-test-id='execute-workflow-button']"))
    see("control", "", control.getBoundingClientRect());
  see("canvas", "", document.querySelector(".vue-flow").getBoundingClientRect());
  return seen;
}"""

GO_TO = "path => { history.pushState({}, '', path); dispatchEvent(new PopStateEvent('popstate', { state: {} })); }"


@dataclass(frozen=True)
class Seen:
    """A node, a note, a text, a control or the canvas, where it is on screen, in pixels.

    of: the node or note it belongs to; size: a text's, as it is displayed.
    """

    kind: str
    of: str
    text: str
    size: float
    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: "Seen") -> bool:
        return (
            min(self.right, other.right) - max(self.left, other.left) > 1
            and min(self.bottom, other.bottom) - max(self.top, other.top) > 1
        )

    def holds(self, other: "Seen") -> bool:
        return (
            self.left <= other.left
            and other.right <= self.right
            and self.top <= other.top
            and other.bottom <= self.bottom
        )


class View:
    """What the canvas shows as it stands."""

    def __init__(self, seen: list[Seen]):
        self.drawn = [one for one in seen if one.kind in ("node", "note", "text")]
        self.controls = [one for one in seen if one.kind == "control"]
        (self.canvas,) = [one for one in seen if one.kind == "canvas"]

    def smallest(self) -> float:
        """The size of the smallest name or note, in pixels."""
        notes = {one.of for one in self.drawn if one.kind == "note"}
        return min(one.size for one in self.drawn if one.text and (one.text == one.of or one.of in notes))

    def overlaps(self) -> list[tuple[str, str]]:
        """What lies over another node or note, or over its text."""
        pairs = [pair for pair in combinations(self.drawn, 2) if pair[0].of != pair[1].of]
        return [(a.text or a.of, b.text or b.of) for a, b in pairs if a.meets(b)]

    def hidden(self) -> list[str]:
        """What is out of the canvas, under one of its controls, or cut by its own note."""
        notes = {one.of: one for one in self.drawn if one.kind == "note"}
        return [
            one.text or one.of
            for one in self.drawn
            if not self.canvas.holds(one)
            or any(one.meets(control) for control in self.controls)
            or (one.text and one.of in notes and not notes[one.of].holds(one))
        ]


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
        """The workflow at the editor's own zoom; from another one, by the editor's router, without loading it anew."""
        shown, wanted = self.page.url, f"{self.url}/workflow/{workflow_id}"
        with self.page.expect_response(f"**/rest/workflows/{workflow_id}*"):
            if shown.startswith(f"{self.url}/workflow/") and shown != wanted:
                self.page.evaluate(GO_TO, f"/workflow/{workflow_id}")
            else:
                self.page.goto(wanted)
        self.page.wait_for_selector(".vue-flow__node")
        self.page.wait_for_load_state("networkidle")
        wait_until(self._is_still)

    def _is_still(self) -> bool:
        """Whether nothing of the canvas has moved for half a second."""
        before = self.page.evaluate(SEEN)
        self.page.wait_for_timeout(500)
        return self.page.evaluate(SEEN) == before

    def view(self) -> View:
        return View([Seen(**one) for one in self.page.evaluate(SEEN)])

    def trigger(self) -> str:
        """The trigger from which the big button runs; empty when there is but one."""
        button = self.page.locator('[data-test-id="execute-workflow-button"]')
        return button.inner_text().partition("from")[2].strip()

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
        page.add_style_tag(content=CONTROLS + " { visibility: hidden !important; }")
        page.screenshot(path=folder / f"{path.stem}.png", clip=editor.content())
    page.close()
