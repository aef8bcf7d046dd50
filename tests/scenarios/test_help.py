"""From a form to the help centre and back, and the help pages, at a desk and on a telephone, in both languages."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from storage.accounts import add_membership, create_account
from tests.scenarios.form_pages import register
from tests.scenarios.page_faults import faults

PASSWORD = "correct horse battery"
PAGES = ("/help", "/help/keys", "/help/contacts", "/help?q=xyz", "/accessibility")


@pytest.fixture(scope="module", autouse=True)
def coordinator(served):
    """Answers for the registry, in English."""
    database, now = served.space.database, served.clock()
    account = create_account(database, "rita", "Rita Wójcik", PASSWORD, who="office", at=now, language="en")
    add_membership(database, account, served.registry, "registry_coordinator", site_id=None, who="office", at=now)


def walk(open_browser, folder, width, text):
    """Ask from a form, answer, read, close; each page is looked at."""
    anna, rita = open_browser("anna", width=width), open_browser("rita", width=width, language="en")
    register(anna)
    with anna.expect_navigation():
        anna.locator("footer").get_by_role("link", name="Zapytaj centrum pomocy").click()
    assert faults(anna, "ask", folder, width) == []
    anna.get_by_label("Merytoryczne").check(force=True)
    anna.get_by_role("textbox", name="Treść").fill(text)
    with anna.expect_navigation():
        anna.get_by_role("button", name="Wyślij zgłoszenie").click()
    anna.locator(".note.ready").wait_for()
    assert faults(anna, "sent", folder, width) == []

    rita.goto("/lead_extraction/day")
    assert faults(rita, "day", folder, width) == []
    rita.locator("#help_questions").locator("xpath=ancestor::section").get_by_role("link").first.click()
    rita.locator("dd a").first.wait_for()  # she may open the form
    rita.locator("textarea").fill("Enter it as the operator described it.")
    with rita.expect_navigation():
        rita.get_by_role("button", name="Answer", exact=True).click()
    assert faults(rita, "answered", folder, width) == []
    rita.goto("/lead_extraction/help-centre?show=all")
    assert faults(rita, "centre", folder, width) == []

    anna.goto("/lead_extraction/day")
    anna.locator("#help_answers").locator("xpath=ancestor::section").get_by_role("link").first.click()
    expect(anna.locator(".talk")).to_contain_text("Enter it as the operator")
    anna.get_by_role("button", name="Zamknij: wyjaśnione").click()
    anna.get_by_role("button", name="Otwórz ponownie").wait_for()
    anna.goto("/help/requests")
    assert faults(anna, "asked", folder, width) == []
    for number, address in enumerate(PAGES):
        page = rita if number % 2 else anna
        page.goto(address)
        assert faults(page, f"page-{number}", folder, width) == []


def test_a_nurse_asks_from_a_form_and_the_coordinator_answers(open_browser, tmp_path_factory):
    walk(open_browser, tmp_path_factory.mktemp("help"), 1280, "Jak wpisać elektrodę usuniętą w dwóch częściach?")


@pytest.mark.slow
def test_the_same_on_a_telephone(open_browser, tmp_path_factory):
    walk(open_browser, tmp_path_factory.mktemp("help-390"), 390, "Czy wpisywać elektrody czasowe?")


def test_back_brings_what_was_typed_before_the_session_ended(open_browser, served):
    page = open_browser()
    page.goto("/help/requests/new")
    page.locator("[name=kind][value=technical]").check(force=True)
    page.fill("#ask-text", "Jak to zapisać?")
    served.clock.skip(timedelta(hours=13))
    page.locator("form:has(#ask-text) button.go").click()
    page.wait_for_selector("#login")
    page.fill("#login", "anna")
    page.fill("#password", PASSWORD)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator("#ask-text")).to_have_value("")
    page.evaluate("history.back()")
    expect(page.locator("#ask-text")).to_have_value("Jak to zapisać?")
    with page.expect_navigation(url="**/help/requests/*said=*"):
        page.locator("form:has(#ask-text) button.go").click()
    expect(page.locator(".talk")).to_contain_text("Jak to zapisać?")
