"""What a notebook of the day needs from the machinery: open the lab, run a script, give its result."""

import contextlib
import importlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import traceback
from html import escape
from pathlib import Path
from typing import TextIO

from IPython import get_ipython
from IPython.display import display

from labkit.base import environment
from labkit.base.paths import (
    ENGINE_COMMANDS,
    ROOT,
    RUN_ID,
    api_url,
    run_log_path,
    script_command,
    scripts_folder,
)
from labkit.runs.parameters import command_line
from labkit.runs.result import RESULT_MIME

# By name: the scripts' modules are imported anew when a file changes, and their classes with them.
FORESEEN = ("IngestError", "TransientError")
VOLATILE = ("run_id", "ingestion_date")
# Of a headless run: its scripts get them, and a cell that shows its environment does not show them.
STORAGE: dict[str, str] = {}


class RunFailed(Exception):
    """The run ends here on purpose; shown as its one sentence, without a traceback."""

    def _render_traceback_(self) -> list[str]:
        return [f"Arrêt : {self}"]


class Result:
    """A run's result as an output of the notebook: a verdict to read, and JSON for `lab run`."""

    def __init__(self, result: dict, verdict: str):
        self.result = {name: value for name, value in result.items() if name not in VOLATILE}
        self.verdict = verdict

    def _repr_mimebundle_(self, **_) -> dict:
        passed = self.result["status"] == "success"
        color, label = ("#1b7f3b", "RÉUSSI") if passed else ("#b3261e", "ÉCHEC")
        html = (
            f'<p style="border-left:6px solid {color};padding:.4em .8em"><b>{label}</b> — '
            f"{escape(self.verdict)}</p>"
        )
        return {RESULT_MIME: self.result, "text/html": html, "text/plain": f"{label} — {self.verdict}"}


def open_lab(scripts: str, base_url: str = "", max_wait: float | None = None) -> None:
    """Work from the lab's root with the modules of `scripts` first on the path, as they are saved on disk.

    scripts: "labs", "solutions" or "ingestion" (a package: nothing to put on the path). base_url: the API's address;
    empty for the lab's own. max_wait: the longest wait between two attempts of a script, in seconds.
    A module edited between two cells is imported anew; an exercise left to do says so, without a traceback.
    """
    try:
        folder = str(scripts_folder(scripts))
    except ValueError as problem:
        raise RunFailed(problem) from None
    os.chdir(ROOT)
    if os.environ.get("LAB_RUN_ID"):
        STORAGE.update(environment.take(environment.STORAGE))
    os.environ["LAB_API_URL"] = base_url or api_url()
    os.environ["LAB_SCRIPTS"] = scripts
    if max_wait is not None:
        os.environ["LAB_MAX_WAIT"] = str(max_wait)
    if scripts != "ingestion" and folder not in sys.path:
        sys.path.insert(0, folder)
    shell = get_ipython()
    shell.events.register("pre_run_cell", FreshModules(folder))
    shell.set_custom_exc((Exception,), _say_what_happened)


class FreshModules:
    """Before a cell runs: forget the modules of `folder` if one of its files was saved since."""

    def __init__(self, folder: str):
        self.folder = Path(folder)
        self.saved = self._times()

    def _times(self) -> dict[Path, int]:
        return {path: path.stat().st_mtime_ns for path in self.folder.glob("*.py")}

    def __call__(self, _=None) -> None:
        now = self._times()
        if now == self.saved:
            return
        self.saved = now
        for name, module in list(sys.modules.items()):
            if Path(getattr(module, "__file__", None) or "/").parent == self.folder:
                del sys.modules[name]
        shutil.rmtree(self.folder / "__pycache__", ignore_errors=True)
        importlib.invalidate_caches()


def _say_what_happened(shell, kind, error, trace, tb_offset=None) -> None:
    """Shown in the place of a traceback when a cell meets an exercise to do, or an error the scripts foresaw."""
    if isinstance(error, NotImplementedError):
        _say_what_is_to_do(error, trace)
    elif kind.__name__ in FORESEEN:
        display(Result({"status": "error", "error": error.as_dict()}, error.message))
        shell._showtraceback(kind, error, [f"Arrêt : {error.message}"])
    else:
        shell.showtraceback((kind, error, trace), tb_offset=tb_offset)


def _say_what_is_to_do(error: NotImplementedError, trace) -> None:
    where = traceback.extract_tb(trace)[-1]
    place = (
        f"{Path(where.filename).name}, ligne {where.lineno}"
        if where.filename.endswith(".py")
        else "cette cellule"
    )
    print(f'À FAIRE — étape {error} : {place} attend votre code. Un indice : hint("{error}")')


def run_script(scripts: str, name: str, *words: str, **arguments) -> dict:
    """Run `python <scripts>/<name> <words>` as a terminal or n8n would, and return the JSON it printed.

    scripts: with "ingestion" the engine's command of that name runs, `python -m ingestion ingest` for ingest_api.py.
    arguments: the script's own, by name (`start_date` for --start-date); None, False and "" are left out.
    """
    argv = [*script_command(scripts, name), *words, *command_line(arguments)]
    print("$ python", *argv)
    with run_log() as log:
        start = log.tell()
        done = subprocess.run(
            [sys.executable, *argv],
            cwd=ROOT,
            env=os.environ | STORAGE | {"PYTHONUTF8": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            encoding="utf-8",
        )
        log.seek(start)
        result = last_json_line(done.stdout, name, log.read())
    if done.returncode < 0 and result["status"] == "error":
        result["error"] = {
            "code": "killed",
            "message": f"{name} a été tué d'un coup : la mémoire a-t-elle manqué ?",
        }
    return result


def run_log() -> TextIO:
    """Where this run keeps what its scripts say on stderr (`lab logs` reads it); a passing file outside `lab run`."""
    run_id = os.environ.get("LAB_RUN_ID", "")
    if not RUN_ID.fullmatch(run_id):
        return tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")
    path = run_log_path(run_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("a+", encoding="utf-8", errors="replace")


def call_script(scripts: str, name: str, **arguments) -> dict:
    """As `run_script`, in this process: a heavy import is then paid once for several calls."""
    argv = command_line(arguments)
    print("$ python", *script_command(scripts, name), *argv)
    module = (
        f"ingestion.commands.{ENGINE_COMMANDS[name]}" if scripts == "ingestion" else name.removesuffix(".py")
    )
    stdout, stderr = io.StringIO(), io.StringIO()
    with (
        contextlib.redirect_stdout(stdout),
        contextlib.redirect_stderr(stderr),
        contextlib.suppress(SystemExit),
    ):
        importlib.import_module(module).main(argv)
    with run_log() as log:
        log.write(stderr.getvalue())
    return last_json_line(stdout.getvalue(), name, stderr.getvalue())


def last_json_line(stdout: str, name: str, stderr: str) -> dict:
    """The JSON object on the last line of `stdout`; an error result when there is none."""
    lines = stdout.strip().splitlines()
    try:
        result = json.loads(lines[-1])
        if isinstance(result, dict) and "status" in result:
            return _said_as_to_do(result, name)
    except (IndexError, json.JSONDecodeError):
        pass
    last_words = (stderr.strip().splitlines() or ["rien sur stderr non plus"])[-1]
    if to_do := TO_DO.search(last_words):
        return {"status": "error", "error": _to_do(name, to_do[1])}
    message = f"{name} n'a pas imprimé de résultat JSON ; dernière ligne d'erreur : {last_words}"
    return {"status": "error", "error": {"code": "no_result", "message": message}}


TO_DO = re.compile(r"NotImplementedError\W+(\w+\.\d)\b")


def _to_do(name: str, step: str) -> dict:
    return {
        "code": "to_do",
        "message": f"À FAIRE — {name} a besoin de l'étape {step}, qui attend votre code.",
    }


def _said_as_to_do(result: dict, name: str) -> dict:
    """The result, where an unexpected error that is a step left to do says so."""
    to_do = TO_DO.search((result.get("error") or {}).get("message", ""))
    return result | {"error": _to_do(name, to_do[1])} if to_do else result


def stop_unless_success(result: dict) -> None:
    """Stop the notebook here, with its error as the result, when the run has failed."""
    if result["status"] != "success":
        show_result(result, result["error"]["message"])


def show_result(result: dict, verdict: str) -> None:
    """Give the notebook's result, and stop it if it is an error. `verdict` is one French sentence."""
    display(Result(result, verdict))
    if result["status"] != "success":
        raise RunFailed(result["error"]["message"])
