"""A broken rule that is about another form says which, and leads there."""

import re

import pytest
from playwright.sync_api import expect

from tests.scenarios.form_pages import number_of, register, save, to_form

RULE = "Wymagana kolejność"


def begin(page):
    page.goto("/lead_extraction/patients")
    register(page)
    return number_of(page)


def fill_moment(page, who, form, item, day, clock):
    to_form(page, "lead_extraction", who, form)
    for part, text in zip("dmyt", (*day, clock), strict=True):
        page.fill(f"[name={item}__{part}]", text)


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
    expect(wide.locator("a")).to_have_text("Zobacz formularz: Zabieg")
    expect(page.locator("[data-issues] a").first).to_have_attribute("href", re.compile(r"\.procedure$"))
    wide.locator("a").click()
    page.wait_for_url("**.procedure")
    expect(page.locator("#f-proc_start .msg")).to_contain_text(RULE)
    expect(page.locator("#form-wide .msg a")).to_have_count(0)
