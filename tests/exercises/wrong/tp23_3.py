# --- everything again, every time
# file: backfill.py
# caught by: test_a_second_run_skips_everything_and_asks_nothing
# hint: ne sont pas demandés à l'API
def backfill(argv: list[str] | None) -> dict:
    options, ingest_arguments = build_parser().parse_known_args(argv)
    check_order(options.start_date, options.end_date)
    days = days_between(options.start_date, options.end_date)
    return fill(options, days, [], ingest_arguments)

# --- one day present is the whole period present
# file: backfill.py
# caught by: test_only_the_missing_day_is_filled
# hint: chaque jour manque ou ne manque pas
def backfill(argv: list[str] | None) -> dict:
    options, ingest_arguments = build_parser().parse_known_args(argv)
    check_order(options.start_date, options.end_date)
    days = days_between(options.start_date, options.end_date)
    if not options.force and present_days(options.output_dir):
        return ingestion_result(Outcome(skipped=days), "events", new_run_id())
    return fill(options, days, [], ingest_arguments)

# --- everything after the last day present
# file: backfill.py
# caught by: test_only_the_missing_day_is_filled
# hint: Ne décidez pas d'après la période entière
def backfill(argv: list[str] | None) -> dict:
    options, ingest_arguments = build_parser().parse_known_args(argv)
    check_order(options.start_date, options.end_date)
    days = days_between(options.start_date, options.end_date)
    present = set() if options.force else present_days(options.output_dir)
    last = max(present, default=None)
    missing = [day for day in days if last is None or day > last]
    return fill(options, missing, [day for day in days if day not in missing], ingest_arguments)

# --- --force forgotten
# file: backfill.py
# caught by: test_force_fills_every_day_again
# hint: Sous --force
def backfill(argv: list[str] | None) -> dict:
    options, ingest_arguments = build_parser().parse_known_args(argv)
    check_order(options.start_date, options.end_date)
    days = days_between(options.start_date, options.end_date)
    present = present_days(options.output_dir)
    missing = [day for day in days if day not in present]
    return fill(options, missing, [day for day in days if day in present], ingest_arguments)

# --- the skipped days not said
# file: backfill.py
# caught by: test_a_second_run_skips_everything_and_asks_nothing
# hint: vont dans `skipped`
def backfill(argv: list[str] | None) -> dict:
    options, ingest_arguments = build_parser().parse_known_args(argv)
    check_order(options.start_date, options.end_date)
    present = set() if options.force else present_days(options.output_dir)
    missing = [day for day in days_between(options.start_date, options.end_date) if day not in present]
    return fill(options, missing, [], ingest_arguments)

# --- the last day of the period left out
# file: backfill.py
# caught by: test_missing_days_are_written
# hint: les jours de la période
def backfill(argv: list[str] | None) -> dict:
    options, ingest_arguments = build_parser().parse_known_args(argv)
    days = days_between(options.start_date, options.end_date)[:-1]
    present = set() if options.force else present_days(options.output_dir)
    missing = [day for day in days if day not in present]
    return fill(options, missing, [day for day in days if day in present], ingest_arguments)

# --- a failed day ends the run
# file: backfill.py
# caught by: test_a_day_that_fails_does_not_stop_the_others
# hint: elle passe au suivant quand l'un échoue
def backfill(argv: list[str] | None) -> dict:
    options, ingest_arguments = build_parser().parse_known_args(argv)
    check_order(options.start_date, options.end_date)
    days = days_between(options.start_date, options.end_date)
    present = set() if options.force else present_days(options.output_dir)
    skipped = [day for day in days if day in present]
    result = ingestion_result(Outcome(skipped=skipped), "events", new_run_id())
    for day in days:
        if day not in present:
            one = fill(options, [day], skipped, ingest_arguments)
            one["partitions"]["written"] = result["partitions"]["written"] + one["partitions"]["written"]
            result = one
            if result["status"] == "error":
                return result
    return result
