"""The verdict of a rule: what the schema is enough to say, and the sentence of each failure."""

from decimal import Decimal

import pyarrow as pa
import pytest

from ingestion.quality.rules import Rule
from ingestion.quality.verdicts import RuleResult, failure, from_schema, ok

TABLE = pa.table(
    {
        "id": [1, 2],
        "ratio": [0.5, None],
        "price": pa.array([Decimal("1.10"), None], pa.decimal128(5, 2)),
        "name": ["a", "b"],
    }
)


def at_least(rows):
    return Rule("min_rows", bounds=(rows, None))


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (Rule("not_null_columns", "a"), "« a » est absent sur 2 lignes sur 5."),
        (Rule("unique_columns", "a"), "« a » se répète : 2 lignes sur 5 de même valeur qu'une autre."),
        (Rule("value_ranges", "a", (0, Decimal("0.1"))), "« a » sort de [0, 0.1] sur 2 lignes sur 5."),
        (Rule("value_ranges", "a", (None, 9)), "« a » dépasse 9 sur 2 lignes sur 5."),
        (Rule("value_ranges", "a", (0, None)), "« a » passe sous 0 sur 2 lignes sur 5."),
        (at_least(10), "5 lignes, alors qu'il en faut au moins 10."),
    ],
    ids=lambda value: value.name if isinstance(value, Rule) else None,
)
def test_a_failure_says_how_many_rows_among_how_many(rule, message):
    assert failure(rule, 2, 5, [{"row": 0, "value": None}]).message == message


def test_a_failure_keeps_its_code_its_counts_and_its_samples():
    told = failure(Rule("unique_columns", "a"), 1, 5, [{"row": 3, "value": 7}])
    assert (told.rule, told.column, told.code, told.passed) == (
        "unique_columns",
        "a",
        "duplicate_values",
        False,
    )
    assert (told.checked, told.failed, told.samples) == (5, 1, [{"row": 3, "value": 7}])
    assert failure(at_least(6), 5, 5, []).column is None


def test_a_rule_that_holds_has_looked_at_every_row():
    assert ok(at_least(1), 5) == RuleResult("min_rows", None, "ok", 5, 0, "")
    assert ok(Rule("unique_columns", "a"), 5) == RuleResult("unique_columns", "a", "ok", 5, 0, "")
    assert ok(at_least(1), 5).passed


@pytest.mark.parametrize("name", ["required_columns", "not_null_columns", "unique_columns", "value_ranges"])
def test_no_rule_holds_on_a_column_that_is_not_there_or_there_twice(name):
    rule, twice = Rule(name, "a", (0, 1)), pa.table([[1, 2], [3, 4]], names=["a", "a"])
    missing = "La colonne « a » n'existe pas."
    repeated = "Deux colonnes s'appellent « a » : rien ne dit laquelle vérifier."
    assert from_schema(rule, TABLE) == RuleResult(name, "a", "missing_column", 2, 2, missing)
    assert from_schema(rule, twice) == RuleResult(name, "a", "repeated_column", 2, 2, repeated)


def test_a_column_that_is_there_is_all_that_is_required():
    rule = Rule("required_columns", "id")
    assert from_schema(rule, TABLE) == ok(rule, 2)


@pytest.mark.parametrize(("wanted", "code", "failed"), [(0, "ok", 0), (2, "ok", 0), (3, "too_few_rows", 2)])
def test_the_rows_are_counted_without_looking_at_them(wanted, code, failed):
    verdict = from_schema(at_least(wanted), TABLE)
    assert verdict and (verdict.code, verdict.checked, verdict.failed, verdict.column) == (
        code,
        2,
        failed,
        None,
    )


def test_bounds_are_looked_for_among_numbers_only():
    verdict = from_schema(Rule("value_ranges", "name", (0, 1)), TABLE)
    said = "La colonne « name » n'est pas faite de nombres (string) : aucune borne ne s'y vérifie."
    assert verdict == RuleResult("value_ranges", "name", "not_a_number", 2, 2, said)
    assert [from_schema(Rule("value_ranges", name, (0, 1)), TABLE) for name in ("id", "ratio", "price")] == [
        None
    ] * 3


@pytest.mark.parametrize("name", ["not_null_columns", "unique_columns"])
def test_what_asks_for_the_values_is_left_to_who_looks_at_them(name):
    assert from_schema(Rule(name, "id"), TABLE) is None
