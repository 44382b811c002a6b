"""The day, in its order: after each step its check is green, the next one is to do, and all that was shown runs."""

import os
import shutil
import subprocess
import sys

import nbformat
import pytest
from nbclient import NotebookClient

from labkit.exercises.declared import exercises
from labkit.practice_api.server import running_api
from tests.conftest import PRACTICALS, REPOSITORY, STEPS_OF_THE_DAY

SCRIPT_STEPS = [step for step in STEPS_OF_THE_DAY if not step.n8n]
CORE_STEPS = [step for step in SCRIPT_STEPS if not step.further]


@pytest.fixture
def lab(tmp_path):
    """lab("check", "tp21.1"): what `lab` says in a copy whose labs/ nobody has touched."""
    shutil.copytree(
        REPOSITORY / "solutions", tmp_path / "solutions", ignore=shutil.ignore_patterns("__pycache__")
    )

    def command(*arguments: object) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "labkit.cli", *map(str, arguments)],
            cwd=tmp_path,
            env=os.environ | {"LAB_ROOT": str(tmp_path), "COLUMNS": "120"},
            capture_output=True,
            encoding="utf-8",
            timeout=300,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done.stdout

    command("cut")
    command.root = tmp_path
    return command


def states(said: str) -> dict[str, str]:
    """{step: its state} in what `lab check` prints."""
    lines = [line for line in said.splitlines() if " — " in line and " sur " in line]
    return {line.split(" — ")[0]: line.rpartition(", ")[2] for line in lines}


@pytest.mark.parametrize("steps", [SCRIPT_STEPS, CORE_STEPS], ids=["everything", "without going further"])
def test_each_step_is_green_once_written_and_the_next_is_to_do(lab, steps):
    for step, following in zip(steps, [*steps[1:], None], strict=True):
        lab("catch-up", step.exercise, "--to", step.number)
        assert states(lab("check", step.name)) == {step.name: "RÉUSSI"}
        if following:
            assert states(lab("check", following.name)) == {following.name: "À FAIRE"}


def test_who_catches_up_at_the_start_of_each_practical_finds_it_ready(lab):
    for before, name in zip(PRACTICALS, PRACTICALS[1:], strict=False):
        core = [step.number for step in exercises()[before].steps if not step.further]
        lab("catch-up", before, "--to", max(core))
        first = exercises()[name].steps[0].name
        assert states(lab("check", first)) == {first: "À FAIRE"}


@pytest.mark.parametrize("step", CORE_STEPS, ids=lambda step: step.name)
def test_every_cell_up_to_the_next_step_runs_once_a_step_is_written(lab, step, monkeypatch):
    for earlier in CORE_STEPS[: CORE_STEPS.index(step) + 1]:
        lab("catch-up", earlier.exercise, "--to", earlier.number)
    path = lab.root / "labs" / exercises()[step.exercise].notebook
    notebook = nbformat.read(path, as_version=4)
    next_check = f'check("{step.exercise}.{step.number + 1}")'
    sources = [cell.source for cell in notebook.cells]
    notebook.cells = notebook.cells[: sources.index(next_check)] if next_check in sources else notebook.cells
    monkeypatch.setenv("LAB_ROOT", str(lab.root))
    with running_api() as api:
        monkeypatch.setenv("LAB_API_URL", api.url)
        NotebookClient(notebook, timeout=300).execute()
    shown = [str(output) for cell in notebook.cells for output in cell.get("outputs", [])]
    assert any(f"{step.name} — " in text and "RÉUSSI" in text for text in shown)


def test_the_script_runs_after_each_step_and_shows_more(lab):
    period = ("--start-date", "2024-01-01", "--end-date", "2024-01-01", "--output-dir", "data/bronze")
    shown = []
    with running_api() as api:
        for number in range(5):
            if number:
                lab("catch-up", "tp21", "--to", number)
            done = subprocess.run(
                [sys.executable, "labs/ingest_api.py", *period, "--base-url", api.url],
                cwd=lab.root,
                capture_output=True,
                encoding="utf-8",
            )
            assert "Traceback" not in done.stderr
            shown.append(done.stdout)
    for number, waiting in enumerate(shown[:4], start=1):
        assert f"l'étape tp21.{number} attend votre code" in waiting
    assert '"arguments"' in shown[1]
    assert '"lignes lues": 965' in shown[2]
    assert '"bonnes": 961' in shown[3]
    assert '"records_count": 961' in shown[4]
