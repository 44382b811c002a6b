"""What the lab remembers in data/state/: whole for its readers, whoever writes; its troubles told in one sentence."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from labkit.base import state_file
from tests.unit.lab_copy import LabCopy

WRITER = "import sys; from pathlib import Path; from labkit.base import state_file\n"
WRITER += "for n in range(25): state_file.update(Path(sys.argv[1]), {sys.argv[2]: n})"


def lab(root, *arguments):
    done = LabCopy(root).lab(*arguments)
    assert "Traceback" not in done.stderr, done.stderr
    return done


def test_four_writers_at_once_lose_nothing_of_each_other(tmp_path):
    path = tmp_path / "state" / "progress.json"

    def write(name):
        return subprocess.run(
            [sys.executable, "-c", WRITER, str(path), name], capture_output=True, encoding="utf-8"
        )

    with ThreadPoolExecutor(4) as pool:
        ended = list(pool.map(write, "abcd"))
    assert [done.stderr for done in ended] == [""] * 4
    assert state_file.read(path) == dict.fromkeys("abcd", 24)
    assert {one.name for one in path.parent.iterdir()} == {"progress.json", ".progress.json.lock"}


def test_a_state_file_is_for_its_owner_alone(tmp_path):
    state_file.write(tmp_path / "a.json", {"b": 1})
    assert (tmp_path / "a.json").stat().st_mode & 0o077 == 0 or os.name == "nt"


@pytest.mark.parametrize("content", ["", "{", "[1]"], ids=["empty", "cut", "a list"])
def test_damaged_secrets_are_told_with_the_way_back(tmp_path, content):
    (tmp_path / "data" / "state").mkdir(parents=True)
    (tmp_path / "data" / "state" / "secrets.json").write_text(content)
    done = lab(tmp_path, "start", "--without", "n8n", "--no-browser")
    assert done.returncode == 1
    assert "secrets.json est abîmé" in done.stderr
    assert "n8n repartira neuf" in done.stderr
    assert (tmp_path / "data" / "state" / "secrets.json").read_text() == content, "nothing is made over it"


def test_secrets_are_made_once(tmp_path, monkeypatch):
    from labkit.base import secret_store

    monkeypatch.setattr(secret_store, "FILE", tmp_path / "secrets.json")
    first = secret_store.load()
    assert secret_store.load() == first == json.loads((tmp_path / "secrets.json").read_text())


def test_a_state_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "state").write_text("a file where a folder should be")
    with pytest.raises(state_file.StateError, match="ne peut pas être écrit"):
        state_file.update(tmp_path / "state" / "a.json", {"b": 1})


def test_reset_says_what_it_could_not_erase(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "bronze").write_text("a file, not a folder")
    done = lab(tmp_path, "reset", "--yes")
    assert (done.returncode, "n'a pas pu être effacé" in done.stderr) == (1, True)
    assert "Effacé" not in done.stdout
