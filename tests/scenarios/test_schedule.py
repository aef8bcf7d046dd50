"""A contact that did not take place, and one that did: marked, told, taken back and filled in, at a desk and on a telephone."""

import pytest

from tests.scenarios.form_pages import opened, register
from tests.scenarios.page_faults import problems, too_wide

EARLY = "Obserwacja po 1 miesiącu"


def operated(page):
    """A patient whose contact at one month is overdue; the address of the patient's page."""
    page.goto("/lead_extraction/patients")
    register(page)
    patient = page.url.split("/forms/")[0]
    page.goto(patient)
    page.locator('.lanes a[href$=".procedure"]').first.click()
    opened(page)
    for part, text in zip("dmyt", ("17", "3", "2025", "09:10"), strict=True):
        page.fill(f"[name=proc_start__{part}]", text)
    page.locator(".dock [value=save]").click()
    page.wait_for_url("**said=*")
    return patient


def lane(page, title=EARLY):
    return page.locator(".lane", has=page.get_by_role("heading", name=title, exact=True))


@pytest.mark.parametrize("scripts", [True, False])
def test_a_contact_is_marked_as_missed_taken_back_and_held_after_all(open_browser, scripts):
    page = open_browser(scripts=scripts)
    patient = operated(page)
    page.goto(patient)
    lane(page).get_by_text("Nie odbyło się").click()
    lane(page).get_by_label("Powód").fill("nie odbiera telefonu")
    lane(page).get_by_role("button", name="Oznacz jako pominięte").click()
    page.wait_for_url("**said=*")
    assert page.evaluate("document.activeElement.matches('.note[role=status]')")
    assert "nie odbiera telefonu" in lane(page).inner_text()
    assert lane(page).locator("div .st").first.inner_text() == "pominięte"
    lane(page).get_by_role("link", name="Obserwacja odległa").click()
    opened(page)
    assert "nie odbiera telefonu" in page.locator("main > .note").first.inner_text()
    page.goto(patient)
    lane(page).get_by_role("button", name="Cofnij").click()
    page.wait_for_url("**said=*")
    assert page.evaluate("document.activeElement.matches('.note[role=status]')")
    assert "po terminie" in lane(page).inner_text()
    lane(page).get_by_text("Dlaczego?").click()
    assert "Dzień docelowy 30: 16.04.2025" in lane(page).inner_text()


@pytest.mark.parametrize("width", [1280, pytest.param(390, marks=pytest.mark.slow)])
def test_the_patient_page_with_its_schedule_is_accessible(open_browser, width):
    page = open_browser()
    patient = operated(page)
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(patient)
    for summary in page.locator("main summary").all():
        summary.click()
    page.locator(".account > summary").click()  # the last: an open menu lies over the page
    assert problems(page) == []
    drawing, listed = page.locator("svg.chart"), page.locator("ol.feed.narrow-only")
    assert (drawing.is_visible(), listed.is_visible()) == ((True, False) if width > 1000 else (False, True))
    assert too_wide(page) == []
    page.goto("/lead_extraction/patients?order=due&waiting=overdue")
    assert problems(page) == []
    assert too_wide(page) == []


def test_outcomes_follow_what_is_typed(open_browser):
    page = open_browser()
    page.goto(operated(page))
    page.locator('.lanes a[href$=".discharge"]').first.click()
    opened(page)
    death = page.locator("[data-outcomes] li", has=page.get_by_text("Zgon wewnątrzszpitalny", exact=True))
    assert death.locator("[data-value]").inner_text() == "jeszcze nieznane"
    page.check("[name=disch_mode][value=death]")
    death.locator("[data-value]", has_text="tak").wait_for()
    assert "Zgon" in death.locator("[data-why]").inner_text()
