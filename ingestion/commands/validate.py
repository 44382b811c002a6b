"""Valide un fichier Parquet, ou tout un dossier bronze, contre les règles du cours.

    python -m ingestion validate --input-file data/bronze/events --rules-file solutions/validation_rules.json

stdout : un objet JSON (`file`, `rows`, `columns`, `validation`, `errors`, `rules`).
Sortie : 0 tout passe, 1 une règle échoue ou un fichier est illisible, 2 commande ou règles mal écrites.
"""

import sys
from dataclasses import asdict
from pathlib import Path

from ingestion.bronze.partitions import FILE_NAME, partition_name, present_days
from ingestion.bronze.storage import LocalFolder
from ingestion.commands.command_line import JsonParser, calendar_day, run
from ingestion.errors import usage_error
from ingestion.quality.rules import Rule, load_rules


def build_parser() -> JsonParser:
    parser = JsonParser(
        prog="python -m ingestion validate", description="Vérifie la qualité de fichiers Parquet."
    )
    parser.add_argument("--input-file", type=Path, required=True, help="un fichier, ou un dossier bronze")
    parser.add_argument("--rules-file", type=Path, help="règles JSON (sans fichier : règles par défaut)")
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
    from ingestion.quality.expectations import Validator

    validator = Validator(rules)
    return [validate_file(path, validator) for path in paths]


def validate_file(path: Path, validator) -> dict:
    """Les clés du cours, et un verdict par règle ; un fichier illisible est un échec, pas une exception."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.ParquetFile(path).read()
    except (pa.ArrowException, OSError) as error:
        message = f"{path} n'est pas un fichier Parquet lisible ({str(error).splitlines()[0]})."
        unreadable = {"rule": None, "column": None, "code": "unreadable_file", "message": message}
        return file_result(path, 0, [], [], [unreadable])
    verdicts = validator.check(table)
    errors = [asdict(verdict) for verdict in verdicts if not verdict.passed]
    rules = [{**asdict(verdict), "passed": verdict.passed} for verdict in verdicts]
    return file_result(path, table.num_rows, table.column_names, rules, errors)


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
    if not errors:
        return {"status": "success", "validation": "passed"}
    message = f"{len(errors)} règle(s) en échec ; d'abord : {errors[0]['message']}"
    error = {"code": "validation_failed", "message": message}
    return {"status": "error", "validation": "failed", "error": error}


def main(argv: list[str] | None = None) -> int:
    return run(lambda: validate(argv), failure={"validation": "failed", "errors": []})


if __name__ == "__main__":
    sys.exit(main())
