"""One person has one record: it is noticed before a second one can be saved, and there is a way on; nothing is told of others."""

import re
from datetime import date

import pytest

from engine.datatypes.identifiers import make_pesel
from storage.accounts import add_membership, create_account

PASSWORD = "correct horse battery"
FIRST, SECOND = "lead_extraction", "ablation"


@pytest.fixture(scope="module")
def staff(quick_world):
    """anna works in two registries of the first hospital, ola in the second one alone."""
    database, now = quick_world.space.database, quick_world.clock.now
    with database.read() as connection:
        anna = connection.exec_driver_sql("SELECT id FROM account WHERE login = 'anna'").scalar_one()
    ola = create_account(database, "ola", "Ola", PASSWORD, who="office", at=now)
    for account in (anna, ola):
        add_membership(database, account, SECOND, "entry", site_id=quick_world.sites[0], who="office", at=now)
    return quick_world


@pytest.fixture
def pesel(request):
    """A number that no other test uses."""
    return make_pesel(date(1949, 3, 2), female=False, series=7000 + len(request.node.nodeid) * 7 % 991)


def begin(browser, registry, pesel, **more):
    """A new patient whose form is saved with a number."""
    browser.get(f"/{registry}/patients").post({}, "/patients")
    who = browser.address.split("/")[3]
    born = {"birth_date__d": "2", "birth_date__m": "3", "birth_date__y": "1949"}
    typed = {"pat_id_type": "pesel", "pesel": pesel, "last_name": "Przykładowy", **born, **more}
    browser.post({**typed, "__do": "save"}, "forms")
    return who


def follow(browser, registry, who):
    """From the refusal on: what was typed is looked for."""
    assert f"/{registry}/known?of={who}" in browser.text
    browser.get(f"/{registry}/known?of={who}")
    return browser.post({}, "/known")


def test_a_person_of_another_registry_of_the_hospital_is_taken_into_this_one(staff, pesel):
    anna = staff.browser("anna")
    known = anna.register(pesel=pesel)
    who = begin(anna, SECOND, pesel)
    assert "Nie zapisano: osoba z tym numerem PESEL" in anna.text
    follow(anna, SECOND, who)
    assert "Ta osoba ma zapis w innym rejestrze tego szpitala" in anna.text
    assert f"/{FIRST}/patients/{known}" in anna.text
    anna.post({}, "/enrol")
    assert anna.address.startswith(f"/{SECOND}/patients/")
    assert anna.address.split("/")[3] != who
    taken = anna.address.split("/")[3]
    (form,) = set(re.findall(rf'href="(/{SECOND}/patients/{taken}/forms/[^"]*\.patient)"', anna.text))
    assert anna.get(form).value("pesel") == pesel


def test_who_has_no_role_there_is_told_nothing_of_it(staff, pesel):
    staff.browser("anna").register(pesel=pesel)
    ola = staff.browser("ola")
    who = begin(ola, SECOND, pesel)
    follow(ola, SECOND, who)
    assert "Ta osoba ma już zapis poza tym szpitalem" in ola.text
    assert FIRST not in ola.text.replace("/static", "")
    ola.post({"reason": "zabieg"}, "/ask")
    assert "Prośba" in ola.text


def test_another_hospital_asks_for_the_record(staff, pesel):
    staff.browser("anna").register(pesel=pesel)
    jan = staff.browser("jan")
    who = begin(jan, FIRST, pesel)
    assert "Jedna osoba ma jeden zapis dla wszystkich szpitali" in jan.text
    assert "na liście pacjentów" not in jan.text  # where this hospital will not find it
    follow(jan, FIRST, who)
    assert "Ta osoba ma już zapis poza tym szpitalem" in jan.text


def test_the_own_hospital_is_led_to_its_record(staff, pesel):
    anna = staff.browser("anna")
    known = anna.register(pesel=pesel)
    who = begin(anna, FIRST, pesel)
    follow(anna, FIRST, who)
    assert "To pacjent tego szpitala" in anna.text
    assert f"/{FIRST}/patients/{known}" in anna.text


def test_a_number_of_somebody_else_is_told_as_such(staff, pesel):
    anna = staff.browser("anna")
    anna.register(pesel=pesel)
    who = begin(anna, FIRST, pesel, last_name="Inny")
    follow(anna, FIRST, who)
    assert "Ten numer ma już ktoś o innym nazwisku" in anna.text
    assert "Możesz ją zgłosić" not in anna.text


def test_a_document_is_one_persons_in_all_registries(staff):
    anna = staff.browser("anna")
    foreign = {"pat_id_type": "passport", "doc_number": "AB1234567", "doc_country": "DE"}
    begin(anna, FIRST, "", **foreign)
    assert "Nie zapisano" not in anna.text
    begin(anna, SECOND, "", **foreign)
    assert "Nie zapisano: osoba z tym numerem PESEL lub dokumentem ma już zapis." in anna.text
    begin(anna, SECOND, "", **{**foreign, "doc_country": "FR"})
    assert "Nie zapisano" not in anna.text


def test_what_was_looked_for_need_not_be_typed_again(staff, pesel):
    anna = staff.browser("anna").get(f"/{FIRST}/known")
    anna.post({"pesel": pesel, "birth_date": "1949-03-02", "surname": "Nowicka"}, "/known")
    assert "Nie ma takiej osoby" in anna.text
    anna.post({}, "/patients")
    assert (anna.value("last_name"), anna.value("birth_date__y")) == ("Nowicka", "1949")
    anna.post({"pat_id_type": "pesel", "__do": "save"}, "forms")
    assert anna.value("pesel") == pesel


def test_a_number_of_a_withdrawn_record_is_free_again(staff, pesel):
    database, now = staff.space.database, staff.clock.now
    account = create_account(database, "kora", "Kora", PASSWORD, who="office", at=now)
    add_membership(database, account, FIRST, "coordinator", site_id=staff.sites[0], who="office", at=now)
    anna, kora = staff.browser("anna"), staff.browser("kora")
    wrong = anna.register(pesel=pesel)
    kora.get(f"/{FIRST}/patients/{wrong}/states")
    kora.post({"part": "patient", "reason": "pomyłka"}, to=f"/{FIRST}/patients/{wrong}/withdrawn")
    right = anna.register(pesel=pesel)
    anna.get(f"/{FIRST}/known").post({"pesel": pesel, "birth_date": "1949-03-02", "surname": "Przykładowy"}, "/known")
    assert right in anna.text
    assert wrong not in anna.text


@pytest.mark.parametrize("born", ["", "2999-01-01", "0999-01-01"])
@pytest.mark.parametrize(("language", "told"), [("pl", "datę urodzenia"), ("en", "date of birth")])
def test_a_wrong_number_and_a_wrong_day_of_birth_are_both_told(staff, born, language, told):
    anna = staff.browser("anna")
    anna.get(f"/{FIRST}/known?language={language}")
    anna.post({"pesel": "44051401358", "birth_date": born, "surname": "Próbna"}, "/known")
    assert anna.status == 422
    assert re.findall(r'id="(\w+)-e"', anna.text) == ["pesel", "birth_date"]
    assert told in re.findall(r'id="birth_date-e">.*?</p>', anna.text)[0]


@pytest.mark.parametrize(
    ("language", "told"), [("pl", "nie zgadza się z numerem PESEL"), ("en", "does not agree with the PESEL")]
)
def test_a_day_of_birth_that_contradicts_the_number_is_told_before_looking(staff, pesel, language, told):
    anna, looks = staff.browser("anna"), len(staff.audit("look_up"))
    anna.get(f"/{FIRST}/known?language={language}")
    anna.post({"pesel": pesel, "birth_date": "1949-02-03", "surname": "Próbna"}, "/known")
    assert anna.status == 422
    assert re.findall(r'id="(\w+)-e"', anna.text) == ["birth_date"]
    assert told in re.findall(r'id="birth_date-e">.*?</p>', anna.text)[0]
    assert dict(anna.fields("/known")[1])["pesel"] == pesel, "to be corrected"
    assert len(staff.audit("look_up")) == looks, "nobody was looked for"
    anna.post({"birth_date": "1949-03-02"}, "/known")
    assert anna.status == 200
    assert len(staff.audit("look_up")) == looks + 1
