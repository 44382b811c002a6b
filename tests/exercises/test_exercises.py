"""The exercises as their users meet them: `lab cut`, check, hint, catch-up, reset, diff, progress, report."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress

import psutil
import pytest

from labkit.exercises import check, cutting, declared
from labkit.exercises.room_report import trainees
from tests.conftest import PRACTICALS, REPOSITORY
from tests.unit.lab_copy import wait_until

# One source


@pytest.mark.skipif("CI" not in os.environ, reason="labs/ is the trainee's to edit; CI alone compares it")
def test_committed_labs_are_the_cut_of_solutions():
    assert cutting.differences() == []


def test_solutions_are_cut_and_nothing_is_left_over_or_leaked(lab):
    done = lab("cut", "--check")
    assert (done.returncode, done.stderr) == (0, "")


ARGUMENTS = re.compile(r"    add\(\"--start-date\".*?(?=    ### END)", re.DOTALL)
LEAK = """
def leak(days, output_dir):
    files = {day: partition_file(output_dir, day) for day in days}
    return [day for day in days if not (files[day].is_file() and files[day].stat().st_size)]
"""


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        (
            "generate_dates.py",
            lambda text: text.replace("SOLUTION tp23.1", "SOLUTION tp29.1"),
            "tp29.1 is not declared",
        ),
        (
            "generate_dates.py",
            lambda text: text.replace("    ### END SOLUTION\n", "", 1),
            "the answer before is not closed",
        ),
        (
            "ingest_api.py",
            lambda text: ARGUMENTS.sub("", text),
            "the answer of tp21.1 in parse_args is empty",
        ),
        (
            "exercises.toml",
            lambda text: text.replace("Du 1er au 3 janvier, combien de jours ?", " "),
            "three hints",
        ),
        (
            "exercises.toml",
            lambda text: text.replace("days_left = ", "days_done = "),
            "the answer of tp23.2 in days_left is asked for nowhere",
        ),
        (
            "exercises.toml",
            lambda text: text.replace(
                "[tp23.steps.asks]\n", '[tp23.steps.asks]\nday_after = "le lendemain"\n', 1
            ),
            "day_after is asked for, and answered in no script",
        ),
        ("statement.py", lambda text: text + LEAK, "labs/statement.py gives away tp23.2"),
        ("ingest_naif.py", lambda text: text + "def (", "solutions/ingest_naif.py, line "),
    ],
    ids=["undeclared", "not closed", "empty", "empty hint", "not asked", "not answered", "leak", "syntax"],
)
def test_cut_check_refuses_what_is_wrong(lab, name, change, said):
    path = lab.root / "solutions" / name
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
    done = lab("cut", "--check")
    assert done.returncode == 1
    assert said in done.stderr


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        (
            "generate_dates.py",
            "SOLUTION tp23.1",
            "SOLUTION tp29.1",
            "tp29.1 in days_between is asked for nowhere",
        ),
        ("exercises.toml", "days_left = ", "days_done = ", "tp23.2 in days_left is asked for nowhere"),
        ("ingest_api.py", "def ingest(", "def ingest((", "solutions/ingest_api.py, line "),
    ],
    ids=["undeclared", "not asked", "syntax"],
)
def test_what_cannot_be_cut_is_told_and_labs_stay_as_they_are(lab, name, old, new, said):
    path = lab.root / "solutions" / name
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    before = {one.name: one.read_bytes() for one in lab.labs.iterdir()}
    done = lab("cut")
    assert (done.returncode, said in done.stderr) == (1, True)
    assert {one.name: one.read_bytes() for one in lab.labs.iterdir()} == before


def test_labs_that_differ_from_the_cut_are_named(lab):
    lab.edit("generate_dates.py", "timedelta", "delta")
    (lab.labs / "brouillon.py").touch()
    said = lab("cut", "--check").stderr
    assert "labs/generate_dates.py is not the cut" in said
    assert "labs/brouillon.py comes from no file" in said


def test_every_step_is_to_do_in_fresh_labs_and_nothing_passes_unsolved(lab):
    done = lab("check")
    assert done.returncode == 1
    summaries = [line for line in done.stdout.splitlines() if " — " in line and " sur " in line]
    assert len(summaries) == sum(len(exercise.steps) for exercise in declared.exercises().values())
    assert not [line for line in summaries if not line.endswith(("À FAIRE", "NON VÉRIFIÉ"))]


def test_the_solutions_pass_every_step_that_is_not_done_in_n8n(lab):
    done = lab("check", "--scripts", "solutions")
    red = [
        line
        for line in done.stdout.splitlines()
        if " — " in line and " sur " in line and "RÉUSSI" not in line
    ]
    assert [line.split(" — ")[0] for line in red] == ["tp21.5", "tp22.4", "tp23.3"]
    assert all(line.endswith("NON VÉRIFIÉ") for line in red)


@pytest.mark.parametrize("name", [exercise.notebook for exercise in declared.exercises().values()])
def test_an_unsolved_notebook_runs_up_to_its_first_exercise_then_says_it_is_to_do(lab, name):
    import nbformat
    from nbclient import NotebookClient

    from labkit.practice_api.server import running_api

    notebook = nbformat.read(lab.labs / name, as_version=4)
    with running_api() as api, pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAB_ROOT", str(lab.root))
        patch.setenv("LAB_API_URL", api.url)
        NotebookClient(notebook, allow_errors=True, timeout=120).execute()
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    checks = [cell for cell in code if cell.source.startswith("check(")]
    before = code[: code.index(checks[0])]
    assert not [cell.source for cell in before for output in cell.outputs if output.output_type == "error"]
    shown = [cell.outputs[0].data["text/plain"] for cell in checks]
    assert all("À FAIRE" in text or "NON VÉRIFIÉ" in text for text in shown)


@pytest.fixture
def kernel(lab, monkeypatch):
    """(its manager, its client): a kernel at work in this lab, its notebook's first cells run."""
    from jupyter_client.manager import start_new_kernel

    monkeypatch.setenv("LAB_ROOT", str(lab.root))
    manager, client = start_new_kernel(kernel_name="python3", cwd=str(lab.labs))
    client.execute_interactive(
        "from labkit.notebooks.exercises import check\n"
        "from labkit.notebooks.session import open_lab\n"
        "open_lab('labs', 'http://127.0.0.1:9')",
        silent=True,
    )
    yield manager, client
    client.stop_channels()
    if manager.has_kernel:
        manager.shutdown_kernel(now=True)


def checking(manager):
    """The processes that check, or wait for what to check, for this kernel."""
    running = psutil.Process(manager.provisioner.pid).children()
    return [one for one in running if "labkit.exercises.check_child" in one.cmdline()]


def test_a_kernel_that_has_checked_ends_by_itself_and_leaves_nothing_running(kernel):
    manager, client = kernel
    client.execute_interactive("check('tp23.1')", silent=True)
    (spare,) = checking(manager)
    process = manager.provisioner.process
    manager.shutdown_kernel()
    assert process.returncode == 0
    spare.wait(30)


def test_an_interrupted_check_stops_at_once(kernel, lab):
    manager, client = kernel
    lab.edit("generate_dates.py", 'raise NotImplementedError("tp23.1")', "while True: pass")
    client.execute("check('tp23.1')")
    wait_until(lambda: any(one.cpu_times().user > 2 for one in checking(manager)))
    manager.interrupt_kernel()
    while (said := client.get_iopub_msg(timeout=30))["msg_type"] != "error":
        pass
    assert said["content"]["ename"] == "KeyboardInterrupt"
    assert checking(manager) == []


def test_an_endless_answer_ends_though_who_asked_is_gone_and_the_check_s_folder_with_it(lab, tmp_path):
    lab.edit("generate_dates.py", 'raise NotImplementedError("tp23.1")', "while True: pass")
    folder = tmp_path / "temporary"
    folder.mkdir()
    command = [sys.executable, "-m", "labkit.cli", "check", "tp23.1"]
    asking = psutil.Popen(command, env=lab.environment | {"TMPDIR": str(folder)})
    wait_until(lambda: any(one.cpu_times().user > 2 for one in asking.children()))
    (endless,) = asking.children()
    asking.kill()
    asking.wait()
    shutil.rmtree(folder)
    try:
        endless.wait(60)
    finally:
        with suppress(psutil.NoSuchProcess):
            endless.kill()


def test_a_file_saved_between_two_cells_is_picked_up_without_restarting_the_kernel(lab):
    import nbformat
    from nbclient import NotebookClient

    cells = [
        "from labkit.notebooks.session import open_lab\nopen_lab('labs', 'http://127.0.0.1:9')",
        "from ingest_api import ATTEMPTS\nprint(ATTEMPTS)",
        "from pathlib import Path\nfile = Path('labs/ingest_api.py')\n"
        "text = file.read_text(encoding='utf-8').replace('ATTEMPTS, BUDGET = 3', 'ATTEMPTS, BUDGET = 5')\n"
        "file.write_text(text, encoding='utf-8');",
        "from ingest_api import ATTEMPTS, calendar_day\nprint(ATTEMPTS)",
        "calendar_day('hier')",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAB_ROOT", str(lab.root))
        NotebookClient(notebook, allow_errors=True, timeout=60).execute()
    said = [cell.outputs[0].text for cell in notebook.cells if cell.outputs]
    assert said[:2] == ["3\n", "5\n"]
    assert said[2].startswith("À FAIRE — étape tp21.1 : ingest_api.py, ligne")


# The time limit

# Garbage whose end asks for the list of threads, collected a little later in the look at them each time.
COLLECTIONS_DURING_A_LOOK = """
import gc, threading, time, one_run
class Node: pass
for later in range(12):
    for _ in range(6):
        threading.Thread(target=time.sleep, args=(30,), daemon=True).start()
    time.sleep(0.02)
    gc.disable()
    node = Node(); node.me = node; node.local = threading.local(); node.local.x = 1
    del node
    gc.set_threshold(gc.get_count()[0] + later, 1000, 1000)
    gc.enable()
    assert one_run.frame_of(threading.get_ident())
"""


def test_looking_at_what_a_check_is_doing_does_not_stop_it_for_ever(tmp_path):
    own = {"LAB_CHECK_FOLDER": str(tmp_path), "LAB_CHECK_STEPS": "tp21.1", "LAB_CHECK_LIMIT": "3"}
    done = subprocess.run(
        [sys.executable, "-c", COLLECTIONS_DURING_A_LOOK],
        env=os.environ | own | {"LAB_CHECK_REPORT": str(tmp_path / "report")},
        cwd=REPOSITORY / "labkit" / "exercises" / "checks",
        timeout=60,
    )
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("asked", "imported"),
    [
        ("tp21.5", []),
        ("tp21.4", ["pyarrow"]),
        ("tp22.5", ["pyarrow"]),
        ("tp22 tp22.1", ["pyarrow", "fastapi"]),
        ("tp22 tp22.5", ["pyarrow", "fastapi", "great_expectations"]),
    ],
    ids=["done in n8n", "a script", "one that may import it", "ahead of time", "ahead of what may import it"],
)
def test_nobody_waits_for_the_import_of_what_the_check_may_not_use(asked, imported):
    names = ["pyarrow", "fastapi", "great_expectations"]
    code = (
        f"import sys; from labkit.exercises import check_child; check_child.get_ready('{asked}'.split()); "
        f"print([name for name in {names} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", timeout=60)
    assert done.stdout == f"{imported}\n", done.stderr


# Checks on files in any state


def test_a_wrong_answer_says_what_was_called_what_came_back_what_was_expected(lab):
    lab("catch-up", "tp23", "--to", 1)
    lab.edit("generate_dates.py", "(end - start).days + 1", "(end - start).days")
    said = lab("check", "tp23.1").stdout
    assert "✗ FAUX" in said
    assert (
        "Vous avez appelé days_between(datetime.date(2024, 1, 1), datetime.date(2024, 1, 3)), nombre de jours : a renvoyé 2, le test attendait 3."
        in said
    )
    assert "Indice : Les deux bornes sont comprises" in said
    assert "Au cours : tp23_backfill" in said


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("    while True:\n        pass", "Une boucle sans fin ? Après 5 s de calcul (ou une minute d'attente), votre code était encore dans generate_dates.py, ligne"),
        ("    raise SystemExit(3)", "Votre code quitte Python (generate_dates.py"),
        ("    __import__('os')._exit(0)", "Votre code a arrêté Python d'un coup"),
        ("    return end -", "Python ne sait pas lire « return end - »"),
        ("    return [begin]", "NameError : le nom « begin » n'existe pas (generate_dates.py, ligne"),
        ("    return None", "n'a pas la forme attendue"),
        ("    print('ici')\n    return [start]", "a renvoyé 1, le test attendait 3"),
    ],
    ids=["loop", "sys.exit", "os._exit", "syntax", "exception", "None", "noise"],
)  # fmt: skip
def test_code_in_any_state_is_explained_without_a_traceback(lab, code, said):
    lab.edit("generate_dates.py", '    raise NotImplementedError("tp23.1")', code)
    done = lab("check", "tp23.1")
    assert said in done.stdout
    assert done.returncode == 1
    assert "Traceback" not in done.stdout


def test_a_file_python_cannot_read_is_told_once_with_its_line_and_the_rest_is_not_tried(lab):
    lab.edit("ingest_api.py", "class Parser(", "def oups(:\n\n\nclass Parser(")
    said = lab("check", "tp21.1").stdout
    assert said.count("Python ne sait pas lire « def oups(: »") == 1
    assert "ingest_api.py, ligne " in said
    assert "il y manque souvent une parenthèse" in said
    assert said.count("Pas essayé") == said.count("? NON VÉRIFIÉ") > 3


def test_a_misspelt_import_names_the_line_that_imports_it(lab):
    lab.edit("generate_dates.py", "import json", "import jsom")
    said = lab("check", "tp23.1").stdout
    assert "« import jsom » : le module « jsom » n'existe pas" in said
    assert "No module named" not in said


def test_a_deleted_function_is_named(lab):
    lab.edit("generate_dates.py", "def days_between(", "def jours(")
    assert "generate_dates.py ne définit plus « days_between »" in lab("check", "tp23.1").stdout


def test_a_renamed_file_is_named(lab):
    (lab.labs / "generate_dates.py").rename(lab.labs / "dates_v2.py")
    assert "labs/generate_dates.py est introuvable (renommé, déplacé ?)" in lab("check", "tp23.1").stdout


def test_a_file_that_is_not_utf8_is_named(lab):
    text = (lab.labs / "generate_dates.py").read_text(encoding="utf-8")
    (lab.labs / "generate_dates.py").write_text(text, encoding="latin-1", errors="replace")
    assert "generate_dates.py n'est pas en UTF-8" in lab("check", "tp23.1").stdout


def test_a_check_works_from_another_folder_and_while_the_api_is_down(lab, tmp_path, monkeypatch):
    monkeypatch.setenv("LAB_API_URL", "http://127.0.0.1:9")
    lab("catch-up", "tp21", "--to", 2)
    assert (
        "tp21.2 — Les appels : reprises et pages : 14 sur 14, RÉUSSI"
        in lab("check", "tp21.2", folder=tmp_path).stdout
    )


def test_two_checks_at_once_do_not_disturb_each_other(lab):
    lab("catch-up", "tp21", "--to", 2)
    command = [sys.executable, "-m", "labkit.cli", "check", "tp21.2"]
    both = [
        subprocess.Popen(command, env=lab.environment, stdout=subprocess.PIPE, encoding="utf-8")
        for _ in range(2)
    ]
    assert all("14 sur 14, RÉUSSI" in process.communicate(timeout=60)[0] for process in both)


@pytest.mark.parametrize(
    "command", [["check"], ["hint"], ["diff"], ["catch-up", "--to", "1"], ["reset"]], ids=str
)
def test_an_exercise_that_does_not_exist_is_refused_with_those_that_do(lab, command):
    done = lab(*command, "tp99")
    assert done.returncode == 1
    assert "« tp99 » n'est pas un exercice" in done.stderr
    assert "tp21" in done.stderr


def test_watch_checks_again_on_each_save(lab):
    command = [sys.executable, "-u", "-m", "labkit.cli", "check", "tp23.1", "--watch"]
    process = subprocess.Popen(
        command, env=lab.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
    )
    try:
        assert "À FAIRE" in process.stdout.readline()
        while "attends" not in process.stderr.readline():
            pass
        lab("catch-up", "tp23", "--to", 1)
        deadline = time.monotonic() + 30
        while "RÉUSSI" not in process.stdout.readline():
            assert time.monotonic() < deadline
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)


# Never stuck


def test_hints_go_from_a_question_to_all_but_the_answer(lab):
    said = [lab("hint", "tp21.2", level).stdout for level in (1, 2, 3)]
    assert "?" in said[0]
    assert "Ensuite : lab hint tp21.2 3" in said[1]
    assert "retry(stop=" in said[2]
    assert len(set(said)) == 3


def test_catch_up_answers_the_first_steps_and_keeps_the_rest_of_the_file(lab):
    lab.edit("generate_dates.py", "class Parser(", "MINE = 12\n\n\nclass Parser(")
    done = lab("catch-up", "tp23", "--to", 1)
    text = (lab.labs / "generate_dates.py").read_text(encoding="utf-8")
    assert "MINE = 12" in text
    assert "(end - start).days + 1" in text
    assert 'NotImplementedError("tp23.2")' in (lab.labs / "ingest_api.py").read_text(encoding="utf-8")
    (saved,) = lab.labs.glob("sauvegardes/*/generate_dates.py")
    assert "MINE = 12" in saved.read_text(encoding="utf-8")
    assert saved.parent.relative_to(lab.root).as_posix() in done.stdout


def test_catch_up_says_how_to_bring_the_reference_of_a_step_done_in_n8n_while_n8n_does_not_answer(lab):
    shutil.copytree(REPOSITORY / "n8n" / "checkpoints", lab.root / "n8n" / "checkpoints")
    done = lab("catch-up", "tp22", "--to", 4)
    assert done.returncode == 0
    assert "L'étape 4 se fait dans n8n. n8n ne répond pas" in done.stdout
    assert "lab n8n import tp22_4" in done.stdout


@pytest.mark.parametrize("content", [b"def cass\xe9(:", b"def ("], ids=["latin-1", "syntax"])
def test_catch_up_writes_a_broken_file_anew_after_saving_it(lab, content):
    (lab.labs / "generate_dates.py").write_bytes(content)
    lab("catch-up", "tp23", "--to", 3)
    assert "4 sur 4, RÉUSSI" in lab("check", "tp23.1").stdout
    (saved,) = lab.labs.glob("sauvegardes/*/generate_dates.py")
    assert saved.read_bytes() == content


def test_catch_up_puts_back_a_deleted_function_and_a_missing_file(lab):
    lab.edit("ingest_api.py", "def days_left(", "def autre(")
    (lab.labs / "generate_dates.py").unlink()
    lab("catch-up", "tp23", "--to", 2)
    lab("catch-up", "tp21", "--to", 4)
    assert "4 sur 4, RÉUSSI" in lab("check", "tp23.1").stdout
    assert "4 sur 4, RÉUSSI" in lab("check", "tp23.2").stdout


@pytest.mark.parametrize("name", sorted(declared.exercises().keys() - set(PRACTICALS)))
def test_an_exercise_beside_the_practicals_passes_once_caught_up(lab, name):
    steps = declared.exercises()[name].steps
    lab("catch-up", name, "--to", len(steps))
    assert lab("check", name).stdout.count(", RÉUSSI") == len(steps)


def test_reset_starts_one_exercise_over_and_saves_what_was_there(lab):
    lab("catch-up", "tp23", "--to", 3)
    lab("catch-up", "tp21", "--to", 3)
    done = lab("reset", "tp23")
    text = (lab.labs / "generate_dates.py").read_text(encoding="utf-8")
    assert 'NotImplementedError("tp23.1")' in text
    assert "Les vôtres sont gardés dans labs/sauvegardes/" in done.stdout
    assert 'NotImplementedError("tp21.3")' not in text


def test_diff_shows_own_beside_the_reference(lab):
    lab.edit("generate_dates.py", '    raise NotImplementedError("tp23.1")', "    return [start]")
    said = lab("diff", "tp23.1").stdout
    assert "return [start]" in said
    assert "range((end - start).days" in said


def test_status_says_that_a_script_was_saved_since_its_last_check_and_says_nothing_before_the_first(lab):
    changed = "Vos fichiers ont changé depuis"
    assert changed not in lab("status").stdout
    lab("check", "tp23.1")
    assert changed not in lab("status").stdout
    lab.edit("generate_dates.py", "tp23.1", "tp23.1, à moi")
    assert changed in lab("status").stdout


def test_progress_shows_every_step_with_a_label(lab):
    lab("catch-up", "tp21", "--to", 4)
    lab("catch-up", "tp23", "--to", 1)
    said = lab("progress").stdout
    assert "✓ RÉUSSI" in said
    assert "○ À FAIRE" in said
    assert "Étapes réussies : 5 sur 18. La suite : tp21.5, n8n exécute votre script (30 min)." in said
    assert said.index("checkpoint.1") < said.index("tp21.1")


# The room


def test_report_shows_the_room_with_the_most_failed_checks_first(lab, tmp_path):
    room = tmp_path / "salle"
    for name, broken in (("Alice", False), ("Bruno", True), ("Chloé & fils", True)):
        shutil.copytree(lab.labs, room / name / "labs")
        lab("reset", "tp23")
        for path in (room / name / "labs").glob("generate_dates.py"):
            answer = "    return [start]" if broken else "    return None"
            path.write_text(
                path.read_text(encoding="utf-8").replace(
                    '    raise NotImplementedError("tp23.1")', answer, 1
                ),
                encoding="utf-8",
            )
    (room / "Alice" / "labs" / "etapes_n8n.json").write_text(
        '{"tp21.5": "right", "tp22.4": "?"}', encoding="utf-8"
    )
    (room / "Bruno" / "labs" / "etapes_n8n.json").write_text("[1]", encoding="utf-8")
    (room / "notes.txt").write_text("rien", encoding="utf-8")
    done = lab("report", room)
    assert done.returncode == 0, done.stderr
    content = json.loads((room / "rapport.json").read_text(encoding="utf-8"))
    assert sorted(content["trainees"]) == ["Alice", "Bruno", "Chloé & fils"]
    assert content["trainees"]["Bruno"]["tp23.1"] == "wrong"
    assert content["trainees"]["Alice"]["tp23.1"] == "error"
    assert content["most_failed"][0]["trainees"] == ["Bruno", "Chloé & fils"]
    page = (room / "rapport.html").read_text(encoding="utf-8")
    assert "Chloé &amp; fils" in page
    assert "✗ FAUX" in page
    assert content["trainees"]["Alice"]["tp21.5"] == "right"
    assert "tp22.4" not in content["trainees"]["Alice"]
    assert "tp21.5" not in content["trainees"]["Bruno"]
    grid = (room / "grille.html").read_text(encoding="utf-8")
    assert "Alice — compétences acquises : 1 sur 12" in grid
    assert "Orchestrer un script dans n8n" in grid


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("generate_dates.py", '    raise NotImplementedError("tp23.1")', "    __import__('os')._exit(0)"),
        ("generate_dates.py", "import json", "import jsom"),
        ("ingest_api.py", "class Parser(", "def oups(:\n\n\nclass Parser("),
    ],
    ids=["ends Python", "a misspelt import", "unreadable"],
)
def test_steps_checked_together_are_told_as_each_alone(lab, name, old, new):
    lab.edit(name, old, new)
    steps = [step for step in declared.exercises()["tp23"].steps if not step.n8n]
    alone = [finding for step in steps for finding in check.run_checks(step.name, lab.labs)]
    assert {finding.outcome for finding in alone} - {"todo"}
    assert check.run_each(steps, lab.labs) == alone


def test_report_finds_the_scripts_of_each_archive_and_nobody_else_s(tmp_path):
    for place in (
        "Alice/labs",
        "Bruno/labo-main/labs",
        "Chloé",
        "__MACOSX/Alice/labs",
        ".corbeille/labs",
        "Denis/__MACOSX/labs",
    ):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "ingest_api.py").touch()
    found = {name: home.relative_to(tmp_path).as_posix() for name, home in trainees(tmp_path).items()}
    assert found == {"Alice": "Alice/labs", "Bruno": "Bruno/labo-main/labs", "Chloé": "Chloé"}


def test_report_follows_a_shared_folder_during_the_day(lab, tmp_path):
    room, declared = tmp_path / "salle", lab.root / "solutions" / "exercises.toml"
    text = declared.read_text(encoding="utf-8")
    declared.write_text(text[text.index("[tp23]") :], encoding="utf-8")
    shutil.copytree(lab.labs, room / "Alice")
    command = [sys.executable, "-m", "labkit.cli", "report", "--watch", str(room)]
    page = room / "rapport.json"

    def state():
        try:
            return json.loads(page.read_text(encoding="utf-8"))["trainees"]["Alice"]["tp23.1"]
        except (OSError, ValueError):
            return None

    with subprocess.Popen(command, cwd=lab.root, env=lab.environment, stderr=subprocess.DEVNULL) as process:
        try:
            wait_until(lambda: state() == "todo", 120)
            lab("catch-up", "tp23", "--to", 1)
            shutil.copy(lab.labs / "generate_dates.py", room / "Alice")
            wait_until(lambda: state() == "right", 120)
            assert "http-equiv" in (room / "rapport.html").read_text(encoding="utf-8")
        finally:
            process.send_signal(signal.SIGINT)


def test_report_of_a_folder_without_trainees_is_refused(lab, tmp_path):
    (tmp_path / "vide").mkdir()
    done = lab("report", tmp_path / "vide")
    assert done.returncode == 1
    assert "un dossier par stagiaire est attendu" in done.stderr
