"""Running a notebook by hand leaves git as it was; what `make notebooks` stores, and what a trainee writes, goes in."""

import shutil
import subprocess

import nbformat
import pytest

from labkit.notebooks import run_outputs
from tests.conftest import REPOSITORY

REFERENCE = {"cell_type": "code", "id": "sum", "source": "1 + 1", "execution_count": 1, "metadata": {}}
RUN_BY_HAND = {"execution": {"iopub.status.busy": "2024-01-01T09:00:00Z"}}


def result(text):
    return [nbformat.v4.new_output("execute_result", {"text/plain": text}, execution_count=1)]


class Clone:
    """A clone of the lab with one notebook, the filter set as `lab start` does."""

    def __init__(self, root):
        self.root = root
        self.git("init", "-q")
        shutil.copy(REPOSITORY / ".gitattributes", root)
        self.write(REFERENCE | {"outputs": result("2")})
        self.git("add", ".")
        self.git("-c", "user.name=x", "-c", "user.email=x@localhost", "commit", "-q", "-m", "lesson")
        run_outputs.install(root)

    def git(self, *arguments):
        done = subprocess.run(["git", *arguments], cwd=self.root, capture_output=True, encoding="utf-8")
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        return done.stdout

    def write(self, *cells, version="3.11.7"):
        metadata = {"language_info": {"name": "python", "version": version}}
        nbformat.write(
            nbformat.from_dict(
                {"cells": list(cells), "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
            ),
            self.root / "été.ipynb",
        )

    def staged(self):
        """The files that `git add .` finds changed."""
        self.git("add", ".")
        return self.git("-c", "core.quotePath=false", "diff", "--cached", "--name-only").split()

    def added(self):
        """The notebook's cells as a commit would hold them."""
        self.git("add", ".")
        return nbformat.reads(self.git("show", ":été.ipynb"), as_version=4).cells


@pytest.fixture
def clone(tmp_path):
    return Clone(tmp_path)


def test_a_notebook_run_by_hand_is_unchanged(clone):
    clone.write(
        REFERENCE | {"outputs": result("3"), "execution_count": 7, "metadata": RUN_BY_HAND}, version="3.14.0"
    )
    assert clone.staged() == []


def test_a_notebook_saved_while_its_cells_wait_for_their_turn_is_unchanged(clone):
    clone.write(REFERENCE | {"outputs": [], "execution_count": None})
    assert clone.staged() == []


def test_once_settled_git_status_does_not_name_a_notebook_that_was_only_run(clone):
    clone.write(REFERENCE | {"outputs": result("3"), "execution_count": 17, "metadata": RUN_BY_HAND})
    assert clone.git("status", "--porcelain") != ""
    run_outputs.settle(clone.root / "été.ipynb")
    assert clone.git("status", "--porcelain") == ""


def test_settling_stages_nothing_of_what_a_trainee_writes(clone):
    clone.write(REFERENCE | {"source": "2 + 2", "outputs": [], "metadata": RUN_BY_HAND})
    run_outputs.settle(clone.root / "été.ipynb")
    assert clone.git("diff", "--cached", "--name-only") == ""
    assert clone.git("diff", "--name-only") != ""


def test_outputs_stored_by_make_notebooks_go_in(clone):
    clone.write(REFERENCE | {"outputs": result("two")})
    assert clone.staged() == ["été.ipynb"]
    assert clone.added()[0].outputs[0].data == {"text/plain": "two"}


def test_what_a_trainee_writes_goes_in_without_its_outputs(clone):
    own = {"source": "2 + 2", "outputs": result("4"), "metadata": RUN_BY_HAND}
    clone.write(REFERENCE | own, REFERENCE | own | {"id": "new"})
    for cell in clone.added():
        assert (cell.source, cell.outputs, cell.execution_count, cell.metadata) == ("2 + 2", [], None, {})


def test_a_notebook_that_git_does_not_know_goes_in_without_its_outputs(clone):
    clone.git("rm", "-q", "--cached", "été.ipynb")
    clone.write(REFERENCE | {"outputs": result("2"), "metadata": RUN_BY_HAND})
    assert clone.added()[0].outputs == []


def test_where_there_is_no_clone_nothing_is_set(tmp_path):
    run_outputs.install(tmp_path)
    notebook = tmp_path / "own.ipynb"
    notebook.write_text("{}", encoding="utf-8")
    run_outputs.settle(notebook)
    assert list(tmp_path.iterdir()) == [notebook]
