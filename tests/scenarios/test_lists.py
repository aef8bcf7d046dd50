"""A long list of answers: found by code or by words, what is chosen in sight."""

import pytest

from tests.scenarios.form_pages import register


def open_procedure(page):
    page.goto("/lead_extraction/patients")
    register(page)
    page.fill("[name=last_name]", "Przykładowa")
    page.locator(".dock [value=save]").click()
    page.wait_for_url("**said=*")
    page.goto(page.url.split("/forms/")[0])
    page.locator('.lanes a[href$=".procedure"]').first.click()
    page.wait_for_selector("[name=__live][value=yes]", state="attached")


def offered(page):
    return page.locator("#f-proc_icd9 [role=option] code").all_inner_texts()


def chosen(page):
    return page.locator("#f-proc_icd9 .chips code").all_inner_texts()


def test_procedures_are_chosen_by_keyboard_alone(open_browser):
    page = open_browser()
    open_procedure(page)
    search, told = page.locator("#proc_icd9-c"), page.locator("#f-proc_icd9 [role=status]")
    section = page.locator("[data-step] small").all_inner_texts()
    search.focus()
    page.keyboard.type("37.7")
    page.wait_for_selector("#f-proc_icd9 [role=option]")
    assert all(code.startswith("37.7") for code in offered(page))
    assert told.inner_text().startswith(str(len(offered(page))))
    assert page.locator("[data-step] small").all_inner_texts() == section  # a search is no answer
    page.keyboard.press("ArrowDown")
    assert search.get_attribute("aria-activedescendant") == "proc_icd9-c-list-0"
    assert page.locator("#proc_icd9-c-list-0").get_attribute("aria-selected") == "true"
    first = offered(page)[0]
    page.keyboard.press("Enter")
    assert (chosen(page), search.input_value(), search.get_attribute("aria-expanded")) == ([first], "", "false")
    assert told.inner_text().startswith(f"Dodano: {first}")
    page.keyboard.type("elektrod usuniecie")
    page.wait_for_selector("#f-proc_icd9 [role=option]")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    assert len(chosen(page)) == 2
    page.keyboard.type("nie ma takiej")
    page.get_by_text("Nic nie pasuje").last.wait_for()
    page.keyboard.press("Control+A")
    page.keyboard.press("Delete")
    page.keyboard.press("Escape")
    page.keyboard.press("Backspace")  # to the last one that was chosen
    page.keyboard.press("Delete")
    assert chosen(page) == [first]
    page.wait_for_selector('[data-save="copy"]')
    page.reload()
    page.wait_for_selector("#proc_icd9-c")
    assert chosen(page) == [first]
    assert page.locator("#f-proc_icd9 .chips span:not(.vh)").first.inner_text()


def test_a_code_that_no_list_has_is_entered_as_it_is(open_browser):
    page = open_browser()
    open_procedure(page)
    page.locator("#proc_icd9-c").focus()
    page.keyboard.type("99.999")
    page.wait_for_selector("#f-proc_icd9 [role=option]")
    assert page.locator("#f-proc_icd9 [role=option]").all_inner_texts() == ["Wpisz kod 99.999 (nie ma go na liście)"]
    page.keyboard.press("Enter")
    assert chosen(page) == ["99.999"]


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
    page.wait_for_selector("#f-proc_icd9 .chips li")
    assert chosen(page) == ["37.77"]
    page.locator("#proc_icd9-c").focus()
    page.keyboard.type("elektroda")
    page.keyboard.press("Tab")
    page.get_by_text("Nie wybrano nic dla „elektroda”.").wait_for()
    assert (chosen(page), page.locator("#proc_icd9-c").input_value()) == (["37.77"], "elektroda")


def test_countries_are_found_in_both_languages_and_by_code(open_browser):
    page = open_browser()
    page.goto("/lead_extraction/patients")
    register(page)
    page.locator("[name=pat_id_type][value=passport]").check(force=True)
    box = page.locator("#doc_country-c")
    for text in ("germany", "de", "Niemcy"):
        box.fill(text)
        page.locator("#doc_country-c-list [role=option]").first.get_by_text("Niemcy").wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert page.locator("select[name=doc_country]").input_value() == "DE"


@pytest.mark.parametrize("width", [1280, *(pytest.param(width, marks=pytest.mark.slow) for width in (1024, 390)), 320])
def test_the_list_of_patients_keeps_within_the_page_whatever_it_holds(open_browser, width):
    """The longest number of a hospital's own, which holds no place to break a line at, beside names."""
    page = open_browser(width=width)
    page.goto("/lead_extraction/patients")
    register(page)
    who = page.url.split("/")[5]
    page.goto(f"/lead_extraction/patients/{who}")
    page.locator(".head details summary").first.click()
    page.fill("form[action$='/own-number'] [name=number]", f"{width}{'W' * 36}")
    page.keyboard.press("Enter")
    page.wait_for_url("**said=*")
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
