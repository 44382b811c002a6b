"""Valide un fichier Parquet, ou tous ceux d'un dossier bronze, contre cinq règles.

    python solutions/validate_data.py --input-file data/bronze/events --rules-file solutions/validation_rules.json

Les règles se vérifient en pandas, ou avec Great Expectations (--checks gx) ; le verdict est le même.
stdout : un objet JSON. Sortie : 0 tout passe, 1 une règle échoue, 2 commande ou règles mal écrites.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

DEFAULT_RULES = {
    "required_columns": ["id", "_ingested_at"],
    "not_null_columns": ["id"],
    "unique_columns": ["id"],
    "min_rows": 1,
}
RULES = ("required_columns", "not_null_columns", "unique_columns", "value_ranges", "min_rows")
CODES = {
    "required_columns": ("missing_column", "la colonne manque"),
    "not_null_columns": ("null_values", "des valeurs sont absentes"),
    "unique_columns": ("duplicate_values", "des lignes partagent la même valeur"),
    "value_ranges": ("out_of_range", "des valeurs sortent des bornes"),
    "min_rows": ("too_few_rows", "il n'y a pas assez de lignes"),
}


class UsageError(Exception):
    """La commande ou le fichier de règles sont mal écrits : une phrase, sortie 2."""


# Étape 1 : les arguments, les règles


class Parser(argparse.ArgumentParser):
    def error(self, message: str):
        raise UsageError(f"{message}. Aide : python {self.prog} --help")


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Les arguments de la commande ; UsageError si elle est mal écrite."""
    parser = Parser(prog="validate_data.py", description="Vérifie la qualité de fichiers Parquet.")
    ### BEGIN SOLUTION tp22.1
    parser.add_argument("--input-file", type=Path, required=True, help="un fichier, ou un dossier bronze")
    parser.add_argument("--rules-file", type=Path, help="règles JSON (sans fichier : règles par défaut)")
    ### END SOLUTION
    parser.add_argument("--start-date", default="", help="dossier : premier jour à valider, AAAA-MM-JJ")
    parser.add_argument("--end-date", default="9999", help="dossier : dernier jour à valider, compris")
    parser.add_argument("--checks", choices=("pandas", "gx"), default="pandas", help="qui (%(default)s)")
    return parser.parse_args(argv)


def load_rules(path: Path | None) -> dict:
    """Les règles du fichier, ou DEFAULT_RULES sans fichier ; UsageError s'il est mal écrit."""
    ### BEGIN SOLUTION tp22.1
    if path is None:
        return DEFAULT_RULES
    try:
        rules = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} ne se lit pas comme un fichier de règles JSON ({error})") from None
    if not isinstance(rules, dict):
        raise UsageError(f"{path} : un objet JSON de règles était attendu")
    for name in rules:
        if name not in RULES:
            raise UsageError(f"{path} : règle inconnue « {name} ». Règles connues : {', '.join(RULES)}")
    check_rules(rules, path)
    return rules
    ### END SOLUTION


def check_rules(rules: dict, path: Path) -> None:
    """Refuse une règle dont la valeur n'a pas la forme attendue."""
    for name in ("required_columns", "not_null_columns", "unique_columns"):
        columns = rules.get(name, [])
        if not isinstance(columns, list) or not all(isinstance(column, str) for column in columns):
            raise UsageError(f"{path} : {name} doit être une liste de noms de colonnes")
    ranges, least = rules.get("value_ranges", {}), rules.get("min_rows", 0)
    if type(least) is not int or least < 0:
        raise UsageError(f"{path} : min_rows doit être un entier positif, pas {least!r}")
    for column, pair in ranges.items() if isinstance(ranges, dict) else [("value_ranges", ranges)]:
        bounds = [bound for bound in pair if bound is not None] if isinstance(pair, list) else []
        numbers = all(type(bound) in (int, float) for bound in bounds)
        if not bounds or len(pair) != 2 or not numbers or bounds != sorted(bounds):
            raise UsageError(f"{path} : {column} doit avoir deux bornes [min, max], pas {pair!r}")


# Étape 2 : les cinq règles, en pandas


def each_rule(rules: dict) -> list[tuple]:
    """Les règles une à une, (nom, colonne, valeur) : ("not_null_columns", "id", None), ("min_rows", None, 10)…"""
    found: list[tuple] = [(name, column, None) for name in RULES[:3] for column in rules.get(name, [])]
    found += [("value_ranges", column, tuple(pair)) for column, pair in rules.get("value_ranges", {}).items()]
    return found + [("min_rows", None, rules["min_rows"])] if "min_rows" in rules else found


def wrong_rows(frame: pd.DataFrame, rule: str, column: str | None, value) -> pd.Series:
    """Vrai pour chaque ligne que la règle refuse ; partout si elle refuse la table entière."""
    ### BEGIN SOLUTION tp22.2
    nothing = pd.Series(False, index=frame.index)
    if rule == "min_rows":
        return ~nothing if len(frame) < value else nothing
    if column not in frame:
        return ~nothing
    values = frame[column]
    if rule == "not_null_columns":
        return values.isna()
    if rule == "unique_columns":
        return values.duplicated(keep=False) & values.notna()
    if rule == "value_ranges":
        low, high = value
        too_low = values < low if low is not None else nothing
        too_high = values > high if high is not None else nothing
        return (too_low | too_high).fillna(False).astype(bool)
    return nothing
    ### END SOLUTION


def verdict(frame: pd.DataFrame, rule: str, column: str | None, value, wrong: pd.Series | None) -> dict:
    """Le verdict d'une règle : {"rule", "column", "code", "passed", "checked", "failed", "message", "samples"}.

    wrong : les lignes refusées ; None si la règle ne peut être jugée (des bornes sur une colonne de texte).
    """
    missing, lines = column is not None and column not in frame, len(frame)
    code, said = CODES["required_columns" if missing else rule]
    failed, passed, shown = lines, False, {}
    if wrong is None:
        code, said = "not_a_number", "la colonne n'est pas faite de nombres"
    else:
        failed = int(wrong.sum())
        passed = not (failed or missing or (rule == "min_rows" and lines < value))
        shown = dict(frame[column][wrong].head(5)) if column in frame else {}
    result: dict = {"rule": rule, "column": column, "code": "ok" if passed else code, "passed": passed}
    result |= {"checked": lines, "failed": failed, "message": ""}
    if not passed:
        result["message"] = f"{column or 'table'} : {said} ({failed} sur {lines} lignes)"
    return result | {"samples": [{"row": int(row), "value": plain(one)} for row, one in shown.items()]}


def plain(value) -> object:
    """Une valeur que JSON sait écrire."""
    return None if pd.isna(value) else value if isinstance(value, (bool, int, float, str)) else str(value)


def each_verdict(frame: pd.DataFrame, rules: dict, refused: Callable) -> list[dict]:
    """Le verdict de chaque règle ; `refused(règle, colonne, valeur)` rend les lignes qu'elle refuse."""
    found = []
    for rule, column, value in each_rule(rules):
        text = rule == "value_ranges" and column in frame and not pd.api.types.is_numeric_dtype(frame[column])
        found.append(verdict(frame, rule, column, value, None if text else refused(rule, column, value)))
    return found


def check_with_pandas(frame: pd.DataFrame, rules: dict) -> list[dict]:
    """Le verdict de chaque règle."""
    return each_verdict(frame, rules, partial(wrong_rows, frame))


# Étape 3 : le verdict, et un JSON pour n8n


def validate_file(path: Path, rules: dict, check=check_with_pandas) -> dict:
    """{"file", "rows", "columns", "validation", "errors", "rules"} ; un fichier illisible est un échec."""
    ### BEGIN SOLUTION tp22.3
    result = {"file": str(path), "rows": 0, "columns": [], "rules": []}
    try:
        frame = pq.ParquetFile(path).read().to_pandas(types_mapper=pd.ArrowDtype)
        verdicts = check(frame, rules)
        result |= {"rows": len(frame), "columns": list(frame.columns), "rules": verdicts}
        errors = [one for one in verdicts if not one["passed"]]
    except (OSError, pa.ArrowException) as error:
        said = f"{path} n'est pas un fichier Parquet lisible ({error})"
        errors = [{"rule": None, "column": None, "code": "unreadable_file", "message": said}]
    return {**result, "validation": "failed" if errors else "passed", "errors": errors}
    ### END SOLUTION


def files_of(options: argparse.Namespace) -> list[Path]:
    """Le fichier, ou ceux des jours demandés du dossier ; UsageError s'il n'y a rien à valider."""
    source = options.input_file
    if source.is_file():
        return [source]
    files = sorted(source.glob("partition_date=*/data.parquet"))
    days = [path.parent.name.removeprefix("partition_date=") for path in files]
    pairs = zip(days, files, strict=True)
    chosen = [path for day, path in pairs if options.start_date <= day <= options.end_date]
    if not chosen:
        raise UsageError(f"{source} : aucun fichier à valider ; ingérez d'abord, ou vérifiez --input-file")
    return chosen


def validate(options: argparse.Namespace) -> dict:
    """Le verdict du fichier, ou celui du dossier : `files` porte alors celui de chaque fichier."""
    rules = load_rules(options.rules_file)
    check = check_with_gx if options.checks == "gx" else check_with_pandas
    results = [validate_file(path, rules, check) for path in files_of(options)]
    result = results[0]
    if options.input_file.is_dir():
        errors = [{"file": one["file"], **error} for one in results for error in one["errors"]]
        whole = {"file": str(options.input_file), "columns": result["columns"], "files": results}
        whole |= {"rows": sum(one["rows"] for one in results), "errors": errors}
        result = {**whole, "validation": "failed" if errors else "passed"}
    if not result["errors"]:
        return {"status": "success", **result}
    message = f"{len(result['errors'])} contrôle(s) en échec ; d'abord {result['errors'][0]['message']}"
    return {"status": "error", **result, "error": {"code": "validation_failed", "message": message}}


def main(argv: list[str] | None = None) -> int:
    """Imprime le verdict, un seul objet JSON sur stdout, et rend le code de sortie."""
    ### BEGIN SOLUTION tp22.3
    try:
        result = validate(parse_args(argv))
    except UsageError as error:
        said = {"code": "usage", "message": f"{error}."}
        result = {"status": "error", "validation": "failed", "errors": [], "error": said}
    print(json.dumps(result))
    if result["status"] == "success":
        return 0
    return 2 if result["error"]["code"] == "usage" else 1
    ### END SOLUTION


# Pour aller plus loin (étape 5) : les mêmes règles, en Great Expectations


def expectation(rule: str, column: str | None, value):
    """L'attente de Great Expectations qui dit la même chose que la règle."""
    ### BEGIN SOLUTION tp22.5
    import great_expectations.expectations as gxe

    if rule == "min_rows":
        return gxe.ExpectTableRowCountToBeBetween(min_value=value)
    if rule == "value_ranges":
        return gxe.ExpectColumnValuesToBeBetween(column=column, min_value=value[0], max_value=value[1])
    kinds = (gxe.ExpectColumnToExist, gxe.ExpectColumnValuesToNotBeNull, gxe.ExpectColumnValuesToBeUnique)
    return kinds[RULES.index(rule)](column=column)
    ### END SOLUTION


def check_with_gx(frame: pd.DataFrame, rules: dict) -> list[dict]:
    """Le verdict de chaque règle, par Great Expectations, dont l'import prend deux secondes."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.pandas_default.add_dataframe_asset("partition")
    batch = asset.add_batch_definition_whole_dataframe("table").get_batch({"dataframe": frame})

    def refused(rule: str, column: str | None, value) -> pd.Series:
        if column is not None and column not in frame:
            return pd.Series(True, index=frame.index)
        result = batch.validate(expectation(rule, column, value), result_format="COMPLETE")
        rows = [] if result.success else result.result.get("unexpected_index_list", frame.index)
        return pd.Series(frame.index.isin(rows), index=frame.index)

    return each_verdict(frame, rules, refused)


if __name__ == "__main__":
    sys.exit(main())
