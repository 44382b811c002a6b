# --- a Python dictionary instead of JSON
# file: command_line.py
# caught by: test_a_success_is_one_json_object_and_code_0
# hint: json.dumps
def run(action: Callable[[], dict], failure: dict) -> int:
    try:
        result = action()
        code = 0 if result["status"] == "success" else FAILED
    except IngestError as error:
        result, code = {"status": "error", **failure, "error": error.as_dict()}, error.exit_code
    except Exception as error:
        result, code = {"status": "error", **failure, "error": {"code": "internal_error", "message": str(error)}}, FAILED
    print(result)
    return code

# --- a word of progress on stdout
# file: command_line.py
# caught by: test_a_success_is_one_json_object_and_code_0
# hint: rien d'autre sur stdout
def run(action: Callable[[], dict], failure: dict) -> int:
    print("Début du passage")
    try:
        result = action()
        code = 0 if result["status"] == "success" else FAILED
    except IngestError as error:
        result, code = {"status": "error", **failure, "error": error.as_dict()}, error.exit_code
    except Exception as error:
        result, code = {"status": "error", **failure, "error": {"code": "internal_error", "message": str(error)}}, FAILED
    print(json.dumps(result))
    return code

# --- always code 0
# file: command_line.py
# caught by: test_a_result_in_error_is_code_1
# hint: Le code de sortie suit
def run(action: Callable[[], dict], failure: dict) -> int:
    try:
        result, code = action(), 0
    except IngestError as error:
        result, code = {"status": "error", **failure, "error": error.as_dict()}, error.exit_code
    except Exception as error:
        result, code = {"status": "error", **failure, "error": {"code": "internal_error", "message": str(error)}}, FAILED
    if code:
        print(json.dumps({"level": "ERROR", "message": result["error"]["message"]}), file=sys.stderr)
    print(json.dumps(result))
    return code

# --- the error as a sentence only
# file: command_line.py
# caught by: test_an_expected_error_keeps_its_code_and_message
# hint: error.as_dict()
def run(action: Callable[[], dict], failure: dict) -> int:
    try:
        result = action()
        code = 0 if result["status"] == "success" else FAILED
    except IngestError as error:
        result, code = {"status": "error", **failure, "error": {"message": error.message}}, error.exit_code
        print(json.dumps({"level": "ERROR", "message": error.message}), file=sys.stderr)
    except Exception as error:
        result, code = {"status": "error", **failure, "error": {"code": "internal_error", "message": str(error)}}, FAILED
    print(json.dumps(result))
    return code

# --- wrong usage and failure alike
# file: command_line.py
# caught by: test_an_expected_error_keeps_its_code_and_message
# hint: error.exit_code
def run(action: Callable[[], dict], failure: dict) -> int:
    try:
        result = action()
    except IngestError as error:
        result = {"status": "error", **failure, "error": error.as_dict()}
        print(json.dumps({"level": "ERROR", "message": error.message}), file=sys.stderr)
    except Exception as error:
        result = {"status": "error", **failure, "error": {"code": "internal_error", "message": str(error)}}
    print(json.dumps(result))
    return 0 if result["status"] == "success" else 1

# --- an unexpected exception comes out
# file: command_line.py
# caught by: test_an_unexpected_exception_is_told_too
# hint: except Exception as error
def run(action: Callable[[], dict], failure: dict) -> int:
    try:
        result = action()
        code = 0 if result["status"] == "success" else FAILED
    except IngestError as error:
        result, code = {"status": "error", **failure, "error": error.as_dict()}, error.exit_code
        print(json.dumps({"level": "ERROR", "message": error.message}), file=sys.stderr)
    print(json.dumps(result))
    return code

# --- the traceback printed
# file: command_line.py
# caught by: test_an_unexpected_exception_is_told_too
# hint: aucune trace de pile
def run(action: Callable[[], dict], failure: dict) -> int:
    try:
        result = action()
        code = 0 if result["status"] == "success" else FAILED
    except IngestError as error:
        result, code = {"status": "error", **failure, "error": error.as_dict()}, error.exit_code
        print(json.dumps({"level": "ERROR", "message": error.message}), file=sys.stderr)
    except Exception as error:
        traceback.print_exc()
        result, code = {"status": "error", **failure, "error": {"code": "internal_error", "message": str(error)}}, FAILED
    print(json.dumps(result))
    return code

# --- success whatever happened to the days
# file: report.py
# caught by: test_a_failed_run_says_so
# hint: outcome.failures n'est pas vide
def ingestion_result(outcome: Outcome, resource: str, run_id: str, mark: Watermark | None = None) -> dict:
    written = [day.path for day in outcome.days if day.status == "written"]
    return {
        "status": "success",
        "run_id": run_id,
        "resource": resource,
        "records_count": sum(day.rows for day in outcome.days),
        "output_file": written[0] if written else None,
        "output_files": written,
        "ingestion_date": datetime.now(UTC).isoformat(),
        "quarantined": outcome.quarantined,
        "watermark": _watermark(outcome, mark),
        "partitions": partitions_by_status(outcome),
        "rows": count_rows(outcome),
    }

# --- the refused rows counted as ingested, and the time naive
# file: report.py
# caught by: test_a_whole_run_gives_the_keys_of_the_course
# hint: Les clés
def ingestion_result(outcome: Outcome, resource: str, run_id: str, mark: Watermark | None = None) -> dict:
    written = [day.path for day in outcome.days if day.status == "written"]
    return {
        "status": "error" if outcome.failures else "success",
        "records_count": outcome.received,
        "output_file": written[0] if written else None,
        "output_files": written,
        "ingestion_date": datetime.now().isoformat(),
        "partitions": partitions_by_status(outcome),
    }

# --- the end date ignored
# file: partitions.py
# caught by: test_every_row_is_in_the_partition_of_its_day
# hint: --end-date est compris
def days_between(start: date, end: date) -> list[date]:
    return [start]

# --- files named by the time of writing
# file: partitions.py
# caught by: test_running_twice_doubles_nothing
# hint: même nom de fichier
def partition_name(day: date) -> str:
    import time

    return f"{PREFIX}{day.isoformat()}/{time.time_ns()}_data.parquet"
