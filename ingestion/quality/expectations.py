"""The rules that look at the values, turned into expectations of Great Expectations.

Great Expectations takes two seconds to import and a few milliseconds an expectation: this module is imported only once,
whatever the number of files.
"""

import gc
import logging
import math
import os
import warnings
from typing import Any

import pandas as pd
import pyarrow as pa

from ingestion.kinds import JsonObject
from ingestion.quality.rules import Rule
from ingestion.quality.verdicts import RuleResult, failure, from_schema, ok

# To be set before the import: without it Great Expectations calls its server of statistics.
os.environ["GX_ANALYTICS_ENABLED"] = "false"
logging.getLogger("great_expectations").setLevel(logging.ERROR)
warnings.filterwarnings("ignore", module="great_expectations")

import great_expectations as gx  # noqa: E402
import great_expectations.expectations as gxe  # noqa: E402
from great_expectations.data_context.types.base import ProgressBarsConfig  # noqa: E402

MAX_SAMPLES = 5
YES_OR_NO = {"result_format": "BOOLEAN_ONLY"}
IN_DETAIL = {"result_format": "COMPLETE", "include_unexpected_rows": False}


def expectation(rule: Rule) -> Any:
    """The expectation that says the same as `rule`."""
    low, high = rule.bounds
    match rule.name:
        case "not_null_columns":
            return gxe.ExpectColumnValuesToNotBeNull(column=rule.column)
        case "unique_columns":
            return gxe.ExpectColumnValuesToBeUnique(column=rule.column)
        case "value_ranges":
            return gxe.ExpectColumnValuesToBeBetween(column=rule.column, min_value=low, max_value=high)


class Validator:
    """Validate tables against the same rules; nothing is written, nothing goes out on the network."""

    def __init__(self, rules: list[Rule]):
        self.rules = rules
        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = ProgressBarsConfig(globally=False)
        asset = context.data_sources.add_pandas("bronze").add_dataframe_asset("partition")
        self.batches = asset.add_batch_definition_whole_dataframe("table")
        # The library's objects live as long as the process: the garbage collector need not see them again.
        gc.freeze()

    def check(self, table: pa.Table) -> list[RuleResult]:
        """A verdict a rule, in the order of the rules."""
        verdicts = {rule: from_schema(rule, table) for rule in self.rules}
        to_look_at = [rule for rule in self.rules if verdicts[rule] is None]
        frame = to_frame(table.select(sorted({rule.column for rule in to_look_at})))
        exact = {
            rule: _exact_range(rule, table, frame) for rule in to_look_at if _is_of_decimals(rule, table)
        }
        verdicts |= exact
        to_look_at = [rule for rule in to_look_at if rule not in exact]
        results = self._validate(frame, to_look_at, YES_OR_NO)
        failed = [rule for rule in to_look_at if not results[rule].success]
        verdicts |= {rule: ok(rule, table.num_rows) for rule in to_look_at}
        for rule, result in self._validate(frame, failed, IN_DETAIL).items():
            verdicts[rule] = _failure(rule, result.result, frame)
        return [verdict for rule in self.rules if (verdict := verdicts[rule])]

    def _validate(self, frame: pd.DataFrame, rules: list[Rule], result_format: JsonObject) -> dict[Rule, Any]:
        """The result of Great Expectations for each rule."""
        if not rules:
            return {}
        wanted = [expectation(rule) for rule in rules]
        batch = self.batches.get_batch(batch_parameters={"dataframe": frame})
        results = batch.validate(gx.ExpectationSuite("regles", wanted), result_format=result_format).results
        by_key = {_key(result.expectation_config): result for result in results}
        return {rule: by_key[_key(one.configuration)] for rule, one in zip(rules, wanted, strict=True)}


def to_frame(table: pa.Table) -> pd.DataFrame:
    """The table in pandas, without losing the integers that have missing values; nested values as text, to compare."""
    for position, column in enumerate(table.schema):
        if pa.types.is_nested(column.type):
            values = table.column(position).to_pylist()
            texts = [None if value is None else repr(value) for value in values]
            table = table.set_column(position, column.name, pa.array(texts, pa.string()))
    frame = table.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)
    return frame.reset_index(drop=True)


def _is_of_decimals(rule: Rule, table: pa.Table) -> bool:
    return rule.name == "value_ranges" and pa.types.is_decimal(table.schema.field(rule.column).type)


def _exact_range(rule: Rule, table: pa.Table, frame: pd.DataFrame) -> RuleResult:
    """A range of decimals, compared as decimals: Great Expectations makes floats of its bounds, 0.30 among them."""
    low, high = rule.bounds
    values = table[rule.column].to_pylist()
    places = [
        row
        for row, one in enumerate(values)
        if one is not None and ((low is not None and one < low) or (high is not None and one > high))
    ]
    if not places:
        return ok(rule, table.num_rows)
    return _failure(rule, {"unexpected_count": len(places), "unexpected_index_list": places}, frame)


def _key(configuration: Any) -> tuple[str, str | None]:
    return configuration.type, configuration.kwargs.get("column")


def _failure(rule: Rule, details: JsonObject, frame: pd.DataFrame) -> RuleResult:
    failed = details.get("unexpected_count", len(frame))
    samples = [
        {"row": int(index), "value": _plain(frame[rule.column].iloc[index])}
        for index in (details.get("unexpected_index_list") or [])[:MAX_SAMPLES]
    ]
    return failure(rule, failed, len(frame), samples)


def _plain(value: Any) -> object:
    """A value that JSON can write; Infinity is none of its numbers."""
    if pd.isna(value):
        return None
    plain = value.item() if hasattr(value, "item") else str(value)
    return str(plain) if isinstance(plain, float) and not math.isfinite(plain) else plain
