"""Setting up: what a broken network, a missing compiler or an old Python leaves is one clear sentence."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest

from labkit import bootstrap
from labkit.n8n import install
from tests.conftest import REPOSITORY

NOWHERE = "http://127.0.0.1:9/"


def sentences(text):
    return [line for line in text.splitlines() if line.startswith("✗")]


def test_a_python_too_old_is_told_which_one_to_install():
    with pytest.raises(bootstrap.SetupError, match=r"Python 3\.9 est trop ancien : installez Python 3\.11"):
        bootstrap.check_python((3, 9, 2))


def test_a_download_that_fails_ends_in_one_sentence_that_says_how_to_go_on(tmp_path):
    (tmp_path / "labkit").mkdir()
    for name in ("requirements.txt", "pyproject.toml", "labkit/pyproject.toml"):
        shutil.copy(REPOSITORY / name, tmp_path / name)
    script = shutil.copy(REPOSITORY / "labkit/bootstrap.py", tmp_path / "labkit")
    offline = {
        "PIP_INDEX_URL": NOWHERE,
        "PIP_RETRIES": "0",
        "PIP_NO_CACHE_DIR": "1",
        "PIP_CONFIG_FILE": os.devnull,
    }
    done = subprocess.run(
        [sys.executable, script], env=os.environ | offline, capture_output=True, encoding="utf-8"
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert [line for line in sentences(done.stderr) if "relancez la même commande" in line]


def test_what_is_installed_in_place_is_compiled_once_even_where_python_writes_no_byte_code(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(bootstrap, "ROOT", str(tmp_path))
    monkeypatch.setattr(bootstrap, "environment_python", lambda: sys.executable)
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    for name in ("labkit/exercises/checks/tp21.py", "ingestion/errors.py"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).touch()
    bootstrap.compile_own_sources()
    compiled = [path.relative_to(tmp_path).parts[0] for path in tmp_path.rglob("*.pyc")]
    assert sorted(compiled) == ["ingestion", "labkit"]


@pytest.fixture
def lab_n8n(tmp_path):
    """`lab n8n install` in a lab whose n8n is a small package of our own, and returns what it said."""

    def install(manifest, **environment):
        folder = tmp_path / "n8n"
        folder.mkdir()
        for name, content in manifest.items():
            path = folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(json.dumps(content))
        own = {"LAB_ROOT": str(tmp_path), "npm_config_registry": NOWHERE, "npm_config_fetch_retries": "0"}
        own["npm_config_cache"] = str(tmp_path / "cache")
        return subprocess.run(
            [sys.executable, "-m", "labkit.cli", "n8n", "install"],
            env=os.environ | own | environment,
            capture_output=True,
            encoding="utf-8",
        )

    return install


def lock(packages, wanted):
    root = {"": {"name": "lab", "dependencies": wanted}}
    return {"name": "lab", "lockfileVersion": 3, "requires": True, "packages": root | packages}


def test_n8n_that_cannot_be_downloaded_says_so_and_how_to_repair(lab_n8n):
    wanted = {"left": "1.0.0"}
    absent = {"node_modules/left": {"version": "1.0.0", "integrity": "sha512-" + "A" * 86 + "=="}}
    done = lab_n8n(
        {
            "package.json": {"name": "lab", "dependencies": wanted},
            "package-lock.json": lock(absent, wanted),
        }
    )
    assert done.returncode == 1
    assert "Le téléchargement de n8n a échoué" in done.stderr
    assert "lab n8n install" in done.stderr


def test_a_missing_compiler_is_named_with_the_command_that_installs_it(lab_n8n, tmp_path):
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "sh").symlink_to(shutil.which("sh"))
    names = ("sqlite3", "node-addon-api")
    wanted = {name: f"file:{name}" for name in names}
    links = {f"node_modules/{name}": {"resolved": name, "link": True} for name in names}
    folders = {name: {"version": "1.0.0", "hasInstallScript": name == "sqlite3"} for name in names}
    done = lab_n8n(
        {
            "package.json": {"name": "lab", "dependencies": wanted},
            "package-lock.json": lock(links | folders, wanted),
            "sqlite3/package.json": {
                "name": "sqlite3",
                "version": "1.0.0",
                "scripts": {"install": "exit 1"},
            },
            "node-addon-api/package.json": {"name": "node-addon-api", "version": "1.0.0"},
        },
        PATH=str(tools),
    )
    assert done.returncode == 1
    assert "Il manque un compilateur C" in done.stderr


def test_a_disk_without_room_for_n8n_is_told_before_anything_is_downloaded(monkeypatch, tmp_path):
    monkeypatch.setattr(install, "N8N", tmp_path)
    (tmp_path / "package-lock.json").write_text("{}", encoding="utf-8")
    monkeypatch.setattr(install, "NEEDED_GIB", 10**6)
    with pytest.raises(install.N8nError, match=r"n8n demande 1000000 Gio libres .* faites de la place"):
        install.install(lambda text: None)


@pytest.mark.parametrize(
    "name",
    [
        *("requirements.txt", "n8n/package-lock.json", "tests/json_server/package-lock.json"),
        *("deploy/jupyterhub/requirements.txt", "deploy/jupyterhub/package-lock.json"),
    ],
)
def test_no_lock_file_names_a_registry(name):
    text = (REPOSITORY / name).read_text(encoding="utf-8")
    assert not re.search(r'"resolved": "https?:|--(extra-)?index-url', text)
