"""TP2.3, le backfill : ce que chaque étape doit savoir faire."""

from datetime import date

import pytest
from checking import step, verify, verify_that
from n8n_runs import Workflow

INGESTION = ("tp21.1", "tp21.2", "tp21.3", "tp21.4", "tp23.1", "tp23.2")


# Étape 1 : les jours d'une période


@step("tp23.1", hint="Les deux bornes sont comprises : (end - start).days + 1 jours.")
@pytest.mark.parametrize(
    ("start", "end", "wanted"),
    [("2024-01-01", "2024-01-03", 3), ("2024-01-05", "2024-01-05", 1), ("2024-01-01", "2024-03-31", 91)],
)
def test_both_ends_are_included(learner, start, end, wanted):
    """Les deux bornes sont comprises.

    Le dernier jour oublié est l'erreur la plus courante d'un backfill, et la moins visible.
    """
    first, last = date.fromisoformat(start), date.fromisoformat(end)
    days = list(learner("partitions").days_between(first, last))
    tried = f"days_between({start}, {end})"
    verify(f"{tried}, nombre de jours", len(days), wanted)
    verify(f"{tried}, premier et dernier", (days[0], days[-1]), (first, last))


@step("tp23.1", hint="timedelta(days=1) passe tout seul du 28 février au 29, puis au 1er mars.")
def test_the_calendar_is_followed(learner):
    """Le 29 février d'une année bissextile y est, et chaque jour vient une fois, dans l'ordre.

    Les calculs de dates à la main se trompent quatre fois par an.
    """
    days = [
        day.isoformat() for day in learner("partitions").days_between(date(2024, 2, 28), date(2024, 3, 1))
    ]
    verify("days_between(2024-02-28, 2024-03-01)", days, ["2024-02-28", "2024-02-29", "2024-03-01"])


@step(
    "tp23.1",
    hint="[day.isoformat() for day in …] : du texte AAAA-MM-JJ, que JSON sait écrire.",
    needs=("tp21.1", "tp21.4"),
)
def test_the_command_prints_the_dates(run):
    """La commande imprime {"dates": […]}, en texte.

    n8n fera une boucle sur cette liste.
    """
    done = run("generate_dates", "--start-date", "2024-01-01", "--end-date", "2024-01-03")
    verify(f"{done.line}, code", done.code, 0)
    wanted = {"status": "success", "dates": ["2024-01-01", "2024-01-02", "2024-01-03"]}
    verify(f"{done.line}, stdout", done.result, wanted)


@step(
    "tp23.1", hint="check_order(options.start_date, options.end_date) avant tout.", needs=("tp21.1", "tp21.4")
)
def test_a_reversed_period_is_refused(run):
    """Une période à l'envers est refusée, avec le code 2.

    Une liste vide aurait l'air d'un succès.
    """
    done = run("generate_dates", "--start-date", "2024-01-03", "--end-date", "2024-01-01")
    verify(f"{done.line}, code", done.code, 2)
    verify(f"{done.line}, status", done.result.get("status"), "error")


# Étape 2 : ce jour est-il déjà fait ?


@pytest.fixture
def present(learner, tmp_path):
    """present("a/b", …): the days found in a folder holding these files (a name ending in / is an empty folder)."""

    def call(*names):
        for name in names:
            path = tmp_path / "bronze" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.mkdir(exist_ok=True) if name.endswith("/") else path.write_bytes(b"x")
        folder = learner("storage").open_folder(tmp_path / "bronze")
        found = learner("partitions").present_days(folder)
        verify_that("type(present_days(…))", hasattr(found, "__contains__"), "un ensemble de jours", found)
        return sorted(found)

    return call


def file_of(learner, day):
    return learner("partitions").partition_name(date(2024, 1, day))


@step(
    "tp23.2",
    hint="folder.subfolders_holding(FILE_NAME) : les sous-dossiers où le fichier complet se trouve.",
    needs=("tp21.3",),
)
def test_days_with_their_complete_file_are_present(learner, present):
    """Un jour dont le fichier complet est là est fait.

    Regarder les fichiers, c'est ne jamais pouvoir se tromper sur ce qui est fait.
    """
    verify(
        "present_days(dossier avec les fichiers du 1er et du 3)",
        present(file_of(learner, 1), file_of(learner, 3)),
        [date(2024, 1, 1), date(2024, 1, 3)],
    )


@step(
    "tp23.2",
    hint="Un dossier seul ne prouve rien : il est créé avant le fichier. C'est le fichier complet qui compte.",
    needs=("tp21.3",),
)
def test_a_crashed_write_is_not_a_finished_day(learner, present):
    """Un dossier vide, ou un fichier provisoire, n'est pas un jour fait.

    C'est la trace exacte que laisse un passage tué : ce jour-là doit être refait.
    """
    half = "partition_date=2024-01-02/.data.parquet.tmp"
    found = present(file_of(learner, 1), half, "partition_date=2024-01-03/")
    verify("present_days(le 1er complet, le 2 à moitié écrit, le 3 vide)", found, [date(2024, 1, 1)])


@step(
    "tp23.2",
    hint="Ne gardez que les noms qui commencent par PREFIX et dont la suite est une date (`_day_of` rend None sinon).",
    needs=("tp21.3",),
)
def test_foreign_folders_are_ignored(learner, present):
    """Ce qui n'est pas une partition est ignoré.

    Il y aura toujours un .ipynb_checkpoints ou un dossier « ancien » quelque part.
    """
    name = file_of(learner, 1).rpartition("/")[2]
    found = present(
        file_of(learner, 1), f"ancien/{name}", f"partition_date=hier/{name}", f"date=2024-01-09/{name}"
    )
    verify("present_days(le 1er, et trois dossiers étrangers)", found, [date(2024, 1, 1)])


@step("tp23.2", hint="Un dossier qui n'existe pas encore : aucun jour, pas une exception.")
def test_a_folder_that_does_not_exist_holds_no_day(present):
    """Un dossier bronze qui n'existe pas encore ne contient aucun jour.

    C'est l'état de toute première fois.
    """
    verify("present_days(un dossier qui n'existe pas)", present(), [])


# Étape 3 : ne faire que ce qui manque


@pytest.fixture
def fill(run, api):
    """fill(…): run the backfill of January 1 to 3."""

    def call(*more):
        period = ("--start-date", "2024-01-01", "--end-date", "2024-01-03", "--output-dir", "bronze")
        return run(
            "backfill", *period, "--base-url", api.url, "--page-size", "1000", "--max-wait", "0.01", *more
        )

    return call


def partitions(done, status):
    return done.result.get("partitions", {}).get(status)


JANUARY = ["2024-01-01", "2024-01-02", "2024-01-03"]


@step(
    "tp23.3",
    hint="missing : les jours de la période qui ne sont pas dans present_days ; fill(options, missing, skipped, ingest_arguments).",
    needs=INGESTION,
)
def test_missing_days_are_written(fill):
    """Tous les jours qui manquent sont écrits, dernier compris.

    C'est à cela que sert un backfill.
    """
    done = fill()
    verify(f"{done.line}, code", done.code, 0)
    verify(f"{done.line}, partitions.written", partitions(done, "written"), JANUARY)


@step(
    "tp23.3", hint="Les jours présents vont dans `skipped`, et ne sont pas demandés à l'API.", needs=INGESTION
)
def test_a_second_run_skips_everything_and_asks_nothing(fill, api):
    """Un second passage saute tout, sans une seule requête.

    Relancer doit être gratuit : on relance sans réfléchir, donc sans erreur.
    """
    fill()
    before = api.requests()
    done = fill()
    verify(f"{done.line}, la seconde fois, partitions.skipped", partitions(done, "skipped"), JANUARY)
    verify(f"{done.line}, la seconde fois, requêtes", api.requests() - before, 0)
    verify(f"{done.line}, la seconde fois, code", done.code, 0)


@step(
    "tp23.3",
    hint="Ne décidez pas d'après la période entière : chaque jour manque ou ne manque pas.",
    needs=INGESTION,
)
def test_only_the_missing_day_is_filled(fill, learner, tmp_path):
    """Un jour effacé est le seul refait.

    Trois mois relus pour un jour perdu, c'est trois mois de charge sur l'API.
    """
    fill()
    (tmp_path / "bronze" / file_of(learner, 2)).unlink()
    done = fill()
    verify(f"{done.line}, le 2 effacé : written", partitions(done, "written"), ["2024-01-02"])
    verify(f"{done.line}, le 2 effacé : skipped", partitions(done, "skipped"), ["2024-01-01", "2024-01-03"])


@step("tp23.3", hint="Sous --force aucun jour n'est tenu pour présent : present = set().", needs=INGESTION)
def test_force_fills_every_day_again(fill, api):
    """--force refait tous les jours.

    Quand la source a corrigé un mois entier, il faut pouvoir le reprendre.
    """
    fill()
    before = api.requests()
    done = fill("--force")
    verify(f"{done.line}, skipped", partitions(done, "skipped"), [])
    verify_that(
        f"{done.line}, requêtes",
        api.requests() - before >= 3,
        "au moins une par jour",
        api.requests() - before,
    )


@step(
    "tp23.3",
    hint="Donnez à `fill` la liste entière des jours : elle passe au suivant quand l'un échoue, et les nomme dans `failed`.",
    needs=INGESTION,
)
def test_a_day_that_fails_does_not_stop_the_others(fill, api):
    """Un jour qui échoue est nommé, et n'empêche pas les autres.

    Sur quatre-vingt-dix jours, il y en aura toujours un.
    """
    api.switch("faults", kind="500", next=3)
    done = fill("--workers", "1")
    verify(f"{done.line}, une panne sur le premier jour : code", done.code, 1)
    verify(
        f"{done.line}, une panne sur le premier jour : failed",
        sorted(done.result.get("failed", {})),
        ["2024-01-01"],
    )
    verify(f"{done.line}, une panne sur le premier jour : written", partitions(done, "written"), JANUARY[1:])


# Étape 4 : la boucle dans n8n


@pytest.fixture
def backfill():
    return Workflow("Backfill", ("labBackfill00001",))


@step("tp23.4", hint="Workflow « Backfill », nœud « Paramètres » : `labs` dans `scripts`, puis exécutez.")
def test_n8n_ran_your_backfill(backfill):
    """n8n a bouclé sur les jours avec votre script.

    La boucle est à n8n, le travail d'un jour est au script.
    """
    nodes = backfill.last_with_labs()
    batches = [item.get("ingestion") for item in nodes.get("Bilan du lot", [])]
    verify_that(
        "dernière exécution avec `labs`, lots",
        bool(batches) and set(batches) == {"success"},
        "au moins un lot, tous réussis",
        batches,
    )


@step("tp23.4", hint="Exécutez le workflow une seconde fois, sans rien changer.")
def test_n8n_skipped_what_was_there(backfill):
    """Exécuté une seconde fois, le workflow saute tout ce qui est fait.

    Un backfill interrompu se reprend en le relançant, sans rien noter.
    """
    skipped = [
        bool(results) and not any(result.get("partitions", {}).get("written") for result in results)
        for results in (nodes.get("Lire l'ingestion du lot", []) for nodes in backfill.executions_with_labs())
    ]
    verify_that(
        "les exécutions avec `labs` : une où rien n'a été réécrit", any(skipped), "au moins une", skipped
    )
