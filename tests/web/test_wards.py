"""A role for one ward of a hospital: whose patients and episodes it shows, and how these come to a ward."""

import json
import re
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pytest

from engine.datatypes.identifiers import make_pesel
from storage.accounts import add_membership, create_account, find_account
from storage.hospitals import Change, add_unit
from storage.people import Scope, give_role

FOLDER = Path(__file__).parents[1] / "fixtures" / "rights"
PASSWORD = "correct horse battery"
PERSON = {
    "last_name": "Sowińska", "first_names": "Zofia", "pesel": make_pesel(date(1961, 3, 12), female=True, series=7), "sex": "k",
    "birth_date__d": "12", "birth_date__m": "3", "birth_date__y": "1961",
}  # fmt: skip


@pytest.fixture(scope="module")
def hospital(new_sqlite, new_world):
    """Two wards with a person each; anna works for the whole hospital, kora decides there."""
    world = new_world(new_sqlite(), definitions=FOLDER, registry="ward")
    database, site, change = world.space.database, world.sites[0], Change("office", world.clock.now)
    wards = [add_unit(database, site, str(n), f"Oddział {n}", change) for n in (1, 2)]
    for login, role, unit in (("ola", "entry", wards[0]), ("bea", "entry", wards[1]), ("both", "entry", wards[0])):
        account = create_account(database, login, login.title(), PASSWORD, who="office", at=change.at)
        give_role(database, Scope("ward", site), account, role, change, unit_id=unit)
    give_role(database, Scope("ward", site), find_account(database, "both").id, "entry", change, unit_id=wards[1])
    kora = create_account(database, "kora", "Kora", PASSWORD, who="office", at=change.at)
    add_membership(database, kora, "ward", "coordinator", site_id=site, who="office", at=change.at)
    yield SimpleNamespace(world=world, wards=wards)
    database.close()


@pytest.fixture
def people(hospital):
    return SimpleNamespace(**{login: hospital.world.browser(login) for login in ("anna", "ola", "bea", "kora", "jan")})


def register(browser, person=None):
    """A patient with the first episode, whose plan tells the ward."""
    browser.get("/ward/patients").post({}, "/patients")
    who = browser.address.split("/")[3]
    browser.post({**(person or {"last_name": "Sowa", "sex": "k"}), "__do": "save"}, "forms")
    return who, write(browser, who, cares(browser, who)[0])


def write(browser, who, care, plan="Pierwszy pobyt"):
    browser.get(care).post({"plan": plan, "__do": "save"}, "forms")
    assert browser.status == 200
    return care


def cares(browser, who):
    """The addresses of the forms of all episodes that the patient's page leads to."""
    browser.get(f"/ward/patients/{who}")
    return sorted(set(re.findall(r'href="(/ward/patients/[^"?#]*/forms/\d+\.care)[?#"]', browser.text)))


def is_listed(browser, who):
    return who in browser.get("/ward/patients").text


def give(kora, who, part, ward, **more):
    kora.get(f"/ward/patients/{who}/sharing")
    kora.post({"ward": ward, "part": part, "reason": "leczony tutaj", **more}, "/wards")
    assert "Oddział widzi to od teraz" in kora.text


def part_of(care):
    return re.findall(r"/forms/(\d+)\.", care)[0]


def test_what_a_ward_registers_is_its_own_and_the_hospital_s(hospital, people):
    who, care = register(people.ola)
    assert [is_listed(one, who) for one in (people.ola, people.anna, people.bea, people.jan)] == [
        True,
        True,
        False,
        False,
    ]
    assert [one.get(care).status for one in (people.ola, people.anna, people.bea)] == [200, 200, 404]
    assert people.bea.get(f"/ward/patients/{who}").status == 404
    found = people.bea.get("/ward/patients").post({"q": who}, "/search")
    assert f"/ward/patients/{who}" not in found.text


def test_a_ward_sees_of_a_patient_the_episodes_that_it_is_given(hospital, people):
    who, first = register(people.anna)
    people.anna.get(f"/ward/patients/{who}").post({}, "/add/episode")
    (second,) = set(cares(people.anna, who)) - {first}
    write(people.anna, who, second, "Drugi pobyt")
    assert not is_listed(people.ola, who)
    give(people.kora, who, part_of(first), hospital.wards[0])
    assert cares(people.ola, who) == [first]
    assert "Drugi pobyt" not in people.ola.text
    assert people.ola.get(second).status == 404
    for address in (f"/ward/patients/{who}", first):
        assert "Drugi pobyt" not in people.ola.get(address).text
    assert not is_listed(people.bea, who)
    people.ola.get(first)
    answer = people.ola.post({"plan": "obcy", "__do": "save"}, "forms", to=second, follow=False)
    assert answer.status == 404
    assert "Drugi pobyt" in people.anna.get(second).text


def test_an_episode_moves_to_another_ward_and_is_taken_back(hospital, people):
    who, care = register(people.ola)
    give(people.kora, who, part_of(care), hospital.wards[1], moved="1")
    assert [is_listed(people.bea, who), people.bea.get(care).status, people.ola.get(care).status] == [True, 200, 404]
    people.kora.get(f"/ward/patients/{who}/sharing")
    (end,) = {form for form, _ in people.kora.forms() if re.search(r"/wards/\d+$", form) and form} - ends_of_others(
        people.kora
    )
    people.kora.post({"reason": ""}, end)
    assert "msg" in people.kora.text
    people.kora.post({"reason": "wypisany"}, end)
    assert not is_listed(people.bea, who)
    assert is_listed(people.anna, who)


def ends_of_others(kora):
    """The rows that show the patient alone."""
    rows = re.findall(r"<tr>(.*?)</tr>", kora.text, re.DOTALL)
    return {
        form
        for row in rows
        if "dane pacjenta bez epizodów" in row
        for form in re.findall(r'action="([^"]*/wards/\d+)"', row)
    }


def test_a_ward_opens_episodes_of_its_own(hospital, people):
    who, first = register(people.ola)
    people.ola.get(f"/ward/patients/{who}").post({}, "/add/episode")
    assert len(cares(people.ola, who)) == len(cares(people.anna, who)) == 2
    assert first in cares(people.ola, who)


def test_a_patient_of_another_ward_is_known_and_taken_in_without_its_episodes(hospital, people):
    who, first = register(people.ola, PERSON)
    people.bea.get("/ward/known")
    people.bea.post({"pesel": PERSON["pesel"], "birth_date": "1961-03-12", "surname": "Sowińska"}, "/known")
    assert "na innym oddziale" in people.bea.text
    people.bea.post({"reason": "przeniesiona"}, "/known/ask")
    assert "Pacjent jest także na Twoim oddziale" in people.bea.text
    assert cares(people.bea, who) == []
    assert people.bea.get(first).status == 404
    people.bea.get(f"/ward/patients/{who}").post({}, "/add/episode")
    (own,) = cares(people.bea, who)
    assert own not in cares(people.ola, who)
    assert [body for body in hospital.world.audit("access") if '"ward"' in body]


def test_whoever_has_two_wards_chooses(hospital, people):
    both = hospital.world.browser("both")
    who, _ = register(people.bea)
    assert not is_listed(both, who)
    options = re.findall(r'<option value="(\d+\.\d+)"', both.text)
    assert len(options) == 2
    both.post({"site": options[1], "next": "/ward/patients"}, "/site")
    assert who in both.text
    assert "Szpital 1, Oddział 2" in both.text


@pytest.mark.parametrize(("login", "status"), [("ola", 403), ("jan", 403), ("kora", 422)])
def test_of_wards_decides_the_coordinator_alone(hospital, people, login, status):
    who, care = register(people.ola)
    browser = getattr(people, login)
    token = re.findall(r'name="csrf_token" value="([^"]+)"', browser.get("/ward/patients").text)[0]
    data = {"csrf_token": token, "ward": "9999", "part": part_of(care), "reason": "x"}
    answer = browser.client.post(f"/ward/patients/{who}/sharing/wards", data=data)
    assert answer.status_code in ({404, 422} if status == 422 else {status, 404})
    assert not is_listed(people.bea, who)


WARDLESS = "/ward/wards"


def wardless(kora, address=WARDLESS):
    """The episodes that the page offers, by patient."""
    rows = re.findall(r'name="part" value="(\d+)".*?patients/([\w-]+)"', kora.get(address).text)
    return {who: part for part, who in rows}


def test_episodes_without_a_ward_are_told_and_given_many_at_once(hospital, people):
    """Of what people of the whole hospital open, the coordinator hears on My day; each patient's audit tells of the gift."""
    new = dict(register(people.anna) for _ in range(3))
    own, _ = register(people.ola)
    kora, ward = people.kora, hospital.wards[1]
    found = wardless(kora)
    assert set(new) <= set(found)
    assert own not in found
    day = kora.get("/ward/day").text
    assert 'id="wardless"' in day
    assert f'href="{WARDLESS}"' in day
    few = [found[who] for who in list(new)[:2]]
    kora.get(WARDLESS).post({"ward": ward, "which": "chosen", "part": few, "reason": "po zmianie"}, WARDLESS)
    assert "Przekazano 2 epizody" in kora.text
    assert [is_listed(people.bea, who) for who in new] == [True, True, False]
    assert people.bea.get(new[next(iter(new))]).status == 200
    told = [json.loads(body)["ward"] for body in hospital.world.audit("access") if '"ward"' in body]
    given = [[hospital.world.sites[0], ward, int(found[who])] in told for who in new]
    assert given == [True, True, False]
    kora.get(WARDLESS).post({"ward": ward, "which": "all", "reason": "reszta"}, WARDLESS)
    assert "Każdy epizod należy do oddziału" in kora.text
    assert all(is_listed(people.bea, who) for who in new)
    assert 'id="wardless"' not in kora.get("/ward/day").text


@pytest.mark.parametrize(
    ("posted", "told"),
    [
        ({"which": "all", "reason": "x", "ward": ""}, "Wybierz oddział."),
        ({"which": "chosen", "reason": "bez epizodów"}, "Zaznacz epizody na liście"),
        ({"which": "all", "reason": " "}, "po co jest potrzebny dostęp"),
    ],
)
def test_what_is_left_out_is_asked_for_and_nothing_typed_is_lost(hospital, people, posted, told):
    who, _ = register(people.anna)
    people.kora.get(WARDLESS).post({"ward": hospital.wards[0], **posted}, WARDLESS)
    assert people.kora.status == 422
    assert told in people.kora.text
    assert posted["reason"].strip() in people.kora.text
    assert who in wardless(people.kora)


def test_a_ward_is_given_what_is_looked_for_alone(hospital, people):
    """Narrowed to patients whom a ward sees already, or to days: 'all' are those that were found."""
    both, _ = register(people.ola)
    people.anna.get(f"/ward/patients/{both}").post({}, "/add/episode")
    other, _ = register(people.anna)
    known = f"{WARDLESS}?known={hospital.wards[0]}"
    assert both in wardless(people.kora, known)
    assert other not in wardless(people.kora, known)
    assert wardless(people.kora, f"{WARDLESS}?since=2001-01-01&until=2001-12-31") == {}
    assert "Nie ma takich epizodów" in people.kora.text
    people.kora.get(known).post({"ward": hospital.wards[0], "which": "all", "reason": "ciąg dalszy"}, WARDLESS)
    assert len(cares(people.ola, both)) == 2
    assert other in wardless(people.kora)
    assert wardless(people.kora, f"{WARDLESS}?since=x&known=y") == wardless(people.kora)


@pytest.mark.parametrize(("login", "status"), [("ola", 403), ("anna", 403), ("jan", 403)])
def test_others_give_nothing(hospital, people, login, status):
    assert getattr(people, login).get(WARDLESS).status == status


def test_a_ward_of_another_hospital_is_given_nothing(hospital, people):
    database, change = hospital.world.space.database, Change("office", hospital.world.clock.now)
    foreign = add_unit(database, hospital.world.sites[1], f"f{change.at:%H%M%S}", "Obcy", change)
    who, _ = register(people.anna)
    people.kora.get(WARDLESS).post({"ward": foreign, "which": "all", "reason": "x"}, WARDLESS)
    assert people.kora.status == 404
    assert who in wardless(people.kora)


COMPLETENESS = "/ward/completeness"


def counted(browser, key, address=COMPLETENESS):
    """The lines of a table of completeness: name, complete, begun."""
    part = browser.get(address).text.partition(f'<h2 id="{key}"')[2].partition("</section>")[0]
    rows = re.findall(r"<tr>(.*?)</tr>", part.partition("<tbody>")[2])
    plain = [
        [re.sub("<[^>]+>", "", cell) for cell in re.findall(r"<t[hd][^>]*>(?:<span.*?</span>)?(.*?)</t[hd]>", row)]
        for row in rows
    ]
    return {row[0]: (int(row[3]), int(row[4])) for row in plain}


def test_completeness_of_a_ward_is_told_to_its_people_and_by_ward_to_the_coordinator(hospital, people):
    """Whose role is narrowed to a ward sees the ward's numbers alone, in the table, the drawing and by form."""
    world, (first, second) = hospital.world, hospital.wards
    database, change = world.space.database, Change("office", world.clock.now)
    account = create_account(database, "wera", "Wera", PASSWORD, who="office", at=change.at)
    give_role(database, Scope("ward", world.sites[0]), account, "coordinator", change, unit_id=second)
    wera = world.browser("wera")
    before = counted(wera, "wards-t").get("Szpital 1, Oddział 2", (0, 0))
    hospitals = counted(people.kora, "sites-t")["Szpital 1"]
    register(people.bea)
    register(people.anna)
    now = counted(wera, "wards-t")
    assert now == {"Szpital 1, Oddział 2": (before[0], before[1] + 2)}
    assert f"gotowe są {before[0]} z {before[1] + 2}" in wera.text
    assert "sites-t" not in wera.text
    assert "Szpitale, które prowadzą rejestr" not in wera.text
    assert counted(people.kora, "sites-t") == {"Szpital 1": (hospitals[0], hospitals[1] + 4)}
    assert counted(people.kora, "wards-t")["Oddział 2"] == now["Szpital 1, Oddział 2"]
    alone = counted(people.kora, "wards-t", f"{COMPLETENESS}?site=-{second}")
    assert alone == now
    for foreign in (f"-{first}", str(world.sites[0]), str(world.sites[1]), "-999"):
        assert counted(wera, "wards-t", f"{COMPLETENESS}?site={foreign}") == {}
        assert "Wszystkie szpitale" in wera.text
