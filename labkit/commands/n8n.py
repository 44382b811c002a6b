"""`lab n8n …`: install, serve, worker, import, export, open, logs."""

import sys

import click

SAID = {
    "new": "importé",
    "updated": "mis à jour",
    "published": "remis en service",
    "same": "inchangé",
    "kept": "votre version est gardée",
}


@click.group("n8n")
def n8n_group() -> None:
    """n8n : installer, importer et exporter les workflows, ouvrir l'éditeur."""


@n8n_group.command("install")
def install_command() -> None:
    """Installe (ou répare) la version figée de n8n."""
    from labkit.n8n import install

    def show(text: str) -> None:
        if sys.stderr.isatty():
            click.echo(f"\r… {text}   ", nl=False, err=True)

    install.install(show)
    click.echo("\n✓ n8n est installé.")


@n8n_group.command("serve")
@click.option("--force", is_flag=True, help="Écraser ce qui a été modifié dans l'éditeur.")
def serve_command(force: bool) -> None:
    """Sert n8n seul, avec ses workflows ; son port n'ouvre qu'une fois tout prêt. Ctrl-C ou SIGTERM l'arrête.

    Pour un hub, un conteneur ou systemd ; ailleurs, lab start suffit.
    """
    from labkit.services.n8n_alone import serve

    serve(force)


@n8n_group.command("worker")
def worker_command() -> None:
    """Sert un exécuteur de n8n, en mode file d'attente (EXECUTIONS_MODE=queue), jusqu'à Ctrl-C ou SIGTERM.

    Pour un conteneur ou systemd ; ailleurs, lab start --workers N suffit.
    """
    from labkit.services.n8n_alone import work

    work()


@n8n_group.command("import")
@click.argument("names", nargs=-1)
@click.option("--force", is_flag=True, help="Écraser ce qui a été modifié dans l'éditeur.")
def import_command(names: tuple[str, ...], force: bool) -> None:
    """Importe dans n8n les workflows du dossier n8n/, ou ceux de NAMES (une étape : tp21_5_3).

    Ce que vous avez modifié dans l'éditeur est gardé, et nommé ; --force l'écrase.
    """
    from labkit.n8n import setup, workflows

    files = workflows.find(names)
    outcomes = setup.bring_workflows(setup.connect(), files, force)
    for name, outcome in sorted(outcomes.items()):
        click.echo(f"{SAID[outcome]:<25} {name}")
    if "kept" in outcomes.values():
        click.echo("Pour revenir à la version du dossier : lab n8n import --force NOM")


@n8n_group.command("export")
@click.argument("names", nargs=-1)
def export_command(names: tuple[str, ...]) -> None:
    """Écrit dans n8n/ les workflows tels qu'ils sont dans l'éditeur : git diff montre ce que vous avez changé.

    Un fichier où se voit un secret n'est pas écrit.
    """
    from labkit.base.addresses import public_url
    from labkit.base.paths import api_url, service_url
    from labkit.n8n import secret_scan, setup, workflows

    client = setup.connect()
    place = workflows.Place(api_url(), public_url("n8n"), service_url("n8n"))
    for path, text in workflows.export_workflows(client, workflows.find(names), place).items():
        if text is None:
            click.echo(f"absent de n8n             {path.stem}")
            continue
        if found := secret_scan.scan_text(text, path):
            raise click.ClickException(f"{path.name} n'est pas écrit : {found[0]}")
        changed = text != path.read_text(encoding="utf-8")
        if changed:
            path.write_text(text, encoding="utf-8")
        click.echo(f"{'écrit' if changed else 'inchangé':<25} {path.stem}")


@n8n_group.command("open")
def open_command() -> None:
    """Ouvre l'éditeur de n8n dans le navigateur, et dit avec quoi s'y connecter."""
    from labkit.n8n.setup import sign_in
    from labkit.services.health import addresses

    click.echo(sign_in())
    click.launch(addresses()["n8n"])


@n8n_group.command("logs")
@click.option("-n", "lines", default=40, show_default=True, help="Nombre de lignes.")
@click.pass_context
def logs_command(context: click.Context, lines: int) -> None:
    """Montre la fin du journal de n8n, comme lab logs n8n."""
    from labkit.runs.log_reader import logs_command as read_logs

    context.invoke(read_logs, service="n8n", lines=lines)
