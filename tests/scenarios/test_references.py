"""A reference to one of several kinds, filled in a browser: what it leads to is calculated and judged at once."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.scenarios.form_pages import kept, live, number_of, register, save

FOLDER = Path(__file__).parents[1] / "fixtures" / "references"
PARTS = "ABCDEFGHIJ"


@pytest.fixture(scope="module")
def served(serve):
    return serve(FOLDER, "spares")


def begin(page, parts):
    """A patient with parts and one check-up without a day; the address of the note."""
    page.goto("/spares/patients")
    register(page)
    page.fill("[name=nick]", "x")
    save(page)
    who = number_of(page)
    page.goto(f"/spares/patients/{who}")
    device = page.locator("a[href$='.device']").first.get_attribute("href")
    page.goto(device)
    for name in parts:
        with page.expect_navigation(url="**open=*"):
            page.locator("[value='add:parts']").click()
        page.locator("[name$='.part_name']").last.fill(name)
        page.locator("[name$='.weight']").last.fill("1,5")
    save(page)
    page.goto(device.replace(".device", ".check_up.visit.1"))
    page.fill("[name=weight]", "20")
    save(page)
    page.goto(device.replace(".device", ".note"))
    live(page)


def told(page, item):
    return expect(page.locator(f"#f-{item} [data-calc]"))


def test_choosing_a_target_is_followed_at_once(open_browser):
    page = open_browser()
    begin(page, "AB")
    page.select_option("[name=about]", label="A")
    told(page, "heavy").to_have_text("1,5")
    told(page, "of_part").to_have_text("tak")
    expect(page.locator("#f-name")).to_be_visible()
    page.select_option("[name=about]", label="Kontrola, Wizyta 1")
    told(page, "heavy").to_have_text("20")
    told(page, "of_part").to_have_text("nie")
    expect(page.locator("#f-name")).to_be_hidden()
    expect(page.locator("#f-about .msg")).to_contain_text("Kontrola bez daty.")
    kept(page)
    save(page)
    told(page, "heavy").to_have_text("20")
    told(page, "of_part").to_have_text("nie")
    page.locator("#f-about .msg").wait_for()


def test_many_targets_are_searched_by_kind_and_words(open_browser):
    page = open_browser()
    begin(page, PARTS)
    box = page.locator("#about-c")
    box.fill("kontr")
    page.locator("[role=option]", has_text=re.compile("^Kontrola: Kontrola, Wizyta 1$")).click()
    told(page, "heavy").to_have_text("20")
    box.fill("część: j")
    expect(page.locator("[role=option]")).to_have_text(["Część: J"])
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(box).to_have_value("Część: J")
    told(page, "of_part").to_have_text("tak")
