# --- a glob
# file: partitions.py
def present_days(folder: Folder) -> set[date]:
    found = (path.parent.name for path in folder.path.glob(f"{PREFIX}*/{FILE_NAME}"))
    return {day for day in map(_day_of, found) if day is not None}

# --- a regular expression
# file: partitions.py
def present_days(folder: Folder) -> set[date]:
    import re

    days = set()
    for name in folder.subfolders_holding(FILE_NAME):
        if re.fullmatch(r"partition_date=\d{4}-\d\d-\d\d", name):
            days.add(date.fromisoformat(name[-10:]))
    return days
