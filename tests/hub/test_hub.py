"""A room on one server: JupyterHub, its proxy and the lab's configuration, all real, for two trainees."""

import json
import os
import re
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass

import psutil
import pytest
import requests
from playwright.sync_api import expect

from labkit.exercises.room_report import trainees
from labkit.n8n import install
from labkit.n8n.client import OWNER
from labkit.n8n.workflows import find
from tests.browser.chromium import chromium
from tests.hub.conftest import HOST, TRAINEES
from tests.unit.lab_copy import wait_until

pytestmark = pytest.mark.node
BROWSER = "of-the-test"


def test_each_has_jupyterlab_with_the_lab_s_notebooks_and_its_cards(hub):
    for name in TRAINEES:
        page = hub.get(name, "/lab/tree/notebooks/00_accueil.ipynb")
        assert page.status_code == 200
        (config,) = re.findall(r'<script id="jupyter-config-data"[^>]*>(.+?)</script>', page.text, re.DOTALL)
        cards = {name: address for name, address in json.loads(config).items() if re.match("lab[A-Z]", name)}
        assert cards == {
            "labApiUrl": f"/user/{name}/pratique/",
            "labInboxUrl": f"/user/{name}/pratique/boite",
            "labN8nUrl": f"/user/{name}/n8n",
        }
        assert hub.get(name, "/api/contents/notebooks/00_accueil.ipynb?content=0").status_code == 200


def test_the_api_s_pages_are_there_under_the_prefix_with_what_they_are_made_of(hub):
    for path in ("/pratique/", "/pratique/boite", "/pratique/passages"):
        page = hub.get("alice", path)
        assert page.status_code == 200
        for address in re.findall(r'(?:src|href)="([^"]+\.(?:js|css|svg))"', page.text):
            assert not address.startswith("/")
            assert hub.get("alice", f"/pratique/{address}").status_code == 200


def test_the_api_s_documentation_finds_its_files_under_the_prefix(hub):
    page = hub.get("alice", "/pratique/docs").text
    addresses = re.findall(r'(?:src=|href=|url: )["\']([^"\']+)', page)
    assert len(addresses) >= 4
    for address in addresses:
        assert hub.sessions["alice"].get(f"{hub.url}{address}", timeout=60).status_code == 200, address
    assert hub.get("alice", "/pratique/openapi.json").json()["servers"] == [{"url": "/user/alice/pratique"}]


def test_the_stream_flows_and_says_the_address_that_a_browser_of_the_room_can_open(hub):
    accept = {"Accept": "text/event-stream"}
    with hub.get("alice", "/pratique/_lab/stream", headers=accept, stream=True) as answer:
        name, content = list(zip(range(2), answer.iter_lines(decode_unicode=True), strict=False))
    assert name[1] == "event: start"
    assert json.loads(content[1].removeprefix("data: ")) == {"jupyter": hub.of("alice")}


def test_the_switchboard_obeys_its_own_page_and_no_other(hub):
    fault = {"kind": "404", "next": 3}
    assert hub.act("alice", "POST", "faults", fault, Origin=hub.url).status_code == 200
    elsewhere = [
        {"Origin": "https://autre-site.test"},
        {"Origin": hub.url.replace("http:", "https:")},
        {"Host": "rebond.test"},
        {"Host": f"{HOST}.rebond.test", "Origin": f"http://{HOST}.rebond.test"},
    ]
    for headers in elsewhere:
        assert hub.act("alice", "DELETE", "faults", **headers).status_code == 403
    assert hub.act("alice", "GET", "faults").json()[0]["next"] == 3
    assert hub.act("bob", "GET", "faults").json() == []


@pytest.mark.parametrize(
    "path", ["/lab", "/pratique/", "/pratique/_lab/inbox", "/n8n/", "/api/contents/labs"]
)
def test_a_trainee_is_refused_the_server_of_another(hub, path):
    assert hub.get("bob", path, of="alice").status_code in (403, 404)


def test_lab_status_in_a_terminal_says_what_runs_and_where_the_browser_finds_it(hub):
    environment = hub.environment_of("alice")
    command = ["lab", "status", "--json"]
    done = subprocess.run(command, env=environment, capture_output=True, encoding="utf-8", timeout=60)
    found = json.loads(done.stdout)
    told = {name: (found[name]["up"], found[name]["url"]) for name in ("api", "jupyter", "n8n")}
    assert told == {
        "api": (True, hub.of("alice", "/pratique")),
        "jupyter": (True, hub.of("alice")),
        "n8n": (False, hub.of("alice", "/n8n")),
    }


def test_a_script_of_a_terminal_reads_the_trainee_s_own_api_and_writes_in_their_folder(hub):
    environment = hub.environment_of("bob")
    day = ["-p", "start_date", "2024-01-02", "-p", "end_date", "2024-01-02"]
    command = ["lab", "run", "ingest_api.py", *day]
    done = subprocess.run(command, env=environment, capture_output=True, encoding="utf-8", timeout=60)
    assert json.loads(done.stdout)["status"] == "success", done.stderr
    assert list((hub.homes / "bob/labo/data/bronze").rglob("data.parquet"))
    assert not (hub.homes / "alice/labo/data/bronze").exists()


def test_a_trainee_s_folder_is_closed_to_others_and_the_instructor_s_report_finds_their_scripts(hub):
    assert {name: (hub.homes / name / "labo").stat().st_mode & 0o777 for name in TRAINEES} == {
        "alice": 0o700,
        "bob": 0o700,
    }
    assert trainees(hub.homes) == {name: hub.homes / name / "labo" / "labs" for name in TRAINEES}


@pytest.mark.parametrize(
    ("name", "options", "sentence"),
    [
        ("carole", "size=1m", "Il reste moins de 200 Mo pour votre dossier personnel"),
        ("daniel", "ro", "Votre dossier personnel est en lecture seule"),
    ],
)
def test_a_home_where_nothing_can_be_written_is_said_on_the_page_of_the_start(hub, name, options, sentence):
    home = hub.homes / name
    home.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", home]
    if os.name == "nt" or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("only root can make a small disk")
    try:
        page = hub.sign_in(name).get(f"{hub.url}/hub/spawn/{name}", timeout=60)
        assert sentence in page.text
    finally:
        subprocess.run(["umount", home], check=True)


def test_idle_servers_are_stopped_by_a_culler(hub):
    assert "jupyterhub_idle_culler" in words(hub.family())


@dataclass(frozen=True)
class Opened:
    """n8n's page at the first click, and the workflows that it held then."""

    page: requests.Response
    workflows: list[dict]


@pytest.fixture(scope="module")
def n8n(hub):
    """n8n as alice's first click finds it; she then signs in."""
    install.install(lambda text: None)
    page = hub.get("alice", "/n8n/")
    session, secrets = hub.sessions["alice"], hub.homes / "alice/labo/data/state/secrets.json"
    account = {"emailOrLdapLoginId": OWNER, "password": json.loads(secrets.read_text())["n8n_password"]}
    session.headers["browser-id"] = BROWSER
    session.post(hub.of("alice", "/n8n/rest/login"), json=account, timeout=60).raise_for_status()
    listed = hub.get("alice", "/n8n/rest/workflows").json()["data"]
    workflows = [hub.get("alice", f"/n8n/rest/workflows/{one['id']}").json()["data"] for one in listed]
    return Opened(page, workflows)


@pytest.mark.n8n
def test_n8n_answers_once_its_workflows_are_there_with_links_that_a_browser_can_open(hub, n8n):
    assert n8n.page.status_code == 200
    assert "/user/alice/n8n/" in n8n.page.text
    assert len(n8n.workflows) == len(find())
    told = json.dumps(n8n.workflows)
    assert hub.of("alice", "/n8n/workflow/") in told
    assert hub.of("alice", "/n8n/form/lab/backfill") in told
    assert "127.0.0.1:5678" not in told
    assert hub.environment_of("alice")["LAB_API_URL"] in told


@pytest.mark.n8n
def test_the_live_line_of_the_editor_passes(hub, n8n):
    assert hub.line_opens("alice", f"/n8n/rest/push?pushRef={BROWSER}")


@pytest.mark.n8n
def test_a_second_n8n_says_who_has_the_port(hub, n8n):
    environment = hub.environment_of("alice")
    command = ["lab", "n8n", "serve"]
    done = subprocess.run(command, env=environment, capture_output=True, encoding="utf-8", timeout=60)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert f"Le port {environment['LAB_N8N_PORT']} (n8n) est déjà occupé par python" in done.stderr


@pytest.mark.n8n
@pytest.mark.browser
def test_in_a_browser_the_cards_open_the_switchboard_and_n8n_s_editor(hub, n8n):
    with chromium(f"--host-resolver-rules=MAP {HOST} 127.0.0.1") as browser:
        context = browser.new_context(locale="fr-FR")
        context.add_init_script(f"localStorage.setItem('n8n-browserId', '{BROWSER}')")
        context.add_cookies(
            [
                {"name": one.name, "value": one.value, "domain": HOST, "path": one.path}
                for one in hub.sessions["alice"].cookies
            ]
        )
        page = context.new_page()
        page.goto(hub.of("alice", "/lab?reset"))
        cards = page.locator(".jp-LauncherCard[data-category='Laboratoire']:visible")
        cards.filter(has_text="API d'entraînement").click()
        desk = page.frame_locator("iframe[src='/user/alice/pratique/']")
        expect(desk.locator("#link-state")).to_have_text("en direct")
        if picture := os.environ.get("LAB_PICTURE"):
            page.screenshot(path=picture)
        page.goto(hub.of("alice", "/lab?reset"))
        with page.expect_popup() as opened:
            cards.filter(has_text="n8n").first.click()
        editor = opened.value
        editor.wait_for_url(re.compile("/user/alice/n8n/"))
        editor.goto(hub.of("alice", f"/n8n/workflow/{n8n.workflows[0]['id']}"))
        expect(editor.locator(".vue-flow__node").first).to_be_visible(timeout=60_000)


def test_nothing_of_a_trainee_s_is_left_once_their_server_or_the_hub_has_stopped(hub):
    session = hub.sessions["alice"]
    token = {"X-XSRFToken": session.cookies.get("_xsrf", path="/hub/")}
    assert {"jupyterhub.singleuser", "api"} <= words(hub.processes("alice"))
    session.delete(f"{hub.url}/hub/api/users/alice/server", headers=token, timeout=60).raise_for_status()
    wait_until(lambda: not hub.processes("alice"), 30)
    assert {"jupyterhub.singleuser", "api"} <= words(hub.processes("bob"))
    family = hub.family()
    hub.process.send_signal(signal.SIGTERM)
    hub.process.wait(60)
    wait_until(lambda: not hub.processes("bob"), 30)
    _, alive = psutil.wait_procs(family, timeout=30)
    assert alive == []


def words(processes):
    """Those of their commands; a process that has just ended has none."""
    found = set()
    for process in processes:
        with suppress(psutil.Error):
            found |= set(process.cmdline())
    return found
