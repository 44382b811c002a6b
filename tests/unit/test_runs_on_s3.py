"""`lab run` on s3://, as n8n calls it: the scripts reach the storage, and its keys are in nothing that is written."""

import base64
import json

import nbformat
import pytest

from tests.notebooks.workspace import workspace
from tests.storage import SECRET, SESSION, bucket, running_storage

PLACES = {"output_dir": "s3://lake/bronze", "quarantine_dir": "s3://lake/quarantine"}
DAY = {"scripts": "ingestion", "start_date": "2024-01-05", "end_date": "2024-01-05"}
RULES = "solutions/validation_rules.json"
CURIOUS = """
import os
from labkit.notebooks.session import open_lab, run_script, show_result
open_lab("ingestion")
print(dict(os.environ))
result = run_script("ingestion", "ingest_api.py", start_date="2024-01-05", end_date="2024-01-05",
                    output_dir="s3://lake/bronze", quarantine_dir="s3://lake/quarantine")
show_result(result, "fini")
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    with (
        workspace(tmp_path_factory.mktemp("lab") / "labo") as made,
        running_storage() as keys,
        bucket(keys, "lake"),
    ):
        made.environment.update(keys)
        yield made


def run(lab, name, parameters, **environment):
    """The result of `lab run`; the keys of the storage are in nothing that it said or wrote."""
    encoded = base64.b64encode(json.dumps(parameters).encode()).decode()
    done = lab.run("-m", "labkit.cli", "run", name, "-b", encoded, **environment)
    written = [path.read_bytes() for path in (lab.root / "data").rglob("*") if path.is_file()]
    assert written
    for secret in (SECRET, SESSION):
        assert secret not in done.stdout + done.stderr
        assert not any(secret.encode() in content for content in written)
    return json.loads(done.stdout)


def test_notebooks_and_scripts_run_on_s3_and_a_cell_that_shows_its_environment_shows_no_key(lab):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CURIOUS)])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "python3", "language": "python"}
    nbformat.write(notebook, lab.root / "notebooks" / "curious.ipynb")
    ingested = run(lab, "notebooks/curious.ipynb", {})
    assert ingested["output_file"] == "s3://lake/bronze/partition_date=2024-01-05/data.parquet"
    source = {"scripts": "ingestion", "input_file": "s3://lake/bronze", "rules_file": RULES}
    validated = run(lab, "notebooks/07_controle_qualite.ipynb", source)
    assert (validated["status"], validated["rows"]) == ("success", ingested["records_count"])
    assert run(lab, "backfill.py", DAY | PLACES)["partitions"]["skipped"] == ["2024-01-05"]


def test_a_storage_that_refuses_is_told_without_its_keys(lab):
    failed = run(lab, "ingest_api.py", DAY | PLACES, AWS_ENDPOINT_URL="http://127.0.0.1:9")
    assert failed["error"]["code"] == "storage_failed"
