"""Whoever keeps the hospitals lists, adds, changes and ends them; what cannot be is told beside what was typed."""

from datetime import date

import pytest

from storage.accounts import add_membership, create_account
from storage.hospitals import load_hospital

ADDRESS = "/lead_extraction/hospitals"
PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def administered(world):
    """The same application with somebody who keeps the hospitals."""
    from tests.web.conftest import NOW

    account = create_account(world.space.database, "olga", "Olga Keeper", PASSWORD, who="office", at=NOW)
    add_membership(
        world.space.database, account, "lead_extraction", "administrator", site_id=None, who="office", at=NOW
    )
    return world


@pytest.fixture
def olga(administered):
    return administered.browser("olga")


def test_whoever_signs_in_arrives_at_what_the_role_may_see(olga):
    assert olga.address == "/lead_extraction/day"
    assert f'href="{ADDRESS}"' in olga.text
    assert ">Pacjenci</a>" not in olga.text


def test_a_hospital_from_the_first_day_to_the_last(olga, administered):
    olga.get(ADDRESS).post({"code": "990000000777", "name": "Szpital Świętego Łazarza"}, "/hospitals")
    assert "Dodano szpital: Szpital Świętego Łazarza" in olga.text
    site = int(olga.address.partition("?")[0].rpartition("/")[2])
    olga.post({"code": "100", "name": "Elektrofizjologia"}, "/units")
    unit = load_hospital(administered.space.database, site).units[0].id
    olga.post({"unit": str(unit), "starts_on": "2025-03-01", "reason": "umowa 7"}, "/parts")
    assert "01.03.2025" in olga.text
    olga.post({"unit": str(unit), "starts_on": "01.04.2025", "reason": "umowa 8"}, "/parts")
    assert olga.status == 422
    assert "Taki udział już jest: od 01.03.2025" in olga.text
    assert 'value="umowa 8"' in olga.text  # nothing is lost
    olga.get(f"{ADDRESS}/{site}").post({"ends_on": "2025-06-30", "reason": "zamknięcie"}, "/end")
    found = load_hospital(administered.space.database, site)
    assert [(each.unit, each.ends_on) for each in found.participations] == [(unit, date(2025, 6, 30))]
    olga.get(f"{ADDRESS}/{site}").post({"name": "Szpital Łazarza", "reason": "zmiana nazwy"}, f"/hospitals/{site}")
    assert "<h1>Szpital Łazarza</h1>" in olga.text
    olga.post({"reason": "połączenie"}, f"/hospitals/{site}/end")
    assert "zakończono 01.07.2025" in olga.text
    assert sum("zmiana nazwy" in each or "Łazarza" in each for each in administered.audit("site")) >= 2


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"code": "", "name": "Bez kodu"}, "Kod szpitala: to pole jest puste"),
        ({"code": "990000000101", "name": "Drugi"}, "„990000000101” już jest zajęte"),
        ({"code": "9" * 41, "name": "Za długi"}, "najwyżej 40 znaków"),
        ({"code": "<script>", "name": "\x00\u202e"}, "Nazwa szpitala: to pole jest puste"),
    ],
)
def test_what_cannot_be_is_told_beside_what_was_typed(olga, values, told):
    olga.get(ADDRESS).post(values, "/hospitals")
    assert olga.status == 422
    assert told in olga.text
    assert "<script>" not in olga.text


@pytest.mark.parametrize("day", ["31.02.2025", "wczoraj", "0001-01-01", ""])
def test_a_day_that_is_none_is_refused(olga, administered, day):
    site = administered.sites[0]
    olga.get(f"{ADDRESS}/{site}").post({"starts_on": day, "reason": "x"}, "/parts")
    assert olga.status == 422
    assert load_hospital(administered.space.database, site).participations == ()


def test_the_list_is_searched_and_narrowed(olga):
    assert "Szpital 2" not in olga.get(f"{ADDRESS}?q=szpital+1").text
    assert "Nie ma takiego szpitala" in olga.get(f"{ADDRESS}?q=%25%25zz").text
    assert "Szpital 1" not in olga.get(f"{ADDRESS}?show=part").text
    for page in ("0", "-1", "99999999999999999999", "x"):
        assert olga.get(f"{ADDRESS}?page={page}").status == 200


def test_others_do_not_keep_hospitals(administered):
    for login in ("anna", "ewa"):
        browser = administered.browser(login)
        assert browser.get(ADDRESS).status == 403
        assert browser.client.post(f"{ADDRESS}/1/end", data={"reason": "x"}).status_code == 403
    assert administered.browser("nobody").get(ADDRESS).status == 404
    assert administered.browser("olga").get(f"{ADDRESS}/999999").status == 404
