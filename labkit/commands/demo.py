"""`lab demo`: the day's pipeline, headless, on an API of its own, with a summary to read."""

import logging
import os
import shutil
import sys

import click
from rich.console import Console
from rich.table import Table

from labkit.base.paths import DATA, NOTEBOOKS
from labkit.runs.notebook_run import run_notebook
from labkit.runs.result import exit_code_of, new_run_id

FOLDER = DATA / "demo"
PLACES = {"output_dir": "data/demo/bronze/events", "quarantine_dir": "data/demo/quarantine"}
STEPS = [
    ("Ingestion de 3 jours", "06_api_vers_parquet", PLACES | {"end_date": "2024-01-03"}),
    ("Backfill de janvier", "08_backfill", PLACES | {"end_date": "2024-01-31"}),
    ("Contrôle qualité", "07_controle_qualite", {"input_file": PLACES["output_dir"]}),
]


@click.command("demo")
def demo_command() -> None:
    """Déroule la journée sans écran : ingestion, backfill, validation, puis un résumé."""
    # FastAPI is a second of imports, which `lab --help` does without.
    from labkit.practice_api.server import running_api

    logging.getLogger("papermill").setLevel(logging.WARNING)
    shutil.rmtree(FOLDER, ignore_errors=True)
    results = []
    with running_api() as api:
        os.environ["LAB_API_URL"] = api.url
        for title, notebook, parameters in STEPS:
            click.echo(f"… {title}", err=True)
            results.append((title, run_notebook(NOTEBOOKS / f"{notebook}.ipynb", parameters, new_run_id())))
    Console().print(summary(results))
    click.echo(f"Les fichiers : {PLACES['output_dir']} ; les lignes refusées : {PLACES['quarantine_dir']}.")
    click.echo("Les comptes rendus, à ouvrir dans JupyterLab (make lab) :")
    for _, result in results:
        click.echo(f"  {result['notebook']}")
    sys.exit(max(exit_code_of(result) for _, result in results))


def summary(results: list[tuple[str, dict]]) -> Table:
    """A row a step: its verdict, what was ingested, skipped, validated, quarantined."""
    table = Table(title="La journée en résumé")
    for column in ("étape", "verdict", "jours écrits", "sautés", "lignes", "quarantaine"):
        table.add_column(column, overflow="fold")
    for title, result in results:
        partitions = result.get("partitions", {})
        verdict = "réussi" if result["status"] == "success" else result["error"]["message"]
        table.add_row(
            title,
            verdict,
            str(len(partitions["written"])) if partitions else "—",
            str(len(partitions["skipped"])) if partitions else "—",
            str(result.get("records_count", result.get("rows", "—"))),
            str(result.get("quarantined", "—")),
        )
    return table
