"""TP2.3, le backfill : ce que chaque étape doit savoir faire."""

from datetime import date, timedelta

import pyarrow.parquet as pq
import pytest
from checking import only_object, step, verify, verify_that

INGESTION = ("tp21.1", "tp21.2", "tp21.3", "tp21.4")


# Étape 1 : les jours d'une période


@step("tp23.1", hint="Les deux bornes sont comprises : (end - start).days + 1 jours.")
@pytest.mark.parametrize(
    ("start", "end", "count"),
    [
        ("2024-01-01", "2024-01-03", 3),
        ("2024-02-28", "2024-03-01", 3),
        ("2023-02-28", "2023-03-01", 2),
        ("2024-05-06", "2024-05-06", 1),
        ("2023-12-30", "2024-01-02", 4),
        ("2024-01-01", "2024-12-31", 366),
    ],
)
def test_every_day_of_the_period_comes_once_in_order(learner, start, end, count):
    """Chaque jour de la période vient une fois, dans l'ordre, les deux bornes comprises, 29 février compris.

    Le dernier jour oublié, c'est celui que tout le monde regarde.
    """
    first, last = date.fromisoformat(start), date.fromisoformat(end)
    days = learner("generate_dates").days_between(first, last)
    tried = f"days_between({first!r}, {last!r})"
    verify(f"{tried}, nombre de jours", len(list(days)), count)
    verify(tried, list(days), [first + timedelta(n) for n in range(count)])


@step("tp23.1", hint="if end < start : raise ValueError(…) ; une liste vide passerait pour « rien à faire ».")
def test_a_period_backwards_is_refused(learner):
    """Une période à l'envers lève ValueError.

    Rendre une liste vide ferait réussir un backfill qui n'a rien fait.
    """
    try:
        got = list(learner("generate_dates").days_between(date(2024, 1, 2), date(2024, 1, 1)))
    except ValueError:
        return
    verify_that("days_between(date(2024, 1, 2), date(2024, 1, 1))", False, "une ValueError", got)


@step("tp23.1", hint="[str(day) for day in days] : JSON ne connaît pas les dates. Rendez 0.")
@pytest.mark.parametrize(
    ("start", "end", "wanted"),
    [
        ("2024-02-28", "2024-03-01", ["2024-02-28", "2024-02-29", "2024-03-01"]),
        ("2023-12-31", "2023-12-31", ["2023-12-31"]),
    ],
)
def test_the_command_prints_the_dates_as_text(run, start, end, wanted):
    """La commande imprime {"status": "success", "dates": […]}, les jours en texte, et sort avec 0.

    C'est cette liste que n8n parcourt.
    """
    ran = run("generate_dates", "--start-date", start, "--end-date", end)
    result = only_object(ran)
    verify(
        f"{ran.line}, résultat",
        {name: result.get(name) for name in ("status", "dates")},
        {"status": "success", "dates": wanted},
    )
    verify(f"{ran.line}, code de sortie", ran.code, 0)


@step(
    "tp23.1", hint="Un seul try autour de tout, un except ValueError : code « usage », dates vides, sortie 2."
)
@pytest.mark.parametrize(
    "words",
    [
        ("--start-date", "2024-01-02", "--end-date", "2024-01-01"),
        ("--start-date", "2024-W01-1", "--end-date", "2024-01-09"),
        ("--start-date", "2024-02-30", "--end-date", "2024-03-01"),
        ("--start-date", "2024-01-01"),
        ("--couleur", "rouge"),
        (),
    ],
)
def test_a_period_badly_written_exits_2(run, words):
    """Une période mal écrite, à l'envers ou absente : un JSON, code `usage`, sortie 2.

    n8n doit s'arrêter là, pas lancer un backfill de zéro jour.
    """
    ran = run("generate_dates", *words)
    result = only_object(ran)
    verify(f"{ran.line}, code de sortie", ran.code, 2)
    verify(f"{ran.line}, status et dates", (result.get("status"), result.get("dates")), ("error", []))
    error = result.get("error") or {}
    verify(f"{ran.line}, error.code", error.get("code") if isinstance(error, dict) else error, "usage")
    verify_that(f"{ran.line}, error.message", bool(error.get("message")), "une phrase", error)


# Étape 2 : ne faire que ce qui manque

MARCH = [date(2024, 3, day) for day in range(1, 7)]


def done(folder, day, content=b"PAR1 entier PAR1"):
    path = folder / f"partition_date={day}" / "data.parquet"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)


def left(learner, days, folder):
    return learner("ingest_api").days_left(days, folder)


@step("tp23.2", hint="partition_file(output_dir, day).is_file() : ce jour-là est fait, gardez les autres.")
@pytest.mark.parametrize("there", [[], [2, 4], [1], [6], [1, 2, 3, 4, 5, 6]])
def test_a_day_whose_complete_file_is_there_is_done(learner, tmp_path, there):
    """Il reste les jours dont le fichier complet n'est pas là, en liste, dans l'ordre donné.

    C'est ce qui fait qu'un backfill arrêté au milieu reprend où il en était.
    """
    for number in there:
        done(tmp_path / "bronze", date(2024, 3, number))
    for days in (MARCH, MARCH[::-1]):
        got = left(learner, days, tmp_path / "bronze")
        verify(
            f"days_left({[day.day for day in days]} mars, dossier où sont faits {there})",
            got,
            [day for day in days if day.day not in there],
        )


@step(
    "tp23.2",
    hint="Un dossier seul ne prouve rien : il est créé avant le fichier. Un fichier de zéro octet non plus : stat().st_size.",
)
def test_a_folder_or_half_a_file_is_not_a_day_done(learner, tmp_path):
    """Un dossier vide, un fichier provisoire, un fichier de zéro octet, un autre nom : le jour reste à faire.

    « Le dossier existe, donc c'est fait » saute pour toujours un jour que l'on a tué au milieu.
    """
    (tmp_path / "partition_date=2024-03-01").mkdir()
    done(tmp_path, MARCH[1])
    (tmp_path / "partition_date=2024-03-02" / "data.parquet").rename(
        tmp_path / "partition_date=2024-03-02" / ".data.parquet.tmp"
    )
    done(tmp_path, MARCH[2], b"")
    done(tmp_path, MARCH[3])
    (tmp_path / "partition_date=2024-03-04" / "data.parquet").rename(
        tmp_path / "partition_date=2024-03-04" / "data_120000.parquet"
    )
    (tmp_path / "partition_date=2024-03-05" / "data.parquet").mkdir(parents=True)
    done(tmp_path, MARCH[5])
    verify("days_left(du 1er au 6 mars, le 6 seul étant entier)", left(learner, MARCH, tmp_path), MARCH[:5])


@step("tp23.2", hint="Un dossier bronze qui n'existe pas encore ne contient aucun jour : tout reste à faire.")
def test_nothing_is_done_where_there_is_nothing(learner, tmp_path):
    """Sans dossier bronze, tout reste à faire ; sans jour demandé, rien ne reste. Rien n'est créé.

    C'est le premier passage de tout le monde.
    """
    folder = tmp_path / "nulle" / "part"
    verify("days_left(jours, dossier absent)", left(learner, MARCH, folder), MARCH)
    verify("days_left([], dossier absent)", left(learner, [], folder), [])
    verify("days_left(…), le dossier est créé", folder.exists(), False)


def backfilled(run, api, folder, start, end):
    places = (
        "--output-dir",
        folder / "bronze",
        "--quarantine-dir",
        folder / "quarantine",
        "--base-url",
        api.url,
    )
    return run(
        "ingest_api",
        "--start-date",
        start,
        "--end-date",
        end,
        "--mode",
        "backfill",
        "--page-size",
        "1000",
        *places,
    )


@step(
    "tp23.2",
    needs=INGESTION,
    hint="days_to_do appelle days_left pour --mode backfill ; votre `ingest` parcourt les jours qu'elle rend, et passe `skipped` à summary.",
)
def test_a_backfill_asks_only_for_what_is_missing(run, api, tmp_path):
    """En commande : le premier passage écrit tout, le second saute tout sans une requête, un jour effacé est seul refait.

    Relancer ne coûte rien : c'est ce qui permet de relancer sans réfléchir.
    """
    ran = backfilled(run, api, tmp_path, "2024-01-01", "2024-01-04")
    days = [f"2024-01-0{n}" for n in range(1, 5)]
    verify(f"{ran.line}, jours écrits", only_object(ran)["partitions"]["written"], days)
    before = api.requests()
    again = only_object(backfilled(run, api, tmp_path, "2024-01-01", "2024-01-04"))
    verify("le même backfill, une seconde fois, jours sautés", again["partitions"]["skipped"], days)
    verify("le même backfill, une seconde fois, requêtes", api.requests() - before, 0)
    missing = tmp_path / "bronze" / "partition_date=2024-01-03" / "data.parquet"
    missing.unlink()
    third = only_object(backfilled(run, api, tmp_path, "2024-01-01", "2024-01-04"))
    verify("le 3 janvier effacé, jours écrits", third["partitions"]["written"], ["2024-01-03"])
    verify("le 3 janvier effacé, lignes du fichier refait", pq.ParquetFile(missing).metadata.num_rows, 924)
