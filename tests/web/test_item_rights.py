"""What a definition keeps to some roles: who may not see it receives nothing of it, who may not fill it changes nothing."""

import re
from pathlib import Path

import pytest

from engine.model.rights import ROLES as NAMED
from storage.accounts import add_membership, create_account
from web.roles import ROLES

FOLDER = Path(__file__).parents[1] / "fixtures" / "rights"
# Numbers are so long that no token and no hash on a page holds them by chance; one is twice the other.
SECRET = {"verdict": "Ocena-tajna", "points": "43219876"}
OPEN = {"decision": "Decyzja-jawna", "closing": "Zamkniecie-jawne"}
TEXTS = ("Ocena-tajna", "43219876", "86439752", "Ryzyko-tajne")


@pytest.fixture(scope="module")
def ward(database_url, new_world, fill_ward):
    """A patient for whom a physician has filled what the definition keeps to physicians."""
    world = new_world(database_url, definitions=FOLDER, registry="ward")
    at, database = world.clock.now, world.space.database
    for role in ("physician", "coordinator"):
        account = create_account(database, f"role.{role}", role, "correct horse battery", who="office", at=at)
        add_membership(database, account, "ward", role, site_id=world.sites[0], who="office", at=at)
    filled = fill_ward(world)
    physician = world.browser("role.physician")
    physician.get(f"{filled.care}?open={filled.row}")
    physician.post({**SECRET, **OPEN, f"{filled.row}.risk": "Ryzyko-tajne", "__do": "save"}, "forms")
    yield filled
    database.close()


def page(ward, login):
    browser = ward.world.browser(login)
    return browser.get(f"{ward.care}?open={ward.row}")


def test_the_names_are_those_of_the_table():
    assert tuple(ROLES) == NAMED


def test_who_may_see_sees(ward):
    text = page(ward, "role.physician").text
    assert all(needle in text for needle in (*TEXTS, *OPEN.values()))
    assert "Ocena-tajna" in page(ward, "role.coordinator").text
    assert "43219876" not in page(ward, "role.coordinator").text


@pytest.mark.parametrize("login", ["anna", "ewa"])
def test_nothing_hidden_is_on_any_page(ward, login):
    browser = page(ward, login)
    assert browser.text.count("ukryte dla Twojej roli") == 4
    assert all(value in browser.text for value in OPEN.values())
    for address in browser.crawl():
        said = browser.page.get_data().decode(errors="replace")
        assert not [needle for needle in TEXTS if needle in said], address


def test_a_page_has_no_field_for_what_one_may_not_fill(ward):
    names = {name for name, _ in page(ward, "anna").fields("forms")[1]}
    assert "plan" in names
    assert not names & {*SECRET, *OPEN, f"{ward.row}.risk"}


def test_a_save_leaves_what_one_may_not_fill_as_it_is(ward):
    anna = page(ward, "anna")
    anna.post({"plan": "Nowy plan", "__do": "save"}, "forms")
    assert "Nowy plan" in anna.text
    answer = anna.draft({"plan": "Jeszcze inny"})
    assert answer.status_code == 200
    assert not [needle for needle in TEXTS if needle in answer.get_data(as_text=True)]
    anna.get(ward.care).post({"__do": "save"}, "forms")
    text = page(ward, "role.physician").text
    assert all(needle in text for needle in (*TEXTS, *OPEN.values(), "Jeszcze inny"))


@pytest.mark.parametrize("name", ["decision", "closing", "verdict", "points", "{row}.risk", "decision__mr"])
def test_a_field_that_one_may_not_fill_is_refused_and_noted(ward, name):
    name = name.format(row=ward.row)
    before = len(ward.world.audit("denied"))
    anna = page(ward, "anna")
    anna.post({name: "999", "plan": "podstęp", "__do": "save"}, "forms", follow=False)
    assert anna.status == 403
    assert page(ward, "anna").draft({name: "999"}).status_code == 403
    assert len(ward.world.audit("denied")) == before + 2
    text = page(ward, "role.physician").text
    assert "podstęp" not in text
    assert not re.search(r'(value="|>)\s*999\b', text)  # elsewhere it may stand by chance, as in a hash


def test_what_the_role_does_not_allow_is_noted(ward):
    before = len(ward.world.audit("denied"))
    assert page(ward, "ewa").client.post(ward.care).status_code == 403
    assert len(ward.world.audit("denied")) == before + 1


def test_a_row_that_holds_something_hidden_is_not_taken_away(ward):
    anna = page(ward, "anna")
    anna.post({"__do": f"remove:{ward.row}"}, "forms")
    anna.post({"__do": "save"}, "forms")
    assert "Usunięty wiersz zawiera odpowiedzi" in anna.text
    assert "Ryzyko-tajne" in page(ward, "role.physician").text
    anna.get(ward.care).post({}, "forms", to=f"{ward.care}/discard")


def test_two_people_with_different_rights_save_at_the_same_time(ward):
    anna, physician = page(ward, "anna"), page(ward, "role.physician")
    physician.post({"verdict": "Ocena-nowsza", "decision": "Decyzja-nowsza", "__do": "save"}, "forms")
    anna.post({"plan": "Plan-nowszy", "__do": "save"}, "forms")
    assert "Plan-nowszy" in anna.text
    assert "Ocena-nowsza" not in anna.text
    text = page(ward, "role.physician").text
    assert all(value in text for value in ("Plan-nowszy", "Ocena-nowsza", "Decyzja-nowsza"))
