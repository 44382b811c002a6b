"""The machines trainees bring: no call that only POSIX has, no encoding left to chance, any folder name."""

import ast
import json
import subprocess
import sys

import pytest

from labkit.base.paths import USUAL_PORTS
from tests.conftest import REPOSITORY
from tests.unit.lab_copy import make_copy

# What runs on a trainee's machine; the rest of tests/ runs on Linux, in CI.
FOLDERS = ("labkit", "solutions")
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
POSIX_MODULES = {"fcntl", "pwd", "grp", "resource", "termios", "tty", "pty", "posix", "crypt", "syslog"}
POSIX_NAMES = {
    *(
        "os.fork",
        "os.forkpty",
        "os.wait",
        "os.wait3",
        "os.wait4",
        "os.waitpid",
        "os.kill",
        "os.killpg",
        "os.setsid",
    ),
    *(
        "os.getuid",
        "os.geteuid",
        "os.getgid",
        "os.chown",
        "os.symlink",
        "os.mkfifo",
        "os.getpgid",
        "os.getloadavg",
    ),
    *("os.sched_getaffinity", "os.uname", "os.nice", "os.getppid"),
    *(
        "signal.SIGKILL",
        "signal.SIGALRM",
        "signal.SIGHUP",
        "signal.SIGUSR1",
        "signal.SIGUSR2",
        "signal.alarm",
    ),
    *("signal.setitimer", "signal.pause", "time.tzset"),
}
POSIX_METHODS = {"symlink_to", "hardlink_to"}
POSIX_ARGUMENTS = {"shell", "preexec_fn", "pass_fds"}
TEXT_METHODS = {"read_text", "write_text"}


def scripts():
    return [path for folder in FOLDERS for path in sorted((REPOSITORY / folder).rglob("*.py"))]


def dotted(node):
    """`os.path.join` as text; empty for what is no plain name."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}".lstrip(".")
    return node.id if isinstance(node, ast.Name) else ""


def faults(tree):
    """(line, what) of everything that would not work, or not everywhere alike, on Windows or macOS."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            modules = (
                {node.module} if isinstance(node, ast.ImportFrom) else {name.name for name in node.names}
            )
            yield from ((node.lineno, f"import {name}") for name in modules & POSIX_MODULES)
        elif isinstance(node, ast.Attribute) and dotted(node) in POSIX_NAMES:
            yield node.lineno, dotted(node)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            if node.value.startswith(("/tmp", "/dev/", "/proc/", "/usr/", "/home/")):
                yield node.lineno, f'"{node.value}"'
        elif isinstance(node, ast.Call):
            yield from ((node.lineno, fault) for fault in call_faults(node))


def call_faults(call):
    name = call.func.attr if isinstance(call.func, ast.Attribute) else dotted(call.func)
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    if isinstance(call.func, ast.Attribute) and name in POSIX_METHODS:
        yield f".{name}()"
    yield from (f"{argument}=" for argument in POSIX_ARGUMENTS & set(given))
    if {"text", "universal_newlines"} & set(given) and "encoding" not in given:
        yield "text without encoding="
    if "encoding" in given or None in given:
        return
    if name in TEXT_METHODS and len(call.args) < (2 if name == "write_text" else 1):
        yield f"{name}() without encoding="
    if name == "open" and is_text_mode(call, given):
        yield "open() without encoding="


def is_text_mode(call, given):
    """Does this call of open(path, mode) or path.open(mode) read or write text? Let by if the mode is no literal."""
    place = 1 if isinstance(call.func, ast.Name) else 0
    mode = given.get("mode") or (call.args[place] if len(call.args) > place else ast.Constant("r"))
    return isinstance(mode, ast.Constant) and isinstance(mode.value, str) and set(mode.value) <= set("rwax+t")


@pytest.mark.parametrize("path", scripts(), ids=lambda path: path.relative_to(REPOSITORY).as_posix())
def test_what_a_trainee_runs_calls_nothing_that_only_one_system_has(path):
    assert list(faults(ast.parse(path.read_text(encoding="utf-8")))) == []


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("import os\nos.fork()", "os.fork"),
        ("import fcntl", "import fcntl"),
        ("from resource import getrusage", "import resource"),
        ("import signal, os\nos.kill(1, signal.SIGKILL)", "signal.SIGKILL"),
        ("a.symlink_to(b)", ".symlink_to()"),
        ("subprocess.run(x, shell=True)", "shell="),
        ("subprocess.run(x, text=True)", "text without encoding="),
        ('open("x")', "open() without encoding="),
        ('path.open("w")', "open() without encoding="),
        ("path.read_text()", "read_text() without encoding="),
        ("path.write_text(text)", "write_text() without encoding="),
        ('Path("/tmp/x")', '"/tmp/x"'),
    ],
)
def test_each_fault_is_seen(code, fault):
    assert fault in [what for _, what in faults(ast.parse(code))]


@pytest.mark.parametrize(
    "code",
    [
        'open("x", "rb")',
        'path.open("a", encoding="utf-8")',
        "webbrowser.open(page)",
        "subprocess.run(x, encoding='utf-8')",
    ],
)
def test_what_is_right_everywhere_is_let_by(code):
    assert list(faults(ast.parse(code))) == []


@pytest.fixture
def in_a_folder_with_spaces_and_accents(tmp_path):
    return make_copy(
        tmp_path / "Ma formation été", "labkit", "solutions", "notebooks", "labs", "data/samples"
    )


def test_a_folder_with_spaces_and_accents_is_as_good_as_any(in_a_folder_with_spaces_and_accents):
    lab = in_a_folder_with_spaces_and_accents
    with lab.started("--without", "n8n"):
        assert lab.states() == {"api": True, "jupyter": True, "n8n": False}
        three_days = ("-p", "start_date", "2024-01-01", "-p", "end_date", "2024-01-03")
        ingested = last_line(lab.lab("run", "ingest_api.py", *three_days))
        assert (ingested["status"], len(ingested["output_files"])) == ("success", 3)
        notebook = last_line(lab.lab("run", "08_backfill.ipynb", *three_days))
        assert notebook["status"] == "success"
        assert (lab.root / notebook["notebook"]).is_file()
        checked = last_line(
            lab.lab("run", "validate_data.py", "-p", "input_file", ingested["output_files"][0])
        )
        assert checked["status"] == "success"
        assert "run succeeded" in lab.lab("logs", "--run", notebook["run_id"]).stdout


def last_line(done):
    """The JSON object a run printed."""
    return json.loads(done.stdout.splitlines()[-1])


def test_a_container_is_made_of_environment_yml_and_no_second_list_of_packages():
    manifest = json.loads((REPOSITORY / ".devcontainer/devcontainer.json").read_text(encoding="utf-8"))
    environment = (REPOSITORY / "environment.yml").read_text(encoding="utf-8")
    assert manifest["onCreateCommand"] == "conda env create -f environment.yml"
    assert f"envs/{environment.split('name: ')[1].split()[0]}/bin" in manifest["remoteEnv"]["PATH"]
    assert manifest["forwardPorts"] == [USUAL_PORTS[name] for name in ("jupyter", "api", "n8n")]
    assert not [name for name in (".binder", "binder") if (REPOSITORY / name).exists()], (
        "Binder would leave it aside"
    )


@pytest.mark.parametrize("machine", ["x86_64-apple-darwin", "aarch64-apple-darwin", "x86_64-pc-windows-msvc"])
def test_every_pinned_package_has_a_wheel_so_that_no_machine_compiles(tmp_path, machine):
    """For each Python; asked to the package index, side by side: it is mere waiting."""
    options = ["--dry-run", "--quiet", "--no-deps", "--only-binary", ":all:", "--target", str(tmp_path)]
    asked = [
        subprocess.Popen(
            [sys.executable, "-m", "uv", "pip", "install", *options, "--python-platform", machine]
            + ["--python-version", version, "-r", "requirements.txt"],
            cwd=REPOSITORY,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        for version in PYTHONS
    ]
    said = [process.communicate(timeout=300)[1] for process in asked]
    assert [process.returncode for process in asked] == [0] * len(PYTHONS), said
