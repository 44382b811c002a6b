# --- a while loop
# file: partitions.py
def days_between(start: date, end: date) -> list[date]:
    days = []
    while start <= end:
        days.append(start)
        start += timedelta(days=1)
    return days

# --- ordinals
# file: partitions.py
def days_between(start: date, end: date) -> list[date]:
    return list(map(date.fromordinal, range(start.toordinal(), end.toordinal() + 1)))

# --- the order checked by hand
# file: generate_dates.py
def generate(argv: list[str] | None) -> dict:
    from errors import usage_error

    options = build_parser().parse_args(argv)
    if options.end_date < options.start_date:
        raise usage_error("La période est à l'envers.")
    return {"dates": list(map(str, days_between(options.start_date, options.end_date))), "status": "success"}
