"""Le backfill réparti : les jours qui manquent, par lots, sur autant de machines qu'il y a de travailleurs.

Les jours manquants font des lots ; chaque lot est une tâche, que prend un travailleur libre (`expand`) ; puis une
validation, une seule, et un bilan. Un lot tué avec sa machine est refait, ses jours déjà écrits sautés ; deux lots qui
se croisent ne se nuisent pas, le moteur compare avant de remplacer. Les travailleurs doivent voir le même bronze,
`s3://…` d'ordinaire. LAB_ROOT, LAB_PYTHON : voir backfill.py.

Pas de `{{ ds }}` ici : lancé à la main, le passage peut n'avoir aucune date. La période est un paramètre.
"""

import json
import os
import subprocess
from datetime import timedelta

from airflow.sdk import Param, dag, task

PYTHON = os.environ.get("LAB_PYTHON", "python")
ROOT = os.environ.get("LAB_ROOT", ".")


def engine(command: str, **arguments: str) -> dict:
    """Ce que rend le moteur. Une sortie autre que 0 fait échouer la tâche, et Airflow la recommence."""
    words = [f"--{name.replace('_', '-')}={value}" for name, value in arguments.items()]
    done = subprocess.run(
        [PYTHON, "-m", "ingestion", command, *words], cwd=ROOT, stdout=subprocess.PIPE, encoding="utf-8"
    )
    print(done.stdout)
    done.check_returncode()
    return json.loads(done.stdout)


@dag(
    schedule=None,
    params={
        "start_date": Param("2024-01-01", type="string", format="date"),
        "end_date": Param("2024-03-31", type="string", format="date"),
        # Airflow refuse plus de 1 024 tâches d'un coup (core.max_map_length) : 31 jours par lot en font 87 ans.
        "batch_days": Param(31, type="integer", minimum=1),
        "bronze": os.environ.get("LAB_BRONZE", "data/bronze/airflow_reparti"),
        "quarantine": os.environ.get("LAB_QUARANTINE", "data/quarantine"),
    },
    default_args={"retries": 3, "retry_delay": timedelta(seconds=10)},
)
def backfill_reparti():
    @task
    def batches(params: dict | None = None) -> list[dict[str, str]]:
        period = {"start_date": params["start_date"], "end_date": params["end_date"]}
        missing = engine("dates", **period, missing_in=params["bronze"])["dates"]
        size = params["batch_days"]
        cut = [missing[first : first + size] for first in range(0, len(missing), size)]
        return [{"start_date": days[0], "end_date": days[-1]} for days in cut]

    @task
    def ingest(batch: dict[str, str], params: dict | None = None) -> dict:
        places = {"output_dir": params["bronze"], "quarantine_dir": params["quarantine"]}
        return engine("backfill", **batch, **places, page_size="1000")

    @task(trigger_rule="none_failed", retries=1)
    def validate(params: dict | None = None) -> dict:
        period = {"start_date": params["start_date"], "end_date": params["end_date"]}
        return engine("validate", **period, input_file=params["bronze"])

    @task(trigger_rule="none_failed")
    def summary(ingested: list[dict], verdict: dict) -> dict:
        ingested = ingested[
            :
        ]  # d'un coup : lus un à un, Airflow note en erreur qu'après le dernier il n'y en a plus
        return {
            "batches": len(ingested),
            "written": sum(len(one["partitions"]["written"]) for one in ingested),
            "quarantined": sum(one["quarantined"] for one in ingested),
            "rows": verdict["rows"],
            "validation": verdict["validation"],
        }

    ingested, verdict = ingest.expand(batch=batches()), validate()
    ingested >> verdict
    summary(ingested, verdict)


backfill_reparti()
