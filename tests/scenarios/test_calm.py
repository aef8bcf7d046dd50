"""A form that was only just begun is calm: it says nothing of what nobody has come to yet."""

import pytest

from tests.scenarios.form_pages import opened, register

FORMS = (
    "patient", "admission", "baseline", "device", "indication", "workup", "procedure", "complications.procedure.1",
    "reimplantation", "discharge", "follow_up.fu_1m.1", "death",
)  # fmt: skip
MESSAGES = "#entry .msg, .f.bad, .f.soft, .issues.bad, .issues.soft, [data-issues] a, [data-tally] .st"


def start(page):
    page.goto("/lead_extraction/patients")
    register(page)
    return page.url.split("/patients/")[1].split("/")[0]


def save(page, verb="save"):
    page.locator(f".dock [value={verb}]").click()
    page.wait_for_url("**said=*")


def to_form(page, who, form):
    page.goto(f"/lead_extraction/patients/{who}")
    page.locator(f'.lanes a[href$=".{form}"]').first.click()
    opened(page)


def live(page):
    page.wait_for_selector("[name=__live][value=yes]", state="attached")


def told(page):
    return page.locator("#entry .msg:visible").all_inner_texts()


@pytest.mark.parametrize(
    ("width", "scripts"), [(1280, True), pytest.param(390, True, marks=pytest.mark.slow), (1280, False)]
)
def test_new_forms_say_nothing(open_browser, width, scripts):
    page = open_browser(width=width, scripts=scripts)
    who = start(page)
    for form in FORMS:
        if form != "patient":
            to_form(page, who, form)
        if scripts:
            live(page)
        assert page.locator(MESSAGES).count() == 0, form
        assert page.locator(".req:visible").count() > 0, form
        if form == "patient":
            page.fill("[name=last_name]", "Przykładowa")
            save(page)


def test_what_somebody_did_is_judged_when_they_leave_the_field(open_browser):
    page = open_browser()
    start(page)
    live(page)
    page.locator("[name=pat_id_type][value=pesel]").check(force=True)
    page.fill("[name=pesel]", "49030204711")
    assert told(page) == []  # it may not be whole yet
    page.keyboard.press("Tab")
    page.locator("#f-pesel .msg").wait_for()
    assert page.locator("#f-pesel .msg").count() == 1
    page.fill("[name=pesel]", "49030204710")  # what is put right is put right at once
    assert told(page) == []
    page.fill("[name=birth_date__d]", "3")
    assert told(page) == []
    page.focus("[name=phone]")
    page.locator("#f-birth_date .msg").wait_for()
    assert page.locator("#f-birth_date .msg").count() == 1


def test_calm_outlives_the_working_copy_and_ends_with_a_save(open_browser):
    page = open_browser()
    who = start(page)
    page.fill("[name=last_name]", "Przykładowa")
    save(page)
    to_form(page, who, "procedure")
    live(page)
    page.locator("[name=anaesthesia][type=radio]").first.check(force=True)
    page.wait_for_selector('[data-save="copy"]')  # the server's answer has come
    assert told(page) == []
    to_form(page, who, "procedure")
    assert told(page) == []
    save(page)
    to_form(page, who, "procedure")
    assert any("co najmniej jedna elektroda" in each for each in told(page))  # TLE-28


def test_a_save_leaves_one_where_one_was(open_browser):
    page = open_browser()
    start(page)
    live(page)
    page.fill("[name=last_name]", "Przykładowa")
    page.locator("[name=birth_date__y]").fill("19x")
    page.keyboard.press("Control+s")
    page.wait_for_url("**said=*")
    assert page.locator("[data-summary]").count() == 0
    page.locator("[name=birth_date__y]").fill("")
    page.keyboard.press("Control+s")
    page.wait_for_selector('[data-save="saved"]')
    page.wait_for_function("() => document.activeElement.name === 'birth_date__y'")
    assert page.locator("[data-filled]").inner_text().startswith("Zapisano, ")
    assert told(page) == []


def test_what_the_page_says_of_progress_agrees(open_browser):
    page = open_browser()
    who = start(page)
    page.fill("[name=last_name]", "Przykładowa")
    save(page)
    to_form(page, who, "admission")
    live(page)
    assert page.locator(".head .chip").inner_text() == "nierozpoczęty"
    page.locator("[name=payer][value=nfz]").check(force=True)
    page.fill("[name=adm_datetime__t]", "8:99")
    head, bar = page.locator(".head [data-progress]"), page.locator(".dock [data-progress]")
    assert page.locator(".head .chip").inner_text() == "szkic"
    assert head.inner_text() == bar.inner_text()
    assert head.inner_text().startswith("1 z ")
    page.wait_for_selector('[data-save="copy"]')
    page.reload()
    assert (page.locator(".head .chip").inner_text(), head.inner_text()) == ("szkic", bar.inner_text())


def test_completing_tells_all(open_browser):
    page = open_browser()
    who = start(page)
    page.fill("[name=last_name]", "Przykładowa")
    save(page)
    to_form(page, who, "procedure")
    save(page, "complete")
    assert any("co najmniej jedna elektroda" in each for each in told(page))
    assert page.locator("[data-summary]").count() == 1


def test_a_row_that_was_only_added_is_calm_too(open_browser):
    page = open_browser()
    who = start(page)
    page.fill("[name=last_name]", "Przykładowa")
    save(page)
    to_form(page, who, "device")
    page.click("button[value='add:leads']")
    page.wait_for_selector("[data-row].open")
    assert told(page) == []
