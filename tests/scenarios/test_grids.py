"""Records of many days entered in a grid by keyboard and clipboard, as in a spreadsheet, in a real browser."""

import re
from pathlib import Path

import pytest

from tests.scenarios.form_pages import held_back, register
from tests.scenarios.page_faults import problems, too_wide

TONES = ("bad", "soft", "put")
FOLDER = Path(__file__).parents[1] / "fixtures" / "grids"


@pytest.fixture(scope="module")
def served(serve):
    return serve(FOLDER, "support")


def saved(page):
    page.locator(".dock [value=save]").click()
    page.wait_for_url("**said=*")
    ready(page)


def ready(page):
    page.wait_for_selector("[name=__live][value=yes]", state="attached")


def begin(page, day="26", month="6", series="daily.day"):
    """A patient on support since a day; the address of the grid, which is open."""
    page.goto("/support/patients")
    register(page)
    page.goto(page.url.split("/forms/")[0])
    course = page.locator("a[href$='.course']").first.get_attribute("href")
    page.goto(course)
    for part, text in zip("dmy", (day, month, "2025"), strict=True):
        page.fill(f"[name=started__{part}]", text)
    page.locator(".dock [value=save]").click()
    page.wait_for_url("**said=*")
    address = course.replace("/forms/", "/grids/").replace("course", series)
    page.goto(address)
    ready(page)
    return address


def cell(page, name):
    return page.locator(f'[id="{name}"]')


def texts(page, *names):
    return [cell(page, name).input_value() for name in names]


def here(page):
    return page.evaluate("document.activeElement.id")


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
    return page.locator("[data-said] span").inner_text()


def tone(page, name):
    """What a cell is marked as: 'bad', 'soft', 'put' for what was filled in."""
    return [each for each in page.locator(f'[data-cell="{name}"]').get_attribute("class").split() if each in TONES]


def test_a_day_is_typed_down_its_column_and_saved_with_one_save(open_browser, served):
    page = open_browser()
    begin(page)
    type_down(page, "d1.mode", "va", "4,2", "3400", "180", "nd", "2,5")
    assert here(page) == "d1.platelets"
    assert texts(page, "d1.mode", "d1.p_post") == ["VA", "[nie wykonano]"]
    type_down(page, "d2.mode", "vv", "4,0", "3400", "200", "170")
    assert cell(page, "d2.drop").inner_text() == "30"
    saved(page)
    assert page.locator(".note.ready").inner_text() == "Zapisano."
    assert texts(page, "d1.mode", "d1.flow", "d1.p_post", "d1.lactate", "d2.p_pre") == [
        "VA",
        "4,2",
        "[nie wykonano]",
        "2,5",
        "200",
    ]
    who = page.url.split("/patients/")[1].split("/")[0]
    forms = served.record(who).forms.values()
    assert sorted(form.place.form for form in forms) == ["course", "daily", "daily"]


def test_keys_go_as_in_a_spreadsheet(open_browser):
    page = open_browser()
    begin(page)
    type_down(page, "d1.rpm", "3400", "180", "160")
    cell(page, "d1.rpm").focus()
    seen = []
    for key in (
        "ArrowRight",
        "ArrowDown",
        "ArrowLeft",
        "ArrowUp",
        "End",
        "Home",
        "Control+End",
        "Control+Home",
        "Tab",
        "Shift+Tab",
    ):
        page.keyboard.press(key)
        seen.append(here(page))
    assert seen == [
        "d2.rpm", "d2.p_pre", "d1.p_pre", "d1.rpm", "d6.rpm", "d1.rpm", "d6.remark_of_day", "d1.mode", "d2.mode", "d1.mode",
    ]  # fmt: skip
    cell(page, "d1.rpm").focus()
    page.keyboard.press("Control+ArrowDown")
    assert here(page) == "d1.p_post"
    page.keyboard.press("Control+ArrowDown")
    assert here(page) == "d1.remark_of_day"
    page.keyboard.press("Shift+Enter")
    assert here(page) == "d1.changed_on"


def test_typing_replaces_f2_edits_and_escape_gives_up(open_browser):
    page = open_browser()
    begin(page)
    type_down(page, "d1.rpm", "3400")
    cell(page, "d1.rpm").focus()
    page.keyboard.type("35")
    assert texts(page, "d1.rpm") == ["35"]
    page.keyboard.press("Escape")
    assert texts(page, "d1.rpm") == ["3400"]
    page.keyboard.press("F2")
    page.keyboard.press("ArrowLeft")
    page.keyboard.type("5")
    assert (here(page), texts(page, "d1.rpm")) == ("d1.rpm", ["34050"])
    page.keyboard.press("Enter")
    page.keyboard.press("Shift+Enter")
    page.keyboard.press("Delete")
    assert texts(page, "d1.rpm") == [""]
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    assert texts(page, "d1.rpm") == ["3400"]
    page.keyboard.press("Control+y")
    assert texts(page, "d1.rpm") == ["34050"]


def test_a_rule_about_the_day_before_speaks_in_the_cell_and_follows_that_day(open_browser):
    page = open_browser()
    begin(page)
    type_down(page, "d1.lactate", "2")
    cell(page, "d3.lactate").focus()
    page.keyboard.type("7")
    assert tone(page, "d3.lactate") == []  # while it is being typed
    page.keyboard.press("Enter")
    page.wait_for_selector('[data-cell="d3.lactate"].soft')
    assert "ponad trzykrotnie" in page.locator('[id="d3.lactate-e"]').text_content()
    assert cell(page, "d3.lactate").get_attribute("aria-describedby") == "d3.lactate-e"
    assert "Mleczany, Doba 3" in page.locator("[data-grid-issues]").inner_text()
    type_down(page, "d2.lactate", "3")  # a day in between, which was not there
    page.wait_for_selector('[data-cell="d3.lactate"]:not(.soft)')
    type_down(page, "d2.lactate", "1")
    page.wait_for_selector('[data-cell="d3.lactate"].soft')
    page.locator("[data-grid-issues] .ack input").check()
    page.wait_for_selector('[data-cell="d3.lactate"]:not(.soft)')
    page.wait_for_selector("[data-save=copy]")
    saved(page)
    assert page.locator("[data-grid-issues] .ack input").is_checked()  # the answer was saved with the day
    assert "soft" not in tone(page, "d3.lactate")


def test_yesterday_is_copied_where_nothing_stands_and_undone(open_browser):
    page = open_browser()
    begin(page)
    type_down(page, "d1.mode", "va", "4,2", "3400")
    type_down(page, "d1.changed_on", "27062025")
    cell(page, "d2.rpm").focus()
    page.keyboard.type("3500")
    page.keyboard.press("Control+Shift+D")
    assert texts(page, "d2.mode", "d2.flow", "d2.rpm", "d2.changed_on") == ["VA", "4,2", "3500", ""]
    assert texts(page, "d1.changed_on") == ["27.06.2025"]
    assert "put" in tone(page, "d2.flow")
    assert "przepisane" in told(page)
    page.keyboard.press("Control+z")
    assert texts(page, "d2.flow") == [""]
    cell(page, "d3.rpm").focus()
    page.keyboard.press("Control+d")
    assert texts(page, "d3.rpm") == ["3500"]
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Control+d")
    assert texts(page, "d4.rpm", "d5.rpm", "d6.rpm") == ["3500", "3500", ""]
    page.get_by_role("button", name="Cofnij").click()
    assert texts(page, "d4.rpm", "d5.rpm") == ["", ""]


def test_a_block_of_a_spreadsheet_is_pasted_as_it_stands_there(open_browser):
    page = open_browser()
    begin(page)
    cell(page, "d1.mode").focus()
    paste(page, "VA\tvv\n4,2\t3.9\n3400\t3 500\n180\tnie wykonano\n160\t\n")
    assert texts(page, "d1.mode", "d2.mode", "d2.flow", "d2.rpm", "d2.p_pre") == [
        "VA",
        "VV",
        "3.9",
        "3 500",
        "[nie wykonano]",
    ]
    assert cell(page, "d1.drop").inner_text() == "20"
    assert copied(page) == "VA\tVV\n4,2\t3.9\n3400\t3 500\n180\t[nie wykonano]\n160\t"
    cell(page, "d2.lactate").focus()
    paste(page, 'dużo\n"150"\nTak\nkaniula; przewód pokarmowy\n2025-06-30\n"dwie\nlinie"')
    assert texts(page, "d2.lactate", "d2.sites", "d2.changed_on") == [
        "dużo",
        "kaniula; przewód pokarmowy",
        "2025-06-30",
    ]
    assert here(page) == "d2.lactate"
    page.keyboard.press("Enter")  # a fault is told when one leaves the cell
    page.wait_for_selector('[data-cell="d2.lactate"].bad')
    saved(page)
    assert "Zostały w swoich komórkach" in page.locator(".note.soft").first.inner_text()
    assert texts(page, "d2.lactate", "d2.platelets", "d2.changed_on", "d2.remark_of_day") == [
        "dużo",
        "150",
        "30.06.2025",
        "dwie\nlinie",
    ]
    assert tone(page, "d2.lactate") == ["bad"]


def test_what_does_not_fit_is_told_and_nothing_is_lost(open_browser):
    page = open_browser()
    begin(page)
    type_down(page, "d5.rpm", "3400")
    cell(page, "d5.rpm").focus()
    paste(page, "1\t2\t3")
    assert "1 × 3" in told(page)
    assert texts(page, "d5.rpm", "d6.rpm") == ["3400", ""]
    cell(page, "d6.p_post").focus()
    paste(page, "160\n99")
    assert "Gradient ciśnień: 99" in told(page)  # it is calculated
    assert texts(page, "d6.p_post") == ["160"]


def test_a_reason_is_chosen_where_one_may_be_given(open_browser):
    page = open_browser()
    begin(page)
    cell(page, "d1.lactate").focus()
    page.keyboard.press("Alt+b")
    assert page.locator("dialog").get_by_role("heading").inner_text() == "Dlaczego brak: Mleczany, Doba 1"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert (here(page), texts(page, "d1.lactate")) == ("d1.lactate", ["[nieznane]"])
    cell(page, "d1.bleeding").focus()
    page.keyboard.press("Alt+b")
    assert "nie podaje się powodu" in told(page)


def test_what_is_typed_is_kept_and_untouched_columns_are_not(open_browser, served):
    page = open_browser()
    address = begin(page)
    type_down(page, "d2.rpm", "3400")
    page.wait_for_selector("[data-save=copy]")
    page.goto(address)
    ready(page)
    assert texts(page, "d2.rpm") == ["3400"]
    who = address.split("/patients/")[1].split("/")[0]
    record = served.record(who)
    assert [row.number for row in record.occurrences if row.event == "day"] == [2]
    assert [form.place.form for form in record.forms.values()] == ["course"]
    page.goto(address.replace("grids", "forms") + ".2")
    assert page.locator("[name=rpm]").input_value() == "3400"
    page.get_by_role("link", name="Wszystkie obok siebie").click()
    page.wait_for_selector("[data-grid]")


def test_what_is_typed_before_the_script_runs_is_saved(open_browser):
    page = open_browser()
    address = begin(page)
    let_go = held_back(page, "grid.js")
    page.goto(address, wait_until="commit")
    cell(page, "d2.rpm").fill("3400")
    let_go()
    ready(page)
    saved(page)
    assert texts(page, "d2.rpm") == ["3400"]


def test_another_one_who_saves_other_columns_does_not_matter(open_browser):
    page, other = open_browser(), open_browser("piotr")
    address = begin(page)
    type_down(page, "d1.lactate", "1")
    saved(page)
    other.goto(address)
    ready(other)
    type_down(other, "d1.lactate", "5")
    type_down(other, "d2.lactate", "6")
    saved(other)
    type_down(page, "d3.lactate", "7")  # the page is older than what Piotr saved
    saved(page)
    assert texts(page, "d1.lactate", "d2.lactate", "d3.lactate") == ["5", "6", "7"]
    type_down(other, "d3.lactate", "8")
    type_down(other, "d4.lactate", "8")
    saved(other)
    assert "Doba 3: ktoś inny zapisał" in other.locator(".note.soft").first.inner_text()
    other.get_by_role("button", name="Porównaj wartości").click()
    other.wait_for_selector(".clash")


def test_two_weeks_of_many_have_fields(open_browser):
    page = open_browser()
    address = begin(page, "1", "1")
    assert page.locator("thead [data-column]").count() == 182
    assert page.locator("[data-row=rpm] .in").count() == 14
    page.goto(f"{address}?first=1")
    ready(page)
    type_down(page, "d14.rpm", "3400")
    saved(page)
    page.goto(f"{address}?first=15")
    ready(page)
    cell(page, "d15.rpm").focus()
    page.keyboard.press("Control+d")  # from a day that is text
    assert texts(page, "d15.rpm") == ["3400"]


def test_new_records_are_begun_at_will(open_browser):
    page = open_browser()
    begin(page, series="laboratory.lab")
    cell(page, "d1.taken").focus()
    paste(page, "27.06.2025 09:10\t28.06.2025 9:15\n110 umol/L\t1,3 mg/dL")
    saved(page)
    assert texts(page, "d2.taken", "d1.creatinine", "d2.creatinine") == ["28.06.2025 09:15", "110 µmol/L", "1,3 mg/dL"]
    assert page.locator("thead [data-column]").count() == 7


def test_without_scripts_cells_are_saved_and_each_day_has_its_page(open_browser):
    page = open_browser(scripts=False)
    page.goto("/support/patients")
    register(page)
    page.goto(page.url.split("/forms/")[0])
    course = page.locator("a[href$='.course']").first.get_attribute("href")
    page.goto(course)
    for part, text in zip("dmy", ("30", "6", "2025"), strict=True):
        page.fill(f"[name=started__{part}]", text)
    page.locator(".dock [value=save]").click()
    page.goto(course.replace("/forms/", "/grids/").replace("course", "daily.day"))
    cell(page, "d1.rpm").fill("3400")
    page.locator(".dock [value=save]").click()
    assert page.locator(".note.ready").inner_text() == "Zapisano."
    page.get_by_role("link", name="Doba 1").click()
    assert page.locator("[name=rpm]").input_value() == "3400"


@pytest.mark.parametrize("width", [1280, pytest.param(390, marks=pytest.mark.slow)])
@pytest.mark.parametrize("language", ["pl", pytest.param("en", marks=pytest.mark.slow)])
def test_the_grid_is_accessible(open_browser, width, language):
    page = open_browser(width=width, language=language)
    begin(page)
    type_down(page, "d6.mode", "va", "99", "3400")
    if width < 960:  # the day before and this one, and one goes on from there
        assert page.locator("thead [data-column]:visible").count() == 2
        page.locator("[data-do=before]").click()
        assert here(page).startswith("d5.")
    page.wait_for_selector(".cell.bad", state="attached")
    assert problems(page) == []
    assert too_wide(page) == []
    link = page.locator("[data-grid-issues] a").first
    name = re.sub("^#", "", link.get_attribute("href"))
    link.click()
    assert here(page) == name
