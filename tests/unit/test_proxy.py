"""Behind a proxy: what is downloaded goes through it, what talks to this machine does not."""

import http.server
import json
import os
import subprocess
import sys
import threading

import pytest

from labkit import bootstrap
from labkit.base.proxies import no_proxy
from labkit.practice_api.server import running_api
from labkit.services import health
from tests.unit.lab_copy import NOWHERE, make_copy
from tests.unit.test_bundle import copy_of_the_lab


@pytest.fixture
def proxy():
    """A proxy on this machine that finds nothing; `asked` lists the addresses it was asked for."""

    class Proxy(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.asked.append(self.path)
            self.send_error(404)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as server:
        server.asked = []
        server.address = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, args=[0.02], daemon=True).start()
        yield server
        server.shutdown()


def through(address):
    return {"HTTP_PROXY": address, "http_proxy": address, "NO_PROXY": "", "no_proxy": ""}


def test_the_set_up_asks_the_package_index_through_the_proxy(tmp_path, proxy):
    lab = copy_of_the_lab(tmp_path, "requirements.txt")
    index = {"PIP_INDEX_URL": "http://index.invalid/simple", "PIP_TRUSTED_HOST": "index.invalid"}
    own = {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_CACHE_DIR": "1", "PIP_FIND_LINKS": "", "PIP_RETRIES": "0"}
    done = subprocess.run(
        [sys.executable, str(lab.root / "labkit/bootstrap.py")],
        env=os.environ | index | own | through(proxy.address),
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 1
    assert "http://index.invalid/simple/uv/" in proxy.asked


def test_uv_asks_the_index_that_pip_s_configuration_names(tmp_path, proxy, monkeypatch):
    configured = tmp_path / "pip.conf"
    configured.write_text(
        "[global]\nindex-url = http://one:word@mirror.invalid/simple\ntrusted-host = mirror.invalid\n"
    )
    monkeypatch.setenv("PIP_CONFIG_FILE", str(configured))
    settings = bootstrap.index_settings()
    assert bootstrap.index_name(settings) == "mirror.invalid"
    command = [sys.executable, "-m", "uv", "pip", "install", "--dry-run", "--no-cache", "no-such-package"]
    own = {"UV_HTTP_RETRIES": "0"} | through(proxy.address)
    subprocess.run(command, cwd=tmp_path, env=os.environ | settings | own, capture_output=True)
    assert any(
        address.endswith("@mirror.invalid/simple/no-such-package/")
        or address == "http://mirror.invalid/simple/no-such-package/"
        for address in proxy.asked
    )


def test_a_service_is_seen_up_whatever_proxy_the_environment_names(monkeypatch):
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with running_api() as api:
        monkeypatch.setenv("LAB_API_URL", api.url)
        assert health.is_up("api")


def test_a_command_reaches_the_lab_s_own_api_whatever_proxy_the_environment_names(tmp_path):
    lab = make_copy(tmp_path)
    with running_api() as api:
        done = lab.lab("reset", "--yes", LAB_API_URL=api.url, ALL_PROXY="socks5://127.0.0.1:9")
    assert "Effacé ; l'API est revenue au premier jour." in done.stdout


def test_n8n_is_asked_for_through_the_proxy(tmp_path, proxy):
    lab = make_copy(tmp_path)
    registry = {"npm_config_registry": "http://registry.invalid/", "npm_config_noproxy": ""}
    done = lab.lab("n8n", "install", **registry, **through(proxy.address))
    assert "vérifiez la connexion (ou le proxy)" in done.stderr
    assert any(address.startswith("http://registry.invalid/") for address in proxy.asked)


def test_a_headless_run_reaches_the_lab_s_own_api_without_the_proxy(tmp_path):
    lab = make_copy(tmp_path, "solutions")
    days = ("-p", "start_date", "2024-01-01", "-p", "end_date", "2024-01-01")
    with running_api() as api:
        done = lab.lab("run", "ingest_api.py", *days, LAB_API_URL=api.url, **through(NOWHERE))
    assert json.loads(done.stdout)["status"] == "success"


def test_the_exceptions_of_the_machine_s_owner_are_kept(monkeypatch):
    monkeypatch.setenv("no_proxy", "intranet.example,127.0.0.1")
    assert set(no_proxy().values()) == {"intranet.example,127.0.0.1,localhost"}
