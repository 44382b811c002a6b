# --- a single try
# file: shared_file.py
# caught by: test_rows_written_by_another_meanwhile_are_kept
# hint: Refaites la lecture et la fusion
def add_rows(file: SharedFile, rows: pa.Table) -> int:
    known, seen = file.read()
    merged = merge(known, rows)
    file.replace(merged, seen)
    return merged.num_rows

# --- only the replacement is tried again
# file: shared_file.py
# caught by: test_rows_written_by_another_meanwhile_are_kept
# hint: pas seulement le remplacement
def add_rows(file: SharedFile, rows: pa.Table) -> int:
    known, seen = file.read()
    merged = merge(known, rows)
    for _ in range(TRIES):
        try:
            file.replace(merged, seen)
            return merged.num_rows
        except Changed:
            _, seen = file.read()
    raise Changed(file.path)

# --- the version asked after the merge
# file: shared_file.py
# caught by: test_rows_written_by_another_meanwhile_are_kept
# hint: les lignes que vous aviez lues sont périmées
def add_rows(file: SharedFile, rows: pa.Table) -> int:
    for _ in range(TRIES):
        known, _ = file.read()
        merged = merge(known, rows)
        _, seen = file.read()
        try:
            file.replace(merged, seen)
            return merged.num_rows
        except Changed:
            continue
    raise Changed(file.path)

# --- written without comparing
# file: shared_file.py
# caught by: test_rows_written_by_another_meanwhile_are_kept
# hint: périmées
def add_rows(file: SharedFile, rows: pa.Table) -> int:
    known, _ = file.read()
    merged = merge(known, rows)
    pq.write_table(merged, file.path)
    return merged.num_rows

# --- the refusal hushed
# file: shared_file.py
# caught by: test_rows_written_by_another_meanwhile_are_kept
# hint: Changed
def add_rows(file: SharedFile, rows: pa.Table) -> int:
    known, seen = file.read()
    merged = merge(known, rows)
    try:
        file.replace(merged, seen)
    except Changed:
        pass
    return merged.num_rows

# --- for ever
# file: shared_file.py
# caught by: test_who_is_never_let_through_says_so
# hint: TRIES essais en tout
def add_rows(file: SharedFile, rows: pa.Table) -> int:
    while True:
        known, seen = file.read()
        merged = merge(known, rows)
        try:
            file.replace(merged, seen)
            return merged.num_rows
        except Changed:
            continue

# --- silent after the last try
# file: shared_file.py
# caught by: test_who_is_never_let_through_says_so
# hint: laisse passer Changed
def add_rows(file: SharedFile, rows: pa.Table) -> int:
    for _ in range(TRIES):
        known, seen = file.read()
        merged = merge(known, rows)
        try:
            file.replace(merged, seen)
            return merged.num_rows
        except Changed:
            continue
    return 0

# --- a try too few
# file: shared_file.py
# caught by: test_who_is_never_let_through_says_so
# hint: TRIES essais
def add_rows(file: SharedFile, rows: pa.Table) -> int:
    for number in range(1, TRIES):
        known, seen = file.read()
        merged = merge(known, rows)
        try:
            file.replace(merged, seen)
            return merged.num_rows
        except Changed:
            if number == TRIES - 1:
                raise
    return 0

# --- any error tried again
# file: shared_file.py
# caught by: test_another_error_is_not_tried_again
# hint: rien de plus large
def add_rows(file: SharedFile, rows: pa.Table) -> int:
    for number in range(1, TRIES + 1):
        known, seen = file.read()
        merged = merge(known, rows)
        try:
            file.replace(merged, seen)
            return merged.num_rows
        except Exception:
            if number == TRIES:
                raise
    return 0

# --- the new rows alone
# file: shared_file.py
# caught by: test_rows_are_merged_into_the_file
# hint: fondre avec `merge`
def add_rows(file: SharedFile, rows: pa.Table) -> int:
    for number in range(1, TRIES + 1):
        _, seen = file.read()
        try:
            file.replace(rows, seen)
            return rows.num_rows
        except Changed:
            if number == TRIES:
                raise
    return 0

# --- the number of rows given
# file: shared_file.py
# caught by: test_rows_are_merged_into_the_file
# hint: le nombre de lignes de la table fondue
def add_rows(file: SharedFile, rows: pa.Table) -> int:
    for number in range(1, TRIES + 1):
        known, seen = file.read()
        try:
            file.replace(merge(known, rows), seen)
            return rows.num_rows
        except Changed:
            if number == TRIES:
                raise
    return 0
