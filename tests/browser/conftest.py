"""A real browser for the tests: one Chromium a file, a fresh page (1280x720) a test."""

from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.browser.chromium import chromium
from tests.browser.jupyterlab import JupyterLab

# A page is waited for until it is there: on a machine that runs the whole suite, JupyterLab takes its time.
expect.set_options(timeout=30_000)
PROJECTOR = {"width": 1280, "height": 720}


@pytest.fixture(scope="module")
def browser():
    with chromium() as launched:
        yield launched


@contextmanager
def new_page(browser, **more):
    """A page of its own, in French at a projector's size, for the time of a `with`. more: Playwright's new_context."""
    context = browser.new_context(viewport=PROJECTOR, locale="fr-FR", **more)
    yield context.new_page()
    context.close()


@pytest.fixture
def page(browser):
    with new_page(browser) as page:
        yield page


@pytest.fixture
def problems(page):
    """What goes wrong in the browser while the test runs: see problems_of."""
    return problems_of(page)


def problems_of(page) -> list[str]:
    """What goes wrong in this page from now on: console errors, requests to another machine."""
    found: list[str] = []
    page.on("console", lambda message: message.type == "error" and found.append(message.text))
    page.on("pageerror", lambda error: found.append(str(error)))
    page.context.on(
        "request", lambda sent: urlsplit(sent.url).hostname in (None, "127.0.0.1") or found.append(sent.url)
    )
    return found


@pytest.fixture
def jupyterlab(lab, page, problems):
    """JupyterLab of the module's `lab`, that must say no error."""
    yield JupyterLab(lab, page)
    lab.stop_kernels(page)
    assert problems == []
