"""The files of n8n/workflows and n8n/checkpoints, read without starting n8n."""

import json
import re

import pytest

from labkit.n8n_workflows import canonical, text_of
from tests.conftest import REPOSITORY
from tests.n8n.conftest import CHECKPOINTS, WORKFLOWS

FILES = [*WORKFLOWS, *CHECKPOINTS]
TYPES = REPOSITORY / "n8n/node_modules/n8n-nodes-base/dist/types/nodes.json"
NODE_SIZE = 100
ENCODED = re.compile(r"\{\{ JSON\.stringify\(.*\)\.base64Encode\(\) \}\}")

every_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def nodes(path, kind=""):
    return [node for node in read(path)["nodes"] if node["type"].endswith(f".{kind}" if kind else "")]


@every_file
def test_a_file_is_in_canonical_form(path):
    assert path.read_text(encoding="utf-8") == text_of(canonical(read(path)))


@every_file
def test_no_expression_reaches_a_shell_but_as_base64(path):
    commands = [
        node["parameters"]["command"] for node in nodes(path, "executeCommand") if not node.get("disabled")
    ]
    assert not [command for command in commands if "{{" in ENCODED.sub("", command)]


def test_the_unsafe_pattern_is_shown_disabled_and_nowhere_else():
    unsafe = [
        (path.stem, node["disabled"])
        for path in FILES
        for node in nodes(path, "executeCommand")
        if "{{" in ENCODED.sub("", node["parameters"]["command"])
    ]
    assert unsafe == [("demo_injection", True)]


@every_file
def test_every_workflow_explains_itself_in_notes(path):
    notes = [node["parameters"]["content"] for node in nodes(path, "stickyNote")]
    assert notes
    assert all(len(note) > 60 for note in notes)


@every_file
def test_no_node_bears_its_default_name(path):
    default = re.compile(r"(Set|Edit Fields|HTTP Request|Execute Command|If|Code|Webhook|When )")
    assert not [node["name"] for node in nodes(path) if default.match(node["name"])]


@every_file
def test_every_workflow_has_the_error_workflow_but_it_and_what_it_calls(path):
    alone = ("gestion_erreurs", "notification")
    assert read(path)["settings"].get("errorWorkflow") == (None if path.stem in alone else "labErreurs000001")


@every_file
def test_no_file_holds_a_credential_or_this_machines_ids(path):
    text = path.read_text(encoding="utf-8")
    references = [reference for node in nodes(path) for reference in node.get("credentials", {}).values()]
    assert all(reference.keys() == {"name"} for reference in references)
    assert not re.search(r"instanceId|versionId|createdAt|projectId", text)


@every_file
def test_the_picture_has_no_two_things_on_one_place(path):
    boxes = []
    for node in nodes(path):
        x, y = node["position"]
        size = node["parameters"] if node["type"].endswith("stickyNote") else {}
        boxes.append((node["name"], x, y, size.get("width", NODE_SIZE), size.get("height", NODE_SIZE)))
    overlaps = [
        (a[0], b[0])
        for rank, a in enumerate(boxes)
        for b in boxes[rank + 1 :]
        if a[1] < b[1] + b[3] and b[1] < a[1] + a[3] and a[2] < b[2] + b[4] and b[2] < a[2] + a[4]
    ]
    assert overlaps == []


@every_file
def test_a_workflow_reads_from_left_to_right(path):
    places = {node["name"]: node["position"][0] for node in nodes(path)}
    back = [
        (source, link["node"])
        for source, outputs in read(path)["connections"].items()
        for output in outputs["main"]
        for link in output
        if places[link["node"]] <= places[source]
    ]
    assert back in ([], [("Bilan du lot", "Par lots de dix jours")], [("Vérifier", "Jour par jour")])


@pytest.mark.n8n
@every_file
def test_every_node_exists_in_the_pinned_n8n(path, installed):
    known = {
        (node["name"], version)
        for node in json.loads(TYPES.read_text(encoding="utf-8"))
        for version in (node["version"] if isinstance(node["version"], list) else [node["version"]])
    }
    used = {(node["type"].removeprefix("n8n-nodes-base."), node["typeVersion"]) for node in nodes(path)}
    assert used - known == set()


def test_a_checkpoint_adds_to_the_one_before_it():
    ingestion = [path for path in CHECKPOINTS if path.stem != "tp23_3"]
    counts = [len(nodes(path)) for path in ingestion]
    names = [{node["name"] for node in nodes(path)} for path in ingestion]
    assert len(ingestion) == 6
    assert counts == sorted(counts)
    assert all(before < after for before, after in zip(names, names[1:], strict=False))


def test_the_readme_shows_every_workflow_with_its_diagram_picture_and_test_call():
    text = (REPOSITORY / "n8n/README.md").read_text(encoding="utf-8")
    for path in WORKFLOWS:
        _, found, section = text.partition(f"\n## `{path.stem}`")
        section = section.partition("\n## ")[0]
        assert found, path.stem
        assert "```mermaid" in section
        assert "Essai" in section and "Attendu" in section
        assert f"docs/pictures/n8n/{path.stem}.png" in section
