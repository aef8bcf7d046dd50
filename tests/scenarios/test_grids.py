"""Records of many days entered in a grid by keyboard and clipboard, as in a spreadsheet, in a real browser."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.scenarios.form_pages import HeldBack, kept, live, number_of, register, save
from tests.scenarios.page_faults import problems, too_wide

MARKED = re.compile(r"\b(bad|soft|put)\b")
FOLDER = Path(__file__).parents[1] / "fixtures" / "grids"


@pytest.fixture(scope="module")
def served(serve):
    return serve(FOLDER, "support")


def saved(page):
    save(page)
    live(page)


def begin(page, day="26", month="6", series="daily.day"):
    """A patient on support since a day; the address of the grid, which is open."""
    page.goto("/support/patients")
    register(page)
    page.goto(page.url.split("/forms/")[0])
    course = page.locator("a[href$='.course']").first.get_attribute("href")
    page.goto(course)
    for part, text in zip("dmy", (day, month, "2025"), strict=True):
        page.fill(f"[name=started__{part}]", text)
    save(page)
    address = course.replace("/forms/", "/grids/").replace("course", series)
    page.goto(address)
    live(page)
    return address


def cell(page, name):
    return page.locator(f'[id="{name}"]')


def stand(page, texts):
    """Texts stand in cells, by their names."""
    for name, text in texts.items():
        expect(cell(page, name)).to_have_value(text)


def at(page, name):
    """The keyboard is at a cell."""
    expect(cell(page, name)).to_be_focused()


def type_down(page, start, *values):
    cell(page, start).focus()
    for value in values:
        page.keyboard.type(value)
        page.keyboard.press("Enter")


def paste(page, text):
    page.evaluate(
        """text => { const data = new DataTransfer(); data.setData('text/plain', text);
        document.activeElement.dispatchEvent(new ClipboardEvent('paste', {clipboardData: data, bubbles: true, cancelable: true})); }""",
        text,
    )


def copied(page):
    return page.evaluate(
        """() => { const data = new DataTransfer();
        document.activeElement.dispatchEvent(new ClipboardEvent('copy', {clipboardData: data, bubbles: true, cancelable: true}));
        return data.getData('text/plain'); }"""
    )


def told(page):
    return page.locator("[data-said] span")


def marks(page, name):
    """What a cell is marked as: 'bad', 'soft', 'put' for what was filled in."""
    return expect(page.locator(f'[data-cell="{name}"]'))


def test_a_day_is_typed_down_its_column_and_saved_with_one_save(open_browser, served):
    page = open_browser()
    begin(page)
    type_down(page, "d1.mode", "va", "4,2", "3400", "180", "nd", "2,5")
    at(page, "d1.platelets")
    stand(page, {"d1.mode": "VA", "d1.p_post": "[nie wykonano]"})
    type_down(page, "d2.mode", "vv", "4,0", "3400", "200", "170")
    expect(cell(page, "d2.drop")).to_have_text("30")
    saved(page)
    expect(page.locator(".note.ready")).to_have_text("Zapisano.")
    stand(
        page, {"d1.mode": "VA", "d1.flow": "4,2", "d1.p_post": "[nie wykonano]", "d1.lactate": "2,5", "d2.p_pre": "200"}
    )
    who = number_of(page)
    forms = served.record(who).forms.values()
    assert sorted(form.place.form for form in forms) == ["course", "daily", "daily"]


def test_keys_go_as_in_a_spreadsheet(open_browser):
    page = open_browser()
    begin(page)
    type_down(page, "d1.rpm", "3400", "180", "160")
    cell(page, "d1.rpm").focus()
    for key, name in (
        ("ArrowRight", "d2.rpm"), ("ArrowDown", "d2.p_pre"), ("ArrowLeft", "d1.p_pre"), ("ArrowUp", "d1.rpm"), ("End", "d6.rpm"),
        ("Home", "d1.rpm"), ("Control+End", "d6.remark_of_day"), ("Control+Home", "d1.mode"), ("Tab", "d2.mode"),
        ("Shift+Tab", "d1.mode"),
    ):  # fmt: skip
        page.keyboard.press(key)
        at(page, name)
    cell(page, "d1.rpm").focus()
    page.keyboard.press("Control+ArrowDown")
    at(page, "d1.p_post")
    page.keyboard.press("Control+ArrowDown")
    at(page, "d1.remark_of_day")
    page.keyboard.press("Shift+Enter")
    at(page, "d1.changed_on")


def test_typing_replaces_f2_edits_and_escape_gives_up(open_browser):
    page = open_browser()
    begin(page)
    type_down(page, "d1.rpm", "3400")
    cell(page, "d1.rpm").focus()
    page.keyboard.type("35")
    stand(page, {"d1.rpm": "35"})
    page.keyboard.press("Escape")
    stand(page, {"d1.rpm": "3400"})
    page.keyboard.press("F2")
    page.keyboard.press("ArrowLeft")
    page.keyboard.type("5")
    at(page, "d1.rpm")
    stand(page, {"d1.rpm": "34050"})
    page.keyboard.press("Enter")
    page.keyboard.press("Shift+Enter")
    page.keyboard.press("Delete")
    stand(page, {"d1.rpm": ""})
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    stand(page, {"d1.rpm": "3400"})
    page.keyboard.press("Control+y")
    stand(page, {"d1.rpm": "34050"})


def test_a_rule_about_the_day_before_speaks_in_the_cell_and_follows_that_day(open_browser):
    page = open_browser()
    begin(page)
    type_down(page, "d1.lactate", "2")
    cell(page, "d3.lactate").focus()
    page.keyboard.type("7")
    kept(page)  # the server has answered too
    marks(page, "d3.lactate").not_to_have_class(MARKED)  # while it is being typed
    page.keyboard.press("Enter")
    page.wait_for_selector('[data-cell="d3.lactate"].soft')
    expect(page.locator('[id="d3.lactate-e"]')).to_contain_text("ponad trzykrotnie")
    expect(cell(page, "d3.lactate")).to_have_attribute("aria-describedby", "d3.lactate-e")
    expect(page.locator("[data-grid-issues]")).to_contain_text("Mleczany, Doba 3")
    type_down(page, "d2.lactate", "3")  # a day in between, which was not there
    page.wait_for_selector('[data-cell="d3.lactate"]:not(.soft)')
    type_down(page, "d2.lactate", "1")
    page.wait_for_selector('[data-cell="d3.lactate"].soft')
    page.locator("[data-grid-issues] .ack input").check()
    page.wait_for_selector('[data-cell="d3.lactate"]:not(.soft)')
    kept(page)
    saved(page)
    expect(page.locator("[data-grid-issues] .ack input")).to_be_checked()  # the answer was saved with the day
    marks(page, "d3.lactate").not_to_contain_class("soft")


def test_yesterday_is_copied_where_nothing_stands_and_undone(open_browser):
    page = open_browser()
    begin(page)
    type_down(page, "d1.mode", "va", "4,2", "3400")
    type_down(page, "d1.changed_on", "27062025")
    cell(page, "d2.rpm").focus()
    page.keyboard.type("3500")
    page.keyboard.press("Control+Shift+D")
    stand(page, {"d2.mode": "VA", "d2.flow": "4,2", "d2.rpm": "3500", "d2.changed_on": ""})
    stand(page, {"d1.changed_on": "27.06.2025"})
    marks(page, "d2.flow").to_contain_class("put")
    expect(told(page)).to_contain_text("przepisane")
    page.keyboard.press("Control+z")
    stand(page, {"d2.flow": ""})
    cell(page, "d3.rpm").focus()
    page.keyboard.press("Control+d")
    stand(page, {"d3.rpm": "3500"})
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Control+d")
    stand(page, {"d4.rpm": "3500", "d5.rpm": "3500", "d6.rpm": ""})
    page.get_by_role("button", name="Cofnij").click()
    stand(page, {"d4.rpm": "", "d5.rpm": ""})


def test_a_block_of_a_spreadsheet_is_pasted_as_it_stands_there(open_browser):
    page = open_browser()
    begin(page)
    cell(page, "d1.mode").focus()
    paste(page, "VA\tvv\n4,2\t3.9\n3400\t3 500\n180\tnie wykonano\n160\t\n")
    stand(page, {"d1.mode": "VA", "d2.mode": "VV", "d2.flow": "3.9", "d2.rpm": "3 500", "d2.p_pre": "[nie wykonano]"})
    expect(cell(page, "d1.drop")).to_have_text("20")
    assert copied(page) == "VA\tVV\n4,2\t3.9\n3400\t3 500\n180\t[nie wykonano]\n160\t"
    cell(page, "d2.lactate").focus()
    paste(page, 'dużo\n"150"\nTak\nkaniula; przewód pokarmowy\n2025-06-30\n"dwie\nlinie"')
    stand(page, {"d2.lactate": "dużo", "d2.sites": "kaniula; przewód pokarmowy", "d2.changed_on": "2025-06-30"})
    at(page, "d2.lactate")
    page.keyboard.press("Enter")  # a fault is told when one leaves the cell
    page.wait_for_selector('[data-cell="d2.lactate"].bad')
    saved(page)
    expect(page.locator(".note.soft").first).to_contain_text("Zostały w swoich komórkach")
    stand(
        page,
        {"d2.lactate": "dużo", "d2.platelets": "150", "d2.changed_on": "30.06.2025", "d2.remark_of_day": "dwie\nlinie"},
    )
    marks(page, "d2.lactate").to_contain_class("bad")
    marks(page, "d2.lactate").not_to_have_class(re.compile(r"\b(soft|put)\b"))


def test_what_does_not_fit_is_told_and_nothing_is_lost(open_browser):
    page = open_browser()
    begin(page)
    type_down(page, "d5.rpm", "3400")
    cell(page, "d5.rpm").focus()
    paste(page, "1\t2\t3")
    expect(told(page)).to_contain_text("1 × 3")
    stand(page, {"d5.rpm": "3400", "d6.rpm": ""})
    cell(page, "d6.p_post").focus()
    paste(page, "160\n99")
    expect(told(page)).to_contain_text("Gradient ciśnień: 99")  # it is calculated
    stand(page, {"d6.p_post": "160"})


def test_a_reason_is_chosen_where_one_may_be_given(open_browser):
    page = open_browser()
    begin(page)
    cell(page, "d1.lactate").focus()
    page.keyboard.press("Alt+b")
    expect(page.locator("dialog").get_by_role("heading")).to_have_text("Dlaczego brak: Mleczany, Doba 1")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    at(page, "d1.lactate")
    stand(page, {"d1.lactate": "[nieznane]"})
    cell(page, "d1.bleeding").focus()
    page.keyboard.press("Alt+b")
    expect(told(page)).to_contain_text("nie podaje się powodu")


def test_what_is_typed_is_kept_and_untouched_columns_are_not(open_browser, served):
    page = open_browser()
    address = begin(page)
    type_down(page, "d2.rpm", "3400")
    kept(page)
    page.goto(address)
    live(page)
    stand(page, {"d2.rpm": "3400"})
    who = address.split("/patients/")[1].split("/")[0]
    record = served.record(who)
    assert [row.number for row in record.occurrences if row.event == "day"] == [2]
    assert [form.place.form for form in record.forms.values()] == ["course"]
    page.goto(address.replace("grids", "forms") + ".2")
    expect(page.locator("[name=rpm]")).to_have_value("3400")
    page.get_by_role("link", name="Wszystkie obok siebie").click()
    page.wait_for_selector("[data-grid]")


def test_what_is_typed_before_the_script_runs_is_saved(open_browser):
    page = open_browser()
    address = begin(page)
    script = HeldBack(page, "**/static/grid.js")
    page.goto(address, wait_until="commit")
    cell(page, "d2.rpm").fill("3400")
    script.let_go()
    live(page)
    saved(page)
    stand(page, {"d2.rpm": "3400"})


def test_another_one_who_saves_other_columns_does_not_matter(open_browser):
    page, other = open_browser(), open_browser("piotr")
    address = begin(page)
    type_down(page, "d1.lactate", "1")
    saved(page)
    other.goto(address)
    live(other)
    type_down(other, "d1.lactate", "5")
    type_down(other, "d2.lactate", "6")
    saved(other)
    type_down(page, "d3.lactate", "7")  # the page is older than what Piotr saved
    saved(page)
    stand(page, {"d1.lactate": "5", "d2.lactate": "6", "d3.lactate": "7"})
    type_down(other, "d3.lactate", "8")
    type_down(other, "d4.lactate", "8")
    saved(other)
    expect(other.locator(".note.soft").first).to_contain_text("Doba 3: ktoś inny zapisał")
    other.get_by_role("button", name="Porównaj wartości").click()
    other.wait_for_selector(".clash")


def test_two_weeks_of_many_have_fields(open_browser):
    page = open_browser()
    address = begin(page, "1", "1")
    expect(page.locator("thead [data-column]")).to_have_count(182)
    expect(page.locator("[data-row=rpm] .in")).to_have_count(14)
    page.goto(f"{address}?first=1")
    live(page)
    type_down(page, "d14.rpm", "3400")
    saved(page)
    page.goto(f"{address}?first=15")
    live(page)
    cell(page, "d15.rpm").focus()
    page.keyboard.press("Control+d")  # from a day that is text
    stand(page, {"d15.rpm": "3400"})


def test_new_records_are_begun_at_will(open_browser):
    page = open_browser()
    begin(page, series="laboratory.lab")
    cell(page, "d1.taken").focus()
    paste(page, "27.06.2025 09:10\t28.06.2025 9:15\n110 umol/L\t1,3 mg/dL")
    saved(page)
    stand(page, {"d2.taken": "28.06.2025 09:15", "d1.creatinine": "110 µmol/L", "d2.creatinine": "1,3 mg/dL"})
    expect(page.locator("thead [data-column]")).to_have_count(7)


def test_without_scripts_cells_are_saved_and_each_day_has_its_page(open_browser):
    page = open_browser(scripts=False)
    page.goto("/support/patients")
    register(page)
    page.goto(page.url.split("/forms/")[0])
    course = page.locator("a[href$='.course']").first.get_attribute("href")
    page.goto(course)
    for part, text in zip("dmy", ("30", "6", "2025"), strict=True):
        page.fill(f"[name=started__{part}]", text)
    save(page)
    page.goto(course.replace("/forms/", "/grids/").replace("course", "daily.day"))
    cell(page, "d1.rpm").fill("3400")
    save(page)
    expect(page.locator(".note.ready")).to_have_text("Zapisano.")
    page.get_by_role("link", name="Doba 1").click()
    expect(page.locator("[name=rpm]")).to_have_value("3400")


@pytest.mark.parametrize("width", [1280, pytest.param(390, marks=pytest.mark.slow)])
@pytest.mark.parametrize("language", ["pl", pytest.param("en", marks=pytest.mark.slow)])
def test_the_grid_is_accessible(open_browser, width, language):
    page = open_browser(width=width, language=language)
    begin(page)
    type_down(page, "d6.mode", "va", "99", "3400")
    if width < 960:  # the day before and this one, and one goes on from there
        expect(page.locator("thead [data-column]:visible")).to_have_count(2)
        page.locator("[data-do=before]").click()
        expect(page.locator('[id^="d5."]:focus')).to_have_count(1)
    page.wait_for_selector(".cell.bad", state="attached")
    assert problems(page) == []
    assert too_wide(page) == []
    link = page.locator("[data-grid-issues] a").first
    name = re.sub("^#", "", link.get_attribute("href"))
    link.click()
    at(page, name)
