"""Demain : le même backfill en DAG Airflow, un passage par jour manquant, l'ingestion puis la validation.

Les scripts ne changent pas : Airflow lit leur code de sortie. LAB_ROOT désigne le dossier du laboratoire, LAB_PYTHON
le Python qui a leurs bibliothèques. Écrit pour Airflow 3.
"""

import os
from datetime import UTC, datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

PYTHON = os.environ.get("LAB_PYTHON", "python")
DAY = "--start-date {{ ds }} --end-date {{ ds }}"
BRONZE = "data/bronze/airflow"

with DAG(
    "backfill",
    schedule="0 6 * * *",
    start_date=datetime(2024, 1, 1, tzinfo=UTC),
    end_date=datetime(2024, 3, 31, tzinfo=UTC),
    catchup=True,
    max_active_runs=1,
    default_args={
        "cwd": os.environ.get("LAB_ROOT", "."),
        "retries": 2,
        "retry_delay": timedelta(minutes=1),
    },
):
    ingest = BashOperator(
        task_id="ingest", bash_command=f"{PYTHON} solutions/ingest_api.py {DAY} --output-dir {BRONZE}"
    )
    validate = BashOperator(
        task_id="validate", bash_command=f"{PYTHON} solutions/validate_data.py {DAY} --input-file {BRONZE}"
    )
    ingest >> validate
