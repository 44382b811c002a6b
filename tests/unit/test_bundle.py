"""`lab bundle`: what it makes installs the lab where there is no network, and says clearly when it cannot.

The whole lab, n8n included, is installed and started so by `make offline` (five minutes); here, two packages.
"""

import json
import os
import shutil
import subprocess
import sys

import pytest

from labkit import bootstrap
from labkit.commands import bundle
from labkit.n8n import install
from tests.conftest import REPOSITORY
from tests.unit.lab_copy import NOWHERE, LabCopy, wait_until

WITHOUT_NETWORK = ["unshare", "--map-root-user", "--net"]
PINNED = ("click", "uv")


def can_leave_the_network():
    try:
        return subprocess.run([*WITHOUT_NETWORK, "true"], capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


needs_a_namespace = pytest.mark.skipif(
    not can_leave_the_network(), reason="this system gives no network namespace (unshare --net)"
)


def copy_of_the_lab(root, *names):
    for name in ("labkit", "ingestion", "pyproject.toml", *names):
        source, target = REPOSITORY / name, root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
        else:
            shutil.copy(source, target)
    return LabCopy(root)


def environment(home):
    """As on a machine of which nothing is known: no cache, no configured index, no bundle named."""
    known = {
        name: os.environ[name] for name in ("PATH", "LANG", "PIP_CERT", "SSL_CERT_FILE") if name in os.environ
    }
    return known | {"HOME": str(home), "PIP_CONFIG_FILE": os.devnull}


def set_up_without_network(root):
    script = [sys.executable, str(root / "labkit/bootstrap.py")]
    return subprocess.run(
        [*WITHOUT_NETWORK, *script], env=environment(root), cwd=root, capture_output=True, encoding="utf-8"
    )


@pytest.fixture
def small_lab(tmp_path):
    """A lab that wants two packages only, in a folder whose name is no easy one."""
    lab = copy_of_the_lab(tmp_path / "Ma formation été", "README.md")
    pins = (REPOSITORY / "requirements.txt").read_text(encoding="utf-8").splitlines()
    kept = [line for line in pins if line.startswith(tuple(f"{name}==" for name in PINNED))]
    (lab.root / "requirements.txt").write_text("\n".join(kept), encoding="utf-8")
    return lab


@needs_a_namespace
def test_the_archive_unpacked_at_the_lab_s_root_sets_it_up_without_a_network(small_lab):
    made = small_lab.lab("bundle", "--without", "n8n")
    assert made.returncode == 0, made.stderr
    (archive,) = (small_lab.root / "build").glob("labo-hors-ligne-*.tar")
    assert archive.name in made.stdout
    shutil.unpack_archive(archive, small_lab.root)
    done = set_up_without_network(small_lab.root)
    assert (done.returncode, "✓ environnement Python prêt" in done.stderr) == (0, True), done.stderr
    help_text = subprocess.run(
        [small_lab.root / ".venv/bin/lab", "stop", "--help"], capture_output=True
    ).stdout
    assert "Arrête le laboratoire" in help_text.decode()


def test_wheels_that_cannot_be_downloaded_are_one_sentence(small_lab):
    nowhere = {
        "PIP_INDEX_URL": NOWHERE,
        "PIP_RETRIES": "0",
        "PIP_NO_CACHE_DIR": "1",
        "PIP_CONFIG_FILE": os.devnull,
    }
    done = small_lab.lab("bundle", "--without", "n8n", **nowhere)
    assert done.returncode == 1
    assert "Les paquets Python n'ont pas pu être téléchargés : vérifiez la connexion" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture
def offline(monkeypatch, tmp_path):
    """The folder of an unpacked archive, to be filled by the test."""
    folder = tmp_path / "offline"
    folder.mkdir()
    monkeypatch.setattr(bootstrap, "OFFLINE", str(folder))
    return folder


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("system", "Plan9 vax", "un autre système"),
        ("python", "3.99", "un autre Python"),
        ("requirements", "of last year", "un autre état de requirements.txt"),
    ],
)
def test_an_archive_made_for_another_machine_or_another_lab_is_refused(offline, key, value, said):
    manifest = bootstrap.bundle_manifest() | {key: value}
    (offline / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(bootstrap.SetupError, match=f"{said} : refaites-la .* ou effacez ce dossier"):
        bootstrap.offline_folder()


def test_a_folder_that_is_no_archive_unpacked_is_told(offline):
    with pytest.raises(bootstrap.SetupError, match="n'est pas une archive hors ligne dépliée"):
        bootstrap.offline_folder()


def test_a_named_archive_that_is_not_there_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr(bootstrap, "OFFLINE", str(tmp_path / "absent"))
    assert bootstrap.offline_folder() is None
    monkeypatch.setenv("LAB_BUNDLE", str(tmp_path / "absent"))
    with pytest.raises(bootstrap.SetupError, match="LAB_BUNDLE nomme .* qui n'existe pas"):
        bootstrap.offline_folder()


def test_npm_takes_all_from_the_archive_when_it_holds_npm_s_packages(offline):
    (offline / "manifest.json").write_text(json.dumps(bootstrap.bundle_manifest()))
    assert install.npm_offline() == []
    (offline / "npm-cache").mkdir()
    assert install.npm_offline() == ["--offline", "--cache", str(offline / "npm-cache")]


def test_npm_s_cache_gets_what_this_system_runs_under_its_real_name(tmp_path):
    packages = {
        "": {"name": "lab"},
        "node_modules/@scope/one": {"version": "1.0.0"},
        "node_modules/a/node_modules/two": {"version": "2.0.0", "os": [sys.platform]},
        "node_modules/three-alias": {"name": "three", "version": "3.0.0"},
        "node_modules/elsewhere": {"version": "4.0.0", "os": ["plan9"]},
    }
    (tmp_path / "lock.json").write_text(json.dumps({"packages": packages}))
    assert list(bundle.npm_specs(tmp_path / "lock.json")) == ["@scope/one@1.0.0", "two@2.0.0", "three@3.0.0"]


@needs_a_namespace
@pytest.mark.skipif(not os.environ.get("LAB_OFFLINE"), reason="five minutes and 6 GB: make offline")
def test_the_whole_lab_is_installed_and_starts_without_a_network(tmp_path):
    made = subprocess.run(
        [sys.executable, "-m", "labkit.cli", "bundle", "--output", str(tmp_path)], cwd=REPOSITORY
    )
    assert made.returncode == 0
    names = ("README.md", "requirements.txt", "solutions", "labs", "notebooks", "n8n", "data/samples")
    lab = copy_of_the_lab(tmp_path / "Ma formation été", *names)
    (archive,) = tmp_path.glob("labo-hors-ligne-*.tar")
    shutil.unpack_archive(archive, lab.root)
    assert set_up_without_network(lab.root).returncode == 0
    said = lab.root / "said.txt"
    start = f"ip link set lo up && exec '{lab.root}/.venv/bin/lab' start --no-browser"
    with said.open("w") as stream:
        process = subprocess.Popen(
            [*WITHOUT_NETWORK, "sh", "-c", start], env=environment(lab.root), cwd=lab.root, stderr=stream
        )
    try:
        wait_until(lambda: "✓ n8n" in said.read_text() or "✗" in said.read_text(), timeout=600)
        assert "✗" not in said.read_text()
    finally:
        process.terminate()
        process.wait(30)
