"""The engine as one takes it home: `pip install .` gives it alone, typed, and it needs nothing of the lab."""

import ast
import graphlib
import subprocess
import sys
import zipfile

import pytest

from tests.conftest import REPOSITORY


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    build = [
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--wheel-dir",
        str(folder),
        str(REPOSITORY),
    ]
    subprocess.run([sys.executable, "-m", "pip", *build], check=True, cwd=folder)
    (found,) = folder.glob("ingestion-*.whl")
    return zipfile.ZipFile(found)


def test_the_wheel_holds_the_engine_typed_and_nothing_of_the_lab(wheel):
    names = wheel.namelist()
    assert "ingestion/py.typed" in names
    assert {"ingestion/commands/ingest.py", "ingestion/rows/declared/events.toml"} <= set(names)
    assert {name.split("/")[0].split("-")[0] for name in names} == {"ingestion"}


def test_what_the_wheel_requires_leaves_the_lab_to_extras(wheel):
    (metadata,) = (name for name in wheel.namelist() if name.endswith("METADATA"))
    lines = wheel.read(metadata).decode().splitlines()
    required = [line for line in lines if line.startswith("Requires-Dist:") and "extra ==" not in line]
    assert not [
        line
        for line in required
        if any(name in line for name in ("jupyter", "nodejs", "papermill", "fastapi"))
    ]
    assert any("pyarrow" in line for line in required)


def test_the_wheel_runs_where_there_is_no_lab(wheel, tmp_path):
    wheel.extractall(tmp_path)
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import ingestion; "
        f"assert ingestion.__file__.startswith({str(tmp_path)!r}), ingestion.__file__; "
        "from ingestion.__main__ import main; main(['dates', '--start-date', '2024-01-01', '--end-date', '2024-01-02'])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, encoding="utf-8")
    assert '"dates": ["2024-01-01", "2024-01-02"]' in done.stdout, done.stderr


def test_no_module_of_the_engine_imports_the_lab_or_the_scripts():
    for path in (REPOSITORY / "ingestion").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert "labkit" not in text, path
        assert "solutions." not in text, path


@pytest.mark.parametrize(("arguments", "cited"), [([], "Il manque une commande"), (["ingérer"], "ingérer")])
def test_an_unknown_command_is_one_sentence_and_exit_2(engine, arguments, cited):
    run = engine(*(arguments or [""]))
    assert (run.code, run.result["error"]["code"]) == (2, "usage")
    assert cited in run.result["error"]["message"]


def test_the_modules_of_the_engine_and_its_rooms_import_one_way():
    """No circle: neither between modules, imports made late included, nor between rooms."""
    modules, rooms = {}, {}
    for path in (REPOSITORY / "ingestion").rglob("*.py"):
        name = module_of(path)
        modules[name] = imported_by(path)
        rooms.setdefault(room_of(name), set()).update(map(room_of, modules[name]))
    for graph in (modules, {room: others - {room} for room, others in rooms.items()}):
        graphlib.TopologicalSorter(graph).prepare()


def module_of(path):
    return ".".join(path.relative_to(REPOSITORY).with_suffix("").parts).removesuffix(".__init__")


def room_of(module):
    """The folder of a module; a module at the top of the engine is a room of its own."""
    return ".".join(module.split(".")[:2])


def imported_by(path):
    """The modules of the engine that this file names in an import, those for types alone left out."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for_types = {node for test in ast.walk(tree) if is_for_types(test) for node in ast.walk(test)}
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node not in for_types]
    named = {
        f"{node.module}.{alias.name}" if is_module(f"{node.module}.{alias.name}") else node.module
        for node in nodes
        for alias in node.names
    }
    return {name for name in named if name.startswith("ingestion.")}


def is_for_types(node):
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def is_module(name):
    path = REPOSITORY.joinpath(*name.split("."))
    return path.with_suffix(".py").exists() or path.is_dir()
