"""`lab n8n …`: install, import, open."""

import click


@click.group("n8n")
def n8n_group() -> None:
    """n8n : installer, importer les workflows, ouvrir l'éditeur."""


@n8n_group.command("install")
def install_command() -> None:
    """Installe (ou répare) la version figée de n8n."""
    from labkit import n8n_install

    try:
        n8n_install.install(lambda text: click.echo(f"\r… {text}   ", nl=False, err=True))
    except n8n_install.N8nError as problem:
        raise click.ClickException(str(problem)) from None
    click.echo("\n✓ n8n est installé.")


@n8n_group.command("import")
def import_command() -> None:
    """Remet les workflows du dossier n8n/workflows dans n8n (à l'arrêt), en écrasant les modifications."""
    from labkit import services
    from labkit.paths import N8N

    if services.remembered().get("n8n"):
        raise click.ClickException("n8n tourne : arrêtez d'abord le laboratoire (lab stop).")
    files = sorted((N8N / "workflows").glob("*.json"))
    services.make_n8n().import_workflows(files)
    click.echo(f"{len(files)} workflows importés : {', '.join(path.stem for path in files)}.")


@n8n_group.command("open")
def open_command() -> None:
    """Ouvre l'éditeur de n8n dans le navigateur."""
    from labkit.health import addresses

    click.launch(addresses()["n8n"])
