"""What a room asks of its server, measured on a real hub: `make room` writes it in deploy/jupyterhub/README.md.

Memory is PSS: what processes share, the Python environment among it, is counted once.
"""

import statistics
import tempfile
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import requests

from tests.bench.machine import described
from tests.hub.conftest import DEPLOY, Hub, named_here, running_hub
from tests.notebooks.prose import typeset

# Trainees, and how many of them have n8n open.
ROOMS = ((5, 2), (15, 5))
HEADING = "### Mesuré\n"
MB = 10**6


def pss(processes: Iterable[psutil.Process]) -> float:
    """In MB; a process that ends meanwhile counts for nothing."""
    total = 0
    for process in processes:
        try:
            total += process.memory_full_info().pss
        except psutil.Error:
            continue
    return total / MB


def with_children(processes: list[psutil.Process]) -> set[psutil.Process]:
    """n8n's task runner does not get the variable by which a trainee's programs are known."""
    return {one for process in processes for one in (process, *process.children(recursive=True))}


def first_click(hub: Hub, name: str) -> float:
    """Seconds until the tab that n8n's card opens shows its editor."""
    started = time.monotonic()
    hub.get(name, "/n8n/").raise_for_status()
    return time.monotonic() - started


def open_a_kernel(hub: Hub, name: str) -> None:
    token = hub.environment_of(name)["JUPYTERHUB_API_TOKEN"]
    answer = requests.post(
        hub.of(name, "/api/kernels"), headers={"Authorization": f"token {token}"}, json={}, timeout=120
    )
    answer.raise_for_status()


def room(count: int, with_n8n: int) -> list[str]:
    """A row of the table: a room of `count` trainees, `with_n8n` of whom have opened n8n."""
    names = [f"stagiaire{number:02}" for number in range(1, count + 1)]
    with tempfile.TemporaryDirectory() as folder, running_hub(Path(folder), tuple(names)) as hub:
        started = time.monotonic()
        with ThreadPoolExecutor(count) as pool:
            list(pool.map(hub.start, names))
        served = time.monotonic() - started
        for name in names:
            open_a_kernel(hub, name)
        click = statistics.median(first_click(hub, name) for name in names[:with_n8n])
        time.sleep(10)
        families = {name: with_children(hub.processes(name)) for name in names}
        own = [pss(families[name]) for name in names]
        above = pss(set(hub.family()) - set().union(*families.values()))
        a_trainee = (sum(own[with_n8n:]) / (count - with_n8n), sum(own[:with_n8n]) / with_n8n)
        megabytes = [f"{figure:,.0f}".replace(",", " ") for figure in (above, *a_trainee, sum(own) + above)]
        return [str(count), str(with_n8n), f"{served:.0f} s", f"{click:.0f} s", *megabytes]


def section(rows: list[list[str]]) -> str:
    columns = [
        "stagiaires",
        "dont n8n",
        "servis en",
        "n8n en",
        "hub, Mo",
        "un sans n8n, Mo",
        "un avec, Mo",
        "tout, Mo",
    ]
    lines = [HEADING, f"| {' | '.join(columns)} |", "|" + "--:|" * len(columns)]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    where = described().replace("cores", "cœurs").replace("GiB", "Gio")
    told = (
        f"{where}. Chacun a JupyterLab, l'API et un noyau ouverts. « Servis » : de la connexion de tous au même "
        "instant à la page de chacun.\n« n8n » : du premier clic à l'éditeur, l'un après l'autre ; sa mémoire ensuite. "
        "`make room` mesure de nouveau."
    )
    return typeset("\n".join([*lines, "", told]) + "\n\n")


def main() -> None:
    with named_here():
        text = section([room(*sizes) for sizes in ROOMS])
    page = DEPLOY / "README.md"
    before, _, rest = page.read_text(encoding="utf-8").partition(HEADING)
    page.write_text(f"{before}{text}## {rest.partition('## ')[2]}", encoding="utf-8")


if __name__ == "__main__":
    main()
