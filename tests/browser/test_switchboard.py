"""The switchboard and the inbox, in a real browser, while a real script runs."""

import re
import time

import pytest
import requests
from playwright.sync_api import expect

from tests.browser import pictures_of_switchboard
from tests.browser.accessibility import violations

pytestmark = pytest.mark.browser
SIZES = [(1280, 720), (1920, 1080)]
OVERFLOWING = """() => {
  const clipped = [...document.querySelectorAll("button, td, th, li, p, h1, h2, .controls")].filter(
    (element) => !element.classList.contains("unseen") && element.scrollWidth > element.clientWidth + 1);
  const root = document.documentElement;
  const pages = root.scrollWidth > innerWidth || root.scrollHeight > innerHeight ? ["the page"] : [];
  return [...pages, ...clipped.map((element) => element.className + ": " + element.textContent.trim())];
}"""


def watch(page, url):
    """What goes wrong in `page` from now on: errors in its console, requests to any host but the API's."""
    problems = []
    page.on("console", lambda message: message.type in ("error", "warning") and problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("request", lambda sent: sent.url.startswith(url) or problems.append(sent.url))
    return problems


@pytest.fixture
def desk(page, engine):
    """The switchboard, open and live; at the end nothing must have gone wrong in it."""
    problems = watch(page, engine.api_url)
    page.goto(engine.api_url)
    expect(page.locator("#link-state")).to_have_text("en direct")
    yield page
    assert problems == []


@pytest.fixture
def inbox(page, engine):
    """The inbox, opened at its own address."""
    problems = watch(page, engine.api_url)
    page.goto(f"{engine.api_url}/boite")
    expect(page.locator("#link-state")).to_have_text("en direct")
    yield page
    assert problems == []


def plant(desk, name, amount="1"):
    desk.get_by_label("Sur", exact=True).fill(amount)
    desk.get_by_role("button", name=name, exact=True).click()


def get(engine, query="limit=100&date=2024-01-02"):
    return requests.get(f"{engine.api_url}/api/events?{query}", timeout=10)


def one_day(engine):
    return engine("ingest", "--start-date", "2024-01-02", "--end-date", "2024-01-02")


@pytest.mark.parametrize(
    ("button", "in_place", "status"),
    [
        ("429 en secondes", "429 · encore 1 requête · Retry‑After 2 s", 429),
        ("429 en date", "429 · encore 1 requête · Retry‑After 2 s, en date", 429),
        ("503 indisponible", "503 · encore 1 requête · Retry‑After 2 s", 503),
        ("500 erreur interne", "500 · encore 1 requête", 500),
        ("401 non autorisé", "401 · encore 1 requête", 401),
        ("404 introuvable", "404 · encore 1 requête", 404),
        ("JSON invalide", "JSON invalide · encore 1 requête", 200),
        ("HTML pas du JSON", "page HTML · encore 1 requête", 200),
        ("Lente en retard", "lente · encore 1 requête · 0,5 s", 200),
        ("Schéma changé", "schéma changé · encore 1 requête", 200),
        ("Liste nue", "liste nue · encore 1 requête", 200),
        ("Vide sans ligne", "page vide · encore 1 requête", 200),
    ],
)
def test_a_button_plants_a_fault_that_the_next_request_meets(desk, engine, button, in_place, status):
    desk.get_by_label("Lenteur").fill("0.5")
    plant(desk, button)
    standing = desk.locator("#standing-faults")
    expect(standing).to_have_text(in_place)
    answer = get(engine)
    assert answer.status_code == status
    expect(standing).to_have_text("aucune")
    kind = "failed" if status > 200 or button.startswith(("JSON", "HTML")) else "odd"
    expect(desk.locator(f"#requests tr.{kind} .answer")).to_contain_text(str(status))


def test_a_cut_body_and_a_redirection_are_planted_too(desk, engine):
    plant(desk, "Coupée interrompue")
    expect(desk.locator("#standing-faults li:not(.none)")).to_have_count(1)
    with pytest.raises(requests.RequestException):
        get(engine)
    plant(desk, "302 redirection")
    expect(desk.locator("#standing-faults")).to_have_text("302 · encore 1 requête")
    answer = requests.get(f"{engine.api_url}/api/events", allow_redirects=False, timeout=10)
    assert answer.status_code == 302
    expect(desk.locator("#requests .answer")).to_have_text(["200 corps coupé", "302 redirection"])


def test_a_share_of_the_requests_fails_until_all_faults_are_lifted(desk, engine):
    lift = desk.get_by_role("button", name="Lever toutes les pannes")
    expect(lift).to_be_disabled()
    desk.get_by_label("Unité").select_option("% des requêtes")
    plant(desk, "500 erreur interne", "100")
    expect(desk.locator("#standing-faults")).to_have_text(re.compile(r"^500 · 100\s% des requêtes$"))
    assert [get(engine).status_code for _ in range(3)] == [500, 500, 500]
    lift.click()
    expect(desk.locator("#standing-faults")).to_have_text("aucune")
    assert get(engine).status_code == 200


def test_a_number_out_of_bounds_plants_nothing(desk):
    plant(desk, "500 erreur interne", "-3")
    expect(desk.locator("#amount:invalid")).to_be_focused()
    expect(desk.locator("#standing-faults")).to_have_text("aucune")


def test_a_real_run_shows_its_pages_its_retry_and_the_wait_to_scale(desk, engine):
    desk.get_by_label("Retry-After").fill("1")
    plant(desk, "503 indisponible")
    expect(desk.locator("#standing-faults")).to_contain_text("503")
    assert one_day(engine).code == 0

    requests_shown = desk.locator("#requests tr:not(.wait)")
    expect(requests_shown.nth(0)).to_contain_text("503 indisponible")
    expect(requests_shown.nth(1)).to_contain_text("première page essai 2200 OK100")
    expect(requests_shown.nth(2)).to_contain_text("curseur …")
    expect(desk.locator("#totals")).to_contain_text("503 × 1")

    wait = desk.locator("#requests tr.wait")
    expect(wait).to_have_text(re.compile(r"^attente 1(,\d)? s · l'API demandait 1 s$"))
    second = desk.locator("#scale .second").bounding_box()["width"]
    assert 1.0 <= wait.locator(".bar").bounding_box()["width"] / second < 1.9


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_wait_is_drawn_with_its_seconds_in_either_theme(desk, engine, scheme):
    desk.emulate_media(color_scheme=scheme)
    engine.switch("faults", kind="503", next=1)
    get(engine)
    drawn = desk.locator("#requests .bar").evaluate("bar => getComputedStyle(bar).backgroundImage")
    assert drawn.startswith("repeating-linear-gradient")


def test_a_wait_grows_as_long_as_no_retry_comes(desk, engine):
    plant(desk, "500 erreur interne")
    expect(desk.locator("#standing-faults")).to_contain_text("500")
    get(engine)
    bar = desk.locator("#requests .bar")
    expect(desk.locator("#requests .words")).to_have_text(re.compile("en attente… "))
    early = bar.bounding_box()["width"]
    expect(desk.locator("#requests .words")).to_have_text(re.compile("en attente… 3(,.)? s"))
    assert bar.bounding_box()["width"] > early


def test_the_list_follows_the_newest_request_however_many_faults_come_in_place(desk, engine):
    for _ in range(30):
        get(engine)
    for kind in ("429", "503", "slow"):
        engine.switch("faults", kind=kind, rate=0.0001, retry_after=1)
    expect(desk.locator("#standing-faults li")).to_have_count(3)
    get(engine, "limit=1&date=2024-01-03")
    expect(desk.locator("#requests tr").last).to_contain_text("2024-01-03")
    expect(desk.locator("#requests tr").last).to_be_in_viewport(ratio=0.9)
    expect(desk.locator("#newest")).to_be_hidden()


def test_who_scrolled_up_is_told_of_what_came_and_led_to_it(desk, engine):
    for _ in range(40):
        get(engine)
    expect(desk.locator("#requests tr")).to_have_count(40)
    desk.locator("#scroll").evaluate("list => list.scrollTop = 0")
    newest = desk.locator("#newest")
    desk.wait_for_timeout(200)
    get(engine)
    expect(newest).to_have_text("↓ 1 nouvelle requête")
    get(engine)
    expect(newest).to_have_text("↓ 2 nouvelles requêtes")
    assert desk.locator("#scroll").evaluate("list => list.scrollTop") == 0
    newest.click()
    expect(newest).to_be_hidden()
    expect(desk.locator("#requests tr").last).to_be_in_viewport(ratio=0.9)


@pytest.mark.parametrize(
    ("time", "in_place"),
    [
        ("08:45", "429 · encore 1 requête · Retry‑After 3 s"),
        ("10:30", re.compile(r"^404 · 100\s% des requêtes$")),
        ("13:30", "503 · encore 2 requêtes"),
        ("16:45", re.compile(r"^503 · 10\s% des requêtes$")),
    ],
)
def test_a_scene_of_the_guide_starts_from_a_reset_in_one_click(desk, engine, time, in_place):
    engine.switch("faults", kind="500", next=9)
    desk.get_by_role("button", name="Avancer d'un jour").click()
    desk.locator("#scene-buttons button", has_text=time).click()
    expect(desk.locator("#scenes-outcome")).to_have_text("En place.")
    expect(desk.locator("#standing-faults li")).to_have_text(in_place)
    expect(desk.locator("#clock")).to_contain_text("1er avril")


def test_two_quick_clicks_act_in_their_order_however_slow_the_first_is(desk, engine):
    def late(route):
        time.sleep(0.5)
        route.continue_()

    desk.route("**/_lab/clock", late)
    desk.evaluate("""() => {
      document.getElementById("advance").click();
      document.querySelector("#scene-buttons button").click();
    }""")
    expect(desk.locator("#scenes-outcome")).to_have_text("En place.")
    assert engine.switch("clock", "GET")["now"].startswith("2024-04-01")


def test_projected_the_requests_are_large_and_alone(desk, engine):
    get(engine)
    row = desk.locator("#requests tr").first
    small = row.bounding_box()["height"]
    desk.get_by_role("button", name="Projeter").click()
    expect(desk.locator(".controls")).to_be_hidden()
    assert row.bounding_box()["height"] > 1.2 * small
    assert desk.evaluate(OVERFLOWING) == []
    desk.keyboard.press("Escape")
    expect(desk.locator(".controls")).to_be_visible()


@pytest.mark.parametrize("size", [*SIZES, (800, 720)])
def test_the_seconds_and_the_statuses_can_be_read_and_reset_is_at_hand(desk, engine, size):
    desk.set_viewport_size({"width": size[0], "height": size[1]})
    engine.switch("faults", kind="429", next=1)
    get(engine)
    expect(desk.locator("#requests .answer")).to_have_text("429 trop de requêtes")
    cut = "cells => cells.filter(cell => cell.scrollWidth > cell.clientWidth).map(cell => cell.textContent)"
    assert desk.locator("#requests td.time, #requests td.answer").evaluate_all(cut) == []
    if size[0] > 800:
        expect(desk.get_by_role("button", name="Tout remettre à zéro")).to_be_in_viewport(ratio=1)


def test_the_dark_theme_of_the_system_is_followed_and_axe_finds_nothing(desk, engine):
    desk.emulate_media(color_scheme="dark")
    engine.switch("faults", kind="503", next=1, retry_after=1)
    get(engine)
    expect(desk.locator("#requests .words")).to_have_count(1)
    assert violations(desk) == []
    desk.goto(f"{engine.api_url}/boite")
    engine.switch("inbox", niveau="erreur", titre="Échec", message="x", extrait="a", code="c")
    expect(desk.locator(".message")).to_have_count(1)
    assert violations(desk) == []
    assert desk.evaluate("getComputedStyle(document.body.parentElement).backgroundColor") == "rgb(20, 24, 29)"


def test_a_day_more_brings_new_rows(desk):
    expect(desk.locator("#clock")).to_have_text("1er avril 2024lundi, 00:00 UTC")
    desk.get_by_role("button", name="Avancer d'un jour").click()
    expect(desk.locator("#clock")).to_contain_text("2 avril 2024")
    expect(desk.locator("#clock-outcome")).to_have_text(re.compile(r"^\+ 1?\s?\d{3} événements$"))


def test_rows_come_between_two_pages(desk, engine):
    def rows_from_500():
        return len(get(engine, "date=2024-01-02&offset=500&limit=1000").json()["data"])

    before = rows_from_500()
    desk.get_by_label("Nombre de lignes").fill("5")
    desk.get_by_label("lignes au").fill("2024-01-02")
    desk.get_by_role("button", name="Insérer").click()
    expect(desk.locator("#inserts")).to_have_text("5 lignes au 2 janvier, dans 1 requête")
    get(engine, "date=2024-01-02&limit=100&page=1")
    expect(desk.locator("#inserts")).to_have_text("déjà insérées : 5")
    assert rows_from_500() == before + 5


def test_reset_brings_back_the_first_day_and_empties_the_stream(desk, engine):
    desk.get_by_role("button", name="Avancer d'un jour").click()
    plant(desk, "404 introuvable", "9")
    get(engine)
    expect(desk.locator("#requests tr")).to_have_count(1)
    desk.get_by_role("button", name="Tout remettre à zéro").click()
    expect(desk.locator("#clock")).to_contain_text("1er avril")
    expect(desk.locator("#standing-faults")).to_have_text("aucune")
    expect(desk.locator("#requests tr")).to_have_count(0)
    expect(desk.locator("#totals")).to_have_text("0 requête")


def test_a_reset_right_after_a_request_leaves_the_stream_working(desk, engine):
    for _ in range(5):
        get(engine)
        engine.switch("reset")
    get(engine)
    expect(desk.locator("#requests tr")).to_have_count(1)


def test_who_comes_late_or_reconnects_sees_what_happened(desk, engine):
    get(engine)
    desk.reload()
    expect(desk.locator("#requests tr")).to_have_count(1)


def test_a_query_and_a_path_stay_text(desk, engine):
    requests.get(f"{engine.api_url}/<b>x</b>?cursor=<img src=x onerror=alert(1)>", timeout=10)
    expect(desk.locator("#requests tr")).to_contain_text("/<b>x</b>")
    assert desk.locator("#requests b").count() == 1
    assert desk.locator("#requests img").count() == 0


def test_a_notification_comes_live_with_its_links(inbox, engine):
    expect(inbox.locator("#received")).to_have_text("Aucune notification")
    engine.switch(
        "inbox",
        niveau="erreur",
        titre="Ingestion en échec",
        message="L'API ne répond pas.",
        lignes=1013,
        nœud="Ingérer",
        exécution="http://127.0.0.1:5678/workflow/1/executions/2",
        compte_rendu="data/runs/été 1/06.ipynb",
        extrait="ligne 1\nligne 2",
        salle={"étage": 2},
    )
    card = inbox.locator(".message")
    expect(card.get_by_role("heading")).to_have_text("Ingestion en échec")
    expect(card).to_contain_text("erreur")
    expect(card.locator("dl")).to_have_text(re.compile(r"Lignes1\s013NœudIngérer"))
    expect(card.locator("pre")).to_have_text("ligne 1\nligne 2", use_inner_text=True)
    expect(card.locator("table")).to_contain_text('salle{"étage": 2}')
    execution, notebook = "Ouvrir l'exécution", "Ouvrir le compte rendu"
    expect(card.get_by_role("link", name=execution)).to_have_attribute(
        "href", re.compile("^http://127.0.0.1:5678/")
    )
    address = re.compile(r"^http://127\.0\.0\.1:\d+/lab/tree/data/runs/%C3%A9t%C3%A9%201/06\.ipynb$")
    expect(card.get_by_role("link", name=notebook)).to_have_attribute("href", address)
    expect(inbox.locator("#message-count")).to_have_text("1")


def test_a_notification_says_when_it_came_and_leads_to_its_run(inbox, engine):
    report = "data/runs/20260131T060000-abc123_06_api_vers_parquet.ipynb"
    engine.switch("inbox", titre="Ingestion en échec", compte_rendu=report)
    card = inbox.locator(".message")
    expect(card.locator("header small")).to_have_text(re.compile(r"^n° 1, à \d\d:\d\d:\d\d$"))
    run = card.get_by_role("link", name="Voir le passage")
    expect(run).to_have_attribute("href", "passages/20260131T060000-abc123")
    expect(inbox.locator("#api-clock")).to_have_text("L'horloge de l'API est au 1er avril 2024, 00:00 UTC.")


def test_a_repeated_notification_is_one_card_and_a_success_resolves_it(inbox, engine):
    failed = {
        "niveau": "erreur",
        "titre": "Ingestion en échec",
        "workflow": "Mon ingestion",
        "code": "api_timeout",
    }
    for _ in range(3):
        engine.switch("inbox", **failed)
    card = inbox.locator(".message")
    expect(card.locator("header small")).to_have_text(re.compile("^3 fois, n° 1 à 3, la dernière à "))
    engine.switch("inbox", niveau="info", titre="Ingestion réussie", workflow="Un autre")
    expect(card).to_have_count(2)
    expect(inbox.locator(".resolved")).to_have_count(0)
    engine.switch("inbox", niveau="info", titre="Ingestion réussie", workflow="Mon ingestion")
    expect(inbox.locator(".resolved")).to_contain_text("Résolu : n° 5")


def test_a_hostile_notification_stays_text_and_leads_nowhere(inbox, engine):
    tag = "<img src=x onerror=\"document.title='pris'\">"
    engine.switch(
        "inbox", titre=tag, exécution="javascript:alert(1)", compte_rendu="data/../../x", **{tag: tag}
    )
    engine.switch("inbox", titre=[tag], exécution=" data:text/html,x", compte_rendu="//autre-hote.test/x")
    expect(inbox.locator(".message")).to_have_count(2)
    expect(inbox.get_by_role("heading", name=tag).first).to_be_visible()
    assert inbox.locator(".message a, .message img").count() == 0
    assert "pris" not in inbox.title()


def test_the_inbox_is_emptied_and_fills_again(inbox, engine):
    engine.switch("inbox", niveau="avertissement", titre="Un")
    expect(inbox.locator(".message.warning")).to_contain_text("avertissement")
    assert violations(inbox) == []
    inbox.get_by_role("button", name="Vider la boîte").click()
    expect(inbox.locator(".message")).to_have_count(0)
    engine.switch("inbox", titre="Deux")
    expect(inbox.get_by_role("heading", level=2)).to_have_text("Deux")


def test_the_tabs_lead_to_each_other(desk):
    desk.get_by_role("link", name="Boîte de notifications").click()
    expect(desk.get_by_role("heading", level=1)).to_contain_text("Boîte de notifications")
    desk.get_by_role("link", name="Pupitre").click()
    expect(desk.get_by_role("heading", level=1)).to_contain_text("Pupitre")


def test_the_page_says_that_the_api_is_gone(page):
    with pictures_of_switchboard.running_api() as api:
        page.goto(api.url)
        expect(page.locator("#link-state")).to_have_text("en direct")
    expect(page.locator("#link-state")).to_have_text("API injoignable, nouvel essai…")
    page.get_by_role("button", name="Avancer d'un jour").click()
    expect(page.locator("#clock-outcome")).to_have_text("L'API ne répond pas : est-elle démarrée ?")


@pytest.mark.parametrize("size", SIZES)
def test_nothing_overflows_and_axe_finds_nothing(desk, engine, size):
    desk.set_viewport_size({"width": size[0], "height": size[1]})
    desk.get_by_label("Retry-After").fill("0")
    plant(desk, "429 en date", "2")
    expect(desk.locator("#standing-faults")).to_contain_text("429")
    engine.switch("inserts", count=30, date="2024-12-30", after_requests=99)
    engine.switch("faults", kind="503", rate=0.1, retry_after=1)
    engine.switch("inbox", titre="x")
    assert one_day(engine).code == 0
    requests.get(f"{engine.api_url}/api/transactions?date=2024-01-02&cursor=faux", timeout=10)
    expect(desk.locator("#requests")).to_contain_text("paramètre refusé")
    assert desk.evaluate(OVERFLOWING) == []
    assert violations(desk) == []


def test_axe_finds_nothing_in_the_inbox(inbox, engine):
    assert violations(inbox) == []
    long = "message " * 60
    engine.switch("inbox", niveau="erreur", titre="Échec", message=long, extrait="a\n" * 50, autre="x" * 300)
    expect(inbox.locator(".message")).to_have_count(1)
    assert violations(inbox) == []
    assert inbox.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_keyboard_reaches_every_control_in_the_order_of_the_page(desk):
    reached = []
    focused = "document.activeElement.id || document.activeElement.textContent.trim()"
    while "scroll" not in reached:
        desk.keyboard.press("Tab")
        reached.append(desk.evaluate(focused))
        assert desk.evaluate("!!document.querySelector(':focus-visible, [type=date]:focus-within')"), reached
    inserted = [name for name in reached if name.startswith("insert")]
    assert reached.index("advance") < reached.index("amount") < reached.index("429 en secondes")
    assert inserted[0] == "insert-count"
    assert reached.index("insert-after") < reached.index("reset")


def test_the_documentation_s_picture_is_taken(page, tmp_path):
    assert pictures_of_switchboard.take(page, tmp_path).stat().st_size > 10_000
