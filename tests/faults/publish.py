"""`make faults`: a thousand runs killed at random, counted and published."""

import argparse
from collections import Counter

from rich.progress import Progress

from labkit.base.paths import ROOT
from tests.bench.machine import described
from tests.faults.trials import run_trials

PUBLISHED = ROOT / "docs" / "faults.md"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--trials", type=int, default=1000)
    count = parser.parse_args().trials
    with Progress() as progress:
        task = progress.add_task("killing", total=count)
        trials = run_trials(range(count), lambda trial: progress.advance(task))
    killed = [trial for trial in trials if trial.was_killed]
    lines = [
        "# Measured: runs killed at random",
        "",
        f"{described()}. `make faults`: the real scripts, SIGKILL at a random moment, the API failing one",
        "request in ten for half of them. After each kill every day present is whole; run again, the folder",
        "holds the same rows as a run nobody disturbed. A trial that breaks this stops the count, and nothing",
        "is published.",
        "",
        "| command | trials | killed before the end |",
        "|---|---|---|",
    ]
    by_command = Counter(trial.command for trial in trials)
    killed_by_command = Counter(trial.command for trial in killed)
    lines += [
        f"| {name} | {number} | {killed_by_command[name]} |" for name, number in sorted(by_command.items())
    ]
    lines += [f"| all | {len(trials)} | {len(killed)} |", ""]
    left = Counter(trial.days_left for trial in killed)
    shares = ", ".join(f"{days} after {number} kills" for days, number in sorted(left.items()))
    lines += [f"Whole days found after a kill: {shares}.", ""]
    PUBLISHED.write_text("\n".join(lines), encoding="utf-8")
    print(f"✓ {PUBLISHED.relative_to(ROOT)}: {len(trials)} trials, {len(killed)} killed, none lost a row")


if __name__ == "__main__":
    main()
