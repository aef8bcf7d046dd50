"""What waits in all registries of a person: the numbers of My day in each, behind the same rights. On SQLite and behind PostgreSQL's policies."""

import re
from dataclasses import replace

import pytest

from storage.accounts import add_membership, create_account
from tests.web.browsing import PASSWORD
from web.workspace import EXTENSION

REGISTRIES = ("lead_extraction", "ablation", "mcs")


@pytest.fixture(scope="module", params=["quick_world", "walled_world"])
def world(request):
    """SQLite, and PostgreSQL's policies."""
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="module")
def busy(world):
    """Patients with drafts, values to come and warnings in two registries, and one at the other hospital; wera works in three."""
    database, now = world.space.database, world.clock()
    people: dict[str, list[tuple[str, str, int | None]]] = {
        "wera": [(name, "coordinator", 0) for name in REGISTRIES],
        "adam": [("ablation", "entry", 0)],
        "kara": [("lead_extraction", "registry_coordinator", None), ("mcs", "local_administrator", 0), ("ablation", "author", None)],
        "olek": [("lead_extraction", "entry", 1), ("ablation", "entry", 1)],
    }  # fmt: skip
    for login, roles in people.items():
        account = create_account(database, login, login.title(), PASSWORD, who="office", at=now)
        for registry, role, place in roles:
            site = world.sites[place] if place is not None else None
            add_membership(database, account, registry, role, site_id=site, who="office", at=now)
    wera = world.browser("wera")
    for _ in range(2):
        who = wera.register()
        wera.open(who, "admission").draft({"unit_code": "101"})
    return world


def table(browser):
    """Of each registry the numbers of the overview, by column."""
    head = re.findall(r'<th scope="col" class="fig">([^<]+)', browser.text)
    rows = re.findall(r'<th scope="row" class="wide"><a href="/(\w+)/day">(.*?)</tr>', browser.text, re.DOTALL)
    cells = {name: re.findall(r'<td class="fig[^"]*">(.*?)</td>', row) for name, row in rows}
    plain = {
        name: [re.sub(r"<[^>]+>|\S[^<]*: ?(?=</span>)", "", cell) for cell in found] for name, found in cells.items()
    }
    return {name: dict(zip(head, found, strict=True)) for name, found in plain.items()}


def tiles(browser, registry):
    """The same on My day of a registry: kind -> number."""
    text = browser.get(f"/{registry}/day").text
    return dict(re.findall(r'<a class="tile sheet" href="#(\w+)"><b>([^<]+)</b>', text))


def test_numbers_are_those_of_each_day(busy):
    wera = busy.browser("wera")
    assert wera.address == "/day"
    found = table(wera)
    assert sorted(found) == sorted(REGISTRIES)
    columns = {"Po terminie": "overdue", "Do wypełnienia": "due", "Kopie robocze": "drafts", "Z ostrzeżeniami": "warnings",
               "Do uzupełnienia": "to_complete", "Zapytania": "queries"}  # fmt: skip
    for registry, numbers in found.items():
        day = tiles(wera, registry)
        assert {word: numbers[word] for word in columns} == {word: day.get(key, "0") for word, key in columns.items()}
    assert found["lead_extraction"]["Kopie robocze"] == "2"
    assert found["ablation"]["Kopie robocze"] == "0"


def test_another_hospital_is_told_of_nothing(busy):
    numbers = table(busy.browser("olek"))
    told = {number for registry in numbers.values() for number in registry.values()}
    assert told == {"0", "–nie dotyczy Twojej roli"}, "who fills in has nothing to sign"


def test_each_role_counts_what_it_may_do(busy):
    numbers = table(busy.browser("kara"))
    assert sorted(numbers) == ["lead_extraction", "mcs"]  # an author has no day
    assert numbers["mcs"]["Do wypełnienia"] == "–nie dotyczy Twojej roli"
    assert numbers["lead_extraction"]["Kopie robocze"] == "–nie dotyczy Twojej roli"
    assert numbers["lead_extraction"]["Prośby i inne"] == "0"


def test_whoever_has_one_registry_is_led_to_its_day(busy):
    assert busy.browser("adam").get("/day").address == "/ablation/day"
    assert 'href="/day"' not in busy.browser("adam").get("/ablation/day").text
    assert busy.browser().get("/day").address.startswith("/sign-in")


def test_a_role_that_lacks_its_second_factor_counts_nothing(busy):
    space = busy.space
    busy.app.extensions[EXTENSION] = replace(
        space, settings=replace(space.settings, second_factor_roles=frozenset({"registry_coordinator"}))
    )
    try:
        kara = busy.browser("kara").get("/day")
        assert "Twoja rola wymaga drugiego składnika." in kara.text
        rows = dict(re.findall(r'href="/(\w+)/day">(.*?)</tr>', kara.text, re.DOTALL))
        assert [name for name, row in rows.items() if 'class="fig"' in row] == ["mcs"]
    finally:
        busy.app.extensions[EXTENSION] = space


def test_in_english(busy):
    wera = busy.browser("wera").get("/day?language=en")
    assert "<h1>All registries</h1>" in wera.text
    assert table(wera)["lead_extraction"]["Drafts"] == "2"


def test_whoever_acts_is_the_same_after_each_question(busy):
    """PostgreSQL is told another registry for each of them, and goes on with the one before."""
    if busy.space.database.dialect != "postgresql":
        return
    named = "SELECT current_setting('ecrf.registry', true), current_setting('ecrf.site', true)"
    asked = "SELECT ''mine'', 1::bigint FROM enrolment WHERE registry <> current_setting(''ecrf.registry'')"
    turn = f"SELECT count(*) FROM ecrf_in_turn('mcs', 'all', '{busy.clock.now.isoformat()}', '0', '', '{asked}')"
    database = busy.space.database.on_behalf(busy.sites[0], "ablation", busy.clock.now)
    with database.read() as connection:
        before = tuple(connection.exec_driver_sql(named).one())
        assert connection.exec_driver_sql(turn).scalar_one() == 0, (
            "its policies bind what is asked: nothing of other registries"
        )
        assert tuple(connection.exec_driver_sql(named).one()) == before == ("ablation", str(busy.sites[0]))
