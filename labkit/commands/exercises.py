"""The commands for the exercises: check, hint, progress, catch-up, reset, diff, cut, report."""

import sys
import time
from datetime import datetime
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from labkit.base.outcomes import LABELS, MARKS
from labkit.base.paths import ROOT, scripts_folder
from labkit.exercises import catching_up, cutting, declared
from labkit.exercises.check import as_text, by_step, overall, run_checks
from labkit.exercises.declared import ExerciseError

SCRIPTS = click.option(
    "--scripts", default="labs", type=click.Choice(["labs", "solutions"]), help="Dossier vérifié."
)
POLL = 0.3
ROOM_POLL = 3


class Refusal(click.ClickException):
    """An exercise that is not one, said as any error of `lab`."""


def known(target: str) -> str:
    """The exercise or step `target`, or a refusal that names those there are."""
    try:
        declared.find_steps(target)
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
    chosen = [known(target) for target in targets] or list(declared.exercises())
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
    found = declared.find_steps(known(name))
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
    done, left = 0, []
    with Console(stderr=True).status("Je vérifie…"):
        for exercise in declared.exercises().values():
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
                done += state == "right"
                left += [step] if state != "right" and not step.further else []
    following = (
        f"La suite : {left[0].name}, {left[0].title} ({left[0].minutes} min)." if left else "Tout est fait."
    )
    Console().print(table, f"Étapes réussies : {done} sur {table.row_count}. {following}")


@click.command("catch-up")
@click.argument("exercise")
@click.option("--to", "last", required=True, type=int, help="La dernière étape à rattraper.")
def catch_up_command(exercise: str, last: int) -> None:
    """Met la référence à la place de vos réponses jusqu'à l'étape --to ; le reste de vos fichiers ne bouge pas.

    La référence d'une étape faite dans n8n y est importée, s'il répond.
    """
    try:
        click.echo(catching_up.catch_up_text(exercise, last))
    except ExerciseError as problem:
        raise Refusal(str(problem)) from None


def start_over(name: str) -> None:
    try:
        changed, saved = catching_up.start_over(name)
    except ExerciseError as problem:
        raise Refusal(str(problem)) from None
    click.echo(catching_up.changes_text(changed, saved, f"{name} est comme au début"))


@click.command("diff")
@click.argument("target")
def diff_command(target: str) -> None:
    """Montre vos réponses à côté de la référence, fonction par fonction (attention : c'est la solution)."""
    for one in catching_up.compare(known(target)):
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
            saved = cutting.write_labs()
            click.echo(f"labs/ est écrit : {len(cutting.generated())} fichiers.")
            if saved:
                click.echo(
                    f"Les fichiers qui ont changé sont gardés dans {saved.relative_to(ROOT).as_posix()}/."
                )
        found = cutting.problems()
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
@click.option("--watch", is_flag=True, help="Recommencer quand des scripts changent ; Ctrl-C arrête.")
def report_command(folder: Path, output: Path | None, watch: bool) -> None:
    """Vérifie les labs/ ramassés dans FOLDER, un sous-dossier par stagiaire.

    Écrit une page HTML, un JSON, et la grille d'évaluation de chacun. Avec --watch, FOLDER est un dossier partagé où
    travaille la salle : la page suit ce qui s'y enregistre.
    """
    from labkit.exercises.room_report import GRID, collect, follow, trainees, write

    output = output or folder / "rapport.html"
    homes = trainees(folder)
    if not homes:
        raise Refusal(
            f"{folder} ne contient aucun sous-dossier avec des scripts : un dossier par stagiaire est attendu."
        )
    if not watch:
        write(collect(homes), output, homes)
        click.echo(
            f"{len(homes)} stagiaires : {output}, {output.with_suffix('.json')} et {output.with_name(GRID)}."
        )
        return
    click.echo(f"Ouvrez {output} : la page se recharge d'elle-même. Ctrl-C arrête.")
    try:
        for changed in follow(folder, output):
            if changed:
                click.echo(f"{datetime.now():%H:%M:%S} vérifiés : {', '.join(changed)}")
            time.sleep(ROOM_POLL)
    except KeyboardInterrupt:
        click.echo("")
