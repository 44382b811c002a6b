"""Runs the checks of some steps on one folder of scripts and writes a JSON line for each: see labkit/check.py.

LAB_CHECK_FOLDER: the scripts; LAB_CHECK_STEPS: the steps, "tp21.1,tp21.2"; LAB_CHECK_REPORT: the file to write;
LAB_CHECK_LIMIT: seconds a check may take before it is taken for an infinite loop.
"""

import faulthandler
import importlib
import json
import os
import re
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from checking import Uncheckable, explain

from labkit.switchboard_client import switch

FOLDER = Path(os.environ["LAB_CHECK_FOLDER"])
STEPS = os.environ["LAB_CHECK_STEPS"].split(",")
REPORT = Path(os.environ["LAB_CHECK_REPORT"])
LIMIT = float(os.environ["LAB_CHECK_LIMIT"])
UNSOLVED = re.compile(r'raise NotImplementedError\("(\w+\.\d)"\)')


def say(**line: object) -> None:
    with REPORT.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(line, ensure_ascii=False) + "\n")


def pytest_configure() -> None:
    sys.path.insert(0, str(FOLDER))


def pytest_collection_modifyitems(items: list) -> None:
    items[:] = [item for item in items if _step(item)["name"] in STEPS]


def _step(item) -> dict:
    return item.get_closest_marker("step").kwargs


def pytest_runtest_setup(item) -> None:
    waiting = sorted(unsolved_steps() & set(_step(item)["needs"]))
    if waiting:
        raise Uncheckable(f"Il faut d'abord l'étape {waiting[0]}.")


def unsolved_steps() -> set[str]:
    texts = [path.read_text(encoding="utf-8", errors="replace") for path in FOLDER.glob("*.py")]
    return {name for text in texts for name in UNSOLVED.findall(text)}


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem):
    say(**_titles(pyfuncitem))
    with REPORT.with_suffix(".stalled").open("w", encoding="utf-8") as stalled:
        faulthandler.dump_traceback_later(LIMIT, exit=True, file=stalled)
        try:
            return (yield)
        finally:
            faulthandler.cancel_dump_traceback_later()


def _titles(item) -> dict:
    title, _, why = (item.function.__doc__ or "").partition("\n\n")
    marked = _step(item)
    return {
        "step": marked["name"],
        "check": item.originalname,
        "title": " ".join(title.split()),
        "why": " ".join(why.split()),
        "hint": marked["hint"],
    }


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    if call.excinfo:
        say(**_titles(item) | explain(call.excinfo.value, _step(item)["name"], FOLDER))
    elif call.when == "call":
        say(**_titles(item), outcome="right")
    return (yield)


def pytest_unconfigure() -> None:
    """Leave at once: a thread of the trainee's may never end."""
    os._exit(0)


@pytest.fixture
def learner():
    """learner("retry"): the trainee's module of that name."""
    return importlib.import_module


@dataclass(frozen=True)
class Api:
    """The practice API of these checks. `switch` acts on its switchboard, `requests` counts since the reset."""

    url: str

    def switch(self, path: str, method: str = "POST", **body: object):
        return switch(self.url, path, method, **body)

    def requests(self) -> int:
        return self.switch("counters", "GET")["requests"]

    def rows(self, path: str, **params: object) -> list[dict]:
        """All the rows of a listing, read without the trainee's code."""
        rows, more, after = [], True, 0
        while more:
            page = requests.get(
                f"{self.url}{path}", params={**params, "after_id": after, "limit": 1000}
            ).json()
            rows += page["data"]
            more = page["has_more"]
            after = max((row["id"] for row in page["data"] if "id" in row), default=after)
        return rows


@pytest.fixture(scope="session")
def served_api():
    from labkit.practice_api.server import running_api

    with running_api() as running:
        yield Api(running.url)


@pytest.fixture
def api(served_api):
    served_api.switch("reset")
    return served_api


@pytest.fixture
def waits(monkeypatch):
    """The waits asked of time.sleep, in seconds, none of them waited."""
    asked = []
    monkeypatch.setattr(time, "sleep", asked.append)
    return asked


@dataclass(frozen=True)
class Ran:
    """What a script did, called as from a terminal. line: the command, to show."""

    line: str
    code: int
    stdout: str
    stderr: str

    @property
    def result(self) -> dict:
        return json.loads(self.stdout)


@pytest.fixture
def run(learner, capfd, tmp_path, monkeypatch):
    """run("ingest_api", "--start-date", …): call the script's main, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def call(name: str, *arguments: object) -> Ran:
        argv = [str(argument) for argument in arguments]
        module = learner(name)
        capfd.readouterr()
        try:
            code = module.main(argv)
        except SystemExit as stop:
            code = stop.code
        out, err = capfd.readouterr()
        return Ran(f"python {name}.py {' '.join(argv)}", code, out, err)

    return call
