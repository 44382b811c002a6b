"""What data/README.md tells instructors about the practice data, and the samples, are what the API serves."""

import json
import re
from datetime import timedelta

import pytest
import requests

from labkit.practice_api import data
from labkit.practice_api.server import running_api
from tests.conftest import REPOSITORY

README = (REPOSITORY / "data/README.md").read_text(encoding="utf-8")
SEED, DAYS = 2024, 91
JSON = {"Content-Type": "application/json"}
FAULTS = {
    "lignes reçues": lambda row: True,
    "arrivée tardive": lambda row: row.event_day < row.arrival.date(),
    "… dont": lambda row: row.event_day < row.arrival.date() and row.updated_at.date() == row.event_day,
    "corrigée": lambda row: row.corrected_at is not None,
    "supprimée": lambda row: row.deleted_at is not None,
    "sans `id`": lambda row: "id" not in row.original,
    "`event_time`": lambda row: row.original["event_time"] == "31/02/2024",
    "`amount`": lambda row: row.original["amount"] == "douze",
    "objet": lambda row: isinstance(row.original.get("user_id", row.original.get("account")), dict),
}


@pytest.fixture(scope="module")
def api():
    with running_api() as served:
        yield served


def documented(fault, resource):
    line = next(line for line in README.splitlines() if line.startswith(f"| {fault}"))
    return int(line.split("|")[{"events": 3, "transactions": 4}[resource]])


@pytest.mark.parametrize("resource", ["events", "transactions"])
@pytest.mark.parametrize("fault", FAULTS)
def test_the_documented_count_of_each_planted_fault_is_the_real_one(fault, resource):
    days = (data.FIRST_DAY + timedelta(days=number) for number in range(DAYS))
    rows = [row for day in days for row in data.batch(SEED, resource, day)]
    assert sum(map(FAULTS[fault], rows)) == documented(fault, resource)


@pytest.mark.parametrize(("query", "name"), re.findall(r"curl '127\.0\.0\.1:8765(\S+)'.* > (\S+)", README))
def test_a_sample_is_what_its_documented_command_gets(api, query, name):
    served = requests.get(api.url + query, timeout=10).json()
    assert json.loads((REPOSITORY / name).read_text(encoding="utf-8")) == served


def test_every_curl_on_the_switchboard_is_accepted(api):
    commands = re.findall(
        r"^curl (?:-X (\w+) +)?127\.0\.0\.1:8765(\S+)(?:.* -d '(.*)')?$", README, re.MULTILINE
    )
    assert len(commands) >= 8
    for method, path, body in commands:
        answer = requests.request(method or "GET", api.url + path, data=body, headers=JSON, timeout=10)
        assert answer.ok, f"{method} {path}: {answer.text}"
