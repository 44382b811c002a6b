"""The engine's pages for who imports it: its docstrings, in one form, and their examples."""

import ast
import doctest
import importlib
import re
import subprocess
import sys

import pytest

from tests.conftest import REPOSITORY

MODULES = sorted(
    path.relative_to(REPOSITORY).with_suffix("").as_posix().replace("/", ".").removesuffix(".__init__")
    for path in (REPOSITORY / "ingestion").rglob("*.py")
    if path.name != "__main__.py"
)
SECTIONS = r"Args|Attributes|Returns|Yields|Raises|Example"


def docstrings(module):
    """(name, docstring) of a module and of its public classes and functions."""
    tree = ast.parse((REPOSITORY / importlib.import_module(module).__file__).read_text(encoding="utf-8"))
    nodes = (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef | ast.FunctionDef))
    return [(node.name, ast.get_docstring(node) or "") for node in nodes if not node.name.startswith("_")]


@pytest.mark.parametrize("module", MODULES)
def test_a_docstring_says_more_than_a_sentence_in_sections_only(module):
    """No « name: what it is » outside Args or Attributes."""
    stray = [
        name
        for name, text in docstrings(module)
        if re.search(rf"^(?!{SECTIONS})[a-z_]+(, [a-z_]+)*: ", text.partition("\n")[2], re.MULTILINE)
    ]
    assert stray == []


@pytest.mark.parametrize("module", MODULES)
def test_the_examples_give_what_they_say(module):
    assert doctest.testmod(importlib.import_module(module)).failed == 0


def test_some_examples_are_there_to_be_run():
    finder = doctest.DocTestFinder(exclude_empty=True)
    examples = [
        test for name in MODULES for test in finder.find(importlib.import_module(name)) if test.examples
    ]
    assert len(examples) >= 5


def test_the_pages_are_built_without_a_warning(tmp_path):
    command = [
        sys.executable,
        "-m",
        "pdoc",
        "-d",
        "google",
        "-o",
        str(tmp_path),
        "ingestion",
        "!ingestion.__main__",
    ]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, encoding="utf-8")
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "ingestion" / "watermark.html").is_file()
