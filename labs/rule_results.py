# Votre exemplaire, écrit d'après solutions/rule_results.py par « lab cut ».
"""Le verdict d'une règle, et ceux que le schéma et le nombre de lignes suffisent à rendre."""

from dataclasses import dataclass, field

import pyarrow as pa
from rules import Rule

CODES = {
    "not_null_columns": "null_values",
    "value_ranges": "out_of_range",
    "unique_columns": "duplicate_values",
    "min_rows": "too_few_rows",
}


@dataclass(frozen=True)
class RuleResult:
    """Le verdict d'une règle.

    code : `ok`, ou la raison de l'échec (`missing_column`, `null_values`, `out_of_range`,
        `duplicate_values`, `too_few_rows`, `not_a_number`).
    checked, failed : nombres de lignes ; samples : quelques lignes fautives, {"row", "value"}.
    """

    rule: str
    column: str | None
    code: str
    checked: int
    failed: int
    message: str
    samples: list[dict] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        return self.code == "ok"


def ok(rule: Rule, rows: int) -> RuleResult:
    return RuleResult(rule.name, rule.column, "ok", rows, 0, "")


def failure(rule: Rule, failed: int, rows: int, samples: list[dict]) -> RuleResult:
    """L'échec de `rule` sur `failed` lignes parmi `rows`."""
    message = _message(rule, failed, rows)
    return RuleResult(rule.name, rule.column, CODES[rule.name], rows, failed, message, samples)


def from_schema(rule: Rule, table: pa.Table) -> RuleResult | None:
    """Le verdict que l'on peut rendre sans regarder les valeurs, sinon None."""
    # À vous (tp22.2) : `min_rows` et `required_columns` se jugent ici ; une règle sur une colonne absente échoue avec le code
    # `missing_column` ; des bornes sur une colonne qui n'est pas faite de nombres, avec `not_a_number`.
    raise NotImplementedError("tp22.2")


def _is_number(kind: pa.DataType) -> bool:
    return pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)


def _message(rule: Rule, failed: int, rows: int) -> str:
    low, high = rule.bounds
    match rule.name:
        case "not_null_columns":
            return f"« {rule.column} » est absent sur {failed} lignes sur {rows}."
        case "unique_columns":
            return f"« {rule.column} » se répète : {failed} lignes sur {rows} ont une valeur déjà vue."
        case "value_ranges":
            return f"« {rule.column} » sort de [{low}, {high}] sur {failed} lignes sur {rows}."
        case _:
            return f"{rows} lignes, alors qu'il en faut au moins {low}."
