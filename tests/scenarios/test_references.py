"""A reference to one of several kinds, filled in a browser: what it leads to is calculated and judged at once."""

import re
from pathlib import Path

import pytest

from tests.scenarios.form_pages import register

FOLDER = Path(__file__).parents[1] / "fixtures" / "references"
PARTS = "ABCDEFGHIJ"


@pytest.fixture(scope="module")
def served(serve):
    return serve(FOLDER, "spares")


def save(page):
    page.locator(".dock [value=save]").click()
    page.wait_for_url("**said=*")


def begin(page, parts):
    """A patient with parts and one check-up without a day; the address of the note."""
    page.goto("/spares/patients")
    register(page)
    page.fill("[name=nick]", "x")
    save(page)
    who = page.url.split("/patients/")[1].split("/")[0]
    page.goto(f"/spares/patients/{who}")
    device = page.locator("a[href$='.device']").first.get_attribute("href")
    page.goto(device)
    for name in parts:
        page.locator("[value='add:parts']").click()
        page.wait_for_url("**open=*")
        page.locator("[name$='.part_name']").last.fill(name)
        page.locator("[name$='.weight']").last.fill("1,5")
    save(page)
    page.goto(device.replace(".device", ".check_up.visit.1"))
    page.fill("[name=weight]", "20")
    save(page)
    page.goto(device.replace(".device", ".note"))
    page.wait_for_selector("[name=__live][value=yes]", state="attached")


def told(page, item):
    return page.locator(f"#f-{item} [data-calc]").inner_text()


def test_choosing_a_target_is_followed_at_once(open_browser):
    page = open_browser()
    begin(page, "AB")
    page.select_option("[name=about]", label="A")
    assert (told(page, "heavy"), told(page, "of_part")) == ("1,5", "tak")
    assert page.locator("#f-name").is_visible()
    page.select_option("[name=about]", label="Kontrola, Wizyta 1")
    assert (told(page, "heavy"), told(page, "of_part")) == ("20", "nie")
    assert page.locator("#f-name").is_hidden()
    assert "Kontrola bez daty." in page.locator("#f-about .msg").inner_text()
    page.wait_for_selector('[data-save="copy"]')
    save(page)
    assert (told(page, "heavy"), told(page, "of_part")) == ("20", "nie")
    page.locator("#f-about .msg").wait_for()


def test_many_targets_are_searched_by_kind_and_words(open_browser):
    page = open_browser()
    begin(page, PARTS)
    box = page.locator("#about-c")
    box.fill("kontr")
    page.locator("[role=option]", has_text=re.compile("^Kontrola: Kontrola, Wizyta 1$")).click()
    assert told(page, "heavy") == "20"
    box.fill("część: j")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert (box.input_value(), told(page, "of_part")) == ("Część: J", "tak")
