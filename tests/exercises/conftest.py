"""A lab whose labs/ nobody has touched, and its commands."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from labkit.base.processes import free_port
from tests import python_by_fork
from tests.conftest import REPOSITORY


@dataclass(frozen=True)
class Lab:
    """A copy of the lab whose labs/ were just cut."""

    root: Path

    @property
    def labs(self) -> Path:
        return self.root / "labs"

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {"LAB_ROOT": str(self.root), "LAB_N8N_PORT": str(free_port()), "COLUMNS": "120"}

    def __call__(self, *arguments: object, folder: Path | None = None) -> subprocess.CompletedProcess:
        command = ["-m", "tests.checks_by_fork", *map(str, arguments)]
        done = python_by_fork.run(command, folder or self.root, self.environment)
        assert "Traceback" not in done.stderr, done.stderr
        return done

    def edit(self, name: str, old: str, new: str) -> None:
        path = self.labs / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.fixture
def lab(tmp_path):
    root = tmp_path / "le labo"
    shutil.copytree(
        REPOSITORY / "solutions", root / "solutions", ignore=shutil.ignore_patterns("__pycache__")
    )
    made = Lab(root)
    assert made("cut").returncode == 0
    return made
