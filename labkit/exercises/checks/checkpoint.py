"""Le checkpoint : des transactions bancaires, jusqu'au relevé au centime près."""

from datetime import UTC, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.dataset as ds
import pytest
from checking import step, verify, verify_that

from ingestion.__main__ import main

INSTANT = pa.timestamp("us", tz="UTC")


@step(
    "checkpoint.1",
    hint="Une correction garde son identifiant : last_id et cursor ne la revoient pas. Une ligne en retard est derrière le "
    "filigrane : relisez 72 h.",
)
def test_the_increment_sees_what_moved(learner, api, tmp_path, capfd):
    """Une semaine plus tard, l'incrément a vu les transactions réglées, annulées ou arrivées en retard.

    Un filigrane qui ne les voit pas ne donne aucune erreur : seulement un relevé faux.
    """
    arguments = learner("statement").increment_arguments()
    verify_that("increment_arguments()", "transactions" in arguments, "la ressource transactions", arguments)
    api.switch("clock", "PUT", now="2024-01-10T00:00:00Z")
    ingest(api, tmp_path, capfd, *arguments, "--start-date", "2024-01-01")
    before = versions(tmp_path)
    api.switch("clock", "PUT", now="2024-01-15T00:00:00Z")
    ingest(api, tmp_path, capfd, *arguments)
    after = versions(tmp_path)
    truth = {
        row["id"]: row["status"]
        for day in range(1, 10)
        for row in sound_transactions(api, f"2024-01-{day:02d}")
    }
    late = {one for one in truth if one not in before}
    moved = {one for one in truth if one in before and before[one] != truth[one]}
    tried = f"ingest_api.py {' '.join(arguments)}, cinq jours après"
    verify(
        f"{tried} : réglées ou annulées entre-temps, non vues",
        len([one for one in moved if after[one] != truth[one]]),
        0,
    )
    verify(f"{tried} : arrivées en retard, non vues", len(late - after.keys()), 0)


def ingest(api, folder, capfd, *arguments) -> None:
    """Run the engine, which knows transactions: this step is about its arguments only.

    In small pages: in pages of a thousand rows a cursor taken for the watermark goes unnoticed.
    """
    places = ("--output-dir", f"{folder}/bronze", "--state-dir", f"{folder}/etat")
    rejects = ("--quarantine-dir", f"{folder}/rejets")
    code = main(["ingest", *arguments, "--base-url", api.url, "--page-size", "100", *places, *rejects])
    verify_that(
        f"ingest_api.py {' '.join(arguments)}", code == 0, "un passage réussi", capfd.readouterr().out[-300:]
    )


def sound_transactions(api, day) -> list[dict]:
    """The readable transactions of a day, as the API has them now."""
    rows = api.rows("/api/transactions", date=day)
    return [
        row
        for row in rows
        if "id" in row
        and row["event_time"][:4] == "2024"
        and isinstance(row["account"], str)
        and row["amount"] != "douze"
    ]


def versions(folder) -> dict[int, str]:
    """{id: status} of the bronze layer."""
    table = ds.dataset(folder / "bronze", format="parquet").to_table(columns=["id", "status"])
    return dict(zip(table["id"].to_pylist(), table["status"].to_pylist(), strict=True))


def transactions(*rows) -> pa.Table:
    """rows: (id, day of January of the update, account, amount, status)."""
    names = ("id", "updated_at", "account", "amount", "status")
    columns = list(zip(*rows, strict=True)) if rows else [[] for _ in names]
    times = [datetime(2024, 1, day, tzinfo=UTC) for day in columns[1]]
    amounts = pa.array([Decimal(amount) for amount in columns[3]], pa.decimal128(18, 2))
    return pa.table(
        {
            "id": pa.array(columns[0], pa.int64()),
            "updated_at": pa.array(times, INSTANT),
            "account": pa.array(columns[2], pa.string()),
            "amount": amounts,
            "status": pa.array(columns[4], pa.string()),
        }
    )


def said(table) -> list[tuple]:
    return sorted(zip(table["id"].to_pylist(), table["status"].to_pylist(), strict=True))


@step(
    "checkpoint.2",
    hint="C'est `updated_at` qui départage, pas l'ordre d'arrivée : une vieille version peut être lue après la neuve.",
)
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_only_the_latest_version_of_each_transaction_stays(learner, order):
    """De chaque transaction il reste une ligne, la plus récente, quel que soit l'ordre de lecture.

    Une transaction comptée deux fois est une erreur que le client voit avant vous.
    """
    rows = [(1, 2, "A", "10.00", "pending"), (1, 5, "A", "10.00", "settled"), (2, 3, "A", "4.00", "settled")]
    table = transactions(*[rows[index] for index in order])
    tried = f"latest_versions({[rows[index][::4] + rows[index][1:2] for index in order]}) (id, status, jour de mise à jour)"
    verify(tried, said(learner("statement").latest_versions(table)), [(1, "settled"), (2, "settled")])


@step(
    "checkpoint.2",
    hint="Le jour où il n'y a rien à lire existe aussi ; et deux versions identiques n'en font qu'une.",
)
def test_nothing_and_exact_duplicates_are_handled(learner):
    """Une lecture vide donne une table vide ; deux lignes identiques n'en font qu'une.

    Les cas que personne n'essaie sont ceux qui arrivent le dimanche.
    """
    verify("latest_versions(une table vide)", said(learner("statement").latest_versions(transactions())), [])
    twice = transactions((7, 2, "A", "1.00", "settled"), (7, 2, "A", "1.00", "settled"))
    verify(
        "latest_versions(deux fois la même ligne)",
        said(learner("statement").latest_versions(twice)),
        [(7, "settled")],
    )


@step("checkpoint.2", hint="Ne gardez pas que deux colonnes : le relevé a besoin du compte et du montant.")
def test_every_column_is_kept(learner):
    """Toutes les colonnes restent.

    Celui qui lira votre table n'est pas vous.
    """
    table = transactions((1, 2, "A", "10.00", "pending"), (1, 5, "A", "12.00", "settled"))
    kept = learner("statement").latest_versions(table)
    verify("latest_versions(…).column_names, triées", sorted(kept.column_names), sorted(table.column_names))
    verify("latest_versions(…), montant", kept["amount"].to_pylist(), [Decimal("12.00")])


@step(
    "checkpoint.3",
    hint="Seul « settled » compte : « pending » n'est pas encore passé, « reversed » a été annulé.",
)
def test_only_settled_transactions_count(learner):
    """Seules les transactions réglées comptent.

    Une transaction annulée qui compte encore, c'est de l'argent qui n'existe pas.
    """
    table = transactions(
        (1, 2, "A", "10.00", "settled"), (2, 2, "A", "5.00", "pending"), (3, 2, "A", "7.00", "reversed")
    )
    verify(
        "balances(10.00 réglé, 5.00 en attente, 7.00 annulé)",
        dict(learner("statement").balances(table)),
        {"A": Decimal("10.00")},
    )


@step("checkpoint.3", hint="Les débits sont négatifs : additionnez avec leur signe, compte par compte.")
def test_each_account_has_its_own_signed_sum(learner):
    """Chaque compte a sa somme, débits en moins.

    Un solde est une somme signée ; une valeur absolue en ferait un chiffre d'affaires.
    """
    table = transactions(
        (1, 2, "A", "10.00", "settled"), (2, 2, "B", "-2.50", "settled"), (3, 2, "A", "-3.25", "settled")
    )
    wanted = {"A": Decimal("6.75"), "B": Decimal("-2.50")}
    verify("balances(A +10.00, B -2.50, A -3.25)", dict(learner("statement").balances(table)), wanted)


@step(
    "checkpoint.3",
    hint="float ne sait pas écrire 0.1 : restez en Decimal (la colonne amount l'est déjà) du début à la fin.",
)
def test_the_sum_is_exact_to_the_cent(learner):
    """La somme est exacte au centime, en décimales.

    Dix mille fois dix centimes font mille euros, pas mille euros et un milliardième.
    """
    table = transactions(*[(number, 2, "A", "0.10", "settled") for number in range(1, 10_001)])
    total = learner("statement").balances(table)["A"]
    verify("balances(10 000 fois 0.10)['A'], type", type(total).__name__, "Decimal")
    verify("balances(10 000 fois 0.10)['A']", total, Decimal("1000.00"))
    big = transactions((1, 2, "A", "9007199254740993.01", "settled"), (2, 2, "A", "0.01", "settled"))
    verify(
        "balances(9007199254740993.01 + 0.01)['A']",
        learner("statement").balances(big)["A"],
        Decimal("9007199254740993.02"),
    )
