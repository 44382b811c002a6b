"""The day by the clock, and where a practical stands in it."""

from datetime import datetime

import pytest

from labkit.base import state_file
from labkit.exercises import progress
from labkit.exercises.declared import exercises
from labkit.exercises.timeline import block_of, blocks

PRACTICAL = "labs/tp21_api_vers_parquet"


def at(hour, minute):
    return datetime(2026, 3, 2, hour, minute)


def test_the_guide_s_blocks_are_read_with_their_hours_and_notebooks():
    assert len(blocks()) == 10
    assert (block_of(PRACTICAL).hour, block_of(PRACTICAL).minutes) == ("13:30", 120)
    assert block_of("notebooks/none") is None


def test_every_practical_of_the_afternoon_has_its_block():
    practicals = [one for name, one in exercises().items() if name.startswith("tp")]
    assert all(block_of(f"labs/{one.notebook.removesuffix('.ipynb')}") for one in practicals)


@pytest.mark.parametrize(
    ("now", "left"), [(at(13, 29), None), (at(13, 30), 120), (at(15, 29), 1), (at(15, 30), None)]
)
def test_minutes_are_left_while_the_block_goes_on(now, left):
    assert block_of(PRACTICAL).minutes_left(now) == left


def test_the_strip_follows_what_the_checks_found(tmp_path, monkeypatch):
    monkeypatch.setattr(progress, "FILE", tmp_path / "progress.json")
    state_file.write(progress.FILE, {"tp21.1": "right", "tp21.2": "wrong"})
    told = progress.strip("tp21_api_vers_parquet.ipynb", at(14, 30))
    assert "✓ ○ ○ ○ ○" in told
    assert "<b>tp21.2</b>, Les appels : reprises et pages (FAUX)" in told
    assert "100 min d'étapes" in told
    assert "fin à 15:30, dans <b>60 min</b>" in told
    state_file.write(progress.FILE, dict.fromkeys((f"tp21.{step}" for step in range(1, 6)), "right"))
    assert "Tout est fait" in progress.strip("tp21_api_vers_parquet.ipynb", at(14, 30))


def test_a_notebook_that_is_no_practical_has_no_strip():
    assert progress.strip("01_patterns_ingestion.ipynb", at(9, 0)) == ""
