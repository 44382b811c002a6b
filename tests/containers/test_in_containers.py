"""deploy/README.md, done: images, Compose, whose the files are, n8n and Day 1's n8n. `make container` runs it."""

import json
import os
import re

import pytest
import requests

from labkit.base.processes import is_free
from labkit.n8n.client import OWNER, N8nClient
from labkit.n8n.server import is_ready
from tests.containers.conftest import PERSON, PORTS, block
from tests.n8n.conftest import PASSWORD, has_taken, parameters, save_workflow
from tests.n8n.test_workflows import BACKFILL, INGESTION
from tests.unit.lab_copy import wait_until

pytestmark = pytest.mark.skipif(not os.environ.get("LAB_CONTAINER"), reason="ten minutes: make container")

API, JUPYTER, N8N = (f"http://127.0.0.1:{PORTS[name]}" for name in ("api", "jupyter", "n8n"))
UP = "docker compose -f deploy/compose.yaml up --detach"
A_DAY = "--start-date 2024-01-01 --end-date 2024-01-01"
SCRIPT = f"python3 /scripts/ingest_api.py {A_DAY} --output-dir /data/bronze"


@pytest.fixture
def lab(docker):
    """The three services, and the trainee's script written."""
    with docker.up(UP):
        docker("docker exec labo-lab lab catch-up tp21 --to 4")
        yield docker


def secrets(lab):
    return json.loads((lab.root / "data/state/secrets.json").read_text(encoding="utf-8"))


def n8n_of(lab):
    client = N8nClient(N8N, secrets(lab)["n8n_password"])
    client.login()
    return client


def test_the_image_holds_neither_the_tests_packages_nor_what_a_lab_has_left(docker):
    said = docker.says(
        "docker run --rm --entrypoint sh labo-ingestion -c 'lab --version; ls data; pip list 2>&1'"
    )
    assert "lab 0." in said
    assert not re.search(r"^(pytest|moto|playwright|basedpyright) ", said, re.MULTILINE)
    assert docker.says("docker run --rm --entrypoint ls labo-ingestion data").split() == [
        "README.md",
        "samples",
    ]


def test_a_container_without_a_volume_says_that_the_work_leaves_with_it_and_works(docker):
    done = docker("docker run --rm labo-ingestion lab cut")
    assert "partiront avec lui" in done.stderr


def test_an_account_that_cannot_write_is_told_what_to_give(docker):
    done = docker(
        'docker run --rm --user 4712 -v "$PWD/data:/labo/data" labo-ingestion lab status', succeeds=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "Le compte 4712 ne peut pas écrire dans /labo/data" in done.stderr
    assert "LAB_UID=$(id -u)" in done.stderr


def test_the_services_are_reached_from_this_machine_where_they_say_and_the_api_asks_its_token(lab):
    assert requests.get(API, timeout=10).status_code == 401
    assert requests.get(API, params={"token": secrets(lab)["api_token"]}, timeout=10).status_code == 200
    assert requests.get(f"{JUPYTER}/api/contents", timeout=10).status_code == 403
    said = lab("docker logs labo-lab")
    assert f"{JUPYTER}/lab/tree/notebooks/00_accueil.ipynb" in said.stdout + said.stderr
    assert lab.says("docker exec labo-lab lab status").count("✓ en marche") == 3


def test_what_n8n_and_the_course_s_commands_write_is_the_person_s(lab):
    client = n8n_of(lab)
    workflow = client.workflow(BACKFILL)
    parameters(start_date="2024-02-01", end_date="2024-02-02")(workflow)
    save_workflow(client, workflow)
    assert client.wait_execution(client.run_workflow(BACKFILL, "Lancer le backfill"))["status"] == "success"
    lab(f"docker exec labo-n8n {SCRIPT}")
    written = sorted((lab.root / "data" / "bronze").rglob("data.parquet"))
    assert [path.parent.name[-10:] for path in written] == ["2024-02-01", "2024-02-02", "2024-01-01"]
    assert {path.stat().st_uid for path in [*lab.root.rglob("data/**/*"), *lab.root.glob("labs/*")]} == {
        PERSON
    }


def test_down_leaves_the_files_and_frees_the_ports(docker):
    with docker.up(UP):
        pass
    assert docker.says("docker ps --all --quiet") == ""
    assert (docker.root / "data/state/secrets.json").is_file()
    wait_until(lambda: all(map(is_free, PORTS.values())))


def test_in_queue_mode_a_worker_has_the_execution(docker):
    with docker.up(block("n8n en file d’attente")):
        client = n8n_of(docker)
        execution = client.run_workflow(INGESTION, "Lancer à la main")
        assert client.wait_execution(execution)["status"] == "success"
        workers = docker.says("docker ps --format '{{.Names}}'").count("worker")
    assert workers == 2
    assert has_taken(docker.root / "data/runs/logs/n8n-worker.log", execution)


def test_a_storage_s3_takes_the_days_and_gives_them_back(docker):
    with docker.up(block("Un stockage S3 pour essayer").splitlines()[0]):
        said = docker.says("\n".join(block("Un stockage S3 pour essayer").splitlines()[1:]))
        assert json.loads(said.splitlines()[-1])["partitions"]["written"] == [
            "2024-01-01",
            "2024-01-02",
            "2024-01-03",
        ]
        again = "docker exec labo-lab python -m ingestion ingest --output-dir s3://labo/bronze"
        assert json.loads(docker.says(f"{again} {A_DAY}"))["partitions"]["unchanged"] == ["2024-01-01"]


@pytest.fixture
def day_1(docker):
    """A plain n8n in a container, its data in a volume, with a person's account and one workflow."""
    volume, image = "-v n8n_data:/var/lib/labo/.n8n", "labo-ingestion"
    docker(f"docker run --rm --user 0 --entrypoint chown {volume} {image} 1000 /var/lib/labo/.n8n")
    docker(
        f"docker run --detach --init --name n8n -p 127.0.0.1:5678:5678 {volume} -e N8N_SECURE_COOKIE=false "
        f"--entrypoint n8n {image} start"
    )
    try:
        wait_until(lambda: is_ready(N8N), 120)
        client = N8nClient(N8N, PASSWORD)
        owner = {"email": OWNER, "firstName": "Jour", "lastName": "Un", "password": PASSWORD}
        client.request("POST", "/owner/setup", owner)
        client.create_workflow(workflow_of_day_1())
        yield docker
    finally:
        docker("docker rm --force n8n n8n-jour2", succeeds=False)
        docker("docker compose -f deploy/compose.yaml down", succeeds=False)
        docker("docker volume rm n8n_data n8n_jour2", succeeds=False)


def workflow_of_day_1():
    def node(kind, name, **parameters):
        kind = f"n8n-nodes-base.{kind}"
        return {
            "id": name,
            "name": name,
            "type": kind,
            "typeVersion": 1,
            "position": [0, 0],
            "parameters": parameters,
        }

    link = {"Départ": {"main": [[{"node": "Script", "type": "main", "index": 0}]]}}
    nodes = [node("manualTrigger", "Départ"), node("executeCommand", "Script", command=SCRIPT)]
    return {"name": "Jour 1", "nodes": nodes, "connections": link, "settings": {}}


def test_day_1_s_n8n_keeps_its_account_and_its_workflows_and_runs_the_trainee_s_script(day_1):
    docker = day_1
    with docker.up(block("Le n8n du jour 1, dans Docker")):
        docker("docker exec labo-lab lab catch-up tp21 --to 4")
        wait_until(lambda: is_ready(N8N), 120)
        client = N8nClient(N8N, PASSWORD)
        client.login()
        ((workflow, _),) = client.workflows().items()
        execution = client.wait_execution(client.run_workflow(workflow, "Départ"))
        docker("docker rm --force n8n-jour2")
    result = json.loads(execution["nodes"]["Script"][0]["stdout"])
    assert (execution["status"], result["status"]) == ("success", "success")
    (written,) = docker.root.glob("data/bronze/partition_date=2024-01-01/data.parquet")
    assert written.stat().st_uid == PERSON
