# --- strptime, and the text written again
# file: ingest_api.py
def calendar_day(text: str) -> date:
    try:
        day = datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text} n'est pas une date") from error
    if day.strftime("%Y-%m-%d") != text:
        raise argparse.ArgumentTypeError(f"{text} n'est pas une date")
    return day


# --- a regular expression, then the three numbers
# file: ingest_api.py
def calendar_day(text: str) -> date:
    import re

    found = re.fullmatch(r"(\d{4})-(\d{2})-(\d{2})", text, re.ASCII)
    if not found:
        raise argparse.ArgumentTypeError(f"« {text} » : AAAA-MM-JJ attendu")
    return date(*map(int, found.groups()))


# --- a formatter of one's own, on the module's logger
# file: ingest_api.py
def log_as_json() -> None:
    class Lines(logging.Formatter):
        def format(self, record):
            when = datetime.fromtimestamp(record.created, UTC).isoformat()
            return json.dumps({"time": when, "level": record.levelname, "message": record.getMessage()})

    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Lines())
    logger.handlers.clear()
    logger.addHandler(handler)
    logger.setLevel("INFO")
    logger.propagate = False


# --- one argument a line, a folder as a text
# file: ingest_api.py
def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = Parser(prog="ingest_api.py")
    parser.add_argument("--start-date", dest="start_date", type=calendar_day)
    parser.add_argument("--end-date", dest="end_date", type=calendar_day)
    parser.add_argument("--output-dir", default="./data/bronze", type=Path)
    parser.add_argument("--page-size", default=100, type=int)
    parser.add_argument("--base-url", default=os.environ.get("LAB_API_URL"))
    parser.add_argument("--resource", default="events")
    parser.add_argument("--quarantine-dir", type=Path, default=Path("data/quarantine"))
    parser.add_argument("--mode", default="ingest")
    parser.add_argument("--watermark")
    parser.add_argument("--since", type=instant)
    return parser.parse_args(argv)
