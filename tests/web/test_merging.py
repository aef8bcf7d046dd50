"""Merging two records of a patient through the pages, taking it back, and moving an episode to another patient."""

import re

import pytest

from storage.access import Actor
from storage.accounts import add_membership, create_account
from storage.merging import merge
from storage.moving import move_part
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


def answers(browser, whose="kept"):
    """An answer for each item that differs, and the tick that it is one person, where that is asked."""
    tick = {"same": "1"} if 'name="same"' in browser.text else {}
    return {**dict.fromkeys(re.findall(r'name="(answer-\w+)"', browser.text), whose), **tick}


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
    lines = re.findall(r"</time></b> ([^<]*(?:<a[^>]*>)?[^<]*)", kora.get(f"{LIST}/{kept}/history").text)
    saves = [line for line in lines if line.startswith(("pierwszy zapis", "zapis zmian"))]
    assert any("Epizod 2" in line and "<a" not in line for line in saves), (
        "a form that is gone is named, and leads nowhere"
    )
    assert all(": " in line for line in saves), saves


def test_each_difference_is_decided_by_somebody(staff, pair):
    kept, other = pair
    kora = staff.browser("kora").get(f"{LIST}/{kept}/merge?to={other}")
    kora.post({"reason": "ta sama osoba"}, "/merge")
    assert (kora.status, "Wybierz właściwą odpowiedź w każdym wierszu." in kora.text) == (422, True)
    assert "ta sama osoba" in kora.text, "what was typed stays"
    for item in ("pesel", "last_name"):
        assert f'href="#answer-{item}"' in kora.text
        assert f'id="answer-{item}" aria-invalid="true"' in kora.text


def test_two_people_are_merged_by_nobody_who_does_not_say_so(staff, pair):
    kept, other = pair
    kora = staff.browser("kora").get(f"{LIST}/{kept}/merge?to={other}")
    assert "Te zapisy wyglądają na dwie różne osoby." in kora.text
    chosen = {name: whose for name, whose in answers(kora).items() if name != "same"}
    kora.post({**chosen, "reason": "ta sama osoba"}, "/merge")
    assert (kora.status, "Potwierdź, że mimo różnic to ta sama osoba." in kora.text) == (422, True)
    assert "ta sama osoba</textarea>" in kora.text
    assert f"{LIST}/{other}" in staff.browser("anna").get(LIST).text, "nothing was merged"
    kora.post({"same": "1"}, "/merge")
    assert f"Połączono: {other}" in kora.text


def test_a_search_for_the_other_record_tells_what_is_wrong_with_it(staff, pair):
    kept, _ = pair
    kora = staff.browser("kora").get(f"{LIST}/{kept}/merge")
    kora.post({"q": kept}, "/merge/find")
    assert "To ten sam zapis." in kora.text
    assert "Nie ma takiego pacjenta" not in kora.text
    kora.post({"q": " "}, "/merge/find")
    assert "Wpisz, kogo szukasz" in kora.text
    assert "Wpisz, kogo szukasz" in kora.get(f"{LIST}/{kept}/merge?to=").text


def test_the_later_of_two_opposite_merges_sees_no_merge_any_more(staff, pair, monkeypatch):
    kept, other = pair
    first, second = staff.browser("kora"), staff.browser("kora")
    second.get(f"{LIST}/{kept}/merge?to={other}")

    def late(*deed):
        monkeypatch.setattr("web.merging.merge", merge)
        merged(first, other, kept)
        return merge(*deed)

    monkeypatch.setattr("web.merging.merge", late)
    second.post({**answers(second), "reason": "ta sama osoba"}, "/merge")
    assert "Ktoś w międzyczasie połączył albo wycofał jeden z tych zapisów." in second.text
    assert second.address.startswith(f"{LIST}/{other}?")
    assert "Połącz zapisy" not in second.text


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


def test_what_was_typed_about_the_patient_stands_beside_what_the_kept_record_says(staff, pair):
    kept, other = pair
    piotr = staff.browser("piotr").open(other, "patient")
    piotr.draft({"last_name": "Wiśniewska"})
    staff.clock.wait(minutes=20)
    kora = staff.browser("kora").get(f"{LIST}/{kept}/merge?to={other}")
    assert "zostanie przy drugim zapisie" not in kora.text
    merged(kora, kept, other)
    assert piotr.open(kept, "patient").value("last_name") == "Wiśniewska"
    piotr.post({"__do": "save"}, "forms")
    assert all(name in piotr.text for name in ("Kowalska", "Wiśniewska")), "nobody's answer is written over unseen"
    assert staff.browser("anna").open(kept, "patient").value("last_name") == "Kowalska"
    kora.get(f"{LIST}/{kept}/states").post({"reason": "jednak dwie"}, "/undo")
    assert piotr.open(other, "patient").value("last_name") == "Wiśniewska"
    piotr.post({"__do": "save"}, "forms")
    assert staff.browser("anna").open(other, "patient").value("last_name") == "Wiśniewska"


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


def test_the_later_of_two_who_move_an_episode_at_once_sees_what_happened(staff, pair, monkeypatch):
    other, who = pair
    first, second = staff.browser("kora"), staff.browser("kora")
    first.get(f"{LIST}/{who}/states")
    move = re.findall(r'href="([^"]*/parts/\d+/move)"', first.text)[0]
    assert "Wpisz numer pacjenta." in first.get(f"{move}?to=").text
    for browser in (first, second):
        browser.get(f"{move}?to={other}")

    def late(*deed):
        monkeypatch.setattr("web.moving_parts.move_part", move_part)
        first.post({"reason": "nie ten pacjent"}, "/move")
        return move_part(*deed)

    monkeypatch.setattr("web.moving_parts.move_part", late)
    second.post({"reason": "nie ten pacjent"}, "/move")
    assert (second.status, second.address.partition("?")[0]) == (200, f"{LIST}/{who}/states")
    assert "Zapis zmienił się w międzyczasie." in second.text


def test_a_frozen_registry_takes_nobody_new(staff, pair):
    kept, other = pair
    rena, anna, adding, kora = (staff.browser(login) for login in ("rena", "anna", "anna", "kora"))
    anna.get(LIST)
    adding.get(f"{LIST}/{kept}")
    kora.get(f"{LIST}/{kept}/merge?to={other}")
    rena.get(f"/{REGISTRY}/closing").post({"year": 0, "reason": "audyt"}, "/closing")
    try:
        anna.post({}, "/patients")
        assert "rejestr jest zamrożony" in anna.text
        assert anna.address.startswith(f"{LIST}?")
        adding.post({}, "/add/episode")
        assert "rejestr jest zamrożony" in adding.text
        kora.post({**answers(kora), "reason": "ta sama osoba"}, "/merge")
        assert "rejestr jest zamrożony" in kora.text
    finally:
        rena.get(f"/{REGISTRY}/closing")
        rena.post({"reason": "koniec audytu"}, re.findall(r'action="(/[^"]*/closing/\d+)"', rena.text)[0])
    anna.get(f"{LIST}/{kept}").post({}, "/add/episode")
    assert "rejestr jest zamrożony" not in anna.text
