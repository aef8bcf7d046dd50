"""Long texts: words that hold no place to break a line at scroll no page sideways, and what is too long to be sent is told."""

import pytest
from playwright.sync_api import expect

from tests.scenarios.form_pages import kept, live, number_of, opened, register, save, to_form
from tests.scenarios.page_faults import too_wide
from tests.web.browsing import REGISTRY

SURNAME, COPY, REASON = "W" * 250, "M" * 250, "w" * 250
LEAST = 40  # px of a cell beside a long word: less would stand letter under letter


@pytest.mark.parametrize("width", [1280, pytest.param(390, marks=pytest.mark.slow)])
def test_words_of_any_length_keep_within_the_page(open_browser, served, width):
    page = open_browser(served.person("coordinator"), width=width)
    patient = register(page).partition("?")[0]
    who = patient.split("/")[5]
    page.fill("[name=last_name]", SURNAME)
    save(page)
    live(page)
    page.fill("[name=last_name]", COPY)
    kept(page)
    page.goto(f"/{REGISTRY}/patients/{who}")
    form = page.locator('.lanes a[href$=".admission"]').first.get_attribute("href")
    page.goto(form)
    opened(page)
    page.fill("[name=main_book_no]", "1/2025")
    save(page)
    page.goto(f"{form}/state")
    page.fill("#why-withdraw", REASON)
    with page.expect_navigation():
        page.click("button:has-text('Wycofaj')")
    page.get_by_text(f"Powód: {REASON}").wait_for()
    at = f"/{REGISTRY}/patients/{who}"
    pages = (
        f"{at}/states", f"/{REGISTRY}/audit", f"{at}/history", f"{at}/history?names=1", f"/{REGISTRY}/patients?names=1",
        f"{at}?names=1", patient, f"{patient}/history", f"{patient}/history?field=last_name",
    )  # fmt: skip
    cut = "(cells, least) => cells.filter((e) => e.offsetWidth && e.offsetWidth < least).map((e) => e.outerHTML.slice(0, 120))"
    found, seen = [], ""
    for address in pages:
        page.goto(address)
        page.wait_for_load_state()
        seen += page.inner_text("body")
        found += [(address, each) for each in too_wide(page)]
        found += [(address, each) for each in page.eval_on_selector_all(".tbl tbody :is(th,td)", cut, LEAST)]
    assert found == []
    assert all(word in seen for word in (SURNAME, REASON)), "what was typed is on these pages"


def test_a_text_that_is_too_long_is_told_and_can_be_shortened(open_browser):
    page = open_browser()
    at = register(page).split("/forms/")[0]
    page.goto(at)
    to_form(page, REGISTRY, number_of(page), "admission")
    live(page)
    page.fill("[name=unit_code]", "321")
    page.fill("[name=main_book_no]", "ż" * 2_100_000)  # six letters each on the way
    page.wait_for_selector('[data-save="too_long"]')
    expect(page.locator("[data-save] [data-state=too_long]")).to_contain_text("skróć")
    with page.expect_navigation():
        page.locator(".dock [value=save]").click()
    page.get_by_text("przyciskiem Wstecz").wait_for()
    page.go_back()
    live(page)
    expect(page.locator("[name=unit_code]")).to_have_value("321")
    page.fill("[name=main_book_no]", "77/2025")
    kept(page)
