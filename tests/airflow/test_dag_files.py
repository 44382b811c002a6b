"""The DAGs of deploy/airflow as they are written: what they import, and the commands they give. No Airflow needed."""

import ast
import re
import sys

import pytest

from ingestion.commands import backfill, dates, ingest_options, validate
from tests.conftest import REPOSITORY

DAGS = sorted((REPOSITORY / "deploy" / "airflow").glob("*.py"))
PARSERS = {
    "dates": [dates.build_parser()],
    "backfill": [backfill.build_parser(), ingest_options.build_parser("ingest")],
    "validate": [validate.build_parser()],
}


def parsed(name):
    return ast.parse((REPOSITORY / "deploy" / "airflow" / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", DAGS, ids=lambda path: path.name)
def test_a_dag_imports_airflow_and_the_standard_library_alone(path):
    """Airflow's Python has nothing of the lab's."""
    modules = set()
    for node in ast.walk(parsed(path.name)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            modules |= {node.module} if isinstance(node, ast.ImportFrom) else {one.name for one in node.names}
    assert {name.partition(".")[0] for name in modules} - sys.stdlib_module_names == {"airflow"}


def test_the_dag_of_the_day_gives_each_script_options_that_it_has():
    code = ast.unparse(parsed("backfill.py").body[1:])
    (period,) = re.findall(r"^DAY = (.+)$", code, re.MULTILINE)
    commands = re.findall(r"solutions/(\w+\.py) ([^']+)'", code.replace("{DAY}", period.strip("'")))
    assert [name for name, _ in commands] == ["ingest_api.py", "validate_data.py"]
    for name, words in commands:
        script = (REPOSITORY / "solutions" / name).read_text(encoding="utf-8")
        options = re.findall(r"--[a-z-]+", words)
        assert {"--start-date", "--end-date"} < set(options)
        assert [option for option in options if f'"{option}"' not in script] == []


def test_the_spread_dag_gives_the_engine_options_that_it_has():
    tree = parsed("backfill_reparti.py")
    tasks = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    given = {}
    for function in tasks:
        for call in ast.walk(function):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "engine":
                written = {word.arg for word in call.keywords if word.arg}
                given[call.args[0].value] = written | dictionaries_of(function)
    assert given.keys() == PARSERS.keys()
    for command, names in given.items():
        known = {option for parser in PARSERS[command] for option in parser._option_string_actions}
        assert {f"--{name.replace('_', '-')}" for name in names} - known == set()


def dictionaries_of(function):
    """The keys of the dictionaries that a function names: it gives them as options."""
    named = [node.value for node in ast.walk(function) if isinstance(node, ast.Assign)]
    return {key.value for value in named if isinstance(value, ast.Dict) for key in value.keys}
