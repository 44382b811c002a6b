# --- the result first, the watermark last
# file: ingest_api.py
def ingest(argv: list[str] | None) -> dict:
    options = build_parser().parse_args(argv)
    check_usage(options)
    run_id = new_run_id()
    log_to_stderr(run_id)
    job = make_job(options, run_id)
    with options.output_dir.locked():
        if not options.watermark:
            days = days_between(options.start_date, options.end_date)
            return ingestion_result(ingest_days(job, days, options.workers), options.resource, run_id)
        start = starting_mark(options)
        hours = timedelta(hours=options.look_back_hours)
        outcome, reached = ingest_increment(job, start, options.start_date, hours, options.workers)
        result = ingestion_result(outcome, options.resource, run_id, reached)
        if result["status"] == "success" and options.since is None:
            watermark.commit(options.state_dir, reached)
        return result

# --- conditions the other way round
# file: watermark.py
class Watermark:
    def advanced(self, value: datetime | int | str | None) -> "Watermark":
        older = self.kind != "cursor" and self.value is not None and value is not None and value <= self.value
        return self if value is None or older else Watermark(self.resource, self.kind, value)

    def read_from(self, look_back: timedelta) -> datetime:
        return self.value + -look_back
