# --- plain lists, sorted before the last one is kept
# file: ingest_api.py
def split_rows(rows: list, columns: dict, day: date) -> tuple[list[dict], list[dict]]:
    good, rejects = [], []
    for row in rows:
        try:
            values = typed(row, columns)
        except ValueError as error:
            rejects.append(dict(reason=error.args[0], field=error.args[1], raw=row))
            continue
        if values.get("event_time") and values["event_time"].astimezone(UTC).date() != day:
            rejects.append(dict(reason="other_day", field="event_time", raw=row))
            continue
        good.append(values)
    good.sort(key=lambda one: (one["id"], version(one)))
    return list({one["id"]: one for one in good}.values()), rejects


# --- NamedTemporaryFile beside the file, os.replace
# file: ingest_api.py
def replace_file(path: Path, content: bytes) -> None:
    import tempfile

    os.makedirs(path.parent, exist_ok=True)
    with tempfile.NamedTemporaryFile("wb", dir=path.parent, prefix=".", suffix=".tmp", delete=False) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(file.name, path)


# --- the columns appended one by one
# file: ingest_api.py
def write_parquet(rows: list[dict], columns: dict, day: date, output_dir: Path, source: str) -> str:
    import io

    schema = pa.schema({**columns, **METADATA})
    now = datetime.now(UTC)
    filled = []
    for row in rows:
        one = dict(row)
        one.update(_ingested_at=now, _source=source, _partition_date=day)
        filled.append(one)
    table = pa.Table.from_pylist(filled, schema=schema)
    path = partition_file(output_dir, day)
    names = [name for name in schema.names if name != "_ingested_at"]
    if path.is_file() and pq.ParquetFile(path).read().select(names).to_pylist() == table.select(names).to_pylist():
        return "unchanged"
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd")
    replace_file(path, buffer.getvalue())
    return "written"


# --- os.rename, the temporary file removed when it fails
# file: ingest_api.py
def replace_file(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.parent / ".en-cours"
    try:
        with open(temporary, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.rename(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
