# --- an unreadable file is an exception
# file: validate_data.py
# caught by: test_an_unreadable_file_is_a_failure_not_an_exception
# hint: rendez un échec `unreadable_file`
def validate_file(path: Path, validator) -> dict:
    import pyarrow.parquet as pq

    table = pq.ParquetFile(path).read()
    verdicts = validator.check(table)
    errors = [asdict(verdict) for verdict in verdicts if not verdict.passed]
    rules = [{**asdict(verdict), "passed": verdict.passed} for verdict in verdicts]
    return file_result(path, table.num_rows, table.column_names, rules, errors)

# --- errors as sentences only
# file: validate_data.py
# caught by: test_a_bad_file_fails_with_code_count_and_samples
# hint: asdict(verdict)
def validate_file(path: Path, validator) -> dict:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.ParquetFile(path).read()
    except (pa.ArrowException, OSError):
        return file_result(path, 0, [], [], [{"code": "unreadable_file", "message": "illisible"}])
    verdicts = validator.check(table)
    errors = [{"message": verdict.message} for verdict in verdicts if not verdict.passed]
    return file_result(path, table.num_rows, table.column_names, [asdict(verdict) for verdict in verdicts], errors)

# --- what was checked is not said
# file: validate_data.py
# caught by: test_a_good_file_passes
# hint: `rules` tous les verdicts
def validate_file(path: Path, validator) -> dict:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.ParquetFile(path).read()
    except (pa.ArrowException, OSError):
        return file_result(path, 0, [], [], [{"code": "unreadable_file", "message": "illisible"}])
    errors = [asdict(verdict) for verdict in validator.check(table) if not verdict.passed]
    return file_result(path, table.num_rows, table.column_names, errors, errors)

# --- all the verdicts taken for errors
# file: validate_data.py
# caught by: test_a_good_file_passes
# hint: `errors` les échecs
def validate_file(path: Path, validator) -> dict:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.ParquetFile(path).read()
    except (pa.ArrowException, OSError):
        return file_result(path, 0, [], [], [{"code": "unreadable_file", "message": "illisible"}])
    verdicts = [asdict(verdict) for verdict in validator.check(table)]
    return file_result(path, table.num_rows, table.column_names, verdicts, verdicts)

# --- only a missing file is foreseen
# file: validate_data.py
# caught by: test_an_unreadable_file_is_a_failure_not_an_exception
# hint: pa.ArrowException ou OSError
def validate_file(path: Path, validator) -> dict:
    import pyarrow.parquet as pq

    if not path.exists():
        return file_result(path, 0, [], [], [{"code": "unreadable_file", "message": "absent"}])
    table = pq.ParquetFile(path).read()
    verdicts = validator.check(table)
    errors = [asdict(verdict) for verdict in verdicts if not verdict.passed]
    return file_result(path, table.num_rows, table.column_names, [asdict(verdict) for verdict in verdicts], errors)

# --- the verdict says neither how many nor which
# file: validate_data.py
# caught by: test_the_verdict_says_how_many_and_which_first
# hint: combien de règles échouent
def verdict_of(errors: list[dict]) -> dict:
    if not errors:
        return {"status": "success", "validation": "passed"}
    error = {"code": "validation_failed", "message": "La validation a échoué."}
    return {"status": "error", "validation": "failed", "error": error}

# --- a failed validation that exits 0
# file: validate_data.py
# caught by: test_the_command_exits_1_when_a_rule_fails
# hint: status « error » donne 1
def verdict_of(errors: list[dict]) -> dict:
    if not errors:
        return {"status": "success", "validation": "passed"}
    message = f"{len(errors)} règle(s) en échec ; d'abord : {errors[0]['message']}"
    return {"status": "success", "validation": "failed", "error": {"code": "validation_failed", "message": message}}
