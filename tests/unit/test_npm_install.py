"""What a lock pins is installed from any registry, and no more is asked of it than what is installed."""

import base64
import hashlib
import io
import json
import shutil
import tarfile
from contextlib import contextmanager

import pytest

from labkit.n8n import install
from tests.ingestion.toy_api import answering

NAMES = ("@lab/two", "one")
LIKE_NPM_S = "/{name}/-/{file}-1.0.0.tgz"
OF_ITS_OWN = "/download/{file}"


def packed(name):
    content = json.dumps({"name": name, "version": "1.0.0"}).encode()
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        entry = tarfile.TarInfo("package/package.json")
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


ARCHIVES = {name: packed(name) for name in NAMES}


def integrity(name):
    return f"sha512-{base64.b64encode(hashlib.sha512(ARCHIVES[name]).digest()).decode()}"


@contextmanager
def registry(layout):
    """npm's registry for the time of a `with`, that keeps packages so; gives the paths it is asked for."""
    asked = []
    places = {name: layout.format(name=name, file=name.rpartition("/")[2]) for name in NAMES}
    archives = {place: ARCHIVES[name] for name, place in places.items()}

    def answer(target, _):
        path = target.replace("%2f", "/")
        asked.append(path)
        if path in archives:
            return 200, {}, archives[path]
        name = path.removeprefix("/")
        dist = {"tarball": address + places[name], "integrity": integrity(name)}
        release = {"name": name, "version": "1.0.0", "dist": dist}
        return 200, {}, json.dumps({"name": name, "versions": {"1.0.0": release}}).encode()

    with answering(answer) as address, pytest.MonkeyPatch.context() as patch:
        patch.setenv("npm_config_registry", address)
        yield asked


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """npm's own cache, empty at first."""
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def pins(tmp_path):
    """A folder that pins both packages."""
    folder = tmp_path / "épingles"
    folder.mkdir()
    root = {"name": "pins", "version": "1.0.0", "dependencies": dict.fromkeys(NAMES, "1.0.0")}
    (folder / "package.json").write_text(json.dumps(root))
    packages = {"": root} | {
        f"node_modules/{name}": {"version": "1.0.0", "integrity": integrity(name)} for name in NAMES
    }
    lock = {**root, "lockfileVersion": 3, "requires": True, "packages": packages}
    (folder / "package-lock.json").write_text(json.dumps(lock))
    return folder


def installed(pins):
    install.ci(pins, "Échec.", lambda line: None)
    return all((pins / "node_modules" / name / "package.json").is_file() for name in NAMES)


def test_a_registry_is_asked_about_one_package_then_for_the_archives(pins):
    with registry(LIKE_NPM_S) as asked:
        assert installed(pins)
    assert sorted(asked) == ["/@lab/two", "/@lab/two/-/two-1.0.0.tgz", "/one/-/one-1.0.0.tgz"]


def test_a_registry_with_a_layout_of_its_own_is_asked_about_each_package(pins):
    with registry(OF_ITS_OWN) as asked:
        assert installed(pins)
    assert {"/@lab/two", "/one", "/download/two", "/download/one"} == set(asked)


def leave_half_installed(pins):
    left = (pins / "package-lock.json").read_text().replace("1.0.0", "0.9.0")
    (pins / "npm-shrinkwrap.json").write_text(left)


def test_what_an_install_that_was_killed_left_is_not_taken_for_the_lock(pins):
    leave_half_installed(pins)
    with registry(LIKE_NPM_S):
        assert installed(pins)
    assert not (pins / "npm-shrinkwrap.json").exists()


def test_nor_is_it_when_all_comes_from_an_archive_without_a_network(pins, cache, monkeypatch):
    with registry(OF_ITS_OWN) as asked:
        installed(pins)
        shutil.rmtree(pins / "node_modules")
        leave_half_installed(pins)
        asked.clear()
        monkeypatch.setattr(install, "npm_offline", lambda: ["--offline", "--cache", str(cache)])
        assert installed(pins)
    assert asked == []
