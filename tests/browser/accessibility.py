"""What axe-core finds wrong with a page as it stands in the browser."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page


def violations(page: Page, part: str | None = None) -> list[str]:
    """One line for each rule broken: its name, what it asks, and the elements at fault. Empty when none is.

    part: a selector, to look at no more than that.
    """
    found = Axe().run(page, part).response["violations"]
    return [f"{rule['id']}: {rule['help']} {[node['target'] for node in rule['nodes']]}" for rule in found]
