# --- a loop and a list
# file: ingest_api.py
def days_left(days: list[date], output_dir: Path) -> list[date]:
    left = []
    for day in days:
        path = partition_file(output_dir, day)
        if not path.is_file() or path.stat().st_size == 0:
            left.append(day)
    return left


# --- one listing of the folder
# file: ingest_api.py
def days_left(days: list[date], output_dir: Path) -> list[date]:
    found = {path.parent.name for path in output_dir.glob("partition_date=*/data.parquet") if path.is_file() and path.stat().st_size > 0}
    return [day for day in days if f"partition_date={day.isoformat()}" not in found]


# --- os.path
# file: ingest_api.py
def days_left(days: list[date], output_dir: Path) -> list[date]:
    def is_done(day):
        path = str(partition_file(output_dir, day))
        return os.path.isfile(path) and os.path.getsize(path) > 0

    return [day for day in days if not is_done(day)]
