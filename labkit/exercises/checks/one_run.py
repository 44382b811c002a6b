"""Runs the checks of some steps on one folder of scripts and writes a JSON line for each: see labkit/exercises/check.py.

LAB_CHECK_FOLDER: the scripts; LAB_CHECK_STEPS: the steps, "tp21.1,tp21.2"; LAB_CHECK_REPORT: the file to write;
LAB_CHECK_LIMIT: seconds of computing, of the thread that runs the trainee's code, before it is taken for an infinite
loop. Neither a loaded machine, nor the practice API's own work, nor the import of a library counts; a wait longer than
LONGEST_WAIT does.
"""

import faulthandler
import gc
import importlib
import json
import logging
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
import requests
from checking import NotAttempted, Uncheckable, explain

from labkit.base.switchboard_client import switch
from labkit.exercises.cutting import function_texts
from labkit.exercises.declared import SOLUTIONS

FOLDER = Path(os.environ["LAB_CHECK_FOLDER"])
STEPS = os.environ["LAB_CHECK_STEPS"].split(",")
REPORT = Path(os.environ["LAB_CHECK_REPORT"])
LIMIT = float(os.environ["LAB_CHECK_LIMIT"])
LONGEST_WAIT = 60.0
WATCHED_EVERY = 0.2
TO_DO = re.compile(r"(?:étape |NotImplementedError\W+)(\w+\.\d)")
UNSOLVED = re.compile(r'^ *raise NotImplementedError\("(\w+\.\d)"\)', re.MULTILINE)


def say(**line: object) -> None:
    with REPORT.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(line, ensure_ascii=False) + "\n")


def pytest_configure() -> None:
    sys.path.insert(0, str(FOLDER))
    for name, stand_in in CLOCK.items():
        setattr(time, name, stand_in)


def pytest_collection_modifyitems(items: list) -> None:
    items[:] = [item for item in items if _step(item)["name"] in STEPS]


def _step(item) -> dict:
    return item.get_closest_marker("step").kwargs


def pytest_runtest_setup(item) -> None:
    waiting = sorted(unsolved_steps() & set(_step(item)["needs"]))
    if waiting:
        raise Uncheckable(f"Il faut d'abord l'étape {waiting[0]}.")


@cache
def unsolved_steps() -> set[str]:
    """The steps that wait in a function of the trainee's which the reference has too: others may be left-overs."""
    found = set()
    for path in FOLDER.glob("*.py"):
        text = path.read_text(encoding="utf-8", errors="replace")
        try:
            own = function_texts(text)
            reference = function_texts((SOLUTIONS / path.name).read_text(encoding="utf-8"))
        except (OSError, SyntaxError, ValueError):
            continue
        for name in own.keys() & reference.keys():
            found.update(UNSOLVED.findall(own[name]))
    return found


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem):
    say(**_titles(pyfuncitem))
    over = threading.Event()
    threading.Thread(target=_watch, args=(threading.get_ident(), over), daemon=True).start()
    try:
        return (yield)
    finally:
        over.set()


def _watch(thread: int, over: threading.Event) -> None:
    """End this process, its stack written down, when `thread` has computed for LIMIT or waited for LONGEST_WAIT."""
    clock = time.pthread_getcpuclockid(thread) if hasattr(time, "pthread_getcpuclockid") else None

    def computed() -> float:
        return time.process_time() if clock is None else time.clock_gettime(clock)

    started, before, counted = real_monotonic(), computed(), 0.0
    while not over.wait(WATCHED_EVERY):
        now = computed()
        if not _imports_a_library(frame_of(thread)):
            counted += now - before
        before = now
        if counted > LIMIT or real_monotonic() - started > LONGEST_WAIT:
            try:
                with REPORT.with_suffix(".stalled").open("w", encoding="utf-8") as stalled:
                    faulthandler.dump_traceback(stalled)
            finally:  # who asked may be gone, and this folder with it
                os._exit(1)


def frame_of(thread: int):
    """What `thread` is at, None once it has ended.

    Python 3.11 waits for ever when it collects garbage in the middle of this question (python/cpython issue 106883).
    """
    gc.disable()
    try:
        return sys._current_frames().get(thread)
    finally:
        gc.enable()


def _imports_a_library(frame) -> bool:
    """Whether the innermost of the trainee's own lines on this stack, if any, is waiting for an import."""
    while frame:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        if Path(frame.f_code.co_filename).parent == FOLDER:
            return False
        frame = frame.f_back
    return False


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

    def rows(self, path: str, **params: str | int) -> list[dict]:
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
def waits():
    """The waits asked of time.sleep, in seconds, none of them waited: the caller's clocks jump ahead instead."""
    _waited.clear()
    _skips.append(threading.get_ident())
    yield _waited
    _skips.clear()


real_sleep, real_monotonic = time.sleep, time.monotonic
_waited: list[float] = []
_skips: list[int] = []


def _sleep(seconds: float) -> None:
    if threading.get_ident() in _skips:
        _waited.append(seconds)
    else:
        real_sleep(seconds)


def _ahead(clock):
    return lambda: clock() + (sum(_waited) if threading.get_ident() in _skips else 0)


# In place before the trainee's files are imported: « from time import sleep » gets them too.
CLOCK = {name: _ahead(getattr(time, name)) for name in ("monotonic", "time", "perf_counter")} | {
    "sleep": _sleep
}


@dataclass(frozen=True)
class Ran:
    """What a script did, called as from a terminal. line: the command, to show."""

    line: str
    code: int | str | None
    stdout: str
    stderr: str

    @property
    def result(self) -> dict:
        return json.loads(self.stdout)


@pytest.fixture
def run(learner, capfd, tmp_path, monkeypatch, request):
    """run("ingest_api", "--start-date", …): call the script's main, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def call(name: str, *arguments: object) -> Ran:
        _want_wholly_written(request)
        argv = [str(argument) for argument in arguments]
        module = learner(name)
        forget_handlers(module)
        capfd.readouterr()
        try:
            code = module.main(argv)
        except SystemExit as stop:
            code = stop.code
        out, err = capfd.readouterr()
        return _unless_to_do(Ran(f"python {name}.py {' '.join(argv)}", code, out, err))

    return call


def forget_handlers(module) -> None:
    """No log handler any more, as in a process just begun."""
    for one in (logging.getLogger(), getattr(module, "logger", None)):
        if isinstance(one, logging.Logger):
            one.handlers.clear()


def _want_wholly_written(request) -> None:
    """A whole script says nothing of a step of which a part is still to write."""
    own_step = _step(request.node)["name"]
    if own_step in unsolved_steps():
        raise NotAttempted(f"L'étape {own_step} n'est pas encore écrite en entier.")


def _unless_to_do(ran: Ran) -> Ran:
    """What ran; NotImplementedError of the step it waits for, when that is what it says."""
    try:
        message = (json.loads(ran.stdout).get("error") or {}).get("message", "")
    except (ValueError, AttributeError):
        return ran
    if "À FAIRE" in message or "NotImplementedError" in message:
        found = TO_DO.search(message)
        raise NotImplementedError(found[1] if found else "")
    return ran


@pytest.fixture
def terminal(tmp_path, request):
    """terminal("ingest_api", …): the script as a command, in another zone and a terminal that knows no accents."""

    def call(name: str, *arguments: object) -> Ran:
        _want_wholly_written(request)
        argv = [str(argument) for argument in arguments]
        own = {
            "TZ": "America/New_York",
            "PYTHONIOENCODING": "ascii",
            "PYTHONUTF8": "0",
            "LAB_MAX_WAIT": "0.1",
        }
        done = subprocess.run(
            [sys.executable, str(FOLDER / f"{name}.py"), *argv],
            cwd=tmp_path,
            env=os.environ | own,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=LONGEST_WAIT,
        )
        out, err = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
        return _unless_to_do(Ran(f"python {name}.py {' '.join(argv)}", done.returncode, out, err))

    return call


@pytest.fixture
def gestures():
    """with gestures(path) as seen: what is done to that file, as (gesture, the other file of a rename or None)."""

    @contextmanager
    def watching(path: Path) -> Iterator[list]:
        seen: list = []
        _watched[str(path)] = seen
        try:
            yield seen
        finally:
            del _watched[str(path)]

    return watching


_watched: dict[str, list] = {}


def _audit(event: str, arguments: tuple) -> None:
    if not _watched:
        return
    if event == "open" and str(arguments[0]) in _watched and set(str(arguments[1] or "")) & set("wax+"):
        _watched[str(arguments[0])].append(("ouverture en écriture", None))
    elif event in ("os.remove", "os.truncate") and str(arguments[0]) in _watched:
        _watched[str(arguments[0])].append(("effacement", None))
    elif event == "os.rename":
        source, target = map(str, arguments[:2])
        if target in _watched:
            _watched[target].append(("rename", Path(source)))
        if source in _watched:
            _watched[source].append(("déplacement", None))


sys.addaudithook(_audit)
