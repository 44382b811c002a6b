# --- sets
# file: backfill.py
def backfill(argv: list[str] | None) -> dict:
    options, ingest_arguments = build_parser().parse_known_args(argv)
    check_order(options.start_date, options.end_date)
    days = set(days_between(options.start_date, options.end_date))
    done = set() if options.force else days & present_days(options.output_dir)
    return fill(options, sorted(days - done), sorted(done), ingest_arguments)

# --- one loop
# file: backfill.py
def backfill(argv: list[str] | None) -> dict:
    options, ingest_arguments = build_parser().parse_known_args(argv)
    check_order(options.start_date, options.end_date)
    present = present_days(options.output_dir)
    missing, skipped = [], []
    for day in days_between(options.start_date, options.end_date):
        (missing if options.force or day not in present else skipped).append(day)
    if not missing:
        return ingestion_result(Outcome(skipped=skipped), "events", new_run_id())
    return fill(options, missing, skipped, ingest_arguments)
