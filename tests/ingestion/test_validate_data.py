"""validate_data.py, by its command line, on real Parquet files."""

import json
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingestion.commands import validate as validate_data
from tests.conftest import REPOSITORY, Run

GOOD = {
    "id": [1, 2, 3],
    "amount": [10.0, 20.0, None],
    "name": ["a", "b", "c"],
    "_ingested_at": ["x", "x", "x"],
}


@pytest.fixture
def validate(tmp_path, capsys, monkeypatch):
    """Write a table and rules, validate in this process (Great Expectations is imported once), return the run."""
    monkeypatch.chdir(tmp_path)

    def run(rules=None, **columns):
        pq.write_table(pa.table(GOOD | columns), tmp_path / "data.parquet")
        arguments = ["--input-file", "data.parquet"]
        if rules is not None:
            (tmp_path / "rules.json").write_text(rules if isinstance(rules, str) else json.dumps(rules))
            arguments += ["--rules-file", "rules.json"]
        code = validate_data.main(arguments)
        return Run(code, json.loads(capsys.readouterr().out), [])

    return run


def test_a_sound_file_passes_the_default_rules(validate):
    run = validate()
    assert (run.code, run.result["validation"], run.result["rows"]) == (0, "passed", 3)
    assert {"file", "rows", "columns", "validation", "errors"} <= run.result.keys()


@pytest.mark.parametrize(
    ("rules", "columns", "code", "failed"),
    [
        ({"required_columns": ["missing"]}, {}, "missing_column", 3),
        ({"not_null_columns": ["amount"]}, {}, "null_values", 1),
        ({"value_ranges": {"amount": [0, 15]}}, {}, "out_of_range", 1),
        ({"unique_columns": ["id"]}, {"id": [1, 2, 2]}, "duplicate_values", 2),
        ({"min_rows": 10}, {}, "too_few_rows", 3),
        ({"value_ranges": {"name": [0, 15]}}, {}, "not_a_number", 3),
        ({"unique_columns": ["missing"]}, {}, "missing_column", 3),
    ],
)
def test_each_rule_fails_with_its_code_and_count(validate, rules, columns, code, failed):
    run = validate(rules, **columns)
    assert run.code == 1
    assert [(error["code"], error["failed"]) for error in run.result["errors"]] == [(code, failed)]


@pytest.mark.parametrize(
    ("amounts", "said"), [([90.0, 1.0, 1.0], "sur 1 ligne sur 3"), ([90.0, 99.0, 1.0], "sur 2 lignes sur 3")]
)
def test_one_row_is_told_in_the_singular(validate, amounts, said):
    run = validate({"value_ranges": {"amount": [0, 15]}}, amount=amounts)
    assert said in run.result["errors"][0]["message"]


def test_a_failure_shows_sample_rows(validate):
    samples = validate({"value_ranges": {"amount": [0, 15]}}).result["errors"][0]["samples"]
    assert samples == [{"row": 1, "value": 20.0}]


def test_an_empty_file_is_a_clear_failure(validate):
    empty = {name: pa.array([], pa.string()) for name in GOOD}
    run = validate({"min_rows": 1}, **empty)
    assert (run.code, run.result["errors"][0]["code"]) == (1, "too_few_rows")


@pytest.mark.parametrize(
    "rules",
    [
        "{not json",
        "[]",
        {"unknown_rule": 1},
        {"min_rows": "ten"},
        {"value_ranges": {"amount": [5, 1]}},
        {"value_ranges": {"amount": ["a", "b"]}},
        {"required_columns": "id"},
        '{"min_rows": 1, "min_rows": 2}',
        '{"value_ranges": {"amount": [0, 5], "amount": [0, 9]}}',
        '{"value_ranges": {"amount": [NaN, 5]}}',
        '{"value_ranges": {"amount": [0, 1' + "0" * 400 + "]}}",
        "[" * 100_000,
    ],
)
def test_rules_that_make_no_sense_are_wrong_usage(validate, rules):
    run = validate(rules)
    assert (run.code, run.result["error"]["code"]) == (2, "usage")


def test_a_missing_rules_file_is_wrong_usage(engine):
    run = engine("validate", "--input-file", "data.parquet", "--rules-file", "none.json")
    assert (run.code, run.result["error"]["code"]) == (2, "usage")


def test_an_unreadable_parquet_file_is_a_failure_and_not_a_traceback(engine):
    (engine.folder / "junk.parquet").write_text("junk")
    run = engine("validate", "--input-file", "junk.parquet")
    assert (run.code, run.result["errors"][0]["code"]) == (1, "unreadable_file")


def test_a_missing_input_is_wrong_usage(engine):
    assert engine("validate", "--input-file", "nowhere").code == 2


def test_a_bronze_folder_is_validated_whole_and_names_the_faulty_file(engine):
    engine.ingest("--start-date", "2024-01-01", "--end-date", "2024-01-03")
    damaged = engine.folder / "data/bronze/partition_date=2024-01-02/data.parquet"
    damaged.write_bytes(damaged.read_bytes()[:1000])
    run = engine("validate", "--input-file", "data/bronze")
    assert (run.code, len(run.result["files"])) == (1, 3)
    assert [error["file"] for error in run.result["errors"]] == [str(damaged.relative_to(engine.folder))]


def test_a_folder_can_be_validated_for_some_days_only(engine):
    engine.ingest("--start-date", "2024-01-01", "--end-date", "2024-01-03")
    run = engine("validate", "--input-file", "data/bronze", "--start-date", "2024-01-03")
    assert len(run.result["files"]) == 1


def test_the_lab_s_own_rules_hold_on_its_own_data(engine):
    engine.ingest("--start-date", "2024-01-01", "--end-date", "2024-01-02")
    rules = REPOSITORY / "solutions" / "validation_rules.json"
    assert engine("validate", "--input-file", "data/bronze", "--rules-file", rules).code == 0


def test_a_rules_file_may_begin_with_a_byte_order_mark(validate):
    assert validate('\ufeff{"min_rows": 1}').code == 0


@pytest.mark.parametrize(
    ("low", "high", "code"), [("0.10", "0.30", 0), ("0.11", "0.30", 1), ("0.10", "0.29", 1)]
)
def test_bounds_on_decimals_are_the_decimals_written_in_the_file(validate, low, high, code):
    amounts = pa.array([Decimal("0.10"), Decimal("0.20"), Decimal("0.30")], pa.decimal128(18, 2))
    assert validate(f'{{"value_ranges": {{"amount": [{low}, {high}]}}}}', amount=amounts).code == code


def test_infinity_in_a_column_leaves_the_answer_json_for_every_parser(validate):
    run = validate({"value_ranges": {"amount": [0, 500]}}, amount=[1.0, float("inf"), float("-inf")])
    assert [sample["value"] for sample in run.result["errors"][0]["samples"]] == ["inf", "-inf"]


def test_two_columns_of_one_name_are_told(engine):
    twice = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["id", "id"])
    pq.write_table(twice, engine.folder / "twice.parquet")
    run = engine("validate", "--input-file", "twice.parquet")
    assert "repeated_column" in [error["code"] for error in run.result["errors"]]


NESTED = {
    "struct": pa.array([{"a": 1}, {"a": 1}, {"a": 2}]),
    "list": pa.array([[1], [1], [2]]),
    "map": pa.array([[("a", 1)], [("a", 1)], []], pa.map_(pa.string(), pa.int64())),
}


@pytest.mark.parametrize("kind", NESTED)
def test_a_nested_column_gets_a_verdict(validate, kind):
    run = validate({"unique_columns": ["nested"]}, nested=NESTED[kind])
    assert [(error["code"], error["failed"]) for error in run.result["errors"]] == [("duplicate_values", 2)]
