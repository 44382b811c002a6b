"""The rooms of labkit: an import goes down, from a room to one under it, and never back."""

import ast
import subprocess
import sys

import pytest

from tests.conftest import REPOSITORY

# From the top of the house to its floor, as ARCHITECTURE.md says.
FLOORS = ("commands", "services", "notebooks", "exercises", "n8n", "practice_api", "runs", "base")
# bootstrap.py runs before anything is installed: whoever installs may ask it.
BEFORE_ALL = ("labkit.bootstrap",)
# Addresses of before 0.2 that a trainee's own notebook may hold, and a name each gives.
FORMER = {"notebook": "open_lab", "notebook_exercises": "check", "paths": "api_url"}


def modules_of(room):
    return sorted((REPOSITORY / "labkit" / room).rglob("*.py"))


def imported(path):
    """The labkit modules that a file imports, at its top or inside a function."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "labkit":
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == "labkit")


@pytest.mark.parametrize("room", FLOORS)
def test_a_room_imports_its_own_modules_and_those_of_the_rooms_under_it(room):
    allowed = FLOORS[FLOORS.index(room) :]
    upward = [
        f"{path.name}: {name}"
        for path in modules_of(room)
        for name in imported(path)
        if not name.startswith(BEFORE_ALL) and name.split(".")[1] not in allowed
    ]
    assert upward == []


def test_every_module_of_labkit_is_in_a_room():
    there = {path.stem for path in (REPOSITORY / "labkit").iterdir() if path.suffix == ".py"}
    rooms = {path.parent.name for path in (REPOSITORY / "labkit").glob("*/__init__.py")}
    assert there - {"__init__", "cli", "bootstrap"} == {*FORMER, "run_outputs"}
    assert rooms == set(FLOORS)


@pytest.mark.parametrize(("former", "name"), FORMER.items())
def test_what_a_notebook_imports_by_its_former_address_is_there_and_the_new_one_is_said(former, name):
    code = f"from labkit.{former} import {name}"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, encoding="utf-8", timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert f"labkit.{former} s'appelle désormais labkit." in done.stderr


def test_a_clone_of_before_still_filters_its_notebooks():
    lesson = REPOSITORY / "notebooks" / "00_accueil.ipynb"
    done = subprocess.run(
        [sys.executable, "-m", "labkit.run_outputs", "notebooks/00_accueil.ipynb"],
        cwd=REPOSITORY,
        input=lesson.read_bytes(),
        capture_output=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (0, lesson.read_bytes()), done.stderr


def test_delta_lake_is_imported_by_its_lesson_alone():
    """It weighs 140 MB: nobody waits for it but who opens the lesson."""
    scripts = [
        path
        for folder in ("ingestion", "labkit", "solutions")
        for path in (REPOSITORY / folder).rglob("*.py")
    ]
    assert [path.name for path in scripts if "deltalake" in path.read_text(encoding="utf-8")] == []
