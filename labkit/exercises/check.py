"""Check the exercises: one process for each question asked, five outcomes, and a face for them.

    check("tp21.2")            in a notebook (labkit/notebooks/exercises.py)
    lab check tp21.2           in a terminal (labkit/commands/exercises.py)

The checks are in checks/. They run in a process of their own, so that an infinite loop, a sys.exit or
a broken file of the trainee's costs nothing but a red line.
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path

from labkit.base import environment
from labkit.base.outcomes import COLORS, LABELS, MARKS, SEVERITY, in_html
from labkit.base.paths import ROOT
from labkit.base.processes import own_group, stop_tree
from labkit.base.proxies import no_proxy
from labkit.base.state_file import StateError
from labkit.exercises import progress
from labkit.exercises.declared import LABS, Step, find_steps

CHECKS = Path(__file__).with_name("checks")
CHILD = ("-m", "labkit.exercises.check_child")
LIMIT = 5.0
NOT_TRIED = "Pas essayé : l'erreur ci-dessus vient d'abord."
PLACE = re.compile(r"(\w+\.py), ligne (\d+)")
SETTINGS = ("LAB_MAX_WAIT", "LAB_API_TOKEN", "LAB_API_URL")


@dataclass(frozen=True)
class Finding:
    """What one check found. outcome: a key of LABELS; tried, wanted, got: what was called, expected, given.

    why: what the behaviour is good for; hint: where to look when it is red. All in French, each one sentence or two.
    """

    step: str
    check: str
    title: str
    outcome: str
    why: str = ""
    hint: str = ""
    tried: str = ""
    wanted: str = ""
    got: str = ""

    def sentences(self) -> list[str]:
        """What to read under the title."""
        match self.outcome:
            case "right":
                return [self.why]
            case "wrong":
                said = (
                    f"Vous avez appelé {self.tried} : a renvoyé {self.got}, le test attendait {self.wanted}."
                )
                return [said, f"Indice : {self.hint}"]
            case "error":
                return [self.got, f"Indice : {self.hint}"]
            case _:
                return [self.got]


class Checker:
    """Runs checks, and keeps the next process warm for whoever checks again and again."""

    def __init__(self):
        self.spare: dict[str, subprocess.Popen] = {}

    def run(self, target: str, folder: Path) -> list[Finding]:
        """As run_checks; the process of the next question, most often the same one, is started ahead of time."""
        exercise = find_steps(target)[0].exercise
        found = run_checks(target, folder, self.spare.pop(exercise, None))
        self.spare[exercise] = start(exercise, target)
        return found


def run_checks(target: str, folder: Path, process: subprocess.Popen | None = None) -> list[Finding]:
    """Run the checks of "tp21" or "tp21.2" on the scripts of `folder`. ExerciseError for an unknown target."""
    found = _told_once(_run(find_steps(target), folder, process))
    if folder == LABS:
        try:
            progress.remember({step.name: overall(one) for step, one in by_step(target, found).items()})
        except StateError as problem:
            # What was found is worth more than its memory.
            print(problem.message, file=sys.stderr)
    return found


def run_each(steps: list[Step], folder: Path) -> list[Finding]:
    """As run_checks of each of these steps of a practical, in one process for as long as no answer ends it."""
    found: dict[Step, list[Finding]] = {}
    left = steps
    while left:
        ran = by_step(steps[0].exercise, _run(left, folder))
        found |= {step: ran[step] for step in left}
        not_reached = [step for step in left if found[step][-1].check == step.name]
        left = not_reached if not_reached != left else []
    return [finding for step in steps for finding in _told_once(found[step])]


def _run(steps: list[Step], folder: Path, process: subprocess.Popen | None = None) -> list[Finding]:
    """What the checks of these steps find; for a step that they did not reach, a finding that bears its name."""
    # Two saves within a second, of the same length, would leave Python with the bytecode of the first.
    shutil.rmtree(folder / "__pycache__", ignore_errors=True)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
        report = Path(temporary, "report.jsonl")
        report.touch()
        job = {
            "folder": temporary,
            "checks": str(CHECKS),
            "environment": {
                "LAB_CHECK_FOLDER": str(folder),
                "LAB_CHECK_STEPS": ",".join(step.name for step in steps),
                "LAB_CHECK_REPORT": str(report),
                "LAB_CHECK_LIMIT": str(LIMIT),
            },
            "arguments": [
                *("-q", "-c", str(CHECKS / "pytest.ini"), "--confcutdir", str(CHECKS), *_files_of(steps)),
                *("--assert=plain", "--tb=no", "--basetemp", str(Path(temporary, "files"))),
                *("-p", "one_run", "-p", "no:cacheprovider", "-p", "no:faulthandler"),
            ],
        }
        if process is None or process.poll() is not None:
            process = start(*(step.name for step in steps))
        try:
            words = process.communicate(json.dumps(job) + "\n")
        except KeyboardInterrupt:
            stop_tree(process.pid)
            raise
        return _findings(steps, folder, report, "".join(words))


def _files_of(steps: list[Step]) -> list[str]:
    """Where the checks of these steps are; those of a step done in n8n need no script, nor what scripts import."""
    only = "_n8n" if all(step.n8n for step in steps) else ""
    return [str(path) for path in sorted(CHECKS.glob(f"{steps[0].exercise}*{only}.py"))]


def start(*targets: str) -> subprocess.Popen:
    """A process that waits for what to check. targets: the practical, or the steps, to be ready for."""
    return subprocess.Popen(
        [sys.executable, *CHILD, *targets],
        cwd=tempfile.gettempdir(),
        env=child_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        # A kernel that ends waits, for two seconds and a half, for the processes of its group that it has started.
        **own_group(),
    )


def child_environment() -> dict[str, str]:
    """The variables of the process that runs the checks."""
    own = {
        "LAB_ROOT": str(ROOT),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUTF8": "1",
        "TZ": "Asia/Kolkata",  # an hour that is nobody's here, five and a half ahead: local time shows
        **no_proxy(),
    }
    # The notebook's own settings of a script (its waits cut short, its token) are not those of a check.
    inherited = {name: value for name, value in environment.needed().items() if name not in SETTINGS}
    return inherited | own


def _findings(steps: list[Step], folder: Path, report: Path, words: str) -> list[Finding]:
    lines = [json.loads(line) for line in report.read_text(encoding="utf-8").splitlines()]
    found = [Finding(**line) for line in lines if "outcome" in line]
    if lines and "outcome" not in lines[-1]:
        ended = _sudden_end(report.with_suffix(".stalled"), folder)
        found.append(Finding(**lines[-1], outcome="error", got=ended))
    last = (words.strip().splitlines() or ["rien n'a été dit"])[-1]
    reason = "Les tests se sont arrêtés avant." if found else f"Les tests n'ont pas pu démarrer ({last})."
    reached = {finding.step for finding in found}
    missing = [step for step in steps if step.name not in reached]
    found += [Finding(step.name, step.name, step.title, "unchecked", got=reason) for step in missing]
    return _one_for_each_check(found)


def _told_once(found: list[Finding]) -> list[Finding]:
    """The same error under several checks, such as a file that Python cannot read, is told under the first alone."""
    told: set[str] = set()
    once = []
    for finding in found:
        repeated = finding.outcome == "error" and finding.got in told
        if finding.outcome == "error":
            told.add(finding.got)
        once.append(replace(finding, outcome="unchecked", got=NOT_TRIED) if repeated else finding)
    return once


def _one_for_each_check(found: list[Finding]) -> list[Finding]:
    """A check runs on several examples: of all it found, the first of the worst kind."""
    worst_first = sorted(found, key=lambda finding: SEVERITY.index(finding.outcome))
    worst: dict[str, Finding] = {}
    for finding in worst_first:
        worst.setdefault(finding.check, finding)
    return [worst[name] for name in dict.fromkeys(finding.check for finding in found)]


def _sudden_end(stalled: Path, folder: Path) -> str:
    """Why a check never ended: a loop, with the line it was on, or a process that left."""
    text = stalled.read_text(encoding="utf-8", errors="replace") if stalled.exists() else ""
    frames = re.findall(r'File "(.+)", line (\d+) in (\S+)', text)
    if not text:
        return "Votre code a arrêté Python d'un coup (os._exit ?) : rendez une valeur ou levez une erreur."
    mine = [(Path(path).name, line, name) for path, line, name in frames if Path(path).parent == folder]
    where = "dans {}, ligne {} ({})".format(*mine[0]) if mine else "ailleurs que dans vos fichiers"
    spent = f"{LIMIT:g} s de calcul (ou une minute d'attente)"
    return f"Une boucle sans fin ? Après {spent}, votre code était encore {where}."


def overall(findings: list[Finding]) -> str:
    """The outcome of a step: the worst of its checks'."""
    return min((finding.outcome for finding in findings), key=SEVERITY.index)


def by_step(target: str, findings: list[Finding]) -> dict[Step, list[Finding]]:
    return {step: [f for f in findings if f.step == step.name] for step in find_steps(target)}


def as_text(target: str, findings: list[Finding]) -> str:
    """The findings for a terminal: a label on each line, no colour needed."""
    lines = []
    for step, found in by_step(target, findings).items():
        lines += [f"{step.name} — {step.title} : {_summary(found)}"]
        for finding in found:
            lines += [f"  {MARKS[finding.outcome]} {LABELS[finding.outcome]:<11} {finding.title}"]
            lines += [f"      {sentence}" for sentence in finding.sentences() if sentence]
        if any(finding.outcome in ("wrong", "error") for finding in found):
            lines += [f"  Au cours : {step.course}. Un indice de plus : lab hint {step.name}"]
    return "\n".join(lines)


def _summary(found: list[Finding]) -> str:
    right = sum(finding.outcome == "right" for finding in found)
    return f"{right} sur {len(found)}, {LABELS[overall(found)]}"


class Checked:
    """The findings as a notebook shows them."""

    def __init__(self, target: str, findings: list[Finding], folder: str = "labs"):
        self.target, self.findings, self.folder = target, findings, folder

    def _repr_mimebundle_(self, **_) -> dict:
        return {"text/plain": as_text(self.target, self.findings), "text/html": self._html()}

    def _html(self) -> str:
        parts = []
        for step, found in by_step(self.target, self.findings).items():
            color = COLORS[overall(found)]
            parts.append(
                f'<p style="border-left:6px solid {color};padding:.3em .8em;margin:.4em 0">'
                f"<b>{escape(step.name)}</b> — {escape(step.title)} : <b>{escape(_summary(found))}</b></p>"
            )
            parts += [_with_links(_finding_html(finding), self.folder) for finding in found]
            if any(finding.outcome in ("wrong", "error") for finding in found):
                parts.append(
                    f'<p style="margin:.2em 1.4em">Au cours : {escape(step.course)}. Un indice de plus : '
                    f'<code>hint("{escape(step.name)}")</code></p>'
                )
        return "".join(parts)


def badge(outcome: str) -> str:
    """The outcome's mark and label in HTML, white on its colour: legible on a light page as on a dark one."""
    style = f"background:{COLORS[outcome]};color:#fff;padding:0 .4em;white-space:nowrap"
    return f'<b style="{style}">{MARKS[outcome]} {LABELS[outcome]}</b>'


def _finding_html(finding: Finding) -> str:
    return f'<p style="margin:.2em 1.4em">{badge(finding.outcome)} {described(finding)}</p>'


def described(finding: Finding) -> str:
    """A finding's title and sentences, in HTML."""
    return "<br>".join(in_html(one) for one in (finding.title, *finding.sentences()) if one)


def _with_links(html: str, folder: str) -> str:
    """The same, "ingest_api.py, ligne 48" leading to that line: JupyterLab opens it beside the notebook."""
    return PLACE.sub(rf'<a href="../{folder}/\1#L\2">\g<0></a>', html)
