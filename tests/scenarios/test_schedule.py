"""A contact that did not take place, and one that did: marked, told, taken back and filled in, at a desk and on a telephone."""

import pytest
from playwright.sync_api import expect

from tests.scenarios.form_pages import number_of, opened, register, save, to_form
from tests.scenarios.page_faults import problems, too_wide

EARLY = "Obserwacja po 1 miesiącu"


def operated(page):
    """A patient whose contact at one month is overdue; the address of the patient's page."""
    page.goto("/lead_extraction/patients")
    register(page)
    patient = page.url.split("/forms/")[0]
    to_form(page, "lead_extraction", number_of(page), "procedure")
    for part, text in zip("dmyt", ("17", "3", "2025", "09:10"), strict=True):
        page.fill(f"[name=proc_start__{part}]", text)
    save(page)
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
    with page.expect_navigation(url="**said=*"):
        lane(page).get_by_role("button", name="Oznacz jako pominięte").click()
    expect(page.locator(".note[role=status]")).to_be_focused()
    expect(lane(page)).to_contain_text("nie odbiera telefonu", use_inner_text=True)
    expect(lane(page).locator("div .st").first).to_have_text("pominięte")
    with page.expect_navigation():
        lane(page).get_by_role("link", name="Obserwacja odległa").click()
    opened(page)
    expect(page.locator("main > .note").first).to_contain_text("nie odbiera telefonu")
    page.goto(patient)
    with page.expect_navigation(url="**said=*"):
        lane(page).get_by_role("button", name="Cofnij").click()
    expect(page.locator(".note[role=status]")).to_be_focused()
    expect(lane(page)).to_contain_text("po terminie", use_inner_text=True)
    lane(page).get_by_text("Dlaczego?").click()
    expect(lane(page)).to_contain_text("Dzień docelowy 30: 16.04.2025", use_inner_text=True)


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
    expect(drawing).to_be_visible(visible=width > 1000)
    expect(listed).to_be_visible(visible=width <= 1000)
    assert too_wide(page) == []
    page.goto("/lead_extraction/patients?order=due&waiting=overdue")
    assert problems(page) == []
    assert too_wide(page) == []


def test_outcomes_follow_what_is_typed(open_browser):
    page = open_browser()
    operated(page)
    to_form(page, "lead_extraction", number_of(page), "discharge")
    death = page.locator("[data-outcomes] li", has=page.get_by_text("Zgon wewnątrzszpitalny", exact=True))
    expect(death.locator("[data-value]")).to_have_text("jeszcze nieznane")
    page.check("[name=disch_mode][value=death]")
    death.locator("[data-value]", has_text="tak").wait_for()
    expect(death.locator("[data-why]")).to_contain_text("Zgon")
