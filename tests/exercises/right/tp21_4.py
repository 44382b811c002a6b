# --- counters, and one dictionary a day
# file: ingest_api.py
def summary(options: argparse.Namespace, done: dict, skipped: list[date], failed: dict, mark: str | None) -> dict:
    partitions = {"written": [], "unchanged": [], "empty": [], "skipped": list(map(str, skipped))}
    files, rows, refused = [], 0, 0
    for day, one in done.items():
        partitions[one["status"]].append(day.isoformat())
        rows += one["rows"]
        refused += one["quarantined"]
        if one["status"] == "written":
            files.append(str(options.output_dir / f"partition_date={day}" / "data.parquet"))
    answer = {
        "status": "success",
        "records_count": rows,
        "output_files": files,
        "output_file": next(iter(files), None),
        "ingestion_date": datetime.now(UTC).isoformat(),
        "quarantined": refused,
        "watermark": mark,
        "partitions": partitions,
    }
    if not failed:
        return answer
    answer["status"] = "error"
    answer["watermark"] = as_text(options.since) if options.since else None
    answer["failed"] = {day.isoformat(): failed[day] for day in failed}
    answer["error"] = failed[min(failed)]
    return answer


# --- sys.stdout.write, and the code kept apart
# file: ingest_api.py
def main(argv: list[str] | None = None) -> int:
    code = 0
    try:
        options = parse_args(argv)
        log_as_json()
        result = ingest(options)
        if result["status"] != "success":
            code = 1
    except BaseException as error:
        said = as_error(error)
        code = 2 if said["code"] == "usage" else 1
        result = dict(status="error", records_count=0, output_file=None, output_files=[], error=said)
    sys.stdout.write(json.dumps(result) + "\n")
    sys.stdout.flush()
    return code


# --- each day through a helper of its own
# file: ingest_api.py
def ingest(options: argparse.Namespace) -> dict:
    days, skipped, mark = days_to_do(options)

    def one(day):
        try:
            return ingest_day(options, day), None
        except (IngestError, OSError, pa.ArrowException) as error:
            return None, as_error(error)

    outcomes = {day: one(day) for day in days}
    done = {day: good for day, (good, bad) in outcomes.items() if good}
    failed = {day: bad for day, (good, bad) in outcomes.items() if bad}
    return summary(options, done, skipped, failed, mark)
