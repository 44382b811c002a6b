"""A run by fork is what `python` would have made of it: the tests that run programs so rest on this."""

import os
import subprocess
import sys

import pytest

from tests import python_by_fork

SHOWS = """
import os, sys, time
print(sys.argv, os.getcwd(), os.environ["OWN"], time.tzname[0], __name__, sys.stdin.read(), sys.path[0])
print("à côté", file=sys.stderr)
"""
PROGRAMS = {
    "what it was given": SHOWS,
    "an exit code": "import sys; print('là'); sys.exit(3)",
    "an exit with words": "import sys; sys.exit('raté')",
    "a module beside it": "import beside; print(beside.__file__, beside.__name__)",
    "no newline at its end": "print('fin', end='')",
    "its death": "import os, signal; print('là', flush=True); os.kill(os.getpid(), signal.SIGKILL)",
}


@pytest.mark.parametrize("as_module", [False, True], ids=["a script", "a module"])
@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS.keys())
def test_a_fork_gives_what_python_gives(tmp_path, program, as_module):
    (tmp_path / "program.py").write_text(program, encoding="utf-8")
    (tmp_path / "beside.py").touch()
    called = [*(["-m", "program"] if as_module else ["program.py"]), "a", "b c"]
    own = os.environ | {"OWN": "été", "TZ": "Asia/Kolkata", "PYTHONUTF8": "1"}
    real = subprocess.run(
        [sys.executable, *called],
        cwd=tmp_path,
        env=own,
        input="dit\n",
        capture_output=True,
        encoding="utf-8",
    )
    forked = python_by_fork.run(called, tmp_path, own, "dit\n")
    assert (forked.returncode, forked.stdout, forked.stderr) == (real.returncode, real.stdout, real.stderr)


def test_an_error_that_nobody_caught_ends_with_its_trace_and_1(tmp_path):
    (tmp_path / "program.py").write_text("1 / 0", encoding="utf-8")
    done = python_by_fork.run(["program.py"], tmp_path, os.environ)
    assert done.returncode == 1
    assert done.stderr.startswith(("Process", "Traceback"))
    assert done.stderr.endswith("ZeroDivisionError: division by zero\n")


def test_a_run_that_lasts_too_long_is_ended(tmp_path):
    (tmp_path / "program.py").write_text("import time; time.sleep(60)", encoding="utf-8")
    with pytest.raises(subprocess.TimeoutExpired):
        python_by_fork.run(["program.py"], tmp_path, os.environ, timeout=1)
