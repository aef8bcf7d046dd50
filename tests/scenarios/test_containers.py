"""Parts of a record that stand in others, and what a hospital keeps of its own, in a real browser."""

from pathlib import Path
from shutil import copy

import pytest

from tests.scenarios.form_pages import opened, register
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
    page.locator(".dock [value=save]").click()
    page.wait_for_url("**said=*")
    return page.url.split("/forms/")[0]


def titles(page):
    return page.locator(".part-head :is(h2, h3)").all_text_contents()


def part(page, title):
    return page.locator("section", has=page.locator(".part-head :is(h2, h3)", has_text=title))


@pytest.mark.parametrize("scripts", [True, False])
def test_a_run_is_added_inside_its_episode_filled_in_and_counted(open_browser, scripts):
    page = open_browser(scripts=scripts)
    patient = registered(page)
    page.goto(patient)
    at_once = ["Epizod 1", "Pobyt 1, Epizod 1", "Zespół kardiologiczny, Epizod 1"]
    assert titles(page) == at_once
    page.get_by_role("button", name="Dodaj: Przebieg ECMO").click()
    page.wait_for_url("**said=*")
    assert page.locator(".note[role=status]").inner_text() == "Dodano: Przebieg ECMO. Pokaż"
    run = "Przebieg ECMO 1, Epizod 1"
    assert titles(page) == [*at_once[:2], run, at_once[2]]
    part(page, run).get_by_role("link", name="ECMO").first.click()
    opened(page)
    for end, day in (("start", "3"), ("stop", "5")):
        for field, text in zip("dmyt", (day, "6", "2025", "09:10"), strict=True):
            page.fill(f"[name=ecmo_{end}__{field}]", text)
    page.locator("[name=ecmo_mode][value=va]").check()
    page.locator(".dock [value=save]").click()
    page.wait_for_url("**said=*")
    page.goto(patient)
    outcomes = page.locator(".sheet", has=page.get_by_role("heading", name="Wyniki wyliczone: Epizod 1", exact=True))
    assert outcomes.locator("output").inner_text() == "3"
    assert part(page, run).locator(".lane").first.get_by_text("3.06.2025").count()
    assert part(page, run).get_by_role("button", name="Cofnij dodanie").count() == 0


def test_what_was_added_by_mistake_is_taken_back_by_keyboard(open_browser):
    page = open_browser()
    page.goto(registered(page))
    before = titles(page)
    for name, said in (("Dodaj: Pobyt", "Dodano: Pobyt. Pokaż"), ("Cofnij dodanie", "Cofnięto dodanie: Pobyt.")):
        page.get_by_role("button", name=name).focus()
        with page.expect_navigation():
            page.keyboard.press("Enter")
        assert page.locator(".note[role=status]").inner_text() == said
        assert page.evaluate("document.activeElement.matches('.note[role=status]')")
    assert titles(page) == before


def test_there_are_no_more_parts_than_the_definition_allows(open_browser):
    page, second = open_browser(), open_browser("piotr")
    page.goto(registered(page))
    for _ in range(2):
        with page.expect_navigation():
            page.get_by_role("button", name="Dodaj: Przebieg ECMO").click()
    second.goto(page.url.partition("?")[0])
    for each in (page, second):
        with each.expect_navigation():
            each.get_by_role("button", name="Dodaj: Przebieg ECMO").click()
    assert (
        "Jest tu już tyle wpisów, ile może być: Przebieg ECMO, 3." in second.locator(".note[role=status]").inner_text()
    )
    assert page.get_by_role("button", name="Dodaj: Przebieg ECMO").count() == 0


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
    opened(page)
    for name, text in (("ast_name", "Cardiohelp"), ("ast_serial", serial)):
        page.fill(f"[name={name}]", text)
    page.locator(f"[name=ast_status][value={status}]").check()
    page.locator(".dock [value=complete]").click()
    page.wait_for_url("**/hospital?done=*")


def consoles(page):
    """The rows of the list."""
    return page.locator("section", has=page.locator("#of-console")).locator("tbody tr")


@pytest.mark.parametrize("scripts", [True, False])
def test_a_hospital_keeps_consoles_that_forms_of_patients_refer_to(open_browser, scripts):
    page, mark = open_browser(scripts=scripts), f"S{int(scripts)}"
    page.get_by_role("link", name="Zasoby szpitala").click()
    page.wait_for_selector("h1")
    for end, status in (("1", "in_use"), ("2", "out")):
        page.locator("section", has=page.locator("#of-console")).get_by_role("button", name="Dodaj").click()
        add_console(page, mark + end, status)
        assert "Formularz „Konsole i pompy” jest gotowy." in page.locator(".note[role=status]").inner_text()
    page.goto(f"/circulation/hospital?q={mark}2")
    assert [row.split("\n")[0].split("\t")[0] for row in consoles(page).all_inner_texts()] == ["Cardiohelp"]
    page.get_by_role("link", name="Cardiohelp").click()
    opened(page)
    assert page.input_value("[name=ast_serial]") == f"{mark}2"
    assert page.locator(".crumbs").inner_text().split() == ["Zasoby", "szpitala"]
    patient = registered(page)
    page.goto(patient)
    page.get_by_role("button", name="Dodaj: Przebieg ECMO").click()
    page.wait_for_url("**said=*")
    page.get_by_role("link", name="Układ").first.click()
    opened(page)
    page.get_by_role("button", name="Dodaj").first.click()
    choice = page.locator("select[name$=comp_asset]")
    choice.wait_for()
    offered = choice.locator("option").all_inner_texts()
    assert f"Cardiohelp, {mark}1, sprawna" in offered
    page.fill("[name$=comp_name]", "Konsola")
    choice.select_option(label=f"Cardiohelp, {mark}2, wycofana")
    page.locator(".dock [value=save]").click()
    page.wait_for_url("**said=*")
    assert f"Cardiohelp, {mark}2, wycofana · {mark}2 1 błąd" in page.locator("main").inner_text()


def test_two_people_add_a_console_in_the_same_moment(open_browser):
    first, second = open_browser(), open_browser("piotr")
    for page in (first, second):
        page.goto("/circulation/hospital")
        page.locator("section", has=page.locator("#of-console")).get_by_role("button", name="Dodaj").click()
        opened(page)
    add_console(first, "T1")
    second.fill("[name=ast_name]", "Rotaflow")
    second.locator(".dock [value=save]").click()
    second.wait_for_url("**said=*")
    assert "Twój nie przepadł" in second.locator("main > .note, .note").first.inner_text()
    assert second.input_value("[name=ast_name]") == "Rotaflow"
    add_console(second, "T2")
    assert [row.split("\t")[1] for row in consoles(second).all_inner_texts()][-2:] == ["T1", "T2"]


def test_a_serial_number_that_is_taken_is_told(open_browser):
    page = open_browser()
    for number in range(2):
        page.goto("/circulation/hospital")
        page.locator("section", has=page.locator("#of-console")).get_by_role("button", name="Dodaj").click()
        if not number:
            add_console(page, "U1")
    opened(page)
    page.fill("[name=ast_serial]", "U1")
    page.locator(".dock [value=save]").click()
    page.wait_for_url("**said=*")
    assert "Konsola o tym numerze seryjnym jest już w rejestrze." in page.locator("main").inner_text()


@pytest.mark.parametrize("width", [1280, pytest.param(390, marks=pytest.mark.slow)])
@pytest.mark.parametrize("language", ["pl", pytest.param("en", marks=pytest.mark.slow)])
def test_the_page_of_the_hospitals_records_is_accessible(open_browser, width, language):
    page = open_browser(width=width, language=language)
    page.goto("/circulation/hospital")
    assert problems(page) == []
    assert too_wide(page) == []
