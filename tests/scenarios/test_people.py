"""A person is invited, comes with a second factor, works, loses the right while typing; a shared computer; axe finds nothing."""

import re
from base64 import b32decode
from typing import Any

import pytest
from playwright.sync_api import expect

from storage.accounts import add_membership, create_account
from storage.second_factor import time_code
from tests.patience import MILLISECONDS
from tests.scenarios.form_pages import kept, register
from tests.scenarios.page_faults import faults, is_fault

PASSWORD = "correct horse battery"
PEOPLE, HOSPITALS = "/lead_extraction/people", "/lead_extraction/hospitals"


@pytest.fixture(scope="module")
def staffed(served):
    """The application with a local administrator and one of all."""
    for login, role, site in (("lena", "local_administrator", served.site), ("olga", "administrator", None)):
        account = create_account(
            served.space.database, login, f"{login.title()} Wójcik", PASSWORD, who="office", at=served.clock()
        )
        add_membership(
            served.space.database, account, served.registry, role, site_id=site, who="office", at=served.clock()
        )
    return served


@pytest.fixture
def visitor(browser, staffed):
    """Call it for a page in a browser of its own; scripts that fail fail the test."""
    contexts: list[Any] = []
    wrong: list[str] = []

    def start(width=1280):
        context = browser.new_context(
            locale="pl-PL",
            timezone_id="Europe/Warsaw",
            viewport={"width": width, "height": 900},
            base_url=staffed.address,
        )
        contexts.append(context)
        context.set_default_timeout(MILLISECONDS)
        page = context.new_page()
        page.on("pageerror", lambda fault: wrong.append(str(fault)))
        page.on("console", lambda said: wrong.append(said.text) if is_fault(said.text) else None)
        return page

    yield start
    for context in contexts:
        context.close()
    assert wrong == []


def sign_in(page, login, password=PASSWORD):
    page.goto("/sign-in")
    page.fill("#login", login)
    page.fill("#password", password)
    with page.expect_navigation(url=lambda url: "/sign-in" not in url or "/code" in url):
        page.keyboard.press("Enter")


def open_fold(page, words):
    page.locator("summary", has_text=words).first.click()


def test_a_person_comes_works_and_loses_the_right_while_typing(staffed, visitor, open_browser):  # noqa: PLR0915
    # long: one story
    lena = visitor()
    sign_in(lena, "lena")
    lena.get_by_role("link", name="Ludzie").first.click()
    lena.wait_for_url(f"**{PEOPLE}")
    open_fold(lena, "Zaproś osobę")
    login = f"nowa{next(staffed.series)}@szpital.example"
    lena.fill("#invite-email", login)
    with lena.expect_navigation():
        lena.get_by_role("button", name="Wyślij zaproszenie").click()
    (link,) = re.findall(r"http://\S+/invitation/\S+", lena.locator(".note.ready").inner_text())

    new = visitor()
    new.goto(link)
    new.fill("#account-name", "Nowa Osoba")
    new.fill("#account-password", "another long password")
    new.fill("#account-again", "another long password")
    with new.expect_navigation():
        new.get_by_role("button", name="Załóż konto").click()
    sign_in(new, login, "another long password")
    new.goto("/account/second-factor")
    secret = new.locator("code").inner_text().replace(" ", "")
    key = b32decode(secret + "=" * (-len(secret) % 8))
    new.fill("#factor-current", "another long password")
    new.fill("#code", time_code(key, int(staffed.clock.now.timestamp()) // 30))
    with new.expect_navigation():
        new.keyboard.press("Enter")
    new.wait_for_selector(".codes")
    recovery = new.locator(".codes li").first.inner_text()
    new.locator("details.account summary").click()
    with new.expect_navigation():
        new.get_by_role("button", name="Wyloguj", exact=True).click()
    sign_in(new, login, "another long password")
    new.fill("#code", recovery)
    new.keyboard.press("Enter")
    new.wait_for_url("**/day")
    new.goto("/lead_extraction/patients")

    form = register(new)
    new.fill("[name=last_name]", "Przerwany")
    kept(new)
    lena.goto(PEOPLE)
    with lena.expect_navigation():
        lena.get_by_role("link", name="Nowa Osoba").click()
    open_fold(lena, "Zakończ rolę")
    lena.locator("details[open] [name=reason]").fill("koniec umowy")
    with lena.expect_navigation():
        lena.locator("details[open]").get_by_role("button", name="Zakończ rolę").click()
    lena.wait_for_selector(".note.ready")

    new.fill("[name=first_names]", "Jan Adam")
    with new.expect_navigation():
        new.locator(".dock button[value=save]").click()
    new.wait_for_selector("h1:has-text('Uprawnienie zostało wycofane')")
    new.goto(form)
    assert "Przerwany" not in new.content()
    open_fold(lena, "Nadaj rolę")
    lena.locator("details[open] [name=reason]").fill("nowa umowa")
    with lena.expect_navigation():
        lena.locator("details[open]").get_by_role("button", name="Nadaj rolę").click()
    lena.wait_for_selector(".note.ready")
    new.goto(form)
    expect(new.locator("[name=last_name]")).to_have_value("Przerwany")
    expect(new.locator("[name=first_names]")).to_have_value("Jan Adam")


def test_the_button_back_shows_nothing_of_the_person_before(staffed, open_browser):
    page = open_browser("anna")
    place = register(page).partition("?")[0]
    page.fill("[name=last_name]", "Tajemnicza")
    kept(page)
    page.locator("details.account summary").click()
    with page.expect_navigation(url="**/switch"):
        page.get_by_role("button", name="Zablokuj lub zmień osobę").click()
    page.go_back()
    page.wait_for_url(re.compile("/switch.next="))
    page.wait_for_load_state()
    assert "Tajemnicza" not in page.content()
    expect(page.locator("[name=last_name]")).to_have_count(0)
    page.locator("[name=secret]").fill(PASSWORD)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    page.wait_for_selector("[name=last_name]")
    assert page.url.partition("?")[0] == place
    expect(page.locator("[name=last_name]")).to_have_value("Tajemnicza")


def test_the_button_back_over_a_wrong_password_leads_to_the_door(staffed, visitor):
    page = visitor()
    page.goto("/sign-in")
    page.fill("[name=login]", "anna")
    page.fill("[name=password]", "wrong password")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    page.wait_for_selector("#password-e")
    expect(page.locator("[name=login]")).to_have_value("anna")
    page.get_by_role("link", name="Nie pamiętam hasła").click()
    page.wait_for_selector("[name=password]", state="detached")
    page.go_back()
    page.wait_for_selector("[name=password]")  # an answer to a post would not be shown, but sent for anew


@pytest.mark.parametrize("width", [1280, pytest.param(390, marks=pytest.mark.slow)])
def test_pages(staffed, visitor, width, tmp_path_factory):
    folder = tmp_path_factory.mktemp(f"people-{width}")
    found: list[Any] = []

    def look(page, name, address="", fold=""):
        if address:
            page.goto(address)
        for words in filter(None, fold.split("|")):
            open_fold(page, words)
        found.extend(faults(page, name, folder, width))

    guest = visitor(width)
    look(guest, "forgotten", "/password")
    look(guest, "over", "/invitation/none")
    olga = visitor(width)
    sign_in(olga, "olga")
    look(olga, "people", PEOPLE, "Zaproś osobę")
    expect(olga.locator("#invite-site-l option")).not_to_have_count(0)
    olga.locator("#invite-site").press_sequentially("nie ma takiego")  # the list behind the field is asked for anew
    olga.wait_for_selector("#invite-site-l:not(:has(option))", state="attached")
    with olga.expect_navigation():
        olga.get_by_role("link", name="Anna Nowak").click()
    look(olga, "person", "", "Zakończ rolę|Zamknij konto")
    olga.goto(f"{HOSPITALS}/{staffed.site}")
    if not olga.locator("text=Elektrofizjologia").count():
        open_fold(olga, "Dodaj jednostkę")
        olga.fill("#unit-code", "100")
        olga.fill("#unit-name", "Elektrofizjologia")
        with olga.expect_navigation():
            olga.get_by_role("button", name="Dodaj jednostkę").click()
        olga.wait_for_selector(".note.ready")
        open_fold(olga, "Dodaj udział")
        olga.fill("#part-starts_on", "2025-01-01")
        olga.fill("#part-reason", "umowa 7")
        with olga.expect_navigation():
            olga.get_by_role("button", name="Dodaj udział").click()
        olga.wait_for_selector(".note.ready")
    look(olga, "hospital", f"{HOSPITALS}/{staffed.site}", "Dodaj udział|Zmień")
    look(olga, "hospitals", HOSPITALS, "Dodaj szpital")
    look(olga, "account", "/account", "Zmień hasło|Ustaw PIN|Poproś o dostęp")
    look(olga, "factor", "/account/second-factor")
    if width < 800:
        olga.goto("/account")
    olga.locator("details.account summary").click()
    olga.get_by_role("button", name="Zablokuj lub zmień osobę").click()
    olga.wait_for_url("**/switch")
    look(olga, "switch")
    assert found == []
