# --- the reading apart, two returns
# file: validate_data.py
def validate_file(path: Path, rules: dict, check=check_with_pandas) -> dict:
    try:
        table = pq.ParquetFile(path).read()
    except (OSError, pa.ArrowException) as problem:
        error = {"rule": None, "column": None, "code": "unreadable_file", "message": f"{path} : {problem}"}
        return dict(file=str(path), rows=0, columns=[], rules=[], validation="failed", errors=[error])
    verdicts = check(table.to_pandas(types_mapper=pd.ArrowDtype), rules)
    errors = list(filter(lambda one: not one["passed"], verdicts))
    return {
        "file": str(path),
        "rows": table.num_rows,
        "columns": table.column_names,
        "validation": "passed" if not errors else "failed",
        "rules": verdicts,
        "errors": errors,
    }


# --- pq.read_table without its partitions
# file: validate_data.py
def validate_file(path: Path, rules: dict, check=check_with_pandas) -> dict:
    """{"file", "rows", "columns", "validation", "errors", "rules"} ; un fichier illisible est un échec."""
    result = {"file": str(path), "rows": 0, "columns": [], "rules": []}
    try:
        frame = pq.read_table(path, partitioning=None).to_pandas(types_mapper=pd.ArrowDtype)
        result |= {"rows": len(frame), "columns": list(frame.columns), "rules": check(frame, rules)}
        errors = [one for one in result["rules"] if not one["passed"]]
    except (OSError, pa.ArrowException) as error:
        said = f"{path} n'est pas un fichier Parquet lisible ({error})"
        errors = [{"rule": None, "column": None, "code": "unreadable_file", "message": said}]
    return {**result, "validation": "failed" if errors else "passed", "errors": errors}


# --- the code looked up in a table
# file: validate_data.py
def main(argv: list[str] | None = None) -> int:
    try:
        result = validate(parse_args(argv))
        code = {"success": 0, "error": 1}[result["status"]]
    except UsageError as error:
        result, code = {"status": "error", "validation": "failed", "errors": []}, 2
        result["error"] = {"code": "usage", "message": str(error)}
    sys.stdout.write(json.dumps(result) + "\n")
    return code
