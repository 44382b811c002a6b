"""The verdict of a rule, and those that the schema and the number of rows are enough to give."""

from dataclasses import dataclass, field

import pyarrow as pa

from ingestion.errors import counted
from ingestion.kinds import JsonObject
from ingestion.quality.rules import Bounds, Rule

CODES = {
    "not_null_columns": "null_values",
    "value_ranges": "out_of_range",
    "unique_columns": "duplicate_values",
    "min_rows": "too_few_rows",
}


@dataclass(frozen=True)
class RuleResult:
    """The verdict of a rule.

    Attributes:
        rule: the rule.
        code: `ok`, or the reason of the failure (`missing_column`, `repeated_column`, `null_values`, `out_of_range`,
            `duplicate_values`, `too_few_rows`, `not_a_number`, `not_comparable`).
        checked: number of rows looked at.
        failed: number of rows at fault.
        samples: a few of them, {"row", "value"}.
    """

    rule: str
    column: str | None
    code: str
    checked: int
    failed: int
    message: str
    samples: list[JsonObject] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        return self.code == "ok"


def ok(rule: Rule, rows: int) -> RuleResult:
    return RuleResult(rule.name, rule.column or None, "ok", rows, 0, "")


def failure(rule: Rule, failed: int, rows: int, samples: list[JsonObject]) -> RuleResult:
    """The failure of `rule` on `failed` rows among `rows`."""
    message = _message(rule, failed, rows)
    return RuleResult(rule.name, rule.column or None, CODES[rule.name], rows, failed, message, samples)


def from_schema(rule: Rule, table: pa.Table) -> RuleResult | None:
    """The verdict that can be given without looking at the values, else None."""
    rows = table.num_rows
    match rule.name:
        case "min_rows":
            return ok(rule, rows) if rows >= rule.bounds[0] else failure(rule, rows, rows, [])
        case _ if rule.column not in table.column_names:
            message = f"La colonne « {rule.column} » n'existe pas."
            return RuleResult(rule.name, rule.column, "missing_column", rows, rows, message)
        case _ if table.column_names.count(rule.column) > 1:
            message = f"Deux colonnes s'appellent « {rule.column} » : rien ne dit laquelle vérifier."
            return RuleResult(rule.name, rule.column, "repeated_column", rows, rows, message)
        case "required_columns":
            return ok(rule, rows)
        case "value_ranges" if not _is_number(kind := table.schema.field(rule.column).type):
            message = f"La colonne « {rule.column} » n'est pas faite de nombres ({kind}) : aucune borne ne s'y vérifie."
            return RuleResult(rule.name, rule.column, "not_a_number", rows, rows, message)
    return None


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def _message(rule: Rule, failed: int, rows: int) -> str:
    match rule.name:
        case "not_null_columns":
            return f"« {rule.column} » est absent sur {counted(failed, 'ligne')} sur {rows}."
        case "unique_columns":
            return f"« {rule.column} » se répète : {counted(failed, 'ligne')} sur {rows} de même valeur qu'une autre."
        case "value_ranges":
            return f"« {rule.column} » {_outside(rule.bounds)} sur {counted(failed, 'ligne')} sur {rows}."
        case _:
            return f"{counted(rows, 'ligne')}, alors qu'il en faut au moins {rule.bounds[0]}."


def _outside(bounds: Bounds) -> str:
    low, high = bounds
    if low is None:
        return f"dépasse {high}"
    return f"passe sous {low}" if high is None else f"sort de [{low}, {high}]"
