"""Parameters that would hurt if a shell, a path or a page read them: nothing runs, nothing is written outside data/."""

import json
import socket

import pytest
import requests

from tests.n8n.conftest import SECRETS
from tests.n8n.test_workflows import BACKFILL, call, fill_form

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


@pytest.mark.parametrize("name", ["a substitution", "single quotes", "a path"])
def test_a_hostile_form_ends_in_a_refusal(lab, nothing_moves, name):
    value = HOSTILE[name]
    assert fill_form(lab, value, value, value).status_code == 200
    execution = lab.last_execution(BACKFILL)
    assert execution["status"] == "error"
    assert "Ingérer le lot" not in execution["nodes"]
    assert [note["code"] for note in lab.inbox()] == ["usage"]


def test_a_form_of_one_megabyte_runs_nothing(lab, nothing_moves):
    fill_form(lab, "x" * 1_000_000, "2024-01-01", "compléter")
    execution = lab.last_execution(BACKFILL)
    assert execution["status"] == "error"
    assert "Ingérer le lot" not in execution["nodes"]


def test_a_period_of_a_century_is_refused(lab):
    fill_form(lab, "1950-01-01", "2050-01-01", "compléter")
    assert lab.last_execution(BACKFILL)["status"] == "error"
    assert "dix ans" in lab.inbox()[-1]["message"]


def test_n8n_listens_on_this_machine_only(lab):
    with pytest.raises(OSError), socket.create_connection(("127.0.0.2", lab.server.port), timeout=2):
        pass


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
    from labkit.n8n_setup import place
    from labkit.n8n_workflows import export_workflows, find

    call(lab, {"start_date": "2024-01-05", "end_date": "2024-01-05"})
    written = [path for path in lab.root.rglob("*") if path.is_file() and path.name != "secrets.json"]
    texts = {path.name: path.read_bytes() for path in written}
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


def test_the_api_does_not_take_orders_from_another_sites_page(lab):
    answer = requests.post(f"{lab.api_url}/_lab/reset", headers={"Origin": "http://mechant.test"}, timeout=10)
    assert answer.status_code == 403
