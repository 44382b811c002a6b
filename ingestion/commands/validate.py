"""Validate a Parquet file, or a whole bronze folder, against the course's rules.

    python -m ingestion validate --input-file data/bronze/events --rules-file solutions/validation_rules.json
    python -m ingestion validate --input-file s3://seau/bronze

stdout: one JSON object (`file`, `rows`, `columns`, `validation`, `errors`, `rules`).
Exit: 0 all passes, 1 a rule fails or a file is unreadable, 2 command or rules badly written.
"""

from __future__ import annotations

import sys
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from ingestion.bronze.contention import until_steady
from ingestion.bronze.partitions import FILE_NAME, partition_name, present_days
from ingestion.bronze.storage import Folder, open_folder
from ingestion.commands.command_line import JsonParser, calendar_day, check_order, run
from ingestion.errors import counted, usage_error
from ingestion.kinds import JsonObject
from ingestion.quality.rules import Rule, load_rules

if TYPE_CHECKING:
    from ingestion.quality.expectations import Validator


def build_parser() -> JsonParser:
    parser = JsonParser(
        prog="python -m ingestion validate", description="Vérifie la qualité de fichiers Parquet."
    )
    parser.add_argument(
        "--input-file", type=open_folder, required=True, help="un fichier, ou un dossier bronze, ou s3://…"
    )
    parser.add_argument("--rules-file", type=Path, help="règles JSON (sans fichier : règles par défaut)")
    parser.add_argument("--start-date", type=calendar_day, help="dossier : premier jour à valider")
    parser.add_argument("--end-date", type=calendar_day, help="dossier : dernier jour à valider")
    return parser


def validate(argv: list[str] | None) -> JsonObject:
    """Run the command and give its result; a usage error if it is badly written."""
    options = build_parser().parse_args(argv)
    if options.start_date and options.end_date:
        check_order(options.start_date, options.end_date)
    rules = load_rules(options.rules_file)
    folder = options.input_file
    if alone := folder.as_file():
        above, name = alone
        return validate_files(above, [name], rules)[0]
    names = names_to_validate(folder, options.start_date, options.end_date)
    return folder_result(str(folder), validate_files(folder, names, rules))


def names_to_validate(folder: Folder, start: date | None, end: date | None) -> list[str]:
    """The partitions of the folder between `start` and `end`, in the order of the days."""
    present = sorted(present_days(folder))
    days = [day for day in present if (not start or day >= start) and (not end or day <= end)]
    if not days:
        raise usage_error(
            f"{folder} n'existe pas, ou ne contient aucune partition partition_date=…/{FILE_NAME} à valider : "
            "ingérez d'abord, ou vérifiez --input-file."
        )
    return [partition_name(day) for day in days]


def validate_files(folder: Folder, names: list[str], rules: list[Rule]) -> list[JsonObject]:
    """The result of each file. Great Expectations is imported only once."""
    from ingestion.quality.expectations import Validator

    validator = Validator(rules)
    return [validate_file(folder, name, validator) for name in names]


def validate_file(folder: Folder, name: str, validator: Validator) -> JsonObject:
    """The course's keys, and a verdict a rule; an unreadable file is a failure, not an exception."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = folder.where(name)
    try:
        table = until_steady(lambda: pq.ParquetFile(folder.source(name)).read(), path)
    except (pa.ArrowException, OSError) as error:
        message = f"{path} n'est pas un fichier Parquet lisible ({str(error).splitlines()[0]})."
        unreadable = {"rule": None, "column": None, "code": "unreadable_file", "message": message}
        return file_result(path, 0, [], [], [unreadable])
    verdicts = validator.check(table)
    errors = [asdict(verdict) for verdict in verdicts if not verdict.passed]
    rules = [{**asdict(verdict), "passed": verdict.passed} for verdict in verdicts]
    return file_result(path, table.num_rows, table.column_names, rules, errors)


def file_result(
    path: str, rows: int, columns: list[str], rules: list[JsonObject], errors: list[JsonObject]
) -> JsonObject:
    return {
        **verdict_of(errors),
        "file": path,
        "rows": rows,
        "columns": columns,
        "errors": errors,
        "rules": rules,
    }


def folder_result(folder: str, results: list[JsonObject]) -> JsonObject:
    """A single verdict for the folder; each error says its file."""
    errors = [{"file": result["file"], **error} for result in results for error in result["errors"]]
    return {
        **verdict_of(errors),
        "file": folder,
        "rows": sum(result["rows"] for result in results),
        "columns": results[0]["columns"],
        "errors": errors,
        "files": results,
    }


def verdict_of(errors: list[JsonObject]) -> JsonObject:
    if not errors:
        return {"status": "success", "validation": "passed"}
    message = f"{counted(len(errors), 'règle')} en échec ; d'abord : {errors[0]['message']}"
    error = {"code": "validation_failed", "message": message}
    return {"status": "error", "validation": "failed", "error": error}


def main(argv: list[str] | None = None) -> int:
    return run(lambda: validate(argv), failure={"validation": "failed", "errors": []})


if __name__ == "__main__":
    sys.exit(main())
