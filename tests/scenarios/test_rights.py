"""Pages of wards and of administrators in a real browser: axe finds nothing, nothing scrolls sideways, the keyboard is enough."""

import pytest
from playwright.sync_api import expect

from storage.access import Actor
from storage.accounts import add_membership, create_account, find_account
from storage.hospitals import Change, add_unit
from storage.people import Scope, give_role
from storage.wardless import Sought, give_many, without_ward
from tests.patience import MILLISECONDS
from tests.scenarios.page_faults import faults
from tests.web.browsing import PASSWORD
from tests.web.browsing import Browser as ScriptlessBrowser

HOME = "/lead_extraction"
STAFF = (("rena", "coordinator"), ("lena", "local_administrator"))


@pytest.fixture(scope="module")
def staffed(served):
    """A hospital with two wards, of which one has people of its own; an episode of nobody; an account that is locked."""
    database, now = served.space.database, served.clock()
    change = Change("office", now)
    wards = [add_unit(database, served.site, f"w{n}", f"Oddział {n}", change) for n in (1, 2)]
    for login, role in STAFF:
        account = create_account(database, login, f"{login.title()} Wójcik", PASSWORD, who="office", at=now)
        add_membership(database, account, served.registry, role, site_id=served.site, who="office", at=now)
    nurse = create_account(database, "nina", "Nina Lis", PASSWORD, who="office", at=now)
    give_role(database, Scope(served.registry, served.site), nurse, "entry", change, unit_id=wards[0])
    typist, stranger = (ScriptlessBrowser(served.app.test_client()) for _ in range(2))
    typist.sign_in("anna")
    for _ in range(2):
        typist.get(f"{HOME}/patients").post({}, "/patients")
        typist.post({"last_name": "Lis", "__do": "save"}, "forms")
    rena = Actor(find_account(database, "rena").id, "rena", served.registry, served.site)
    first = without_ward(database, rena, Sought(), at=served.clock()).episodes[0].id
    give_many(database, rena, Sought(), [first], wards[0], reason="x", at=served.clock())
    for _ in range(6):
        stranger.sign_in("nina", "wrong")
    return served


@pytest.mark.parametrize("width", [1280, pytest.param(390, marks=pytest.mark.slow)])
def test_pages_of_rights(browser, staffed, width, tmp_path_factory):
    folder = tmp_path_factory.mktemp(f"rights-{width}")
    for login, pages in (("rena", ("day", "wards", "completeness")), ("lena", ("day", "completeness"))):
        page = sign_in(browser, staffed, login, width)
        for name in pages:
            page.goto(f"{HOME}/{name}")
            assert faults(page, f"{login}-{name}", folder, width) == []
        page.context.close()


def sign_in(browser, staffed, login, width=1280):
    """The first page of somebody, in a browser of their own."""
    context = browser.new_context(locale="pl-PL", viewport={"width": width, "height": 900}, base_url=staffed.address)
    context.set_default_timeout(MILLISECONDS)
    page = context.new_page()
    page.goto("/sign-in")
    page.fill("#login", login)
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/day")
    return page


def test_an_episode_is_given_by_keyboard(browser, staffed):
    page = sign_in(browser, staffed, "rena")
    page.locator('a[href$="/wards"]').first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/wards")
    page.locator("#ward").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.type("po zmianie")
    page.keyboard.press("Tab")
    with page.expect_navigation(url="**said=*"):
        page.keyboard.press("Enter")
    expect(page.locator("[role=status]")).to_contain_text("Przekazano")
    page.context.close()
