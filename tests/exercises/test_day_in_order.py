"""The day, in its order, as far as scripts go: all that was shown runs, also for who skips, or catches up.

That each step is to do, then green, is in tests/n8n/test_statements.py, with those that are done in n8n.
"""

import os

import nbformat
import pytest
from nbclient import NotebookClient

from labkit.exercises.declared import exercises
from labkit.practice_api.server import running_api
from tests import python_by_fork
from tests.conftest import PRACTICALS, STEPS_OF_THE_DAY

CORE_STEPS = [step for step in STEPS_OF_THE_DAY if not step.n8n and not step.further]


def states(said: str) -> dict[str, str]:
    """{step: its state} in what `lab check` prints."""
    lines = [line for line in said.splitlines() if " — " in line and " sur " in line]
    return {line.split(" — ")[0]: line.rpartition(", ")[2] for line in lines}


def test_who_catches_up_at_the_start_of_each_practical_finds_it_ready(lab):
    for before, name in zip(PRACTICALS, PRACTICALS[1:], strict=False):
        core = [step.number for step in exercises()[before].steps if not step.further]
        lab("catch-up", before, "--to", max(core))
        first = exercises()[name].steps[0].name
        assert states(lab("check", first).stdout) == {first: "À FAIRE"}


@pytest.mark.parametrize("name", PRACTICALS)
def test_a_practical_s_cells_run_in_their_order_each_step_written_before_its_check(lab, name, monkeypatch):
    """Who skips all that goes further, up to the first step that is done elsewhere than in a script."""
    for before in PRACTICALS[: PRACTICALS.index(name)]:
        lab("catch-up", before, "--to", max(one.number for one in CORE_STEPS if one.exercise == before))
    notebook = nbformat.read(lab.root / "labs" / exercises()[name].notebook, as_version=4)
    steps = {f'check("{step.name}")': step for step in CORE_STEPS if step.exercise == name}
    client = NotebookClient(notebook, timeout=300)
    green = []
    with running_api() as api:
        monkeypatch.setenv("LAB_ROOT", str(lab.root))
        monkeypatch.setenv("LAB_API_URL", api.url)
        with client.setup_kernel():
            for index, cell in enumerate(notebook.cells):
                step = steps.get(cell.source)
                if cell.source.startswith("check(") and not step:
                    break
                if step:
                    lab("catch-up", name, "--to", step.number)
                client.execute_cell(cell, index)
                if step and f"{step.name} — " in str(cell.outputs) and "RÉUSSI" in str(cell.outputs):
                    green.append(step)
    assert green == list(steps.values())


def test_the_script_runs_after_each_step_and_shows_more(lab):
    period = ("--start-date", "2024-01-01", "--end-date", "2024-01-01", "--output-dir", "data/bronze")
    shown = []
    with running_api() as api:
        for number in range(5):
            if number:
                lab("catch-up", "tp21", "--to", number)
            command = ["labs/ingest_api.py", *period, "--base-url", api.url]
            done = python_by_fork.run(command, lab.root, os.environ)
            assert "Traceback" not in done.stderr
            shown.append(done.stdout)
    for number, waiting in enumerate(shown[:4], start=1):
        assert f"l'étape tp21.{number} attend votre code" in waiting
    assert '"arguments"' in shown[1]
    assert '"lignes lues": 965' in shown[2]
    assert '"bonnes": 961' in shown[3]
    assert '"records_count": 961' in shown[4]
