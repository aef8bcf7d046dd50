"""Reviewing, signing and locking through the pages: who may, what a change does, and that nothing typed is lost."""

import re

import pytest

from storage.accounts import add_membership, create_account
from web.roles import Permission, allows

PASSWORD = "correct horse battery"
REGISTRY = "lead_extraction"


@pytest.fixture(scope="module")
def staff(world):
    """A physician and a coordinator of the first hospital."""
    for login, role in (("pawel", "physician"), ("kora", "coordinator")):
        new = create_account(world.space.database, login, login.title(), PASSWORD, who="office", at=world.clock.now)
        add_membership(
            world.space.database, new, REGISTRY, role, site_id=world.sites[0], who="office", at=world.clock.now
        )
    return world


@pytest.fixture
def done(staff, admission):
    """The address of a complete admission form; the patient."""
    anna = staff.browser("anna")
    who = anna.register()
    anna.open(who, "admission").post({**admission, "__do": "complete"}, "forms")
    anna.open(who, "admission")
    return anna.address, who


def state_of(browser):
    return re.findall(r'class="st \w+ chip">.*?</svg>([^<]+)</span>', browser.text)[0]


def sign(browser, form, **more):
    browser.get(f"{form}/state")
    return browser.post({"meaning": "verified", "password": PASSWORD, **more}, "state/sign")


def test_a_physician_signs_and_a_change_takes_the_signature_back(staff, done, admission):
    form, _ = done
    pawel = staff.browser("pawel")
    assert "Stan i podpisy" in pawel.get(form).text
    sign(pawel, form)
    assert "Podpisano." in pawel.text
    assert state_of(pawel) == "podpisany"
    assert "Wartości są te same, co przy podpisie." in pawel.text
    pawel.get(form)
    assert "Podpis: Pawel" in pawel.text
    assert "Dane porównano z dokumentacją medyczną." in pawel.text
    assert 'id="entry"' not in pawel.text, "it is read, until somebody says why it is changed"
    pawel.get(f"{form}?change=1")
    pawel.post({"main_book_no": "1/2025", "__do": "complete"}, "forms")
    assert "podaj powód zmiany" in pawel.text
    assert pawel.value("main_book_no") == "1/2025", "nothing typed is lost"
    pawel.post({"__reason": "pomyłka w numerze", "__do": "complete"}, "forms")
    pawel.get(f"{form}/state")
    assert state_of(pawel) == "gotowy"
    assert "Cofnięto: Pawel" in pawel.text
    assert "pomyłka w numerze" in pawel.text


@pytest.mark.parametrize(
    ("posted", "said"),
    [
        ({"password": "wrong horse battery"}, "Hasło się nie zgadza. Formularza nie podpisano."),
        ({"meaning": None}, "Wybierz, co potwierdzasz."),
        ({"meaning": "everything"}, "Wybierz, co potwierdzasz."),
        ({"revision": "7"}, "w międzyczasie ktoś zmienił"),
    ],
)
def test_what_is_no_signature_leaves_the_form_as_it_is(staff, done, posted, said):
    pawel = staff.browser("pawel")
    sign(pawel, done[0], **posted)
    assert (said in pawel.text, state_of(pawel)) == (True, "gotowy")
    assert "/state?said=" in pawel.address, "a page to which Back leads, and no answer to a post"
    assert said not in pawel.get(pawel.address).text, "told once"


def test_wrong_passwords_lock_signing_as_they_lock_signing_in(staff, done):
    pawel = staff.browser("pawel")
    for _ in range(5):
        sign(pawel, done[0], password="wrong")
    sign(pawel, done[0])
    assert "Za dużo nieudanych prób" in pawel.text
    staff.clock.wait(hours=2)
    pawel = staff.browser("pawel")
    sign(pawel, done[0])
    assert state_of(pawel) == "podpisany"


def test_what_stands_in_the_way_of_a_signature_is_listed_with_its_place(staff):
    anna = staff.browser("anna")
    who = anna.register(pat_id_type="unident", pesel="", sex="m", birth_date__y="1960")
    pawel = staff.browser("pawel")
    pawel.open(who, "patient")
    form = pawel.address
    pawel.get(f"{form}/state")
    assert "Przed podpisem trzeba poprawić 1 rzecz:" in pawel.text
    assert "Nie można zatwierdzić formularza przed ustaleniem tożsamości" in pawel.text
    assert "state/sign" not in pawel.text
    assert re.search(rf'href="{form}[^"]*#pat_id_type"', pawel.text)


def test_warnings_that_nobody_answered_are_told(staff):
    who = staff.browser("anna").register(sex="f")
    pawel = staff.browser("pawel").open(who, "patient")
    form = pawel.address
    pawel.get(f"{form}/state")
    assert "1 ostrzeżenie bez odpowiedzi." in pawel.text
    assert re.search(rf'href="{form}[^"]*#sex"', pawel.text)


def test_a_locked_form_keeps_what_somebody_was_typing(staff, done):
    form, _ = done
    anna, kora = staff.browser("anna").get(form), staff.browser("kora")
    typed = anna.fields("forms")
    kora.get(f"{form}/state").post({}, "state/lock")
    assert state_of(kora) == "zamknięty"
    anna.post({"main_book_no": "9/2025", "__do": "save"}, "forms")
    assert "Nie zapisano, bo formularz został zamknięty." in anna.text
    assert 'id="entry"' not in anna.text
    assert "9/2025" not in anna.text, "what is shown is what is stored"
    assert anna.draft({"main_book_no": "10/2025"}, typed).status_code == 200
    anna.get(f"{form}/state").post({"reason": ""}, "state/ask")
    assert "Podaj powód." in anna.text
    anna.post({"reason": "literówka w numerze"}, "state/ask")
    assert "prosi o otwarcie od" in anna.text
    kora.get(f"{form}/state")
    assert "literówka w numerze" in kora.text
    kora.post({"reason": "proszę poprawić"}, "state/unlock")
    assert state_of(kora) == "gotowy"
    assert anna.get(form).value("main_book_no") == "10/2025", "the working copy is there again"
    assert "Otworzono: Kora" in anna.get(f"{form}/state").text


@pytest.mark.parametrize("step", ["unreview", "withdraw"])
def test_a_reason_is_not_lost_where_somebody_was_quicker(staff, done, admission, step):
    form, _ = done
    kora = staff.browser("kora").get(f"{form}/state")
    kora.post({}, "state/review")
    staff.browser("anna").get(f"{form}?change=1").post(
        {"main_book_no": "2/2025", "__reason": "numer", "__do": "complete"}, "forms"
    )
    kora.post({"reason": "przejrzano nie ten formularz"}, f"state/{step}")
    assert "w międzyczasie ktoś zmienił" in kora.text
    kept = kora.text.count("przejrzano nie ten formularz</textarea>")
    assert kept == (step == "withdraw"), "where the form does not offer the step any more there is no field for it"
    told = kora.text.count('Wpisany powód: <q class="value">przejrzano nie ten formularz</q>')
    assert told == (step == "unreview"), "so the message tells it"


@pytest.mark.parametrize("step", ["refuse", "ask"])
def test_a_reason_about_a_request_is_not_lost_where_somebody_decided(staff, done, step):
    form, _ = done
    kora, anna = staff.browser("kora").get(f"{form}/state"), staff.browser("anna")
    kora.post({}, "state/lock")
    late = {"refuse": kora, "ask": anna.get(f"{form}/state")}[step]
    if step == "refuse":
        anna.get(f"{form}/state").post({"reason": "literówka"}, "state/ask")
        kora.get(f"{form}/state")
    staff.browser("kora").get(f"{form}/state").post({"reason": "otwieram"}, "state/unlock")
    late.post({"reason": "za późno"}, f"state/{step}")
    assert "w międzyczasie ktoś zmienił" in late.text
    assert '<q class="value">za późno</q>' in late.text


def test_a_coordinator_reviews_and_locks_several_forms_at_once(staff, done):
    _, who = done
    kora = staff.browser("kora")
    kora.get(f"/{REGISTRY}/patients/{who}/states")
    ticked = re.findall(r'name="form" value="([^"]+)"', kora.text)
    assert len(ticked) == 2
    kora.post({"form": ticked}, to=f"/{REGISTRY}/patients/{who}/states/review")
    assert "Przejrzano 2 formularze." in kora.text
    stale = [ticked[0], ticked[1].rpartition(":")[0] + ":9", "999.nothing:1"]
    kora.post({"form": stale}, to=f"/{REGISTRY}/patients/{who}/states/lock")
    assert "Zamknięto 1 formularz." in kora.text
    assert "1 formularz pominięto" in kora.text
    kora.post({"form": []}, to=f"/{REGISTRY}/patients/{who}/states/lock")
    assert "Nie wybrano żadnego formularza." in kora.text
    assert "przejrzany" in kora.get(f"/{REGISTRY}/patients/{who}").text


def test_each_action_asks_for_its_own_right(staff, done):
    form, _ = done
    rights = {
        "review": Permission.REVIEW, "unreview": Permission.REVIEW, "sign": Permission.SIGN, "unsign": Permission.SIGN,
        "lock": Permission.LOCK, "unlock": Permission.LOCK, "refuse": Permission.LOCK, "ask": Permission.ENTER,
    }  # fmt: skip
    for login, role in (("anna", "entry"), ("pawel", "physician"), ("kora", "coordinator"), ("ewa", "reader")):
        browser = staff.browser(login)
        (token, *_) = re.findall(r'name="csrf_token" value="([^"]+)"', browser.get(f"/{REGISTRY}/patients").text)
        for action, right in rights.items():
            answer = browser.client.post(f"{form}/state/{action}", data={"csrf_token": token})
            assert (answer.status_code == 403) is not allows(role, right), (login, action)
    assert staff.browser("jan").get(f"{form}/state").status == 404, "another hospital"


def test_a_form_that_nobody_saved_has_no_state(staff):
    anna = staff.browser("anna")
    anna.open(anna.register(), "admission")
    assert anna.get(f"{anna.address}/state").status == 404


def test_pages_ask_the_same_number_of_questions_whatever_was_signed(staff, done):
    form, who = done
    pawel = staff.browser("pawel")
    counts = []
    for _ in range(2):
        sign(pawel, form)
        with staff.space.database.counted() as sent:
            pawel.get(f"{form}/state")
        counts.append(len(sent))
        pawel.post({"reason": "jeszcze raz"}, "state/unsign")
        with staff.space.database.counted() as sent:
            pawel.get(f"/{REGISTRY}/patients/{who}/states")
        counts.append(len(sent))
    assert counts[:2] == counts[2:]
