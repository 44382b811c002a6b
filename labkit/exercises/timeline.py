"""The day's blocks, by the clock, as the instructor's guide tells them: notebooks/FORMATEUR.md has them once."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from labkit.base.paths import ROOT

GUIDE = ROOT / "notebooks" / "FORMATEUR.md"
HEADING = re.compile(
    r"^## (?P<hour>\d\d:\d\d) — (?P<title>.+?) \((?P<minutes>\d+)\smin\)(?: · `(?P<notebook>.+)`)?\n", re.M
)


@dataclass(frozen=True)
class Block:
    """hour: "08:45", local; notebook: without its suffix, "" if it has none; guide: its Markdown, heading left out."""

    hour: str
    minutes: int
    title: str
    notebook: str
    guide: str

    def ends(self, now: datetime) -> datetime:
        """When it ends, on the day of `now`."""
        hour, minute = map(int, self.hour.split(":"))
        return now.replace(hour=hour, minute=minute, second=0) + timedelta(minutes=self.minutes)

    def minutes_left(self, now: datetime) -> int | None:
        """Whole minutes until its end; None when it is not going on."""
        left = self.ends(now) - now
        return (
            int(left.total_seconds() // 60) if timedelta() < left <= timedelta(minutes=self.minutes) else None
        )


def block_of(notebook: str) -> Block | None:
    """The block of a notebook, "labs/tp21_api_vers_parquet" or "01_patterns_ingestion"."""
    return next((block for block in blocks() if block.notebook == notebook), None)


def blocks() -> list[Block]:
    """In the order of the day; none where the guide is not."""
    text = GUIDE.read_text(encoding="utf-8") if GUIDE.exists() else ""
    found = []
    for heading in HEADING.finditer(text):
        guide = re.split(r"^## ", text[heading.end() :], maxsplit=1, flags=re.M)[0].strip()
        found.append(
            Block(
                heading["hour"], int(heading["minutes"]), heading["title"], heading["notebook"] or "", guide
            )
        )
    return found
