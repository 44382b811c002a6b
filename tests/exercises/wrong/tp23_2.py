# --- a folder taken for a finished day
# file: partitions.py
# caught by: test_a_crashed_write_is_not_a_finished_day
# hint: Un dossier seul ne prouve rien
def present_days(folder: Folder) -> set[date]:
    if not folder.path.is_dir():
        return set()
    names = [path.name for path in folder.path.iterdir()]
    return {day for name in names if name.startswith(PREFIX) and (day := _day_of(name))}

# --- any file will do
# file: partitions.py
# caught by: test_a_crashed_write_is_not_a_finished_day
# hint: le fichier complet qui compte
def present_days(folder: Folder) -> set[date]:
    if not folder.path.is_dir():
        return set()
    names = {path.parent.name for path in folder.path.glob(f"{PREFIX}*/.*")} | {
        path.parent.name for path in folder.path.glob(f"{PREFIX}*/*")
    }
    return {day for name in names if (day := _day_of(name))}

# --- a foreign folder breaks the run
# file: partitions.py
# caught by: test_foreign_folders_are_ignored
# hint: `_day_of` rend None sinon
def present_days(folder: Folder) -> set[date]:
    names = folder.subfolders_holding(FILE_NAME)
    return {date.fromisoformat(name.removeprefix(PREFIX)) for name in names}

# --- any folder whose name holds a date
# file: partitions.py
# caught by: test_foreign_folders_are_ignored
# hint: qui commencent par PREFIX
def present_days(folder: Folder) -> set[date]:
    import contextlib

    days = set()
    for name in folder.subfolders_holding(FILE_NAME):
        with contextlib.suppress(ValueError):
            days.add(date.fromisoformat(name.partition("=")[2]))
    return days

# --- a first time is an error
# file: partitions.py
# caught by: test_a_folder_that_does_not_exist_holds_no_day
# hint: pas une exception
def present_days(folder: Folder) -> set[date]:
    names = [path.name for path in folder.path.iterdir() if (path / FILE_NAME).is_file()]
    return {day for name in names if name.startswith(PREFIX) and (day := _day_of(name))}

# --- names instead of days
# file: partitions.py
# caught by: test_days_with_their_complete_file_are_present
# hint: les sous-dossiers où le fichier complet
def present_days(folder: Folder) -> set[date]:
    return {name.removeprefix(PREFIX) for name in folder.subfolders_holding(FILE_NAME) if name.startswith(PREFIX)}
