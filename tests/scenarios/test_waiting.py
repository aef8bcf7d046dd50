"""A physician comes from My day to what waits for a signature, and signs several forms with one password, by the keyboard."""

import pytest
from playwright.sync_api import expect

from storage.accounts import add_membership, create_account
from tests.scenarios.page_faults import faults
from tests.web.browsing import PASSWORD
from tests.web.browsing import Browser as ScriptlessBrowser

REGISTRY = "lead_extraction"
WORDS = {
    "pl": (
        "Niczego nie podpisano.",
        "Podpisano 1 formularz.",
        "1 formularz pozostał bez zmian",
        "Przejrzano 1 formularz.",
    ),
    "en": ("Nothing was signed.", "1 form was signed.", "1 form was left as it was", "1 form was reviewed."),
}


@pytest.fixture(scope="module")
def staff(served):
    """A physician of the hospital, and the coordinator of the registry."""
    database, now = served.space.database, served.clock.now
    for login, role, site in (("maria", "physician", served.site), ("rena", "registry_coordinator", None)):
        account = create_account(database, login, login.title(), PASSWORD, who="office", at=now)
        add_membership(database, account, REGISTRY, role, site_id=site, who="office", at=now)


@pytest.mark.parametrize(("width", "language"), [(1280, "pl"), pytest.param(390, "en", marks=pytest.mark.slow)])
def test_many_forms_are_signed_with_one_password(open_browser, served, staff, width, language, tmp_path_factory):
    anna = ScriptlessBrowser(served.app.test_client()).sign_in("anna")
    fine, warned = anna.register(), anna.register(sex="f")
    folder, looked, words = tmp_path_factory.mktemp(f"waiting-{width}"), [], WORDS[language]
    page = open_browser("maria", width=width, language=language)

    def look(name):
        looked.extend(faults(page, name, folder, width))

    page.goto(f"/{REGISTRY}/day")
    page.focus("#signatures ~ a")
    page.keyboard.press("Enter")
    page.wait_for_url("**/waiting")
    page.locator("#list-t").wait_for()
    look("list")
    for who in (fine, warned):
        page.focus(f"tr:has-text('{who}') input[name=form]")
        page.keyboard.press("Space")
    page.focus("input[name=meaning][value=verified]")
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    expect(page.locator("#password")).to_be_focused()
    page.keyboard.type("wrong")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator("#password-e")).to_contain_text(words[0])
    expect(page.locator("input[name=form]:checked")).to_have_count(2)
    expect(page.locator("#password")).to_be_focused()
    look("refused")
    page.keyboard.type(PASSWORD)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    page.wait_for_selector(f"text={words[1]}")
    expect(page.locator("#left-t")).to_contain_text(words[2])
    expect(page.locator("section:has(#left-t)")).to_contain_text(warned)
    look("signed")
    page.locator("section:has(#left-t) a").first.press("Enter")
    page.wait_for_url("**/state")
    page.locator("textarea[name^=sex__why]").wait_for()
    for _ in range(2):  # before what was signed, what was refused
        page.go_back()
        page.locator(f"tr:has-text('{warned}') input[name=form]").first.wait_for()
    page.goto(f"/{REGISTRY}/waiting?form=death")
    page.locator(".empty").wait_for()
    look("nothing")
    assert looked == []


@pytest.mark.parametrize(("width", "language"), [(1280, "en"), pytest.param(390, "pl", marks=pytest.mark.slow)])
def test_the_coordinator_of_a_registry_reviews_what_waits(
    open_browser, served, staff, width, language, tmp_path_factory
):
    who = ScriptlessBrowser(served.app.test_client()).sign_in("anna").register()
    folder, looked = tmp_path_factory.mktemp(f"reviewing-{width}"), []
    page = open_browser("rena", width=width, language=language)
    page.goto(f"/{REGISTRY}/waiting?form=patient")
    page.focus("#list-t ~ a")
    page.keyboard.press("Enter")
    page.wait_for_url("**all=1*")
    page.locator("#list-t").wait_for()
    looked.extend(faults(page, "ticked", folder, width))
    ticks = page.locator("input[name=form]")
    expect(page.locator("input[name=form]:checked")).to_have_count(ticks.count())
    for number in range(ticks.count()):
        ticks.nth(number).set_checked(who in page.locator("tbody tr").nth(number).inner_text(), force=True)
    page.focus("#review-t >> xpath=../.. >> button")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    page.wait_for_selector(f"text={WORDS[language][3]}")
    looked.extend(faults(page, "reviewed", folder, width))
    assert looked == []
