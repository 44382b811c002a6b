"""A first run as a moving picture, docs/pictures/first-run.gif: `python -m tests.browser.first_run` (make pictures).

All of it is the real lab, in a copy: what `lab start` says (its ports given as the usual ones, its token left out),
JupyterLab, an exercise that turns from red to green, n8n at work, the inbox. Needs chromium and an installed n8n.
"""

import html
import io
import json
import re
import tempfile
from pathlib import Path

import matplotlib
from PIL import Image, ImageDraw, ImageFont
from playwright.sync_api import Page

from labkit.base.paths import USUAL_PORTS
from labkit.exercises.cutting import generated
from tests.browser.chromium import chromium
from tests.browser.jupyterlab import JupyterLab, RunningLab, running_lab
from tests.browser.n8n_editor import Editor
from tests.conftest import REPOSITORY
from tests.unit.lab_copy import wait_until

TARGET = REPOSITORY / "docs" / "pictures" / "first-run.gif"
# Chromium itself draws at the picture's size: text stays sharp, and what a window shows is not cramped.
WINDOW = {"width": 1128, "height": 640}
SCALE = 0.851
COLORS = 96
CAPTION_HEIGHT = 36
FONT = Path(matplotlib.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf")
TERMINAL = """<body style="margin:0;padding:24px 28px;background:#14161a;color:#e8e8e8;
font:17px/1.75 'DejaVu Sans Mono',monospace;white-space:pre-wrap">"""

INGESTION = "labIngestion0001"
LAST_NODE = "Notifier le succès"
AT_WORK = "Il ingère, valide, enregistre le filigrane, notifie"
EXERCISE = "generate_dates.py"


class Film:
    """Frames, each with the seconds it stays and a caption under it."""

    def __init__(self):
        self.frames: list[Image.Image] = []
        self.seconds: list[float] = []
        self.font = ImageFont.truetype(FONT, 17)

    def shoot(self, page: Page, seconds: float, caption: str) -> None:
        shot = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
        frame = Image.new("RGB", (shot.width, shot.height + CAPTION_HEIGHT), "#1f3a5f")
        frame.paste(shot)
        ImageDraw.Draw(frame).text((16, shot.height + 8), caption, "white", self.font)
        self.frames.append(frame)
        self.seconds.append(seconds)

    def save(self, path: Path) -> None:
        """As a GIF that starts over."""
        drawn = [frame.quantize(COLORS, dither=Image.Dither.NONE) for frame in self.frames]
        milliseconds = [int(1000 * seconds) for seconds in self.seconds]
        drawn[0].save(
            path, save_all=True, append_images=drawn[1:], duration=milliseconds, loop=0, optimize=True
        )


def terminal(film: Film, page: Page, said: str) -> None:
    shown = "<b>$ make lab</b>\n"
    page.set_content(TERMINAL + shown)
    film.shoot(page, 1.5, "Une commande")
    for line in said.splitlines():
        shown += html.escape(line) + "\n"
        page.set_content(TERMINAL + shown)
        film.shoot(page, 0.4, "L'API d'entraînement, JupyterLab et n8n démarrent")
    film.seconds[-1] = 3


def first_words(lab: RunningLab) -> str:
    """What `lab start` says where the usual ports are free: other ports are also told as a variable to set."""
    said = lab.copy.said.read_text(encoding="utf-8")
    lines = [line for line in said.splitlines() if "LAB_API_URL=" not in line]
    text = re.sub(r"&token=\S+", "", "\n".join(lines))
    for service, port in lab.copy.ports.items():
        text = text.replace(f":{port}", f":{USUAL_PORTS[service]}")
    return text


def welcome(film: Film, jupyterlab: JupyterLab, page: Page) -> None:
    page.goto(f"{jupyterlab.lab.home}&reset")
    jupyterlab.wait_for_kernel()
    page.wait_for_timeout(1500)
    film.shoot(page, 4, "JupyterLab s'ouvre sur l'accueil de la journée")


def exercise(film: Film, jupyterlab: JupyterLab, page: Page) -> None:
    """TP2.3, step 1: the last day is forgotten, the check says so, one correction later it is green."""
    copy = jupyterlab.lab.copy
    copy.lab("catch-up", "tp21", "--to", "4")
    with_last = generated({"tp23.1"})[EXERCISE]
    without_last = with_last.replace("(end - start).days + 1", "(end - start).days")
    jupyterlab.open_notebook("labs/tp23_backfill.ipynb")
    page.keyboard.press("Control+b")
    jupyterlab.run_cell('scripts = "labs"')
    jupyterlab.run_cell("open_lab(scripts, base_url")

    def write(answer: str, caption: str) -> None:
        jupyterlab.tab(EXERCISE).click()
        jupyterlab.write(answer)
        page.wait_for_timeout(500)
        film.shoot(page, 3, caption)

    def check(caption: str) -> None:
        jupyterlab.tab("tp23_backfill").click()
        output = jupyterlab.run_cell('check("tp23.1")')
        output.scroll_into_view_if_needed()
        page.wait_for_timeout(500)
        film.shoot(page, 4.5, caption)

    page.get_by_role("link", name=EXERCISE).first.click()
    write(without_last, "Un exercice : écrire les jours d'une période")
    check("La vérification, en rouge : ce qui a été appelé, rendu, attendu")
    write(with_last, "Une correction : le dernier jour compte aussi")
    check("La vérification, en vert")


def orchestration(film: Film, page: Page, lab: RunningLab) -> None:
    secrets = json.loads((lab.copy.root / "data/state/secrets.json").read_text(encoding="utf-8"))
    editor = Editor(page, lab.address("n8n"), secrets["n8n_password"])
    editor.open(INGESTION)
    film.shoot(page, 3, "n8n : le workflow qui exécute ces scripts")
    seen = []

    def last_is_green() -> bool:
        """A frame each time that more nodes are."""
        green = editor.succeeded()
        if len(green) > len(seen):
            film.shoot(page, 0.8, AT_WORK)
            seen[:] = green
        return LAST_NODE in green

    editor.run_from("Lancer à la main")
    wait_until(last_is_green, 180)
    page.wait_for_timeout(1500)
    film.shoot(page, 4, AT_WORK)


def inbox(film: Film, page: Page, lab: RunningLab) -> None:
    page.goto(f"{lab.address('api')}/boite")
    page.locator("#messages li").first.wait_for()
    page.wait_for_timeout(800)
    film.shoot(page, 5, "Le résultat arrive dans la boîte de notifications")


def main() -> None:
    film = Film()
    with (
        tempfile.TemporaryDirectory() as folder,
        running_lab(Path(folder) / "labo") as lab,
        chromium() as browser,
    ):
        wait_until(lambda: "mot de passe" in lab.copy.said.read_text(encoding="utf-8"), 120)
        page = browser.new_context(
            viewport=WINDOW, device_scale_factor=SCALE, locale="fr-FR", color_scheme="light"
        ).new_page()
        terminal(film, page, first_words(lab))
        jupyterlab = JupyterLab(lab, page)
        welcome(film, jupyterlab, page)
        exercise(film, jupyterlab, page)
        orchestration(film, page, lab)
        inbox(film, page, lab)
    film.save(TARGET)
    print(f"{TARGET.name}: {sum(film.seconds):.0f} s, {TARGET.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
