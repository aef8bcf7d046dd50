"""Somebody goes to train, enters, signs and comes back; on every page one sees that nobody there is a patient, and axe finds nothing."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from storage.accounts import add_membership, create_account
from tests.patience import MILLISECONDS
from tests.scenarios.form_pages import complete, kept, wait_until
from tests.scenarios.page_faults import faults
from web.training.mode import MODE
from web.training.people import PASSWORD as WORD

WARD = Path(__file__).parents[1] / "fixtures" / "rights"
PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def served(serve, tmp_path_factory):
    """An application with a training mode, a physician, a local administrator and one of all."""
    found = serve(WARD, "ward", training_folder=tmp_path_factory.mktemp("training"))
    for login, role, site in (
        ("iga", "physician", found.site),
        ("lena", "local_administrator", found.site),
        ("olga", "administrator", None),
    ):
        account = create_account(found.space.database, login, "Iga Lis", PASSWORD, who="office", at=found.clock())
        add_membership(found.space.database, account, "ward", role, site_id=site, who="office", at=found.clock())
    yield found
    found.app.extensions[MODE].close()


@pytest.mark.parametrize(
    ("language", "width", "row", "words"),
    [
        ("pl", 1280, 0, ("Tryb szkoleniowy", "Wejdź do szkolenia", "Wróć do systemu")),
        pytest.param("en", 390, 1, ("Training mode", "Go and train", "Back"), marks=pytest.mark.slow),
        pytest.param("pl", 390, 2, ("Tryb szkoleniowy", "Wejdź do szkolenia", "Wróć"), marks=pytest.mark.slow),
    ],
)
def test_somebody_trains_and_comes_back(open_browser, tmp_path, language, width, row, words):
    # long: one story
    page, found = open_browser("iga", width=width, language=language), []
    training, enter, back = words

    def look(name):
        found.extend(faults(page, name, tmp_path, width))

    page.get_by_role("contentinfo").get_by_role("link", name=training).click()
    page.wait_for_url("**/training-mode")
    look("entrance")
    page.get_by_role("button", name=enter).click()
    page.wait_for_url("**/training/ward/day")
    page.goto("/training/ward/patients")
    for link in (
        page.locator("main a[href^='/training/ward/patients/']").nth(row),
        page.locator("a[href*='.care']").first,
    ):
        with page.expect_navigation():
            link.click()
    page.fill("[name=plan]", "Wpisane w szkoleniu")
    kept(page)
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    wait_until(page, lambda: page.locator(".training").bounding_box()["y"] == 0)  # it stays in sight
    look("form")
    complete(page)
    with page.expect_navigation():
        page.locator("a[href*='.care']").first.click()
    page.goto(page.url.partition("?")[0] + "/state")
    page.locator("[name=meaning]").first.check()
    page.fill("#password", WORD)
    look("sign")
    with page.expect_navigation():
        page.locator(".btn.go").click()
    page.wait_for_selector(".note.ready")
    page.get_by_role("complementary").get_by_role("link", name=back).click()
    page.wait_for_url("**/ward/day")
    expect(page.locator(".training")).to_have_count(0)
    assert found == []


@pytest.mark.slow
@pytest.mark.parametrize("width", [1280, pytest.param(390, marks=pytest.mark.slow)])
@pytest.mark.parametrize("login", ["lena", "olga"])
def test_the_page_of_who_begins_it_anew(browser, served, tmp_path, login, width):
    context = browser.new_context(locale="pl-PL", viewport={"width": width, "height": 900}, base_url=served.address)
    context.set_default_timeout(MILLISECONDS)
    page = context.new_page()
    page.goto("/sign-in?next=/training-mode")
    page.fill("#login", login)
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector("[name=sure]")
    assert faults(page, login, tmp_path, width) == []
    page.locator("[name=sure]").check()
    with page.expect_navigation():
        page.locator("form:has([name=sure]) button").click()
    page.wait_for_selector(".note.ready")
    assert faults(page, f"{login}-done", tmp_path, width) == []
    context.close()
