# --- success though a day has failed
# file: ingest_api.py
# caught by: test_a_day_that_fails_does_not_stop_the_others
# hint: boucle
def summary(
    options: argparse.Namespace, done: dict, skipped: list[date], failed: dict, mark: str | None
) -> dict:
    """Le JSON du passage. done : {jour: ce que rend ingest_day} ; failed : {jour: son erreur, {"code", "message"}}."""
    by_status = {name: [str(day) for day in done if done[day]["status"] == name] for name in STATUSES}
    files = [str(partition_file(options.output_dir, date.fromisoformat(day))) for day in by_status["written"]]
    result = {
        "status": "success",
        "records_count": sum(one["rows"] for one in done.values()),
        "output_file": files[0] if files else None,
        "output_files": files,
        "ingestion_date": datetime.now(UTC).isoformat(timespec="seconds"),
        "quarantined": sum(one["quarantined"] for one in done.values()),
        "watermark": mark,
        "partitions": {**by_status, "skipped": [str(day) for day in skipped]},
    }
    if failed:
        before = as_text(options.since) if options.since else None
        errors = {str(day): failed[day] for day in sorted(failed)}
        result |= {"watermark": before, "error": next(iter(errors.values())), "failed": errors}
    return result


# --- stops at the first failed day
# file: ingest_api.py
# caught by: test_a_day_that_fails_does_not_stop_the_others
# hint: jour suivant
def ingest(options: argparse.Namespace) -> dict:
    """Ingère les jours de `days_to_do`, et rend le bilan ; un jour en échec n'arrête pas les suivants."""
    done, failed = {}, {}
    days, skipped, mark = days_to_do(options)
    for day in days:
        try:
            done[day] = ingest_day(options, day)
        except (IngestError, OSError, pa.ArrowException) as error:
            failed[day] = as_error(error)
            logger.error("%s failed: %s", day, failed[day]["message"])
            break
    return summary(options, done, skipped, failed, mark)


# --- only the last error kept
# file: ingest_api.py
# caught by: test_a_day_that_fails_does_not_stop_the_others
# hint: failed
def ingest(options: argparse.Namespace) -> dict:
    """Ingère les jours de `days_to_do`, et rend le bilan ; un jour en échec n'arrête pas les suivants."""
    done, failed = {}, {}
    days, skipped, mark = days_to_do(options)
    for day in days:
        try:
            done[day] = ingest_day(options, day)
        except (IngestError, OSError, pa.ArrowException) as error:
            failed.clear()
            failed[day] = as_error(error)
            logger.error("%s failed: %s", day, failed[day]["message"])
    return summary(options, done, skipped, failed, mark)


# --- only the first error kept
# file: ingest_api.py
# caught by: test_a_day_that_fails_does_not_stop_the_others
# hint: failed
def ingest(options: argparse.Namespace) -> dict:
    """Ingère les jours de `days_to_do`, et rend le bilan ; un jour en échec n'arrête pas les suivants."""
    done, failed = {}, {}
    days, skipped, mark = days_to_do(options)
    for day in days:
        try:
            done[day] = ingest_day(options, day)
        except (IngestError, OSError, pa.ArrowException) as error:
            if not failed:
                failed[day] = as_error(error)
    return summary(options, done, skipped, failed, mark)


# --- the try around the whole loop
# file: ingest_api.py
# caught by: test_a_day_that_fails_does_not_stop_the_others
# hint: dans la boucle
def ingest(options: argparse.Namespace) -> dict:
    """Ingère les jours de `days_to_do`, et rend le bilan ; un jour en échec n'arrête pas les suivants."""
    done, failed = {}, {}
    days, skipped, mark = days_to_do(options)
    try:
        for day in days:
            done[day] = ingest_day(options, day)
    except (IngestError, OSError, pa.ArrowException) as error:
        failed[day] = as_error(error)
    return summary(options, done, skipped, failed, mark)


# --- a damaged file not caught
# file: ingest_api.py
# caught by: test_every_foreseen_error_fails_its_day_only
# hint: ArrowException
def ingest(options: argparse.Namespace) -> dict:
    """Ingère les jours de `days_to_do`, et rend le bilan ; un jour en échec n'arrête pas les suivants."""
    done, failed = {}, {}
    days, skipped, mark = days_to_do(options)
    for day in days:
        try:
            done[day] = ingest_day(options, day)
        except (IngestError, OSError) as error:
            failed[day] = as_error(error)
            logger.error("%s failed: %s", day, failed[day]["message"])
    return summary(options, done, skipped, failed, mark)


# --- the end date forgotten
# file: ingest_api.py
# caught by: test_a_success_has_the_keys_of_the_course
# hint: énoncé
def ingest(options: argparse.Namespace) -> dict:
    """Ingère les jours de `days_to_do`, et rend le bilan ; un jour en échec n'arrête pas les suivants."""
    done, failed = {}, {}
    days, skipped, mark = days_to_do(options)
    for day in days[:1]:
        try:
            done[day] = ingest_day(options, day)
        except (IngestError, OSError, pa.ArrowException) as error:
            failed[day] = as_error(error)
            logger.error("%s failed: %s", day, failed[day]["message"])
    return summary(options, done, skipped, failed, mark)


# --- an error without its code
# file: ingest_api.py
# caught by: test_a_day_that_fails_does_not_stop_the_others
# hint: boucle
def summary(
    options: argparse.Namespace, done: dict, skipped: list[date], failed: dict, mark: str | None
) -> dict:
    """Le JSON du passage. done : {jour: ce que rend ingest_day} ; failed : {jour: son erreur, {"code", "message"}}."""
    by_status = {name: [str(day) for day in done if done[day]["status"] == name] for name in STATUSES}
    files = [str(partition_file(options.output_dir, date.fromisoformat(day))) for day in by_status["written"]]
    result = {
        "status": "error" if failed else "success",
        "records_count": sum(one["rows"] for one in done.values()),
        "output_file": files[0] if files else None,
        "output_files": files,
        "ingestion_date": datetime.now(UTC).isoformat(timespec="seconds"),
        "quarantined": sum(one["quarantined"] for one in done.values()),
        "watermark": mark,
        "partitions": {**by_status, "skipped": [str(day) for day in skipped]},
    }
    if failed:
        before = as_text(options.since) if options.since else None
        errors = {str(day): failed[day] for day in sorted(failed)}
        result |= {"watermark": before, "error": next(iter(errors.values()))["message"], "failed": errors}
    return result


# --- the error of the last day
# file: ingest_api.py
# caught by: test_a_failure_keeps_the_former_watermark
# hint: échec
def summary(
    options: argparse.Namespace, done: dict, skipped: list[date], failed: dict, mark: str | None
) -> dict:
    """Le JSON du passage. done : {jour: ce que rend ingest_day} ; failed : {jour: son erreur, {"code", "message"}}."""
    by_status = {name: [str(day) for day in done if done[day]["status"] == name] for name in STATUSES}
    files = [str(partition_file(options.output_dir, date.fromisoformat(day))) for day in by_status["written"]]
    result = {
        "status": "error" if failed else "success",
        "records_count": sum(one["rows"] for one in done.values()),
        "output_file": files[0] if files else None,
        "output_files": files,
        "ingestion_date": datetime.now(UTC).isoformat(timespec="seconds"),
        "quarantined": sum(one["quarantined"] for one in done.values()),
        "watermark": mark,
        "partitions": {**by_status, "skipped": [str(day) for day in skipped]},
    }
    if failed:
        before = as_text(options.since) if options.since else None
        errors = {str(day): failed[day] for day in sorted(failed)}
        result |= {"watermark": before, "error": list(errors.values())[-1], "failed": errors}
    return result


# --- the watermark goes on though a day failed
# file: ingest_api.py
# caught by: test_a_failure_keeps_the_former_watermark
# hint: options.since
def summary(
    options: argparse.Namespace, done: dict, skipped: list[date], failed: dict, mark: str | None
) -> dict:
    """Le JSON du passage. done : {jour: ce que rend ingest_day} ; failed : {jour: son erreur, {"code", "message"}}."""
    by_status = {name: [str(day) for day in done if done[day]["status"] == name] for name in STATUSES}
    files = [str(partition_file(options.output_dir, date.fromisoformat(day))) for day in by_status["written"]]
    result = {
        "status": "error" if failed else "success",
        "records_count": sum(one["rows"] for one in done.values()),
        "output_file": files[0] if files else None,
        "output_files": files,
        "ingestion_date": datetime.now(UTC).isoformat(timespec="seconds"),
        "quarantined": sum(one["quarantined"] for one in done.values()),
        "watermark": mark,
        "partitions": {**by_status, "skipped": [str(day) for day in skipped]},
    }
    if failed:
        before = as_text(options.since) if options.since else None
        errors = {str(day): failed[day] for day in sorted(failed)}
        result |= {"error": next(iter(errors.values())), "failed": errors}
    return result


# --- the watermark is lost when a day fails
# file: ingest_api.py
# caught by: test_a_failure_keeps_the_former_watermark
# hint: options.since
def summary(
    options: argparse.Namespace, done: dict, skipped: list[date], failed: dict, mark: str | None
) -> dict:
    """Le JSON du passage. done : {jour: ce que rend ingest_day} ; failed : {jour: son erreur, {"code", "message"}}."""
    by_status = {name: [str(day) for day in done if done[day]["status"] == name] for name in STATUSES}
    files = [str(partition_file(options.output_dir, date.fromisoformat(day))) for day in by_status["written"]]
    result = {
        "status": "error" if failed else "success",
        "records_count": sum(one["rows"] for one in done.values()),
        "output_file": files[0] if files else None,
        "output_files": files,
        "ingestion_date": datetime.now(UTC).isoformat(timespec="seconds"),
        "quarantined": sum(one["quarantined"] for one in done.values()),
        "watermark": mark,
        "partitions": {**by_status, "skipped": [str(day) for day in skipped]},
    }
    if failed:
        before = as_text(options.since) if options.since else None
        errors = {str(day): failed[day] for day in sorted(failed)}
        result |= {"watermark": None, "error": next(iter(errors.values())), "failed": errors}
    return result


# --- a file named though none was written
# file: ingest_api.py
# caught by: test_a_second_run_says_unchanged
# hint: inchangé
def summary(
    options: argparse.Namespace, done: dict, skipped: list[date], failed: dict, mark: str | None
) -> dict:
    """Le JSON du passage. done : {jour: ce que rend ingest_day} ; failed : {jour: son erreur, {"code", "message"}}."""
    by_status = {name: [str(day) for day in done if done[day]["status"] == name] for name in STATUSES}
    files = [str(partition_file(options.output_dir, date.fromisoformat(day))) for day in by_status["written"]]
    result = {
        "status": "error" if failed else "success",
        "records_count": sum(one["rows"] for one in done.values()),
        "output_file": str(options.output_dir),
        "output_files": files,
        "ingestion_date": datetime.now(UTC).isoformat(timespec="seconds"),
        "quarantined": sum(one["quarantined"] for one in done.values()),
        "watermark": mark,
        "partitions": {**by_status, "skipped": [str(day) for day in skipped]},
    }
    if failed:
        before = as_text(options.since) if options.since else None
        errors = {str(day): failed[day] for day in sorted(failed)}
        result |= {"watermark": before, "error": next(iter(errors.values())), "failed": errors}
    return result


# --- unchanged days counted as written
# file: ingest_api.py
# caught by: test_a_second_run_says_unchanged
# hint: état
def summary(
    options: argparse.Namespace, done: dict, skipped: list[date], failed: dict, mark: str | None
) -> dict:
    """Le JSON du passage. done : {jour: ce que rend ingest_day} ; failed : {jour: son erreur, {"code", "message"}}."""
    by_status = {name: [str(day) for day in done if done[day]["status"] == name] for name in STATUSES}
    by_status["written"] = [str(day) for day in done]
    files = [str(partition_file(options.output_dir, date.fromisoformat(day))) for day in by_status["written"]]
    result = {
        "status": "error" if failed else "success",
        "records_count": sum(one["rows"] for one in done.values()),
        "output_file": files[0] if files else None,
        "output_files": files,
        "ingestion_date": datetime.now(UTC).isoformat(timespec="seconds"),
        "quarantined": sum(one["quarantined"] for one in done.values()),
        "watermark": mark,
        "partitions": {**by_status, "skipped": [str(day) for day in skipped]},
    }
    if failed:
        before = as_text(options.since) if options.since else None
        errors = {str(day): failed[day] for day in sorted(failed)}
        result |= {"watermark": before, "error": next(iter(errors.values())), "failed": errors}
    return result


# --- received rows counted, not kept ones
# file: ingest_api.py
# caught by: test_a_success_has_the_keys_of_the_course
# hint: énoncé
def summary(
    options: argparse.Namespace, done: dict, skipped: list[date], failed: dict, mark: str | None
) -> dict:
    """Le JSON du passage. done : {jour: ce que rend ingest_day} ; failed : {jour: son erreur, {"code", "message"}}."""
    by_status = {name: [str(day) for day in done if done[day]["status"] == name] for name in STATUSES}
    files = [str(partition_file(options.output_dir, date.fromisoformat(day))) for day in by_status["written"]]
    result = {
        "status": "error" if failed else "success",
        "records_count": sum(one["received"] for one in done.values()),
        "output_file": files[0] if files else None,
        "output_files": files,
        "ingestion_date": datetime.now(UTC).isoformat(timespec="seconds"),
        "quarantined": sum(one["quarantined"] for one in done.values()),
        "watermark": mark,
        "partitions": {**by_status, "skipped": [str(day) for day in skipped]},
    }
    if failed:
        before = as_text(options.since) if options.since else None
        errors = {str(day): failed[day] for day in sorted(failed)}
        result |= {"watermark": before, "error": next(iter(errors.values())), "failed": errors}
    return result


# --- skipped days forgotten
# file: ingest_api.py
# caught by: test_skipped_days_are_named
# hint: skipped
def summary(
    options: argparse.Namespace, done: dict, skipped: list[date], failed: dict, mark: str | None
) -> dict:
    """Le JSON du passage. done : {jour: ce que rend ingest_day} ; failed : {jour: son erreur, {"code", "message"}}."""
    by_status = {name: [str(day) for day in done if done[day]["status"] == name] for name in STATUSES}
    files = [str(partition_file(options.output_dir, date.fromisoformat(day))) for day in by_status["written"]]
    result = {
        "status": "error" if failed else "success",
        "records_count": sum(one["rows"] for one in done.values()),
        "output_file": files[0] if files else None,
        "output_files": files,
        "ingestion_date": datetime.now(UTC).isoformat(timespec="seconds"),
        "quarantined": sum(one["quarantined"] for one in done.values()),
        "watermark": mark,
        "partitions": {**by_status, "skipped": []},
    }
    if failed:
        before = as_text(options.since) if options.since else None
        errors = {str(day): failed[day] for day in sorted(failed)}
        result |= {"watermark": before, "error": next(iter(errors.values())), "failed": errors}
    return result


# --- a naive local time
# file: ingest_api.py
# caught by: test_the_ingestion_date_is_now
# hint: UTC
def summary(
    options: argparse.Namespace, done: dict, skipped: list[date], failed: dict, mark: str | None
) -> dict:
    """Le JSON du passage. done : {jour: ce que rend ingest_day} ; failed : {jour: son erreur, {"code", "message"}}."""
    by_status = {name: [str(day) for day in done if done[day]["status"] == name] for name in STATUSES}
    files = [str(partition_file(options.output_dir, date.fromisoformat(day))) for day in by_status["written"]]
    result = {
        "status": "error" if failed else "success",
        "records_count": sum(one["rows"] for one in done.values()),
        "output_file": files[0] if files else None,
        "output_files": files,
        "ingestion_date": datetime.now().isoformat(),
        "quarantined": sum(one["quarantined"] for one in done.values()),
        "watermark": mark,
        "partitions": {**by_status, "skipped": [str(day) for day in skipped]},
    }
    if failed:
        before = as_text(options.since) if options.since else None
        errors = {str(day): failed[day] for day in sorted(failed)}
        result |= {"watermark": before, "error": next(iter(errors.values())), "failed": errors}
    return result


# --- exit code 0 whatever happens
# file: ingest_api.py
# caught by: test_a_day_that_fails_does_not_stop_the_others
# hint: boucle
def main(argv: list[str] | None = None) -> int:
    """Imprime le résultat, un seul objet JSON sur stdout, et rend le code de sortie."""
    try:
        options = parse_args(argv)
        log_as_json()
        result = ingest(options)
    except (Exception, KeyboardInterrupt) as error:
        nothing = {"records_count": 0, "output_file": None, "output_files": []}
        result = {"status": "error", **nothing, "error": as_error(error)}
    print(json.dumps(result))
    return 0


# --- exit code 1 for wrong usage
# file: ingest_api.py
# caught by: test_a_command_badly_written_exits_2
# hint: code 2
def main(argv: list[str] | None = None) -> int:
    """Imprime le résultat, un seul objet JSON sur stdout, et rend le code de sortie."""
    try:
        options = parse_args(argv)
        log_as_json()
        result = ingest(options)
    except (Exception, KeyboardInterrupt) as error:
        nothing = {"records_count": 0, "output_file": None, "output_files": []}
        result = {"status": "error", **nothing, "error": as_error(error)}
    print(json.dumps(result))
    if result["status"] == "success":
        return 0
    return 1


# --- two objects on stdout
# file: ingest_api.py
# caught by: test_a_success_has_the_keys_of_the_course
# hint: énoncé
def main(argv: list[str] | None = None) -> int:
    """Imprime le résultat, un seul objet JSON sur stdout, et rend le code de sortie."""
    try:
        options = parse_args(argv)
        log_as_json()
        result = ingest(options)
    except (Exception, KeyboardInterrupt) as error:
        nothing = {"records_count": 0, "output_file": None, "output_files": []}
        result = {"status": "error", **nothing, "error": as_error(error)}
    print(json.dumps(result))
    print(json.dumps({"fini": True}))
    if result["status"] == "success":
        return 0
    return 2 if result["error"]["code"] == "usage" else 1


# --- a word before the JSON
# file: ingest_api.py
# caught by: test_a_success_has_the_keys_of_the_course
# hint: énoncé
def main(argv: list[str] | None = None) -> int:
    """Imprime le résultat, un seul objet JSON sur stdout, et rend le code de sortie."""
    try:
        options = parse_args(argv)
        log_as_json()
        print("Ingestion…")
        result = ingest(options)
    except (Exception, KeyboardInterrupt) as error:
        nothing = {"records_count": 0, "output_file": None, "output_files": []}
        result = {"status": "error", **nothing, "error": as_error(error)}
    print(json.dumps(result))
    if result["status"] == "success":
        return 0
    return 2 if result["error"]["code"] == "usage" else 1


# --- arguments read outside the try
# file: ingest_api.py
# caught by: test_a_command_badly_written_exits_2
# hint: dans le try
def main(argv: list[str] | None = None) -> int:
    """Imprime le résultat, un seul objet JSON sur stdout, et rend le code de sortie."""
    options = parse_args(argv)
    try:
        log_as_json()
        result = ingest(options)
    except (Exception, KeyboardInterrupt) as error:
        nothing = {"records_count": 0, "output_file": None, "output_files": []}
        result = {"status": "error", **nothing, "error": as_error(error)}
    print(json.dumps(result))
    if result["status"] == "success":
        return 0
    return 2 if result["error"]["code"] == "usage" else 1


# --- only what was foreseen is caught
# file: ingest_api.py
# caught by: test_the_unexpected_is_a_result_too
# hint: Exception
def main(argv: list[str] | None = None) -> int:
    """Imprime le résultat, un seul objet JSON sur stdout, et rend le code de sortie."""
    try:
        options = parse_args(argv)
        log_as_json()
        result = ingest(options)
    except IngestError as error:
        nothing = {"records_count": 0, "output_file": None, "output_files": []}
        result = {"status": "error", **nothing, "error": as_error(error)}
    print(json.dumps(result))
    if result["status"] == "success":
        return 0
    return 2 if result["error"]["code"] == "usage" else 1


# --- Ctrl-C not caught
# file: ingest_api.py
# caught by: test_the_unexpected_is_a_result_too
# hint: KeyboardInterrupt
def main(argv: list[str] | None = None) -> int:
    """Imprime le résultat, un seul objet JSON sur stdout, et rend le code de sortie."""
    try:
        options = parse_args(argv)
        log_as_json()
        result = ingest(options)
    except Exception as error:
        nothing = {"records_count": 0, "output_file": None, "output_files": []}
        result = {"status": "error", **nothing, "error": as_error(error)}
    print(json.dumps(result))
    if result["status"] == "success":
        return 0
    return 2 if result["error"]["code"] == "usage" else 1


# --- a Python dictionary printed
# file: ingest_api.py
# caught by: test_a_success_has_the_keys_of_the_course
# hint: énoncé
def main(argv: list[str] | None = None) -> int:
    """Imprime le résultat, un seul objet JSON sur stdout, et rend le code de sortie."""
    try:
        options = parse_args(argv)
        log_as_json()
        result = ingest(options)
    except (Exception, KeyboardInterrupt) as error:
        nothing = {"records_count": 0, "output_file": None, "output_files": []}
        result = {"status": "error", **nothing, "error": as_error(error)}
    print(result)
    if result["status"] == "success":
        return 0
    return 2 if result["error"]["code"] == "usage" else 1


# --- accents that an ASCII terminal refuses
# file: ingest_api.py
# caught by: test_the_command_works_from_a_terminal_elsewhere
# hint: ASCII
def main(argv: list[str] | None = None) -> int:
    """Imprime le résultat, un seul objet JSON sur stdout, et rend le code de sortie."""
    try:
        options = parse_args(argv)
        log_as_json()
        result = ingest(options)
    except (Exception, KeyboardInterrupt) as error:
        nothing = {"records_count": 0, "output_file": None, "output_files": []}
        result = {"status": "error", **nothing, "error": as_error(error)}
    print(json.dumps(result, ensure_ascii=False))
    if result["status"] == "success":
        return 0
    return 2 if result["error"]["code"] == "usage" else 1
