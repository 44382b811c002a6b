"""A run's parameters, as `lab run` reads them: their values, their sentences, and the places they may name."""

import base64
import json

import pytest

from labkit.base.paths import DATA, ROOT
from labkit.runs.parameters import PLACES, RunError, check_places, command_line, read_parameters


def encoded(content):
    return base64.b64encode(json.dumps(content).encode()).decode()


def refusal(call, *arguments):
    with pytest.raises(RunError) as caught:
        call(*arguments)
    assert caught.value.code == "usage"
    return str(caught.value)


def test_no_parameter_is_no_parameter():
    assert read_parameters(None, ()) == {}
    assert read_parameters("", ()) == {}


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("3", 3),
        ("2.5", 2.5),
        ("true", True),
        ("false", False),
        ("2024-01-01", "2024-01-01"),
        ("null", "null"),
        ('"3"', '"3"'),
        ("[1]", "[1]"),
        ("", ""),
    ],
)
def test_a_word_of_p_is_a_number_or_a_boolean_where_it_is_one_else_a_text(written, value):
    assert read_parameters(None, (("name", written),)) == {"name": value}


def test_p_has_the_last_word_over_b():
    found = read_parameters(encoded({"a": "1", "b": None}), (("a", "2"), ("c", "é")))
    assert found == {"a": 2, "b": None, "c": "é"}


@pytest.mark.parametrize("text", ["é", "####", base64.b64encode(b"{").decode(), "eyJhIjog\nMX0="])
def test_what_is_no_json_in_base64_is_refused(text):
    assert refusal(read_parameters, text, ()) == "Le paramètre -b n'est pas du JSON en base64."


def test_json_nested_without_end_is_refused():
    deep = base64.b64encode(b"[" * 100_000).decode()
    assert refusal(read_parameters, deep, ()) == "Le paramètre -b n'est pas du JSON en base64."


@pytest.mark.parametrize("content", [[1], "a", 3])
def test_json_that_is_no_object_is_refused(content):
    said = refusal(read_parameters, encoded(content), ())
    assert said == "Le paramètre -b doit être un objet JSON de paramètres, en base64."


@pytest.mark.parametrize("value", [[1], {"a": 1}])
def test_a_list_or_an_object_is_refused_by_its_name_cut_short(value):
    name = "n" * 150
    said = refusal(read_parameters, encoded({"a": 1, name: value}), ())
    assert said == (
        f"{name[:100]} doit être un texte, un nombre, un booléen ou null, pas une liste ni un objet."
    )


@pytest.mark.parametrize("value", ["a\0", "\ud800", "\udfff"])
def test_a_character_that_no_command_line_can_hold_is_refused(value):
    name = "n" * 150
    said = refusal(read_parameters, encoded({name: value}), ())
    assert said == (
        f"{name[:100]} contient un caractère interdit (NUL, ou la moitié d'un caractère) : retirez-le."
    )


# Places


@pytest.mark.parametrize(
    "name", ["output-dir", "--output_dir", "Output_dir", "1_dir", "a b", "é", "", "É" * 150]
)
def test_a_name_is_lower_case_letters_digits_and_underscores(name):
    said = refusal(check_places, {"start_date": "2024-01-01", name: 1})
    rule = "des lettres minuscules, des chiffres et _."
    assert said == f"« {name[:100]} » n'est pas un nom de paramètre : {rule}"


DIRS = [place for place in PLACES if place.endswith("_dir")]
FILES = [place for place in PLACES if place.endswith("_file")]


@pytest.mark.parametrize("name", [*DIRS, "output_d", "o", "quarantine", "st", "any_dir"])
@pytest.mark.parametrize("value", ["data/../labs", "/tmp", "..", "labs", "database", str(ROOT), "a\0"])
def test_a_folder_outside_data_is_refused_however_its_name_is_shortened(name, value):
    said = refusal(check_places, {name: value})
    assert said == f"{name} « {value} » est hors de data/ : donnez un chemin à l'intérieur."


def test_a_long_place_is_told_by_its_beginning():
    value = "/" + "x" * 300
    assert refusal(check_places, {"output_dir": value}).startswith(f"output_dir « {value[:200]} » est hors")


@pytest.mark.parametrize("name", DIRS)
@pytest.mark.parametrize("value", ["data", "data/bronze", str(DATA / "x"), "s3://bucket/bronze"])
def test_a_folder_of_data_or_of_an_s3_storage_is_accepted(name, value):
    check_places({name: value})


@pytest.mark.parametrize("name", [*FILES, "rules", "in", "any_file"])
@pytest.mark.parametrize("value", ["../outside.json", "/etc/passwd"])
def test_a_file_outside_the_lab_is_refused(name, value):
    said = refusal(check_places, {name: value})
    assert said == f"{name} « {value} » est hors de le laboratoire : donnez un chemin à l'intérieur."


@pytest.mark.parametrize("name", FILES)
def test_a_file_beside_the_secrets_is_refused(name):
    value = "data/state/secrets.json"
    said = refusal(check_places, {name: value})
    assert said == f"{name} « {value} » est dans data/state/, où sont les secrets : donnez un autre fichier."


def test_a_file_of_the_lab_is_accepted():
    check_places(dict.fromkeys(FILES, "solutions/validation_rules.json"))


def test_only_the_data_are_read_from_an_s3_storage():
    for name in ("input_file", "in"):
        check_places({name: "s3://../../../x"})
    for name in ("rules_file", "resource_file"):
        # Taken for a path of this machine.
        assert refusal(check_places, {name: "s3://../../../x"}).startswith(
            f"{name} « s3://../../../x » est hors"
        )


def test_what_names_no_place_is_left_alone():
    check_places({"start_date": "/tmp", "base_url": "http://x/..", "page_size": 3, "force": True})


# The command line


def test_parameters_become_a_script_s_arguments():
    given = {
        "start_date": "2024-01-01",
        "page_size": 0,
        "force": True,
        "since": None,
        "dry_run": False,
        "checks": "",
        "mode": "backfill",
    }
    assert command_line(given) == [
        *("--start-date", "2024-01-01", "--page-size", "0", "--force", "--mode", "backfill"),
    ]
