"""The commands for the exercises: check, hint, progress, catch-up, reset, diff, cut, report."""

import sys
import time
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from labkit import exercises
from labkit.check import as_text, by_step, overall, run_checks
from labkit.exercises import ExerciseError
from labkit.outcomes import LABELS, MARKS
from labkit.paths import ROOT, scripts_folder

SCRIPTS = click.option(
    "--scripts", default="labs", type=click.Choice(["labs", "solutions"]), help="Dossier vérifié."
)
POLL = 0.3


class Refusal(click.ClickException):
    """An exercise that is not one, said as any error of `lab`."""


def known(target: str) -> str:
    """The exercise or step `target`, or a refusal that names those there are."""
    try:
        exercises.find_steps(target)
    except ExerciseError as problem:
        raise Refusal(str(problem)) from None
    return target


@click.command("check")
@click.argument("targets", nargs=-1)
@click.option("--watch", is_flag=True, help="Recommencer à chaque enregistrement ; Ctrl-C arrête.")
@SCRIPTS
def check_command(targets: tuple[str, ...], watch: bool, scripts: str) -> None:
    """Vérifie vos scripts : un exercice (tp21), une étape (tp21.2), ou tout.

    Sortie : 0 si tout est réussi, 1 sinon.
    """
    chosen = [known(target) for target in targets] or list(exercises.exercises())
    folder = scripts_folder(scripts)
    passed = show_checks(chosen, folder)
    if not watch:
        sys.exit(0 if passed else 1)
    seen = saved_at(folder)
    click.echo("\nJ'attends votre prochain enregistrement (Ctrl-C arrête)…", err=True)
    try:
        while True:
            time.sleep(POLL)
            if saved_at(folder) != seen:
                seen = saved_at(folder)
                click.clear()
                show_checks(chosen, folder)
    except KeyboardInterrupt:
        click.echo("")


def show_checks(targets: list[str], folder: Path) -> bool:
    """Print what the checks of `targets` find; True if all is right."""
    passed = True
    for target in targets:
        found = run_checks(target, folder)
        click.echo(as_text(target, found))
        passed &= overall(found) == "right"
    return passed


def saved_at(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in folder.glob("*.py")}


@click.command("hint")
@click.argument("step")
@click.argument("level", default=1, type=click.IntRange(1, 3))
def hint_command(step: str, level: int) -> None:
    """Donne un indice pour l'étape STEP (tp21.2) : niveau 1 une question, 2 une piste, 3 presque la réponse."""
    click.echo(hint_text(step, level))


def hint_text(name: str, level: int) -> str:
    """The hint, where the course explains it, and how to get the next one. Refusal if `name` is no step."""
    found = exercises.find_steps(known(name))
    if "." not in name:
        raise Refusal(f"Un indice se demande pour une étape : lab hint {found[0].name}.")
    next_one = f"lab hint {name} {level + 1}" if level < 3 else f"lab diff {name} montre la référence"
    said = f"{name}, indice {level} sur 3 : {found[0].hints[level - 1]}"
    return f"{said}\nAu cours : {found[0].course}. Ensuite : {next_one}."


@click.command("progress")
@SCRIPTS
def progress_command(scripts: str) -> None:
    """Montre la journée entière : chaque étape, réussie ou non."""
    table = Table(title="Où en êtes-vous ?", title_justify="left")
    for column in ("étape", "titre", "min", "état", "tests"):
        table.add_column(column, justify="right" if column in ("min", "tests") else "left")
    done = total = 0
    with Console(stderr=True).status("Je vérifie…"):
        for exercise in exercises.exercises().values():
            table.add_section()
            for step, found in by_step(
                exercise.name, run_checks(exercise.name, scripts_folder(scripts))
            ).items():
                right = sum(finding.outcome == "right" for finding in found)
                state = overall(found)
                table.add_row(
                    step.name,
                    step.title,
                    str(step.minutes),
                    f"{MARKS[state]} {LABELS[state]}",
                    f"{right}/{len(found)}",
                )
                done, total = done + (state == "right"), total + 1
    Console().print(table, f"{done} étapes réussies sur {total}.")


@click.command("catch-up")
@click.argument("exercise")
@click.option("--to", "last", required=True, type=int, help="La dernière étape à rattraper.")
def catch_up_command(exercise: str, last: int) -> None:
    """Met la référence à la place de vos réponses jusqu'à l'étape --to ; le reste de vos fichiers ne bouge pas.

    La référence d'une étape faite dans n8n y est importée, s'il répond.
    """
    try:
        changed, saved = exercises.catch_up(exercise, last)
    except ExerciseError as problem:
        raise Refusal(str(problem)) from None
    tell_changes(changed, saved, f"{exercise} est rattrapé jusqu'à l'étape {last}")
    for step in exercises.find_exercise(exercise).steps:
        if step.n8n and step.number <= last:
            click.echo(bring_reference(step))


def bring_reference(step: exercises.Step) -> str:
    """Bring into n8n the reference of a step done there; a sentence: what was done, or how to do it later."""
    from labkit import n8n_setup, n8n_workflows
    from labkit.n8n_install import N8nError

    where = f"L'étape {step.number} se fait dans n8n"
    try:
        files = n8n_workflows.find((step.n8n,))
        outcomes = n8n_setup.bring_workflows(n8n_setup.connect(), files)
        title = n8n_workflows.read(files[0])["name"]
    except N8nError as problem:
        return f"{where}. {problem} Ensuite, lab n8n import {step.n8n} y mettra la référence."
    if "kept" in outcomes.values():
        return f"{where} : vous y avez changé « {title} » ; lab n8n import --force {step.n8n} remet la référence."
    return f"{where} : la référence y est, sous le nom « {title} » ; exécutez-la."


def start_over(name: str) -> None:
    try:
        changed, saved = exercises.start_over(name)
    except ExerciseError as problem:
        raise Refusal(str(problem)) from None
    tell_changes(changed, saved, f"{name} est comme au début")


def tell_changes(changed: list[str], saved: Path | None, done: str) -> None:
    if not changed:
        click.echo(f"{done} : il n'y avait rien à changer.")
        return
    click.echo(f"{done}. Fichiers changés : {', '.join(f'labs/{name}' for name in changed)}.")
    if saved:
        click.echo(f"Les vôtres sont gardés dans {saved.relative_to(ROOT).as_posix()}/.")


@click.command("diff")
@click.argument("target")
def diff_command(target: str) -> None:
    """Montre vos réponses à côté de la référence, fonction par fonction (attention : c'est la solution)."""
    for one in exercises.compare(known(target)):
        table = Table(title=f"{one.path} : {one.owner}", title_justify="left", expand=True)
        table.add_column("labs/ (vous)", ratio=1)
        table.add_column("solutions/ (la référence)", ratio=1)
        table.add_row(Text(one.own or "(absente)"), Text(one.reference))
        Console().print(table)


@click.command("cut")
@click.option("--check", "only_check", is_flag=True, help="Ne rien écrire : dire ce qui ne va pas, sortie 1.")
def cut_command(only_check: bool) -> None:
    """Écrit labs/ d'après solutions/ (pour qui prépare le cours). Ce qui s'y trouvait est d'abord sauvegardé."""
    try:
        if not only_check:
            saved = exercises.write_labs()
            click.echo(f"labs/ est écrit : {len(exercises.generated())} fichiers.")
            if saved:
                click.echo(
                    f"Les fichiers qui ont changé sont gardés dans {saved.relative_to(ROOT).as_posix()}/."
                )
        found = exercises.problems()
    except ExerciseError as problem:
        raise Refusal(str(problem)) from None
    for line in found:
        click.echo(f"✗ {line}", err=True)
    sys.exit(1 if found else 0)


@click.command("report")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--output", type=click.Path(path_type=Path), help="La page à écrire (par défaut FOLDER/rapport.html)."
)
def report_command(folder: Path, output: Path | None) -> None:
    """Vérifie les labs/ ramassés dans FOLDER, un sous-dossier par stagiaire, et écrit une page HTML et un JSON."""
    from labkit.room_report import collect, write

    output = output or folder / "rapport.html"
    room = collect(folder)
    if not room:
        raise Refusal(
            f"{folder} ne contient aucun sous-dossier avec des scripts : un dossier par stagiaire est attendu."
        )
    write(room, output)
    click.echo(f"{len(room)} stagiaires : {output} et {output.with_suffix('.json')}.")
