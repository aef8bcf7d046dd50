"""A form that was only just begun is calm: it says nothing of what nobody has come to yet."""

import re

import pytest
from playwright.sync_api import expect

from tests.scenarios.form_pages import kept, live, number_of, register, save, to_form

REGISTRY = "lead_extraction"
FORMS = (
    "patient", "admission", "baseline", "device", "indication", "workup", "procedure", "complications.procedure.1",
    "reimplantation", "discharge", "follow_up.fu_1m.1", "death",
)  # fmt: skip
MESSAGES = "#entry .msg, .f.bad, .f.soft, .issues.bad, .issues.soft, [data-issues] a, [data-tally] .st"


def start(page):
    page.goto("/lead_extraction/patients")
    register(page)
    return number_of(page)


def told(page):
    """The messages that one sees."""
    return page.locator("#entry .msg:visible")


@pytest.mark.parametrize(
    ("width", "scripts"), [(1280, True), pytest.param(390, True, marks=pytest.mark.slow), (1280, False)]
)
def test_new_forms_say_nothing(open_browser, width, scripts):
    page = open_browser(width=width, scripts=scripts)
    who = start(page)
    for form in FORMS:
        if form != "patient":
            to_form(page, REGISTRY, who, form)
        if scripts:
            live(page)
        expect(page.locator(".req:visible"), form).not_to_have_count(0)
        expect(page.locator(MESSAGES), form).to_have_count(0)
        if form == "patient":
            page.fill("[name=last_name]", "Przykładowa")
            save(page)


def test_what_somebody_did_is_judged_when_they_leave_the_field(open_browser):
    page = open_browser()
    start(page)
    live(page)
    page.locator("[name=pat_id_type][value=pesel]").check(force=True)
    page.fill("[name=pesel]", "49030204711")
    kept(page)  # the server has answered too
    expect(told(page)).to_have_count(0)  # it may not be whole yet
    page.keyboard.press("Tab")
    expect(page.locator("#f-pesel .msg")).to_have_count(1)
    page.fill("[name=pesel]", "49030204710")  # what is put right is put right at once
    expect(told(page)).to_have_count(0)
    page.fill("[name=birth_date__d]", "3")
    kept(page)
    expect(told(page)).to_have_count(0)
    page.focus("[name=phone]")
    expect(page.locator("#f-birth_date .msg")).to_have_count(1)


def test_calm_outlives_the_working_copy_and_ends_with_a_save(open_browser):
    page = open_browser()
    who = start(page)
    page.fill("[name=last_name]", "Przykładowa")
    save(page)
    to_form(page, REGISTRY, who, "procedure")
    live(page)
    page.locator("[name=anaesthesia][type=radio]").first.check(force=True)
    kept(page)  # the server's answer has come
    expect(told(page)).to_have_count(0)
    to_form(page, REGISTRY, who, "procedure")
    live(page)
    expect(told(page)).to_have_count(0)
    save(page)
    to_form(page, REGISTRY, who, "procedure")
    expect(told(page).filter(has_text="co najmniej jedna elektroda")).not_to_have_count(0)  # TLE-28


def test_a_save_leaves_one_where_one_was(open_browser):
    page = open_browser()
    start(page)
    live(page)
    page.fill("[name=last_name]", "Przykładowa")
    page.locator("[name=birth_date__y]").fill("19x")
    with page.expect_navigation(url="**said=*"):
        page.keyboard.press("Control+s")
    live(page)
    expect(page.locator("[data-summary]")).to_have_count(0)
    page.locator("[name=birth_date__y]").fill("")
    with page.expect_navigation(url="**said=*"):
        page.keyboard.press("Control+s")
    expect(page.locator('[data-save="saved"]')).to_be_visible()
    expect(page.locator("[name=birth_date__y]")).to_be_focused()
    expect(page.locator("[data-filled]")).to_have_text(re.compile("^" + re.escape("Zapisano, ")))
    expect(told(page)).to_have_count(0)


def test_what_the_page_says_of_progress_agrees(open_browser):
    page = open_browser()
    who = start(page)
    page.fill("[name=last_name]", "Przykładowa")
    save(page)
    to_form(page, REGISTRY, who, "admission")
    live(page)
    expect(page.locator(".head .chip")).to_have_text("nierozpoczęty")
    page.locator("[name=payer][value=nfz]").check(force=True)
    page.fill("[name=adm_datetime__t]", "8:99")
    head, bar = page.locator(".head [data-progress]"), page.locator(".dock [data-progress]")
    expect(page.locator(".head .chip")).to_have_text("szkic")
    expect(head).to_have_text(re.compile("^1 z "))
    expect(bar).to_have_text(head.inner_text())
    kept(page)
    page.reload()
    expect(page.locator(".head .chip")).to_have_text("szkic")
    expect(bar).to_have_text(head.inner_text())


def test_completing_tells_all(open_browser):
    page = open_browser()
    who = start(page)
    page.fill("[name=last_name]", "Przykładowa")
    save(page)
    to_form(page, REGISTRY, who, "procedure")
    save(page, "complete")
    expect(told(page).filter(has_text="co najmniej jedna elektroda")).not_to_have_count(0)
    expect(page.locator("[data-summary]")).to_have_count(1)


def test_a_row_that_was_only_added_is_calm_too(open_browser):
    page = open_browser()
    who = start(page)
    page.fill("[name=last_name]", "Przykładowa")
    save(page)
    to_form(page, REGISTRY, who, "device")
    with page.expect_navigation():
        page.click("button[value='add:leads']")
    page.wait_for_selector("[data-row].open")
    live(page)
    expect(told(page)).to_have_count(0)
