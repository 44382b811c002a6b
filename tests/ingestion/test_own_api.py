"""An API of one's own: its resource declared in a file, drafted by `describe`, ingested; its documentation run."""

import json
import re
import shlex

import pyarrow.parquet as pq
import pytest

from ingestion.errors import IngestError
from ingestion.rows.resources import RESOURCES, load_resource
from tests.conftest import REPOSITORY, Engine
from tests.ingestion.test_strangers import rows_of
from tests.ingestion.toy_api import toy_api

PERIOD = ("--start-date", "2024-01-01", "--end-date", "2024-01-03")
ISSUES = """
name = "issues"
path = "/repos/o/r/issues"
event_time = "created_at"
pagination = "page"

[columns]
id = "text"
created_at = "instant"
updated_at = "instant"
title = "text"
locked = "bool"
user = { login = "text", id = "int64" }

[words]
limit = "per_page"
date = ""
updated_since = "since"
"""


def issue(number: int) -> dict:
    return {
        "id": f"n-{5000 - number}",
        "created_at": f"2024-01-0{1 + number // 100}T0{number % 10}:00:00Z",
        "updated_at": "2024-02-01T00:00:00Z",
        "title": f"é {number}",
        "locked": number % 2 == 0,
        "user": {"login": "a", "id": 1, "site_admin": False},
        "labels": [{"name": "bug"}],
    }


def github_like(query):
    """A bare list, page and per_page, text ids, created_at, no way to ask for a day."""
    page, size = int(query.get("page", 1)), int(query.get("per_page", 30))
    rows = [issue(number) for number in range(300)]
    return 200, {}, json.dumps(rows[(page - 1) * size : page * size]).encode()


@pytest.fixture
def github(tmp_path):
    (tmp_path / "issues.toml").write_text(ISSUES)
    with toy_api(github_like) as url:
        yield Engine(tmp_path, url)


def test_a_listing_that_cannot_be_asked_for_a_day_is_put_into_its_days(github):
    run = github.ingest("--resource-file", "issues.toml", *PERIOD)
    assert run.code == 0
    assert [len(rows_of(github, f"2024-01-0{day}")) for day in (1, 2, 3)] == [100, 100, 100]
    first = rows_of(github)[0]
    assert (first["id"], first["locked"], first["user"]["login"]) == ("n-4901", False, "a")
    assert json.loads(first["_extra"]) == {"labels": [{"name": "bug"}], "user": {"site_admin": False}}


def test_rows_of_days_not_asked_for_are_counted(github):
    run = github.ingest(
        "--resource-file", "issues.toml", "--start-date", "2024-01-02", "--end-date", "2024-01-02"
    )
    assert (run.result["records_count"], run.result["rows"]["outside_period"]) == (100, 200)


def test_an_increment_of_it_merges_by_text_identifiers(github):
    github.ingest("--resource-file", "issues.toml", *PERIOD)
    run = github.ingest(
        "--resource-file", "issues.toml", "--watermark", "updated_at", "--since", "2024-01-01T00:00:00Z"
    )
    assert (run.code, run.result["rows"]["unchanged"]) == (0, 300)


def test_the_greatest_identifier_is_no_watermark_where_identifiers_are_texts(github):
    run = github.ingest(
        "--resource-file", "issues.toml", "--watermark", "last_id", "--start-date", "2024-01-01"
    )
    assert (run.code, "identifiants entiers" in run.result["error"]["message"]) == (2, True)


@pytest.mark.parametrize(("name", "count"), [("posts", 100), ("todos", 200), ("comments", 500)])
def test_the_resources_of_jsonplaceholder_are_declared(engine, name, count):
    run = engine.ingest("--resource", name, "--start-date", "2024-01-01", "--end-date", "2024-01-01")
    assert (run.code, run.result["records_count"]) == (0, count)


BROKEN = {
    "not TOML": ("name = ", "TOML"),
    "no columns": ('name = "x"\npath = "/x"', "[columns]"),
    "unknown key": (ISSUES.replace("event_time =", "event_tme ="), "event_tme"),
    "unknown type": (ISSUES.replace('"bool"', '"boolean"'), "boolean"),
    "unknown word": (ISSUES.replace("limit =", "limits ="), "limits"),
    "identifier of no column": (ISSUES.replace('name = "issues"', 'name = "issues"\nid = "key"'), "« key »"),
    "event time that is a text": (
        ISSUES.replace('created_at = "instant"', 'created_at = "text"'),
        "created_at",
    ),
    "unknown pagination": (ISSUES.replace('"page"', '"pages"', 1), "pages"),
    "a name that is a path": (ISSUES.replace('name = "issues"', 'name = "../x"'), "../x"),
    "a column of ours": (ISSUES.replace("[columns]", '[columns]\n_source = "text"'), "_source"),
}


@pytest.mark.parametrize(("text", "named"), BROKEN.values(), ids=BROKEN)
def test_a_declaration_that_makes_no_sense_is_wrong_usage_naming_what(tmp_path, text, named):
    path = tmp_path / "r.toml"
    path.write_text(text)
    with pytest.raises(IngestError) as error:
        load_resource(path)
    assert (error.value.exit_code, str(path) in error.value.message, named in error.value.message) == (
        2,
        True,
        True,
    )


# describe


def described(tmp_path, answer, path="/v1/notes"):
    with toy_api(answer) as url:
        run = Engine(tmp_path, url)("describe", url + path, "--output", "draft.toml")
    assert run.code == 0, run.result
    return run.result, load_resource(tmp_path / "draft.toml")


def test_a_draft_names_what_it_saw_and_what_it_did_not(tmp_path):
    rows = [
        {"id": 1, "created_at": "2024-01-01T00:00:00Z", "price": 1.5, "tags": ["a"], "ok": True, "none": None}
    ]
    body = json.dumps({"results": rows, "nextPageToken": "b", "total": 1}).encode()
    result, resource = described(tmp_path, lambda query: (200, {}, body))
    assert (resource.name, resource.path, resource.event_time_field) == ("notes", "/v1/notes", "created_at")
    assert (resource.words.rows, resource.words.next_cursor, resource.words.total) == (
        "results",
        "nextPageToken",
        "total",
    )
    assert {field.name: str(field.type) for field in resource.schema} == {
        "id": "int64",
        "created_at": "timestamp[us, tz=UTC]",
        "price": "double",
        "ok": "bool",
    }
    assert any("« tags »" in doubt for doubt in result["to_verify"])
    assert any("« none »" in doubt for doubt in result["to_verify"])


def test_a_draft_asks_for_its_page_once(tmp_path):
    seen = []
    body = json.dumps({"value": [{"id": 1}], "next": None}).encode()
    with toy_api(lambda query: (200, {}, body), seen) as url:
        assert Engine(tmp_path, url)("describe", f"{url}/v1/notes", "--output", "draft.toml").code == 0
    assert len(seen) == 1


def test_a_draft_follows_the_link_of_an_envelope(tmp_path):
    body = json.dumps({"data": [{"id": 1}], "links": {"next": "/v1/notes?page=2"}}).encode()
    _, resource = described(tmp_path, lambda query: (200, {}, body))
    assert (resource.default_pagination, resource.words.next_link) == ("link", "links.next")


def test_odd_names_of_fields_make_a_draft_that_can_be_read(tmp_path):
    body = json.dumps([{"id": 1, "prix €": 2, 'say "x"': {"a.b": "c"}}]).encode()
    _, resource = described(tmp_path, lambda query: (200, {}, body))
    assert resource.schema.names == ["id", "prix €", 'say "x"']


def test_a_draft_never_replaces_a_file(engine):
    (engine.folder / "mine.toml").write_text("mine")
    run = engine("describe", f"{engine.api_url}/todos", "--output", "mine.toml")
    assert (run.code, (engine.folder / "mine.toml").read_text()) == (2, "mine")


@pytest.mark.parametrize("name", ["events", "transactions", "posts", "todos", "comments"])
def test_the_draft_of_each_resource_of_the_lab_is_its_declaration(engine, name):
    declared = RESOURCES[name]
    day = "&date=2024-01-01" if declared.event_time_field else ""
    address = f"{engine.api_url}{declared.path}?limit=50{day}"
    assert engine("describe", address, "--output", "draft.toml").code == 0
    draft = load_resource(engine.folder / "draft.toml")
    assert (draft.path, draft.id_field, draft.event_time_field) == (
        declared.path,
        "id",
        declared.event_time_field,
    )
    assert draft.words.date == ("date" if declared.event_time_field else "")
    assert set(draft.schema.names) <= set(declared.schema.names)


# The page of documentation


def test_the_documentation_of_ones_own_api_goes_from_nothing_to_a_first_partition(engine):
    page = (REPOSITORY / "docs" / "votre_api.md").read_text(encoding="utf-8")
    for command in re.findall(r"^    (python -m ingestion .+)$", page, re.MULTILINE):
        words = shlex.split(command.replace("http://127.0.0.1:8765", engine.api_url))
        assert engine(*words[3:]).code == 0, command
    (written,) = (engine.folder / "data").rglob("data.parquet")
    assert pq.ParquetFile(written).metadata.num_rows == 200
    shown = re.search(r"```toml\n(.+?)```", page, re.DOTALL)[1]
    assert shown == (engine.folder / "todos.toml").read_text(encoding="utf-8")
