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
        assert "Otwarto ponownie." in rena.text


def test_a_form_of_a_closed_year_is_saved_by_a_coordinator_with_a_reason(staff, form, closing):
    anna, kora = staff.browser("anna").get(form), staff.browser("kora")
    assert "Zamknięto." in closing(2025).text
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
    assert "8/2025" in anna.get(form).text


def test_a_form_of_another_year_is_saved(staff, form, closing):
    closing(2024)
    anna = staff.browser("anna").get(form)
    anna.post({"main_book_no": "9/2025", "__do": "save"}, "forms")
    assert "Zapisano" in anna.text
    anna.post({"adm_datetime__y": "2024", "__do": "save"}, "forms")
    assert "jest zamknięty. Wpisane dane są bezpieczne." in anna.text, "nor is it moved into a closed year"


def test_nobody_saves_in_a_frozen_registry(staff, form, closing):
    closing(0)
    for login in ("anna", "kora"):
        browser = staff.browser(login).get(f"{form}?change=1")
        assert "Rejestr jest zamrożony" in browser.text
        assert 'id="entry"' not in browser.text
    kora = staff.browser("kora").get(f"{form}/state").post({"reason": "pomyłka"}, "state/withdraw")
    assert "Nic nie zrobiono: rejestr jest zamrożony." in kora.text


def test_closing_asks_for_a_reason_and_a_year_that_has_begun(staff, closing):
    rena = staff.browser("rena").get(f"/{REGISTRY}/closing")
    assert "Wszystko jest otwarte." in rena.text
    assert "Podaj powód." in rena.post({"year": 2024}, "/closing").text
    for year in ("", "2026", "1900", "²", "99999"):
        assert "Wybierz rok" in rena.post({"year": year, "reason": "x"}, "/closing").text
    closing(2023)
    assert "To jest już zamknięte." in closing(2023).text
    assert staff.browser("kora").get(f"/{REGISTRY}/closing").status == 403
