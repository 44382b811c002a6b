# --- the watermark saved too early
# file: ingest_api.py
# caught by: test_a_failed_run_does_not_move_the_watermark
# hint: Enregistrez le filigrane en dernier
def ingest(argv: list[str] | None) -> dict:
    options = build_parser().parse_args(argv)
    check_usage(options)
    run_id = new_run_id()
    log_to_stderr(run_id)
    job = make_job(options, run_id)
    with options.output_dir.locked():
        look_back = timedelta(hours=options.look_back_hours)
        mark = starting_mark(options)
        watermark.commit(options.state_dir, mark.advanced(datetime.now(UTC)))
        outcome, mark = ingest_increment(job, mark, options.start_date, look_back, options.workers)
        return ingestion_result(outcome, options.resource, run_id, mark)

# --- the watermark saved although a day failed
# file: ingest_api.py
# caught by: test_a_failed_run_does_not_move_the_watermark
# hint: seulement si `outcome.failures` est vide
def ingest(argv: list[str] | None) -> dict:
    options = build_parser().parse_args(argv)
    check_usage(options)
    run_id = new_run_id()
    log_to_stderr(run_id)
    job = make_job(options, run_id)
    with options.output_dir.locked():
        look_back = timedelta(hours=options.look_back_hours)
        mark = starting_mark(options)
        try:
            outcome, mark = ingest_increment(job, mark, options.start_date, look_back, options.workers)
        finally:
            if not options.since:
                watermark.commit(options.state_dir, mark.advanced(datetime.now(UTC)))
        return ingestion_result(outcome, options.resource, run_id, mark)

# --- the watermark never saved
# file: ingest_api.py
# caught by: test_the_watermark_is_saved_and_moves_on
# hint: watermark.commit(options.state_dir, mark)
def ingest(argv: list[str] | None) -> dict:
    options = build_parser().parse_args(argv)
    check_usage(options)
    run_id = new_run_id()
    log_to_stderr(run_id)
    job = make_job(options, run_id)
    with options.output_dir.locked():
        look_back = timedelta(hours=options.look_back_hours)
        mark = starting_mark(options)
        outcome, mark = ingest_increment(job, mark, options.start_date, look_back, options.workers)
        return ingestion_result(outcome, options.resource, run_id, mark)

# --- saved under --since too
# file: ingest_api.py
# caught by: test_with_since_nothing_is_saved
# hint: options.since vient de n8n
def ingest(argv: list[str] | None) -> dict:
    options = build_parser().parse_args(argv)
    check_usage(options)
    run_id = new_run_id()
    log_to_stderr(run_id)
    job = make_job(options, run_id)
    with options.output_dir.locked():
        look_back = timedelta(hours=options.look_back_hours)
        mark = starting_mark(options)
        outcome, mark = ingest_increment(job, mark, options.start_date, look_back, options.workers)
        if not outcome.failures:
            watermark.commit(options.state_dir, mark)
        return ingestion_result(outcome, options.resource, run_id, mark)

# --- after the watermark (>) instead of from it (>=)
# file: watermark.py
# caught by: test_reading_starts_at_the_watermark_itself
# hint: La borne est comprise (>=)
class Watermark:
    def read_from(self, look_back: timedelta) -> datetime:
        return self.value - look_back + timedelta(seconds=1)

# --- no look-back
# file: watermark.py
# caught by: test_reading_starts_at_the_watermark_itself
# hint: ont pu manquer la dernière fois
class Watermark:
    def read_from(self, look_back: timedelta) -> datetime:
        return self.value

# --- the last value read, whatever it is
# file: watermark.py
# caught by: test_a_watermark_never_goes_back
# hint: max(self.value, value)
class Watermark:
    def advanced(self, value: datetime | int | str | None) -> "Watermark":
        return replace(self, value=value)

# --- cursors compared
# file: watermark.py
# caught by: test_a_watermark_never_goes_back
# hint: sauf pour un curseur
class Watermark:
    def advanced(self, value: datetime | int | str | None) -> "Watermark":
        if value is None or (self.value is not None and value < self.value):
            return self
        return replace(self, value=value)
