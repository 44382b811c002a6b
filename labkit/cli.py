"""The command `lab`. A command's module is imported when it is called, so that --help is instant."""

import importlib
import shutil
import sys

import click

EXERCISES = ("check", "hint", "progress", "catch-up", "diff", "cut", "report")
COMMANDS = {
    "run": "labkit.runner:run_command",
    "status": "labkit.status:status_command",
    "logs": "labkit.log_reader:logs_command",
    "bundle": "labkit.bundle:bundle_command",
    "demo": "labkit.demo:demo_command",
    "live": "labkit.live:live_command",
    "n8n": "labkit.n8n_commands:n8n_group",
    "node-red": "labkit.node_red:node_red_command",
    "secrets": "labkit.secret_scan:secrets_command",
    **{name: f"labkit.exercise_commands:{name.replace('-', '_')}_command" for name in EXERCISES},
}


class LabGroup(click.Group):
    """A group that imports the commands of COMMANDS only when they are asked for."""

    def list_commands(self, context: click.Context) -> list[str]:
        return sorted([*super().list_commands(context), *COMMANDS])

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name in COMMANDS:
            module, attribute = COMMANDS[name].split(":")
            return getattr(importlib.import_module(module), attribute)
        return super().get_command(context, name)


@click.group(cls=LabGroup, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Le laboratoire d'ingestion : API → Parquet → validation → backfill, orchestré par n8n."""
    for stream in (sys.stdout, sys.stderr):
        # Windows gives a pipe an encoding that has no « ✓ », and n8n reads UTF-8.
        stream.reconfigure(encoding="utf-8", errors="replace")


@main.command()
@click.option("--no-browser", is_flag=True, help="Ne pas ouvrir le navigateur.")
@click.option("--without", type=click.Choice(["n8n"]), help="Laisser ce service de côté.")
@click.option("--force", is_flag=True, help="Remettre les workflows que vous avez modifiés dans n8n.")
@click.option(
    "--projecteur", is_flag=True, help="JupyterLab en grand, pour une salle ; vos réglages restent."
)
def start(no_browser: bool, without: str | None, force: bool, projecteur: bool) -> None:
    """Démarre l'API, JupyterLab et n8n ; Ctrl-C arrête tout."""
    from labkit import services
    from labkit.paths import HOST, port

    if services.remembered().get("lab"):
        click.echo(f"Le laboratoire tourne déjà : http://{HOST}:{port('jupyter')} (lab stop l'arrête).")
        return
    services.Lab(
        without_n8n=without == "n8n", browser=not no_browser, force=force, projector=projecteur
    ).run()


@main.command()
def stop() -> None:
    """Arrête le laboratoire démarré dans un autre terminal."""
    from labkit import services

    click.echo("Tout est arrêté." if services.stop_running() else "Aucun laboratoire ne tourne.")


@main.command()
def doctor() -> None:
    """Cherche ce qui empêche le laboratoire de marcher, et dit un remède. Sortie 1 s'il y a un problème."""
    from labkit.doctor import main as examine

    sys.exit(examine())


@main.command()
@click.option("--port", default=None, type=click.IntRange(0, 65535), help="0 : un port libre.")
def api(port: int | None) -> None:
    """Sert l'API d'entraînement, seule."""
    import os

    from labkit import paths
    from labkit.practice_api.server import serve

    chosen = paths.port("api") if port is None else port
    try:
        serve(chosen, token=os.environ.get("LAB_API_TOKEN"))
    except OSError:
        raise click.ClickException(
            f"Le port {chosen} est déjà occupé : arrêtez ce programme ou essayez lab api --port {chosen + 1}."
        ) from None


@main.command()
@click.argument("exercise", required=False)
@click.option("--yes", is_flag=True, help="Ne pas demander.")
def reset(exercise: str | None, yes: bool) -> None:
    """Efface ce que les passages ont produit (bronze, quarantine, runs, filigranes) et remet l'API au premier jour.

    Avec EXERCISE (tp21) : remet vos fichiers de cet exercice comme au début ; les vôtres sont d'abord sauvegardés.
    """
    import requests

    if exercise:
        from labkit.exercise_commands import start_over

        start_over(exercise)
        return

    from labkit.health import is_up
    from labkit.paths import DATA, STATE, api_url

    folders = [DATA / name for name in ("bronze", "quarantine", "demo", "runs")]
    if not yes:
        click.confirm("Effacer data/bronze, quarantine, demo, runs et les filigranes ?", abort=True)
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
    for mark in STATE.glob("*.*.json"):
        mark.unlink()
    if is_up("api"):
        requests.post(f"{api_url()}/_lab/reset", timeout=5)
        said = "Effacé ; l'API est revenue au premier jour."
    else:
        said = "Effacé. L'API ne tourne pas."
    click.echo(f"{said} Vos scripts et notebooks n'ont pas été touchés.")


if __name__ == "__main__":
    main()
