# Votre exemplaire, écrit d'après solutions/statement.py par « lab cut ».
"""Le relevé des comptes, d'après les transactions déjà ingérées : l'exercice du checkpoint.

Une transaction arrive « pending » ou « settled » ; plus tard elle est réglée (« settled ») ou annulée (« reversed »).
Seule compte sa dernière version, et seulement si elle est réglée.
"""

from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc


def increment_arguments() -> list[str]:
    """Les arguments d'ingest_api.py qui ramènent, à chaque passage, tout ce qui a bougé depuis le précédent."""
    # À vous (checkpoint.1) : choisissez le filigrane. Une transaction réglée ou annulée après coup garde son
    # identifiant ; une transaction en retard peut porter une date de mise à jour vieille de trois jours.
    raise NotImplementedError("checkpoint.1")


def latest_versions(readings: pa.Table) -> pa.Table:
    """Une ligne par `id`, celle dont `updated_at` est le plus grand ; `readings` peut contenir plusieurs lectures."""
    # À vous (checkpoint.2) : la même transaction, lue plusieurs fois, ne doit rester qu'une fois, dans sa
    # version la plus récente.
    raise NotImplementedError("checkpoint.2")


def balances(transactions: pa.Table) -> dict[str, Decimal]:
    """Le solde de chaque compte, en euros, au centime près : la somme de ses transactions réglées."""
    # À vous (checkpoint.3) : seules les transactions « settled » comptent. Restez en décimales : 0.1 + 0.2
    # n'est pas 0.3.
    raise NotImplementedError("checkpoint.3")
