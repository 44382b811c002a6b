"""The checks checked: every wrong answer is caught by the check that should, every right one passes."""

from collections import Counter

import pytest

from labkit.check import overall, run_checks
from labkit.exercises import exercises
from tests.exercises.answers import answers, write_solved

STEPS = [step.name for exercise in exercises().values() for step in exercise.steps if not step.n8n]


@pytest.mark.parametrize("answer", answers("wrong"), ids=str)
def test_a_wrong_answer_is_caught_by_its_check_with_a_hint_that_helps(answer, tmp_path):
    write_solved(tmp_path / "labs", answer)
    found = {finding.check: finding for finding in run_checks(answer.step, tmp_path / "labs")}
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
