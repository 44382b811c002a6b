"""Le relevé des comptes, d'après les transactions déjà ingérées : l'exercice du checkpoint.

Une transaction arrive « pending » ou « settled » ; plus tard elle est réglée (« settled ») ou annulée (« reversed »).
Seule compte sa dernière version, et seulement si elle est réglée.
"""

from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc


def increment_arguments() -> list[str]:
    """Les arguments d'ingest_api.py qui ramènent, à chaque passage, tout ce qui a bougé depuis le précédent."""
    ### BEGIN SOLUTION checkpoint.1
    return ["--resource", "transactions", "--watermark", "updated_at", "--look-back-hours", "72"]
    ### END SOLUTION


def latest_versions(readings: pa.Table) -> pa.Table:
    """Une ligne par `id`, celle dont `updated_at` est le plus grand ; `readings` peut contenir plusieurs lectures."""
    ### BEGIN SOLUTION checkpoint.2
    newest_first = readings.sort_by([("id", "ascending"), ("updated_at", "descending")])
    ids = newest_first["id"]
    is_first = [position == 0 or ids[position] != ids[position - 1] for position in range(len(ids))]
    return newest_first.filter(pa.array(is_first, pa.bool_()))
    ### END SOLUTION


def balances(transactions: pa.Table) -> dict[str, Decimal]:
    """Le solde de chaque compte, en euros, au centime près : la somme de ses transactions réglées."""
    ### BEGIN SOLUTION checkpoint.3
    settled = transactions.filter(pc.equal(transactions["status"], "settled"))
    totals = settled.group_by("account").aggregate([("amount", "sum")])
    return dict(zip(totals["account"].to_pylist(), totals["amount_sum"].to_pylist(), strict=True))
    ### END SOLUTION
