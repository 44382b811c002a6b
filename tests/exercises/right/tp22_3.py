# --- read_table and one loop
# file: validate_data.py
def validate_file(path: Path, validator) -> dict:
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path, partitioning=None)
    except Exception as problem:
        return file_result(path, 0, [], [], [{"code": "unreadable_file", "message": f"{path} : {problem}"}])
    rules, errors = [], []
    for verdict in validator.check(table):
        entry = asdict(verdict)
        rules.append(entry | {"passed": verdict.passed})
        if not verdict.passed:
            errors.append(entry)
    return file_result(path, len(table), table.schema.names, rules, errors)

# --- one dictionary, changed when there are errors
# file: validate_data.py
def verdict_of(errors: list[dict]) -> dict:
    verdict = dict(status="success", validation="passed")
    if errors:
        said = f"{errors[0]['message']} ({len(errors)} règles en échec)"
        verdict.update(status="error", validation="failed", error={"code": "validation_failed", "message": said})
    return verdict
