"""Somebody types in a form while its record is merged into another one; episodes are linked and a link is taken back."""

import re

import pytest
from playwright.sync_api import expect

from storage.accounts import add_membership, create_account
from tests.scenarios.form_pages import number_of, opened, register, save, to_form
from tests.scenarios.page_faults import faults

REGISTRY = "lead_extraction"
LIST = f"/{REGISTRY}/patients"


@pytest.fixture(scope="module")
def coordinator(served):
    """The login of a coordinator."""
    new = create_account(
        served.space.database, "wanda", "Wanda Koss", "correct horse battery", who="office", at=served.clock.now
    )
    right = {"site_id": served.site, "who": "office", "at": served.clock.now}
    add_membership(served.space.database, new, REGISTRY, "coordinator", **right)
    return "wanda"


def registered(page, surname):
    page.goto(LIST)
    register(page)
    page.fill("[name=last_name]", surname)
    save(page)
    return number_of(page)


def admission(page, who, number=0):
    """A form of the newest episode, or of an older one."""
    page.goto(f"{LIST}/{who}")
    with page.expect_navigation():
        page.locator("#schedule .lanes a[href$='.admission']").nth(number).click()
    opened(page)


@pytest.mark.parametrize("width", [1280, pytest.param(390, marks=pytest.mark.slow)])
def test_who_types_is_led_to_where_the_form_is_now(open_browser, coordinator, width, tmp_path_factory):
    folder, page, other_page = (
        tmp_path_factory.mktemp(f"strays-{width}"),
        open_browser(width=width),
        open_browser(coordinator, width=width),
    )
    kept, other = (registered(page, surname) for surname in ("Kowalska", "Kowalska-Lis"))
    admission(page, other)
    page.fill("[name=main_book_no]", "1/2025")
    save(page)
    other_page.goto(f"{LIST}/{kept}/merge?to={other}")
    for row in other_page.locator("tbody tr").all():
        row.locator("label").last.click()
    other_page.fill("#why", "ta sama osoba")
    with other_page.expect_navigation():
        other_page.click("button:has-text('Połącz zapisy')")
    other_page.wait_for_selector("text=jest teraz drugą nazwą tego zapisu")
    page.fill("[name=main_book_no]", "2/2025")
    link = page.locator("[data-stray]")
    link.wait_for()
    assert faults(page, "stray", folder, width) == []
    with page.expect_navigation():
        link.click()
    opened(page)
    expect(page).to_have_url(re.compile(kept))
    expect(page.locator("[name=main_book_no]")).to_have_value("2/2025")


@pytest.mark.parametrize("width", [1280, pytest.param(390, marks=pytest.mark.slow)])
def test_what_has_no_place_is_shown(open_browser, coordinator, width, tmp_path_factory):
    folder, page, other_page = (
        tmp_path_factory.mktemp(f"nowhere-{width}"),
        open_browser(width=width),
        open_browser(coordinator, width=width),
    )
    who = registered(page, "Kowalska")
    admission(page, who)
    other_page.goto(f"{LIST}/{who}/states")
    other_page.select_option("#part", "patient")
    other_page.fill("#why-void", "pomyłka")
    with other_page.expect_navigation():
        other_page.click("button:has-text('Wycofaj')")
    other_page.wait_for_selector("text=Ten pacjent jest wycofany")
    page.fill("[name=main_book_no]", "3/2025")
    page.locator("[data-stray]").wait_for()
    with page.expect_navigation():
        page.locator(".dock [value=save]").click()
    page.wait_for_selector("text=Niczego nie zapisano")
    expect(page.locator("dl")).to_contain_text("3/2025")
    assert faults(page, "not-saved", folder, width) == []


def operate(page, who, day, month):
    """An operation in the newest episode."""
    to_form(page, REGISTRY, who, "procedure")
    for part, text in zip("dmyt", (day, month, "2025", "09:10"), strict=True):
        page.fill(f"[name=proc_start__{part}]", text)
    save(page)


@pytest.mark.parametrize("width", [1280, pytest.param(390, marks=pytest.mark.slow)])
def test_episodes_are_linked(open_browser, width, tmp_path_factory):
    folder, page = tmp_path_factory.mktemp(f"links-{width}"), open_browser(width=width)
    who, looked = registered(page, "Kowalska"), []
    operate(page, who, "17", "3")
    page.goto(f"{LIST}/{who}")
    with page.expect_navigation(url="**said=*"):
        page.click("button:has-text('Dodaj: Epizod'), summary:has-text('Dodaj: Epizod')")
    operate(page, who, "2", "6")
    page.goto(f"{LIST}/{who}")
    expect(page.locator("#linked-t")).to_have_count(0)
    with page.expect_navigation():
        page.locator("a[href$='/link']").first.click()
    page.wait_for_selector("#why-link")
    looked += faults(page, "link", folder, width)
    page.click("label:has-text('Reoperacja po')")
    page.click("label:has-text('Epizod 1')")
    page.fill("#why-link", "ten sam układ")
    with page.expect_navigation():
        page.click("button:has-text('Powiąż')")
    page.wait_for_selector("text=Powiązano epizody.")
    drawing, told = page.locator("svg.chart:has(.tie)"), page.locator("section:has(#linked-t) tbody tr")
    expect(drawing).to_be_visible(visible=width > 1000)
    expect(told).to_be_visible()
    assert told.inner_text().split() == [
        "1",
        "Epizod",
        "2",
        "02.06.2025",
        "Reoperacja",
        "po",
        "Epizod",
        "1",
        "17.03.2025",
    ]
    page.locator("summary:has-text('Cofnij powiązanie')").first.click()
    looked += faults(page, "linked", folder, width)
    page.locator("[id^=why-link-]").first.fill("pomyłka")
    with page.expect_navigation():
        page.locator("button:has-text('Cofnij powiązanie')").first.click()
    page.wait_for_selector("text=Cofnięto powiązanie.")
    expect(page.locator("#linked-t")).to_have_count(0)
    assert looked == []
