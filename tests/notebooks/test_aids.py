"""What instructor and last notebooks rest on: `lab live`, the deliverables, Data Docs without a network."""

import json

from labkit import deliverables
from labkit.live import write_copies
from tests.notebooks.workspace import REPOSITORY


def cells(path):
    return json.loads(path.read_text(encoding="utf-8"))["cells"]


def test_live_copies_keep_the_prose_or_the_code(tmp_path):
    source = REPOSITORY / "notebooks" / "06_api_vers_parquet.ipynb"
    to_write, code_only = write_copies(source, tmp_path)
    prose = [cell["source"] for cell in cells(source) if cell["cell_type"] == "markdown"]
    code = [cell["source"] for cell in cells(source) if cell["cell_type"] == "code"]
    assert [cell["source"] for cell in cells(to_write) if cell["cell_type"] == "markdown"] == prose
    kept = [cell for cell in cells(to_write) if cell["cell_type"] == "code" and cell["source"]]
    assert [cell["metadata"]["tags"] for cell in kept] == [["parameters"]]
    assert [cell["source"] for cell in cells(code_only)] == code
    assert not any(cell.get("outputs") for path in (to_write, code_only) for cell in cells(path))


def test_documentation_is_ticked_from_five_lines_on(tmp_path):
    notes = tmp_path / "NOTES.md"
    assert deliverables.notes_lines(notes) == 0
    notes.write_text("un\n\ndeux\n", encoding="utf-8")
    assert deliverables.notes_lines(notes) == 2


def test_data_docs_say_what_failed_and_ask_nothing_of_any_host():
    import great_expectations.expectations as gxe
    import pandas as pd

    from labkit.data_docs import page

    frame = pd.DataFrame({"amount": [5.0, 500.0]})
    written = page(frame, [gxe.ExpectColumnValuesToBeBetween(column="amount", min_value=0, max_value=100)])
    assert "1 unexpected values found" in written
    assert "http://" not in written
    assert "https://" not in written
