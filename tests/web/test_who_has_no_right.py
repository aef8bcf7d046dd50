"""Every page, for everybody who has no right to a patient, or none any more: nothing of the patient is told, behind the second wall.

Whoever had a right keeps what the browser held: the session, addresses, the form that was open.
"""

import re
from itertools import product
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import text

from storage.access import Actor, on_behalf
from storage.accounts import add_membership, create_account, find_account, memberships
from storage.hospitals import Change, add_unit
from storage.people import Scope, give_role
from storage.sharing import Share, grants_of, share, take_back
from storage.tables import METADATA
from storage.wards import ToWard, give_to_ward, take_from_ward, wards_of
from web.workspace import actor_of

FOLDER = Path(__file__).parents[1] / "fixtures" / "rights"
PASSWORD = "correct horse battery"
WORDS = ("Leczenie zachowawcze", "Uwaga o gościu")
NAMES = ("Kowalewska", "Bronisława", "61031212345", "Zbigniewski", "Gościńska", "Siostrzeńska", "skan-dowodu")
# Who -> role, place (0 and 1: hospitals, None: the registry, 2 and 3: wards of the first), and what must not be told.
PEOPLE = {
    "guest": ("entry", 1, NAMES + WORDS),  # was given the episode, and lost it
    "ward": ("entry", 2, NAMES + WORDS),  # of which the episode was, and moved away
    "other_ward": ("entry", 3, NAMES + WORDS),
    "gone": ("coordinator", 0, NAMES + WORDS),  # whose role ended
    "local": ("local_administrator", 0, NAMES + WORDS),
    "central": ("administrator", None, NAMES + WORDS),
    "author": ("author", None, NAMES + WORDS),
    "machine": ("technical", None, NAMES + WORDS),
    "analyst": ("analyst", None, NAMES),  # reads all of the registry but who the patients are
    "keeper": ("registry_coordinator", None, NAMES),
}


@pytest.fixture(scope="module")
def scene(postgres_url, new_walled_world, fill_ward):
    """A patient of the first hospital, and all these people signed in; then the rights that some of them had end."""
    world = new_walled_world(postgres_url, definitions=FOLDER, registry="ward")
    database, change = world.owner, Change("office", world.clock.now)
    units = [add_unit(database, world.sites[0], str(n), f"Oddział {n}", change) for n in (1, 2)]
    for login, (role, place, _) in PEOPLE.items():
        account = create_account(database, login, login.title(), PASSWORD, who="office", at=change.at)
        if place in (2, 3):
            give_role(database, Scope("ward", world.sites[0]), account, role, change, unit_id=units[place - 2])
        else:
            site = world.sites[place] if place is not None else None
            add_membership(database, account, "ward", role, site_id=site, who="office", at=change.at)
    patient = fill_ward(world)
    with database.read() as connection:
        asked = "SELECT subject_id FROM enrolment WHERE pseudonym = %s"
        subject = int(connection.exec_driver_sql(asked, (patient.who,)).scalar_one())
    part = int(re.findall(r"/forms/(\d+)\.", patient.care)[0])
    kora, now = Actor(1, "kora", "ward", world.sites[0], "coordinator"), world.clock()
    share(database, kora, subject, Share(world.sites[1], part, "x"), at=now)
    give_to_ward(database, kora, subject, ToWard(units[0], part, "x"), at=now)
    browsers = {login: world.browser(login) for login in PEOPLE}
    had = {login: browsers[login].get(patient.care).status for login in ("guest", "ward", "gone")}
    world.clock.wait(minutes=1)
    now = world.clock()
    (grant,) = (each for each in grants_of(database, kora, subject, at=now) if each.site == world.sites[1])
    take_back(database, kora, subject, grant.id, reason="x", at=now)
    (of_ward,) = wards_of(database, kora, subject, at=now)
    take_from_ward(database, kora, subject, of_ward.id, reason="x", at=now)
    with database.write() as connection:
        ended = "UPDATE membership SET ends_at = starts_at WHERE account_id = %s"
        connection.exec_driver_sql(ended, (find_account(database, "gone").id,))
    yield SimpleNamespace(world=world, patient=patient, browsers=browsers, had=had, subject=subject, part=part)
    world.close()


def addresses(scene):
    """Every address that is read, about the patient."""
    spots = [each.rpartition("/")[2] for each in (scene.patient.care, scene.patient.daily)]
    given = {
        "registry": ["ward"], "who": [scene.patient.who], "spot": spots, "digest": [scene.patient.digest], "language": ["pl"],
        "series": [f"{scene.part}.daily.day"],
    }  # fmt: skip
    app = scene.world.app
    for rule in app.url_map.iter_rules():
        if "GET" in rule.methods and "registry" in rule.arguments:
            names = sorted(rule.arguments)
            for values in product(*(given.get(name, [str(scene.part), "1"]) for name in names)):
                yield app.url_map.bind("").build(rule.endpoint, dict(zip(names, values, strict=True)), method="GET")


@pytest.mark.parametrize("login", PEOPLE)
def test_no_page_tells_whoever_has_no_right(scene, login):
    browser, hidden = scene.browsers[login], PEOPLE[login][2]
    for address in addresses(scene):
        answer = browser.client.get(address, follow_redirects=True)
        told = answer.get_data().decode(errors="replace")
        assert answer.status_code < 500 or answer.status_code == 501, address
        assert not [needle for needle in hidden if needle in told], address


@pytest.mark.parametrize("login", PEOPLE)
def test_no_post_does_anything_to_the_patient(scene, login):
    """To the forms of the record, and to who sees it, with what a browser would send that was open when the right ended."""
    browser, who = scene.browsers[login], scene.patient.who
    token = re.findall(r'name="csrf_token" value="([^"]+)"', browser.get("/account").text)[0]
    before = record_of(scene)
    data = {
        "csrf_token": token, "plan": "x", "reason": "x", "ward": "1", "part": str(scene.part), "site": "990000000102",
        "which": "all", "level": "patient", "to": str(scene.part), "do": "grant", "text": "x", "__do": "save", "__key": login,
    }  # fmt: skip
    if PEOPLE[login][0] == "registry_coordinator":
        return  # may do much of it
    for address in (
        scene.patient.care, f"{scene.patient.care}/draft", f"{scene.patient.care}/state/lock", f"{scene.patient.care}/queries?at=plan",
        f"{scene.patient.care}/move", f"/ward/patients/{who}/sharing", f"/ward/patients/{who}/sharing/wards", "/ward/wards",
        f"/ward/patients/{who}/withdrawn", f"/ward/patients/{who}/parts/{scene.part}/undo", "/ward/requests/1",
    ):  # fmt: skip
        answer = browser.client.post(address, data=data, follow_redirects=True)
        assert answer.status_code < 500, address
        assert not [needle for needle in PEOPLE[login][2] if needle in answer.get_data().decode(errors="replace")]
    assert record_of(scene) == before


def record_of(scene):
    """All rows about the patient but working copies, as one text for each table."""
    forms = f"(SELECT id FROM form_instance WHERE subject_id = {scene.subject})"
    parts = [
        f"SELECT '{table.name}', md5(string_agg(x::text, ' ' ORDER BY x::text)) FROM {table.name} x WHERE {which}"
        for table in METADATA.sorted_tables
        for name, which in (("subject_id", f"subject_id = {scene.subject}"), ("form_id", f"form_id IN {forms}"))
        if name in table.c
    ]
    with scene.world.owner.read() as connection:
        return dict(connection.exec_driver_sql(" UNION ALL ".join(parts)).all())


@pytest.mark.parametrize("login", ["guest", "ward", "other_ward"])
def test_no_table_tells_whoever_has_no_right(scene, login):
    """Raw SQL as the application's role, on behalf of each of them."""
    found = find_account(scene.world.owner, login)
    (held,) = memberships(scene.world.owner, found.id, at=scene.world.clock())
    database = on_behalf(scene.world.space.database, actor_of(found.id, found.name, held), scene.world.clock())
    with database.read() as connection:
        for table in METADATA.sorted_tables:
            query = text(f"SELECT x::text FROM {table.name} x")
            told = " ".join(row for (row,) in connection.execute(query) if row)
            assert not [needle for needle in NAMES + WORDS if needle in told], table.name


def test_those_who_had_a_right_had_it(scene):
    assert scene.had == dict.fromkeys(("guest", "ward", "gone"), 200)
    assert "Leczenie zachowawcze" in scene.world.browser("anna").get(scene.patient.care).text
