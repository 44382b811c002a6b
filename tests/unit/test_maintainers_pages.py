"""What a next maintainer reads: the map names what is there, decisions are dated, the version is one."""

import re
import subprocess
import sys
import tomllib

import pytest

import ingestion
from tests.conftest import REPOSITORY

DECISIONS = sorted((REPOSITORY / "docs" / "decisions").glob("*.md"))
PAGES = [path for path in DECISIONS if path.name != "README.md"]
ROOMS = ("api", "rows", "bronze", "quarantine", "quality")


def text(name):
    return (REPOSITORY / name).read_text(encoding="utf-8")


def test_each_place_that_the_map_names_is_there():
    named = re.findall(r"`([\w./]+/[\w.]*)`", text("ARCHITECTURE.md"))
    assert len(named) > 20
    # What runs make is not in git.
    made = {"data/state/", "data/runs/"}
    assert [name for name in named if name not in made and not (REPOSITORY / name).exists()] == []


def test_each_file_that_a_drawing_of_the_map_names_is_there():
    drawn = re.findall(rf"\b(?<!_)((?:{'|'.join(ROOMS)})/\w+\.py)", text("ARCHITECTURE.md"))
    assert len(drawn) > 10
    assert [name for name in drawn if not (REPOSITORY / "ingestion" / name).exists()] == []


def test_every_room_of_the_engine_is_on_the_map():
    rooms = {path.parent.name for path in (REPOSITORY / "ingestion").glob("*/__init__.py")}
    assert {room for room in rooms if f"`ingestion/{room}/`" not in text("ARCHITECTURE.md")} == set()


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_decision_says_what_when_why_its_price_and_what_would_change_it(path):
    page = path.read_text(encoding="utf-8")
    assert re.search(r"^\d{4}-\d\d-\d\d\. (Accepted|Replaced by .+)\.$", page, re.MULTILINE)
    for part in ("**What.**", "**Why.**", "**The price.**", "**Decide otherwise if**"):
        assert part in page


def test_the_list_of_decisions_holds_each_of_them():
    listed = re.findall(r"\]\((\w+\.md)\)", text("docs/decisions/README.md"))
    assert sorted(listed) == [path.name for path in PAGES]


def test_engine_lab_and_changelog_are_at_one_version():
    newest = re.search(r"^## ([\d.]+) — \d{4}-\d\d-\d\d$", text("CHANGELOG.md"), re.MULTILINE)[1]
    lab = tomllib.loads(text("labkit/pyproject.toml"))["project"]["version"]
    assert {newest, lab} == {ingestion.__version__}


def test_lab_says_its_version():
    done = subprocess.run(
        [sys.executable, "-m", "labkit.cli", "--version"], capture_output=True, encoding="utf-8"
    )
    assert (done.returncode, done.stdout) == (0, f"lab {ingestion.__version__}\n")


def test_contributing_names_every_target_of_the_makefile():
    targets = re.search(r"^\.PHONY: (.+)$", text("Makefile"), re.MULTILINE)[1].split()
    assert [
        name for name in targets if name != "help" and f"`make {name}`" not in text("CONTRIBUTING.md")
    ] == []
