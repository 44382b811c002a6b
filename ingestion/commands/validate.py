"""Validate a Parquet file, or a whole bronze folder, against the course's rules.

    python -m ingestion validate --input-file data/bronze/events --rules-file solutions/validation_rules.json

stdout: one JSON object (`file`, `rows`, `columns`, `validation`, `errors`, `rules`).
Exit: 0 all passes, 1 a rule fails or a file is unreadable, 2 command or rules badly written.
"""

from __future__ import annotations

import sys
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from ingestion.bronze.partitions import FILE_NAME, partition_name, present_days
from ingestion.bronze.storage import LocalFolder, open_folder
from ingestion.commands.command_line import JsonParser, calendar_day, check_order, run
from ingestion.errors import usage_error
from ingestion.kinds import JsonObject
from ingestion.quality.rules import Rule, load_rules

if TYPE_CHECKING:
    from ingestion.quality.expectations import Validator


def build_parser() -> JsonParser:
    parser = JsonParser(
        prog="python -m ingestion validate", description="Vérifie la qualité de fichiers Parquet."
    )
    parser.add_argument(
        "--input-file", type=local_path, required=True, help="un fichier, ou un dossier bronze"
    )
    parser.add_argument("--rules-file", type=Path, help="règles JSON (sans fichier : règles par défaut)")
    parser.add_argument("--start-date", type=calendar_day, help="dossier : premier jour à valider")
    parser.add_argument("--end-date", type=calendar_day, help="dossier : dernier jour à valider")
    return parser


def local_path(text: str) -> Path:
    """A file or folder of this machine; a usage error for any other address."""
    folder = open_folder(text)
    if not isinstance(folder, LocalFolder):
        raise usage_error(
            f"{text} : la validation lit les fichiers de cette machine, pas s3:// : copiez-y d'abord le fichier."
        )
    return folder.path


def validate(argv: list[str] | None) -> JsonObject:
    """Run the command and give its result; a usage error if it is badly written."""
    options = build_parser().parse_args(argv)
    if options.start_date and options.end_date:
        check_order(options.start_date, options.end_date)
    rules = load_rules(options.rules_file)
    paths = files_to_validate(options.input_file, options.start_date, options.end_date)
    results = validate_files(paths, rules)
    if options.input_file.is_dir():
        return folder_result(options.input_file, results)
    return results[0]


def files_to_validate(source: Path, start: date | None, end: date | None) -> list[Path]:
    """The file itself, or the partitions of the folder between `start` and `end`, in the order of the days."""
    if source.is_file():
        return [source]
    if not source.is_dir():
        raise usage_error(f"{source} n'existe pas : ingérez d'abord, ou vérifiez --input-file.")
    present = sorted(present_days(LocalFolder(source)))
    days = [day for day in present if (not start or day >= start) and (not end or day <= end)]
    if not days:
        raise usage_error(f"{source} ne contient aucune partition partition_date=…/{FILE_NAME} à valider.")
    return [source / partition_name(day) for day in days]


def validate_files(paths: list[Path], rules: list[Rule]) -> list[JsonObject]:
    """The result of each file. Great Expectations is imported only once."""
    from ingestion.quality.expectations import Validator

    validator = Validator(rules)
    return [validate_file(path, validator) for path in paths]


def validate_file(path: Path, validator: Validator) -> JsonObject:
    """The course's keys, and a verdict a rule; an unreadable file is a failure, not an exception."""
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


def file_result(
    path: Path, rows: int, columns: list[str], rules: list[JsonObject], errors: list[JsonObject]
) -> JsonObject:
    return {
        **verdict_of(errors),
        "file": str(path),
        "rows": rows,
        "columns": columns,
        "errors": errors,
        "rules": rules,
    }


def folder_result(folder: Path, results: list[JsonObject]) -> JsonObject:
    """A single verdict for the folder; each error says its file."""
    errors = [{"file": result["file"], **error} for result in results for error in result["errors"]]
    return {
        **verdict_of(errors),
        "file": str(folder),
        "rows": sum(result["rows"] for result in results),
        "columns": results[0]["columns"],
        "errors": errors,
        "files": results,
    }


def verdict_of(errors: list[JsonObject]) -> JsonObject:
    if not errors:
        return {"status": "success", "validation": "passed"}
    message = f"{len(errors)} règle(s) en échec ; d'abord : {errors[0]['message']}"
    error = {"code": "validation_failed", "message": message}
    return {"status": "error", "validation": "failed", "error": error}


def main(argv: list[str] | None = None) -> int:
    return run(lambda: validate(argv), failure={"validation": "failed", "errors": []})


if __name__ == "__main__":
    sys.exit(main())
