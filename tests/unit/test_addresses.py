"""Addresses: what the environment says of them is told to people, listened to, and guarded."""

import json
import multiprocessing
import os
import pwd
import re

import pytest
import requests
from requests.adapters import HTTPAdapter

from labkit.base.addresses import AddressError, check
from labkit.base.processes import free_port
from labkit.n8n.workflows import Place, find, read
from labkit.practice_api.server import running_api
from tests.unit.lab_copy import make_copy, wait_until

PUBLIC = "http://formation.example"
TOKEN = "of-this-lab"
AT_A_HUB = {
    "JUPYTERHUB_SERVICE_PREFIX": "/user/alice/",
    "JUPYTERHUB_SERVICE_URL": "http://127.0.0.1:9/user/alice/",
}


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"LAB_PUBLIC_URL": "formation.example"}, "commencez par http:// ou https://"),
        ({"LAB_PUBLIC_URL": "ftp://formation.example"}, "commencez par http:// ou https://"),
        ({"LAB_PUBLIC_URL": "http://"}, "commencez par http:// ou https://"),
        ({"LAB_PUBLIC_URL": "http://formation.example:port"}, "commencez par http:// ou https://"),
        ({"LAB_PUBLIC_URL": "http://moi:secret@formation.example"}, "commencez par http:// ou https://"),
        ({"LAB_PUBLIC_URL": f"{PUBLIC}/labo"}, f"gardez {PUBLIC}, sans rien après"),
        ({"LAB_PUBLIC_URL": f"{PUBLIC}?a=b"}, f"gardez {PUBLIC}, sans rien après"),
        ({"LAB_PUBLIC_URL": f"{PUBLIC}:8765"}, "effacez le port"),
        (
            {"LAB_PUBLIC_URL": PUBLIC, "JUPYTERHUB_PUBLIC_URL": "https://hub.example/user/alice/"} | AT_A_HUB,
            "et le hub https://hub.example : effacez LAB_PUBLIC_URL",
        ),
        ({"LAB_BIND": "formation.example"}, "écrivez 127.0.0.1"),
        ({"LAB_BIND": "0.0.0.0"}, "demande LAB_PUBLIC_URL"),
    ],
)
def test_an_address_that_cannot_be_used_is_one_sentence(monkeypatch, environment, sentence):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(AddressError, match=re.escape(sentence)):
        check()


@pytest.mark.parametrize("command", ["api", "start --no-browser", "n8n serve", "status", "doctor"])
def test_each_command_ends_with_that_sentence(tmp_path, command):
    done = make_copy(tmp_path).lab(*command.split(), LAB_PUBLIC_URL=f"{PUBLIC}/labo")
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert f"gardez {PUBLIC}, sans rien après" in (done.stdout if command == "doctor" else done.stderr)


def told(lab, **environment):
    found = json.loads(lab.lab("status", "--json", **environment).stdout)
    return {name: found[name]["url"] for name in ("api", "jupyter", "n8n")}


def test_what_is_told_is_the_address_that_a_browser_can_open(tmp_path):
    lab = make_copy(tmp_path)
    assert told(lab, LAB_PUBLIC_URL=PUBLIC, LAB_N8N_PORT="9") == {
        "api": f"{PUBLIC}:8765",
        "jupyter": f"{PUBLIC}:8888",
        "n8n": f"{PUBLIC}:9",
    }
    assert told(lab, JUPYTERHUB_PUBLIC_URL=f"{PUBLIC}:8000/user/alice/", **AT_A_HUB) == {
        "api": f"{PUBLIC}:8000/user/alice/pratique",
        "jupyter": f"{PUBLIC}:8000/user/alice",
        "n8n": f"{PUBLIC}:8000/user/alice/n8n",
    }
    assert told(lab, LAB_PUBLIC_URL=PUBLIC, LAB_API_URL="http://api.example")["api"] == "http://api.example"


class FromElsewhere(HTTPAdapter):
    """Calls from another address than 127.0.0.1, as another machine does."""

    def init_poolmanager(self, *arguments, **options):
        super().init_poolmanager(*arguments, source_address=("127.0.0.2", 0), **options)


@pytest.fixture
def elsewhere():
    with requests.Session() as session:
        session.mount("http://", FromElsewhere())
        yield session


@pytest.fixture
def open_api(monkeypatch):
    """An API that other machines may reach, as http://formation.example."""
    monkeypatch.setenv("LAB_PUBLIC_URL", PUBLIC)
    with running_api(visitors_token=TOKEN) as running:
        yield running.url


PATHS = ("/", "/boite", "/passages", "/docs", "/posts", "/api/events", "/_lab/faults")


def test_another_machine_gets_nothing_without_the_token(open_api, elsewhere):
    for path in PATHS:
        assert elsewhere.get(open_api + path, timeout=10).status_code == 401
        assert elsewhere.get(f"{open_api}{path}?token=wrong", timeout=10).status_code == 401
        wrong = {"Authorization": "Bearer wrong", "Cookie": "lab-api-token=wrong"}
        assert elsewhere.get(open_api + path, headers=wrong, timeout=10).status_code == 401
    told = elsewhere.get(open_api, timeout=10).json()["error"]
    assert (told["code"], "?token=" in told["reason"]) == ("token_missing", True)
    assert elsewhere.post(f"{open_api}/_lab/reset", timeout=10).status_code == 401


def test_a_program_of_another_machine_brings_the_token_at_each_request(open_api, elsewhere):
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    statuses = [elsewhere.get(open_api + path, headers=bearer, timeout=10).status_code for path in PATHS]
    assert statuses == [200] * len(PATHS)
    assert elsewhere.post(f"{open_api}/_lab/reset", headers=bearer, timeout=10).status_code == 200


def test_a_browser_brings_the_token_once_and_its_address_does_not_keep_it(open_api, elsewhere):
    first = elsewhere.get(f"{open_api}/boite?a=b&token={TOKEN}", allow_redirects=False, timeout=10)
    assert (first.status_code, first.headers["Location"]) == (303, "/boite?a=b")
    assert re.search(r"HttpOnly.*SameSite=lax", first.headers["Set-Cookie"])
    assert elsewhere.get(f"{open_api}/boite", timeout=10).status_code == 200
    foreign = {"Origin": "https://autre-site.test"}
    assert elsewhere.post(f"{open_api}/_lab/reset", headers=foreign, timeout=10).status_code == 403


def test_what_a_proxy_of_this_machine_hands_on_needs_the_token_too(open_api):
    handed_on = {"Host": "formation.example"}
    assert requests.get(open_api, headers=handed_on, timeout=10).status_code == 401
    signed_in = handed_on | {"Cookie": f"lab-api-token={TOKEN}"}
    assert requests.get(open_api, headers=signed_in, timeout=10).status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": "https://autre-site.test"}, 403),
        ({"Host": "rebond.test"}, 401),
        ({"Host": "formation.example", "Origin": "https://formation.example"}, 401),
    ],
)
def test_this_machine_s_own_programs_need_no_token_and_its_browser_s_other_pages_get_nothing(
    open_api, headers, status
):
    assert requests.post(f"{open_api}/_lab/reset", headers=headers, timeout=10).status_code == status


@pytest.fixture
def hub_api(monkeypatch):
    """The API of alice, at the hub https://formation.example."""
    for name, value in AT_A_HUB.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("JUPYTERHUB_PUBLIC_URL", "https://formation.example/user/alice/")
    with running_api() as running:
        yield running.url


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "formation.example", "Origin": "https://formation.example"}, 200),
        ({"Host": "formation.example", "Origin": "http://formation.example"}, 403),
        ({"Host": "formation.example", "Origin": "https://autre-site.test"}, 403),
        ({"Host": "formation.example.rebond.test"}, 403),
        ({"Host": "rebond.test", "Origin": "https://formation.example"}, 403),
    ],
)
def test_at_a_hub_the_switchboard_answers_the_hub_s_name_and_page_and_no_other(hub_api, headers, status):
    assert requests.post(f"{hub_api}/_lab/reset", headers=headers, timeout=10).status_code == status


def ask_as_nobody(url, queue):
    os.setgroups([])
    os.setuid(pwd.getpwnam("nobody").pw_uid)
    queue.put(
        [
            requests.post(f"{url}/_lab/reset", timeout=10).status_code,
            *(requests.get(url + path, timeout=10).status_code for path in ("/", "/passages", "/posts")),
        ]
    )


def test_at_a_hub_another_person_of_the_machine_gets_the_data_and_nothing_of_the_switchboard(hub_api):
    if os.geteuid():
        pytest.skip("only root runs a program as somebody else")
    processes = multiprocessing.get_context("fork")
    queue = processes.Queue()
    processes.Process(target=ask_as_nobody, args=(hub_api, queue)).start()
    assert queue.get(timeout=60) == [403, 403, 403, 200]


def test_a_lab_open_to_the_network_says_its_addresses_and_asks_who_comes_from_there(tmp_path, elsewhere):
    ports = {service: free_port() for service in ("api", "jupyter", "n8n")}
    lab = make_copy(tmp_path, "solutions", **ports)
    process, said = lab.begin("--without", "n8n", LAB_BIND="0.0.0.0", LAB_PUBLIC_URL=PUBLIC)
    try:
        wait_until(lambda: "Ctrl-C" in said.read_text() or process.poll() is not None)
        (page,) = re.findall(rf"{PUBLIC}:{ports['jupyter']}(/lab/tree\S+)", said.read_text())
        (desk,) = re.findall(rf"{PUBLIC}:{ports['api']}(/\?token=\S+)", said.read_text())
        for port, address in ((ports["jupyter"], page), (ports["api"], desk)):
            assert elsewhere.get(f"http://127.0.0.3:{port}{address}", timeout=10).status_code == 200
            elsewhere.cookies.clear()
        contents = f"http://127.0.0.3:{ports['jupyter']}/api/contents"
        assert elsewhere.get(contents, timeout=10).status_code == 403
        assert elsewhere.get(f"http://127.0.0.3:{ports['api']}/posts", timeout=10).status_code == 401
        assert json.loads(lab.lab("run", "ingest_api.py", *ONE_DAY).stdout)["status"] == "success"
    finally:
        process.terminate()
        process.wait(30)


ONE_DAY = ("-p", "start_date", "2024-01-02", "-p", "end_date", "2024-01-02")


def test_a_workflow_calls_its_own_n8n_on_loopback_and_tells_people_the_public_address():
    here = Place("http://127.0.0.1:9", f"{PUBLIC}/user/alice/n8n", "http://127.0.0.1:7")
    (path,) = find(("backfill_distribue",))
    settled = json.dumps(here.settle(read(path)))
    assert "http://127.0.0.1:7/webhook/lab/ingestion" in settled
    assert f"{PUBLIC}/user/alice/n8n/workflow/" in settled
    assert "127.0.0.1:5678" not in settled
    assert here.unsettle(json.loads(settled)) == read(path)
