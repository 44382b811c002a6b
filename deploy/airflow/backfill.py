"""Demain : le même backfill en DAG Airflow, un passage par jour manquant, l'ingestion puis la validation.

Les scripts ne changent pas : Airflow lit leur code de sortie. LAB_ROOT désigne le dossier du laboratoire, LAB_PYTHON
le Python qui a leurs bibliothèques.

`{{ ds }}` est le jour de la date logique du passage. Airflow le calcule, personne ne l'envoie : il peut entrer dans une
commande. Depuis Airflow 3.0 :

- avec un simple `schedule="0 6 * * *"`, c'est le jour du déclenchement : le passage de 6 h porterait le jour même, pas
  encore fini, et ses dix-huit dernières heures ne seraient jamais lues. CronDataIntervalTimetable donne à chaque
  passage le jour qui vient de finir ;
- un passage lancé à la main n'a de date que si on la lui donne ; sans elle, `ds` manque et la tâche échoue :
  `airflow dags trigger backfill --logical-date 2024-01-02`.
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
