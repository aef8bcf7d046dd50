"""Long texts: words that hold no place to break a line at scroll no page sideways, and what is too long to be sent is told."""

import pytest

from storage.accounts import add_membership, create_account
from tests.scenarios.form_pages import opened, register
from tests.scenarios.page_faults import too_wide
from tests.web.browsing import PASSWORD, REGISTRY

SURNAME, COPY, REASON = "W" * 250, "M" * 250, "w" * 250
LEAST = 40  # px of a cell beside a long word: less would stand letter under letter


@pytest.mark.parametrize("width", [1280, pytest.param(390, marks=pytest.mark.slow)])
def test_words_of_any_length_keep_within_the_page(open_browser, served, width):
    login = f"kora{width}"
    new = create_account(served.space.database, login, "Ewa Koss", PASSWORD, who="office", at=served.clock())
    right = {"site_id": served.site, "who": "office", "at": served.clock()}
    add_membership(served.space.database, new, REGISTRY, "coordinator", **right)
    page = open_browser(login, width=width)
    patient = register(page).partition("?")[0]
    who = patient.split("/")[5]
    page.fill("[name=last_name]", SURNAME)
    page.locator(".dock [value=save]").click()
    page.wait_for_url("**said=*")
    opened(page)
    page.wait_for_selector("[name=__live][value=yes]", state="attached")
    page.fill("[name=last_name]", COPY)
    page.wait_for_selector('[data-save="copy"]')
    page.goto(f"/{REGISTRY}/patients/{who}")
    form = page.locator('.lanes a[href$=".admission"]').first.get_attribute("href")
    page.goto(form)
    opened(page)
    page.fill("[name=main_book_no]", "1/2025")
    page.locator(".dock [value=save]").click()
    page.wait_for_url("**said=*")
    page.goto(f"{form}/state")
    page.fill("#why-withdraw", REASON)
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
    page.locator('.lanes a[href$=".admission"]').first.click()
    page.wait_for_selector("[name=__live][value=yes]", state="attached")
    page.fill("[name=unit_code]", "321")
    page.fill("[name=main_book_no]", "ż" * 2_100_000)  # six letters each on the way
    page.wait_for_selector('[data-save="too_long"]')
    assert "skróć" in page.locator("[data-save] [data-state=too_long]").inner_text()
    page.locator(".dock [value=save]").click()
    page.get_by_text("przyciskiem Wstecz").wait_for()
    page.go_back()
    page.wait_for_selector("[name=__live][value=yes]", state="attached")
    assert page.input_value("[name=unit_code]") == "321"
    page.fill("[name=main_book_no]", "77/2025")
    page.wait_for_selector('[data-save="copy"]')
