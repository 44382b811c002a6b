"""The HTML that the lab makes outside its web pages, under axe-core: what a notebook shows, the room's report."""

import pytest
from playwright.sync_api import expect

from labkit.base.outcomes import LABELS
from labkit.exercises import deliverables
from labkit.exercises.check import Checked, Finding
from labkit.exercises.declared import exercises
from labkit.exercises.room_report import write
from labkit.notebooks.data_docs import data_docs
from labkit.notebooks.session import Result
from tests.browser.accessibility import violations

pytestmark = pytest.mark.browser
STEPS = ("tp21.1", "tp21.2", "tp21.3", "tp22.1", "tp23.1")
# A page's ground and text in JupyterLab's two themes.
THEMES = {"light": ("#ffffff", "#212121"), "dark": ("#111111", "#ffffff")}


def finding(step, outcome):
    said = {"tried": "`days(a, b)`", "wanted": "31", "got": "`None`"}
    return Finding(
        step, f"{step} {outcome}", f"Les jours, `{outcome}`", outcome, "Utile.", "Voyez `range`.", **said
    )


@pytest.fixture
def table(monkeypatch):
    """The deliverables table, the steps having every outcome in turn."""
    outcomes = [*LABELS] * 4

    def found(name, folder):
        return [finding(step.name, outcomes.pop()) for step in exercises()[name].steps]

    monkeypatch.setattr(deliverables, "run_checks", found)
    return deliverables.deliverables("labs").data


@pytest.fixture(params=THEMES)
def show(page, request):
    """Show a piece of HTML as the output of a notebook, in this theme."""
    ground, text = THEMES[request.param]

    def shown(html):
        style = f"background:{ground};color:{text};font:14px/1.5 sans-serif"
        page.set_content(
            f'<!doctype html><html lang="fr"><title>Notebook</title><body style="{style}">'
            f"<main><h1>Notebook</h1>{html}</main></body></html>"
        )
        return page

    return shown


@pytest.mark.parametrize("outcome", LABELS)
def test_a_check(show, outcome):
    page = show(Checked("tp23.1", [finding("tp23.1", outcome)])._repr_mimebundle_()["text/html"])
    assert violations(page) == []
    assert page.get_by_text(LABELS[outcome]).count() == 2


@pytest.mark.parametrize(("status", "label"), [("success", "RÉUSSI"), ("error", "ÉCHEC")])
def test_a_run_s_verdict(show, status, label):
    page = show(Result({"status": status}, "3 jours écrits")._repr_mimebundle_()["text/html"])
    assert violations(page) == []
    assert label in page.inner_text("main")


def test_the_deliverables(show, table):
    page = show(table)
    assert violations(page) == []
    states = page.locator("td:nth-child(2)").all_inner_texts()
    assert all(any(label in state for label in LABELS.values()) for state in states)


def test_data_docs(show):
    import great_expectations.expectations as gxe
    import pandas as pd

    rule = gxe.ExpectColumnValuesToBeBetween(column="amount", min_value=0, max_value=100)
    page = show(data_docs(pd.DataFrame({"amount": [5.0, 500.0]}), [rule]).data)
    assert violations(page) == []
    assert "ÉCHEC" in page.frame_locator("iframe").locator("body").aria_snapshot()


def test_the_room_s_report(page, tmp_path):
    room = {
        "Alice": [finding(step, outcome) for step, outcome in zip(STEPS, LABELS, strict=True)],
        "Bruno": [finding("tp21.1", "wrong")],
    }
    write(room, tmp_path / "rapport.html", {})
    page.goto((tmp_path / "rapport.html").as_uri())
    assert violations(page) == []
    assert all(page.locator("td", has_text=label).count() for label in LABELS.values())
    asked = sum(len(exercise.steps) for exercise in exercises().values())
    expect(page.locator("tbody tr").first.locator("td").last).to_have_text(f"1 sur {asked}")


def test_the_report_of_thirty_people_fits_a_projector_and_a_click_shows_the_trainees_lines(page, tmp_path):
    code = tmp_path / "generate_dates.py"
    code.write_text("".join(f"line_{number} = {number}\n" for number in range(1, 30)), encoding="utf-8")
    wrong = Finding(
        "tp23.1", "a", "Les jours", "error", "Utile.", "Voyez.", got="generate_dates.py, ligne 12 : « x »"
    )
    room = {f"Stagiaire {number}": [wrong] for number in range(30)}
    write(room, tmp_path / "rapport.html", dict.fromkeys(room, tmp_path))
    page.set_viewport_size({"width": 1280, "height": 720})
    page.goto((tmp_path / "rapport.html").as_uri())
    table = page.locator(".room table").bounding_box()
    assert table["width"] <= 1280 - table["x"]
    page.locator("tbody tr").nth(29).locator("td a").first.click()
    expect(page.locator("details", has_text="Stagiaire 29").locator("mark")).to_be_in_viewport()
    expect(page.locator("details", has_text="Stagiaire 29").locator("mark")).to_contain_text("line_12 = 12")
    expect(page.get_by_role("listitem").first).to_contain_text("30 × generate_dates.py, ligne 12")


def test_a_contrast_too_low_is_seen(show):
    assert "color-contrast" in violations(show('<p style="color:#777;background:#888">faux</p>'))[0]
