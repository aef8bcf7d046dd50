"""The history of a field, a form and a patient: in words, for those who may see it, noted where it names a person."""

import re

import pytest

from storage.access import Actor
from storage.accounts import add_membership, create_account, find_account
from storage.identity import erase
from storage.subjects import find_pseudonym

PASSWORD = "correct horse battery"
REGISTRY = "lead_extraction"


@pytest.fixture(scope="module")
def keeper(world):
    """Keeps the registry and does not know who patients are."""
    account = create_account(world.space.database, "keeper", "Keeper", PASSWORD, who="office", at=world.clock.now)
    add_membership(
        world.space.database, account, REGISTRY, "registry_coordinator", site_id=None, who="office", at=world.clock.now
    )
    return "keeper"


def plain(text):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", text[text.index("<main") :]))


@pytest.fixture
def changed(world, anna):
    """A patient whose name was corrected; the address of its form."""
    who = anna.register()
    form = anna.open(who, "patient").address
    anna.post({"last_name": "Poprawiona", "__do": "complete"}, "forms")
    return who, form.split("?")[0]


def test_the_history_of_a_field_says_who_when_old_and_new(world, anna, changed):
    _, form = changed
    anna.get(form)
    assert f'href="{form}/history?field=last_name"' in anna.text
    before = len(world.audit("identities"))
    text = plain(anna.get(f"{form}/history?field=last_name").text)
    assert "było Przykładowy → jest Poprawiona" in text
    assert "było puste → jest Przykładowy" in text
    assert text.index("Poprawiona") < text.index("puste")  # the newest first
    assert "Anna, formularz www" in text
    assert len(world.audit("identities")) == before + 1


def test_what_identifies_is_hidden_from_who_may_not_know_it_and_nothing_is_noted(world, changed, keeper):
    _, form = changed
    browser = world.browser(keeper)
    before = len(world.audit("identities"))
    text = plain(browser.get(f"{form}/history").text)
    assert "Poprawiona" not in text
    assert "było dane osobowe, ukryte → jest dane osobowe, ukryte" in text
    assert "było puste → jest Mazowiecki OW NFZ" in text
    assert len(world.audit("identities")) == before


def test_the_history_of_a_form_groups_what_was_saved_together(world, anna, changed):
    _, form = changed
    text = plain(anna.get(f"{form}/history").text)
    assert "pierwszy zapis" in text
    assert "zapis zmian" in text
    assert plain(anna.get(f"{form}/history?language=en").text).count("changes saved") == text.count("zapis zmian")
    anna.get(f"{form}?language=pl")


def test_rows_are_named_by_their_titles_and_removed_ones_by_their_group(anna, changed):
    who, _ = changed
    anna.open(who, "device")
    _, row = anna.add_lead(lead_no="7")
    form = anna.address.split("?")[0]
    text = plain(anna.get(f"{form}/history").text)
    assert re.search(r"7[^:]*: [^:]+: było puste → jest 7", text), text
    name = f"leads.{row}.lead_no"
    assert "jest 7" in plain(anna.get(f"{form}/history?field={name}").text)
    anna.get(form).post({"__do": f"remove:leads.{row}"}, "forms").post({"__do": "save"}, "forms")
    assert "wiersz usunięty" in plain(anna.get(f"{form}/history").text)


def test_the_history_of_a_patient_is_paged_and_links_to_its_forms(world, anna, changed):
    who, form = changed
    assert "Historia zapisu" in anna.get(f"/{REGISTRY}/patients/{who}").text
    with world.space.database.counted() as sent:
        text = anna.get(f"/{REGISTRY}/patients/{who}/history").text
    assert len(sent) <= 10, sent
    assert f'href="{form}/history"' in text
    assert "rejestracja pacjenta" in text
    for number in range(26):
        anna.get(form).post({"first_names": f"Jan {number}", "__do": "complete"}, "forms")
    first = anna.get(f"/{REGISTRY}/patients/{who}/history").text
    older = re.search(r'href="([^"]*before=\d+)"', first)
    assert older
    assert "rejestracja pacjenta" not in first
    assert "rejestracja pacjenta" in anna.get(older[1]).text


def test_what_was_erased_stays_hidden(world, anna, changed):
    who, form = changed
    space, now = world.space, world.clock.now
    account = find_account(space.database, "anna")
    actor = Actor(account.id, account.name, REGISTRY, world.sites[0])
    erase(space.database, actor, find_pseudonym(space.database, actor, who, at=now), now, reason="asked for")
    text = anna.get(f"/{REGISTRY}/patients/{who}/history").text
    assert "Poprawiona" not in text
    assert "usunięcie danych osobowych" in text
    assert "dane osobowe, ukryte" in plain(text)
    assert anna.get(f"{form}/history").status == 200


@pytest.mark.parametrize("part", ["history", "{form}/history", "{form}/history?field=last_name"])
def test_another_hospital_finds_nothing(world, anna, changed, part):
    who, form = changed
    address = part.format(form=form) if "form" in part else f"/{REGISTRY}/patients/{who}/{part}"
    assert world.browser("jan").get(address).status == 404


def test_a_field_that_is_none_is_not_found(anna, changed):
    assert anna.get(f"{changed[1]}/history?field=nothing").status == 404


def test_a_form_as_it_stood_is_shown_to_be_read(world, anna, changed):
    _, form = changed
    text = anna.get(f"{form}/history").text
    states = re.findall(r'href="([^"]*/history/then\?at=[^"]*)"', text)
    assert len(states) >= 2
    old = anna.get(states[-1].replace("&amp;", "&"))
    assert "Przykładowy" in plain(old.text)
    assert "Poprawiona" not in plain(old.text)
    assert "<textarea" not in old.text
    assert "do odczytu" in old.text
    assert anna.get(f"{form}/history/then?at=2001-01-01T00:00").status == 404


def test_two_states_side_by_side_say_in_words_what_differs_and_who_changed_it(anna, changed):
    _, form = changed
    text = plain(anna.get(f"{form}/history/compare").text)
    assert re.search(r"Nazwisko\s*Przykładowy\s*Poprawiona\s*zmienione – Anna", text), text
    assert "Mazowiecki OW NFZ" not in text
    assert "Mazowiecki OW NFZ" in plain(anna.get(f"{form}/history/compare?all=yes").text)
    early = anna.get(f"{form}/history/compare?left=2001-01-01T00:00:00").text
    assert "dopisane" in early
    assert "Takiej daty i godziny nie ma" in anna.get(f"{form}/history/compare?left=soon").text


def test_what_identifies_is_hidden_in_earlier_states_too(world, changed, keeper):
    _, form = changed
    browser = world.browser(keeper)
    text = plain(browser.get(f"{form}/history/compare?all=yes").text)
    assert "Poprawiona" not in text
    assert re.search(r"Nazwisko\s*dane osobowe, ukryte\s*dane osobowe, ukryte\s*zmienione", text), text
    assert "Poprawiona" not in browser.get(f"{form}/history/then").text


def test_another_hospital_finds_no_earlier_state(world, changed):
    for part in ("then", "compare"):
        assert world.browser("jan").get(f"{changed[1]}/history/{part}").status == 404
