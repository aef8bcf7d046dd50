"""Values piped into texts follow what is entered, in the browser at once and on the page that comes back."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.scenarios.form_pages import register

FOLDER = Path(__file__).parents[1] / "fixtures" / "piped"
OTHER = '<b>komorowa</b> & "inna"'


@pytest.fixture(scope="module")
def served(serve):
    return serve(FOLDER, "piped")


def save(page):
    page.locator(".dock [value=save]").click()
    page.wait_for_url("**said=*")


def plan_of_new_patient(page):
    """The address of the plan of a new patient."""
    page.goto("/piped/patients")
    register(page)
    page.fill("[name=nick]", "x")
    save(page)
    page.goto(page.url.split("/forms/")[0])
    return page.locator("a[href$='.plan']").first.get_attribute("href")


def begin(page):
    """A patient with two planned leads; the report with an open row."""
    plan = plan_of_new_patient(page)
    page.goto(plan)
    page.fill("[name=surgeon]", "Anna & Jan")
    page.fill("[name=limit]", "12,5")
    for number, kind in enumerate(("atrial", "pacing"), start=1):
        page.locator("[value='add:leads']").click()
        page.wait_for_url("**open=*")
        page.locator("[name$='.no']").last.fill(str(number))
        page.locator(f"[name$='.kind'][value={kind}]").last.check(force=True)
    save(page)
    page.goto(plan.replace(".plan", ".report"))
    page.locator("[value='add:removals']").click()
    page.wait_for_url("**open=*")
    page.wait_for_selector("[name=__live][value=yes]", state="attached")


def told(page):
    """Section, row, label and hint as they read now."""
    row = page.locator("[data-row].open")
    label = row.locator("[data-item=minutes] .f-l label")
    texts = (
        page.locator("#s-removed h2"),
        row.locator("[data-title]"),
        label,
        row.locator("[data-item=minutes] .hint"),
    )
    return tuple(each.first.inner_text() for each in texts)


def test_texts_follow_what_is_entered(open_browser):
    page = open_browser()
    begin(page)
    assert told(page)[0] == "Zabieg, operator Anna & Jan, dnia …"
    assert told(page)[2:] == ("Czas: …", "Najwyżej 12,5 min")
    for part, text in (("d", "1"), ("m", "6"), ("y", "2025")):
        page.fill(f"[name=day__{part}]", text)
    page.locator("[name$='.lead']").select_option(index=2)
    expected = (
        "Zabieg, operator Anna & Jan, dnia 01.06.2025", f"Elektroda {OTHER}: 2. {OTHER}", f"Czas: {OTHER}",
        "Najwyżej 12,5 min",
    )  # fmt: skip
    assert told(page) == expected
    assert page.locator("[data-step=s-removed] span").first.inner_text() == expected[0]
    page.locator("[name$='.minutes']").focus()
    page.keyboard.type("20")
    page.keyboard.press("Tab")  # a fault is told when one leaves a field
    message = page.locator("[data-item=minutes] .msg [data-text]")
    assert f"Elektroda {OTHER}: 20 min to więcej niż 12,5 min." in message.inner_text()
    page.locator("[name$='.lead']").select_option(index=1)
    assert told(page)[1:3] == ("Elektroda przedsionkowa: 1. przedsionkowa", "Czas: przedsionkowa")
    assert message.inner_text().startswith("Elektroda przedsionkowa: 20 min")
    page.locator("[name$='.lead']").select_option(index=2)
    page.wait_for_selector('[data-save="copy"]')
    page.reload()
    page.wait_for_selector("[name=__live][value=yes]", state="attached")
    assert told(page) == expected  # as the server writes it
    assert page.locator("b", has_text="komorowa").count() == 0


def test_what_is_looked_up_follows_the_answer_that_narrows_it(open_browser):
    page = open_browser()
    page.goto(plan_of_new_patient(page).replace(".plan", ".drugs"))
    page.wait_for_selector("[name=__live][value=yes]", state="attached")

    def offers(text, *codes):
        page.locator("#given-c").fill(text)
        expect(page.locator("#f-given [role=option] code")).to_have_text(codes)

    offers("lek", *(f"D{n:02d}" for n in range(1, 31)))
    page.locator("[name=route][value=oral]").check(force=True)
    offers("numer", *(f"D{n:02d}" for n in range(3, 31, 3)))
    page.locator("[name=route][value=iv]").check(force=True)
    offers("D01", "D01")


def test_a_unit_follows_the_answer_that_decides_it(open_browser):
    page = open_browser()
    page.goto(plan_of_new_patient(page).replace(".plan", ".drugs"))
    page.wait_for_selector("[name=__live][value=yes]", state="attached")
    unit = page.locator("[data-item=dose] .unit")
    assert unit.inner_text() == "…"
    page.locator("[name=route][value=iv]").check(force=True)
    assert unit.inner_text() == "mln j.m."
    page.locator("[name=route][value=oral]").check(force=True)
    assert unit.inner_text() == "g"
    save(page)
    assert unit.inner_text() == "g"
