"""One function's code as a notebook shows it: the trainee's, the reference's, or what does the same in the engine."""

import re
from pathlib import Path

from IPython.display import Code, Markdown

from labkit.base.paths import scripts_folder
from labkit.exercises.cutting import function_texts

MARKS = re.compile(r"^ *###.*\n", re.MULTILINE)
# What the engine has in the place of a function of the course's scripts: (file of ingestion/, function).
IN_THE_ENGINE = {
    "fetch_page": ("api/client.py", "ApiClient.get"),
    "fetch_rows": ("api/paginations.py", "by_cursor"),
    "split_rows": ("rows/records.py", "read_texts"),
    "write_parquet": ("bronze/publishing.py", "publish_day"),
    "ingest": ("daily.py", "ingest_days"),
    "days_left": ("bronze/partitions.py", "present_days"),
    "wrong_rows": ("quality/expectations.py", "expectation"),
    "days_between": ("bronze/partitions.py", "days_between"),
}


def code_of(scripts: str, script: str, function: str) -> Code | Markdown:
    """The source of `function` in `script` of the folder `scripts`; with "ingestion", of what does the same there."""
    folder = engine_folder() if scripts == "ingestion" else scripts_folder(scripts)
    name, owner = IN_THE_ENGINE[function] if scripts == "ingestion" else (script, function)
    text = source_of(folder / name, owner)
    if text is None:
        return Markdown(f"`{owner}` n'est pas (ou plus) dans `{scripts}/{name}`.")
    return Code(text, language="python")


def engine_folder() -> Path:
    """Where the package is installed."""
    import ingestion

    return Path(ingestion.__file__).parent


def source_of(path: Path, owner: str) -> str | None:
    """The lines of a function, without the marks of the exercises; None if the file or the function is not there."""
    try:
        text = path.read_text(encoding="utf-8")
        shown = function_texts(text)[owner]
    except (OSError, SyntaxError, ValueError, KeyError):
        return None
    return MARKS.sub("", shown + "\n").rstrip()
