"""The runs as an operator looks for them at night: a grid of the last ones, and each in full, without a token."""

import os
import re
import subprocess
import sys

import pytest
from playwright.sync_api import expect

from tests.browser.accessibility import violations
from tests.notebooks.workspace import REPOSITORY, workspace

pytestmark = pytest.mark.browser
PERIOD = ("-p", "start_date", "2024-01-30", "-p", "end_date", "2024-02-02", "-p", "page_size", "1000")
SERVER = """
from labkit.practice_api.server import running_api
with running_api() as api:
    print(api.url, flush=True)
    input()
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """A lab where a notebook and a script have run, well and badly; `url` serves its pages."""
    with workspace(tmp_path_factory.mktemp("passages") / "labo") as made:

        def run(name, *arguments):
            return made.run("-m", "labkit.cli", "run", name, *arguments)

        run("ingest_api.py", *PERIOD, "-p", "output_dir", "data/bronze/x")
        run(
            "06_api_vers_parquet.ipynb",
            *PERIOD,
            "-p",
            "base_url",
            "http://127.0.0.1:9",
            "-p",
            "max_wait",
            "0.01",
        )
        run("ingest_api.py", "-p", "start_date", "hier")
        server = subprocess.Popen(
            [sys.executable, "-c", SERVER],
            env=os.environ | made.environment | {"PYTHONPATH": str(REPOSITORY)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )
        try:
            yield server.stdout.readline().strip()
        finally:
            server.communicate("\n", timeout=20)


@pytest.fixture(params=["light", "dark"])
def runs(page, lab, request):
    page.emulate_media(color_scheme=request.param)
    page.goto(f"{lab}/passages")
    return page


def test_the_last_runs_are_a_grid_and_a_list_and_axe_finds_nothing(runs):
    expect(runs.locator(".grid tr")).to_have_count(2)
    expect(runs.locator(".grid .cell.fine .mark")).to_have_text("✓")
    expect(runs.locator(".grid .cell.failed .mark")).to_have_text("✗")
    # A command badly written is no run.
    expect(runs.locator(".list tbody tr")).to_have_count(2)
    expect(runs.locator(".list tr.fine")).to_contain_text(
        re.compile(r"✓ RÉUSSI lignes : \d+, en quarantaine : \d+")
    )
    expect(runs.locator(".list tr.fine .days")).to_have_text("✓ 4")
    assert violations(runs) == []


def test_a_failed_run_says_what_when_where_and_what_to_do(runs):
    runs.locator(".grid .cell.failed").click()
    head = runs.locator("article")
    expect(head.get_by_role("heading", level=2)).to_contain_text("L'API ne répond pas")
    for said in ("api_unreachable", "4. Le passage, en vrai", "lab status dit si elle tourne"):
        expect(head).to_contain_text(said)
    expect(head.locator("pre")).to_contain_text("lab run 06_api_vers_parquet.ipynb -p start_date 2024-01-30")
    expect(runs.locator(".day.failed b").first).to_have_text("✗")
    expect(runs.get_by_role("region", name="Extrait du journal")).to_contain_text("ERROR")
    expect(runs.get_by_role("link", name="Ouvrir le notebook exécuté")).to_be_visible()
    assert violations(runs) == []
    assert runs.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_good_run_shows_its_days_month_by_month(runs):
    runs.locator(".grid .cell.fine").click()
    expect(runs.locator("h3", has_text="2024")).to_have_text(["janvier 2024", "février 2024"])
    expect(runs.locator(".calendar .day.written")).to_have_text(["30 ✓", "31 ✓", "01 ✓", "02 ✓"])
    assert violations(runs) == []


def test_a_run_that_is_not_kept_is_not_found(page, lab):
    for name in ("20260101T000000-abcdef", "..%2F..%2Fpyproject"):
        assert page.request.get(f"{lab}/passages/{name}").status == 404
