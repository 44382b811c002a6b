"""The practice API's JSONPlaceholder routes answer as the real json-server 0.17 does on the same data."""

import json
import os
import socket
import subprocess
import time
from pathlib import Path

import pytest
import requests

from labkit.n8n.install import ci, node_path, once
from labkit.practice_api.jsonplaceholder import database
from labkit.practice_api.server import running_api

HERE = Path(__file__).parent
pytestmark = pytest.mark.node

QUERIES = [
    "/posts",
    "/posts/1",
    "/posts/101",
    "/posts/abc",
    "/posts/1/comments",
    "/posts/999/comments",
    "/users/2/posts?_page=1&_limit=3",
    "/posts?_page=1",
    "/posts?_page=2&_limit=7",
    "/posts?_page=15&_limit=7",
    "/posts?_page=16&_limit=7",
    "/posts?_page=0&_limit=5",
    "/posts?_page=-1&_limit=5",
    "/posts?_page=abc&_limit=5",
    "/posts?_page=1&_limit=100",
    "/posts?_page=1&_limit=200",
    "/posts?_limit=5&_page=3",
    "/posts?_limit=5",
    "/posts?_limit=0",
    "/posts?_limit=abc",
    "/posts?_start=95",
    "/posts?_start=95&_limit=10",
    "/posts?_start=10&_end=12",
    "/posts?_end=3",
    "/posts?_end=-97",
    "/posts?_start=-3&_end=100",
    "/posts?_sort=title&_limit=10",
    "/posts?_sort=title&_order=desc&_limit=10",
    "/posts?_sort=userId,id&_order=desc,asc&_limit=12",
    "/posts?_sort=nothing&_limit=4",
    "/users?_sort=address.city",
    "/users?_sort=address.city&_order=DESC",
    "/todos?completed=true&_limit=4",
    "/todos?completed=false&userId=3",
    "/posts?userId=3&userId=4&_limit=15",
    "/posts?userId=3&id=21",
    "/users?address.city=Lyon",
    "/users?address.geo.lat=43.5000",
    "/posts?unknown=3&_limit=2",
    "/posts?userId=&_limit=2",
    "/posts?id_gte=10&id_lte=12",
    "/posts?id_ne=1&id_ne=2&_limit=3",
    "/posts?title_like=donn&_limit=5",
    "/posts?title_like=^la&_limit=5",
    "/users?name_gte=J",
    "/posts?q=quarantaine&_limit=5",
    "/posts?q=QUARANTAINE&_page=1&_limit=5",
    "/users?q=Nantes",
    "/users?q=rien-de-tel",
    "/comments?postId=2&_sort=id&_order=desc",
    "/comments?_page=50&_limit=10",
]


def install():
    once(HERE, lambda: ci(HERE, "json-server n'a pas pu être installé.", lambda line: None))


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    """The address of a json-server that serves our data."""
    install()
    data = tmp_path_factory.mktemp("json-server") / "db.json"
    data.write_text(json.dumps(database()))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    script = HERE / "node_modules/json-server/lib/cli/bin.js"
    process = subprocess.Popen(
        ["node", str(script), "--host", "127.0.0.1", "--port", str(port), "--quiet", str(data)],
        cwd=data.parent,
        env=os.environ | node_path(),
        stdin=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait(url, process)
        yield url
    finally:
        process.terminate()
        process.wait(10)


def _wait(url, process):
    for _ in range(200):
        assert process.poll() is None, "json-server ended"
        try:
            requests.get(url, timeout=2)
            return
        except requests.ConnectionError:
            time.sleep(0.1)
    pytest.fail("json-server did not start")


@pytest.fixture(scope="module")
def ours():
    with running_api() as api:
        yield api.url


def seen(base, query):
    answer = requests.get(base + query, timeout=10)
    return {
        "status": answer.status_code,
        "body": answer.json(),
        "X-Total-Count": answer.headers.get("X-Total-Count"),
        "Link": (answer.headers.get("Link") or "").replace(base, ""),
    }


@pytest.mark.parametrize("query", QUERIES)
def test_answers_as_json_server_does(reference, ours, query):
    assert seen(ours, query) == seen(reference, query)
