"""What was done to accounts, roles and hospitals: found by those who keep people, of their own hospital alone, and without any patient."""

import re
from html import unescape
from pathlib import Path

import pytest

from storage.accounts import add_membership, create_account
from storage.hospitals import Change, add_unit
from storage.people import Scope, give_role

FOLDER = Path(__file__).parents[1] / "fixtures" / "rights"
PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def ward(new_sqlite, new_world, fill_ward):
    """Administrators of both hospitals and of all; a patient of the first, whom somebody looked at."""
    world = new_world(new_sqlite(), definitions=FOLDER, registry="ward")
    database, at = world.space.database, world.clock.now
    for login, role, place in (
        ("lola", "local_administrator", 0),
        ("lech", "local_administrator", 1),
        ("ada", "administrator", None),
    ):
        account = create_account(database, login, f"{login.title()} Administrator", PASSWORD, who="office", at=at)
        site = None if place is None else world.sites[place]
        add_membership(database, account, "ward", role, site_id=site, who="office", at=at)
    for n, site in enumerate(world.sites, 1):
        unit = add_unit(database, site, "1", f"Oddział szpitala {n}", Change("office", at, "nowy oddział"))
        account = create_account(database, f"new{n}", f"Osoba Szpitala {n}", PASSWORD, who="office", at=at)
        give_role(
            database, Scope("ward", site), account, "entry", Change(f"Szef {n}", at, "przyjęta do pracy"), unit_id=unit
        )
    filled = fill_ward(world)
    world.browser("anna").get("/ward/audit")  # refused
    stranger = world.browser()
    stranger.sign_in("jan", "wrong password 1")
    stranger.sign_in("who.is.this", "wrong password 1")
    yield filled
    database.close()


def lines(browser, query=""):
    browser.get(f"/ward/deeds{query}")
    assert browser.status == 200
    body = re.search(r"<tbody>(.*?)</tbody>", browser.text, re.DOTALL)
    rows = re.findall(r"<tr>(.*?)</tr>", body[1], re.DOTALL) if body else []
    return [" ".join(unescape(re.sub(r"<[^>]+>", " ", row)).split()) for row in rows]


def test_a_local_administrator_finds_the_own_hospital_s_alone(ward):
    first, second = (" | ".join(lines(ward.world.browser(login))) for login in ("lola", "lech"))
    assert "Osoba Szpitala 1" in first
    assert "wprowadzanie danych" in first.lower() or "Szef 1" in first
    assert "Oddział szpitala 1" in first
    assert "odmowa dostępu" in first
    assert "przyjęta do pracy" in first
    for foreign in ("Szpitala 2", "szpitala 2", "Szef 2", "who.is.this", "Ada Administrator"):
        assert foreign not in first
    assert "nieudane logowanie" in second
    assert "Szpitala 1" not in second


def test_an_administrator_of_the_registry_finds_all(ward):
    found = " | ".join(lines(ward.world.browser("ada")))
    assert {"Osoba Szpitala 1", "Osoba Szpitala 2", "Oddział szpitala 2"} <= {part for part in (
        "Osoba Szpitala 1", "Osoba Szpitala 2", "Oddział szpitala 2") if part in found}  # fmt: skip


@pytest.mark.parametrize("login", ["lola", "ada"])
def test_no_patient_stands_in_it(ward, login):
    browser = ward.world.browser(login)
    text = " ".join(lines(browser)) + browser.text
    for needle in (ward.who, "Kowalewska", "Leczenie zachowawcze", "wgląd w dane", "zapytanie", "plan"):
        assert needle not in text


@pytest.mark.parametrize(
    ("query", "found", "left_out"),
    [
        ("?group=role", "zmiana roli", "zalogowanie"),
        ("?group=refused", "odmowa dostępu", "zmiana roli"),
        ("?who=Osoba+Szpitala", "Osoba Szpitala 1", "Ewa"),
        ("?who=ANNA", "zalogowanie", "Osoba Szpitala 1"),
        ("?since=2025-07-01&until=2025-07-01", "Osoba Szpitala 1", "nothing"),
    ],
)
def test_the_search_narrows(ward, query, found, left_out):
    told = " | ".join(lines(ward.world.browser("lola"), query))
    assert found in told
    assert left_out not in told


@pytest.mark.parametrize(
    "query", ["?since=2031-01-01", "?until=1999-01-01", "?who=nobody.at.all", "?group=account&who=Jan"]
)
def test_what_is_not_there_is_not_found(ward, query):
    assert lines(ward.world.browser("lola"), query) == []


def test_a_day_that_is_none_is_told(ward):
    lola = ward.world.browser("lola")
    assert lines(lola, "?since=31.02.2025") == []
    assert 'aria-invalid="true"' in lola.text


def test_pages_follow_one_another_in_few_statements(ward, monkeypatch):
    monkeypatch.setattr("web.deeds.PAGE", 2)
    ada, seen = ward.world.browser("ada"), []
    every = "/ward/deeds"
    with ward.world.space.database.counted() as sent:
        ada.get(every)
    assert len(sent) <= 5
    while every:
        ada.get(every)
        seen += lines(ada, every.removeprefix("/ward/deeds"))
        more = re.search(r'rel="next" href="([^"]+)"', ada.text)
        every = unescape(more[1]) if more and len(seen) < 40 else ""
    assert len(seen) == len(set(seen)) or len(seen) >= 10
    assert len(seen) > 4


@pytest.mark.parametrize("login", ["anna", "ewa"])
def test_nobody_else_comes_in(ward, login):
    assert ward.world.browser(login).get("/ward/deeds").status == 403
