# --- a for loop, then a last try
# file: shared_file.py
def add_rows(file: SharedFile, rows: pa.Table) -> int:
    for left in reversed(range(TRIES)):
        known, seen = file.read()
        table = merge(known, rows)
        try:
            file.replace(table, seen)
        except Changed:
            if left == 0:
                raise
        else:
            break
    return len(table)

# --- by recursion
# file: shared_file.py
def add_rows(file: SharedFile, rows: pa.Table, tries: int = TRIES) -> int:
    known, seen = file.read()
    table = merge(known, rows)
    try:
        file.replace(table, seen)
    except Changed:
        if tries > 1:
            return add_rows(file, rows, tries - 1)
        raise
    return table.num_rows

# --- tenacity
# file: shared_file.py
def add_rows(file: SharedFile, rows: pa.Table) -> int:
    from tenacity import retry, retry_if_exception_type, stop_after_attempt

    @retry(stop=stop_after_attempt(TRIES), retry=retry_if_exception_type(Changed), reraise=True)
    def once():
        known, seen = file.read()
        table = merge(known, rows)
        file.replace(table, seen)
        return table.num_rows

    return once()
