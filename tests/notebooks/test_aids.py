"""What instructor and last notebooks rest on: `lab live`, the deliverables, Data Docs without a network."""

import json

from labkit.commands.live import write_copies
from labkit.exercises import deliverables
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


def test_documentation_is_ticked_by_sentences_not_by_letters(tmp_path):
    notes = tmp_path / "NOTES.md"
    assert deliverables.notes_lines(notes) == 0
    notes.write_text("a\nb\nc\nd\ne\n", encoding="utf-8")
    assert deliverables.notes_lines(notes) == 0
    notes.write_text(
        "Le filigrane est updated_at.\n\n" * 2 + "Relancer : lab run 06, deux fois.\n", encoding="utf-8"
    )
    assert deliverables.notes_lines(notes) == 2


def test_bronze_is_ticked_by_days_that_the_trainees_own_script_wrote(tmp_path):
    written, untouched = (
        dict.fromkeys(deliverables.WRITING_STEPS, "right"),
        dict.fromkeys(deliverables.WRITING_STEPS, "todo"),
    )
    for folder in ("patterns", "events", "tp21"):
        day = tmp_path / folder / "partition_date=2024-01-01"
        day.mkdir(parents=True)
        (day / "data.parquet").touch()
    assert deliverables.own_days(tmp_path, written) == 1
    assert deliverables.own_days(tmp_path, untouched) == 0


def test_data_docs_say_what_failed_and_ask_nothing_of_any_host():
    import great_expectations.expectations as gxe
    import pandas as pd

    from labkit.notebooks.data_docs import page

    frame = pd.DataFrame({"amount": [5.0, 500.0]})
    written = page(frame, [gxe.ExpectColumnValuesToBeBetween(column="amount", min_value=0, max_value=100)])
    assert "1 unexpected values found" in written
    assert "http://" not in written
    assert "https://" not in written
