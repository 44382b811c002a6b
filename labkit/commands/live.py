"""Copies of a notebook for live coding: the prose without the code, and the code without the prose."""

from pathlib import Path

import click

from labkit.base.paths import DATA, ROOT
from labkit.runs.notebook_run import find_inside_lab
from labkit.runs.parameters import RunError

LIVE = DATA / "live"


def write_copies(source: Path, folder: Path) -> tuple[Path, Path]:
    """Write NAME_a_ecrire.ipynb (code cells emptied, the parameters kept) and NAME_code.ipynb (prose cut)."""
    import nbformat

    folder.mkdir(parents=True, exist_ok=True)
    to_write, code_only = (nbformat.read(source, as_version=4) for _ in range(2))
    for notebook in (to_write, code_only):
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
    for cell in to_write.cells:
        if cell.cell_type == "code" and "parameters" not in cell.metadata.get("tags", []):
            cell.source = ""
    code_only.cells = [cell for cell in code_only.cells if cell.cell_type == "code"]
    paths = folder / f"{source.stem}_a_ecrire.ipynb", folder / f"{source.stem}_code.ipynb"
    for notebook, path in zip((to_write, code_only), paths, strict=True):
        nbformat.write(notebook, path)
    return paths


@click.command("live")
@click.argument("notebook")
def live_command(notebook: str) -> None:
    """Écrit deux copies de NOTEBOOK pour coder en direct : la prose sans le code, et le code sans la prose."""
    try:
        paths = write_copies(find_inside_lab(notebook), LIVE)
    except RunError as problem:
        raise click.ClickException(str(problem)) from None
    for path in paths:
        click.echo(path.relative_to(ROOT).as_posix())
