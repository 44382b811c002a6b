# --- the last day forgotten
# file: partitions.py
# caught by: test_both_ends_are_included
# hint: (end - start).days + 1
def days_between(start: date, end: date) -> list[date]:
    return [start + timedelta(days=offset) for offset in range((end - start).days)]

# --- the first day forgotten
# file: partitions.py
# caught by: test_both_ends_are_included
# hint: Les deux bornes sont comprises
def days_between(start: date, end: date) -> list[date]:
    return [start + timedelta(days=offset) for offset in range(1, (end - start).days + 1)]

# --- months of thirty days
# file: partitions.py
# caught by: test_the_calendar_is_followed
# hint: 28 février au 29
def days_between(start: date, end: date) -> list[date]:
    days, day = [], start
    while day <= end:
        days.append(day)
        day = day.replace(day=day.day + 1) if day.day < 28 else date(day.year, day.month + 1, 1)
    return days

# --- dates that JSON can not write
# file: generate_dates.py
# caught by: test_the_command_prints_the_dates
# hint: que JSON sait écrire
def generate(argv: list[str] | None) -> dict:
    options = build_parser().parse_args(argv)
    check_order(options.start_date, options.end_date)
    return {"status": "success", "dates": days_between(options.start_date, options.end_date)}

# --- a reversed period gives an empty list
# file: generate_dates.py
# caught by: test_a_reversed_period_is_refused
# hint: check_order
def generate(argv: list[str] | None) -> dict:
    options = build_parser().parse_args(argv)
    days = days_between(options.start_date, options.end_date)
    return {"status": "success", "dates": [day.isoformat() for day in days]}

# --- no status
# file: generate_dates.py
# caught by: test_the_command_prints_the_dates
# hint: AAAA-MM-JJ
def generate(argv: list[str] | None) -> dict:
    options = build_parser().parse_args(argv)
    check_order(options.start_date, options.end_date)
    return {"dates": [day.isoformat() for day in days_between(options.start_date, options.end_date)]}
