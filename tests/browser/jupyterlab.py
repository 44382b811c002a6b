"""The JupyterLab of `lab start`, on a copy of the lab, and what a person does in it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Locator, Page, Response, expect

from labkit.base.processes import free_port
from tests.conftest import REPOSITORY
from tests.unit.lab_copy import LabCopy, make_copy

LONGEST_RUN = 240_000
WAITING = "[*]:"


@dataclass(frozen=True)
class RunningLab:
    """copy: its files and ports; home: the address `lab start` gave; token: JupyterLab's."""

    copy: LabCopy
    home: str
    token: str

    def address(self, service: str) -> str:
        return f"http://127.0.0.1:{self.copy.ports[service]}"

    def stop_kernels(self, page: Page) -> None:
        """End every kernel: the next test starts its own."""
        kernels = f"{self.address('jupyter')}/api/kernels"
        for kernel in page.request.get(f"{kernels}?token={self.token}").json():
            page.request.delete(f"{kernels}/{kernel['id']}?token={self.token}")


@contextmanager
def running_lab(root: Path, *arguments: str, **chosen: int) -> Iterator[RunningLab]:
    """`lab start` with these arguments, in a copy of the lab under `root`, on free ports, with this lab's n8n.

    chosen: ports of services that run already, by name.
    """
    ports = {service: free_port() for service in ("api", "jupyter", "n8n", "node_red")} | chosen
    folders = ("notebooks", "solutions", "labs", "data/samples", "n8n/workflows")
    copy = make_copy(root, *folders, **ports)
    (root / "n8n" / "node_modules").symlink_to(REPOSITORY / "n8n" / "node_modules")
    with copy.started(*arguments) as (_, said):
        home = re.search(r"JupyterLab +(http\S+)", said.read_text(encoding="utf-8"))[1]
        yield RunningLab(copy, home, parse_qs(urlsplit(home).query)["token"][0])


def is_checkpoint(answer: Response) -> bool:
    """Whether JupyterLab is told that a file's checkpoint is made: a save ends by it."""
    return answer.request.method == "POST" and "/checkpoints" in answer.url


@dataclass(frozen=True)
class JupyterLab:
    """JupyterLab in a page of the browser."""

    lab: RunningLab
    page: Page

    def open(self, path: str) -> None:
        """A file of the lab, in a JupyterLab with nothing else open."""
        self.page.goto(f"{self.lab.address('jupyter')}/lab/tree/{path}?token={self.lab.token}&reset")

    def open_notebook(self, path: str) -> None:
        self.open(path)
        self.wait_for_kernel()

    def open_too(self, name: str) -> None:
        """A notebook of the same folder, from the file browser."""
        self.page.locator(".jp-DirListing-item", has_text=name).dblclick()
        expect(self.tab(name)).to_have_class(re.compile("lm-mod-current"))
        self.wait_for_kernel()

    def wait_for_kernel(self) -> None:
        expect(self.page.get_by_text("Python 3 (ipykernel) | Inactif")).to_be_visible(timeout=30_000)

    def open_launcher(self) -> None:
        """JupyterLab with nothing open: the launcher is what it shows."""
        self.page.goto(f"{self.lab.address('jupyter')}/lab?token={self.lab.token}&reset")

    def card(self, label: str) -> Locator:
        """A card of the launcher, of the lab's own."""
        cards = self.page.locator(".jp-LauncherCard[data-category='Laboratoire']:visible")
        return cards.filter(has=self.page.get_by_text(label, exact=True))

    def tab(self, label: str) -> Locator:
        return self.page.locator("#jp-main-dock-panel .lm-TabBar-tab", has_text=label)

    def run_all(self) -> None:
        """By the menu; returns when the last cell is done."""
        self.begin_all()
        self.wait_until_run()

    def begin_all(self) -> None:
        self.page.get_by_role("menuitem", name="Exécution", exact=True).click()
        self.page.get_by_role("menuitem", name="Exécuter toutes les cellules", exact=True).click()

    def run_cell(self, source: str) -> Locator:
        """Run the code cell of this source, by Ctrl+Enter; gives what it shows once it is done."""
        cell = self.page.locator(
            ".jp-CodeCell:visible", has=self.page.locator(".cm-content", has_text=source)
        )
        cell.locator(".cm-content").click()
        self.page.keyboard.press("Control+Enter")
        self.wait_until_run()
        return cell.locator(".jp-OutputArea")

    def wait_until_run(self) -> None:
        waiting = self.page.locator(".jp-InputPrompt:visible").get_by_text(WAITING, exact=True)
        expect(waiting).to_have_count(0, timeout=LONGEST_RUN)
        self.wait_for_kernel()

    def bad_outputs(self) -> list[str]:
        """The text of what a cell seldom leaves on purpose: an error, words on stderr, a warning."""
        outputs = self.page.locator(".jp-NotebookPanel:visible .jp-OutputArea-output")
        return outputs.evaluate_all(
            """outputs => outputs.filter(({dataset, textContent}) =>
                /(stderr|error)$/.test(dataset.mimeType) || /Warning: |Traceback \\(most/.test(textContent))
                .map(output => output.textContent)"""
        )

    def write(self, text: str) -> None:
        """Replace what the editor in front holds, and save it with Ctrl+S."""
        editor = self.page.locator(".jp-FileEditor:visible .cm-content")
        editor.click()
        self.page.keyboard.press("Control+A")
        self.page.keyboard.insert_text(text)
        self.save()

    def write_to_disk(self) -> None:
        """Save the file in front, with Ctrl+S; JupyterLab has nothing more to do about it when this returns."""
        with self.page.expect_response(is_checkpoint):
            self.page.keyboard.press("Control+S")

    def save(self) -> None:
        """The same, of a file that nothing changes meanwhile."""
        self.write_to_disk()
        expect(self.page.locator(".lm-TabBar-tab.jp-mod-current.jp-mod-dirty")).to_have_count(0)
