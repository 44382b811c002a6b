"""TP2.2, le contrôle qualité : ce que chaque étape doit savoir faire."""

import json
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from checking import step, verify, verify_that
from n8n_runs import Workflow

COURSE_RULES = {
    "required_columns": ["id", "title"],
    "not_null_columns": ["id"],
    "value_ranges": {"userId": [1, 100], "score": [None, 5]},
    "unique_columns": ["id", "title"],
    "min_rows": 10,
}


# Étape 1 : les arguments et les règles


@step("tp22.1", hint='parser.add_argument("--input-file", type=Path, required=True).')
def test_input_file_is_required_and_rules_file_is_not(learner):
    """--input-file est requis, --rules-file ne l'est pas ; ce sont des chemins.

    Sans fichier de règles, des règles par défaut s'appliquent : valider doit rester facile.
    """
    parser, errors = learner("validate_data").build_parser(), learner("errors")
    options = parser.parse_args(["--input-file", "un.parquet"])
    verify(
        "parse_args(['--input-file', 'un.parquet']).input_file.name",
        getattr(options.input_file, "name", options.input_file),
        "un.parquet",
    )
    verify_that(
        "parse_args(['--input-file', 'un.parquet']).input_file",
        hasattr(options.input_file, "is_dir"),
        "un Path",
        options.input_file,
    )
    verify("parse_args(['--input-file', 'un.parquet']).rules_file", options.rules_file, None)
    verify(
        "parse_args([…, '--rules-file', 'r.json']).rules_file.name",
        parser.parse_args(["--input-file", "a", "--rules-file", "r.json"]).rules_file.name,
        "r.json",
    )
    try:
        missing = parser.parse_args([])
    except errors.IngestError:
        return
    verify_that("parse_args([])", False, "un refus", missing)


def in_any_order(rules):
    return sorted((rule.name, str(rule.column), str(rule.bounds)) for rule in rules)


@step(
    "tp22.1",
    hint='Une Rule par colonne : Rule("unique_columns", "id"), et pas une Rule pour toute la liste. Les bornes d\'une plage sont un couple.',
)
def test_the_five_rules_are_read(learner):
    """Les cinq règles du fichier deviennent chacune une Rule par colonne.

    Une règle par colonne, c'est un verdict par colonne : on sait laquelle corriger.
    """
    rules = learner("rules")
    got = rules.read_rules(COURSE_RULES, "r.json")
    wanted = [
        rules.Rule("required_columns", "id"),
        rules.Rule("required_columns", "title"),
        rules.Rule("not_null_columns", "id"),
        rules.Rule("unique_columns", "id"),
        rules.Rule("unique_columns", "title"),
        rules.Rule("value_ranges", "userId", (1, 100)),
        rules.Rule("value_ranges", "score", (None, 5)),
        rules.Rule("min_rows", None, (10, None)),
    ]
    verify(
        "read_rules(les règles du cours), dans n'importe quel ordre", in_any_order(got), in_any_order(wanted)
    )


@step("tp22.1", hint="content.get(nom, []) : une règle absente n'est pas une erreur.")
def test_absent_rules_are_no_rules(learner):
    """Une règle absente du fichier n'est pas vérifiée.

    Un petit fichier de deux règles est un bon début.
    """
    rules = learner("rules")
    verify("read_rules({}, 'r.json')", list(rules.read_rules({}, "r.json")), [])
    verify(
        "read_rules({'min_rows': 0}, 'r.json')",
        list(rules.read_rules({"min_rows": 0}, "r.json")),
        [rules.Rule("min_rows", None, (0, None))],
    )


@step(
    "tp22.1",
    hint="Comparez les clés du fichier aux cinq clés connues avant tout le reste, et citez l'intruse dans le message.",
)
@pytest.mark.parametrize("key", ["not_null_column", "min_row", "Required_columns"])
def test_a_misspelt_rule_is_refused_by_name(learner, key):
    """Une règle mal orthographiée est refusée, et nommée.

    Ignorée, elle désactiverait un contrôle sans que personne ne le sache.
    """
    rules, errors = learner("rules"), learner("errors")
    tried = f"read_rules({{'{key}': …}}, 'r.json')"
    try:
        got = rules.read_rules({key: ["id"]}, "r.json")
    except errors.IngestError as error:
        verify_that(tried, key in error.message, f"un message qui cite « {key} »", error.message)
        verify(f"{tried}, code de sortie", error.exit_code, 2)
        return
    verify_that(tried, False, "une erreur d'usage", got)


@step(
    "tp22.1",
    hint="Vérifiez les types : un objet de règles, des listes de noms, un entier pour min_rows (et True n'est pas un entier).",
)
@pytest.mark.parametrize(
    "content", [["id"], {"min_rows": "10"}, {"min_rows": -1}, {"unique_columns": "id"}], ids=str
)
def test_a_rule_of_the_wrong_shape_is_refused(learner, content):
    """Une règle de la mauvaise forme est refusée.

    « unique_columns: "id" » se lirait comme deux colonnes, i et d.
    """
    rules, errors = learner("rules"), learner("errors")
    try:
        got = rules.read_rules(content, "r.json")
    except errors.IngestError:
        return
    verify_that(f"read_rules({content!r}, 'r.json')", False, "une erreur d'usage", got)


# Étape 2 : les cinq contrôles


def table_of(**columns):
    return pa.table({name: pa.array(values) for name, values in columns.items()})


def schema_verdict(learner, rule, table):
    verdict = learner("rule_results").from_schema(rule, table)
    return verdict if verdict is None else verdict.code


@step("tp22.2", hint="min_rows : 10 lignes suffisent quand il en faut 10 (>=).")
@pytest.mark.parametrize(("rows", "wanted"), [(9, "too_few_rows"), (10, "ok"), (11, "ok")])
def test_min_rows_is_judged_on_the_number_of_rows(learner, rows, wanted):
    """min_rows se juge au nombre de lignes, la limite comprise.

    Un fichier presque vide est le premier signe d'une API qui a changé.
    """
    rule = learner("rules").Rule("min_rows", bounds=(10, None))
    verify(
        f"from_schema(min_rows 10, une table de {rows} lignes).code",
        schema_verdict(learner, rule, table_of(id=list(range(rows)))),
        wanted,
    )


@step(
    "tp22.2",
    hint="Toute règle sur une colonne absente échoue : `missing_column`, jamais None ni une exception.",
)
@pytest.mark.parametrize("name", ["required_columns", "not_null_columns", "unique_columns", "value_ranges"])
def test_a_rule_on_an_absent_column_fails(learner, name):
    """Une règle sur une colonne qui n'existe pas échoue, avec le code missing_column.

    « Aucune valeur fautive » est vrai d'une colonne absente, et ne veut rien dire.
    """
    rule = learner("rules").Rule(name, "absente", (1, 2))
    verify(
        f"from_schema({name} sur une colonne absente).code",
        schema_verdict(learner, rule, table_of(id=[1])),
        "missing_column",
    )


@step(
    "tp22.2",
    hint="Une plage de valeurs sur une colonne de texte : not_a_number. Les décimales et les entiers, eux, se comparent.",
)
def test_what_the_schema_can_not_tell_is_left_to_the_values(learner):
    """Le schéma juge ce qu'il peut, et laisse les valeurs aux attentes.

    Une colonne de texte n'entre dans aucune borne : mieux vaut le dire que comparer des lettres.
    """
    rule = learner("rules").Rule
    table = table_of(id=[1], note=["a"], price=[Decimal("1.50")])
    verify(
        "from_schema(required_columns id).code",
        schema_verdict(learner, rule("required_columns", "id"), table),
        "ok",
    )
    verify(
        "from_schema(value_ranges sur du texte).code",
        schema_verdict(learner, rule("value_ranges", "note", (1, 2)), table),
        "not_a_number",
    )
    for name, column in (("not_null_columns", "id"), ("unique_columns", "id"), ("value_ranges", "price")):
        verify(
            f"from_schema({name} sur {column})",
            schema_verdict(learner, rule(name, column, (1, 2)), table),
            None,
        )


@pytest.fixture
def judge(learner):
    """judge(rule name, column values, bounds): the code and count that Great Expectations gives."""
    import great_expectations  # noqa: F401 - two seconds, not the trainee's

    def call(name, values, bounds=(None, None)):
        rule = learner("rules").Rule(name, "x", bounds)
        table = pa.table({"x": pa.array(values)})
        verdict = learner("expectations").Validator([rule]).check(table)[0]
        return verdict.code, verdict.failed

    return call


@step("tp22.2", hint="gxe.ExpectColumnValuesToNotBeNull(column=rule.column).")
def test_missing_values_are_found(judge):
    """Les valeurs absentes sont trouvées et comptées.

    Un nombre dit s'il faut corriger une ligne ou appeler le fournisseur.
    """
    verify(
        "not_null_columns sur [1, None, 3, None]",
        judge("not_null_columns", [1, None, 3, None]),
        ("null_values", 2),
    )
    verify("not_null_columns sur [1, 2]", judge("not_null_columns", [1, 2]), ("ok", 0))


@step("tp22.2", hint="gxe.ExpectColumnValuesToBeUnique(column=rule.column).")
def test_duplicates_are_found(judge):
    """Les doublons sont trouvés.

    Un identifiant en double fausse chaque jointure qui suivra.
    """
    verify("unique_columns sur [1, 2, 2], code", judge("unique_columns", [1, 2, 2])[0], "duplicate_values")
    verify("unique_columns sur [1, 2, 3]", judge("unique_columns", [1, 2, 3]), ("ok", 0))


@step(
    "tp22.2",
    hint="ExpectColumnValuesToBeBetween(column=…, min_value=…, max_value=…) : bornes comprises, sauf strict_min ou strict_max ; None pour une borne ouverte.",
)
@pytest.mark.parametrize(
    ("values", "bounds", "wanted"),
    [
        ([1, 50, 100], (1, 100), ("ok", 0)),
        ([0, 50, 101], (1, 100), ("out_of_range", 2)),
        ([-5, 3], (None, 5), ("ok", 0)),
        ([3, 10_000], (1, None), ("ok", 0)),
        ([9, 3], (None, 5), ("out_of_range", 1)),
    ],
    ids=str,
)
def test_values_out_of_range_are_found(judge, values, bounds, wanted):
    """Les valeurs hors bornes sont trouvées ; les bornes sont comprises, et peuvent être ouvertes.

    « Entre 1 et 100 » comprend 1 et 100 : c'est ce que lit celui qui écrit la règle.
    """
    verify(f"value_ranges {list(bounds)} sur {values}", judge("value_ranges", values, bounds), wanted)


# Étape 3 : le verdict


class Verdicts:
    """Stands for the five controls: gives one failed rule if the table holds a 13, and the trainee's own step 2 is not needed."""

    def __init__(self, learner):
        self.rules, self.results = learner("rules"), learner("rule_results")

    def check(self, table):
        unique, rows = self.rules.Rule("unique_columns", "id"), self.rules.Rule("min_rows", bounds=(1, None))
        if 13 in table["id"].to_pylist():
            return [
                self.results.failure(unique, 1, table.num_rows, [{"row": 0, "value": 13}]),
                self.results.ok(rows, table.num_rows),
            ]
        return [self.results.ok(unique, table.num_rows), self.results.ok(rows, table.num_rows)]


@pytest.fixture
def validated(learner, tmp_path):
    def call(content):
        path = tmp_path / "data.parquet"
        if isinstance(content, bytes):
            path.write_bytes(content)
        elif content is not None:
            pq.write_table(pa.table({"id": content}), path)
        return learner("validate_data").validate_file(path, Verdicts(learner))

    return call


@step(
    "tp22.3",
    hint="return file_result(path, table.num_rows, table.column_names, rules, errors) : `rules` tous les verdicts, `errors` les échecs.",
)
def test_a_good_file_passes(validated):
    """Un bon fichier passe, et le résultat dit ce qui a été vérifié.

    « Aucune erreur » sans la liste des contrôles ne prouve rien.
    """
    result = validated([1, 2])
    tried = "validate_file(un bon fichier de deux lignes)"
    verify(
        f"{tried}, status et validation",
        (result.get("status"), result.get("validation")),
        ("success", "passed"),
    )
    verify(f"{tried}, rows", result.get("rows"), 2)
    verify(f"{tried}, columns", result.get("columns"), ["id"])
    verify(f"{tried}, errors", result.get("errors"), [])
    verify(f"{tried}, nombre de règles rendues", len(result.get("rules", [])), 2)


@step(
    "tp22.3",
    hint="errors = [asdict(verdict) for verdict in verdicts if not verdict.passed] ; verdict_of(errors) fait le reste.",
)
def test_a_bad_file_fails_with_code_count_and_samples(validated):
    """Un mauvais fichier échoue, avec pour chaque règle un code, un compte et des exemples.

    Une phrase seule n'aide ni n8n à brancher, ni la personne à chercher.
    """
    result = validated([1, 13])
    tried = "validate_file(un fichier où une règle échoue)"
    verify(
        f"{tried}, status et validation",
        (result.get("status"), result.get("validation")),
        ("error", "failed"),
    )
    errors = result.get("errors") or [{}]
    verify(f"{tried}, nombre d'errors", len(result.get("errors")), 1)
    verify(
        f"{tried}, errors[0]",
        {name: errors[0].get(name) for name in ("code", "failed", "samples")},
        {"code": "duplicate_values", "failed": 1, "samples": [{"row": 0, "value": 13}]},
    )
    verify(f"{tried}, error.code", result.get("error", {}).get("code"), "validation_failed")


@step(
    "tp22.3",
    hint="pq.ParquetFile(path).read() lève pa.ArrowException ou OSError : rendez un échec `unreadable_file`.",
)
@pytest.mark.parametrize("content", [b"", b"PAR1 coupe", None], ids=["vide", "coupé", "absent"])
def test_an_unreadable_file_is_a_failure_not_an_exception(validated, content):
    """Un fichier vide, coupé ou disparu est un échec de validation, pas une exception.

    Sur cent fichiers, celui qui est abîmé ne doit pas empêcher de juger les autres.
    """
    result = validated(content)
    verify("validate_file(un fichier illisible), validation", result.get("validation"), "failed")
    verify(
        "validate_file(un fichier illisible), codes",
        [error.get("code") for error in result.get("errors", [])],
        ["unreadable_file"],
    )


@step("tp22.3", hint="Le message dit combien de règles échouent, puis ce que dit la première.")
def test_the_verdict_says_how_many_and_which_first(learner):
    """Le verdict compte les règles en échec et cite la première.

    C'est la phrase que portera la notification : elle doit suffire à décider.
    """
    errors = [{"message": "« id » se répète."}, {"message": "« type » est absent."}]
    verdict = learner("validate_data").verdict_of(errors)
    said = verdict.get("error", {}).get("message", "")
    verify_that(
        "verdict_of(deux erreurs), message",
        "2" in said and "« id » se répète." in said,
        "un message qui dit 2 et cite la première",
        said,
    )
    verify(
        "verdict_of([])",
        learner("validate_data").verdict_of([]),
        {"status": "success", "validation": "passed"},
    )


@step(
    "tp22.3",
    hint="Le code de sortie vient de `run` : status « error » donne 1.",
    needs=("tp21.1", "tp21.4", "tp22.1", "tp22.2"),
)
def test_the_command_exits_1_when_a_rule_fails(run, tmp_path):
    """La commande sort avec 0 ou 1, et imprime son JSON.

    n8n branche là-dessus.
    """
    import great_expectations  # noqa: F401 - two seconds, not the trainee's

    pq.write_table(pa.table({"id": [1, 1]}), tmp_path / "data.parquet")
    for rules, wanted in (({"unique_columns": ["id"]}, 1), ({"min_rows": 1}, 0)):
        (tmp_path / "rules.json").write_text(json.dumps(rules), encoding="utf-8")
        done = run("validate_data", "--input-file", "data.parquet", "--rules-file", "rules.json")
        verify(f"{done.line} ({json.dumps(rules)}), code", done.code, wanted)
        verify(
            f"{done.line} ({json.dumps(rules)}), validation",
            done.result.get("validation"),
            "failed" if wanted else "passed",
        )


# Étape 4 : n8n prévient


@pytest.fixture
def ingestion():
    return Workflow("Ingestion incrémentale", ("labIngestion0001",))


@step("tp22.4", hint="Nœud « Paramètres » : `labs` dans `scripts`. La validation suit l'ingestion.")
def test_n8n_validated_with_your_script(ingestion):
    """n8n a validé avec votre script, après l'ingestion.

    Une donnée non vérifiée ne devrait réveiller personne le lendemain.
    """
    nodes = ingestion.last_with_labs()
    verify_that(
        "dernière exécution avec `labs`, nœud « Valider »",
        "Valider" in nodes,
        "un nœud exécuté",
        sorted(nodes),
    )


@step(
    "tp22.4",
    hint="Faites échouer la validation exprès : un `min_rows` trop grand dans une copie des règles, donnée à `rules_file`.",
)
def test_a_failed_validation_was_notified(ingestion):
    """Vous avez vu une validation échouer, et la notification partir.

    Une alerte que l'on n'a jamais vue sonner n'est pas une alerte.
    """
    verdicts = [
        (
            nodes.get("Valider", [{}])[0].get("validation"),
            "Notifier l'échec" in nodes,
        )
        for nodes in ingestion.executions_with_labs()
    ]
    verify_that(
        "les exécutions avec `labs`, (verdict, notification d'échec)",
        ("failed", True) in verdicts,
        "au moins un échec notifié",
        verdicts,
    )
