"""A nurse's morning: what is overdue is filled in and gone; a patient known elsewhere is asked for, and the other hospital grants it."""

import re
from datetime import date, timedelta

import pytest

from engine.datatypes.identifiers import make_pesel
from storage.accounts import add_membership, create_account, create_site
from tests.scenarios.page_faults import faults

HOME = "/lead_extraction/day"


@pytest.fixture(scope="module")
def second(served):
    """A second hospital with its coordinator, who has signed in nowhere yet."""
    database, now = served.space.database, served.clock.now
    site = create_site(database, "990000000999", "Szpital Drugi", who="office", at=now)
    account = create_account(database, "beata", "Beata", "correct horse battery", who="office", at=now)
    add_membership(database, account, "lead_extraction", "coordinator", site_id=site, who="office", at=now)
    return site


@pytest.mark.parametrize("width", [1280, pytest.param(390, marks=pytest.mark.slow)])
def test_what_is_overdue_is_filled_in_and_gone(open_browser, served, width, tmp_path):
    page = open_browser(width=width)
    page.get_by_role("button", name="Nowy pacjent").click()
    page.wait_for_url("**/forms/**")
    who = page.url.split("/")[5]
    page.goto(f"/lead_extraction/patients/{who}")
    page.goto(page.locator("a[href*='.procedure']").first.get_attribute("href"))
    late = served.clock.now - timedelta(days=200)
    for part, value in (("d", late.day), ("m", late.month), ("y", late.year), ("t", "9:00")):
        page.fill(f"[name=proc_start__{part}]", str(value))
    page.locator(".dock [value=save]").click()
    page.wait_for_load_state("networkidle")
    page.goto(HOME)
    assert faults(page, "day", tmp_path, width) == []
    row = page.locator(f"section:has(#overdue) tr:has-text('{who}'):has-text('1 miesiącu')")
    row.locator("a[href*='/forms/']").click()
    page.wait_for_url("**/forms/**")
    assert ".fu_1m.1" in page.url
    page.locator("[name=fu_status][value=visit]").check(force=True)
    seen = late + timedelta(days=30)
    for part, value in (("d", seen.day), ("m", seen.month), ("y", seen.year)):
        page.fill(f"[name=fu_date__{part}]", str(value))
    page.locator(".dock [value=save]").click()
    page.wait_for_load_state("networkidle")
    page.goto(HOME)
    assert page.locator(f"section:has(#overdue) tr:has-text('{who}'):has-text('1 miesiącu')").count() == 0


@pytest.mark.parametrize("width", [1280, pytest.param(390, marks=pytest.mark.slow)])
def test_a_patient_known_elsewhere_is_asked_for_and_granted(open_browser, served, second, width, tmp_path):
    page = open_browser(width=width)
    page.get_by_role("button", name="Nowy pacjent").click()
    page.wait_for_url("**/forms/**")
    who = page.url.split("/")[5]
    pesel = make_pesel(date(1949, 3, 2), female=False, series=8000 + width)
    page.locator("[name=pat_id_type][value=pesel]").check(force=True)
    page.fill("[name=pesel]", pesel)
    page.fill("[name=last_name]", "Wędrowny")
    for part, value in (("d", "2"), ("m", "3"), ("y", "1949")):
        page.fill(f"[name=birth_date__{part}]", value)
    page.locator(".dock [value=save]").click()
    page.wait_for_load_state("networkidle")
    other = open_browser("beata", width=width)
    other.goto("/lead_extraction/patients")
    other.get_by_role("link", name="Czy pacjent jest już znany?").click()
    assert faults(other, "known", tmp_path, width) == []
    other.fill("#pesel", pesel)
    other.fill("#birth_date", "1949-03-02")
    other.fill("#surname", "Wędrowny")
    other.keyboard.press("Enter")
    other.wait_for_selector("#reason")
    assert who not in other.content()
    assert faults(other, "known-elsewhere", tmp_path, width) == []
    other.fill("#reason", "Pacjent zgłosił się na kontrolę")
    other.get_by_role("button", name="Poproś o przejęcie").click()
    other.wait_for_url("**/requests*")
    assert faults(other, "asked", tmp_path, width) == []
    database, now = served.space.database, served.clock.now
    account = create_account(database, f"celina{width}", "Celina", "correct horse battery", who="office", at=now)
    add_membership(database, account, "lead_extraction", "coordinator", site_id=served.site, who="office", at=now)
    boss = open_browser(f"celina{width}", width=width)
    boss.goto(HOME)
    boss.locator("section:has(#requests) a[href*='/requests']").first.click()
    boss.wait_for_url("**/requests")
    assert faults(boss, "to-decide", tmp_path, width) == []
    boss.locator(f"button[aria-label^='Udostępnij pacjenta: {who}']").click()
    boss.wait_for_selector("text=Pacjent jest udostępniony")
    boss.goto(f"/lead_extraction/patients/{who}/sharing")
    assert faults(boss, "sharing", tmp_path, width) == []
    boss.goto("/lead_extraction/completeness")
    assert faults(boss, "completeness", tmp_path, width) == []
    boss.goto(f"/lead_extraction/patients/{who}")
    assert faults(boss, "patient-of-boss", tmp_path, width) == []
    other.goto(f"/lead_extraction/patients/{who}")
    assert re.search(who, other.locator("h1").inner_text())
