"""The command `lab`. Each command's module is imported when it is called, so that --help is instant."""

import click

from labkit.runner import run_command


@click.group()
def main() -> None:
    """Le laboratoire d'ingestion : API → Parquet → validation → backfill, orchestré par n8n."""


main.add_command(run_command)
