"""A real browser for the tests: one Chromium a file, a fresh page (1280x720) a test."""

import pytest

from tests.browser.chromium import chromium

PROJECTOR = {"width": 1280, "height": 720}


@pytest.fixture(scope="module")
def browser():
    with chromium() as launched:
        yield launched


@pytest.fixture
def page(browser):
    context = browser.new_context(viewport=PROJECTOR, locale="fr-FR")
    yield context.new_page()
    context.close()
