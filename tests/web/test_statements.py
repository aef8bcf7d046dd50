"""How often a page asks the database: as often for many patients as for one, and seldom. On both databases.

What is asked by the clock alone is not counted: whether there are newer dictionaries, and that a session is in use.
"""

from types import SimpleNamespace

import pytest

from storage.accounts import add_membership, create_account, find_account

HOME = "/lead_extraction"
MOST = 5
BY_THE_CLOCK = ("UPDATE session", "FROM dictionary")
# Page -> who opens it, where, and how many statements it may take.
PAGES = {
    "patients": ("anna", HOME + "/patients", MOST),
    "patients narrowed": ("anna", HOME + "/patients?waiting=overdue&order=due&state=in_progress&several=1", MOST),
    "patient": ("anna", HOME + "/patients/{who}", MOST),
    "form": ("anna", "{form}", MOST),
    "form with a draft": ("piotr", "{form}", MOST),
    "form with identities": ("anna", "{person}", MOST),
    "form that is read": ("ewa", "{form}", MOST),
    "form that is signed": ("anna", "{signed}", MOST),
    "state of a form": ("kora", "{form}/state", MOST),
    "state of a form that is signed": ("kora", "{signed}/state", MOST),
    "states of forms": ("kora", HOME + "/patients/{who}/states", MOST),
    "states of forms that are signed": ("kora", HOME + "/patients/{signer}/states", MOST),
    "my day": ("anna", HOME + "/day", MOST),
    "my day at two hospitals": ("kora", HOME + "/day", MOST),
    "day of an administrator": ("lena", HOME + "/day", MOST),
    "days of all registries": ("wera", "/day", MOST),
    "completeness of a hospital": ("lena", HOME + "/completeness", MOST),
    "completeness": ("mona", HOME + "/completeness", MOST),
    "people": ("olga", HOME + "/people", MOST),
    "people of a hospital": ("lena", HOME + "/people", MOST),
    "a person": ("lena", HOME + "/people/{anna}", MOST),
    "own account": ("anna", "/account", MOST),
    "hospitals": ("olga", HOME + "/hospitals", MOST),
    "queries": ("mona", HOME + "/queries", MOST),
    "verification": ("mona", HOME + "/verification", MOST),
    "log": ("kora", HOME + "/audit?kind=save", MOST),
    "episodes without a ward": ("kora", HOME + "/wards", MOST),
    "forms that wait": ("pawel", HOME + "/waiting", MOST),
    "forms that wait, narrowed": ("rena", HOME + "/waiting?hospital=Szpital+1&form=admission&state=complete", MOST),
    "requests": ("kora", HOME + "/requests", MOST),
}
ROLES = (
    ("kora", "coordinator", (0, 1)), ("pawel", "physician", (0,)), ("mona", "monitor", (None,)),
    ("lena", "local_administrator", (0,)), ("olga", "administrator", (None,)), ("rena", "registry_coordinator", (None,)),
)  # fmt: skip


@pytest.fixture(scope="module")
def staff(world):
    """People of all roles, two patients, and forms: one with a draft, one with identifying values, one that is signed."""
    database, now = world.space.database, world.clock()
    for login, role, places in ROLES:
        account = create_account(database, login, login.title(), "correct horse battery", who="office", at=now)
        for place in places:
            site = world.sites[place] if place is not None else None
            add_membership(database, account, "lead_extraction", role, site_id=site, who="office", at=now)
    account = create_account(database, "wera", "Wera", "correct horse battery", who="office", at=now)
    for registry in world.space.registries.current:
        add_membership(database, account, registry, "coordinator", site_id=world.sites[0], who="office", at=now)
    anna = world.browser("anna")
    signed = anna.open(anna.register(), "patient").address.partition("?")[0]
    who = anna.register()
    person = anna.open(who, "patient").address.partition("?")[0]
    form = anna.open(who, "admission").post({"unit_code": "100", "__do": "save"}, "forms").address.partition("?")[0]
    world.browser("piotr").open(who, "admission").draft({"unit_code": "101"})
    pawel = world.browser("pawel").get(f"{signed}/state")
    pawel.post({"meaning": "author", "password": "correct horse battery"}, "state/sign")
    assert "podpis" in pawel.text
    browsers = {login: world.browser(login) for login in {row[0] for row in PAGES.values()}}
    return SimpleNamespace(
        world=world, who=who, signer=signed.split("/")[3], person=person, form=form, signed=signed, browsers=browsers,
        anna=find_account(database, "anna").id,
    )  # fmt: skip


@pytest.mark.parametrize("page", PAGES)
def test_a_page_asks_seldom(staff, page):
    login, address, most = PAGES[page]
    browser, database = staff.browsers[login], staff.world.space.database
    address = address.format_map(vars(staff))
    browser.get(address)
    with database.counted() as sent:
        browser.get(address)
    assert browser.status == 200
    asked = [statement for statement in sent if not any(words in statement for words in BY_THE_CLOCK)]
    assert len(asked) <= most, "\n".join(asked)
