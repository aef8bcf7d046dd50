"""Defaults without scripts, and what the server leaves to a page that makes the offers itself."""

from datetime import date
from itertools import count
from urllib.parse import urlencode

import pytest

from engine.datatypes.identifiers import make_pesel

BORN = date(1951, 5, 7)
SERIES = count(100)


@pytest.fixture
def anna(quick_world):
    return quick_world.browser("anna")


def begin(anna):
    """The page of a new patient, and what to post there: all that is asked but sex and birth date."""
    anna.get("/lead_extraction/patients").post({}, "/patients")
    return {
        "pat_id_type": "pesel", "pesel": make_pesel(BORN, female=True, series=next(SERIES)), "last_name": "Przykładowa",
        "first_names": "Anna", "nfz_branch": "07", "info_clause_date__d": "10", "info_clause_date__m": "3",
        "info_clause_date__y": "2025",
    }  # fmt: skip


def offered(anna):
    return anna.value("sex"), anna.value("birth_date__d"), anna.value("birth_date__m"), anna.value("birth_date__y")


ALL, NONE = ("f", "07", "05", "1951"), ("", "", "", "")


def test_a_form_that_lacks_only_what_follows_is_completed_after_a_look(anna):
    person = begin(anna)
    anna.post({**person, "__do": "complete"}, "forms")
    assert "done=" not in anna.address
    assert "zostały wypełnione" in anna.text
    assert offered(anna) == ALL
    anna.post({"__do": "complete"}, "forms")
    assert "done=" in anna.address


@pytest.mark.parametrize("verb", ["save", "language:en", "clear:nfz_branch"])
def test_offers_are_on_the_page_that_comes_back_but_not_saved(anna, verb):
    anna.post({**begin(anna), "__do": verb}, "forms")
    assert offered(anna) == ALL
    anna.post({}, "forms", to=f"{anna.fields('forms')[0]}/discard")
    assert offered(anna) == NONE


def test_what_was_emptied_does_not_come_back(anna):
    anna.post({**begin(anna), "__do": "save"}, "forms")
    anna.post({"sex": "", "__do": "save"}, "forms")
    assert offered(anna) == ("", *ALL[1:])
    anna.post({"last_name": "Inna", "__do": "save"}, "forms")
    assert offered(anna) == ("", *ALL[1:])
    anna.post({"pesel": make_pesel(BORN, female=False, series=next(SERIES)), "__do": "save"}, "forms")
    assert offered(anna) == ("m", *ALL[1:])  # the number was corrected


def test_a_page_that_is_sent_twice_offers_once(anna):
    person = begin(anna)
    where, fields = anna.fields("forms")
    body = urlencode([*(pair for pair in fields if pair[0] not in person), *person.items(), ("__do", "save")])
    for _ in range(2):
        anna.client.post(where, data=body, content_type="application/x-www-form-urlencoded")
    anna.get(where)
    assert offered(anna) == ALL


def test_what_was_entered_stays(anna):
    anna.post({**begin(anna), "sex": "m", "__do": "save"}, "forms")
    assert offered(anna) == ("m", *ALL[1:])


def test_a_page_with_scripts_makes_the_offers_itself(anna):
    anna.post({**begin(anna), "__live": "yes", "__do": "save"}, "forms")
    assert offered(anna) == NONE
    assert "Zapisano, " in anna.text


def test_what_is_typed_is_kept_as_it_stands(anna):
    person = begin(anna)
    where = anna.fields("forms")[0]
    anna.post(person, "forms", to=f"{where}/draft", follow=False)
    assert anna.status == 200
    anna.get(where)
    assert anna.value("pesel") == person["pesel"]
    assert offered(anna) == NONE


def test_a_reader_sees_a_form_that_was_not_begun_as_it_is(quick_world, anna):
    who = anna.register()
    ewa = quick_world.browser("ewa")
    ewa.open(who, "procedure")
    assert ewa.status == 200
    assert "Wymagana co najmniej jedna elektroda" not in ewa.text


def test_a_form_that_was_only_begun_is_calm_and_a_saved_one_is_not(anna):
    who = anna.register()
    anna.open(who, "procedure")
    assert "Wymagana co najmniej jedna elektroda" not in anna.text
    anna.post({"__do": "language:en"}, "forms")
    assert "At least one lead" not in anna.text
    anna.post({"__do": "language:pl"}, "forms").post({"__do": "save"}, "forms")
    assert "Wymagana co najmniej jedna elektroda" in anna.text
