# --- one dictionary built step by step, written with sys.stdout
# file: command_line.py
def run(action: Callable[[], dict], failure: dict) -> int:
    exit_code = FAILED
    try:
        result = action()
        if result["status"] == "success":
            exit_code = 0
    except BaseException as problem:
        known = isinstance(problem, IngestError)
        exit_code = problem.exit_code if known else FAILED
        error = problem.as_dict() if known else {"code": "unexpected", "message": f"Imprévu : {problem!r}"}
        result = dict(failure, status="error", error=error)
    if exit_code:
        sys.stderr.write(json.dumps({"message": result["error"]["message"], "level": "ERROR"}) + "\n")
    sys.stdout.write(json.dumps(result) + "\n")
    return exit_code

# --- the result with keys in another order, and one more
# file: report.py
def ingestion_result(outcome: Outcome, resource: str, run_id: str, mark: Watermark | None = None) -> dict:
    files = [one.path for one in outcome.days if one.status == "written"]
    result = {"days": len(outcome.days), "resource": resource, "run_id": run_id}
    result |= {"output_files": files, "output_file": next(iter(files), None)}
    result |= {"ingestion_date": datetime.now(UTC).isoformat(), "watermark": _watermark(outcome, mark)}
    result |= {"quarantined": outcome.quarantined, "records_count": sum(one.rows for one in outcome.days)}
    result |= {"partitions": partitions_by_status(outcome), "rows": count_rows(outcome), "status": "success"}
    if outcome.failures:
        by_day = {str(day): error.as_dict() for day, error in outcome.failures.items()}
        result |= {"status": "error", "failed": by_day, "error": by_day[min(by_day)]}
    return result
