"""`lab start`, `status`, `stop`, `reset`: the real services, in a copy of the lab, on ports of their own."""

import json
import os
import socket
import subprocess
import sys
from contextlib import suppress

import psutil
import pytest
import requests

from labkit.base.processes import free_port, is_free
from tests.conftest import REPOSITORY
from tests.unit.lab_copy import make_copy, wait_until


@pytest.fixture
def copy(tmp_path):
    return make_copy(tmp_path, **{service: free_port() for service in ("api", "jupyter", "n8n")})


def test_start_serves_api_and_jupyterlab_and_ctrl_c_stops_both(copy):
    with copy.started("--without", "n8n") as (process, said):
        assert copy.states() == {"api": True, "jupyter": True, "n8n": False}
        assert f"127.0.0.1:{copy.ports['jupyter']}/lab/tree/notebooks/00_accueil.ipynb" in said.read_text()
    assert process.returncode == 0
    assert all(map(is_free, copy.ports.values()))
    assert copy.lab("stop").stdout == "Aucun laboratoire ne tourne.\n"


def test_the_services_listen_on_this_machine_only_and_jupyterlab_asks_its_token(copy):
    with copy.started("--without", "n8n"):
        for service in ("api", "jupyter"):
            with pytest.raises(OSError):
                socket.create_connection(("127.0.0.2", copy.ports[service]), timeout=2).close()
        answer = requests.get(f"http://127.0.0.1:{copy.ports['jupyter']}/api/contents", timeout=10)
        assert answer.status_code == 403


def test_the_services_get_what_they_need_of_the_environment_and_no_secret_of_the_person_s(copy, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of-the-person")
    monkeypatch.setenv("LAB_SMTP_URL", "smtp://of-the-person")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    with copy.started("--without", "n8n") as (process, _):
        services = []
        for child in psutil.Process(process.pid).children(recursive=True):
            # A service may start a program that ends at once.
            with suppress(psutil.NoSuchProcess):
                services.append(child.environ())
    assert len(services) >= 2
    for variables in services:
        assert "of-the-person" not in str(variables)
        assert variables["HTTPS_PROXY"] == "http://127.0.0.1:9"


def test_n8n_that_cannot_be_installed_leaves_the_rest_running_and_says_how_to_repair(copy):
    with copy.started() as (_, said):
        wait_until(lambda: "n8n ne démarre pas" in said.read_text())
        assert "lab n8n install" in said.read_text()
        assert copy.states() == {"api": True, "jupyter": True, "n8n": False}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "« redis-server » est introuvable : sudo apt install redis-server"),
        (("--without", "n8n"), "--workers demande n8n"),
    ],
)
def test_workers_that_cannot_be_had_are_told_before_anything_starts(copy, tmp_path, arguments, said):
    done = copy.lab("start", "--workers", "2", *arguments, PATH=str(tmp_path))
    assert done.returncode == (2 if arguments else 1)
    assert said in done.stderr
    assert not (copy.root / "data").exists()


def test_a_service_left_aside_is_somebody_else_s_and_its_address_is_told_all_the_same(copy):
    with copy.started("--without", "n8n", "--without", "api") as (_, said):
        assert copy.states() == {"api": False, "jupyter": True, "n8n": False}
        assert f"http://127.0.0.1:{copy.ports['api']}" in said.read_text()


def test_a_worker_of_n8n_without_a_queue_says_what_to_give(copy):
    done = copy.lab("n8n", "worker")
    assert (done.returncode, done.stdout) == (1, "")
    assert "donnez EXECUTIONS_MODE=queue et QUEUE_BULL_REDIS_HOST" in done.stderr


def test_a_second_start_says_that_the_lab_runs_and_stop_ends_it_from_elsewhere(copy):
    with copy.started("--without", "n8n") as (process, _):
        again = copy.lab("start", "--no-browser")
        assert (again.returncode, "tourne déjà" in again.stdout) == (0, True)
        assert copy.lab("stop").stdout == "Tout est arrêté.\n"
        assert process.wait(10) == 0


def test_a_taken_port_is_named_with_its_holder_and_another_choice(copy):
    with socket.create_server(("127.0.0.1", copy.ports["api"])):
        done = copy.lab("start", "--no-browser")
    assert done.returncode == 1
    assert f"Le port {copy.ports['api']} (API d'entraînement) est déjà occupé" in done.stderr
    assert f"processus {os.getpid()}" in done.stderr
    assert "LAB_API_PORT=" in done.stderr


def test_an_api_on_a_taken_port_is_one_sentence(copy):
    with socket.create_server(("127.0.0.1", copy.ports["api"])):
        done = copy.lab("api")
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert "est déjà occupé" in done.stderr


def test_serving_an_n8n_that_is_not_there_says_how_to_have_it(copy):
    done = copy.lab("n8n", "serve")
    assert (done.returncode, done.stderr) == (
        1,
        "Error: n8n n'est pas installé ici. Pour l'installer : lab n8n install\n",
    )


def test_a_state_file_left_by_a_crash_never_stops_somebody_else_s_process(copy):
    state = copy.root / "data/state/services.json"
    state.parent.mkdir(parents=True)
    state.write_text(json.dumps({"lab": [os.getpid(), 0.0]}))
    assert copy.lab("stop").stdout == "Aucun laboratoire ne tourne.\n"


def test_status_says_1_when_a_service_is_absent(copy):
    done = copy.lab("status")
    assert (done.returncode, done.stdout.count("absent")) == (1, 3)


def test_reset_removes_what_runs_produced_and_nothing_of_the_trainee_s(copy):
    produced = [
        "bronze/events/x.parquet",
        "quarantine/x.json",
        "runs/x.ipynb",
        "state/events.updated_at.json",
    ]
    kept = ["labs/ingest_api.py", "notebooks/06.ipynb", "data/state/secrets.json", "data/samples/events.json"]
    for name in [f"data/{name}" for name in produced] + kept:
        path = copy.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert copy.lab("reset", "--yes").returncode == 0
    assert not [name for name in produced if (copy.root / "data" / name).exists()]
    assert [name for name in kept if (copy.root / name).exists()] == kept


def test_reset_asks_first_and_does_nothing_without_a_yes(copy):
    (copy.root / "data/bronze").mkdir(parents=True)
    assert copy.lab("reset").returncode == 1
    assert (copy.root / "data/bronze").is_dir()


def test_a_served_api_answers_docs_without_any_outside_address(copy):
    with copy.started("--without", "n8n"):
        page = requests.get(f"http://127.0.0.1:{copy.ports['api']}/docs", timeout=10).text
    assert "swagger-ui" in page
    assert "https://" not in page


def test_a_headless_run_imports_papermill_without_the_stores_it_could_write_to_which_stay_there_for_others():
    code = (
        "import sys; from labkit.runs.notebook_run import papermill_for_files; print(papermill_for_files().__name__, "
        "{'boto3', 'pyarrow'} & {*sys.modules}); import boto3, pyarrow"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, encoding="utf-8")
    assert (done.stdout, done.stderr) == ("papermill set()\n", "")


def test_help_imports_nothing_heavy(tmp_path):
    command = [sys.executable, "-X", "importtime", "-m", "labkit.cli", "--help"]
    done = subprocess.run(
        command, env=os.environ | {"LAB_ROOT": str(tmp_path)}, capture_output=True, encoding="utf-8"
    )
    assert "sheets" in done.stdout
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert {
        "fastapi",
        "pandas",
        "pyarrow",
        "papermill",
        "nbformat",
        "matplotlib",
        "duckdb",
        "deltalake",
        "typst",
    } & imported == set()
