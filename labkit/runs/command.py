"""`lab run`: a notebook or a script, one JSON line, an honest exit code."""

import errno
import json
import logging
import sys

import click

from labkit.runs.ending import ended
from labkit.runs.notebook_run import find_inside_lab, run_notebook
from labkit.runs.parameters import RunError, read_parameters
from labkit.runs.result import exit_code_of, failure, new_run_id
from labkit.runs.script_run import run_script


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
    run_id = new_run_id()
    try:
        parameters = read_parameters(encoded, pairs)
        if notebook.endswith(".py"):
            sys.exit(run_script(notebook, words, parameters, run_id))
        result = run_notebook(find_inside_lab(notebook), parameters, run_id, timeout)
    except RunError as problem:
        result = failure(run_id, problem.code, str(problem))
    except KeyboardInterrupt:
        result = failure(run_id, **ended("stopped"))
    except OSError as problem:
        if problem.errno == errno.ENOSPC:
            full = "Le disque est plein : libérez de la place, puis relancez ; ce qui était écrit est intact."
            result = failure(run_id, "disk_full", full)
        else:
            unwritten = f"Impossible d'écrire le compte rendu du passage sous data/runs ({problem})."
            result = failure(run_id, "io_error", unwritten)
    if result["status"] != "success":
        click.echo(json.dumps({"level": "ERROR", "message": result["error"]["message"]}), err=True)
    click.echo(json.dumps(result, ensure_ascii=False))
    sys.exit(exit_code_of(result))
