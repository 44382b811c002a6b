"""Les règles qui regardent les valeurs, traduites en attentes Great Expectations.

Great Expectations met deux secondes à s'importer et quelques millisecondes par attente : ce module ne
s'importe qu'une fois, quel que soit le nombre de fichiers.
"""

import gc
import logging
import os
import warnings

import pandas as pd
import pyarrow as pa

from ingestion.quality.rules import Rule
from ingestion.quality.verdicts import RuleResult, failure, from_schema, ok

# À poser avant l'import : sans cela, Great Expectations appelle son serveur de statistiques.
os.environ["GX_ANALYTICS_ENABLED"] = "false"
logging.getLogger("great_expectations").setLevel(logging.ERROR)
warnings.filterwarnings("ignore", module="great_expectations")

import great_expectations as gx  # noqa: E402
import great_expectations.expectations as gxe  # noqa: E402

MAX_SAMPLES = 5
YES_OR_NO = {"result_format": "BOOLEAN_ONLY"}
IN_DETAIL = {"result_format": "COMPLETE", "include_unexpected_rows": False}


def expectation(rule: Rule) -> gxe.Expectation:
    """L'attente Great Expectations qui dit la même chose que `rule`."""
    low, high = rule.bounds
    match rule.name:
        case "not_null_columns":
            return gxe.ExpectColumnValuesToNotBeNull(column=rule.column)
        case "unique_columns":
            return gxe.ExpectColumnValuesToBeUnique(column=rule.column)
        case "value_ranges":
            return gxe.ExpectColumnValuesToBeBetween(column=rule.column, min_value=low, max_value=high)


class Validator:
    """Vérifie des tables contre les mêmes règles ; rien n'est écrit, rien ne sort sur le réseau."""

    def __init__(self, rules: list[Rule]):
        self.rules = rules
        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = {"globally": False}
        asset = context.data_sources.add_pandas("bronze").add_dataframe_asset("partition")
        self.batches = asset.add_batch_definition_whole_dataframe("table")
        # Les objets de la bibliothèque vivent autant que le processus : le ramasse-miettes n'a pas à les revoir.
        gc.freeze()

    def check(self, table: pa.Table) -> list[RuleResult]:
        """Un verdict par règle, dans l'ordre des règles."""
        verdicts = {rule: from_schema(rule, table) for rule in self.rules}
        to_look_at = [rule for rule in self.rules if verdicts[rule] is None]
        frame = to_frame(table.select(sorted({rule.column for rule in to_look_at})))
        results = self._validate(frame, to_look_at, YES_OR_NO)
        failed = [rule for rule in to_look_at if not results[rule].success]
        verdicts |= {rule: ok(rule, table.num_rows) for rule in to_look_at}
        for rule, result in self._validate(frame, failed, IN_DETAIL).items():
            verdicts[rule] = _failure(rule, result.result, frame)
        return [verdicts[rule] for rule in self.rules]

    def _validate(self, frame: pd.DataFrame, rules: list[Rule], result_format: dict) -> dict[Rule, object]:
        """Le résultat de Great Expectations pour chaque règle."""
        if not rules:
            return {}
        wanted = [expectation(rule) for rule in rules]
        batch = self.batches.get_batch(batch_parameters={"dataframe": frame})
        results = batch.validate(gx.ExpectationSuite("regles", wanted), result_format=result_format).results
        by_key = {_key(result.expectation_config): result for result in results}
        return {rule: by_key[_key(one.configuration)] for rule, one in zip(rules, wanted, strict=True)}


def to_frame(table: pa.Table) -> pd.DataFrame:
    """La table en pandas, sans perdre les entiers ni les décimales qui ont des valeurs absentes."""
    frame = table.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)
    return frame.reset_index(drop=True)


def _key(configuration) -> tuple:
    return configuration.type, configuration.kwargs.get("column")


def _failure(rule: Rule, details: dict, frame: pd.DataFrame) -> RuleResult:
    failed = details.get("unexpected_count", len(frame))
    samples = [
        {"row": int(index), "value": _plain(frame[rule.column].iloc[index])}
        for index in (details.get("unexpected_index_list") or [])[:MAX_SAMPLES]
    ]
    return failure(rule, failed, len(frame), samples)


def _plain(value: object) -> object:
    """Une valeur que JSON sait écrire."""
    if pd.isna(value):
        return None
    return value.item() if hasattr(value, "item") else str(value)
