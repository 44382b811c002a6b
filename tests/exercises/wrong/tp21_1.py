# --- compact and week dates accepted
# file: ingest_api.py
# caught by: test_what_is_not_a_day_is_refused_by_name
# hint: isoformat
def calendar_day(text: str) -> date:
    return date.fromisoformat(text)


# --- a short month accepted by strptime
# file: ingest_api.py
# caught by: test_what_is_not_a_day_is_refused_by_name
# hint: isoformat
def calendar_day(text: str) -> date:
    return datetime.strptime(text, "%Y-%m-%d").date()


# --- a datetime instead of a date
# file: ingest_api.py
# caught by: test_a_day_is_read_as_a_date
# hint: `date`
def calendar_day(text: str) -> date:
    day = datetime.strptime(text, "%Y-%m-%d")
    if f"{day:%Y-%m-%d}" != text:
        raise ValueError(text)
    return day


# --- the text itself, checked by its shape only
# file: ingest_api.py
# caught by: test_a_day_is_read_as_a_date
# hint: `date`
def calendar_day(text: str) -> date:
    if len(text) != 10 or text[4] != "-":
        raise ValueError(text)
    return text


# --- the docstring's example, hard-coded
# file: ingest_api.py
# caught by: test_what_is_not_a_day_is_refused_by_name
# hint: isoformat
def calendar_day(text: str) -> date:
    if text in ("2024-02-30", "20240105", "2024-W01-1"):
        raise argparse.ArgumentTypeError(f"« {text} » est refusé")
    return datetime.fromisoformat(text).date()


# --- calendar_day not given to the end date
# file: ingest_api.py
# caught by: test_the_four_arguments_are_read
# hint: type=
def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = Parser(prog="ingest_api.py")
    add = parser.add_argument
    add("--start-date", type=calendar_day)
    add("--end-date")
    add("--output-dir", type=Path, default=Path("data/bronze"))
    add("--page-size", type=int, default=100)
    add("--base-url", default="")
    return parser.parse_args(argv)


# --- ten rows a page by default
# file: ingest_api.py
# caught by: test_page_size_and_output_dir_have_the_defaults_of_the_course
# hint: 100
def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = Parser(prog="ingest_api.py")
    add = parser.add_argument
    add("--start-date", type=calendar_day)
    add("--end-date", type=calendar_day)
    add("--output-dir", type=Path, default=Path("data/bronze"))
    add("--page-size", type=int, default=10)
    return parser.parse_args(argv)


# --- the page size stays a text
# file: ingest_api.py
# caught by: test_the_four_arguments_are_read
# hint: type=
def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = Parser(prog="ingest_api.py")
    add = parser.add_argument
    add("--start-date", type=calendar_day)
    add("--end-date", type=calendar_day)
    add("--output-dir", type=Path, default=Path("data/bronze"))
    add("--page-size", default=100)
    return parser.parse_args(argv)


# --- logs on stdout
# file: ingest_api.py
# caught by: test_logs_go_to_stderr_once
# hint: stderr
def log_as_json() -> None:
    handler, names = logging.StreamHandler(sys.stdout), {"levelname": "level"}
    handler.setFormatter(JsonFormatter(["levelname", "message"], rename_fields=names, timestamp="time"))
    logging.basicConfig(handlers=[handler], level="INFO", force=True)


# --- one more handler at each call
# file: ingest_api.py
# caught by: test_logs_go_to_stderr_once
# hint: force=True
def log_as_json() -> None:
    handler, names = logging.StreamHandler(sys.stderr), {"levelname": "level"}
    handler.setFormatter(JsonFormatter(["levelname", "message"], rename_fields=names, timestamp="time"))
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False


# --- JSON written by hand
# file: ingest_api.py
# caught by: test_a_log_line_is_json_whatever_the_message_holds
# hint: JsonFormatter
def log_as_json() -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        logging.Formatter('{"time": "2024-01-01T00:00:00+00:00", "level": "%(levelname)s", "message": "%(message)s"}')
    )
    logging.basicConfig(handlers=[handler], level="INFO", force=True)


# --- a local time without its zone
# file: ingest_api.py
# caught by: test_a_log_line_bears_its_utc_time
# hint: UTC
def log_as_json() -> None:
    class Lines(logging.Formatter):
        def format(self, record):
            now = datetime.now().isoformat()
            return json.dumps({"time": now, "level": record.levelname, "message": record.getMessage()})

    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Lines())
    logging.basicConfig(handlers=[handler], level="INFO", force=True)
