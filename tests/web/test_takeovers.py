"""A person known elsewhere is asked for, and nothing is told; the hospital that has the record decides.

On SQLite, and on PostgreSQL as the application's role, behind its policies.
"""

import re
from datetime import date

import pytest

from engine.datatypes.identifiers import make_pesel
from storage.accounts import add_membership, create_account
from tests.web.browsing import PASSWORD

LIST = "/lead_extraction/patients"


@pytest.fixture(scope="module", params=["quick_world", "walled_world"])
def world(request):
    """SQLite, and PostgreSQL's policies."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def boss(world):
    """Call it with a hospital for a browser of its coordinator."""

    def build(place, registry="lead_extraction"):
        database, login = world.space.database, f"boss{world.clock().timestamp():.0f}"
        account = create_account(
            database, login, login.title(), "correct horse battery", who="office", at=world.clock()
        )
        site = world.sites[place]
        add_membership(database, account, registry, "coordinator", site_id=site, who="office", at=world.clock())
        return world.browser(login)

    return build


def look(browser, pesel, surname="Przykładowy", born="1949-03-02"):
    return browser.get("/lead_extraction/known").post(
        {"pesel": pesel, "birth_date": born, "surname": surname}, "/known"
    )


def patient(browser, series, **more):
    pesel = make_pesel(date(1949, 3, 2), female=False, series=series)
    return browser.register(pesel=pesel, **more), pesel


def test_an_unknown_person_may_be_registered_and_an_own_one_is_found(anna):
    who, pesel = patient(anna, 6001)
    assert who in look(anna, pesel).text
    nobody = make_pesel(date(1949, 3, 2), female=False, series=6002)
    assert "Nie ma takiej osoby" in look(anna, nobody).text
    assert anna.post({}, "/patients").address.endswith(".patient")


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"pesel": "123"}, "Podaj PESEL"),
        ({"birth_date": "2.3.1949"}, "Podaj datę urodzenia"),
        ({"surname": " "}, "Podaj nazwisko"),
    ],
)
def test_all_three_are_needed(anna, typed, said):
    given = {
        "pesel": make_pesel(date(1949, 3, 2), female=False, series=6003),
        "birth_date": "1949-03-02",
        "surname": "X",
    }
    anna.get("/lead_extraction/known").post({**given, **typed}, "/known")
    assert said in anna.text
    assert anna.status == 422


def test_a_person_of_another_hospital_is_asked_for_and_granted(world, boss):
    jan, pesel = world.browser("jan"), make_pesel(date(1949, 3, 2), female=False, series=6004)
    who = jan.register(pesel=pesel, last_name="Wspólny")
    anna = world.browser("anna")
    assert "poza tym szpitalem" in look(anna, pesel, "Wspólny").text
    for secret in (who, "Szpital 2", "Wspólny", pesel):
        assert secret not in anna.text
    assert "Napisz, po co" in anna.post({"reason": ""}, "/known/ask").text
    anna.post({"reason": "Kontrola urządzenia"}, "/known/ask")
    assert "została wysłana" in anna.text
    assert who not in anna.text
    assert "już o to prosił" in look(anna, pesel, "Wspólny").post({"reason": "Jeszcze raz"}, "/known/ask").text
    assert "Kontrola urządzenia" not in boss(0).get("/lead_extraction/requests").text.partition("Prośby tego")[0]
    theirs = boss(1).get("/lead_extraction/day")
    assert "Inny szpital prosi" in theirs.text
    theirs.get("/lead_extraction/requests")
    assert all(text in theirs.text for text in ("Szpital 1", "Anna", who, "Kontrola urządzenia"))
    number = re.findall(r"/requests/(\d+)", theirs.text)[-1]
    assert "Podaj powód odmowy" in theirs.post({"do": "refuse"}, f"/requests/{number}").text
    assert anna.get(f"{LIST}/{who}").status == 404
    late = boss(1).get("/lead_extraction/requests")  # somebody else, who has the page open as well
    theirs.post({"do": "grant"}, f"/requests/{number}")
    assert "Pacjent jest udostępniony" in theirs.text
    assert anna.get(f"{LIST}/{who}").status == 200
    assert who in anna.get("/lead_extraction/requests").text
    assert who in anna.get(LIST).text
    assert world.audit("takeover_asked")[-1]
    assert world.audit("takeover_granted")[-1]
    late.post({"do": "refuse", "answer": "Nie"}, f"/requests/{number}")
    assert "odpowiedział(a) już na tę prośbę" in late.text
    assert not world.audit("takeover_refused")


def test_whoever_has_a_person_decides_for_another_registry_too(world, boss):
    """Of somebody whom only one registry knows; then the other registry has the person, and decides itself."""
    now, login = world.clock(), f"ada{world.clock().timestamp():.0f}"
    account = create_account(world.space.database, login, "Ada", "correct horse battery", who="office", at=now)
    add_membership(world.space.database, account, "ablation", "entry", site_id=world.sites[0], who="office", at=now)
    who, pesel = patient(world.browser("jan"), 6010)
    ada = world.browser(login)

    def ask(reason):
        typed = {"pesel": pesel, "birth_date": "1949-03-02", "surname": "Przykładowy"}
        return ada.get("/ablation/known").post(typed, "/known").post({"reason": reason}, "/known/ask")

    assert "została wysłana" in ask("Ablacja").text
    assert "Ablacja" not in boss(0).get("/lead_extraction/requests").text.partition("Prośby tego")[0]
    theirs = boss(1).get("/lead_extraction/day")
    assert who in theirs.text
    theirs.get("/lead_extraction/requests")
    assert all(text in theirs.text for text in ("Szpital 1", "Ada", who, "Ablacja"))
    number = re.findall(r"/requests/(\d+)", theirs.text)[-1]
    assert ada.get("/ablation/patients").text.count("ABL-") == 0
    late, stranger = boss(1).get("/lead_extraction/requests"), boss(1, "ablation").get("/ablation/requests")
    click = {"csrf_token": dict(theirs.fields()[1])["csrf_token"], "do": "grant"}
    theirs.post({"do": "grant"}, f"/requests/{number}")
    assert "Pacjent jest udostępniony" in theirs.text
    second = theirs.client.post(f"/lead_extraction/requests/{number}", data=click)
    assert "Pacjent jest już udostępniony" in theirs.get(second.location).text
    late.post({"do": "refuse", "answer": "Nie"}, f"/requests/{number}")
    assert "odpowiedział(a) już na tę prośbę" in late.text
    assert f"/requests/{number}" not in late.text
    click["csrf_token"] = dict(stranger.fields()[1])["csrf_token"]
    assert stranger.client.post(f"/ablation/requests/{number}", data=click).status_code == 404
    (given,) = set(re.findall(r"ABL-\w+-\w+", ada.get("/ablation/requests").text))
    assert ada.get(f"/ablation/patients/{given}").status == 200
    assert who not in ada.text
    assert boss(1, "ablation").get(f"/ablation/patients/{given}").status == 404
    stranger = create_account(world.space.database, f"{login}x", "Ola", "correct horse battery", who="office", at=now)
    add_membership(world.space.database, stranger, "ablation", "entry", site_id=world.sites[1], who="office", at=now)
    ada = world.browser(f"{login}x")
    ask("Druga prośba")
    assert "Druga prośba" not in boss(1).get("/lead_extraction/requests").text
    assert "Druga prośba" in boss(0, "ablation").get("/ablation/requests").text


def test_a_refusal_is_told_with_its_reason(world, boss):
    jan, anna = world.browser("jan"), world.browser("anna")
    pesel = make_pesel(date(1949, 3, 2), female=False, series=6005)
    who = jan.register(pesel=pesel)
    look(anna, pesel).post({"reason": "Bo tak"}, "/known/ask")
    theirs = boss(1).get("/lead_extraction/requests")
    number = re.findall(r"/requests/(\d+)", theirs.text)[-1]
    theirs.post({"do": "refuse", "answer": "Pacjent nie wyraził zgody"}, f"/requests/{number}")
    anna.get("/lead_extraction/requests")
    assert "Pacjent nie wyraził zgody" in anna.text
    assert who not in anna.text


def test_requests_cannot_be_forged(world, boss):
    anna = world.browser("anna").get("/lead_extraction/known")
    token = dict(anna.fields()[1])["csrf_token"]
    for note in ("", "nothing", "../.."):
        data = {"csrf_token": token, "note": note, "reason": "x"}
        assert anna.client.post("/lead_extraction/known/ask", data=data).status_code == 404
    assert anna.client.post("/lead_extraction/requests/1", data={"csrf_token": token}).status_code == 403
    other = boss(0).get("/lead_extraction/requests")
    token = dict(other.fields()[1])["csrf_token"]
    assert (
        other.client.post("/lead_extraction/requests/99", data={"csrf_token": token, "do": "grant"}).status_code == 404
    )


def test_looking_up_is_limited(world):
    piotr = world.browser("piotr")
    for series in range(7001, 7008):
        look(piotr, make_pesel(date(1949, 3, 2), female=False, series=series))
    assert piotr.status == 429
    assert "Za dużo nieudanych" in piotr.text


def test_a_patient_is_shared_from_the_page_and_taken_back(world, boss):
    anna, jan, mine = world.browser("anna"), world.browser("jan"), boss(0)
    who = anna.register()
    address = f"{LIST}/{who}"
    assert "/sharing" not in anna.get(address).text
    assert anna.get(f"{address}/sharing").status == 403
    mine.get(address).get(f"{address}/sharing")
    assert "Twój szpital" in mine.text
    site = "990000000102"
    for wrong, said in (
        ({"site": ""}, "Wybierz szpital"),
        ({"site": site}, "Napisz, po co"),
        ({"site": site, "reason": "x", "until": "2020-01-01"}, "już minął"),
    ):
        assert said in mine.get(f"{address}/sharing").post(wrong, "/sharing").text
    assert jan.get(address).status == 404
    episode = re.findall(r'<option value="(\d+)">Epizod', mine.text)[0]
    mine.post({"site": site, "part": episode, "reason": "Konsultacja", "until": "2025-08-01"}, "/sharing")
    assert "Udostępniono" in mine.text
    assert jan.get(address).status == 200
    assert who in jan.get(LIST).text
    assert jan.get(f"{address}/sharing").status == 403
    grant = re.findall(r"/sharing/(\d+)", mine.text)[0]
    assert "Napisz, po co" in mine.post({}, f"/sharing/{grant}").text
    mine.post({"reason": "Zakończona"}, f"/sharing/{grant}")
    assert "Dostęp cofnięto" in mine.text
    assert jan.get(address).status == 404
    assert who not in jan.get(LIST).text


def test_a_transfer_hands_the_record_over(world, boss):
    anna, mine, theirs = world.browser("anna"), boss(0), boss(1)
    who = anna.register()
    mine.get(f"{LIST}/{who}/sharing")
    mine.post({"site": "Szpital 2 (990000000102)", "reason": "Przeniesienie", "leaving": "1"}, "/sharing")
    assert mine.address.startswith(LIST)
    assert anna.get(f"{LIST}/{who}").status == 404
    assert theirs.get(f"{LIST}/{who}").status == 200
    token = dict(theirs.fields()[1])["csrf_token"]
    for site, status in (("999", 303), ("Szpital", 303), ("Szpital 1", 404)):  # none, several, and no such part
        data = {"csrf_token": token, "site": site, "part": "999999", "reason": "x"}
        assert theirs.client.post(f"{LIST}/{who}/sharing", data=data).status_code == status
    assert "Szpital 1" not in theirs.get(f"{LIST}/{who}/sharing").text.partition("give-t")[0]


def test_a_second_click_on_a_hand_over_leads_where_the_first_led(world, boss):
    mine = boss(0)
    who = world.browser("anna").register()
    mine.get(f"{LIST}/{who}/sharing")
    address, fields = mine.fields("/sharing")
    page = {**dict(fields), "site": "990000000102", "reason": "Przeniesienie", "leaving": "1"}
    for click in ("first", "second", "reload"):
        answer = mine.client.post(address, data=page)
        assert answer.status_code == 303, click
        assert "Zapis przekazano." in mine.get(answer.headers["Location"]).text, click
        assert mine.address.startswith(f"{LIST}?"), click
    assert mine.client.post(address, data={**page, "key": "another page"}).status_code == 404


def test_what_is_given_twice_from_one_page_is_given_once(world, boss):
    mine = boss(0)
    who = world.browser("anna").register()
    address, fields = mine.get(f"{LIST}/{who}/sharing").fields("/sharing")
    page = {**dict(fields), "site": "990000000102", "reason": "Konsultacja"}
    for _ in range(2):
        assert "Udostępniono." in mine.get(mine.client.post(address, data=page).headers["Location"]).text
    assert len(re.findall(r'action="[^"]*/sharing/\d+"', mine.text)) == 1


def test_who_decides_for_the_registry_is_led_to_the_requests_and_asks_for_none(world):
    database, now = world.space.database, world.clock()
    account = create_account(database, "renata", "Renata", PASSWORD, who="office", at=now)
    add_membership(database, account, "lead_extraction", "registry_coordinator", site_id=None, who="office", at=now)
    page = world.browser("renata").get("/lead_extraction/requests")
    assert page.text.count('href="/lead_extraction/requests" aria-current="page"') == 2
    assert "Prośby innych szpitali" in page.text
    assert "Prośby tego szpitala" not in page.text
