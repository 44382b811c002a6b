"""The documents: their links lead somewhere, the two READMEs agree, and README's commands end as they should."""

import json
import re
import shlex
import shutil
import subprocess
from pathlib import PurePosixPath
from posixpath import normpath
from urllib.parse import unquote, urlsplit

import pytest
from markdown_it import MarkdownIt

from labkit.cli import COMMANDS, main
from tests.notebooks.workspace import REPOSITORY, workspace

TRACKED = subprocess.run(
    ["git", "ls-files"], cwd=REPOSITORY, check=True, capture_output=True, encoding="utf-8"
).stdout.splitlines()
DOCUMENTS = [name for name in TRACKED if name.endswith((".md", ".ipynb"))]
MARKDOWN = [name for name in DOCUMENTS if name.endswith(".md")]
PLACES = {*TRACKED, *(str(folder) for name in TRACKED for folder in PurePosixPath(name).parents)}
# The lab on this machine, and the documentation a lesson quotes. No package registry.
HOSTS = {"127.0.0.1", "jsonplaceholder.typicode.com", "pandas.pydata.org", "tenacity.readthedocs.io"}

# What README's commands cannot do here: why, or the test that does it.
ELSEWHERE = {
    "make lab": "installs everything and opens a browser: .ci/run sets up, tests/unit/test_lab_command.py starts",
    "make demo": "two minutes: tests/notebooks",
    "make test": "this very suite",
    "lab start --projecteur": "never ends by itself: tests/browser/test_jupyterlab.py",
    "lab node-red": "installs Node-RED: tests/node_red",
    "lab n8n export": "needs a running n8n: tests/n8n/test_import_export.py",
}
# In a lab that has just been cloned, with its API alone running: (exit codes, words). Every other command ends with 0.
ENDS = {
    "lab status": ({1}, "✗ absent"),
    "lab check tp21.2": ({1}, "À FAIRE"),
    "lab logs n8n": ({1}, "Pas encore de journal pour n8n"),
    # The verdict is the machine's; and labs/ is the trainee's to edit (CI holds it to solutions/).
    "lab doctor": ({0, 1}, ""),
    "lab cut --check": ({0, 1}, ""),
}


def parsed(name):
    """A document's Markdown, as markdown-it's tokens: inline ones included."""
    text = (REPOSITORY / name).read_text(encoding="utf-8")
    if name.endswith(".ipynb"):
        cells = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "markdown"]
        text = "\n\n".join("".join(cell["source"]) for cell in cells)
    tokens = MarkdownIt().enable("table").parse(text)
    return [one for token in tokens for one in (token, *(token.children or []))]


def links(name):
    """Where its links and pictures lead, those written in HTML too."""
    found = [token.attrGet("href") or token.attrGet("src") for token in parsed(name)]
    raw = "".join(token.content for token in parsed(name) if token.type.startswith("html"))
    return [link for link in found if link] + re.findall(r'(?:src|href)="([^"]+)"', raw)


def headings(name):
    tokens = parsed(name)
    return [
        text.content for mark, text in zip(tokens, tokens[1:], strict=False) if mark.type == "heading_open"
    ]


def anchors(name):
    """As GitHub makes them: lower case, words and hyphens only."""
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in headings(name)}


def commands(name):
    """The commands of each of its code blocks, without their comments and alignment."""
    blocks = [token.content for token in parsed(name) if token.type == "fence" and token.info == "bash"]
    return [list(filter(None, map(bare, block.splitlines()))) for block in blocks]


def bare(line):
    return shlex.join(shlex.split(line, comments=True))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_link_leads_to_a_file_of_the_repository_or_to_a_known_host(name):
    assert [link for link in links(name) if not leads_somewhere(name, link)] == []


def leads_somewhere(name, link):
    parts = urlsplit(link)
    if parts.scheme:
        return parts.scheme in ("http", "https") and parts.hostname in HOSTS
    path = normpath(PurePosixPath(name).parent / unquote(parts.path)) if parts.path else name
    return path in PLACES and (not parts.fragment or unquote(parts.fragment) in anchors(path))


@pytest.mark.parametrize(
    "link",
    ["absent.md", "../README.md", "/etc/hosts", "file:///etc/hosts", "#nowhere", "README.fr.md#start",
     "https://packages.example/labkit"],
)  # fmt: skip
def test_a_link_that_leads_nowhere_is_seen(link):
    assert not leads_somewhere("README.md", link)


@pytest.mark.parametrize("name", MARKDOWN)
def test_no_path_of_somebody_s_machine(name):
    text = (REPOSITORY / name).read_text(encoding="utf-8")
    assert re.findall(r"(?<![\w.~])/(?:home|root|Users|work)/\S*|[A-Z]:\\\S*", text) == []


@pytest.mark.parametrize("name", MARKDOWN)
def test_a_command_named_in_a_sentence_exists(name):
    named = [token.content.split() for token in parsed(name) if token.type == "code_inline"]
    targets = re.findall(r"^([\w-]+):", (REPOSITORY / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    known = {"lab": {*COMMANDS, *main.commands}, "make": set(targets)}
    asked = [words[:2] for words in named if len(words) > 1 and words[0] in known and words[1].isascii()]
    assert [words for words in asked if words[1].isalpha() and words[1] not in known[words[0]]] == []


def test_both_readmes_have_the_same_sections_pictures_and_commands():
    english, french = "README.md", "README.fr.md"
    assert len(headings(english)) == len(headings(french))
    assert commands(english) == commands(french)
    assert set(links(english)) - {french} == set(links(french)) - {english}


README = commands("README.md")
EXECUTED = [command for block in README for command in block if command not in ELSEWHERE]


def test_nothing_is_said_here_of_a_command_that_readme_does_not_have():
    assert {*ELSEWHERE, *ENDS} - {command for block in README for command in block} == set()


@pytest.fixture(scope="module")
def ended(tmp_path_factory):
    """{command: how it ended}, each block of README having been run in its order, in a lab of its own."""
    found = {}
    for block in README:
        root = tmp_path_factory.mktemp("readme") / "lab"
        with workspace(root) as lab:
            shutil.copytree(root / "labs", root / "collected" / "alice" / "labs")
            found |= {command: run(lab, command) for command in block if command in EXECUTED}
    return found


def run(lab, command):
    match shlex.split(command):
        case ["lab", *arguments]:
            return lab.run("-m", "labkit.cli", *arguments)
        case ["python", script, *arguments] if script.startswith("solutions/"):
            return lab.run(script, *arguments)
        case ["python", "-m", "ingestion", *arguments]:
            return lab.run("-m", "ingestion", *arguments)
    return None


@pytest.mark.parametrize("command", EXECUTED)
def test_a_command_of_readme_ends_as_it_should(ended, command):
    done = ended[command]
    assert done, "no command of the lab: if it cannot run here, ELSEWHERE says why"
    codes, words = ENDS.get(command, ({0}, ""))
    said = done.stdout + done.stderr
    assert done.returncode in codes, said
    assert words in said
    assert "Traceback" not in said
