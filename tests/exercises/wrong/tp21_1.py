# --- the page size stays text
# file: ingest_api.py
# caught by: test_the_four_arguments_are_read
# hint: `type` reçoit le texte
def build_parser(prog: str = "ingest_api.py") -> JsonParser:
    parser = JsonParser(prog=prog, description="Ingère une API vers des fichiers Parquet, un par jour.")
    add = parser.add_argument
    add("--start-date", type=calendar_day, required=True)
    add("--end-date", type=calendar_day, required=True)
    add("--output-dir", type=open_folder, default="./data/bronze")
    add("--page-size", default=100)
    return parser

# --- the dates stay text
# file: ingest_api.py
# caught by: test_the_four_arguments_are_read
# hint: rend la valeur
def build_parser(prog: str = "ingest_api.py") -> JsonParser:
    parser = JsonParser(prog=prog)
    add = parser.add_argument
    add("--start-date", required=True)
    add("--end-date", required=True)
    add("--output-dir", type=open_folder, default="./data/bronze")
    add("--page-size", type=int, default=100)
    return parser

# --- a page size of one thousand by default
# file: ingest_api.py
# caught by: test_page_size_and_output_dir_have_the_defaults_of_the_course
# hint: 100 lignes par page
def build_parser(prog: str = "ingest_api.py") -> JsonParser:
    parser = JsonParser(prog=prog)
    add = parser.add_argument
    add("--start-date", type=calendar_day)
    add("--end-date", type=calendar_day)
    add("--output-dir", type=open_folder, default="./data/bronze")
    add("--page-size", type=int, default=1000)
    return parser

# --- any spelling of a date is let through
# file: command_line.py
# caught by: test_what_is_not_a_date_is_refused_by_name
# hint: mais accepte 20240101
def calendar_day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"« {text} » n'est pas une date") from None

# --- the refusal does not say what it refuses
# file: command_line.py
# caught by: test_what_is_not_a_date_is_refused_by_name
# hint: dix caractères
def calendar_day(text: str) -> date:
    try:
        if len(text) != 10:
            raise ValueError
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError("date invalide") from None

# --- a moment instead of a day
# file: command_line.py
# caught by: test_a_date_is_read_as_a_date
# hint: un jour n'a pas d'heure
def calendar_day(text: str) -> date:
    from datetime import datetime

    try:
        if len(text) != 10:
            raise ValueError
        return datetime.strptime(text, "%Y-%m-%d")
    except ValueError:
        raise argparse.ArgumentTypeError(f"« {text} » n'est pas une date AAAA-MM-JJ") from None

# --- JSON written by hand
# file: logs.py
# caught by: test_a_log_line_is_json_whatever_the_message_holds
# hint: N'écrivez pas le JSON à la main
def log_to_stderr(run_id: str, quiet: bool = False) -> None:
    handler = logging.StreamHandler(sys.stderr)
    line = '{"time": "%(asctime)s+00:00", "level": "%(levelname)s", "message": "%(message)s", "run_id": "' + run_id + '"}'
    handler.setFormatter(logging.Formatter(line, "%Y-%m-%dT%H:%M:%S"))
    logger.handlers = [handler]
    logger.setLevel(logging.WARNING if quiet else logging.INFO)
    logger.propagate = False

# --- local time
# file: logs.py
# caught by: test_a_log_line_bears_its_utc_time
# hint: une heure sans fuseau est une heure locale
def log_to_stderr(run_id: str, quiet: bool = False) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        JsonFormatter(
            ["asctime", "levelname", "message"],
            rename_fields={"levelname": "level", "asctime": "time"},
            static_fields={"run_id": run_id},
            datefmt="%Y-%m-%dT%H:%M:%S",
        )
    )
    logger.handlers = [handler]
    logger.setLevel(logging.WARNING if quiet else logging.INFO)
    logger.propagate = False

# --- logs on stdout
# file: logs.py
# caught by: test_logs_go_to_stderr_once
# hint: StreamHandler(sys.stderr)
def log_to_stderr(run_id: str, quiet: bool = False) -> None:
    handler = logging.StreamHandler(sys.stdout)
    fields = {"levelname": "level"}
    handler.setFormatter(JsonFormatter(["levelname", "message"], rename_fields=fields, static_fields={"run_id": run_id}, timestamp="time"))
    logger.handlers = [handler]
    logger.setLevel(logging.INFO)
    logger.propagate = False

# --- one handler more at each call
# file: logs.py
# caught by: test_logs_go_to_stderr_once
# hint: au lieu d'en ajouter un à chaque appel
def log_to_stderr(run_id: str, quiet: bool = False) -> None:
    handler = logging.StreamHandler(sys.stderr)
    fields = {"levelname": "level"}
    handler.setFormatter(JsonFormatter(["levelname", "message"], rename_fields=fields, static_fields={"run_id": run_id}, timestamp="time"))
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
