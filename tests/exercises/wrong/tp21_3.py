# --- other days' rows kept
# file: ingest_api.py
# caught by: test_a_row_of_another_utc_day_is_refused
# hint: UTC
def split_rows(rows: list, columns: dict, day: date) -> tuple[list[dict], list[dict]]:
    """Les bonnes lignes, une par id, triées par id ; et les refusées, {"reason", "field", "raw"}."""
    latest, rejects = {}, []
    for row in rows:
        try:
            good = typed(row, columns)
            if False:
                raise ValueError("other_day", "event_time")
            known = latest.get(good["id"])
            if known is None or version(good) >= version(known):
                latest[good["id"]] = good
        except ValueError as error:
            rejects.append({"reason": error.args[0], "field": error.args[1], "raw": row})
    return [latest[key] for key in sorted(latest)], rejects


# --- the day read in the text, whatever its zone
# file: ingest_api.py
# caught by: test_a_row_of_another_utc_day_is_refused
# hint: date()
def split_rows(rows: list, columns: dict, day: date) -> tuple[list[dict], list[dict]]:
    """Les bonnes lignes, une par id, triées par id ; et les refusées, {"reason", "field", "raw"}."""
    latest, rejects = {}, []
    for row in rows:
        try:
            good = typed(row, columns)
            if "event_time" in good and row["event_time"][:10] != str(day):
                raise ValueError("other_day", "event_time")
            known = latest.get(good["id"])
            if known is None or version(good) >= version(known):
                latest[good["id"]] = good
        except ValueError as error:
            rejects.append({"reason": error.args[0], "field": error.args[1], "raw": row})
    return [latest[key] for key in sorted(latest)], rejects


# --- the day on this machine's clock, two hours ahead
# file: ingest_api.py
# caught by: test_a_row_of_another_utc_day_is_refused
# hint: UTC
def split_rows(rows: list, columns: dict, day: date) -> tuple[list[dict], list[dict]]:
    """Les bonnes lignes, une par id, triées par id ; et les refusées, {"reason", "field", "raw"}."""
    latest, rejects = {}, []
    for row in rows:
        try:
            good = typed(row, columns)
            if "event_time" in good and (good["event_time"] + timedelta(hours=2)).date() != day:
                raise ValueError("other_day", "event_time")
            known = latest.get(good["id"])
            if known is None or version(good) >= version(known):
                latest[good["id"]] = good
        except ValueError as error:
            rejects.append({"reason": error.args[0], "field": error.args[1], "raw": row})
    return [latest[key] for key in sorted(latest)], rejects


# --- every id once, the last received
# file: ingest_api.py
# caught by: test_the_latest_version_of_an_id_wins
# hint: version
def split_rows(rows: list, columns: dict, day: date) -> tuple[list[dict], list[dict]]:
    """Les bonnes lignes, une par id, triées par id ; et les refusées, {"reason", "field", "raw"}."""
    latest, rejects = {}, []
    for row in rows:
        try:
            good = typed(row, columns)
            if "event_time" in good and good["event_time"].date() != day:
                raise ValueError("other_day", "event_time")
            known = latest.get(good["id"])
            if True:
                latest[good["id"]] = good
        except ValueError as error:
            rejects.append({"reason": error.args[0], "field": error.args[1], "raw": row})
    return [latest[key] for key in sorted(latest)], rejects


# --- every id once, the first received
# file: ingest_api.py
# caught by: test_the_latest_version_of_an_id_wins
# hint: version
def split_rows(rows: list, columns: dict, day: date) -> tuple[list[dict], list[dict]]:
    """Les bonnes lignes, une par id, triées par id ; et les refusées, {"reason", "field", "raw"}."""
    latest, rejects = {}, []
    for row in rows:
        try:
            good = typed(row, columns)
            if "event_time" in good and good["event_time"].date() != day:
                raise ValueError("other_day", "event_time")
            known = latest.get(good["id"])
            if known is None:
                latest[good["id"]] = good
        except ValueError as error:
            rejects.append({"reason": error.args[0], "field": error.args[1], "raw": row})
    return [latest[key] for key in sorted(latest)], rejects


# --- updated_at compared as a text
# file: ingest_api.py
# caught by: test_the_latest_version_of_an_id_wins
# hint: textes
def split_rows(rows: list, columns: dict, day: date) -> tuple[list[dict], list[dict]]:
    """Les bonnes lignes, une par id, triées par id ; et les refusées, {"reason", "field", "raw"}."""
    latest, rejects = {}, []
    for row in rows:
        try:
            good = typed(row, columns)
            if "event_time" in good and good["event_time"].date() != day:
                raise ValueError("other_day", "event_time")
            known = latest.get(good["id"])
            if known is None or str(row["updated_at"]) >= str(known["raw"]):
                latest[good["id"]] = {**good, "raw": row["updated_at"]}
        except ValueError as error:
            rejects.append({"reason": error.args[0], "field": error.args[1], "raw": row})
    return [latest[key] for key in sorted(latest)], rejects


# --- duplicates kept
# file: ingest_api.py
# caught by: test_the_latest_version_of_an_id_wins
# hint: version
def split_rows(rows: list, columns: dict, day: date) -> tuple[list[dict], list[dict]]:
    good, rejects = [], []
    for row in rows:
        try:
            good.append(typed(row, columns))
        except ValueError as error:
            rejects.append({"reason": error.args[0], "field": error.args[1], "raw": row})
    return sorted(good, key=lambda row: row["id"]), rejects


# --- refused rows thrown away
# file: ingest_api.py
# caught by: test_a_refused_row_is_kept_with_its_reason
# hint: except ValueError
def split_rows(rows: list, columns: dict, day: date) -> tuple[list[dict], list[dict]]:
    """Les bonnes lignes, une par id, triées par id ; et les refusées, {"reason", "field", "raw"}."""
    latest, rejects = {}, []
    for row in rows:
        try:
            good = typed(row, columns)
            if "event_time" in good and good["event_time"].date() != day:
                raise ValueError("other_day", "event_time")
            known = latest.get(good["id"])
            if known is None or version(good) >= version(known):
                latest[good["id"]] = good
        except ValueError as error:
            continue
    return [latest[key] for key in sorted(latest)], rejects


# --- one reason for all
# file: ingest_api.py
# caught by: test_a_refused_row_is_kept_with_its_reason
# hint: error.args
def split_rows(rows: list, columns: dict, day: date) -> tuple[list[dict], list[dict]]:
    """Les bonnes lignes, une par id, triées par id ; et les refusées, {"reason", "field", "raw"}."""
    latest, rejects = {}, []
    for row in rows:
        try:
            good = typed(row, columns)
            if "event_time" in good and good["event_time"].date() != day:
                raise ValueError("other_day", "event_time")
            known = latest.get(good["id"])
            if known is None or version(good) >= version(known):
                latest[good["id"]] = good
        except ValueError as error:
            rejects.append({"reason": "wrong_type", "field": error.args[1], "raw": row})
    return [latest[key] for key in sorted(latest)], rejects


# --- only the first refused row kept
# file: ingest_api.py
# caught by: test_a_refused_row_is_kept_with_its_reason
# hint: continue
def split_rows(rows: list, columns: dict, day: date) -> tuple[list[dict], list[dict]]:
    """Les bonnes lignes, une par id, triées par id ; et les refusées, {"reason", "field", "raw"}."""
    latest, rejects = {}, []
    for row in rows:
        try:
            good = typed(row, columns)
            if "event_time" in good and good["event_time"].date() != day:
                raise ValueError("other_day", "event_time")
            known = latest.get(good["id"])
            if known is None or version(good) >= version(known):
                latest[good["id"]] = good
        except ValueError as error:
            if not rejects:
                rejects.append({"reason": error.args[0], "field": error.args[1], "raw": row})
    return [latest[key] for key in sorted(latest)], rejects


# --- the order of arrival
# file: ingest_api.py
# caught by: test_good_rows_keep_their_types
# hint: sorted
def split_rows(rows: list, columns: dict, day: date) -> tuple[list[dict], list[dict]]:
    """Les bonnes lignes, une par id, triées par id ; et les refusées, {"reason", "field", "raw"}."""
    latest, rejects = {}, []
    for row in rows:
        try:
            good = typed(row, columns)
            if "event_time" in good and good["event_time"].date() != day:
                raise ValueError("other_day", "event_time")
            known = latest.get(good["id"])
            if known is None or version(good) >= version(known):
                latest[good["id"]] = good
        except ValueError as error:
            rejects.append({"reason": error.args[0], "field": error.args[1], "raw": row})
    return [latest[key] for key in latest], rejects


# --- through pandas: integers become floats
# file: ingest_api.py
# caught by: test_good_rows_keep_their_types
# hint: flottant
def split_rows(rows: list, columns: dict, day: date) -> tuple[list[dict], list[dict]]:
    """Les bonnes lignes, une par id, triées par id ; et les refusées, {"reason", "field", "raw"}."""
    latest, rejects = {}, []
    for row in rows:
        try:
            good = typed(row, columns)
            if "event_time" in good and good["event_time"].date() != day:
                raise ValueError("other_day", "event_time")
            known = latest.get(good["id"])
            if known is None or version(good) >= version(known):
                latest[good["id"]] = good
        except ValueError as error:
            rejects.append({"reason": error.args[0], "field": error.args[1], "raw": row})
    import pandas as pd

    frame = pd.DataFrame([latest[key] for key in sorted(latest)])
    return frame.to_dict("records"), rejects


# --- day checked for posts too
# file: ingest_api.py
# caught by: test_posts_are_sorted_out_too
# hint: POSTS
def split_rows(rows: list, columns: dict, day: date) -> tuple[list[dict], list[dict]]:
    """Les bonnes lignes, une par id, triées par id ; et les refusées, {"reason", "field", "raw"}."""
    latest, rejects = {}, []
    for row in rows:
        try:
            good = typed(row, columns)
            if good["event_time"].date() != day:
                raise ValueError("other_day", "event_time")
            known = latest.get(good["id"])
            if known is None or version(good) >= version(known):
                latest[good["id"]] = good
        except ValueError as error:
            rejects.append({"reason": error.args[0], "field": error.args[1], "raw": row})
    return [latest[key] for key in sorted(latest)], rejects


# --- removed, then renamed
# file: ingest_api.py
# caught by: test_a_file_is_replaced_in_one_gesture
# hint: Un seul geste
def replace_file(path: Path, content: bytes) -> None:
    """Écrit `content` dans `path` d'un seul geste : qui lit voit l'ancien fichier ou le nouveau, entier."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    path.unlink(missing_ok=True)
    temporary.rename(path)


# --- written in place
# file: ingest_api.py
# caught by: test_a_file_is_replaced_in_one_gesture
# hint: Un seul geste
def replace_file(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


# --- copied over the old one
# file: ingest_api.py
# caught by: test_a_file_is_replaced_in_one_gesture
# hint: Un seul geste
def replace_file(path: Path, content: bytes) -> None:
    """Écrit `content` dans `path` d'un seul geste : qui lit voit l'ancien fichier ou le nouveau, entier."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    import shutil

    shutil.copy(temporary, path)
    temporary.unlink()


# --- a temporary name that readers pick up
# file: ingest_api.py
# caught by: test_a_file_is_replaced_in_one_gesture
# hint: point
def replace_file(path: Path, content: bytes) -> None:
    """Écrit `content` dans `path` d'un seul geste : qui lit voit l'ancien fichier ou le nouveau, entier."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"tmp_{path.name}")
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


# --- a temporary file in another folder
# file: ingest_api.py
# caught by: test_a_file_is_replaced_in_one_gesture
# hint: Un seul geste
def replace_file(path: Path, content: bytes) -> None:
    """Écrit `content` dans `path` d'un seul geste : qui lit voit l'ancien fichier ou le nouveau, entier."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.parent.parent / ".data.tmp"
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


# --- not flushed to the disk
# file: ingest_api.py
# caught by: test_the_bytes_are_on_disk_before_the_rename
# hint: fsync
def replace_file(path: Path, content: bytes) -> None:
    """Écrit `content` dans `path` d'un seul geste : qui lit voit l'ancien fichier ou le nouveau, entier."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    with temporary.open("wb") as file:
        file.write(content)
    temporary.replace(path)


# --- the folder must be there
# file: ingest_api.py
# caught by: test_a_file_is_created_or_replaced_whole
# hint: mkdir
def replace_file(path: Path, content: bytes) -> None:
    """Écrit `content` dans `path` d'un seul geste : qui lit voit l'ancien fichier ou le nouveau, entier."""
    temporary = path.with_name(f".{path.name}.tmp")
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


# --- the file named after the time
# file: ingest_api.py
# caught by: test_a_changed_day_replaces_the_file
# hint: fichier
def write_parquet(rows: list[dict], columns: dict, day: date, output_dir: Path, source: str) -> str:
    """Écrit le fichier du jour, `columns` puis METADATA ; rend "written", ou "unchanged" s'il est déjà ainsi."""
    path, now = partition_file(output_dir, day), datetime.now(UTC)
    rows = [{**row, "_ingested_at": now, "_source": source, "_partition_date": day} for row in rows]
    table = pa.Table.from_pylist(rows, pa.schema({**columns, **METADATA}))
    if path.exists():
        there = pq.ParquetFile(path).read()
        if there.drop_columns("_ingested_at").equals(table.drop_columns("_ingested_at")):
            return "unchanged"
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="snappy")
    replace_file(path.with_name(f"data_{now:%H%M%S%f}.parquet"), sink.getvalue())
    return "written"


# --- always written anew
# file: ingest_api.py
# caught by: test_a_file_already_right_is_not_touched
# hint: drop_columns
def write_parquet(rows: list[dict], columns: dict, day: date, output_dir: Path, source: str) -> str:
    """Écrit le fichier du jour, `columns` puis METADATA ; rend "written", ou "unchanged" s'il est déjà ainsi."""
    path, now = partition_file(output_dir, day), datetime.now(UTC)
    rows = [{**row, "_ingested_at": now, "_source": source, "_partition_date": day} for row in rows]
    table = pa.Table.from_pylist(rows, pa.schema({**columns, **METADATA}))
    if path.exists():
        there = pq.ParquetFile(path).read()
        if there.drop_columns("_ingested_at").equals(table.drop_columns("_ingested_at")):
            pass
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="snappy")
    replace_file(path, sink.getvalue())
    return "written"


# --- compared with the moment of ingestion too
# file: ingest_api.py
# caught by: test_a_file_already_right_is_not_touched
# hint: _ingested_at
def write_parquet(rows: list[dict], columns: dict, day: date, output_dir: Path, source: str) -> str:
    """Écrit le fichier du jour, `columns` puis METADATA ; rend "written", ou "unchanged" s'il est déjà ainsi."""
    path, now = partition_file(output_dir, day), datetime.now(UTC)
    rows = [{**row, "_ingested_at": now, "_source": source, "_partition_date": day} for row in rows]
    table = pa.Table.from_pylist(rows, pa.schema({**columns, **METADATA}))
    if path.exists():
        there = pq.ParquetFile(path).read()
        if there.equals(table):
            return "unchanged"
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="snappy")
    replace_file(path, sink.getvalue())
    return "written"


# --- unchanged when the ids are the same
# file: ingest_api.py
# caught by: test_a_changed_day_replaces_the_file
# hint: valeur
def write_parquet(rows: list[dict], columns: dict, day: date, output_dir: Path, source: str) -> str:
    """Écrit le fichier du jour, `columns` puis METADATA ; rend "written", ou "unchanged" s'il est déjà ainsi."""
    path, now = partition_file(output_dir, day), datetime.now(UTC)
    rows = [{**row, "_ingested_at": now, "_source": source, "_partition_date": day} for row in rows]
    table = pa.Table.from_pylist(rows, pa.schema({**columns, **METADATA}))
    if path.exists():
        there = pq.ParquetFile(path).read()
        if there["id"].equals(table["id"]):
            return "unchanged"
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="snappy")
    replace_file(path, sink.getvalue())
    return "written"


# --- the source written as a constant
# file: ingest_api.py
# caught by: test_the_file_has_its_columns_and_its_metadata
# hint: METADATA
def write_parquet(rows: list[dict], columns: dict, day: date, output_dir: Path, source: str) -> str:
    """Écrit le fichier du jour, `columns` puis METADATA ; rend "written", ou "unchanged" s'il est déjà ainsi."""
    path, now = partition_file(output_dir, day), datetime.now(UTC)
    rows = [{**row, "_ingested_at": now, "_source": "/api/events", "_partition_date": day} for row in rows]
    table = pa.Table.from_pylist(rows, pa.schema({**columns, **METADATA}))
    if path.exists():
        there = pq.ParquetFile(path).read()
        if there.drop_columns("_ingested_at").equals(table.drop_columns("_ingested_at")):
            return "unchanged"
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="snappy")
    replace_file(path, sink.getvalue())
    return "written"


# --- a local time taken for UTC
# file: ingest_api.py
# caught by: test_the_file_has_its_columns_and_its_metadata
# hint: UTC
def write_parquet(rows: list[dict], columns: dict, day: date, output_dir: Path, source: str) -> str:
    """Écrit le fichier du jour, `columns` puis METADATA ; rend "written", ou "unchanged" s'il est déjà ainsi."""
    path, now = partition_file(output_dir, day), datetime.now() + timedelta(hours=2)
    rows = [{**row, "_ingested_at": now, "_source": source, "_partition_date": day} for row in rows]
    table = pa.Table.from_pylist(rows, pa.schema({**columns, **METADATA}))
    if path.exists():
        there = pq.ParquetFile(path).read()
        if there.drop_columns("_ingested_at").equals(table.drop_columns("_ingested_at")):
            return "unchanged"
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="snappy")
    replace_file(path, sink.getvalue())
    return "written"


# --- through pandas, types guessed
# file: ingest_api.py
# caught by: test_the_file_has_its_columns_and_its_metadata
# hint: pa.schema
def write_parquet(rows: list[dict], columns: dict, day: date, output_dir: Path, source: str) -> str:
    import pandas as pd

    frame = pd.DataFrame(rows)
    frame["_ingested_at"] = datetime.now(UTC)
    frame["_source"] = source
    frame["_partition_date"] = str(day)
    path = partition_file(output_dir, day)
    path.parent.mkdir(parents=True, exist_ok=True)
    frame.to_parquet(path)
    return "written"
