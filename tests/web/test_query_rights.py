"""Queries about what a role may not see: told on no page, counted in no list, sent in no file; their words are gone with the patient."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from storage.access import Actor
from storage.accounts import add_membership, create_account
from storage.audit_check import verify
from storage.identity import erase
from storage.subjects import find_pseudonym

FOLDER = Path(__file__).parents[1] / "fixtures" / "rights"
ROLES = {
    "kora": ("coordinator", True),
    "phil": ("physician", True),
    "rita": ("registry_coordinator", False),
    "mo": ("monitor", False),
}
NEEDLE = "Dlaczego tak?"
# Field -> who asks, and who is told of it.
ABOUT = {
    "plan": ("kora", {"anna", "phil", "kora", "rita", "mo"}),
    "verdict": ("kora", {"phil", "kora"}),  # the definition keeps it to physicians and coordinators
    "guardian": ("mo", {"anna", "phil", "kora", "mo"}),  # identifying: a registry's coordinator knows nobody
    "visitors": ("kora", {"anna", "phil", "kora", "rita", "mo"}),  # a row of which something is seen
}


@pytest.fixture(scope="module")
def ward(new_sqlite, new_world, fill_ward):
    world = new_world(new_sqlite(), definitions=FOLDER, registry="ward")
    database, at = world.space.database, world.clock.now
    for login, (role, here) in ROLES.items():
        account = create_account(database, login, login.title(), "correct horse battery", who="office", at=at)
        site = world.sites[0] if here else None
        add_membership(database, account, "ward", role, site_id=site, who="office", at=at)
    yield fill_ward(world)
    database.close()


@pytest.fixture(scope="module", params=ABOUT)
def asked(request, ward):
    """A query about a field, and who is told of it."""
    item, (asker, told) = request.param, ABOUT[request.param]
    browser, at, words = ward.world.browser(asker), ward.row if item == "visitors" else item, f"{NEEDLE} {item}"
    browser.get(f"{ward.care}/queries?at={at}").post({"text": words}, "/queries?")
    assert words in browser.text
    return SimpleNamespace(item=item, words=words, told=told, address=re.findall(r"query=\d+", browser.address)[0])


@pytest.mark.parametrize("login", ["anna", "phil", "kora", "rita", "mo"])
def test_a_query_is_told_to_those_who_see_what_it_is_about(ward, asked, login):
    browser, told = ward.world.browser(login), login in asked.told
    pages = {
        "list": "/ward/queries?show=all", "form": ward.care, "patient": f"/ward/patients/{ward.who}",
        "thread": f"{ward.care}/queries?{asked.address}", "file": "/ward/queries.csv?show=all",
    }  # fmt: skip
    found = {name: asked.words in browser.client.get(address).text for name, address in pages.items()}
    assert found == dict.fromkeys(pages, told)
    assert browser.client.get(pages["thread"]).status_code == (200 if told else 404)


def test_a_list_counts_what_it_shows(ward, asked):
    for login in ("anna", "phil", "rita"):
        browser = ward.world.browser(login)
        browser.get("/ward/queries?show=all")
        lines = len(set(re.findall(r"\?query=(\d+)", browser.text)))
        counted = re.search(r"(\d+) (?:otwart|czek|zapyta)", browser.text)
        assert counted is not None, re.sub(r"<[^>]+>", " ", browser.text)[:600]
        assert int(counted[1]) == lines


def test_a_day_tells_nobody_of_hidden_queries(ward, asked):
    """The form waits with the oldest of the queries that may be seen."""
    queries = ward.world.browser("anna").get("/ward/day").text
    assert asked.words not in queries


@pytest.mark.parametrize(
    ("login", "item"), [("rita", "guardian"), ("rita", "scan"), ("kora", "points"), ("kora", "nothing")]
)
def test_nobody_asks_about_what_is_hidden(ward, login, item):
    browser = ward.world.browser(login)
    token = re.findall(r'name="csrf_token" value="([^"]+)"', browser.get("/ward/patients").text)[0]
    answer = browser.client.post(f"{ward.care}/queries?at={item}", data={"csrf_token": token, "text": "Jak?"})
    assert answer.status_code == 404


def test_words_are_gone_with_the_patient_and_the_audit_still_verifies(ward, asked):
    world, database = ward.world, ward.world.space.database
    browser = world.browser("anna")
    browser.get("/ward/patients").post({}, "/patients")
    who = browser.address.split("/")[3]
    browser.post({"last_name": "Kot", "sex": "k", "__do": "save"}, "forms")
    person = re.sub(r"\?.*", "", browser.address)
    kora = world.browser("kora")
    kora.get(f"{person}/queries?at=sex").post({"text": "Słowa do usunięcia"}, "/queries?")
    thread = kora.address
    assert "Słowa do usunięcia" in kora.text
    plain = {name: dump(database, name) for name in ("query_message", "audit_entry")}
    assert not any("Słowa do usunięcia" in text for text in plain.values())
    actor = Actor(1, "office", "ward", world.sites[0])
    erase(
        database, actor, find_pseudonym(database, actor, who, at=world.clock.now), world.clock.now, reason="asked for"
    )
    kora.get(thread)
    assert "Usunięto razem z danymi pacjenta" in kora.text
    assert "Usunięto razem" in kora.client.get("/ward/queries.csv?show=all").text
    assert list(verify(database)) == []


def dump(database, table):
    with database.read() as connection:
        return str(connection.exec_driver_sql(f"SELECT * FROM {table}").all())
