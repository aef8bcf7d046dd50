"""A nurse's morning: what is overdue is filled in and gone; a patient known elsewhere is asked for, and the other hospital grants it."""

import re
from datetime import date, timedelta

import pytest
from playwright.sync_api import expect

from storage.accounts import create_site
from tests.scenarios.form_pages import number_of, register, save
from tests.scenarios.page_faults import faults

HOME = "/lead_extraction/day"


@pytest.fixture(scope="module")
def second(served):
    """The coordinator of a second hospital, who has signed in nowhere yet."""
    site = create_site(served.space.database, "990000000999", "Szpital Drugi", who="office", at=served.clock())
    return served.person("coordinator", "Beata", site=site)


@pytest.mark.parametrize("width", [1280, pytest.param(390, marks=pytest.mark.slow)])
def test_what_is_overdue_is_filled_in_and_gone(open_browser, served, width, tmp_path):
    page = open_browser(width=width)
    register(page)
    who = number_of(page)
    page.goto(f"/lead_extraction/patients/{who}")
    page.goto(page.locator("a[href*='.procedure']").first.get_attribute("href"))
    late = served.clock.now - timedelta(days=200)
    for part, value in (("d", late.day), ("m", late.month), ("y", late.year), ("t", "9:00")):
        page.fill(f"[name=proc_start__{part}]", str(value))
    save(page)
    page.goto(HOME)
    assert faults(page, "day", tmp_path, width) == []
    row = page.locator(f"section:has(#overdue) tr:has-text('{who}'):has-text('1 miesiącu')")
    with page.expect_navigation():
        row.locator("a[href*='/forms/']").click()
    expect(page).to_have_url(re.compile(r"\.fu_1m\.1"))
    page.locator("[name=fu_status][value=visit]").check(force=True)
    seen = late + timedelta(days=30)
    for part, value in (("d", seen.day), ("m", seen.month), ("y", seen.year)):
        page.fill(f"[name=fu_date__{part}]", str(value))
    save(page)
    page.goto(HOME)
    expect(row).to_have_count(0)


@pytest.mark.parametrize("width", [1280, pytest.param(390, marks=pytest.mark.slow)])
def test_a_patient_known_elsewhere_is_asked_for_and_granted(open_browser, served, second, width, tmp_path):
    page = open_browser(width=width)
    register(page)
    who = number_of(page)
    pesel = served.pesel(date(1949, 3, 2))
    page.locator("[name=pat_id_type][value=pesel]").check(force=True)
    page.fill("[name=pesel]", pesel)
    page.fill("[name=last_name]", "Wędrowny")
    for part, value in (("d", "2"), ("m", "3"), ("y", "1949")):
        page.fill(f"[name=birth_date__{part}]", value)
    save(page)
    other = open_browser(second, width=width)
    other.goto("/lead_extraction/patients")
    with other.expect_navigation():
        other.get_by_role("link", name="Czy pacjent jest już znany?").click()
    assert faults(other, "known", tmp_path, width) == []
    other.fill("#pesel", pesel)
    other.fill("#birth_date", "1949-03-02")
    other.fill("#surname", "Wędrowny")
    with other.expect_navigation():
        other.keyboard.press("Enter")
    other.wait_for_selector("#reason")
    assert who not in other.content()
    assert faults(other, "known-elsewhere", tmp_path, width) == []
    other.fill("#reason", "Pacjent zgłosił się na kontrolę")
    other.get_by_role("button", name="Poproś o przejęcie").click()
    other.wait_for_url("**/requests*")
    assert faults(other, "asked", tmp_path, width) == []
    boss = open_browser(served.person("coordinator", "Celina"), width=width)
    boss.goto(HOME)
    boss.locator("section:has(#requests) a[href*='/requests']").first.click()
    boss.wait_for_url("**/requests")
    assert faults(boss, "to-decide", tmp_path, width) == []
    with boss.expect_navigation():
        boss.locator(f"button[aria-label^='Udostępnij pacjenta: {who}']").click()
    boss.wait_for_selector("text=Pacjent jest udostępniony")
    boss.goto(f"/lead_extraction/patients/{who}/sharing")
    assert faults(boss, "sharing", tmp_path, width) == []
    boss.goto("/lead_extraction/completeness")
    assert faults(boss, "completeness", tmp_path, width) == []
    boss.goto(f"/lead_extraction/patients/{who}")
    assert faults(boss, "patient-of-boss", tmp_path, width) == []
    other.goto(f"/lead_extraction/patients/{who}")
    expect(other.locator("h1")).to_contain_text(who)
