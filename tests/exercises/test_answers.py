"""The checks checked: every wrong answer is caught by the check that should, every right one passes."""

from collections import Counter

import pytest

from labkit.exercises.check import overall
from labkit.exercises.cutting import blanks
from labkit.exercises.declared import exercises
from tests.checks_by_fork import run_checks
from tests.exercises.answers import answers, write_solved, write_up_to

ALL = [step for exercise in exercises().values() for step in exercise.steps]
STEPS = [step.name for step in ALL if not step.n8n]
CORE = [step.name for step in ALL if not step.n8n and not step.further]


@pytest.mark.parametrize("answer", answers("wrong"), ids=str)
def test_a_wrong_answer_is_caught_by_its_check_with_a_hint_that_helps(answer, tmp_path):
    write_solved(tmp_path / "labs", answer)
    found = {
        finding.check: finding for finding in run_checks(answer.step, tmp_path / "labs", answer.caught_by)
    }
    caught = found[answer.caught_by]
    assert caught.outcome in ("wrong", "error"), [str(finding) for finding in found.values()]
    assert answer.hint in caught.hint


@pytest.mark.parametrize("answer", answers("right"), ids=str)
def test_a_right_answer_written_otherwise_passes(answer, tmp_path):
    write_solved(tmp_path / "labs", answer)
    found = run_checks(answer.step, tmp_path / "labs")
    assert overall(found) == "right", [str(finding) for finding in found if finding.outcome != "right"]


def test_every_step_has_eight_wrong_answers_and_three_right_ones():
    wrong = Counter(answer.step for answer in answers("wrong"))
    right = Counter(answer.step for answer in answers("right"))
    assert {step: (wrong[step], right[step]) for step in STEPS if wrong[step] < 8 or right[step] < 3} == {}


# The day in its order


@pytest.mark.parametrize("name", STEPS)
def test_a_step_is_right_when_only_those_before_it_are_written(name, tmp_path):
    """And the next one is to do; nothing that comes later, nor what goes further, is needed."""
    done = [*CORE[: CORE.index(name)], name] if name in CORE else [*_core_before(name), name]
    write_up_to(tmp_path / "labs", done)
    found = run_checks(name, tmp_path / "labs")
    assert overall(found) == "right", [str(finding) for finding in found if finding.outcome != "right"]
    after = CORE[CORE.index(name) + 1 :][:1] if name in CORE else []
    for following in after:
        assert {one.outcome for one in run_checks(following, tmp_path / "labs")} <= {"todo", "unchecked"}


def _core_before(name: str) -> list[str]:
    return [one for one in CORE if STEPS.index(one) < STEPS.index(name)]


HALF_WRITTEN = [(blank.step, blank.path, blank.owner) for blank in blanks() if blank.step in STEPS]


@pytest.mark.parametrize(("name", "path", "owner"), HALF_WRITTEN, ids=lambda value: value)
def test_a_step_half_written_is_never_wrong(name, path, owner, tmp_path):
    """All but one of its functions are written: what can be checked is right, the rest is to do."""
    write_up_to(tmp_path / "labs", [*_core_before(name), name], but={path: owner})
    found = run_checks(name, tmp_path / "labs")
    outcomes = {one.outcome for one in found}
    assert outcomes <= {"right", "todo", "unchecked"}, [
        str(one) for one in found if one.outcome in ("wrong", "error")
    ]
    assert "todo" in outcomes or "unchecked" in outcomes
