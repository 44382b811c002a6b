"""`lab sql`: look at the bronze layer in SQL. DuckDB reads the Parquet files where they are."""

from pathlib import Path

import click

from labkit.base.paths import DATA

DAY_FILES = "partition_date=*/data.parquet"
MOST_ROWS = 40


def tables(bronze: Path) -> dict[str, Path]:
    """{table: folder} of each folder of days under `bronze`: data/bronze/tp22/events is tp22_events."""
    folders = {path.parents[1] for path in bronze.rglob(DAY_FILES)}
    return {"_".join(folder.relative_to(bronze).parts) or "bronze": folder for folder in sorted(folders)}


@click.command("sql")
@click.argument("query", required=False)
def sql_command(query: str | None) -> None:
    """Interroge data/bronze en SQL ; sans QUERY, nomme les tables.

    lab sql "SELECT partition_date, count(*) FROM events GROUP BY 1 ORDER BY 1"
    """
    import duckdb

    known = tables(DATA / "bronze")
    if not known:
        raise click.ClickException("data/bronze ne contient aucun jour : ingérez-en un d'abord.")
    said = "Tables : " + ", ".join(known)
    if not query:
        click.echo(said)
        return
    connection = duckdb.connect(config={"autoinstall_known_extensions": "false"})
    for name, folder in known.items():
        files = (folder / DAY_FILES).as_posix()
        connection.read_parquet(files, hive_partitioning=True, union_by_name=True).create_view(name)
    try:
        answer = connection.sql(query)
        if answer is not None:
            answer.show(max_rows=MOST_ROWS)
    except duckdb.Error as problem:
        raise click.ClickException(f"DuckDB refuse cette requête. {problem}\n{said}") from None
