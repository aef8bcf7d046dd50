"""Parts of a record that stand in others, and what a hospital keeps of its own, in a real browser."""

import re
from pathlib import Path
from shutil import copy

import pytest
from playwright.sync_api import expect

from tests.scenarios.form_pages import complete, opened, register, save
from tests.scenarios.page_faults import problems, too_wide

FIXTURE = Path(__file__).parents[1] / "fixtures/definitions/circulation.yaml"


@pytest.fixture(scope="module")
def served(serve, tmp_path_factory):
    folder = tmp_path_factory.mktemp("definitions")
    copy(FIXTURE, folder)
    return serve(folder, "circulation")


def registered(page):
    """The address of the page of a new patient."""
    page.goto("/circulation/patients")
    register(page)
    page.locator("[name=sex][value=f]").check()  # an empty record would be taken again for the next patient
    save(page)
    return page.url.split("/forms/")[0]


def titles(page):
    return page.locator(".part-head :is(h2, h3)")


def add(page, what):
    """Press the button that adds a part, and wait for the page that comes."""
    with page.expect_navigation(url="**said=*"):
        page.get_by_role("button", name=f"Dodaj: {what}").click()


def part(page, title):
    return page.locator("section", has=page.locator(".part-head :is(h2, h3)", has_text=title))


@pytest.mark.parametrize("scripts", [True, False])
def test_a_run_is_added_inside_its_episode_filled_in_and_counted(open_browser, scripts):
    page = open_browser(scripts=scripts)
    patient = registered(page)
    page.goto(patient)
    at_once = ["Epizod 1", "Pobyt 1, Epizod 1", "Zespół kardiologiczny, Epizod 1"]
    expect(titles(page)).to_have_text(at_once)
    add(page, "Przebieg ECMO")
    expect(page.locator(".note[role=status]")).to_have_text("Dodano: Przebieg ECMO. Pokaż")
    run = "Przebieg ECMO 1, Epizod 1"
    expect(titles(page)).to_have_text([*at_once[:2], run, at_once[2]])
    with page.expect_navigation():
        part(page, run).get_by_role("link", name="ECMO").first.click()
    opened(page)
    for end, day in (("start", "3"), ("stop", "5")):
        for field, text in zip("dmyt", (day, "6", "2025", "09:10"), strict=True):
            page.fill(f"[name=ecmo_{end}__{field}]", text)
    page.locator("[name=ecmo_mode][value=va]").check()
    save(page)
    page.goto(patient)
    outcomes = page.locator(".sheet", has=page.get_by_role("heading", name="Wyniki wyliczone: Epizod 1", exact=True))
    expect(outcomes.locator("output")).to_have_text("3")
    expect(part(page, run).locator(".lane").first.get_by_text("3.06.2025")).not_to_have_count(0)
    expect(part(page, run).get_by_role("button", name="Cofnij dodanie")).to_have_count(0)


def test_what_was_added_by_mistake_is_taken_back_by_keyboard(open_browser):
    page = open_browser()
    page.goto(registered(page))
    before = titles(page).all_text_contents()
    for name, said in (("Dodaj: Pobyt", "Dodano: Pobyt. Pokaż"), ("Cofnij dodanie", "Cofnięto dodanie: Pobyt.")):
        page.get_by_role("button", name=name).focus()
        with page.expect_navigation():
            page.keyboard.press("Enter")
        expect(page.locator(".note[role=status]")).to_have_text(said)
        expect(page.locator(".note[role=status]")).to_be_focused()
    expect(titles(page)).to_have_text(before)


def test_there_are_no_more_parts_than_the_definition_allows(open_browser):
    page, second = open_browser(), open_browser("piotr")
    page.goto(registered(page))
    for _ in range(2):
        add(page, "Przebieg ECMO")
    second.goto(page.url.partition("?")[0])
    for each in (page, second):
        add(each, "Przebieg ECMO")
    told = "Jest tu już tyle wpisów, ile może być: Przebieg ECMO, 3."
    expect(second.locator(".note[role=status]")).to_contain_text(told)
    expect(page.get_by_role("button", name="Dodaj: Przebieg ECMO")).to_have_count(0)


@pytest.mark.parametrize("width", [1280, pytest.param(390, marks=pytest.mark.slow)])
@pytest.mark.parametrize("language", ["pl", pytest.param("en", marks=pytest.mark.slow)])
def test_the_page_with_its_parts_is_accessible(open_browser, width, language):
    page = open_browser(width=width, language=language)
    page.goto(registered(page))
    for container in ("run", "stay", "episode"):
        with page.expect_navigation():
            page.locator(f"form[action$='/add/{container}'] button").first.click()
    assert problems(page) == []
    assert too_wide(page) == []


# What a hospital keeps of its own


def add_console(page, serial, status="in_use"):
    """Fill in a console on the page of a new entry, and complete it."""
    for name, text in (("ast_name", "Cardiohelp"), ("ast_serial", serial)):
        page.fill(f"[name={name}]", text)
    page.locator(f"[name=ast_status][value={status}]").check()
    complete(page)
    expect(page).to_have_url(re.compile(r"/hospital\?done="))


def add_entry(page):
    """From the list to the page of a new console."""
    with page.expect_navigation():
        page.locator("section", has=page.locator("#of-console")).get_by_role("button", name="Dodaj").click()
    opened(page)


def consoles(page):
    """The rows of the list."""
    return page.locator("section", has=page.locator("#of-console")).locator("tbody tr")


@pytest.mark.parametrize("scripts", [True, False])
def test_a_hospital_keeps_consoles_that_forms_of_patients_refer_to(open_browser, served, scripts):
    page, mark = open_browser(scripts=scripts), f"S{next(served.series)}"
    page.get_by_role("link", name="Zasoby szpitala").click()
    page.wait_for_url("**/hospital")
    for end, status in (("1", "in_use"), ("2", "out")):
        add_entry(page)
        add_console(page, mark + end, status)
        expect(page.locator(".note[role=status]")).to_contain_text("Formularz „Konsole i pompy” jest gotowy.")
    page.goto(f"/circulation/hospital?q={mark}2")
    expect(consoles(page)).to_have_text([re.compile("^\\s*Cardiohelp")])
    with page.expect_navigation():
        page.get_by_role("link", name="Cardiohelp").click()
    opened(page)
    expect(page.locator("[name=ast_serial]")).to_have_value(f"{mark}2")
    expect(page.locator(".crumbs")).to_have_text("Zasoby szpitala")
    patient = registered(page)
    page.goto(patient)
    add(page, "Przebieg ECMO")
    with page.expect_navigation():
        page.get_by_role("link", name="Układ").first.click()
    opened(page)
    with page.expect_navigation():
        page.get_by_role("button", name="Dodaj").first.click()
    choice = page.locator("select[name$=comp_asset]")
    expect(choice.locator("option", has_text=f"Cardiohelp, {mark}1, sprawna")).to_have_count(1)
    page.fill("[name$=comp_name]", "Konsola")
    choice.select_option(label=f"Cardiohelp, {mark}2, wycofana")
    save(page)
    line = f"Cardiohelp, {mark}2, wycofana · {mark}2 1 błąd"
    expect(page.locator("main")).to_contain_text(line, use_inner_text=True)


def test_two_people_add_a_console_in_the_same_moment(open_browser, served):
    first, second, mark = open_browser(), open_browser("piotr"), f"T{next(served.series)}"
    for page in (first, second):
        page.goto("/circulation/hospital")
        add_entry(page)
    add_console(first, f"{mark}a")
    second.fill("[name=ast_name]", "Rotaflow")
    save(second)
    expect(second.locator("main > .note, .note").first).to_contain_text("Twój nie przepadł")
    expect(second.locator("[name=ast_name]")).to_have_value("Rotaflow")
    add_console(second, f"{mark}b")
    expect(consoles(second).filter(has_text=mark)).to_have_text([re.compile(f"{mark}{end}") for end in "ab"])


def test_a_serial_number_that_is_taken_is_told(open_browser, served):
    page, mark = open_browser(), f"U{next(served.series)}"
    for number in range(2):
        page.goto("/circulation/hospital")
        add_entry(page)
        if not number:
            add_console(page, mark)
    page.fill("[name=ast_serial]", mark)
    save(page)
    told = "Konsola o tym numerze seryjnym jest już w rejestrze."
    expect(page.locator("main")).to_contain_text(told, use_inner_text=True)


@pytest.mark.parametrize("width", [1280, pytest.param(390, marks=pytest.mark.slow)])
@pytest.mark.parametrize("language", ["pl", pytest.param("en", marks=pytest.mark.slow)])
def test_the_page_of_the_hospitals_records_is_accessible(open_browser, width, language):
    page = open_browser(width=width, language=language)
    page.goto("/circulation/hospital")
    assert problems(page) == []
    assert too_wide(page) == []
