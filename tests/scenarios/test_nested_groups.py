"""Groups in groups in groups, filled in a browser: culture sets, their isolates, and the susceptibilities of each."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.scenarios.form_pages import kept, live, number_of, register
from tests.scenarios.page_faults import keep_picture, problems

FOLDER = Path(__file__).parents[1] / "fixtures" / "nested"


@pytest.fixture(scope="module")
def served(serve):
    return serve(FOLDER, "microbiology")


@pytest.fixture
def begin(open_browser):
    """Call it for the form of blood cultures of a new patient."""

    def form(**options):
        page = open_browser(**options)
        page.goto("/microbiology/patients")
        register(page)
        page.fill("[name=nick]", "x")
        press(page, "save")
        page.goto(page.url.split("/forms/")[0])
        page.goto(page.locator("a[href$='.cultures']").first.get_attribute("href"))
        if options.get("scripts", True):
            live(page)
        return page

    return form


def press(page, value):
    """Press the last button that stands for something, and wait for the page that comes."""
    with page.expect_navigation():
        page.locator(f'[name="__do"][value^="{value}"]').last.click()
    if page.locator("#form-state").count() and page.evaluate("Boolean(globalThis.ecrfForm)"):  # with scripts
        live(page)


def isolate(page, day="1"):
    """A positive culture set with an isolate whose susceptibility counts."""
    press(page, "add:bc")
    for part, text in (("d", day), ("m", "3"), ("y", "2025")):
        page.locator(f'[name$=".bc_date__{part}"]').last.fill(text)
    page.locator('[name$=".bc_result"][value=POS]').last.check(force=True)
    if page.locator('[value^="add:bc."]').last.is_hidden():
        press(page, "save")  # without scripts the page that comes back shows what depends on an answer
        press(page, "open:bc.")
    press(page, "add:bc.")
    page.locator('[name$=".iso_org"][value=SAUR]').last.check(force=True)
    page.locator('[name$=".iso_contam"][value=false]').last.check(force=True)
    if page.locator('[value^="fill:"]').is_hidden():
        press(page, "save")
        press(page, "open:bc.")
        press(page, "open:bc.")


def results(page):
    return page.locator('[name$=".ast_sir"][value=S]')


@pytest.mark.parametrize("width", [1280, pytest.param(390, marks=pytest.mark.slow)])
def test_a_whole_panel_is_typed_with_a_key_for_each_drug(begin, served, width, tmp_path):
    page = begin(width=width)
    isolate(page)
    press(page, "fill:")
    expect(results(page)).to_have_count(25)  # of 26 drugs one is not tested
    keep_picture(page, "panel", tmp_path, width)
    assert problems(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    expect(page.locator('[name$=".ast_sir"]:focus')).to_have_count(1)
    for key in "sirS2":
        page.keyboard.press(key)
    chosen = page.locator('[name$=".ast_sir"]:checked')
    for place, code in enumerate("SIRSI"):
        expect(chosen.nth(place)).to_have_value(code)
    expect(chosen).to_have_count(5)
    expect(page.locator("#f-resistant_n [data-calc]")).to_have_text("1")
    press(page, "save")
    stored = served.record(number_of(page))
    [data] = [form.data for form in stored.forms.values() if form.place.form == "cultures"]
    tested = data.groups["bc"][0].groups["iso"][0].groups["ast"]
    assert [(row.items["ast_drug"], row.items["ast_sir"]) for row in tested] == [
        ("PEN", "S"), ("AMP", "I"), ("AMC", "R"), ("OXA", "S"), ("FOX", "I")
    ]  # fmt: skip


def test_without_scripts_a_panel_is_filled_in_too(begin):
    page = begin(scripts=False)
    isolate(page)
    press(page, "fill:")
    page.locator('[name$=".ast_sir"][value=R]').nth(2).check(force=True)
    press(page, "save")
    expect(page.locator("#f-resistant_n [data-calc]")).to_have_text("1")


def test_a_fault_in_a_closed_row_leads_to_it_and_opens_it(begin):
    page = begin()
    isolate(page)
    press(page, "fill:")
    page.locator('[name$=".iso_resist"][value=MRSA]').last.check(force=True)
    page.locator('[name$=".ast_sir"][value=S]').nth(3).check(force=True)
    kept(page)
    press(page, "close:bc.")
    expect(results(page)).to_have_count(0)
    for rows in (1, 27):  # the culture, then its isolate with all lines of the panel
        with page.expect_navigation():
            page.locator("[data-issues] a").first.click()
        expect(page.locator("[data-row].open")).to_have_count(rows)
        live(page)
        page.locator('[name$=".bc_date__d"]').last.fill(str(rows))
        kept(page)
        expect(page.locator("[name=__live]")).to_have_value("yes")  # the rules go on, whatever the list of faults holds
    expect(page.locator("[data-issues]")).to_contain_text("oksacylina")


def test_rows_are_seen_without_a_working_copy(begin):
    page = begin()
    isolate(page)
    press(page, "save")
    press(page, "open:bc.")
    expect(page.locator("[data-row].open")).to_have_count(1)
    press(page, "close:bc.")
    expect(page.locator("[data-row].open")).to_have_count(0)
    expect(page.locator('[data-save="saved"]')).to_have_count(1)
