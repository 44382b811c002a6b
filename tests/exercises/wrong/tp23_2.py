# --- the folder is enough
# file: ingest_api.py
# caught by: test_a_folder_or_half_a_file_is_not_a_day_done
# hint: dossier
def days_left(days: list[date], output_dir: Path) -> list[date]:
    """Ceux de `days` qui restent à faire : un jour est fait quand son fichier complet porte son nom."""
    files = {day: partition_file(output_dir, day) for day in days}
    return [day for day in days if not (files[day].parent.exists())]


# --- any file in the folder
# file: ingest_api.py
# caught by: test_a_folder_or_half_a_file_is_not_a_day_done
# hint: dossier
def days_left(days: list[date], output_dir: Path) -> list[date]:
    """Ceux de `days` qui restent à faire : un jour est fait quand son fichier complet porte son nom."""
    files = {day: partition_file(output_dir, day) for day in days}
    return [day for day in days if not (list(files[day].parent.glob("*")))]


# --- any Parquet file in the folder
# file: ingest_api.py
# caught by: test_a_folder_or_half_a_file_is_not_a_day_done
# hint: fichier
def days_left(days: list[date], output_dir: Path) -> list[date]:
    """Ceux de `days` qui restent à faire : un jour est fait quand son fichier complet porte son nom."""
    files = {day: partition_file(output_dir, day) for day in days}
    return [day for day in days if not (list(files[day].parent.glob("*.parquet")))]


# --- a file of zero bytes is enough
# file: ingest_api.py
# caught by: test_a_folder_or_half_a_file_is_not_a_day_done
# hint: zéro octet
def days_left(days: list[date], output_dir: Path) -> list[date]:
    """Ceux de `days` qui restent à faire : un jour est fait quand son fichier complet porte son nom."""
    files = {day: partition_file(output_dir, day) for day in days}
    return [day for day in days if not (files[day].is_file())]


# --- whatever bears the name
# file: ingest_api.py
# caught by: test_a_folder_or_half_a_file_is_not_a_day_done
# hint: fichier
def days_left(days: list[date], output_dir: Path) -> list[date]:
    """Ceux de `days` qui restent à faire : un jour est fait quand son fichier complet porte son nom."""
    files = {day: partition_file(output_dir, day) for day in days}
    return [day for day in days if not (files[day].exists())]


# --- a set
# file: ingest_api.py
# caught by: test_a_day_whose_complete_file_is_there_is_done
# hint: is_file
def days_left(days: list[date], output_dir: Path) -> list[date]:
    """Ceux de `days` qui restent à faire : un jour est fait quand son fichier complet porte son nom."""
    files = {day: partition_file(output_dir, day) for day in days}
    return {day for day in days if not (files[day].is_file() and files[day].stat().st_size)}


# --- sorted, not as given
# file: ingest_api.py
# caught by: test_a_day_whose_complete_file_is_there_is_done
# hint: is_file
def days_left(days: list[date], output_dir: Path) -> list[date]:
    """Ceux de `days` qui restent à faire : un jour est fait quand son fichier complet porte son nom."""
    files = {day: partition_file(output_dir, day) for day in days}
    return [day for day in sorted(days) if not (files[day].is_file() and files[day].stat().st_size)]


# --- the days that are done
# file: ingest_api.py
# caught by: test_a_day_whose_complete_file_is_there_is_done
# hint: gardez les autres
def days_left(days: list[date], output_dir: Path) -> list[date]:
    """Ceux de `days` qui restent à faire : un jour est fait quand son fichier complet porte son nom."""
    files = {day: partition_file(output_dir, day) for day in days}
    return [day for day in days if (files[day].is_file() and files[day].stat().st_size)]


# --- all the days
# file: ingest_api.py
# caught by: test_a_day_whose_complete_file_is_there_is_done
# hint: is_file
def days_left(days: list[date], output_dir: Path) -> list[date]:
    return days


# --- stops at the first day done
# file: ingest_api.py
# caught by: test_a_day_whose_complete_file_is_there_is_done
# hint: is_file
def days_left(days: list[date], output_dir: Path) -> list[date]:
    left = []
    for day in days:
        path = partition_file(output_dir, day)
        if path.is_file() and path.stat().st_size:
            break
        left.append(day)
    return left


# --- the bronze folder must be there
# file: ingest_api.py
# caught by: test_nothing_is_done_where_there_is_nothing
# hint: n'existe pas encore
def days_left(days: list[date], output_dir: Path) -> list[date]:
    """Ceux de `days` qui restent à faire : un jour est fait quand son fichier complet porte son nom."""
    files = {day: partition_file(output_dir, day) for day in days}
    next(iter(output_dir.iterdir()), None)
    return [day for day in days if not (files[day].is_file() and files[day].stat().st_size)]


# --- the bronze folder created
# file: ingest_api.py
# caught by: test_nothing_is_done_where_there_is_nothing
# hint: n'existe pas encore
def days_left(days: list[date], output_dir: Path) -> list[date]:
    """Ceux de `days` qui restent à faire : un jour est fait quand son fichier complet porte son nom."""
    files = {day: partition_file(output_dir, day) for day in days}
    output_dir.mkdir(parents=True, exist_ok=True)
    return [day for day in days if not (files[day].is_file() and files[day].stat().st_size)]
