"""A coordinator finds two records of one patient, merges them, and takes it back."""

import re

import pytest
from playwright.sync_api import expect

from tests.scenarios.form_pages import number_of, register, save
from tests.scenarios.page_faults import faults

REGISTRY = "lead_extraction"


@pytest.mark.parametrize("width", [1280, pytest.param(390, marks=pytest.mark.slow)])
# long: one walk through all pages
def test_two_records_are_merged_and_parted(open_browser, served, width, tmp_path_factory):
    folder, looked = tmp_path_factory.mktemp(f"merging-{width}"), []
    page = open_browser(served.person("coordinator"), width=width)
    numbers = []
    for surname in ("Kowalska", "Kowalska-Lis"):
        page.goto(f"/{REGISTRY}/patients")
        register(page)
        page.fill("[name=last_name]", surname)
        save(page)
        numbers.append(number_of(page))
    first, other = numbers

    def look(name):
        looked.extend(faults(page, name, folder, width))

    page.goto(f"/{REGISTRY}/patients/{first}/states")
    look("states")
    page.click("a[href$='/merge']")
    page.wait_for_url("**/merge")
    look("find")
    page.fill("#q", "Kowalska-Lis")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    with page.expect_navigation():
        page.click(f"a:has-text('{other}')")
    page.wait_for_selector("h2:has-text('Co się stanie')")
    look("outlook")
    for row in page.locator("tbody tr").all():
        row.locator("label").last.click()
    page.fill("#why", "ta sama osoba")
    with page.expect_navigation():
        page.click("button:has-text('Połącz zapisy')")
    page.wait_for_selector("text=jest teraz drugą nazwą tego zapisu")
    look("merged")
    page.goto(f"/{REGISTRY}/patients/{other}/states")
    page.wait_for_selector("text=to druga nazwa tego zapisu")
    expect(page).to_have_url(re.compile(first))
    look("old-number")
    page.goto(f"/{REGISTRY}/patients/{first}/states")
    page.click("summary:has-text('Cofnij połączenie')")
    look("undo")
    page.fill("[id^=why-unmerge]", "jednak dwie osoby")
    with page.expect_navigation():
        page.click("button:has-text('Cofnij połączenie')")
    page.wait_for_selector("text=Cofnięto połączenie")
    expect(page).to_have_url(re.compile(other))
    page.goto(f"/{REGISTRY}/patients/{other}/states")
    page.click("a[href$='/move']")
    page.fill("#to", first)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    page.wait_for_selector("#why-move")
    look("move-part")
    assert looked == []
