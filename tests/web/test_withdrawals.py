"""Withdrawing and restoring through the pages: a form, a row, an episode, a patient."""

import re

import pytest

from storage.accounts import add_membership, create_account
from storage.moving import move_form

PASSWORD = "correct horse battery"
REGISTRY = "lead_extraction"


@pytest.fixture(scope="module")
def staff(world):
    """A coordinator of the first hospital."""
    new = create_account(world.space.database, "kora", "Kora", PASSWORD, who="office", at=world.clock.now)
    right = {"site_id": world.sites[0], "who": "office", "at": world.clock.now}
    add_membership(world.space.database, new, REGISTRY, "coordinator", **right)
    return world


@pytest.fixture
def done(staff, admission):
    """The address of a complete admission form, and its patient."""
    anna = staff.browser("anna")
    who = anna.register()
    anna.open(who, "admission").post({**admission, "__do": "complete"}, "forms")
    anna.open(who, "admission")
    return anna.address, who


def restore(browser, reason):
    return browser.post({"reason": reason}, re.findall(r"withdrawn/\d+", browser.text)[0])


def test_a_form_is_withdrawn_and_restored(staff, done):
    form, who = done
    kora = staff.browser("kora")
    kora.get(f"{form}/state").post({"reason": ""}, "state/withdraw")
    assert "Podaj powód." in kora.text
    token = kora.fields("state/withdraw")[1]
    kora.post({"reason": "nie ten pacjent"}, "state/withdraw")
    assert "Wycofano." in kora.text
    assert kora.client.post(f"{form}/state/withdraw", data=dict(token)).status_code == 303, "a second click"
    assert "Przyjęcie do szpitala" in kora.text
    assert "Powód: nie ten pacjent" in kora.text
    anna = staff.browser("anna").get(form)
    assert "Wcześniejszy formularz z tego miejsca jest wycofany." in anna.text
    assert anna.value("main_book_no") == ""
    restore(kora, "")
    assert "Podaj powód." in kora.text
    restore(kora, "jednak ten")
    assert "Przywrócono." in kora.text
    assert anna.get(form).value("main_book_no") == "4512/2025"
    kora.get(f"{form}/state").post({"reason": "nie ten pacjent"}, "state/withdraw")
    anna.get(form).post({"main_book_no": "1/2025", "__do": "save"}, "forms")
    kora.get(f"/{REGISTRY}/patients/{who}/states")
    restore(kora, "jednak ten")
    assert "w tym miejscu jest już inny formularz" in kora.text


def test_a_row_is_withdrawn(staff):
    anna, kora = staff.browser("anna"), staff.browser("kora")
    who = anna.register()
    anna.open(who, "device")
    _, row = anna.add_lead(lead_no="1")
    anna.add_lead(lead_no="2")
    form = anna.get(re.sub(r"\?.*", "", anna.address)).address
    kora.get(f"{form}/state").post({"row": row, "reason": "elektroda innego pacjenta"}, "state/withdraw")
    assert "Wycofano wiersz." in kora.text
    assert f"leads.{row}" not in anna.get(form).text
    kora.get(f"/{REGISTRY}/patients/{who}/states")
    assert "Wiersz formularza: " in kora.text
    restore(kora, "pomyłka")
    assert f"leads.{row}" in anna.get(form).text


def test_an_episode_is_withdrawn_with_its_forms(staff, done):
    form, who = done
    kora = staff.browser("kora")
    kora.get(f"/{REGISTRY}/patients/{who}/states")
    (episode,) = re.findall(r'<option value="(\d+)">', kora.text)
    kora.post({"part": episode, "reason": "wpisany dwa razy"}, to=f"/{REGISTRY}/patients/{who}/withdrawn")
    assert "Wycofano." in kora.text
    assert staff.browser("anna").get(form).status == 404
    restore(kora, "jednak osobny")
    assert staff.browser("anna").get(form).status == 200


def test_a_patient_is_withdrawn_and_found_under_a_filter(staff, done):
    form, who = done
    kora, anna = staff.browser("kora"), staff.browser("anna")
    listed = f"/{REGISTRY}/patients"
    kora.get(f"{listed}/{who}/states")
    kora.post({"part": "patient", "reason": "dane próbne"}, to=f"{listed}/{who}/withdrawn")
    assert "Ten pacjent jest wycofany z rejestru." in kora.text
    assert who not in anna.get(listed).text
    assert who in anna.get(f"{listed}?withdrawn=1").text
    for address in (form, f"{form}/state", f"{listed}/{who}", f"{listed}/{who}/states", f"{listed}/{who}/history"):
        assert "Powód: dane próbne" in anna.get(address).text, address
        assert (anna.status, anna.address) == (200, f"{listed}/{who}/withdrawn")
        assert staff.browser("jan").get(address).status == 404, "another hospital is told nothing"
    kora.get(f"{listed}/{who}/withdrawn")
    kora.get(re.findall(r'href="([^"]*/history)"', kora.text)[0])
    assert "dane próbne" in kora.text, "who may restore it reads its history"
    assert ", Epizod 1" in kora.text
    kora.get(f"{listed}/{who}/withdrawn")
    assert "Przywróć" not in anna.text, "whoever enters data may not"
    assert staff.browser("jan").get(f"{listed}/{who}/withdrawn").status == 404
    restore(kora, "prawdziwe")
    assert who in anna.get(listed).text


def test_a_form_is_moved_to_another_patient(staff, done):
    form, who = done
    other = staff.browser("anna").register()
    kora = staff.browser("kora").get(f"{form}/state")
    kora.get(re.findall(r'href="([^"]*/move)"', kora.text)[0])
    assert "Nie ma takiego pacjenta" in kora.get(f"{form}/move?to=TLE-9999-X9").text
    assert "Nie ma tu wolnego miejsca" in kora.get(f"{form}/move?to={who}").text
    kora.get(f"{form}/move?to={other}")
    (place,) = re.findall(r'name="place" value="([^"]+)"', kora.text)
    kora.post({"place": place, "reason": ""}, "/move")
    assert "Podaj powód." in kora.text
    kora.post({"place": "1.admission", "reason": "inny pacjent"}, "/move")
    assert "Wybierz jedno z wolnych miejsc." in kora.text
    kora.get(f"{form}/move?to={other}").post({"place": place, "reason": "inny pacjent"}, "/move")
    assert "Przeniesiono." in kora.text
    assert other in kora.address
    assert staff.browser("anna").open(other, "admission").value("main_book_no") == "4512/2025"
    assert "Wcześniejszy formularz z tego miejsca jest wycofany." in kora.get(form).text
    assert staff.browser("anna").get(f"{form}/move").status == 403
    assert staff.browser("jan").get(f"{form}/move").status in (403, 404)


def test_the_later_of_two_who_move_a_form_at_once_sees_what_happened(staff, done, monkeypatch):
    form, who = done
    other = staff.browser("anna").register()
    first, second = (staff.browser("kora").get(f"{form}/move?to={other}") for _ in range(2))
    (place,) = re.findall(r'name="place" value="([^"]+)"', first.text)

    def late(*deed):
        monkeypatch.setattr("web.moving.move_form", move_form)
        first.post({"place": place, "reason": "inny pacjent"}, "/move")
        return move_form(*deed)

    monkeypatch.setattr("web.moving.move_form", late)
    second.post({"place": place, "reason": "inny pacjent"}, "/move")
    assert "Przeniesiono." in first.text
    assert (second.status, second.address.partition("?")[0]) == (200, f"/{REGISTRY}/patients/{who}/states")
    assert 'class="note soft" role="status"' in second.text


def test_nothing_locked_is_withdrawn(staff, done):
    form, who = done
    kora = staff.browser("kora")
    kora.get(f"{form}/state").post({}, "state/lock")
    assert "state/withdraw" not in kora.text
    kora.get(f"/{REGISTRY}/patients/{who}/states")
    kora.post({"part": "patient", "reason": "dane próbne"}, to=f"/{REGISTRY}/patients/{who}/withdrawn")
    assert "Nie wycofano: w tej części jest zamknięty formularz." in kora.text
    for part in ("", "x", "9" * 30, "²"):
        kora.post({"part": part, "reason": "dane próbne"}, to=f"/{REGISTRY}/patients/{who}/withdrawn")
        assert kora.status == 404
        kora.get(f"/{REGISTRY}/patients/{who}/states")
