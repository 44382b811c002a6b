# --- a file named by the time of writing
# file: partitions.py
# caught by: test_a_day_always_has_the_same_file_name
# hint: ni de l'heure, ni d'un identifiant tiré au hasard
def partition_name(day: date) -> str:
    import time

    return f"{PREFIX}{day.isoformat()}/data_{time.time_ns()}.parquet"

# --- a folder per month
# file: partitions.py
# caught by: test_a_day_always_has_the_same_file_name
# hint: Le nom ne dépend que du jour
def partition_name(day: date) -> str:
    return f"{PREFIX}{day:%Y-%m}/data.parquet"

# --- the day as people write it
# file: partitions.py
# caught by: test_the_folder_follows_the_hive_convention
# hint: la convention de Hive
def partition_name(day: date) -> str:
    return f"{day:%d-%m-%Y}/data.parquet"

# --- every row in the partition of the first day
# file: publish.py
# caught by: test_a_row_goes_to_the_day_of_its_own_event
# hint: ni le jour demandé
def group_by_day(table: pa.Table, resource: Resource) -> dict[date, pa.Table]:
    if not table.num_rows:
        return {}
    first = pc.min(table[resource.event_time_field]).as_py().date()
    return {first: table}

# --- the local day
# file: publish.py
# caught by: test_a_row_goes_to_the_day_of_its_own_event
# hint: ni le jour local
def group_by_day(table: pa.Table, resource: Resource) -> dict[date, pa.Table]:
    local = table[resource.event_time_field].cast(pa.timestamp("us", tz="Europe/Paris"))
    days = pc.local_timestamp(local).cast(pa.date32())
    return {day.as_py(): table.filter(pc.equal(days, day)) for day in pc.unique(days)}

# --- the last group never closed
# file: publish.py
# caught by: test_no_row_is_lost_while_grouping
# hint: dans un groupe et un seul
def group_by_day(table: pa.Table, resource: Resource) -> dict[date, pa.Table]:
    days = [instant.date() for instant in table[resource.event_time_field].to_pylist()]
    groups, start = {}, 0
    for index in range(1, len(days)):
        if days[index] != days[index - 1]:
            groups[days[start]] = table.slice(start, index - start)
            start = index
    return groups

# --- metadata of a naive time
# file: bronze.py
# caught by: test_metadata_columns_say_when_and_from_where
# hint: La même valeur sur chaque ligne
def add_metadata(table: pa.Table, resource: Resource, day: date, ingested_at: datetime) -> pa.Table:
    values = {"_ingested_at": ingested_at.replace(tzinfo=None), "_source": resource.path, "_partition_date": day}
    for name, value in values.items():
        table = table.append_column(name, pa.array([value] * table.num_rows))
    return table

# --- the metadata columns where they fall
# file: bronze.py
# caught by: test_metadata_columns_say_when_and_from_where
# hint: dans l'ordre de file_schema
def add_metadata(table: pa.Table, resource: Resource, day: date, ingested_at: datetime) -> pa.Table:
    values = {"_source": resource.path, "_ingested_at": ingested_at, "_partition_date": day}
    for name, value in values.items():
        field = METADATA.field(name)
        table = table.append_column(field, pa.array([value] * table.num_rows, field.type))
    return table

# --- written in place
# file: atomic.py
# caught by: test_a_reader_never_sees_half_a_file
# hint: on écrit à côté
@contextmanager
def replace_file(path: Path) -> Iterator[BinaryIO]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as stream:
        yield stream
        stream.flush()
        os.fsync(stream.fileno())

# --- a temporary file that readers take for data
# file: atomic.py
# caught by: test_a_reader_never_sees_half_a_file
# hint: un nom qui commence par un point
@contextmanager
def replace_file(path: Path) -> Iterator[BinaryIO]:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"tmp_{path.name}")
    try:
        with temporary.open("wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise

# --- the temporary file left behind after a failure
# file: atomic.py
# caught by: test_a_failed_write_leaves_the_old_file
# hint: supprime le provisoire
@contextmanager
def replace_file(path: Path) -> Iterator[BinaryIO]:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    with temporary.open("wb") as stream:
        yield stream
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(path)

# --- the rename happens even after a failure
# file: atomic.py
# caught by: test_a_failed_write_leaves_the_old_file
# hint: puis relève l'erreur
@contextmanager
def replace_file(path: Path) -> Iterator[BinaryIO]:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        with temporary.open("wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
    finally:
        temporary.replace(path)

# --- not flushed to the disk
# file: atomic.py
# caught by: test_bytes_are_on_disk_before_the_rename
# hint: os.fsync(stream.fileno())
@contextmanager
def replace_file(path: Path) -> Iterator[BinaryIO]:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        with temporary.open("wb") as stream:
            yield stream
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
