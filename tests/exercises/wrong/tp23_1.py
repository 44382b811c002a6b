# --- the end excluded
# file: generate_dates.py
# caught by: test_every_day_of_the_period_comes_once_in_order
# hint: comprises
def days_between(start: date, end: date) -> list[date]:
    """Les jours de `start` à `end`, les deux compris, dans l'ordre ; ValueError si `end` vient avant `start`."""
    if end < start:
        raise ValueError(f"{start} vient après {end}")
    return [start + timedelta(days=n) for n in range((end - start).days)]


# --- the start excluded
# file: generate_dates.py
# caught by: test_every_day_of_the_period_comes_once_in_order
# hint: comprises
def days_between(start: date, end: date) -> list[date]:
    """Les jours de `start` à `end`, les deux compris, dans l'ordre ; ValueError si `end` vient avant `start`."""
    if end < start:
        raise ValueError(f"{start} vient après {end}")
    return [start + timedelta(days=n) for n in range(1, (end - start).days + 1)]


# --- no 29 February
# file: generate_dates.py
# caught by: test_every_day_of_the_period_comes_once_in_order
# hint: jours
def days_between(start: date, end: date) -> list[date]:
    """Les jours de `start` à `end`, les deux compris, dans l'ordre ; ValueError si `end` vient avant `start`."""
    if end < start:
        raise ValueError(f"{start} vient après {end}")
    return [start + timedelta(days=n) for n in range((end - start).days + 1) if (start + timedelta(days=n)).strftime('%m-%d') != '02-29']


# --- the last day first
# file: generate_dates.py
# caught by: test_every_day_of_the_period_comes_once_in_order
# hint: jours
def days_between(start: date, end: date) -> list[date]:
    """Les jours de `start` à `end`, les deux compris, dans l'ordre ; ValueError si `end` vient avant `start`."""
    if end < start:
        raise ValueError(f"{start} vient après {end}")
    return list(reversed([start + timedelta(days=n) for n in range((end - start).days + 1)]))


# --- the example hard-coded
# file: generate_dates.py
# caught by: test_every_day_of_the_period_comes_once_in_order
# hint: jours
def days_between(start: date, end: date) -> list[date]:
    return [start, start + timedelta(1), start + timedelta(2)]


# --- an empty success for a period backwards
# file: generate_dates.py
# caught by: test_a_period_backwards_is_refused
# hint: ValueError
def days_between(start: date, end: date) -> list[date]:
    """Les jours de `start` à `end`, les deux compris, dans l'ordre ; ValueError si `end` vient avant `start`."""
    return [start + timedelta(days=n) for n in range((end - start).days + 1)]


# --- a period backwards turned round
# file: generate_dates.py
# caught by: test_a_period_backwards_is_refused
# hint: ValueError
def days_between(start: date, end: date) -> list[date]:
    """Les jours de `start` à `end`, les deux compris, dans l'ordre ; ValueError si `end` vient avant `start`."""
    if end < start:
        start, end = end, start
    return [start + timedelta(days=n) for n in range((end - start).days + 1)]


# --- the dates as numbers
# file: generate_dates.py
# caught by: test_the_command_prints_the_dates_as_text
# hint: str(day)
def main(argv: list[str] | None = None) -> int:
    """Imprime {"status", "dates"}, un seul objet JSON sur stdout, et rend le code de sortie."""
    parser = Parser(prog="generate_dates.py", description="Liste les jours d'une période.")
    parser.add_argument("--start-date", default="", help="premier jour, AAAA-MM-JJ")
    parser.add_argument("--end-date", default="", help="dernier jour, compris")
    try:
        options = parser.parse_args(argv)
        days = days_between(calendar_day(options.start_date), calendar_day(options.end_date))
        result = {"status": "success", "dates": [day.toordinal() for day in days]}
    except ValueError as error:
        said = (
            f"--start-date et --end-date doivent être deux jours écrits AAAA-MM-JJ, dans l'ordre ({error})."
        )
        result = {"status": "error", "dates": [], "error": {"code": "usage", "message": said}}
    print(json.dumps(result))
    return 0 if result["status"] == "success" else 2


# --- the days written the French way
# file: generate_dates.py
# caught by: test_the_command_prints_the_dates_as_text
# hint: str(day)
def main(argv: list[str] | None = None) -> int:
    """Imprime {"status", "dates"}, un seul objet JSON sur stdout, et rend le code de sortie."""
    parser = Parser(prog="generate_dates.py", description="Liste les jours d'une période.")
    parser.add_argument("--start-date", default="", help="premier jour, AAAA-MM-JJ")
    parser.add_argument("--end-date", default="", help="dernier jour, compris")
    try:
        options = parser.parse_args(argv)
        days = days_between(calendar_day(options.start_date), calendar_day(options.end_date))
        result = {"status": "success", "dates": [f'{day:%d/%m/%Y}' for day in days]}
    except ValueError as error:
        said = (
            f"--start-date et --end-date doivent être deux jours écrits AAAA-MM-JJ, dans l'ordre ({error})."
        )
        result = {"status": "error", "dates": [], "error": {"code": "usage", "message": said}}
    print(json.dumps(result))
    return 0 if result["status"] == "success" else 2


# --- week dates accepted
# file: generate_dates.py
# caught by: test_a_period_badly_written_exits_2
# hint: usage
def main(argv: list[str] | None = None) -> int:
    """Imprime {"status", "dates"}, un seul objet JSON sur stdout, et rend le code de sortie."""
    parser = Parser(prog="generate_dates.py", description="Liste les jours d'une période.")
    parser.add_argument("--start-date", default="", help="premier jour, AAAA-MM-JJ")
    parser.add_argument("--end-date", default="", help="dernier jour, compris")
    try:
        options = parser.parse_args(argv)
        days = days_between(date.fromisoformat(options.start_date), calendar_day(options.end_date))
        result = {"status": "success", "dates": [str(day) for day in days]}
    except ValueError as error:
        said = (
            f"--start-date et --end-date doivent être deux jours écrits AAAA-MM-JJ, dans l'ordre ({error})."
        )
        result = {"status": "error", "dates": [], "error": {"code": "usage", "message": said}}
    print(json.dumps(result))
    return 0 if result["status"] == "success" else 2


# --- an error without a code
# file: generate_dates.py
# caught by: test_a_period_badly_written_exits_2
# hint: usage
def main(argv: list[str] | None = None) -> int:
    """Imprime {"status", "dates"}, un seul objet JSON sur stdout, et rend le code de sortie."""
    parser = Parser(prog="generate_dates.py", description="Liste les jours d'une période.")
    parser.add_argument("--start-date", default="", help="premier jour, AAAA-MM-JJ")
    parser.add_argument("--end-date", default="", help="dernier jour, compris")
    try:
        options = parser.parse_args(argv)
        days = days_between(calendar_day(options.start_date), calendar_day(options.end_date))
        result = {"status": "success", "dates": [str(day) for day in days]}
    except ValueError as error:
        said = (
            f"--start-date et --end-date doivent être deux jours écrits AAAA-MM-JJ, dans l'ordre ({error})."
        )
        result = {"status": "error", "dates": [], "error": said}
    print(json.dumps(result))
    return 0 if result["status"] == "success" else 2


# --- exit code 1 for wrong usage
# file: generate_dates.py
# caught by: test_a_period_badly_written_exits_2
# hint: sortie 2
def main(argv: list[str] | None = None) -> int:
    """Imprime {"status", "dates"}, un seul objet JSON sur stdout, et rend le code de sortie."""
    parser = Parser(prog="generate_dates.py", description="Liste les jours d'une période.")
    parser.add_argument("--start-date", default="", help="premier jour, AAAA-MM-JJ")
    parser.add_argument("--end-date", default="", help="dernier jour, compris")
    try:
        options = parser.parse_args(argv)
        days = days_between(calendar_day(options.start_date), calendar_day(options.end_date))
        result = {"status": "success", "dates": [str(day) for day in days]}
    except ValueError as error:
        said = (
            f"--start-date et --end-date doivent être deux jours écrits AAAA-MM-JJ, dans l'ordre ({error})."
        )
        result = {"status": "error", "dates": [], "error": {"code": "usage", "message": said}}
    print(json.dumps(result))
    return 0 if result["status"] == "success" else 1


# --- arguments read outside the try
# file: generate_dates.py
# caught by: test_a_period_badly_written_exits_2
# hint: try
def main(argv: list[str] | None = None) -> int:
    """Imprime {"status", "dates"}, un seul objet JSON sur stdout, et rend le code de sortie."""
    parser = Parser(prog="generate_dates.py", description="Liste les jours d'une période.")
    parser.add_argument("--start-date", default="", help="premier jour, AAAA-MM-JJ")
    parser.add_argument("--end-date", default="", help="dernier jour, compris")
    options = parser.parse_args(argv)
    try:
        days = days_between(calendar_day(options.start_date), calendar_day(options.end_date))
        result = {"status": "success", "dates": [str(day) for day in days]}
    except ValueError as error:
        said = (
            f"--start-date et --end-date doivent être deux jours écrits AAAA-MM-JJ, dans l'ordre ({error})."
        )
        result = {"status": "error", "dates": [], "error": {"code": "usage", "message": said}}
    print(json.dumps(result))
    return 0 if result["status"] == "success" else 2


# --- printed twice
# file: generate_dates.py
# caught by: test_the_command_prints_the_dates_as_text
# hint: Rendez 0
def main(argv: list[str] | None = None) -> int:
    """Imprime {"status", "dates"}, un seul objet JSON sur stdout, et rend le code de sortie."""
    parser = Parser(prog="generate_dates.py", description="Liste les jours d'une période.")
    parser.add_argument("--start-date", default="", help="premier jour, AAAA-MM-JJ")
    parser.add_argument("--end-date", default="", help="dernier jour, compris")
    try:
        options = parser.parse_args(argv)
        days = days_between(calendar_day(options.start_date), calendar_day(options.end_date))
        result = {"status": "success", "dates": [str(day) for day in days]}
    except ValueError as error:
        said = (
            f"--start-date et --end-date doivent être deux jours écrits AAAA-MM-JJ, dans l'ordre ({error})."
        )
        result = {"status": "error", "dates": [], "error": {"code": "usage", "message": said}}
    print(json.dumps(result))
    print(json.dumps(result))
    return 0 if result["status"] == "success" else 2
