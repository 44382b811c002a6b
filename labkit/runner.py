"""Run a notebook, or a script, headless: parameters in, one JSON line out, an honest exit code."""

import base64
import binascii
import errno
import json
import logging
import os
import re
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click
import psutil

from labkit.paths import DATA, NOTEBOOKS, ROOT, RUNS, api_url, run_log_path, script_command, scripts_folder
from labkit.processes import no_proxy, stop_tree
from labkit.run_report import annotate

# jsonschema, which papermill imports, would spend a second here on a grammar of international addresses (RFC 3987)
# that no notebook's format uses. It does without where the package is absent: so it is, for this process.
sys.modules.setdefault("rfc3987_syntax", None)
WRONG_USAGE = 2
# What a run needs of its caller's environment; all else (n8n's encryption key first) stays out of it.
KEPT = re.compile(
    r"PATH|HOME|USER|LOGNAME|SHELL|LANG|LC_.*|TZ|TMPDIR|TEMP|TMP|TERM|SYSTEMROOT|SYSTEMDRIVE|COMSPEC|PATHEXT|WINDIR|"
    r"USERPROFILE|APPDATA|LOCALAPPDATA|PROGRAMDATA|VIRTUAL_ENV|CONDA_.*|PYTHON.*|JUPYTER_.*|IPYTHONDIR|MPL.*|XDG_.*|"
    r"LAB_(?!SMTP).*|(?:HTTP|HTTPS|NO|ALL)_PROXY|SSL_CERT_.*|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|OPENBLAS_.*",
    re.IGNORECASE,
)


class RunError(Exception):
    """A run that cannot start: wrong notebook, wrong parameters."""


def clean_environment(environment: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if KEPT.fullmatch(name)}


def read_parameters(encoded: str | None, pairs: tuple[tuple[str, str], ...]) -> dict:
    """The parameters of -b (a base64 JSON object) and -p. RunError if they cannot be read."""
    parameters = {}
    if encoded:
        try:
            parameters = json.loads(base64.b64decode(encoded, validate=True))
        except (binascii.Error, ValueError):
            raise RunError("Le paramètre -b n'est pas du JSON en base64.") from None
        if not isinstance(parameters, dict):
            raise RunError("Le paramètre -b doit être un objet JSON de paramètres, en base64.")
    return parameters | {name: _literal(value) for name, value in pairs}


def _literal(text: str) -> object:
    """A number or a boolean where the text is one, else the text."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, int | float | bool) else text


def find_inside_lab(name: str) -> Path:
    """The notebook of this name, under the lab's root and nowhere else."""
    for base in (ROOT, NOTEBOOKS):
        path = (base / name).resolve()
        if path.is_file() and path.suffix == ".ipynb" and path.is_relative_to(ROOT):
            return path
    raise RunError(f"Le notebook « {name} » n'existe pas dans le laboratoire : voyez le dossier notebooks/.")


def run_notebook(path: Path, parameters: dict, timeout: float | None = None) -> dict:
    """Execute the notebook and return its result, `status` first, and `log_excerpt` when it failed.

    timeout: seconds after which it is stopped, and its scripts with it. The executed notebook is kept under data/runs/.
    RunError on a parameter it does not have.
    """
    import papermill
    from nbclient.exceptions import DeadKernelError

    _check_parameters(path, parameters)
    run_id = new_run_id()
    executed = RUNS / f"{run_id}_{path.stem}.ipynb"
    executed.parent.mkdir(parents=True, exist_ok=True)
    own = {"LAB_RUN_ID": run_id, "LAB_ROOT": str(ROOT)} | no_proxy()
    kept = clean_environment(dict(os.environ)) | own
    os.environ.clear()
    os.environ.update(kept)
    failure = None
    with time_limit(timeout) as expired:
        try:
            papermill.execute_notebook(
                path,
                executed,
                parameters,
                progress_bar=False,
                cwd=str(ROOT),
                extra_arguments=["--IPKernelApp.log_level=ERROR"],
            )
        except (papermill.PapermillExecutionError, DeadKernelError) as error:
            failure = error
    result, verdict = _result_of(executed, failure, timeout if expired.is_set() else None)
    annotate(executed, result, verdict)
    _log_end(run_id, path.name, result)
    if result["status"] != "success":
        result["log_excerpt"] = last_messages(run_log_path(run_id))
    return {"status": result.pop("status"), "run_id": run_id, "notebook": _shown(executed), **result}


@contextmanager
def time_limit(seconds: float | None) -> Iterator[threading.Event]:
    """Stop what this process has started after `seconds`; the event says that it happened."""
    expired = threading.Event()

    def expire() -> None:
        expired.set()
        for child in psutil.Process().children():
            stop_tree(child.pid)

    timer = threading.Timer(seconds, expire) if seconds else None
    if timer:
        timer.daemon = True
        timer.start()
    try:
        yield expired
    finally:
        if timer:
            timer.cancel()


def last_messages(log: Path, count: int = 5) -> list[str]:
    """The last messages of a run's log, for whoever is told of its failure."""
    from labkit.log_reader import as_lines, read_entry

    entries = map(read_entry, as_lines(log.read_bytes())[-count:])
    return [f"{entry.level} {entry.message}".strip() for entry in entries]


def new_run_id() -> str:
    """Sorts by time; names the executed notebook and the log of the run."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:6]}"


def _log_end(run_id: str, notebook: str, result: dict) -> None:
    """The last line of the run's log: how it ended, also when no script had the time to say anything."""
    passed = result["status"] == "success"
    line = {
        "level": "INFO" if passed else "ERROR",
        "message": "run succeeded" if passed else result["error"]["message"],
        "time": datetime.now(UTC).isoformat(),
        "run_id": run_id,
        "notebook": notebook,
    }
    path = run_log_path(run_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as log:
        log.write(json.dumps(line, ensure_ascii=False) + "\n")


def _check_parameters(path: Path, parameters: dict) -> None:
    import papermill

    known = papermill.inspect_notebook(path)
    unknown = sorted(set(parameters) - set(known))
    if unknown:
        raise RunError(
            f"Paramètre inconnu « {unknown[0]} » pour {path.name}. Connus : {', '.join(sorted(known))}."
        )
    if "scripts" in parameters:
        try:
            scripts_folder(parameters["scripts"])
        except ValueError as problem:
            raise RunError(str(problem)) from None
    check_places(parameters)


def check_places(parameters: dict) -> None:
    """RunError if a folder to write (`…_dir`) is outside data/, or a file to read (`…_file`) outside the lab.

    Whoever fills in a form or calls a webhook chooses parameters: they do not choose where this machine is written.
    """
    for name, value in parameters.items():
        if name.endswith("_dir") and not str(value).startswith("s3://"):
            _check_inside(DATA, "data/", name, value)
        if name.endswith("_file"):
            _check_inside(ROOT, "le laboratoire", name, value)


def _check_inside(folder: Path, called: str, name: str, value: object) -> None:
    try:
        inside = (ROOT / str(value)).resolve().is_relative_to(folder.resolve())
    except (OSError, ValueError):
        inside = False
    if not inside:
        raise RunError(
            f"{name} « {str(value)[:200]} » est hors de {called} : donnez un chemin à l'intérieur."
        )


def _result_of(executed: Path, failure, timeout: float | None) -> tuple[dict, str | None]:
    """The result the notebook showed and its sentence; the failing cell's error when it showed none.

    timeout: the seconds it was given, if it was stopped after them.
    """
    import papermill

    from labkit.notebook import RESULT_MIME

    cells = json.loads(executed.read_text(encoding="utf-8"))["cells"]
    shown = [
        (dict(output["data"][RESULT_MIME]), "".join(output["data"]["text/plain"]))
        for cell in cells
        for output in cell.get("outputs", [])
        if RESULT_MIME in output.get("data", {})
    ]
    if failure is None:
        missing = {"code": "no_result", "message": f"{executed.name} n'a montré aucun résultat."}
        return shown[-1] if shown else ({"status": "error", "error": missing}, None)
    if timeout:
        late = (
            f"Arrêté après {timeout:g} s : l'API est trop lente, ou la période trop longue pour un passage."
        )
        return {"status": "error", "error": {"code": "timeout", "message": late}}, None
    if not isinstance(failure, papermill.PapermillExecutionError):
        died = "Python s'est arrêté d'un coup pendant le passage : la mémoire a-t-elle manqué ?"
        return {"status": "error", "error": {"code": "kernel_died", "message": died}}, None
    if shown and shown[-1][0]["status"] != "success":
        return shown[-1]
    error = {
        "code": "notebook_failed",
        "type": failure.ename,
        "message": str(failure.evalue),
        "cell": failure.exec_count,
    }
    return {"status": "error", "error": error}, None


def _shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def run_script(name: str, words: tuple[str, ...], parameters: dict) -> int:
    """Run a script of the folder `scripts` with the words, then the parameters, as its arguments; its own exit code.

    What it says on stderr is shown, and kept for `lab logs`.
    """
    from labkit.notebook import command_line

    try:
        script = script_command(parameters.pop("scripts", "solutions"), name)
    except ValueError as problem:
        raise RunError(str(problem)) from None
    check_places(parameters)
    command = [sys.executable, *script, *words, *command_line(parameters)]
    run_id = new_run_id()
    own = {"LAB_API_URL": api_url(), "LAB_RUN_ID": run_id, "PYTHONUTF8": "1"} | no_proxy()
    path = run_log_path(run_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    with (
        path.open("wb") as log,
        subprocess.Popen(
            command,
            cwd=ROOT,
            env=clean_environment(dict(os.environ)) | own,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        ) as process,
    ):
        for line in process.stderr:
            log.write(line)
            log.flush()
            sys.stderr.buffer.write(line)
            sys.stderr.flush()
    return process.returncode


@click.command("run")
@click.argument("notebook")
@click.argument("words", nargs=-1)
@click.option("-b", "encoded", metavar="BASE64", help="Les paramètres : un objet JSON, en base64.")
@click.option("-p", "pairs", metavar="NOM VALEUR", nargs=2, multiple=True, help="Un paramètre.")
@click.option(
    "--timeout", type=click.FloatRange(min=0, min_open=True), help="Arrêter un notebook après, en s."
)
def run_command(
    notebook: str,
    words: tuple[str, ...],
    encoded: str | None,
    pairs: tuple[tuple[str, str], ...],
    timeout: float | None,
) -> None:
    """Exécute NOTEBOOK sans écran : une ligne JSON sur stdout. Ou un script .py, ses mots (WORDS) après son nom.

    Sortie : 0 réussi, 1 échoué, 2 commande mal écrite.
    """
    logging.getLogger("papermill").setLevel(logging.WARNING)
    try:
        parameters = read_parameters(encoded, pairs)
        if notebook.endswith(".py"):
            sys.exit(run_script(notebook, words, parameters))
        result = run_notebook(find_inside_lab(notebook), parameters, timeout)
        exit_code = exit_code_of(result)
    except RunError as problem:
        result = {"status": "error", "error": {"code": "usage", "message": str(problem)}}
        exit_code = WRONG_USAGE
    except OSError as problem:
        full = problem.errno == errno.ENOSPC
        message = (
            "Le disque est plein : libérez de la place, puis relancez ; ce qui était écrit est intact."
            if full
            else f"Impossible d'écrire le compte rendu du passage sous data/runs ({problem})."
        )
        result = {
            "status": "error",
            "error": {"code": "disk_full" if full else "io_error", "message": message},
        }
        exit_code = 1
    if result["status"] != "success":
        click.echo(json.dumps({"level": "ERROR", "message": result["error"]["message"]}), err=True)
    click.echo(json.dumps(result, ensure_ascii=False))
    sys.exit(exit_code)


def exit_code_of(result: dict) -> int:
    if result["status"] == "success":
        return 0
    return WRONG_USAGE if result["error"]["code"] == "usage" else 1
