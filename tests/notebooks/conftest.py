"""What the tests of the notebooks share: a lab of their own."""

import pytest

from tests.notebooks.workspace import workspace


@pytest.fixture
def lab(tmp_path):
    with workspace(tmp_path) as made:
        yield made
