"""`lab sql`: the bronze layer in SQL gives what pandas gives on the same files, and says what it can be asked."""

import subprocess

import pandas as pd
import pytest

from tests.unit.lab_copy import LabCopy


@pytest.fixture
def sql(tmp_path):
    """Ask `lab sql` about two days of two resources, in a folder of its own."""
    for table in ("events", "tp22/posts"):
        for day, ids in (("2024-01-01", [1, 2, 3]), ("2024-01-02", [4, 5])):
            folder = tmp_path / "data" / "bronze" / table / f"partition_date={day}"
            folder.mkdir(parents=True)
            pd.DataFrame({"id": ids, "amount": [one / 2 for one in ids]}).to_parquet(folder / "data.parquet")

    def ask(*query: str) -> subprocess.CompletedProcess:
        done = LabCopy(tmp_path).lab("sql", *query)
        assert "Traceback" not in done.stderr
        return done

    ask.bronze = tmp_path / "data" / "bronze"
    return ask


def test_a_question_in_sql_and_in_pandas_gets_the_same_answer(sql):
    said = sql("SELECT partition_date, count(*) AS n, sum(amount) AS total FROM events GROUP BY 1 ORDER BY 1")
    shown = [
        [cell.strip() for cell in line.split("│")[1:-1]]
        for line in said.stdout.splitlines()
        if "2024-" in line
    ]
    frame = pd.read_parquet(sql.bronze / "events")
    by_day = frame.groupby("partition_date", observed=True)["amount"].agg(["size", "sum"])
    assert shown == [[day, str(row["size"].astype(int)), str(row["sum"])] for day, row in by_day.iterrows()]


def test_without_a_question_the_tables_are_named(sql):
    assert sql().stdout == "Tables : events, tp22_posts\n"


@pytest.mark.parametrize("query", ["SELECT * FROM evnts", "SELEC 1"])
def test_a_question_that_cannot_be_answered_is_refused_with_the_tables_there_are(sql, query):
    done = sql(query)
    assert (done.returncode, done.stdout) == (1, "")
    assert "DuckDB refuse cette requête" in done.stderr
    assert "Tables : events, tp22_posts" in done.stderr


def test_an_empty_bronze_is_told(tmp_path):
    done = LabCopy(tmp_path).lab("sql", "SELECT 1")
    assert (done.returncode, "ne contient aucun jour" in done.stderr) == (1, True)
