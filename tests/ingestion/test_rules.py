"""The rules file: what is read of it, and one sentence for each way in which it can be wrong."""

import json
from decimal import Decimal

import pytest

from ingestion.errors import IngestError
from ingestion.quality.rules import Rule, load_rules, read_rules

KNOWN = "required_columns, not_null_columns, value_ranges, unique_columns, min_rows"


def told(content, where="r.json"):
    with pytest.raises(IngestError) as caught:
        read_rules(content, where)
    assert caught.value.code == "usage"
    return str(caught.value)


def test_each_rule_is_read_for_each_of_its_columns_in_the_order_of_the_five():
    content = {
        "min_rows": 3,
        "value_ranges": {"amount": [0, None], "age": [Decimal("1.5"), 9]},
        "unique_columns": ["id"],
        "not_null_columns": ["id", "name"],
        "required_columns": ["amount"],
    }
    assert read_rules(content, "r.json") == [
        Rule("required_columns", "amount"),
        Rule("not_null_columns", "id"),
        Rule("not_null_columns", "name"),
        Rule("unique_columns", "id"),
        Rule("value_ranges", "amount", (0, None)),
        Rule("value_ranges", "age", (Decimal("1.5"), 9)),
        Rule("min_rows", "", (3, None)),
    ]


def test_without_a_file_an_identifier_is_there_once_and_a_row_at_least():
    assert load_rules(None) == [
        Rule("required_columns", "id"),
        Rule("required_columns", "_ingested_at"),
        Rule("not_null_columns", "id"),
        Rule("unique_columns", "id"),
        Rule("min_rows", bounds=(1, None)),
    ]


def test_no_row_may_be_asked_for_and_a_range_of_one_value():
    assert read_rules({"min_rows": 0, "value_ranges": {"a": [5, 5]}}, "r.json") == [
        Rule("value_ranges", "a", (5, 5)),
        Rule("min_rows", bounds=(0, None)),
    ]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ([1], "r.json : un objet JSON de règles était attendu."),
        ({"z": 1, "oups": 1}, f"r.json : règle inconnue « oups ». Règles connues : {KNOWN}."),
        ({"min_rows": -1}, "r.json : min_rows doit être un entier positif, pas -1."),
        ({"min_rows": True}, "r.json : min_rows doit être un entier positif, pas true."),
        ({"unique_columns": "id"}, "r.json : unique_columns doit être une liste de noms de colonnes."),
        (
            {"not_null_columns": ["id", 1]},
            "r.json : not_null_columns doit être une liste de noms de colonnes.",
        ),
        ({"unique_columns": [""]}, "r.json : unique_columns doit être une liste de noms de colonnes."),
        ({"value_ranges": {"": [0, 1]}}, 'r.json : value_ranges doit être un objet {"colonne": [min, max]}.'),
        ({"value_ranges": []}, 'r.json : value_ranges doit être un objet {"colonne": [min, max]}.'),
        ({"value_ranges": {"a": 3}}, "r.json : value_ranges.a doit être [min, max], deux nombres, pas 3."),
        (
            {"value_ranges": {"a": [1, 2, 3]}},
            "r.json : value_ranges.a doit être [min, max], deux nombres, pas [1, 2, 3].",
        ),
        (
            {"value_ranges": {"a": [1, "été"]}},
            'r.json : value_ranges.a doit être [min, max], deux nombres, pas [1, "été"].',
        ),
        (
            {"value_ranges": {"a": [None, None]}},
            "r.json : value_ranges.a doit être [min, max], deux nombres, pas [null, null].",
        ),
        (
            {"value_ranges": {"a": [2, Decimal("1.9")]}},
            "r.json : value_ranges.a a son minimum (2) au-dessus de son maximum (1.9).",
        ),
    ],
    ids=lambda value: json.dumps(value, default=str) if isinstance(value, list | dict) else "",
)
def test_what_is_no_rule_is_told_with_its_place(content, sentence):
    assert told(content) == sentence


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{\n  oups}", "ligne 2 : ce n'est pas du JSON (Expecting property name enclosed in double quotes)."),
        ("[" * 100_000, " : des milliers de niveaux, ce ne sont pas des règles."),
        (
            '{"value_ranges": {}, "min_rows": 1, "min_rows": 2}',
            " : la clé « min_rows » est donnée deux fois, une seule compterait.",
        ),
        (
            '{"value_ranges": {"a": [0, NaN]}}',
            " : NaN n'est pas un nombre JSON ; null laisse une borne ouverte.",
        ),
        (f'{{"min_rows": {"9" * 39}}}', " : un nombre de 39 chiffres : 38 au plus."),
        ('{"min_rows": 1.5}', " : min_rows doit être un entier positif, pas 1.5."),
    ],
    ids=["not JSON", "too deep", "a key twice", "NaN", "39 digits", "half a row"],
)
def test_a_file_that_cannot_be_read_is_told_with_its_name(tmp_path, text, sentence):
    path = tmp_path / "r.json"
    path.write_text(text)
    with pytest.raises(IngestError) as caught:
        load_rules(path)
    joint = ", " if sentence.startswith("ligne") else ""
    assert (caught.value.code, str(caught.value)) == ("usage", f"{path}{joint}{sentence}")


def test_a_file_that_is_not_there_or_no_file_is_told(tmp_path):
    with pytest.raises(IngestError, match=r"^Le fichier de règles .*absent.json n'existe pas\.$"):
        load_rules(tmp_path / "absent.json")
    with pytest.raises(
        IngestError, match=r"^Le fichier de règles .* est illisible \(.*Is a directory.*\)\.$"
    ):
        load_rules(tmp_path)


def test_numbers_are_read_as_they_are_written_up_to_38_digits_and_a_mark_of_order_is_skipped(tmp_path):
    path = tmp_path / "r.json"
    path.write_bytes(b'\xef\xbb\xbf{"value_ranges": {"a": [0.1, ' + b"9" * 38 + b"]}}")
    assert load_rules(path) == [Rule("value_ranges", "a", (Decimal("0.1"), int("9" * 38)))]
