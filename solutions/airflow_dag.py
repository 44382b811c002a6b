"""Demain : le même backfill en DAG Airflow, un passage par jour manquant, l'ingestion puis la validation.

Les scripts ne changent pas : Airflow lit leur code de sortie. LAB_ROOT désigne le dossier du laboratoire, LAB_PYTHON
le Python qui a leurs bibliothèques. Écrit pour Airflow 3.

Avec un simple `schedule="0 6 * * *"`, le passage de 6 h porterait le jour même, pas encore fini : ses dix-huit
dernières heures ne seraient jamais lues. CronDataIntervalTimetable donne à chaque passage le jour qui vient de finir.
`{{ ds }}` peut entrer dans une commande : c'est Airflow qui le calcule, et non quelqu'un qui l'envoie.
"""

import os
from datetime import UTC, datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG
from airflow.timetables.interval import CronDataIntervalTimetable

PYTHON = os.environ.get("LAB_PYTHON", "python")
DAY = "--start-date {{ ds }} --end-date {{ ds }}"
BRONZE = "data/bronze/airflow"

with DAG(
    "backfill",
    schedule=CronDataIntervalTimetable("0 6 * * *", timezone="UTC"),
    start_date=datetime(2024, 1, 1, tzinfo=UTC),
    end_date=datetime(2024, 3, 31, tzinfo=UTC),
    catchup=True,
    max_active_runs=1,
    default_args={
        "cwd": os.environ.get("LAB_ROOT", "."),
        "retries": 2,
        "retry_delay": timedelta(minutes=1),
    },
) as dag:
    ingest = BashOperator(
        task_id="ingest", bash_command=f"{PYTHON} solutions/ingest_api.py {DAY} --output-dir {BRONZE}"
    )
    validate = BashOperator(
        task_id="validate", bash_command=f"{PYTHON} solutions/validate_data.py {DAY} --input-file {BRONZE}"
    )
    ingest >> validate
