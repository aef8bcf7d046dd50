"""Groups in groups in groups, filled in a browser: culture sets, their isolates, and the susceptibilities of each."""

from pathlib import Path

import pytest

from tests.scenarios.form_pages import register
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
        return page

    return form


def press(page, value):
    """Press the last button that stands for something, and wait for the page that comes."""
    with page.expect_navigation():
        page.locator(f'[name="__do"][value^="{value}"]').last.click()
    if page.locator("#form-state").count() and page.evaluate("Boolean(globalThis.ecrfForm)"):
        page.wait_for_selector("[name=__live][value=yes]", state="attached")


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
    assert results(page).count() == 25  # of 26 drugs one is not tested
    keep_picture(page, "panel", tmp_path, width)
    assert problems(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    for key in "sirS2":
        page.keyboard.press(key)
    chosen = page.eval_on_selector_all('[name$=".ast_sir"]:checked', "boxes => boxes.map((box) => box.value)")
    assert chosen == ["S", "I", "R", "S", "I"]
    assert page.locator("#f-resistant_n [data-calc]").inner_text() == "1"
    press(page, "save")
    stored = served.record(page.url.split("/patients/")[1].split("/")[0])
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
    assert page.locator("#f-resistant_n [data-calc]").inner_text() == "1"


def test_a_fault_in_a_closed_row_leads_to_it_and_opens_it(begin):
    page = begin()
    isolate(page)
    press(page, "fill:")
    page.locator('[name$=".iso_resist"][value=MRSA]').last.check(force=True)
    page.locator('[name$=".ast_sir"][value=S]').nth(3).check(force=True)
    page.wait_for_selector('[data-save="copy"]')
    press(page, "close:bc.")
    assert results(page).count() == 0
    for opened in (1, 27):  # the culture, then its isolate with all lines of the panel
        with page.expect_navigation():
            page.locator("[data-issues] a").first.click()
        assert page.locator("[data-row].open").count() == opened
        page.wait_for_selector("[name=__live][value=yes]", state="attached")
        page.locator('[name$=".bc_date__d"]').last.fill(str(opened))
        assert page.input_value("[name=__live]") == "yes"  # the rules go on, whatever the list of faults holds
    assert "oksacylina" in page.locator("[data-issues]").inner_text()


def test_rows_are_seen_without_a_working_copy(begin):
    page = begin()
    isolate(page)
    press(page, "save")
    press(page, "open:bc.")
    assert page.locator("[data-row].open").count() == 1
    press(page, "close:bc.")
    assert page.locator("[data-row].open").count() == 0
    assert page.locator('[data-save="saved"]').count() == 1
