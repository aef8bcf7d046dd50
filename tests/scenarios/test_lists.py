"""A long list of answers: found by code or by words, what is chosen in sight."""

import re

import pytest
from playwright.sync_api import expect

from tests.scenarios.form_pages import HeldBack, kept, live, number_of, register, save, to_form


def open_procedure(page):
    page.goto("/lead_extraction/patients")
    register(page)
    page.fill("[name=last_name]", "Przykładowa")
    save(page)
    to_form(page, "lead_extraction", number_of(page), "procedure")
    live(page)


def offered(page):
    return page.locator("#f-proc_icd9 [role=option] code")


def chosen(page):
    return expect(page.locator("#f-proc_icd9 .chips code"))


def test_procedures_are_chosen_by_keyboard_alone(open_browser):
    page = open_browser()
    open_procedure(page)
    search, told = page.locator("#proc_icd9-c"), page.locator("#f-proc_icd9 [role=status]")
    section = page.locator("[data-step] small").all_inner_texts()
    search.focus()
    page.keyboard.insert_text("37.7")
    expect(told).to_have_text(re.compile("^[1-9]"))
    codes = offered(page).all_inner_texts()
    assert all(code.startswith("37.7") for code in codes)
    expect(told).to_have_text(re.compile(f"^{len(codes)} "))
    expect(page.locator("[data-step] small")).to_have_text(section)  # a search is no answer
    page.keyboard.press("ArrowDown")
    expect(search).to_have_attribute("aria-activedescendant", "proc_icd9-c-list-0")
    expect(page.locator("#proc_icd9-c-list-0")).to_have_attribute("aria-selected", "true")
    first = codes[0]
    page.keyboard.press("Enter")
    chosen(page).to_have_text([first])
    expect(search).to_have_value("")
    expect(search).to_have_attribute("aria-expanded", "false")
    expect(told).to_have_text(re.compile(f"^Dodano: {re.escape(first)}"))
    page.keyboard.insert_text("elektrod usuniecie")
    expect(told).to_have_text(re.compile("^[1-9]"))
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    chosen(page).to_have_count(2)
    page.keyboard.insert_text("nie ma takiej")
    expect(told).to_have_text(re.compile("^Nic nie pasuje"))
    page.keyboard.press("Control+A")
    page.keyboard.press("Delete")
    page.keyboard.press("Escape")
    page.keyboard.press("Backspace")  # to the last one that was chosen
    page.keyboard.press("Delete")
    chosen(page).to_have_text([first])
    kept(page)
    page.reload()
    page.wait_for_selector("#proc_icd9-c")
    chosen(page).to_have_text([first])
    expect(page.locator("#f-proc_icd9 .chips span:not(.vh)").first).not_to_be_empty()


def test_a_code_that_no_list_has_is_entered_as_it_is(open_browser):
    page = open_browser()
    open_procedure(page)
    page.locator("#proc_icd9-c").focus()
    page.keyboard.type("99.999")
    expect(page.locator("#f-proc_icd9 [role=option]")).to_have_text(["Wpisz kod 99.999 (nie ma go na liście)"])
    page.keyboard.press("Enter")
    chosen(page).to_have_text(["99.999"])


def test_who_types_on_is_not_given_what_was_asked_before(open_browser):
    page = open_browser()
    page.clock.install()
    open_procedure(page)
    page.clock.pause_at(page.evaluate("Date.now() + 1000"))
    page.locator("#proc_icd9-c").focus()
    question = HeldBack(page, re.compile(r"[?&]q=99\.99&"))
    page.keyboard.insert_text("99.99")
    page.clock.run_for(200)
    question.wait()
    page.keyboard.insert_text("9")
    with page.expect_response(re.compile(r"[?&]q=99\.99&")) as answer:
        question.let_go()
    answer.value.finished()
    page.keyboard.press("Enter")
    chosen(page).to_have_text(["99.999"])


@pytest.mark.parametrize("key", ["Enter", "Tab"])
def test_a_code_that_is_looked_up_still_goes_with_the_save(open_browser, key):
    page = open_browser()
    open_procedure(page)
    page.locator("#proc_icd9-c").focus()
    question = HeldBack(page, re.compile(r"[?&]q=37\.77&"))
    page.keyboard.insert_text("37.77")
    page.keyboard.press(key)
    question.wait()
    with page.expect_navigation(url="**said=*"):
        page.keyboard.press("Control+s")
        question.let_go()
    chosen(page).to_have_text(["37.77"])


def test_the_list_stays_open_for_who_comes_back_to_it(open_browser):
    page = open_browser()
    page.clock.install()
    open_procedure(page)
    page.clock.pause_at(page.evaluate("Date.now() + 1000"))
    search = page.locator("#proc_icd9-c")
    search.focus()
    page.keyboard.press("ArrowDown")
    expect(offered(page)).not_to_have_count(0)
    page.keyboard.press("Shift+Tab")
    search.focus()
    page.clock.run_for(1000)
    expect(search).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("Shift+Tab")
    page.clock.run_for(1000)
    expect(search).to_have_attribute("aria-expanded", "false")


def test_a_code_that_is_typed_in_full_needs_no_choosing(open_browser):
    page = open_browser()
    open_procedure(page)
    page.locator("#proc_icd9-c").focus()
    page.keyboard.press("ArrowDown")
    page.wait_for_selector("#f-proc_icd9 [role=option]")
    page.keyboard.press("Tab")  # nothing was typed, nothing is chosen
    page.locator("#proc_icd9-c").focus()
    page.keyboard.type("3777")
    page.keyboard.press("Tab")
    chosen(page).to_have_text(["37.77"])
    page.locator("#proc_icd9-c").focus()
    page.keyboard.type("elektroda")
    page.keyboard.press("Tab")
    page.get_by_text("Nie wybrano nic dla „elektroda”.").wait_for()
    chosen(page).to_have_text(["37.77"])
    expect(page.locator("#proc_icd9-c")).to_have_value("elektroda")


def test_countries_are_found_in_both_languages_and_by_code(open_browser):
    page = open_browser()
    page.goto("/lead_extraction/patients")
    register(page)
    page.locator("[name=pat_id_type][value=passport]").check(force=True)
    box = page.locator("#doc_country-c")
    for text in ("germany", "de", "Niemcy"):
        box.fill("xx")
        expect(page.locator("#doc_country-c-list [role=option]")).to_have_count(0)
        box.fill(text)
        expect(page.locator("#doc_country-c-list [role=option]").first).to_contain_text("Niemcy")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("select[name=doc_country]")).to_have_value("DE")


@pytest.mark.parametrize("width", [1280, *(pytest.param(width, marks=pytest.mark.slow) for width in (1024, 390)), 320])
def test_the_list_of_patients_keeps_within_the_page_whatever_it_holds(open_browser, served, width):
    """The longest number of a hospital's own, which holds no place to break a line at, beside names."""
    page = open_browser(width=width)
    page.goto("/lead_extraction/patients")
    register(page)
    who = number_of(page)
    page.goto(f"/lead_extraction/patients/{who}")
    page.locator(".head details summary").first.click()
    page.fill("form[action$='/own-number'] [name=number]", f"{next(served.series)}{'W' * 36}")
    with page.expect_navigation(url="**said=*"):
        page.keyboard.press("Enter")
    for address in (f"/lead_extraction/patients/{who}", "/lead_extraction/patients?names=1"):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        right = "cells => Math.max(...cells.map((cell) => cell.getBoundingClientRect().right))"
        assert page.eval_on_selector_all(".tbl.stack td, main h1, .head p", right) <= width


def test_a_link_of_two_lines_covers_nothing_on_a_telephone(open_browser):
    page = open_browser(width=390)
    page.goto("/lead_extraction/patients")
    register(page)
    page.goto("/lead_extraction/patients")
    covered = """() => {
        const link = document.querySelector('tbody th a'), words = document.createRange(), under = document.createElement('span');
        link.className = '';
        link.textContent = 'Wskazanie do zabiegu i zakażenie układu';
        under.className = 'small muted block';
        under.textContent = 'Przyjęcie';
        link.after(under);
        words.selectNodeContents(link);
        return [words.getClientRects().length, words.getBoundingClientRect().bottom - under.getBoundingClientRect().top];
    }"""
    lines, over = page.evaluate(covered)
    assert lines > 1
    assert over <= 1
