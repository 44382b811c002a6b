"""`lab sheets`: what an instructor prints for the day, each sheet of labkit/commands/sheets/ as a PDF."""

from pathlib import Path

import click

SOURCES = Path(__file__).with_name("sheets")
SHEETS = ("entree", "canevas", "noeuds", "commandes", "questionnaire")


@click.command("sheets")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=Path("build", "fiches"))
def sheets_command(folder: Path) -> None:
    """Écrit en PDF, dans FOLDER, ce que l'on imprime : test d'entrée, canevas, nœuds, commandes, questionnaire."""
    import typst

    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in SHEETS:
            pdf = typst.compile(SOURCES / f"{name}.typ", format="pdf", ignore_system_fonts=True)
            (folder / f"{name}.pdf").write_bytes(pdf)
    except OSError as problem:
        raise click.ClickException(
            f"{folder} ne peut pas recevoir les fiches ({problem.strerror})."
        ) from None
    click.echo(f"{len(SHEETS)} fiches à imprimer dans {folder} : {', '.join(SHEETS)}.")
