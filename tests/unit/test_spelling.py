"""Spelling: hunspell reads the French that people read, codespell the English pages, comments and docstrings."""

import ast
import io
import re
import shutil
import subprocess
import sys
import tokenize
from collections import defaultdict
from pathlib import Path

import pytest

from tests.notebooks.prose import KEPT
from tests.notebooks.test_prose import FRENCH_PAGES, prose
from tests.notebooks.workspace import NOTEBOOKS, REPOSITORY

# The trade's words and the names of things, one a line, that no French dictionary holds.
OWN = REPOSITORY / "tests" / "unit" / "lab_words.txt"
FRENCH_LETTER = re.compile("[éèàêçùâîôœ«]", re.IGNORECASE)
LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
PATH = re.compile(r"\S*[_/\\=.@]\w\S*")
WORD = re.compile(r"[^\W\d_]+(?:[’'-][^\W\d_]+)*")


def python_files(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((REPOSITORY / folder).rglob("*.py"))]


def french_texts():
    """(where, text) of all prose of the notebooks and pages, and of the strings of the code that are in French."""
    yield from ((name, cell) for name in NOTEBOOKS for cell in prose(name))
    yield from ((name, (REPOSITORY / name).read_text(encoding="utf-8")) for name in FRENCH_PAGES)
    for path in python_files("labkit", "solutions", "ingestion", "deploy"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if not {"solutions", "deploy"} & {*path.parts}:
            tree = without_docstrings(tree)
        yield from (
            (path.name, node.value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and FRENCH_LETTER.search(node.value)
        )


def without_docstrings(tree: ast.Module) -> ast.Module:
    """The machinery speaks English of itself, and quotes French."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            node.value.value = ""
    return tree


@pytest.fixture(scope="module")
def unknown():
    """{a word that the French dictionary does not know: where it is}."""
    if not shutil.which("hunspell"):
        pytest.skip("hunspell and its French dictionary are not installed")
    places = defaultdict(set)
    for where, text in french_texts():
        bare = PATH.sub(" ", LINK.sub(r"\1", re.sub(KEPT, " ", text, flags=re.DOTALL)))
        for word in WORD.findall(bare):
            places[word.replace("’", "'")].add(where)
    command = ["hunspell", "-d", "fr_FR", "-l", "-i", "utf-8"]
    done = subprocess.run(command, input="\n".join(places), capture_output=True, encoding="utf-8", check=True)
    return {word: sorted(places[word]) for word in done.stdout.split()}


def own_words():
    return OWN.read_text(encoding="utf-8").split()


def test_every_french_word_is_in_the_dictionary_or_among_the_lab_s_own(unknown):
    assert {word: places for word, places in unknown.items() if word not in own_words()} == {}


def test_the_lab_s_own_words_are_sorted_and_each_is_still_needed(unknown):
    assert own_words() == sorted(set(own_words()) & unknown.keys())


def english(path: Path) -> str:
    """The comments and docstrings of a Python file, those in French left out."""
    code = path.read_text(encoding="utf-8")
    found = [
        token.string
        for token in tokenize.generate_tokens(io.StringIO(code).readline)
        if token.type == tokenize.COMMENT
    ]
    found += [
        ast.get_docstring(node) or ""
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
    ]
    return "\n".join(text for text in found if not FRENCH_LETTER.search(text))


def test_no_english_word_is_a_known_misspelling():
    pages = [
        path
        for pattern in ("*.md", ".github/**/*.md", "docs/**/*.md")
        for path in REPOSITORY.glob(pattern)
        if path.relative_to(REPOSITORY).as_posix() not in FRENCH_PAGES
    ]
    text = "\n".join(
        [page.read_text(encoding="utf-8") for page in pages]
        + [
            english(path)
            for path in python_files("labkit", "ingestion", "tests")
            if "exercises" not in path.parts
        ]
    )
    done = subprocess.run(
        [sys.executable, "-m", "codespell_lib", "-"], input=text, capture_output=True, encoding="utf-8"
    )
    assert done.stdout == ""
