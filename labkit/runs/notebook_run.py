"""Run a notebook headless, by papermill: parameters in, the result that its last cell shows out."""

import errno
import importlib
import json
import os
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

from labkit.base import environment
from labkit.base.paths import NOTEBOOKS, ROOT, RUNS, run_log_path, scripts_folder
from labkit.base.proxies import no_proxy
from labkit.runs.ending import KILLED, Printed, ended, may_be_ended
from labkit.runs.parameters import RunError, check_places
from labkit.runs.result import RESULT_MIME, last_messages, record_of
from labkit.runs.run_report import annotate, stopped_at

# jupyter_client interrupts a kernel before it asks it to end; one still at a message then logs an ERROR of a run that
# went well.
QUIET_KERNEL = "--IPKernelApp.log_level=CRITICAL"


def find_inside_lab(name: str) -> Path:
    """The notebook of this name, under the lab's root and nowhere else."""
    for base in (ROOT, NOTEBOOKS):
        path = (base / name).resolve()
        if path.is_file() and path.suffix == ".ipynb" and path.is_relative_to(ROOT):
            return path
    raise RunError(f"Le notebook « {name} » n'existe pas dans le laboratoire : voyez le dossier notebooks/.")


def run_notebook(path: Path, parameters: dict, run_id: str, timeout: float | None = None) -> dict:
    """Execute the notebook and return its result, `status` first, and `log_excerpt` when it failed.

    timeout: seconds after which it is stopped, and its scripts with it. The executed notebook is kept under data/runs/.
    RunError on a file that cannot be run, or a parameter it does not have.
    """
    papermill = papermill_for_files()
    _check_notebook(path)
    _check_parameters(path, parameters)
    executed = RUNS / f"{run_id}_{path.stem}.ipynb"
    executed.parent.mkdir(parents=True, exist_ok=True)
    own = {"LAB_RUN_ID": run_id, "LAB_ROOT": str(ROOT)} | no_proxy()
    kept = environment.needed(environment.STORAGE) | own
    os.environ.clear()
    os.environ.update(kept)
    failure, started, printed = None, datetime.now(UTC), Printed()
    with may_be_ended(timeout, lambda: printed.bytes) as ending:
        try:
            papermill.execute_notebook(
                path,
                executed,
                parameters,
                progress_bar=False,
                cwd=str(ROOT),
                extra_arguments=[QUIET_KERNEL],
                stdout_file=printed,
                stderr_file=printed,
            )
        # Whatever nbclient and jupyter_client raise when a kernel does not start (its program is missing) or dies.
        except Exception as error:
            if isinstance(error, OSError) and error.errno != errno.ENOENT:
                raise
            failure = error
    cells = json.loads(executed.read_text(encoding="utf-8"))["cells"]
    result, verdict = _result_of(executed, cells, failure)
    if failure and ending.reason:
        result, verdict = {"status": "error", "error": ended(ending.reason, timeout)}, None
    _log_end(run_id, path.name, result)
    if result["status"] != "success":
        result["log_excerpt"] = last_messages(run_log_path(run_id))
    record = record_of(
        run_id,
        path.name,
        started,
        parameters,
        result,
        verdict=verdict or "",
        stopped_at=stopped_at(cells) if result["status"] != "success" else "",
        notebook=_shown(executed),
    )
    annotate(executed, record)
    record.write()
    return {"status": result.pop("status"), "run_id": run_id, "notebook": _shown(executed), **result}


def papermill_for_files() -> ModuleType:
    """papermill, without what it imports to write to S3 and HDFS where that is installed: a third of its import."""
    stores = [name for name in ("boto3", "pyarrow") if name not in sys.modules]
    for name in stores:
        sys.modules[name] = None  # pyright: ignore[reportArgumentType]  # Python's way to say that it is not there
    try:
        return importlib.import_module("papermill")
    finally:
        for name in stores:
            del sys.modules[name]


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


def _result_of(executed: Path, cells: list[dict], failure) -> tuple[dict, str | None]:
    """The result that the cells showed and its sentence; the failing cell's error when they showed none."""
    papermill = papermill_for_files()

    shown = [
        (dict(output["data"][RESULT_MIME]), "".join(output["data"]["text/plain"]))
        for cell in cells
        for output in cell.get("outputs", [])
        if RESULT_MIME in output.get("data", {})
    ]
    if failure is None:
        missing = {"code": "no_result", "message": f"{executed.name} n'a montré aucun résultat."}
        return shown[-1] if shown else ({"status": "error", "error": missing}, None)
    if not isinstance(failure, papermill.PapermillExecutionError):
        return {"status": "error", "error": KILLED}, None
    if shown and shown[-1][0]["status"] != "success":
        return shown[-1]
    code, message = "notebook_failed", f"{failure.evalue or failure.ename}"
    if failure.ename == "SystemExit":
        code, message = (
            "exited",
            f"Une cellule a arrêté Python (sys.exit, code {failure.evalue}) avant la fin.",
        )
    if failure.ename == "MemoryError":
        code, message = (
            "out_of_memory",
            "La mémoire a manqué : demandez une période plus courte, puis relancez.",
        )
    error = {"code": code, "type": failure.ename, "message": message, "cell": failure.exec_count}
    return {"status": "error", "error": error}, None


def _shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _check_notebook(path: Path) -> None:
    """RunError if the file is no notebook, or asks for a kernel that is not there."""
    import nbformat
    from jupyter_client.kernelspec import KernelSpecManager

    text = path.read_text(encoding="utf-8", errors="replace")
    try:
        notebook = nbformat.reads(text, as_version=4)
        nbformat.validate(notebook)
    # Each step of reading raises its own.
    except Exception:
        if not text.strip():
            cause = "il est vide"
        elif re.search(r"^(<{7}|={7}|>{7})", text, re.MULTILINE):
            cause = "git y a laissé les marques d'une fusion (<<<<<<<)"
        else:
            cause = "son contenu n'est pas celui d'un notebook"
        raise RunError(
            f"{path.name} ne se lit pas : {cause}. Restaurez-le avec git, puis relancez.", "bad_notebook"
        ) from None
    wanted = notebook.metadata.get("kernelspec", {}).get("name", "")
    known = KernelSpecManager().find_kernel_specs()
    if wanted not in known:
        raise RunError(
            f"{path.name} demande le noyau « {wanted[:100]} », qui n'est pas installé. Connus : "
            f"{', '.join(sorted(known))}. Choisissez-en un dans JupyterLab, enregistrez, puis relancez.",
            "no_kernel",
        )


def _check_parameters(path: Path, parameters: dict) -> None:
    papermill = papermill_for_files()

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
