"""A closed year and a frozen registry: what is refused, who may all the same, and that it is taken back."""

import re

import pytest

from storage.accounts import add_membership, create_account

PASSWORD = "correct horse battery"
REGISTRY = "lead_extraction"


@pytest.fixture(scope="module")
def staff(world):
    """A coordinator of the first hospital, and one of the registry."""
    for login, role, site in (("kora", "coordinator", world.sites[0]), ("rena", "registry_coordinator", None)):
        new = create_account(world.space.database, login, login.title(), PASSWORD, who="office", at=world.clock.now)
        add_membership(world.space.database, new, REGISTRY, role, site_id=site, who="office", at=world.clock.now)
    return world


@pytest.fixture
def form(staff, admission):
    """The address of an admission of 2025."""
    anna = staff.browser("anna")
    who = anna.register()
    anna.open(who, "admission").post({**admission, "__do": "complete"}, "forms")
    return anna.open(who, "admission").address


@pytest.fixture
def closing(staff):
    """Close a year, or the registry (0); all is opened again afterwards."""
    rena = staff.browser("rena")

    def shut(year):
        rena.get(f"/{REGISTRY}/closing")
        return rena.post({"year": year, "reason": "sprawozdanie wysłane"}, "/closing")

    yield shut

    for action in re.findall(r'action="(/[^"]*/closing/\d+)"', rena.get(f"/{REGISTRY}/closing").text):
        rena.get(f"/{REGISTRY}/closing")
        rena.post({"reason": "poprawki"}, action)
        assert "Otwarto ponownie: " in rena.text


def test_a_form_of_a_closed_year_is_saved_by_a_coordinator_with_a_reason(staff, form, closing):
    anna, kora = staff.browser("anna").get(form), staff.browser("kora")
    assert "Zamknięto: rok 2025." in closing(2025).text
    anna.post({"main_book_no": "7/2025", "__do": "save"}, "forms")
    assert "Nie zapisano, bo rok sprawozdawczy albo cały rejestr jest zamknięty." in anna.text
    assert "Rok sprawozdawczy 2025 jest zamknięty." in anna.text
    assert 'id="entry"' not in anna.text
    assert "Twoje niezapisane zmiany" in anna.text
    assert 'id="entry"' not in kora.get(form).text
    kora.get(f"{form}?change=1").post({"main_book_no": "8/2025", "__do": "complete"}, "forms")
    assert "podaj powód zmiany" in kora.text
    kora.post({"__reason": "błąd w numerze", "__do": "complete"}, "forms")
    assert "done=" in kora.address
    assert "7/2025" in anna.get(form).text, "what was typed is there to be read"
    assert "Zobacz, co jest zapisane" in anna.text
    assert "8/2025" in anna.get(f"{form}?stored=1").text


def test_a_form_of_another_year_is_saved(staff, form, closing):
    closing(2024)
    anna = staff.browser("anna").get(form)
    anna.post({"main_book_no": "9/2025", "__do": "save"}, "forms")
    assert "Zapisano" in anna.text
    anna.post({"adm_datetime__y": "2024", "__do": "save"}, "forms")
    assert "jest zamknięty. Wpisane dane są bezpieczne." in anna.text, "nor is it moved into a closed year"


def test_nobody_saves_in_a_frozen_registry(staff, form, closing):
    early = staff.browser("kora").get(f"{form}/state")
    assert "Zamknięto: cały rejestr (zamrożenie)." in closing(0).text
    for login in ("anna", "kora"):
        browser = staff.browser(login).get(f"{form}?change=1")
        assert "Rejestr jest zamrożony" in browser.text
        assert 'id="entry"' not in browser.text
    early.post({"reason": "pomyłka"}, "state/withdraw")
    assert "Nic nie zrobiono: rejestr jest zamrożony." in early.text


def test_closing_asks_for_a_reason_and_a_year_that_has_begun(staff, closing):
    rena = staff.browser("rena").get(f"/{REGISTRY}/closing")
    assert "Wszystko jest otwarte." in rena.text
    assert "Podaj powód." in rena.post({"year": 2024}, "/closing").text
    assert '<option value="2024" selected>' in rena.text
    for year in ("", "2026", "1900", "²", "99999"):
        assert "Wybierz rok" in rena.post({"year": year, "reason": "sprawozdanie"}, "/closing").text
        assert "sprawozdanie</textarea>" in rena.text
    closing(2023)
    assert "To jest już zamknięte: rok 2023." in closing(2023).text
    assert staff.browser("kora").get(f"/{REGISTRY}/closing").status == 403


def pages_of_work(browser, form):
    """List, patient's page and My day, in this order."""
    return [
        browser.get(address).text for address in (f"/{REGISTRY}/patients", form.split("/forms")[0], f"/{REGISTRY}/day")
    ]


def test_a_frozen_registry_says_so_where_work_starts_and_offers_nothing_that_fails(staff, form, closing):
    anna = staff.browser("anna").get(form)
    anna.draft({"main_book_no": "77/2025"})
    offered = ("Nowy pacjent", "Dodaj: ", "Dokończ i zapisz", ">Dokończ<", ">Wypełnij<", "Powiąż")
    before = "".join(pages_of_work(anna, form))
    assert sum(words in before for words in offered) >= 4, "what is gone in a frozen registry was there"
    closing(0)
    for page in pages_of_work(anna, form):
        assert "Rejestr jest zamrożony: Rena, " in page
        assert [words for words in offered if words in page] == []
    assert ">Zobacz<" in page, "what waits is still seen"
    assert "77/2025" in anna.get(form).text, "what was typed can be read"
    assert "Zapiszesz je, gdy rok albo rejestr zostanie otwarty" in anna.text
    assert "formularz zostanie otwarty" not in anna.text


def test_a_closed_year_says_so_where_work_starts(staff, form, closing):
    anna = staff.browser("anna").get(form)
    anna.draft({"main_book_no": "78/2025"})
    closing(2025)
    told = "Rok sprawozdawczy 2025 jest zamknięty: jego formularze zmieni tylko koordynator"
    patients, patient, day = pages_of_work(anna, form)
    assert "Nowy pacjent" in patients
    assert told in patient
    assert told in day
    assert "Dokończ i zapisz: Hospitalizacja" not in patient
    assert "Dodaj: " in patient, "another episode belongs to no closed year"
    assert "78/2025" in anna.get(form).text
    closing(2024)
    assert told in anna.get(form.split("/forms")[0]).text, "what is closed elsewhere is no matter of this patient"


def test_a_frozen_registry_offers_no_step_that_is_refused(staff, form, closing):
    kora = staff.browser("kora")
    patient, gone = form.split("/forms")[0], f"/{REGISTRY}/patients/{kora.register()}"
    kora.get(f"{gone}/states").post({"part": "patient", "reason": "wpis próbny"}, "withdrawn")
    steps = {
        f"{form}/state": (f'action="{form}/state/withdraw"', f'href="{form}/move"'),
        f"{patient}/states": (f'action="{patient}/withdrawn"', '/move">', f'href="{patient}/merge"'),
        f"{gone}/withdrawn": (f'action="{gone}/withdrawn/',),
    }
    for page, offered in steps.items():
        assert [step for step in offered if step not in kora.get(page).text] == []
    closing(0)
    for page, offered in steps.items():
        assert "Rejestr jest zamrożony: " in kora.get(page).text
        assert [step for step in offered if step in kora.text] == []
    assert 'state/review"' in kora.get(f"{form}/state").text, "what changes no value is still done"
    assert kora.get(f"{form}/move").address == f"{form}/state"


def test_a_closed_year_is_told_with_the_state(staff, form, closing):
    kora = staff.browser("kora")
    assert "jest zamknięty" not in kora.get(f"{form}/state").text
    closing(2025)
    assert "Rok sprawozdawczy 2025 jest zamknięty." in kora.get(f"{form}/state").text
    assert f'action="{form}/state/withdraw"' in kora.text, "that is not refused"


@pytest.mark.parametrize(
    ("language", "frozen"), [("pl", "Rejestr jest zamrożony: "), ("en", "The registry is frozen: ")]
)
def test_a_frozen_registry_takes_no_record_of_the_hospital_itself(quick_world, language, frozen):
    database, now = quick_world.space.database, quick_world.clock.now
    logins = {"mela": ("entry", quick_world.sites[0]), "roma": ("registry_coordinator", None)}
    for login, (role, site) in logins.items():
        account = create_account(database, f"{login}.{language}", login.title(), PASSWORD, who="office", at=now)
        add_membership(database, account, "mcs", role, site_id=site, who="office", at=now)
    mela, roma = quick_world.browser(f"mela.{language}"), quick_world.browser(f"roma.{language}")
    assert "/hospital/add/" in mela.get(f"/mcs/hospital?language={language}").text
    roma.get("/mcs/closing").post({"year": 0, "reason": "sprawozdanie"}, "/closing")
    assert frozen in mela.get("/mcs/hospital").text
    assert "/hospital/add/" not in mela.text
    (reopened,) = re.findall(r'action="(/mcs/closing/\d+)"', roma.get("/mcs/closing").text)
    roma.post({"reason": "poprawki"}, reopened)
    assert "/hospital/add/" in mela.get("/mcs/hospital").text
