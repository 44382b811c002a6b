"""The instructor's guide: minutes that add up, some of them nobody's, an answer to every question."""

import re

import pytest

from labkit.exercises.timeline import blocks
from tests.notebooks.prose import NO_BREAK
from tests.notebooks.workspace import REPOSITORY

GUIDE = (REPOSITORY / "notebooks" / "FORMATEUR.md").read_text(encoding="utf-8").replace(NO_BREAK, " ")
DURATIONS = {
    "08:30": 15,
    "08:45": 40,
    "09:25": 30,
    "09:55": 20,
    "10:30": 60,
    "11:30": 30,
    "13:30": 120,
    "15:45": 60,
    "16:45": 30,
    "17:15": 15,
}
BLOCKS = {block.hour: (block.minutes, block.guide.replace(NO_BREAK, " ")) for block in blocks()}
SLACK = 10
QUESTION = re.compile(r"« [^«»]*\? »(?! →)")
TITLES = {"« Où en êtes-vous ? »", "« Huit fois plus petit ? »"}


def minutes(hour):
    """[(minute, row)] of a block's table."""
    rows = [line.split("|") for line in BLOCKS[hour][1].splitlines() if line.startswith("|")]
    return [(int(row[1]), "|".join(row[2:])) for row in rows if row[1].strip().isdigit()]


def test_the_guide_has_the_blocks_of_the_day_with_their_minutes():
    assert {hour: duration for hour, (duration, _) in BLOCKS.items()} == DURATIONS


@pytest.mark.parametrize("hour", DURATIONS)
def test_the_minutes_of_a_block_go_up_and_end_within_it(hour):
    starts = [minute for minute, _ in minutes(hour)]
    assert starts[0] == 0
    assert starts == sorted(set(starts))
    assert starts[-1] < DURATIONS[hour]


@pytest.mark.parametrize(
    ("half", "hours"), [("morning", list(DURATIONS)[:6]), ("afternoon", list(DURATIONS)[6:])]
)
def test_each_half_day_keeps_ten_minutes_for_nobody(half, hours):
    slack = 0
    for hour in hours:
        table = minutes(hour)
        ends = [minute for minute, _ in table[1:]] + [DURATIONS[hour]]
        slack += sum(end - start for (start, row), end in zip(table, ends, strict=True) if "**marge**" in row)
    assert slack >= SLACK, half


def test_every_question_has_its_expected_answer():
    body = "".join(body for _, body in BLOCKS.values())
    assert [found for found in QUESTION.findall(body) if found not in TITLES] == []


def test_every_demonstration_has_its_place_in_the_minutes():
    demonstrated = [row for hour in DURATIONS for _, row in minutes(hour) if "**démonstration**" in row]
    assert len(demonstrated) == len(re.findall(r"\*\*démonstration\*\*", GUIDE))
