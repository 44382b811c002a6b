"""A key planted where it would leak is found, named by its kind, and never shown."""

import json

import pytest

from labkit.base import secret_store
from labkit.n8n import secret_scan
from labkit.n8n.workflows import find, read

GITHUB = "ghp_" + "a1B2c3D4e5F6g7H8i9J0" + "k1L2m3N4o5P6q7R8"
PLANTED = {
    "a bearer token in a header": (
        {"name": "Authorization", "value": "Bearer 3f1c9a70e2d84b5d9c61aa07"},
        "3f1c9a70",
    ),
    "a known kind of key": ({"name": "X-Key", "value": GITHUB}, GITHUB),
    "a random value": ({"name": "X-Key", "value": "c0ffee19b7e24d03a1f5986e7d42bb08"}, "c0ffee19"),
}


@pytest.fixture(autouse=True)
def own_secrets(tmp_path, monkeypatch):
    monkeypatch.setattr(secret_store, "FILE", tmp_path / "secrets.json")


@pytest.mark.parametrize(("parameter", "secret"), PLANTED.values(), ids=PLANTED.keys())
def test_a_key_planted_in_an_exported_workflow_is_found(parameter, secret):
    (path,) = find(("notification",))
    workflow = read(path)
    node = next(node for node in workflow["nodes"] if node["name"] == "Déposer dans la boîte")
    node["parameters"]["headerParameters"] = {"parameters": [parameter]}
    found = secret_scan.scan_text(json.dumps(workflow, indent=2), path)
    assert found
    assert not [sentence for sentence in found if secret in sentence]


@pytest.mark.parametrize("text", ["Authorization: Bearer 3f1c9a70e2d84b5d9c61aa07", GITHUB, "OWN"])
def test_a_key_printed_in_a_notebooks_output_is_found(text, tmp_path):
    printed = secret_store.load()["webhook_key"] if text == "OWN" else text
    output = {"output_type": "stream", "name": "stdout", "text": [printed]}
    notebook = {"cells": [{"cell_type": "code", "source": [], "outputs": [output]}]}
    path = tmp_path / "essai.ipynb"
    path.write_text(json.dumps(notebook, indent=1), encoding="utf-8")
    assert secret_scan.scan_text(path.read_text(encoding="utf-8"), path)


def test_the_workflows_and_notebooks_of_the_lab_hold_none():
    files = secret_scan.watched_files()
    assert len(files) > 20
    assert [
        found for path in files for found in secret_scan.scan_text(path.read_text(encoding="utf-8"), path)
    ] == []
