"""The command `lab`. A command's module is imported when it is called, so that --help is instant."""

import importlib
import io
import os
import shutil
import sys

import click

EXERCISES = ("check", "hint", "progress", "catch-up", "diff", "cut", "report")
COMMANDS = {
    "run": "labkit.runs.command:run_command",
    "status": "labkit.commands.status:status_command",
    "logs": "labkit.runs.log_reader:logs_command",
    "bundle": "labkit.commands.bundle:bundle_command",
    "demo": "labkit.commands.demo:demo_command",
    "live": "labkit.commands.live:live_command",
    "n8n": "labkit.commands.n8n:n8n_group",
    "node-red": "labkit.n8n.node_red:node_red_command",
    "sheets": "labkit.commands.print_sheets:sheets_command",
    "sql": "labkit.commands.sql:sql_command",
    "secrets": "labkit.n8n.secret_scan:secrets_command",
    **{name: f"labkit.commands.exercises:{name.replace('-', '_')}_command" for name in EXERCISES},
}


class LabGroup(click.Group):
    """A group that imports the commands of COMMANDS only when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), *COMMANDS])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in COMMANDS:
            module, attribute = COMMANDS[cmd_name].split(":")
            return getattr(importlib.import_module(module), attribute)
        return super().get_command(ctx, cmd_name)


@click.group(cls=LabGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="labkit", prog_name="lab", message="%(prog)s %(version)s")
def main() -> None:
    """Le laboratoire d'ingestion : API → Parquet → validation → backfill, orchestré par n8n."""
    from labkit.base.proxies import no_proxy

    for stream in (sys.stdout, sys.stderr):
        # Windows gives a pipe an encoding that has no « ✓ », and n8n reads UTF-8.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")
    # This machine's own services are asked without a proxy, whichever variable names one.
    os.environ.update(no_proxy())


@main.command()
@click.option("--no-browser", is_flag=True, help="Ne pas ouvrir le navigateur.")
@click.option(
    "--without", type=click.Choice(["api", "n8n"]), multiple=True, help="Laisser ce service de côté."
)
@click.option("--force", is_flag=True, help="Remettre les workflows que vous avez modifiés dans n8n.")
@click.option(
    "--projecteur", is_flag=True, help="JupyterLab en grand, pour une salle ; vos réglages restent."
)
@click.option(
    "--workers",
    type=click.IntRange(0, 8),
    default=0,
    metavar="N",
    help="N exécuteurs n8n à côté du premier (mode file d'attente ; demande redis-server).",
)
def start(no_browser: bool, without: tuple[str, ...], force: bool, projecteur: bool, workers: int) -> None:
    """Démarre l'API, JupyterLab et n8n ; Ctrl-C arrête tout."""
    from labkit.base.addresses import public_url
    from labkit.services import lab

    if lab.remembered().get("lab"):
        click.echo(f"Le laboratoire tourne déjà : {public_url('jupyter')} (lab stop l'arrête).")
        return
    if workers and "n8n" in without:
        raise click.UsageError("--workers demande n8n : ôtez --without n8n.")
    if workers:
        from labkit.n8n import queue

        queue.redis_server()
    lab.Lab(
        without=without,
        browser=not no_browser,
        force=force,
        projector=projecteur,
        workers=workers,
    ).run()


@main.command()
def stop() -> None:
    """Arrête le laboratoire démarré dans un autre terminal."""
    from labkit.services import lab

    click.echo("Tout est arrêté." if lab.stop_running() else "Aucun laboratoire ne tourne.")


@main.command()
def doctor() -> None:
    """Cherche ce qui empêche le laboratoire de marcher, et dit un remède. Sortie 1 s'il y a un problème."""
    from labkit.commands.doctor import main as examine

    sys.exit(examine())


@main.command()
@click.option("--port", default=None, type=click.IntRange(0, 65535), help="0 : un port libre.")
def api(port: int | None) -> None:
    """Sert l'API d'entraînement, seule."""
    from labkit.base import paths
    from labkit.base.processes import stop_with_caller
    from labkit.practice_api.server import serve

    chosen = paths.port("api") if port is None else port
    stop_with_caller()
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
        from labkit.commands.exercises import start_over

        start_over(exercise)
        return

    from labkit.base.paths import DATA, STATE, api_url
    from labkit.services.health import is_up

    folders = [DATA / name for name in ("bronze", "quarantine", "demo", "runs")]
    if not yes:
        click.confirm("Effacer data/bronze, quarantine, demo, runs et les filigranes ?", abort=True)
    try:
        for folder in folders:
            if folder.exists():
                shutil.rmtree(folder)
        for mark in STATE.glob("*.*.json"):
            mark.unlink()
    except OSError as problem:
        raise click.ClickException(
            f"{problem.filename} n'a pas pu être effacé ({problem.strerror}) : rendez-le modifiable, puis recommencez."
        ) from None
    if is_up("api"):
        requests.post(f"{api_url()}/_lab/reset", timeout=5)
        said = "Effacé ; l'API est revenue au premier jour."
    else:
        said = "Effacé. L'API ne tourne pas."
    if is_up("n8n"):
        from labkit.n8n import setup

        setup.forget_watermarks(setup.connect())
    elif (STATE / "n8n").exists():
        said += " n8n ne tourne pas : ses filigranes y restent, refaites lab reset quand il tournera."
    click.echo(f"{said} Vos scripts et notebooks n'ont pas été touchés.")


if __name__ == "__main__":
    main()
