# --- a date read by a regular expression, logs by a formatter of one's own
# file: command_line.py
def calendar_day(text: str) -> date:
    import re

    parts = re.fullmatch(r"(\d{4})-(\d{2})-(\d{2})", text)
    try:
        return date(*map(int, parts.groups()))
    except (AttributeError, ValueError):
        raise argparse.ArgumentTypeError(f"{text} : écrivez une date AAAA-MM-JJ") from None

# --- json.dumps in a formatter of one's own
# file: logs.py
def log_to_stderr(run_id: str, quiet: bool = False) -> None:
    import json

    class OneLine(logging.Formatter):
        def format(self, record):
            now = datetime.now(UTC).isoformat()
            entry = {"time": now, "level": record.levelname, "message": record.getMessage(), "run_id": run_id}
            return json.dumps(entry, ensure_ascii=False)

    for old in list(logger.handlers):
        logger.removeHandler(old)
    handler = logging.StreamHandler()
    handler.setFormatter(OneLine())
    logger.addHandler(handler)
    logger.setLevel(logging.WARNING if quiet else logging.INFO)
    logger.propagate = False

# --- both dates required by argparse itself
# file: ingest_api.py
def build_parser(prog: str = "ingest_api.py") -> JsonParser:
    from pathlib import Path

    parser = JsonParser(prog=prog, description="Ingère une API.")
    parser.add_argument("--start-date", type=calendar_day, required=True)
    parser.add_argument("--end-date", type=calendar_day, required=True)
    parser.add_argument("--output-dir", type=Path, default=Path("data") / "bronze")
    parser.add_argument("--page-size", type=int, default=100)
    return parser
