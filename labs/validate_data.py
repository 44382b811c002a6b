# Votre exemplaire, écrit d'après solutions/validate_data.py par « lab cut ».
"""Valide un fichier Parquet, ou tout un dossier bronze, contre les règles du cours.

    python solutions/validate_data.py --input-file data/bronze/events --rules-file solutions/validation_rules.json

stdout : un objet JSON (`file`, `rows`, `columns`, `validation`, `errors`, `rules`).
Sortie : 0 tout passe, 1 une règle échoue ou un fichier est illisible, 2 commande ou règles mal écrites.
"""

import sys
from dataclasses import asdict
from pathlib import Path

from command_line import JsonParser, calendar_day, run
from errors import usage_error
from partitions import FILE_NAME, partition_name, present_days
from rules import Rule, load_rules
from storage import LocalFolder


def build_parser() -> JsonParser:
    parser = JsonParser(prog="validate_data.py", description="Vérifie la qualité de fichiers Parquet.")
    # À vous (tp22.1) : --input-file (requis) et --rules-file, deux Path.
    raise NotImplementedError("tp22.1")
    parser.add_argument("--start-date", type=calendar_day, help="dossier : premier jour à valider")
    parser.add_argument("--end-date", type=calendar_day, help="dossier : dernier jour à valider")
    return parser


def validate(argv: list[str] | None) -> dict:
    """Exécute la commande et rend son résultat ; IngestError d'usage si elle est mal écrite."""
    options = build_parser().parse_args(argv)
    rules = load_rules(options.rules_file)
    paths = files_to_validate(options.input_file, options.start_date, options.end_date)
    results = validate_files(paths, rules)
    if options.input_file.is_dir():
        return folder_result(options.input_file, results)
    return results[0]


def files_to_validate(source: Path, start, end) -> list[Path]:
    """Le fichier lui-même, ou les partitions du dossier entre `start` et `end`, dans l'ordre des jours."""
    if source.is_file():
        return [source]
    if not source.is_dir():
        raise usage_error(f"{source} n'existe pas : ingérez d'abord, ou vérifiez --input-file.")
    present = sorted(present_days(LocalFolder(source)))
    days = [day for day in present if (not start or day >= start) and (not end or day <= end)]
    if not days:
        raise usage_error(f"{source} ne contient aucune partition partition_date=…/{FILE_NAME} à valider.")
    return [source / partition_name(day) for day in days]


def validate_files(paths: list[Path], rules: list[Rule]) -> list[dict]:
    """Le résultat de chaque fichier. Great Expectations n'est importé qu'une fois."""
    from expectations import Validator

    validator = Validator(rules)
    return [validate_file(path, validator) for path in paths]


def validate_file(path: Path, validator) -> dict:
    """Les clés du cours, et un verdict par règle ; un fichier illisible est un échec, pas une exception."""
    # À vous (tp22.3) : lisez le fichier Parquet, faites juger la table par `validator.check`, et rendez `file_result`. Un
    # fichier illisible est un échec de code `unreadable_file`, pas une exception.
    raise NotImplementedError("tp22.3")


def file_result(path: Path, rows: int, columns: list[str], rules: list[dict], errors: list[dict]) -> dict:
    return {
        **verdict_of(errors),
        "file": str(path),
        "rows": rows,
        "columns": columns,
        "errors": errors,
        "rules": rules,
    }


def folder_result(folder: Path, results: list[dict]) -> dict:
    """Un seul verdict pour le dossier ; chaque erreur y dit son fichier."""
    errors = [{"file": result["file"], **error} for result in results for error in result["errors"]]
    return {
        **verdict_of(errors),
        "file": str(folder),
        "rows": sum(result["rows"] for result in results),
        "columns": results[0]["columns"],
        "errors": errors,
        "files": results,
    }


def verdict_of(errors: list[dict]) -> dict:
    # À vous (tp22.3) : {"status": "success", "validation": "passed"} quand `errors` est vide ; sinon "error" et "failed", et
    # un `error` dont le message dit combien de règles échouent et ce que dit la première.
    raise NotImplementedError("tp22.3")


def main(argv: list[str] | None = None) -> int:
    return run(lambda: validate(argv), failure={"validation": "failed", "errors": []})


if __name__ == "__main__":
    sys.exit(main())
