"""The files of n8n/workflows and n8n/checkpoints, read without starting n8n."""

import json
import re

import pytest

from labkit.n8n.workflows import canonical, text_of
from tests.conftest import REPOSITORY
from tests.n8n.conftest import CHECKPOINTS, WORKFLOWS, triggers_as_told

FILES = [*WORKFLOWS, *CHECKPOINTS]
TYPES = REPOSITORY / "n8n/node_modules/n8n-nodes-base/dist/types/nodes.json"
NODE_SIZE = 100
WORD = re.compile(r"\w[\w’-]*")
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
def test_a_sticky_note_says_one_idea_in_about_eight_words(path):
    notes = [node["parameters"]["content"] for node in nodes(path, "stickyNote")]
    assert notes
    assert [note for note in notes if not 5 <= len(WORD.findall(note)) <= 11] == []


@every_file
def test_the_nodes_own_notes_hold_the_detail(path):
    assert sum(len(node.get("notes", "")) for node in nodes(path)) > 60


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
def test_a_workflow_reads_like_a_text_of_two_lines_at_most(path):
    """From left to right; a link goes to the left only to begin the line below, or to loop."""
    places = {
        node["name"]: node["position"] for node in nodes(path) if not node["type"].endswith("stickyNote")
    }
    assert len({y for _, y in places.values()}) <= 2
    back = []
    for source, outputs in read(path)["connections"].items():
        for link in (link for output in outputs["main"] for link in output):
            (x, y), (to_x, to_y) = places[source], places[link["node"]]
            if to_x <= x and to_y <= y:
                back.append((source, link["node"]))
    assert back in ([], [("Bilan du lot", "Par lots de dix jours")], [("Vérifier", "Jour par jour")])


@every_file
def test_triggers_stand_from_top_to_bottom_as_the_text_names_them(path):
    heights = {node["name"]: node["position"][1] for node in nodes(path)}
    told = triggers_as_told(path)
    assert told == sorted(told, key=heights.get)


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


TELLERS = ("README.md", "README.fr.md", "n8n/README.md", "docs/machines.md", "labkit/services/lab.py",
           "labkit/commands/diagnosis/node.py", "notebooks/04_option_node_red.ipynb")  # fmt: skip


def test_the_room_n8n_takes_is_told_alike_everywhere_and_is_what_it_takes(installed):
    folder = REPOSITORY / "n8n" / "node_modules"
    taken = sum(path.lstat().st_blocks * 512 for path in folder.rglob("*")) / 1e9
    for name in TELLERS:
        said = re.findall(r"\b(2[.,]\d)\sG[Bo]", (REPOSITORY / name).read_text(encoding="utf-8"))
        assert said, name
        assert all(abs(float(one.replace(",", ".")) - taken) < 0.15 for one in said), (name, said, taken)
