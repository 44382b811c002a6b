# --- a loop
# file: generate_dates.py
def days_between(start: date, end: date) -> list[date]:
    if start > end:
        raise ValueError("période à l'envers")
    days = []
    day = start
    while day <= end:
        days.append(day)
        day += timedelta(days=1)
    return days


# --- ordinals
# file: generate_dates.py
def days_between(start: date, end: date) -> list[date]:
    if start > end:
        raise ValueError((start, end))
    return [date.fromordinal(number) for number in range(start.toordinal(), end.toordinal() + 1)]


# --- pandas
# file: generate_dates.py
def days_between(start: date, end: date) -> list[date]:
    import pandas as pd

    if end < start:
        raise ValueError(f"{end} < {start}")
    return [moment.date() for moment in pd.date_range(start, end, freq="D")]
