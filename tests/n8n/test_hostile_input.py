"""Parameters that would hurt if a shell, a path or a page read them: nothing runs, nothing is written outside data/."""

import json
import os
import socket

import psutil
import pytest
import requests

from tests.n8n.conftest import SECRETS, parameters
from tests.n8n.test_workflows import BACKFILL, WEBHOOK, call, fill_form

pytestmark = pytest.mark.n8n
MARKER = "intrus"
HOSTILE = {
    "a semicolon": f"2024-01-01; touch {MARKER}",
    "a substitution": f"$(touch {MARKER})",
    "backquotes": f"`touch {MARKER}`",
    "single quotes": f"'; touch {MARKER}; '",
    "double quotes": f'"; touch {MARKER}; "',
    "a new line": f"2024-01-01\ntouch {MARKER}",
    "a pipe": f"2024-01-01 | touch {MARKER}",
    "an n8n expression": "{{ $env.N8N_ENCRYPTION_KEY }}",
    "unicode": "２０２４-01-01\u202e",
    "a path": "../../../../tmp/intrus",
    "an option": "--output-dir=/tmp/intrus",
}


def outside(lab):
    """The files of the lab's copy that are neither under data/ nor n8n's or Python's own."""
    return {
        path.relative_to(lab.root).as_posix()
        for path in lab.root.rglob("*")
        if path.relative_to(lab.root).parts[0] != "data" and "__pycache__" not in path.parts
    }


@pytest.fixture
def nothing_moves(lab):
    before = outside(lab)
    yield
    assert outside(lab) == before
    assert not list(lab.root.parent.rglob(MARKER))


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_date_is_refused_by_the_webhook(lab, nothing_moves, value):
    answer = call(lab, {"start_date": value, "end_date": "2024-01-01"})
    assert answer.status_code == 422
    assert SECRETS["n8n_encryption_key"] not in answer.text


@pytest.mark.parametrize(
    "body",
    [
        {"start_date": "2024-01-01", "end_date": "2024-01-01", "output_dir": "../../ailleurs"},
        {"start_date": "2024-01-01", "end_date": "2024-01-01", "notebook": "../../etc/passwd"},
        {"start_date": "2024-01-01", "end_date": "2024-01-01", "scripts": "../labkit"},
        {"start_date": {"deep": [{"er": ["2024-01-01"]}]}, "end_date": ["2024-01-01"]},
        {"start_date": "x" * 1_000_000, "end_date": "2024-01-01"},
        ["2024-01-01"],
        "2024-01-01",
        {},
    ],
    ids=["folder", "notebook", "scripts", "nested", "1 MB", "list", "text", "empty"],
)
def test_a_body_of_another_shape_is_refused_by_the_webhook(lab, nothing_moves, body):
    assert call(lab, body).status_code == 422


@pytest.mark.parametrize("day", ["2024-13-01", "2024-02-30", "2024-00-10"])
def test_a_day_that_does_not_exist_is_refused_by_the_webhook(lab, nothing_moves, day):
    assert call(lab, {"start_date": "2024-01-01", "end_date": day}).status_code == 422


def test_a_body_of_17_mb_is_too_large_for_the_webhook(lab, nothing_moves):
    answer = call(lab, {"start_date": "x" * 17 * 2**20, "end_date": "2024-01-01"})
    assert answer.status_code == 413


def test_an_error_of_n8n_itself_shows_neither_stack_nor_path(lab):
    answer = requests.post(
        f"{lab.server.url}/webhook/lab/ingestion",
        data="{",
        headers={"X-Lab-Key": SECRETS["webhook_key"], "Content-Type": "application/json"},
        timeout=30,
    )
    assert answer.status_code == 422
    assert "node_modules" not in answer.text and "stack" not in answer.text


@pytest.fixture
def no_backfill(lab):
    before = lab.client.executions(BACKFILL)
    yield
    assert lab.client.executions(BACKFILL) == before


def test_a_form_posted_without_dates_starts_nothing(lab, nothing_moves, no_backfill):
    assert "deux jours du calendrier" in fill_form(lab, mode="compléter")


@pytest.mark.parametrize("name", ["a substitution", "single quotes", "a path"])
def test_a_hostile_form_ends_in_a_refusal(lab, nothing_moves, no_backfill, name):
    value = HOSTILE[name]
    page = fill_form(lab, start_date=value, end_date=value, mode=value)
    assert "deux jours du calendrier" in page
    assert MARKER not in page


def test_a_hostile_mode_is_refused(lab, no_backfill):
    page = fill_form(lab, start_date="2024-01-01", end_date="2024-01-01", mode="$(touch intrus)")
    assert "Le mode est" in page


def test_a_form_of_one_megabyte_runs_nothing(lab, nothing_moves, no_backfill):
    fill_form(lab, start_date="x" * 1_000_000, end_date="2024-01-01", mode="compléter")


def test_a_period_of_a_century_is_refused_by_the_workflow_itself(lab):
    with lab.changed(BACKFILL, parameters(start_date="1950-01-01", end_date="2050-01-01")):
        assert lab.execute(BACKFILL, "Lancer le backfill")["status"] == "error"
    assert "dix ans" in lab.inbox()[-1]["message"]


def test_n8n_listens_on_this_machine_only(lab):
    with pytest.raises(OSError), socket.create_connection(("127.0.0.2", lab.server.port), timeout=2):
        pass


def test_a_command_of_n8n_sees_no_variable_that_the_lab_does_not_need(lab):
    assert "PYTEST_CURRENT_TEST" in os.environ
    inherited = psutil.Process(lab.server.process.pid).environ()
    assert [name for name in inherited if name.startswith("PYTEST")] == []


def test_an_expression_cannot_read_n8ns_environment(lab):
    secret = SECRETS["n8n_encryption_key"]
    workflow = {
        "name": "espion",
        "nodes": [
            {"id": "a", "name": "à la main", "type": "n8n-nodes-base.manualTrigger", "typeVersion": 1,
             "position": [0, 0], "parameters": {}},
            {"id": "b", "name": "lire", "type": "n8n-nodes-base.set", "typeVersion": 3.5, "position": [200, 0],
             "parameters": {"mode": "raw", "jsonOutput": "={{ JSON.stringify({ k: $env.N8N_ENCRYPTION_KEY }) }}",
                            "options": {}}},
        ],
        "connections": {"à la main": {"main": [[{"node": "lire", "type": "main", "index": 0}]]}},
        "settings": {},
    }  # fmt: skip
    saved = lab.client.create_workflow(workflow)
    assert secret not in json.dumps(lab.execute(saved["id"], "à la main"))


def test_no_secret_is_left_in_logs_runs_or_exports(lab):
    from labkit.n8n.setup import place
    from labkit.n8n.workflows import export_workflows, find

    call(lab, {"start_date": "2024-01-05", "end_date": "2024-01-05"})
    home = lab.server.home
    assert list(home.rglob("database.sqlite"))
    written = [path for folder in (lab.root, home) for path in folder.rglob("*") if path.is_file()]
    # n8n keeps its own encryption key in "config", as secrets.json does: for the owner's eyes alone.
    texts = {str(path): path.read_bytes() for path in written if path.name not in ("secrets.json", "config")}
    here = place(lab.client, lab.api_url)
    exported = export_workflows(lab.client, find(), here)
    texts |= {path.stem: text.encode() for path, text in exported.items()}
    found = [
        (name, secret)
        for name, content in texts.items()
        for secret, value in SECRETS.items()
        if value.encode() in content
    ]
    assert found == []
    assert len(texts) > 20
    received = lab.last_execution(WEBHOOK)["nodes"]["Recevoir la demande"][0]["headers"]
    assert "content-type" in received and "x-lab-key" not in received


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_n8ns_folder_is_closed_to_the_other_users_of_the_machine(lab):
    assert lab.server.home.stat().st_mode & 0o077 == 0


def test_the_api_does_not_take_orders_from_another_sites_page(lab):
    answer = requests.post(f"{lab.api_url}/_lab/reset", headers={"Origin": "http://mechant.test"}, timeout=10)
    assert answer.status_code == 403
