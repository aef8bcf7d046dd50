"""The home page of those who look after people: who asks, who is locked out, who has not come; of their own hospital, or of all."""

import re
from types import SimpleNamespace

import pytest

from storage.accounts import add_membership, create_account
from tests.web.browsing import Browser

HOME, PEOPLE = "/lead_extraction/day", "/lead_extraction/people"
PASSWORD = "correct horse battery"
KINDS = ("access_requests", "locked_out", "help_technical", "invitations")
STAFF = (
    ("lena", "local_administrator", 0), ("lidia", "local_administrator", 1), ("olga", "administrator", None),
    ("zofia", "entry", 1),
)  # fmt: skip


@pytest.fixture(scope="module", params=["quick_world", "walled_world"])
def world(request):
    """SQLite, and PostgreSQL's policies."""
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="module")
def staff(world):
    """Administrators of both hospitals and of all."""
    database, now = world.space.database, world.clock()
    for login, role, place in STAFF:
        account = create_account(database, login, login.title(), PASSWORD, who="office", at=now)
        site = world.sites[place] if place is not None else None
        add_membership(database, account, "lead_extraction", role, site_id=site, who="office", at=now)
    return SimpleNamespace(**{login: world.browser(login) for login, *_ in STAFF[:3]})


def sheets(browser):
    """What waits, by kind, as plain text of its rows."""
    text, found = browser.get(HOME).text, {}
    for kind in KINDS:
        part = text.partition(f'<h2 id="{kind}"')[2].partition("</section>")[0]
        rows = re.findall(r"<tr>(.*?)</tr>", part.partition("<tbody>")[2], re.DOTALL)
        found[kind] = [" ".join(re.sub("<[^>]+>", " ", row).split()) for row in rows]
    return found


def of_both(staff, kind):
    """What the administrators of the two hospitals, and of all, are told of a kind."""
    return [" ".join(sheets(one)[kind]) for one in (staff.lena, staff.lidia, staff.olga)]


def test_administrators_begin_with_their_day(world, staff):
    for one in (staff.lena, staff.olga):
        assert one.get("/").address == HOME
        assert "Na dziś nic nie czeka" in one.text
        assert f'href="{PEOPLE}"' in one.text
        assert "/patients" not in one.text
    assert "requests for help will show here" in staff.lena.get(f"{HOME}?language=en").text
    staff.lena.get(f"{HOME}?language=pl")


def test_requests_for_a_role_wait_until_they_are_decided(world, staff):
    nobody = world.browser("nobody")
    site = "990000000101"
    nobody.get("/account").post({"registry": "lead_extraction", "site": site, "hospital": site, "role": "entry", "why": "dyżury"}, "/access")  # fmt: skip
    assert [("Nobody prosi o rolę" in told) for told in of_both(staff, "access_requests")] == [True, False, True]
    staff.lena.get(PEOPLE)
    number = re.findall(r"/people/requests/(\d+)", staff.lena.text)[0]
    staff.lena.post({"do": "grant"}, f"/requests/{number}")
    assert of_both(staff, "access_requests") == ["", "", ""]


def test_locked_accounts_and_invitations_are_told_of_the_own_hospital(world, staff):
    stranger = Browser(world.app.test_client())
    for _ in range(6):
        stranger.sign_in("zofia", "wrong")
    assert [("Zofia nie może" in told) for told in of_both(staff, "locked_out")] == [False, True, True]
    staff.lidia.get(PEOPLE).post({"email": "nowa@szpital.example", "role": "entry", "language": "pl"}, "/people")
    told = of_both(staff, "invitations")
    assert [("nowa@szpital.example nie ma jeszcze konta" in each) for each in told] == [False, True, True]
    person = re.findall(rf'href="({PEOPLE}/\d+)"', staff.lidia.get(HOME).text)[0]
    assert "Zofia" in staff.lidia.get(person).text
    assert staff.lena.get(person).status == 404
    world.clock.wait(days=8)
    for login in ("lena", "lidia", "olga"):
        setattr(staff, login, world.browser(login))
    assert of_both(staff, "locked_out") == of_both(staff, "invitations") == ["", "", ""]


def test_help_requests_wait_for_those_to_whom_they_go(world, staff):
    """First for the hospital's own administrator; for those of all once they have waited there."""
    anna = world.browser("anna")
    anna.get("/help/requests/new").post({"kind": "technical", "text": "Nie mogę zapisać."}, "/help/requests")
    number = re.findall(r"/help/requests/(\d+)", anna.address)[0]
    told = of_both(staff, "help_technical")
    assert [(f"Zgłoszenie nr {number}" in each) for each in told] == [True, False, False]
    world.clock.wait(days=3)
    for login in ("lena", "lidia", "olga"):
        setattr(staff, login, world.browser(login))
    told = of_both(staff, "help_technical")
    assert [(f"Zgłoszenie nr {number}" in each) for each in told] == [True, False, True]
    staff.lena.get(HOME)
    href = re.findall(r'href="(/lead_extraction/help-centre/\d+)"', staff.lena.text)[0]
    assert "Nie mogę zapisać." in staff.lena.get(href).text
