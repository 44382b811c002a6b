"""What an instructor prints: `lab sheets` makes PDFs of the pages that are meant, which say what the lab does."""

import json
import re

import pytest
import typst

from labkit.cli import COMMANDS, main
from labkit.commands.print_sheets import SHEETS, SOURCES
from tests.conftest import REPOSITORY
from tests.unit.lab_copy import LabCopy

PAGES = {"entree": 2, "canevas": 1, "noeuds": 1, "commandes": 1, "questionnaire": 1}
CHECKPOINTS = ("tp21_5_5", "tp22_4", "tp23_3")


def test_every_sheet_is_written_as_a_pdf(tmp_path):
    done = LabCopy(tmp_path).lab("sheets", str(tmp_path / "à imprimer"))
    assert done.returncode == 0, done.stderr
    written = {path.stem: path.read_bytes()[:5] for path in (tmp_path / "à imprimer").iterdir()}
    assert written == dict.fromkeys(SHEETS, b"%PDF-")


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "fichier").touch()
    done = LabCopy(tmp_path).lab("sheets", str(tmp_path / "fichier" / "dedans"))
    assert (done.returncode, "ne peut pas recevoir les fiches" in done.stderr) == (1, True)
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", SHEETS)
def test_a_sheet_has_the_pages_it_is_meant_to_have(name):
    drawn = typst.compile(SOURCES / f"{name}.typ", format="svg", ignore_system_fonts=True)
    assert (len(drawn) if isinstance(drawn, list) else 1) == PAGES[name]


def test_the_commands_of_the_sheet_exist():
    source = (SOURCES / "commandes.typ").read_text(encoding="utf-8")
    known = {*COMMANDS, *main.commands}
    assert [name for name in re.findall(r"`lab ([\w-]+)", source) if name not in known] == []


def test_the_chain_of_nodes_is_that_of_the_checkpoints():
    source = (SOURCES / "noeuds.typ").read_text(encoding="utf-8")
    drawn = set(re.findall(r"node\[(.+?)\]", source))
    built = [
        json.loads((REPOSITORY / f"n8n/checkpoints/{name}.json").read_text("utf-8")) for name in CHECKPOINTS
    ]
    assert drawn <= {node["name"] for workflow in built for node in workflow["nodes"]}
