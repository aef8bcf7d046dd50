"""A broken rule that is about another form says which, and leads there."""

import pytest

from tests.scenarios.form_pages import opened, register

RULE = "Wymagana kolejność"


def begin(page):
    page.goto("/lead_extraction/patients")
    register(page)
    return page.url.split("/patients/")[1].split("/")[0]


def fill_moment(page, who, form, item, day, clock):
    page.goto(f"/lead_extraction/patients/{who}")
    page.locator(f'.lanes a[href$=".{form}"]').first.click()
    opened(page)
    for part, text in zip("dmyt", (*day, clock), strict=True):
        page.fill(f"[name={item}__{part}]", text)


def save(page):
    page.locator(".dock [value=save]").click()
    page.wait_for_url("**said=*")


@pytest.mark.parametrize("scripts", [True, False])
def test_a_rule_about_another_form_leads_there(open_browser, scripts):
    page = open_browser(scripts=scripts)
    who = begin(page)
    fill_moment(page, who, "procedure", "proc_start", ("17", "3", "2025"), "09:10")
    save(page)
    fill_moment(page, who, "admission", "adm_datetime", ("18", "3", "2025"), "08:00")
    wide = page.locator("#form-wide .msg", has_text=RULE)
    if scripts:
        wide.wait_for()  # at once, and again after the save
    save(page)
    assert wide.locator("a").inner_text() == "Zobacz formularz: Zabieg"
    assert page.locator("[data-issues] a").first.get_attribute("href").endswith(".procedure")
    wide.locator("a").click()
    page.wait_for_url("**.procedure")
    assert RULE in page.locator("#f-proc_start .msg").inner_text()
    assert page.locator("#form-wide .msg a").count() == 0
