"""nbval: the outputs that the notebooks store are those of a fresh run, compared strictly."""

import pytest

from tests.notebooks.workspace import NOTEBOOKS


@pytest.mark.parametrize("folder", ["notebooks", "solutions"])
def test_every_notebook_gives_its_stored_outputs(lab, folder):
    options = ["--nbval", "--nbval-current-env", "--nbval-cell-timeout=120", "-p", "no:cacheprovider"]
    done = lab.run("-m", "pytest", "-q", *options, *[name for name in NOTEBOOKS if name.startswith(folder)])
    assert done.returncode == 0, done.stdout[-4000:]
