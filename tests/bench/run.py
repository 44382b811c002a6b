"""Measure ingestion against other tools on the same server, and publish it: `make bench`.

Each figure is the median of several whole processes; what counts is the ratio, taken within one run.
dlt is installed in an environment of its own, in a temporary folder.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import matplotlib.pyplot as plt

from labkit.base.paths import ROOT
from tests.bench import startup
from tests.bench.machine import described

HERE = Path(__file__).parent
PUBLISHED = ROOT / "docs" / "bench.md"
PLOT = ROOT / "docs" / "pictures" / "bench.png"
DLT = "dlt[parquet]==1.31.*"
FIRST = date(2024, 1, 1)


DATA = {
    "sound": "",
    "unknown": ", unknown columns and envelope",
    "bad": ", one bad row in 250",
    "both": ", unknown columns, envelope and bad rows",
}


@dataclass(frozen=True)
class Scale:
    rows: int
    days: int
    page_size: int
    latency_ms: int = 0
    data: str = "sound"
    repeats: int = 3

    @property
    def name(self) -> str:
        latency = f", {self.latency_ms} ms of latency" if self.latency_ms else ""
        return f"{self.rows:,} rows, {self.days} days, pages of {self.page_size}{latency}{DATA[self.data]}"

    @property
    def period(self) -> list[str]:
        """The arguments that name its days, first and last."""
        last = FIRST + timedelta(days=self.days - 1)
        return ["--start-date", FIRST.isoformat(), "--end-date", last.isoformat()]


@dataclass(frozen=True)
class Measure:
    """Wall and CPU seconds, peak memory in MB, size of the files in MB: medians."""

    wall: float
    cpu: float
    memory: float
    size: float


# A run of a million rows is long enough to vary little.
LONG, ONCE = 1_000_000, 1
# CPU against the bare client, at most: what was aimed at.
GOALS = {
    (100_000, "sound"): 1.4,
    (LONG, "sound"): 1.25,
    **{(rows, data): 1.6 for rows in (100_000, LONG) for data in ("unknown", "bad", "both")},
}
WHY = """Where it is missed: a row with unknown fields is decoded a second time, so that each is kept to the digit; a
page with a bad row is sifted row by row, so that it alone goes to quarantine; and the process has more to import than a
bare client, which does neither."""

SCALES = [
    Scale(10_000, 30, 1000),
    Scale(100_000, 30, 1000),
    Scale(LONG, 30, 1000, repeats=ONCE),
    Scale(100_000, 30, 100, latency_ms=20),
    Scale(20_000, 365, 100),
    *(
        Scale(rows, 30, 1000, data=data, repeats=repeats)
        for data in ("unknown", "bad", "both")
        for rows, repeats in ((100_000, 3), (LONG, ONCE))
    ),
]


@contextmanager
def server(scale: Scale) -> Iterator[str]:
    options = {
        "rows": scale.rows,
        "days": scale.days,
        "page-size": scale.page_size,
        "latency-ms": scale.latency_ms,
        "data": scale.data,
    }
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    command = [sys.executable, "-m", "tests.bench.server", *words]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, encoding="utf-8") as process:
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


def contenders(url: str, folder: Path, scale: Scale, dlt_python: Path | None) -> dict[str, list[str]]:
    """The command of each, writing under `folder`."""
    span = [str(scale.days), str(scale.page_size)]
    connections = "30" if scale.latency_ms else "2"
    ours = [*scale.period, "--page-size", str(scale.page_size)]
    places = ["--base-url", url, "--output-dir", f"{folder}/data", "--quarantine-dir", f"{folder}/quarantine"]
    out = f"{folder}/data"
    commands = {
        "bare client": [sys.executable, str(HERE / "bare_client.py"), url, out, *span, connections],
        "ingestion": [sys.executable, "-m", "ingestion", "ingest", *ours, *places],
        "teaching script": [sys.executable, str(HERE / "teaching_script.py"), url, out, *span],
    }
    if dlt_python:
        commands["dlt"] = [str(dlt_python), str(HERE / "dlt_pipeline.py"), url, out, *span]
    return commands


def measure(url: str, scale: Scale, dlt_python: Path | None) -> dict[str, Measure]:
    """Every contender in turn, `scale.repeats` times over, so that a slow moment of the machine hits all."""
    runs: dict[str, list[Measure]] = {}
    for _ in range(scale.repeats):
        with tempfile.TemporaryDirectory() as folder:
            for name, command in contenders(url, Path(folder), scale, dlt_python).items():
                runs.setdefault(name, []).append(run_once(command, Path(folder)))
    return {name: median(found) for name, found in runs.items()}


def run_once(command: list[str], folder: Path) -> Measure:
    shutil.rmtree(folder / "data", ignore_errors=True)
    started = time.perf_counter()
    with (folder / "stderr").open("w") as errors:
        process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=errors)
        _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    if status:
        sys.exit(f"{command[1]} failed: {(folder / 'stderr').read_text()[-800:]}")
    size = sum(path.stat().st_size for path in (folder / "data").rglob("*.parquet"))
    return Measure(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, size / 1e6)


def median(found: list[Measure]) -> Measure:
    return Measure(
        *(statistics.median(getattr(one, name) for one in found) for name in Measure.__annotations__)
    )


def rerun_of_a_finished_backfill(days: int) -> float:
    """Seconds of the whole process when every day is there already."""
    with tempfile.TemporaryDirectory() as folder:
        for number in range(days):
            path = Path(folder, f"partition_date={FIRST + timedelta(days=number)}", "data.parquet")
            path.parent.mkdir()
            path.write_bytes(b"PAR1")  # A day is done when its file holds something: nothing here reads more.
        period = Scale(0, days, 1).period
        command = [sys.executable, "-m", "ingestion", "backfill", *period, "--output-dir", folder]
        return statistics.median(run_once_for_time(command) for _ in range(7))


def validation_of(days: int) -> float:
    """Seconds of the whole process that validates `days` files of 1,000 rows."""
    scale = Scale(1000 * days, days, 1000)
    with server(scale) as url, tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            contenders(url, Path(folder), scale, None)["ingestion"], capture_output=True, check=True
        )
        rules = ROOT / "solutions" / "validation_rules.json"
        command = [
            sys.executable,
            "-m",
            "ingestion",
            "validate",
            "--input-file",
            f"{folder}/data",
        ]
        return statistics.median(run_once_for_time([*command, "--rules-file", str(rules)]) for _ in range(3))


def run_once_for_time(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, capture_output=True, check=True)
    return time.perf_counter() - started


@contextmanager
def dlt_environment() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        uv = shutil.which("uv", path=str(Path(sys.executable).parent))
        subprocess.run([uv, "venv", "-q", folder, "--python", sys.executable], check=True)
        python = Path(folder, "bin", "python")
        subprocess.run([uv, "pip", "install", "-q", "--python", python, DLT], check=True)
        yield python


def publish(
    results: dict[Scale, dict[str, Measure]], reruns: dict[int, float], validations: dict[int, float]
) -> None:
    lines = [
        "# Measured: API to Parquet",
        "",
        f"{described()}. Whole processes on one loopback server whose pages are serialised",
        "beforehand; medians of three runs, one for a million rows. Regenerate with `make bench`. Keep the ratios:",
        "seconds move from machine to machine.",
        "",
        "![wall time of each tool](pictures/bench.png)",
    ]
    for scale, found in results.items():
        ours, bare = found["ingestion"], found["bare client"]
        lines += [
            "",
            f"## {scale.name}",
            "",
            "| program | wall, s | against ours | CPU, s | against the bare client | peak MB | files, MB |",
        ]
        lines += ["|---|---|---|---|---|---|---|"]
        for name, one in found.items():
            cells = f"{one.wall:.2f} | {one.wall / ours.wall:.2f} | {one.cpu:.2f} | {one.cpu / bare.cpu:.2f} "
            cells += f"| {one.memory:.0f} | {one.size:.1f}"
            lines.append(f"| {name} | {cells} |")
    lines += against_goals(results)
    lines += ["", "## Running a finished backfill again", "", "| days | whole process, s |", "|---|---|"]
    lines += [f"| {days} | {seconds:.3f} |" for days, seconds in reruns.items()]
    lines += ["", "## Validating", "", "| days | whole process, s |", "|---|---|"]
    lines += [f"| {days} | {seconds:.2f} |" for days, seconds in validations.items()]
    first, last = min(validations), max(validations)
    a_day = (validations[last] - validations[first]) / (last - first) * 1000
    lines += ["", f"One more day costs {a_day:.0f} ms.", ""]
    PUBLISHED.write_text("\n".join(lines), encoding="utf-8")
    draw(results)


def against_goals(results: dict[Scale, dict[str, Measure]]) -> list[str]:
    """A table: what was aimed at, what was measured, and whether it is met."""
    lines = [
        "",
        "## Against what was aimed at",
        "",
        "CPU of the whole process, against the bare client's.",
        "",
    ]
    lines += ["| data | at most | measured | teaching script against ours | |", "|---|---|---|---|---|"]
    for scale, found in results.items():
        goal = GOALS.get((scale.rows, scale.data))
        if not goal or scale.latency_ms or scale.page_size != 1000:
            continue
        ours = found["ingestion"].cpu
        ratio, gain = ours / found["bare client"].cpu, found["teaching script"].cpu / ours
        lines.append(
            f"| {scale.name} | {goal} | {ratio:.2f} | {gain:.1f} | {'met' if ratio <= goal else 'missed'} |"
        )
    return [*lines, "", WHY]


def draw(results: dict[Scale, dict[str, Measure]]) -> None:
    figure, axes = plt.subplots(figsize=(15, 5), layout="constrained")
    names = list(dict.fromkeys(name for found in results.values() for name in found))
    for position, name in enumerate(names):
        places = [index + position * 0.2 for index, found in enumerate(results.values()) if name in found]
        walls = [found[name].wall for found in results.values() if name in found]
        bars = axes.bar(places, walls, width=0.19, label=name)
        axes.bar_label(bars, fmt="%.1f", fontsize=7)
    labels = [scale.name.replace(", ", ",\n").replace(" of latency", "") for scale in results]
    axes.set_xticks([index + 0.3 for index in range(len(results))], labels, fontsize=7)
    axes.set(yscale="log", ylabel="seconds, whole process (log)", title="API to Parquet, one file per day")
    axes.legend(fontsize="small")
    PLOT.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(PLOT, dpi=110)


def main() -> None:
    results = {}
    with dlt_environment() as dlt_python:
        for scale in SCALES:
            print(f"… {scale.name}", flush=True)
            with server(scale) as url:
                results[scale] = measure(url, scale, dlt_python if scale.days <= 30 else None)
    print("… backfill and validation", flush=True)
    reruns = {days: rerun_of_a_finished_backfill(days) for days in (365, 3650)}
    validations = {days: validation_of(days) for days in (1, 90)}
    publish(results, reruns, validations)
    print("… start-up", flush=True)
    startup.main()
    print(f"✓ {PUBLISHED.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
