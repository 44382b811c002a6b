"""TP2.2, le contrôle qualité : ce que chaque étape doit savoir faire."""

import json
import random
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from checking import only_object, step, verify, verify_that

FIRST = ("tp22.1",)
FIRST_TWO = ("tp22.1", "tp22.2")


# Étape 1 : les arguments, les règles


@step("tp22.1", hint='parser.add_argument("--input-file", type=Path, required=True).')
def test_the_two_arguments_are_read(learner):
    """--input-file est requis, --rules-file ne l'est pas ; ce sont des chemins.

    n8n et le notebook appellent votre script par ces noms-là.
    """
    module = learner("validate_data")
    options = module.parse_args(["--input-file", "a/b.parquet", "--rules-file", "c.json"])
    verify("parse_args([...]).input_file", options.input_file, Path("a/b.parquet"))
    verify("parse_args([...]).rules_file", options.rules_file, Path("c.json"))
    verify(
        "parse_args(['--input-file', 'x']).rules_file",
        module.parse_args(["--input-file", "x"]).rules_file,
        None,
    )
    try:
        read = module.parse_args([])
    except module.UsageError:
        return
    verify_that("parse_args([])", False, "une UsageError : --input-file est requis", read)


def rules_file(folder, content):
    path = folder / "mes règles.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


@step("tp22.1", hint='json.loads(path.read_text(encoding="utf-8")), et on rend le dictionnaire tel quel.')
@pytest.mark.parametrize(
    "rules",
    [
        {"min_rows": 10},
        {"unique_columns": ["id", "été"], "value_ranges": {"a": [None, 5]}},
        {"required_columns": ["id"], "not_null_columns": []},
        {},
    ],
)
def test_the_rules_of_the_file_are_read(learner, tmp_path, rules):
    """Les règles du fichier sont rendues telles quelles ; une règle absente n'est pas inventée.

    Chacun peut relire le fichier, git en garde l'histoire : c'est lui qui fait foi.
    """
    verify(
        f"load_rules(fichier contenant {rules})",
        learner("validate_data").load_rules(rules_file(tmp_path, rules)),
        rules,
    )


@step("tp22.1", hint="if path is None : return DEFAULT_RULES.")
def test_without_a_file_the_default_rules_apply(learner):
    """Sans fichier, ce sont les règles par défaut.

    Un contrôle minimal vaut mieux que pas de contrôle du tout.
    """
    module = learner("validate_data")
    verify("load_rules(None)", module.load_rules(None), module.DEFAULT_RULES)


@step(
    "tp22.1",
    hint="Attrapez OSError et ValueError (le JSON en lève une), vérifiez isinstance(rules, dict), puis chaque clé dans RULES.",
)
@pytest.mark.parametrize(
    ("content", "cited"),
    [
        ("{", "règles.json"),
        ("[]", "règles.json"),
        ('"texte"', "règles.json"),
        ("\udcff", "règles.json"),
        ({"not_null_column": ["id"]}, "not_null_column"),
        ({"min_rows": 1, "Unique_columns": ["id"]}, "Unique_columns"),
    ],
)
def test_rules_badly_written_are_refused_by_name(learner, tmp_path, content, cited):
    """Un fichier illisible, qui n'est pas un objet, ou une règle inconnue : UsageError, qui nomme le coupable.

    Une faute de frappe dans un nom de règle désactiverait un contrôle en silence.
    """
    module = learner("validate_data")
    path = tmp_path / "mes règles.json"
    if content == "\udcff":
        path.write_bytes(b"\xff\xfe\x00{")
    else:
        rules_file(tmp_path, content)
    try:
        read = module.load_rules(path)
    except module.UsageError as error:
        verify_that(
            f"load_rules(fichier contenant {content!r})",
            cited in str(error),
            f"un message qui cite « {cited} »",
            str(error),
        )
        return
    verify_that(f"load_rules(fichier contenant {content!r})", False, "une UsageError", read)


@step(
    "tp22.1",
    hint="Un fichier qui n'est pas là lève OSError : faites-en une UsageError. Puis appelez check_rules(rules, path).",
)
def test_a_missing_file_and_a_bad_value_are_refused_too(learner, tmp_path):
    """Un fichier absent, ou une règle dont la valeur n'a pas la forme attendue, sont refusés aussi.

    check_rules est donnée : encore faut-il l'appeler.
    """
    module = learner("validate_data")
    for path in (tmp_path / "absent.json", rules_file(tmp_path, {"min_rows": "dix"})):
        try:
            read = module.load_rules(path)
        except module.UsageError:
            continue
        verify_that(f"load_rules({path.name})", False, "une UsageError", read)


# Étape 2 : les cinq règles, en pandas


def wrong(learner, frame, rule, column, value=None):
    got = learner("validate_data").wrong_rows(frame, rule, column, value)
    tried = f"wrong_rows({len(frame)} lignes, {rule!r}, {column!r}, {value!r})"
    verify_that(
        tried, hasattr(got, "__len__") and len(got) == len(frame), f"une valeur par ligne, {len(frame)}", got
    )
    return [bool(one) for one in got], tried


def column_of(*values, kind=None, index=None):
    series = pd.Series(list(values), dtype=pd.ArrowDtype(kind) if kind is not None else None)
    return pd.DataFrame({"x": series}).set_axis(index, axis=0) if index else pd.DataFrame({"x": series})


@step("tp22.2", hint="values.isna() : une valeur absente, une par ligne.")
def test_null_values_are_found(learner):
    """not_null_columns : vrai pour chaque valeur absente, faux pour les autres, zéro et texte vide compris.

    0 et "" sont des valeurs ; les confondre avec l'absence refuse de bonnes lignes.
    """
    for frame, wanted in (
        (column_of(1, None, 3, kind=pa.int64()), [False, True, False]),
        (column_of("a", "", None, kind=pa.string()), [False, False, True]),
        (column_of(0.0, 0.0), [False, False]),
        (column_of(0.5, None, index=[7, 9]), [False, True]),
    ):
        got, tried = wrong(learner, frame, "not_null_columns", "x")
        verify(f"{tried}, valeurs {frame['x'].tolist()}", got, wanted)


@step(
    "tp22.2", hint="values.duplicated(keep=False) & values.notna() : toutes les lignes d'une valeur répétée."
)
def test_every_row_of_a_repeated_value_is_found(learner):
    """unique_columns : vrai pour toutes les lignes d'une valeur répétée, la première aussi ; pas pour les absentes.

    Laquelle des deux est la bonne ? Les montrer toutes deux permet de choisir.
    """
    for frame, wanted in (
        (column_of(5, 2, 5, 3, 2, 5, kind=pa.int64()), [True, True, True, False, True, True]),
        (column_of("a", "b", "A", kind=pa.string()), [False, False, False]),
        (column_of(None, None, "a", kind=pa.string()), [False, False, False]),
    ):
        got, tried = wrong(learner, frame, "unique_columns", "x")
        verify(f"{tried}, valeurs {frame['x'].tolist()}", got, wanted)


@step(
    "tp22.2",
    hint="Les bornes sont permises : < low ou > high. `if low is not None`, car `if low` oublierait la borne 0.",
)
@pytest.mark.parametrize(
    ("bounds", "wanted"),
    [
        ((0, 10), [True, False, False, False, True, False]),
        ((0, None), [True, False, False, False, False, False]),
        ((None, 0), [False, False, True, True, True, False]),
        ((-1, 0), [False, False, True, True, True, False]),
        ((5, 5), [True, True, False, True, True, False]),
        ((0.5, 9.5), [True, True, False, True, True, False]),
    ],
)
def test_values_out_of_bounds_are_found(learner, bounds, wanted):
    """value_ranges : vrai hors des bornes ; une borne est permise, None n'en est pas une, une absence n'est pas refusée.

    « De 0 à 10 » comprend 0 et 10 : c'est ainsi que le dit qui écrit la règle.
    """
    values = (-1, 0, 5, 10, 11, None)
    for frame in (
        column_of(*values, kind=pa.int64()),
        column_of(*values, kind=pa.float64()),
        column_of(*values),
    ):
        got, tried = wrong(learner, frame, "value_ranges", "x", bounds)
        verify(f"{tried}, valeurs {list(values)}", got, wanted)


@step(
    "tp22.2",
    hint="min_rows juge la table : toutes les lignes, ou aucune. `value` lignes suffisent quand il en faut `value`.",
)
@pytest.mark.parametrize(
    ("rows", "least", "refused"),
    [(10, 10, False), (9, 10, True), (11, 10, False), (1, 0, False), (3, 500, True)],
)
def test_too_few_rows_refuse_the_table(learner, rows, least, refused):
    """min_rows : toutes les lignes sont refusées s'il y en a trop peu, aucune sinon ; la limite suffit.

    Un fichier presque vide est le premier signe d'une source en panne.
    """
    got, tried = wrong(learner, column_of(*range(rows)), "min_rows", None, least)
    verify(tried, got, [refused] * rows)


@step(
    "tp22.2",
    hint="if column not in frame : toutes les lignes sont refusées, avant même de regarder la règle.",
)
@pytest.mark.parametrize(
    ("rule", "value"),
    [
        ("required_columns", None),
        ("not_null_columns", None),
        ("unique_columns", None),
        ("value_ranges", (0, 1)),
    ],
)
def test_a_missing_column_refuses_every_row(learner, rule, value):
    """Une colonne absente refuse toutes les lignes, quelle que soit la règle ; présente, required_columns n'en refuse aucune.

    Une colonne renommée à la source ne doit pas passer pour une colonne sans défaut.
    """
    got, tried = wrong(learner, column_of(1, 2, 3), rule, "absente", value)
    verify(tried, got, [True] * 3)
    present, tried = wrong(learner, column_of(1, None, 3), "required_columns", "x")
    verify(tried, present, [False] * 3)


@step(
    "tp22.2",
    hint="Une question par ligne, sans toucher à `frame` : pas de tri, pas de dropna, pas de colonne ajoutée.",
)
def test_many_rows_are_judged_one_by_one(learner):
    """Sur mille lignes en désordre, chaque ligne a sa réponse, et la table n'est pas modifiée.

    Un verdict décalé d'une ligne montre de bons exemples à la place des mauvais.
    """
    dice = random.Random(11)
    values = [dice.choice([None, *range(-3, 14)]) for _ in range(1000)]
    frame = column_of(*values, kind=pa.int64())
    before = frame.copy()
    got, tried = wrong(learner, frame, "value_ranges", "x", (0, 10))
    verify(
        f"{tried}, lignes refusées",
        [n for n, one in enumerate(got) if one][:20],
        [n for n, one in enumerate(values) if one is not None and not 0 <= one <= 10][:20],
    )
    verify_that(f"{tried}, la table", frame.equals(before), "inchangée", "elle a changé")


# Étape 3 : le verdict, et un JSON pour n8n


def parquet(folder, name="jour.parquet", **columns):
    columns = columns or {"id": [1, 2, 3], "amount": [1.0, 2.0, None], "_ingested_at": ["x"] * 3}
    pq.write_table(pa.table(columns), folder / name)
    return folder / name


RULES = {"unique_columns": ["id"], "value_ranges": {"amount": [0, 10]}, "min_rows": 2}


@step(
    "tp22.3",
    needs=FIRST_TWO,
    hint='{**result, "validation": "passed", "errors": []} : `rules` porte tous les verdicts, `errors` les échecs seulement.',
)
def test_a_good_file_passes(learner, tmp_path):
    """Un bon fichier passe, et le verdict dit ce qui a été vérifié.

    « passed » sans dire quoi ne rassure personne.
    """
    path = parquet(
        tmp_path,
        id=pa.array([1, None, 3], pa.int64()),
        amount=pa.array([Decimal("1.50"), None, Decimal("0.00")]),
        _ingested_at=["x"] * 3,
    )
    result = learner("validate_data").validate_file(path, RULES)
    tried = "validate_file(bon fichier, trois règles)"
    verify(f"{tried}, validation", result["validation"], "passed")
    verify(f"{tried}, errors", result["errors"], [])
    verify(f"{tried}, file", str(result["file"]), str(path))
    verify(
        f"{tried}, rows et columns",
        (result["rows"], list(result["columns"])),
        (3, ["id", "amount", "_ingested_at"]),
    )
    verify(
        f"{tried}, règles vérifiées",
        [(one["rule"], one["passed"]) for one in result["rules"]],
        [("unique_columns", True), ("value_ranges", True), ("min_rows", True)],
    )


@step(
    "tp22.3",
    needs=FIRST_TWO,
    hint='errors = [one for one in check(frame, rules) if not one["passed"]] : tous les échecs, et eux seuls.',
)
def test_every_rule_that_fails_is_an_error(learner, tmp_path):
    """Chaque règle en échec est dans `errors`, avec son code, son compte et des exemples.

    Ne dire que le premier échec, c'est relancer autant de fois qu'il y a d'erreurs.
    """
    path = parquet(tmp_path, id=[1, 2, 1, 4], amount=[5.0, 11.0, -1.0, None], _ingested_at=["x"] * 4)
    result = learner("validate_data").validate_file(
        path, {**RULES, "min_rows": 5, "required_columns": ["id"]}
    )
    tried = "validate_file(doublon, deux montants hors bornes, trop peu de lignes)"
    verify(f"{tried}, validation", result["validation"], "failed")
    found = [(one["code"], one["column"], one["failed"]) for one in result["errors"]]
    verify(
        f"{tried}, errors",
        found,
        [("duplicate_values", "id", 2), ("out_of_range", "amount", 2), ("too_few_rows", None, 4)],
    )
    verify(
        f"{tried}, exemples du montant",
        result["errors"][1]["samples"],
        [{"row": 1, "value": 11.0}, {"row": 2, "value": -1.0}],
    )


@step(
    "tp22.3",
    needs=FIRST_TWO,
    hint="`check` est un paramètre : appelez check(frame, rules), pas toujours check_with_pandas.",
)
def test_the_checker_given_is_the_one_used(learner, tmp_path):
    """Le troisième paramètre choisit qui vérifie ; les entiers lui arrivent entiers.

    C'est ce qui permettra d'y mettre Great Expectations sans toucher au reste.
    """
    seen = []

    def check(frame, rules):
        seen.append((len(frame), str(frame["id"].iloc[1]), rules))
        return [{"rule": "x", "column": None, "code": "y", "passed": False, "message": "z"}]

    path = parquet(tmp_path, id=pa.array([None, 7, 9], pa.int64()))
    result = learner("validate_data").validate_file(path, {"min_rows": 3}, check)
    verify("validate_file(…, check), appels de check", len(seen), 1)
    verify(
        "validate_file(…, check), ce que check a reçu",
        seen,
        [(3, "7", {"min_rows": 3})],
        hint="to_pandas(types_mapper=pd.ArrowDtype) garde entier un identifiant quand un autre manque.",
    )
    verify("validate_file(…, check), codes des erreurs", [one["code"] for one in result["errors"]], ["y"])


@step(
    "tp22.3", needs=FIRST_TWO, hint="Le try est autour de la lecture : except (OSError, pa.ArrowException)."
)
@pytest.mark.parametrize("content", [b"", b"PAR1 coupe", None])
def test_an_unreadable_file_is_a_failure_not_an_exception(learner, tmp_path, content):
    """Un fichier vide, coupé ou disparu est un échec de validation `unreadable_file`, pas une exception.

    C'est le pire fichier possible : c'est le moment de prévenir, pas de planter.
    """
    path = tmp_path / "jour.parquet"
    if content is not None:
        path.write_bytes(content)
    result = learner("validate_data").validate_file(path, RULES)
    tried = "validate_file(fichier illisible)"
    verify(f"{tried}, validation et rows", (result["validation"], result["rows"]), ("failed", 0))
    verify(f"{tried}, code", [one["code"] for one in result["errors"]], ["unreadable_file"])
    verify_that(
        f"{tried}, message",
        "jour.parquet" in result["errors"][0]["message"],
        "un message qui nomme le fichier",
        result["errors"][0]["message"],
    )


@step(
    "tp22.3",
    needs=FIRST_TWO,
    hint="print(json.dumps(validate(parse_args(argv)))), puis 0 si `status` vaut « success », 1 sinon.",
)
@pytest.mark.parametrize(
    ("least", "status", "validation", "code"), [(3, "success", "passed", 0), (4, "error", "failed", 1)]
)
def test_the_command_prints_one_verdict_and_exits_accordingly(run, tmp_path, least, status, validation, code):
    """La commande imprime un seul JSON ; elle sort avec 0 si tout passe, 1 si une règle échoue.

    n8n lit le JSON, un terminal lit le code : les deux doivent dire la même chose.
    """
    path, rules = parquet(tmp_path), tmp_path / "regles.json"
    rules.write_text(json.dumps({"min_rows": least}), encoding="utf-8")
    ran = run("validate_data", "--input-file", path, "--rules-file", rules)
    result = only_object(ran, "le verdict")
    verify(
        f"{ran.line}, status et validation",
        (result.get("status"), result.get("validation")),
        (status, validation),
    )
    verify(f"{ran.line}, code de sortie", ran.code, code)


@step(
    "tp22.3",
    needs=FIRST_TWO,
    hint="except UsageError as error, autour de parse_args et de validate : code « usage », sortie 2.",
)
@pytest.mark.parametrize("kind", ["argument", "rules", "input"])
def test_a_command_badly_written_exits_2(run, tmp_path, kind):
    """Un argument, un fichier de règles ou un fichier d'entrée faux : un JSON, code `usage`, sortie 2.

    Une règle mal écrite n'est pas une donnée mauvaise : ce n'est pas la même personne qui corrige.
    """
    rules = tmp_path / "regles.json"
    rules.write_text('{"min_row": 3}', encoding="utf-8")
    words = {
        "argument": [],
        "rules": ["--input-file", parquet(tmp_path), "--rules-file", rules],
        "input": ["--input-file", tmp_path / "rien"],
    }
    ran = run("validate_data", *words[kind])
    result = only_object(ran, "le verdict")
    verify(f"{ran.line}, code de sortie", ran.code, 2)
    wanted = {"status": "error", "validation": "failed", "errors": []}
    verify(f"{ran.line}, status, validation et errors", {name: result.get(name) for name in wanted}, wanted)
    verify(f"{ran.line}, error.code", (result.get("error") or {}).get("code"), "usage")


# Pour aller plus loin (étape 5) : les mêmes règles, en Great Expectations


def asked(learner, rule, column, value=None):
    return learner("validate_data").expectation(rule, column, value)


@step(
    "tp22.5",
    hint="L'ordre de RULES : colonne présente, sans absente, sans doublon, bornes, nombre de lignes.",
)
@pytest.mark.parametrize(
    ("rule", "column", "value", "kind", "arguments"),
    [
        ("required_columns", "id", None, "ExpectColumnToExist", {"column": "id"}),
        ("not_null_columns", "title", None, "ExpectColumnValuesToNotBeNull", {"column": "title"}),
        ("unique_columns", "id", None, "ExpectColumnValuesToBeUnique", {"column": "id"}),
        (
            "value_ranges",
            "userId",
            (1, 100),
            "ExpectColumnValuesToBeBetween",
            {"column": "userId", "min_value": 1, "max_value": 100},
        ),
        (
            "value_ranges",
            "amount",
            (None, 0),
            "ExpectColumnValuesToBeBetween",
            {"column": "amount", "min_value": None, "max_value": 0},
        ),
        ("min_rows", None, 10, "ExpectTableRowCountToBeBetween", {"min_value": 10, "max_value": None}),
    ],
)
def test_each_rule_has_its_expectation(learner, rule, column, value, kind, arguments):
    """Chaque règle devient l'attente de Great Expectations qui dit la même chose, avec ses bornes.

    Une attente voisine, « égal à » au lieu de « au moins », ne dit pas la même chose.
    """
    got = asked(learner, rule, column, value)
    tried = f"expectation({rule!r}, {column!r}, {value!r})"
    verify(tried, type(got).__name__, kind)
    verify(f"{tried}, arguments", {name: getattr(got, name, None) for name in arguments}, arguments)
    strict = [name for name in ("strict_min", "strict_max") if getattr(got, name, False)]
    verify(
        f"{tried}, bornes strictes",
        strict,
        [],
        hint="Les bornes sont permises : ni strict_min ni strict_max.",
    )


@step(
    "tp22.5",
    needs=FIRST_TWO,
    hint="Comparez verdict par verdict : lancez votre script avec --checks pandas, puis --checks gx.",
)
def test_both_checkers_give_the_same_verdict(learner):
    """Sur la même table, pandas et Great Expectations rendent le même verdict, règle par règle.

    On ne change pas d'outil sans avoir comparé les deux sur les mêmes lignes.
    """
    module = learner("validate_data")
    frame = pd.DataFrame({"id": [1, 2, 2, None], "amount": [0.0, 500.0, 500.5, None]})
    rules = {
        "required_columns": ["id", "absente"],
        "not_null_columns": ["id"],
        "unique_columns": ["id"],
        "value_ranges": {"amount": [0, 500]},
        "min_rows": 4,
    }
    for least in (4, 5):
        plain, gx = (
            check(frame, {**rules, "min_rows": least})
            for check in (module.check_with_pandas, module.check_with_gx)
        )
        for one, other in zip(plain, gx, strict=True):
            tried = f"check_with_gx(quatre lignes), règle {one['rule']} sur {one['column']}"
            verify(f"{tried}, code et compte", (other["code"], other["failed"]), (one["code"], one["failed"]))
