# --- another file name
# file: partitions.py
def partition_name(day: date) -> str:
    return "/".join([f"partition_date={day}", f"events-{day:%Y%m%d}.parquet"])

# --- groups made in Python
# file: publish.py
def group_by_day(table: pa.Table, resource: Resource) -> dict[date, pa.Table]:
    positions = {}
    for position, instant in enumerate(table[resource.event_time_field].to_pylist()):
        positions.setdefault(instant.date(), []).append(position)
    return {day: table.take(found) for day, found in positions.items()}

# --- metadata from lists
# file: bronze.py
def add_metadata(table: pa.Table, resource: Resource, day: date, ingested_at: datetime) -> pa.Table:
    values = {"_ingested_at": ingested_at, "_source": resource.path, "_partition_date": day}
    for name, value in values.items():
        field = METADATA.field(name)
        table = table.append_column(field, pa.array([value] * table.num_rows, field.type))
    return table.select(resource.file_schema.names).cast(resource.file_schema)

# --- tempfile and os.replace
# file: atomic.py
@contextmanager
def replace_file(path: Path) -> Iterator[BinaryIO]:
    import tempfile

    path.parent.mkdir(parents=True, exist_ok=True)
    stream = tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", suffix=".tmp", delete=False)
    try:
        with stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(stream.name, path)
    except BaseException:
        os.unlink(stream.name)
        raise
