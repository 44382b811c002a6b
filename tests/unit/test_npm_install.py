"""What a lock pins is installed from any registry, and no more is asked of it than what is installed."""

import base64
import hashlib
import io
import json
import tarfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from labkit.n8n import install

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


@pytest.fixture
def registry(monkeypatch, tmp_path):
    """registry(layout): npm's registry from now on, that keeps packages so; gives the paths it is asked for."""
    servers = []

    def start(layout):
        asked = []

        class Registry(BaseHTTPRequestHandler):
            def do_GET(self):
                path = self.path.replace("%2f", "/")
                asked.append(path)
                places = {layout.format(name=name, file=name.rpartition("/")[2]): name for name in NAMES}
                if path in places:
                    body = ARCHIVES[places[path]]
                else:
                    (place,) = [place for place, name in places.items() if path == f"/{name}"]
                    dist = {"tarball": address + place, "integrity": integrity(places[place])}
                    release = {"name": places[place], "version": "1.0.0", "dist": dist}
                    body = json.dumps({"name": places[place], "versions": {"1.0.0": release}}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Registry)
        address = f"http://127.0.0.1:{server.server_port}"
        servers.append(server)
        threading.Thread(target=server.serve_forever).start()
        monkeypatch.setenv("npm_config_registry", address)
        monkeypatch.setenv("npm_config_cache", str(tmp_path / "cache"))
        return asked

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


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


def test_a_registry_is_asked_about_one_package_then_for_the_archives(registry, pins):
    asked = registry(LIKE_NPM_S)
    assert installed(pins)
    assert sorted(asked) == ["/@lab/two", "/@lab/two/-/two-1.0.0.tgz", "/one/-/one-1.0.0.tgz"]


def test_a_registry_with_a_layout_of_its_own_is_asked_about_each_package(registry, pins):
    asked = registry(OF_ITS_OWN)
    assert installed(pins)
    assert {"/@lab/two", "/one", "/download/two", "/download/one"} == set(asked)


def test_what_an_install_that_was_killed_left_is_not_taken_for_the_lock(registry, pins):
    registry(LIKE_NPM_S)
    left = (pins / "package-lock.json").read_text().replace("1.0.0", "0.9.0")
    (pins / "npm-shrinkwrap.json").write_text(left)
    assert installed(pins)
    assert not (pins / "npm-shrinkwrap.json").exists()
