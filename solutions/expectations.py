"""Les cinq règles traduites en attentes Great Expectations, et vérifiées sur une table.

Great Expectations met deux secondes à s'importer et 50 ms à vérifier un fichier : ce module ne
s'importe qu'une fois, quel que soit le nombre de fichiers.
"""

import logging
import os
import warnings
from dataclasses import dataclass, field

import pandas as pd
import pyarrow as pa
from rules import Rule

# À poser avant l'import : sans cela, Great Expectations appelle son serveur de statistiques.
os.environ["GX_ANALYTICS_ENABLED"] = "false"
logging.getLogger("great_expectations").setLevel(logging.ERROR)
warnings.filterwarnings("ignore", module="great_expectations")

import great_expectations as gx  # noqa: E402
import great_expectations.expectations as gxe  # noqa: E402

MAX_SAMPLES = 5


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


CODES = {
    "required_columns": "missing_column",
    "not_null_columns": "null_values",
    "value_ranges": "out_of_range",
    "unique_columns": "duplicate_values",
    "min_rows": "too_few_rows",
}


def expectation(rule: Rule) -> gxe.Expectation:
    """L'attente Great Expectations qui dit la même chose que `rule`."""
    low, high = rule.bounds
    match rule.name:
        case "required_columns":
            return gxe.ExpectColumnToExist(column=rule.column)
        case "not_null_columns":
            return gxe.ExpectColumnValuesToNotBeNull(column=rule.column)
        case "unique_columns":
            return gxe.ExpectColumnValuesToBeUnique(column=rule.column)
        case "value_ranges":
            return gxe.ExpectColumnValuesToBeBetween(column=rule.column, min_value=low, max_value=high)
        case _:
            return gxe.ExpectTableRowCountToBeBetween(min_value=int(low))


class Validator:
    """Vérifie des tables contre les mêmes règles ; rien n'est écrit, rien ne sort sur le réseau."""

    def __init__(self, rules: list[Rule]):
        self.rules = rules
        self.context = gx.get_context(mode="ephemeral")
        self.context.variables.progress_bars = {"globally": False}
        source = self.context.data_sources.add_pandas("bronze")
        self.asset = source.add_dataframe_asset("partition")
        self.batches = self.asset.add_batch_definition_whole_dataframe("table")

    def check(self, table: pa.Table) -> list[RuleResult]:
        """Un verdict par règle, dans l'ordre des règles."""
        unfit = {rule: result for rule in self.rules if (result := _unfit(rule, table))}
        suite = gx.ExpectationSuite("regles", [expectation(rule) for rule in self.rules if rule not in unfit])
        frame = to_frame(table)
        batch = self.batches.get_batch(batch_parameters={"dataframe": frame})
        validation = batch.validate(
            suite,
            result_format={"result_format": "COMPLETE", "include_unexpected_rows": False},
        )
        by_key = {_key(result.expectation_config): result for result in validation.results}
        return [
            unfit.get(rule) or _verdict(rule, by_key[_key(expectation(rule).configuration)], frame)
            for rule in self.rules
        ]


def to_frame(table: pa.Table) -> pd.DataFrame:
    """La table en pandas, sans perdre les entiers ni les décimales qui ont des valeurs absentes."""
    frame = table.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)
    return frame.reset_index(drop=True)


def _key(configuration) -> tuple:
    return configuration.type, configuration.kwargs.get("column")


def _unfit(rule: Rule, table: pa.Table) -> RuleResult | None:
    """L'échec d'une règle qu'il n'y a pas lieu de confier à Great Expectations, sinon None."""
    if rule.name in ("required_columns", "min_rows"):
        return None
    if rule.column not in table.column_names:
        message = f"La colonne « {rule.column} » n'existe pas."
        return RuleResult(rule.name, rule.column, "missing_column", table.num_rows, table.num_rows, message)
    kind = table.schema.field(rule.column).type
    is_number = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    if rule.name == "value_ranges" and not is_number:
        message = (
            f"La colonne « {rule.column} » n'est pas faite de nombres ({kind}) : aucune borne ne s'y vérifie."
        )
        return RuleResult(rule.name, rule.column, "not_a_number", table.num_rows, table.num_rows, message)
    return None


def _verdict(rule: Rule, result, frame: pd.DataFrame) -> RuleResult:
    details = result.result
    checked = len(frame)
    if result.success:
        return RuleResult(rule.name, rule.column, "ok", checked, 0, "")
    failed = details.get("unexpected_count", checked)
    samples = [
        {"row": int(index), "value": _plain(frame[rule.column].iloc[index])}
        for index in (details.get("unexpected_index_list") or [])[:MAX_SAMPLES]
    ]
    return RuleResult(
        rule.name, rule.column, CODES[rule.name], checked, failed, _message(rule, failed, checked), samples
    )


def _message(rule: Rule, failed: int, checked: int) -> str:
    low, high = rule.bounds
    match rule.name:
        case "required_columns":
            return f"La colonne « {rule.column} » n'existe pas."
        case "not_null_columns":
            return f"« {rule.column} » est absent sur {failed} lignes sur {checked}."
        case "unique_columns":
            return f"« {rule.column} » se répète : {failed} lignes sur {checked} ont une valeur déjà vue."
        case "value_ranges":
            return f"« {rule.column} » sort de [{low}, {high}] sur {failed} lignes sur {checked}."
        case _:
            return f"{checked} lignes, alors qu'il en faut au moins {int(low)}."


def _plain(value: object) -> object:
    """Une valeur que JSON sait écrire."""
    if pd.isna(value):
        return None
    return value.item() if hasattr(value, "item") else str(value)
