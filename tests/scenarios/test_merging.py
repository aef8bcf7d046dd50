"""A coordinator finds two records of one patient, merges them, and takes it back."""

import pytest

from storage.accounts import add_membership, create_account
from tests.scenarios.form_pages import register
from tests.scenarios.page_faults import faults

PASSWORD = "correct horse battery"
REGISTRY = "lead_extraction"


@pytest.mark.parametrize("width", [1280, pytest.param(390, marks=pytest.mark.slow)])
# long: one walk through all pages
def test_two_records_are_merged_and_parted(open_browser, served, width, tmp_path_factory):
    folder, looked, name = tmp_path_factory.mktemp(f"merging-{width}"), [], f"wanda{width}"
    new = create_account(served.space.database, name, "Wanda Koss", PASSWORD, who="office", at=served.clock.now)
    right = {"site_id": served.site, "who": "office", "at": served.clock.now}
    add_membership(served.space.database, new, REGISTRY, "coordinator", **right)
    page = open_browser(name, width=width)
    numbers = []
    for surname in ("Kowalska", "Kowalska-Lis"):
        page.goto(f"/{REGISTRY}/patients")
        register(page)
        page.fill("[name=last_name]", surname)
        page.locator(".dock [value=save]").click()
        page.wait_for_url("**said=*")
        numbers.append(page.url.split("/")[5])
    kept, other = numbers

    def look(name):
        looked.extend(faults(page, name, folder, width))

    page.goto(f"/{REGISTRY}/patients/{kept}/states")
    look("states")
    page.click("a[href$='/merge']")
    look("find")
    page.fill("#q", "Kowalska-Lis")
    page.keyboard.press("Enter")
    page.click(f"a:has-text('{other}')")
    page.wait_for_selector("h2:has-text('Co się stanie')")
    look("outlook")
    for row in page.locator("tbody tr").all():
        row.locator("label").last.click()
    page.fill("#why", "ta sama osoba")
    page.click("button:has-text('Połącz zapisy')")
    page.wait_for_selector("text=jest teraz drugą nazwą tego zapisu")
    look("merged")
    page.goto(f"/{REGISTRY}/patients/{other}/states")
    page.wait_for_selector("text=to druga nazwa tego zapisu")
    assert kept in page.url
    look("old-number")
    page.goto(f"/{REGISTRY}/patients/{kept}/states")
    page.click("summary:has-text('Cofnij połączenie')")
    look("undo")
    page.fill("[id^=why-unmerge]", "jednak dwie osoby")
    page.click("button:has-text('Cofnij połączenie')")
    page.wait_for_selector("text=Cofnięto połączenie")
    assert other in page.url
    page.goto(f"/{REGISTRY}/patients/{other}/states")
    page.click("a[href$='/move']")
    page.fill("#to", kept)
    page.keyboard.press("Enter")
    page.wait_for_selector("#why-move")
    look("move-part")
    assert looked == []
