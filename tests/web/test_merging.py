"""Merging two records of a patient through the pages, taking it back, and moving an episode to another patient."""

import re

import pytest

from storage.access import Actor
from storage.accounts import add_membership, create_account
from storage.sharing import Share, share

PASSWORD = "correct horse battery"
REGISTRY = "lead_extraction"
LIST = f"/{REGISTRY}/patients"


@pytest.fixture(scope="module")
def staff(quick_world):
    """A coordinator of the first hospital, and one of the registry."""
    world = quick_world
    for login, role, site in (("kora", "coordinator", world.sites[0]), ("rena", "registry_coordinator", None)):
        new = create_account(world.space.database, login, login.title(), PASSWORD, who="office", at=world.clock.now)
        add_membership(world.space.database, new, REGISTRY, role, site_id=site, who="office", at=world.clock.now)
    return world


@pytest.fixture
def pair(staff, admission):
    """The numbers of two records, of which the second has an admission."""
    anna = staff.browser("anna")
    kept, other = anna.register(last_name="Kowalska"), anna.register(last_name="Kowalska-Lis")
    anna.open(other, "admission").post({**admission, "__do": "complete"}, "forms")
    return kept, other


def answers(browser, whose="kept"):
    """An answer for each item that differs."""
    return dict.fromkeys(re.findall(r'name="(answer-\w+)"', browser.text), whose)


def merged(browser, kept, other, reason="ta sama osoba", **chosen):
    browser.get(f"{LIST}/{kept}/merge?to={other}")
    return browser.post({**answers(browser), **chosen, "reason": reason}, "/merge")


def test_two_records_become_one_and_two_again(staff, pair):
    kept, other = pair
    kora = staff.browser("kora").get(f"{LIST}/{kept}/states")
    kora.get(re.findall(r'href="([^"]*/merge)"', kora.text)[0])
    kora.post({"q": other.split("-")[1]}, "/merge/find")
    assert "Kowalska-Lis" in kora.text
    assert "1 epizod, 1 formularz." in kora.text
    kora.post({**answers(kora), "answer-last_name": "other", "reason": ""}, "/merge")
    assert (kora.status, "Podaj powód." in kora.text) == (422, True)
    assert 'name="answer-last_name" value="other" required checked' in kora.text
    kora.post({"reason": "ta sama osoba"}, "/merge")
    assert f"Połączono: {other} jest teraz drugą nazwą tego zapisu." in kora.text
    anna = staff.browser("anna")
    assert "Kowalska-Lis" in anna.open(kept, "patient").text
    for address in ("", "/states", "/history", "/withdrawn", "/forms/1.patient"):
        anna.get(f"{LIST}/{other}{address}")
        assert anna.address.startswith(f"{LIST}/{kept}"), address
        assert f"{other} to druga nazwa tego zapisu" in anna.text
    assert kept in anna.search(other).address
    assert other not in anna.get(LIST).text
    assert f"{LIST}/{kept}" in anna.search("Kowalska-Lis").text
    kora.get(f"{LIST}/{kept}/states")
    assert "Powód: ta sama osoba" in kora.text
    kora.post({"reason": " "}, "/undo")
    assert "Podaj powód." in kora.text
    kora.post({"reason": "jednak dwie"}, "/undo")
    assert f"Cofnięto połączenie z {kept}." in kora.text
    assert kora.address.startswith(f"{LIST}/{other}")
    assert anna.open(other, "admission").value("main_book_no") == "4512/2025"
    assert anna.open(kept, "patient").value("last_name") == "Kowalska"


def test_each_difference_is_decided_by_somebody(staff, pair):
    kept, other = pair
    kora = staff.browser("kora").get(f"{LIST}/{kept}/merge?to={other}")
    kora.post({"reason": "ta sama osoba"}, "/merge")
    assert (kora.status, "Wybierz właściwą odpowiedź w każdym wierszu." in kora.text) == (422, True)
    assert "ta sama osoba" in kora.text, "what was typed stays"


def test_who_may_not_see_who_it_is_decides_without(staff, pair):
    kept, other = pair
    rena = staff.browser("rena").get(f"{LIST}/{kept}/merge?to={other}")
    assert "Kowalska" not in rena.text
    assert "answer-last_name" in rena.text
    merged(rena, kept, other)
    assert f"Połączono: {other}" in rena.text


def test_the_hospitals_number_leads_to_the_kept_record(staff, pair):
    kept, other = pair
    anna = staff.browser("anna").get(f"{LIST}/{other}")
    number = f"K {other}"
    anna.post({"number": number}, "/own-number")
    merged(staff.browser("kora"), kept, other)
    assert anna.search(number).address.startswith(f"{LIST}/{kept}")
    assert f'<span class="mono">{number}</span>' in anna.text
    kora = staff.browser("kora").get(f"{LIST}/{kept}/states")
    kora.post({"reason": "jednak dwie"}, "/undo")
    assert anna.search(number).address.startswith(f"{LIST}/{other}")


def test_the_second_of_two_is_told(staff, pair):
    kept, other = pair
    first, second = staff.browser("kora"), staff.browser("kora")
    second.get(f"{LIST}/{kept}/merge?to={other}")
    page = second.fields("/merge"), answers(second)
    merged(first, kept, other)
    second.post({**page[1], "reason": "ta sama osoba"}, "/merge")
    assert "Zapis zmienił się w międzyczasie." in second.text


def test_nobody_who_types_loses_anything(staff, pair):
    kept, other = pair
    piotr = staff.browser("piotr").open(other, "admission")
    piotr.draft({"main_book_no": "9/2025"})
    kora = staff.browser("kora")
    merged(kora, kept, other)
    assert "Ktoś właśnie wpisuje dane w dołączanym zapisie." in kora.text
    staff.clock.wait(minutes=20)
    merged(staff.browser("kora"), kept, other)
    assert piotr.get(f"{LIST}/{other}").address.startswith(f"{LIST}/{kept}")


def test_what_is_no_other_record_of_the_hospital_is_not_offered(staff, pair):
    kept, other = pair
    kora = staff.browser("kora")
    jan = staff.browser("jan").register()
    for wrong, said in (
        (kept, "To ten sam zapis."),
        ("TLE-9999-X9", "Nie ma takiego pacjenta."),
        (jan, "Nie ma takiego pacjenta."),
    ):
        assert said in kora.get(f"{LIST}/{kept}/merge?to={wrong}").text
    database, clock = staff.space.database, staff.clock
    with database.read() as connection:
        query = f"SELECT subject_id FROM enrolment WHERE pseudonym = '{jan}'"
        subject = connection.exec_driver_sql(query).scalar_one()
        episode = connection.exec_driver_sql(f"SELECT max(id) FROM instance WHERE subject_id = {subject}").scalar_one()
    host = Actor(1, "Jan", REGISTRY, staff.sites[1])
    share(database, host, subject, Share(staff.sites[0], episode, "konsultacja"), at=clock())
    assert "koordynator rejestru" in kora.get(f"{LIST}/{kept}/merge?to={jan}").text
    anna = staff.browser("anna")
    assert anna.get(f"{LIST}/{kept}/merge?to={other}").status == 403
    assert staff.browser("jan").get(f"{LIST}/{kept}/merge?to={other}").status in (403, 404)
    kora.get(f"{LIST}/{kept}/merge?to={other}")
    kora.post({**answers(kora), "to": jan, "reason": "x"}, "/merge")
    assert jan not in kora.get(f"{LIST}/{kept}/states").text


def test_a_locked_form_is_told_before_and_stands_in_the_way(staff, pair):
    kept, other = pair
    kora = staff.browser("kora")
    kora.open(other, "admission")
    kora.get(re.sub(r"\?.*", "", kora.address) + "/state").post({}, "state/lock")
    kora.get(f"{LIST}/{kept}/merge?to={other}")
    assert "jest w nim zamknięty formularz" in kora.text
    merged(kora, kept, other)
    assert (kora.status, "jest w nim zamknięty formularz" in kora.text) == (422, True)


def test_an_episode_goes_to_another_patient(staff, pair, admission):
    other, who = pair
    kora = staff.browser("kora").get(f"{LIST}/{who}/states")
    move = re.findall(r'href="([^"]*/parts/\d+/move)"', kora.text)[0]
    kora.get(move)
    assert "To ten sam pacjent." in kora.get(f"{move}?to={who}").text
    assert "Nie ma takiego pacjenta." in kora.get(f"{move}?to=TLE-9999-X9").text
    kora.get(f"{move}?to={other}").post({"reason": ""}, "/move")
    assert "Podaj powód." in kora.text
    kora.post({"reason": "nie ten pacjent"}, "/move")
    assert "Przeniesiono tu: Epizod." in kora.text
    assert kora.address.startswith(f"{LIST}/{other}")
    assert f"{LIST}/{other}/forms/" in kora.text
    assert kora.get(move).status == 404
    for patient in (who, other):
        assert "przeniesienie epizodu" in kora.get(f"{LIST}/{patient}/history").text
    assert staff.browser("anna").get(move).status == 403


def test_a_frozen_registry_takes_nobody_new(staff, pair):
    kept, other = pair
    rena, anna, kora = staff.browser("rena"), staff.browser("anna"), staff.browser("kora")
    kora.get(f"{LIST}/{kept}/merge?to={other}")
    rena.get(f"/{REGISTRY}/closing").post({"year": 0, "reason": "audyt"}, "/closing")
    try:
        anna.get(LIST).post({}, "/patients")
        assert "rejestr jest zamrożony" in anna.text
        assert anna.address.startswith(f"{LIST}?")
        anna.get(f"{LIST}/{kept}").post({}, "/add/episode")
        assert "rejestr jest zamrożony" in anna.text
        kora.post({**answers(kora), "reason": "ta sama osoba"}, "/merge")
        assert "rejestr jest zamrożony" in kora.text
    finally:
        rena.get(f"/{REGISTRY}/closing")
        rena.post({"reason": "koniec audytu"}, re.findall(r'action="(/[^"]*/closing/\d+)"', rena.text)[0])
    anna.get(f"{LIST}/{kept}").post({}, "/add/episode")
    assert "rejestr jest zamrożony" not in anna.text
