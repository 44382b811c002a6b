"""Run a script headless: its words and parameters in, its own line of JSON and exit code out."""

import json
import os
import subprocess
import sys
import tempfile
from contextlib import suppress
from datetime import UTC, datetime

from labkit.base import environment
from labkit.base.paths import ROOT, api_url, run_log_path, script_command
from labkit.base.proxies import no_proxy
from labkit.runs.ending import KILLED, ended, may_be_ended
from labkit.runs.parameters import RunError, check_places, command_line
from labkit.runs.result import WRONG_USAGE, last_messages, record_of


def run_script(name: str, words: tuple[str, ...], parameters: dict, run_id: str) -> int:
    """Run a script of the folder `scripts` with the words, then the parameters, as its arguments; its own exit code.

    What it says on stderr is shown, and kept for `lab logs`. One that ends without its JSON object has failed, and gets
    our line.
    """
    try:
        folder = parameters.pop("scripts", "solutions")
        script = script_command(folder, name)
    except ValueError as problem:
        raise RunError(str(problem)) from None
    check_places(parameters)
    command = [sys.executable, *script, *words, *command_line(parameters)]
    started = datetime.now(UTC)
    own = {"LAB_API_URL": api_url(), "LAB_RUN_ID": run_id, "PYTHONUTF8": "1"} | no_proxy()
    path = run_log_path(run_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    with (
        path.open("wb") as log,
        # A file, not a pipe: a result of ten years of days would fill a pipe while nobody reads it.
        tempfile.TemporaryFile() as answer,
        may_be_ended(None, lambda: sum(os.fstat(one.fileno()).st_size for one in (log, answer))) as ending,
        subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment.needed(environment.STORAGE) | own,
            stdin=subprocess.DEVNULL,
            stdout=answer,
            stderr=subprocess.PIPE,
        ) as process,
    ):
        stderr = process.stderr
        assert stderr is not None
        for line in iter(lambda: stderr.readline(2**16), b""):
            log.write(line)
            log.flush()
            sys.stderr.buffer.write(line)
            sys.stderr.flush()
        code = process.wait()
        answer.seek(0)
        said = answer.read()
    result = {"status": "error", "error": ended(ending.reason)} if ending.reason else _as_result(said, code)
    if result["status"] != "success":
        code = code if code == WRONG_USAGE else 1
        if ending.reason or not _last_object(said):
            sys.stderr.buffer.write(said[-2000:])
            said = json.dumps(result | {"run_id": run_id}, ensure_ascii=False).encode() + b"\n"
    sys.stdout.buffer.write(said)
    sys.stdout.flush()
    if code != WRONG_USAGE:
        if code:
            result["log_excerpt"] = last_messages(path)
        record_of(run_id, name, started, {"scripts": folder} | parameters, result).write()
    return code


def _as_result(said: bytes, code: int) -> dict:
    """What a script printed, as a run's result: its JSON object, or the error of having printed none."""
    result = _last_object(said)
    if result and (code == 0 or isinstance(result.get("error"), dict)):
        return result | {"status": "error" if code else "success"}
    if code < 0:
        return {"status": "error", "error": KILLED}
    message = f"Le script est sorti avec {code} sans imprimer un objet JSON : voyez son journal."
    return {"status": "error", "error": {"code": "no_result", "message": message}}


def _last_object(said: bytes) -> dict:
    """The JSON object that is all of `said`, or its last line; empty if there is none."""
    for text in (said, said.strip().rpartition(b"\n")[2]):
        with suppress(ValueError, RecursionError):
            found = json.loads(text)
            return found if isinstance(found, dict) else {}
    return {}
