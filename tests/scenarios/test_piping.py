"""Values piped into texts follow what is entered, in the browser at once and on the page that comes back."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.scenarios.form_pages import kept, live, register, save

FOLDER = Path(__file__).parents[1] / "fixtures" / "piped"
OTHER = '<b>komorowa</b> & "inna"'


@pytest.fixture(scope="module")
def served(serve):
    return serve(FOLDER, "piped")


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
        with page.expect_navigation(url="**open=*"):
            page.locator("[value='add:leads']").click()
        page.locator("[name$='.no']").last.fill(str(number))
        page.locator(f"[name$='.kind'][value={kind}]").last.check(force=True)
    save(page)
    page.goto(plan.replace(".plan", ".report"))
    with page.expect_navigation(url="**open=*"):
        page.locator("[value='add:removals']").click()
    live(page)


def told(page, *expected):
    """Section, row, label and hint come to read so; what is None may read as it likes."""
    row = page.locator("[data-row].open")
    label = row.locator("[data-item=minutes] .f-l label")
    texts = (
        page.locator("#s-removed h2"),
        row.locator("[data-title]"),
        label,
        row.locator("[data-item=minutes] .hint"),
    )
    for each, text in zip(texts, expected, strict=True):
        if text is not None:
            expect(each.first).to_have_text(text)


def test_texts_follow_what_is_entered(open_browser):
    page = open_browser()
    begin(page)
    told(page, "Zabieg, operator Anna & Jan, dnia …", None, "Czas: …", "Najwyżej 12,5 min")
    for part, text in (("d", "1"), ("m", "6"), ("y", "2025")):
        page.fill(f"[name=day__{part}]", text)
    page.locator("[name$='.lead']").select_option(index=2)
    expected = (
        "Zabieg, operator Anna & Jan, dnia 01.06.2025", f"Elektroda {OTHER}: 2. {OTHER}", f"Czas: {OTHER}",
        "Najwyżej 12,5 min",
    )  # fmt: skip
    told(page, *expected)
    expect(page.locator("[data-step=s-removed] span").first).to_have_text(expected[0])
    page.locator("[name$='.minutes']").focus()
    page.keyboard.type("20")
    page.keyboard.press("Tab")  # a fault is told when one leaves a field
    message = page.locator("[data-item=minutes] .msg [data-text]")
    expect(message).to_contain_text(f"Elektroda {OTHER}: 20 min to więcej niż 12,5 min.")
    page.locator("[name$='.lead']").select_option(index=1)
    told(page, None, "Elektroda przedsionkowa: 1. przedsionkowa", "Czas: przedsionkowa", None)
    expect(message).to_have_text(re.compile("^Elektroda przedsionkowa: 20 min"))
    page.locator("[name$='.lead']").select_option(index=2)
    kept(page)
    page.reload()
    live(page)
    told(page, *expected)  # as the server writes it
    expect(page.locator("b", has_text="komorowa")).to_have_count(0)


def test_what_is_looked_up_follows_the_answer_that_narrows_it(open_browser):
    page = open_browser()
    page.goto(plan_of_new_patient(page).replace(".plan", ".drugs"))
    live(page)

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
    live(page)
    unit = page.locator("[data-item=dose] .unit")
    expect(unit).to_have_text("…")
    page.locator("[name=route][value=iv]").check(force=True)
    expect(unit).to_have_text("mln j.m.")
    page.locator("[name=route][value=oral]").check(force=True)
    expect(unit).to_have_text("g")
    save(page)
    expect(unit).to_have_text("g")
