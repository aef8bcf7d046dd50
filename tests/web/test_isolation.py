"""No sequence of page calls by somebody of one hospital returns a value that only another hospital may see.

On PostgreSQL through the application's role; and with the first wall taken down, to see that the second stands alone.
"""

import re
from dataclasses import replace
from itertools import product
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage.accounts import add_membership, create_account
from storage.direct import Query
from storage.tables import METADATA, enrolment
from tests.web.browsing import Browser
from web.app import create_app
from web.workspace import EXTENSION

FOLDER = Path(__file__).parents[1] / "fixtures" / "rights"
NEEDLES = (
    "Kowalewska", "Bronisława", "61031212345", "Zbigniewski", "Gościńska", "Siostrzeńska", "skan-dowodu", "Leczenie zachowawcze",
    "Uwaga o gościu",
)  # fmt: skip


@pytest.fixture(scope="module")
def hospitals(postgres_url, new_walled_world, fill_ward):
    """A patient of the first hospital, and somebody of the second with a patient of their own."""
    world = new_walled_world(postgres_url, definitions=FOLDER, registry="ward")
    database, at = world.space.database, world.clock.now
    account = create_account(database, "cora", "Cora", "correct horse battery", who="office", at=at)
    add_membership(database, account, "ward", "coordinator", site_id=world.sites[1], who="office", at=at)
    theirs = fill_ward(world)
    jan = world.browser("jan")
    jan.get("/ward/patients").post({}, "/patients")
    who = jan.address.split("/")[3]
    jan.post({"last_name": "Nowak", "sex": "m", "__do": "save"}, "forms")
    jan.get(f"/ward/patients/{who}")
    (care,) = set(re.findall(r'href="([^"]*\.care)"', jan.text))
    yield SimpleNamespace(
        world=world, theirs=theirs, jan=jan, cora=world.browser("cora"), who=who, care=care, owner=world.owner
    )
    world.close()


def belongings(hospitals):
    """All rows about the other hospital's patient, as one text."""
    subject = f"(SELECT subject_id FROM enrolment WHERE pseudonym = '{hospitals.theirs.who}')"
    forms = f"(SELECT id FROM form_instance WHERE subject_id = {subject})"
    parts = [
        f"SELECT '{table.name}', md5(string_agg(x::text, ' ' ORDER BY x::text)) FROM {table.name} x WHERE {which}"
        for table in METADATA.sorted_tables
        for name, which in (("subject_id", f"subject_id = {subject}"), ("form_id", f"form_id IN {forms}"))
        if name in table.c
    ]
    with hospitals.owner.read() as connection:
        return dict(connection.exec_driver_sql(" UNION ALL ".join(parts)).all())


def places(hospitals):
    """What stands in addresses: one's own, the other's, and mixtures of the two."""
    theirs, spots = hospitals.theirs, [hospitals.care.rpartition("/")[2], hospitals.theirs.care.rpartition("/")[2]]
    numbers = [spot.partition(".")[0] for spot in spots] + ["1", "2", "3"]
    who = [theirs.who, hospitals.who, theirs.who.lower()]
    spot = [*spots, *(f"{n}.{rest}" for n in numbers for rest in ("person", "care", "daily.day.1"))]
    return who, spot, numbers, theirs.digest


TEMPLATES = (
    ("GET", "/ward/patients"), ("GET", "/ward/patients?names=1&order=date"), ("POST", "/ward/patients/search"),
    ("GET", "/ward/patients/{who}"), ("GET", "/ward/patients/{who}?names=1"), ("POST", "/ward/patients"),
    ("GET", "/ward/patients/{who}/forms/{spot}"), ("POST", "/ward/patients/{who}/forms/{spot}"),
    ("POST", "/ward/patients/{who}/forms/{spot}/draft"), ("POST", "/ward/patients/{who}/forms/{spot}/discard"),
    ("GET", "/ward/patients/{who}/forms/{spot}/files/{digest}"), ("GET", "/ward/patients/{who}/forms/{spot}/pdf"),
    ("GET", "/ward/patients/{who}/grids/{number}.daily.day"), ("POST", "/ward/patients/{who}/grids/{number}.daily.day"),
    ("POST", "/ward/patients/{who}/parts/{number}/add/episode"), ("POST", "/ward/patients/{who}/parts/{number}/undo"),
    ("POST", "/site"), ("GET", "/"), ("POST", "/ward/known"), ("POST", "/ward/known/ask"), ("POST", "/ward/requests/{number}"),
    ("POST", "/ward/patients/{who}/own-number"), ("POST", "/ward/patients/{who}/sharing"), ("POST", "/ward/patients/{who}/sharing/{number}"),
    ("POST", "/ward/patients/{who}/sharing/wards"), ("POST", "/ward/patients/{who}/withdrawn"), ("POST", "/ward/patients/{who}/withdrawn/{number}"),
    ("POST", "/ward/patients/{who}/forms/{spot}/move"), ("POST", "/ward/patients/{who}/forms/{spot}/queries?at=plan"),
    ("POST", "/ward/patients/{who}/forms/{spot}/queries/{number}/answer"), ("POST", "/ward/patients/{who}/forms/{spot}/queries/{number}/close"),
    ("POST", "/ward/patients/{who}/forms/{spot}/state/ask"), ("POST", "/ward/patients/{who}/forms/{spot}/state/lock"),
    ("POST", "/ward/patients/{who}/events/{number}.day.1/missed"), ("POST", "/ward/patients/{who}/events/{number}.day.1/add"),
    ("GET", "/ward/queries?show=all"), ("GET", "/ward/queries.csv?show=all"), ("GET", "/ward/audit/file"), ("GET", "/ward/completeness"),
    ("GET", "/ward/waiting?all=1"), ("POST", "/ward/waiting/review"),
)  # fmt: skip
SEARCHED = (*NEEDLES[:3], "Kow", "1", "WARD-1", "Nowak")
step = st.tuples(st.sampled_from(TEMPLATES), *(st.integers(0, 50) for _ in range(4)))


def call(hospitals, one):
    """Do a step, and give all that came back."""
    (method, template), a, b, c, d = one
    who, spot, numbers, digest = places(hospitals)
    address = template.format(who=who[a % 3], spot=spot[b % len(spot)], number=numbers[c % len(numbers)], digest=digest)
    client, data = (hospitals.jan, hospitals.cora)[d % 2].client, None
    if method == "POST":
        text = client.get("/ward/patients").get_data(as_text=True)
        token = re.findall(r'name="csrf_token" value="([^"]+)"', text)[0]
        data = {
            "csrf_token": token,
            "q": SEARCHED[d % len(SEARCHED)],
            "plan": "x",
            "site": "1",
            "reason": "x",
            "text": "x",
            "part": "whole",
            "ward": "1",
            "do": "grant",
            "number": str(d),
            "form": f"{numbers[b % len(numbers)]}:1",
            "to": spot[a % len(spot)],
            "level": "part",
            "instance": numbers[b % len(numbers)],
            "__do": "save",
            "__key": f"k{d}",
        }
    answer = client.open(address, method=method, data=data, follow_redirects=True)
    assert answer.status_code < 500 or answer.status_code == 501, address
    said = answer.get_data().decode(errors="replace")
    return address, said.replace(data["q"], "") if data else said  # what one looked for is repeated to oneself


def holds_nothing(hospitals, steps):
    before = belongings(hospitals)
    for one in steps:
        tells_nothing(*call(hospitals, one))
    assert belongings(hospitals) == before


def tells_nothing(address, text):
    for needle in NEEDLES:
        assert needle not in text, (needle, address)


def addresses(hospitals):
    """Every address of the application that is read, with one's own and the other's in its parts, alone and mixed."""
    who, spots, numbers, digest = places(hospitals)
    given = {
        "registry": ["ward"], "who": who[:2], "spot": spots[:2], "digest": [digest], "language": ["pl"],
        "series": [f"{number}.daily.day" for number in numbers[:2]],
    }  # fmt: skip
    build = hospitals.world.app.url_map.bind("").build
    for rule in hospitals.world.app.url_map.iter_rules():
        if "GET" in rule.methods and "registry" in rule.arguments:
            parts = [given.get(name, numbers[:2]) for name in sorted(rule.arguments)]
            for values in product(*parts):
                yield build(rule.endpoint, dict(zip(sorted(rule.arguments), values, strict=True)), method="GET")


def without_the_first_wall(patch):
    """Storage asks nobody any more."""
    patch.setattr("storage.structure.seen_by", lambda *_, **__: None)
    patch.setattr("storage.access.seen_by", lambda *_, **__: None)
    for module in ("subjects", "finding"):
        patch.setattr(f"storage.{module}.visible_subjects", lambda actor, _at: enrolment.c.registry == actor.registry)
    anybody = "e.registry = :actor_registry AND e.pseudonym = :pseudonym AND (e.withdrawal_id IS NOT NULL) = :withdrawn"
    patch.setattr("storage.subjects._OF_PSEUDONYM", Query.of(f"SELECT e.subject_id FROM enrolment e WHERE {anybody}"))


@pytest.mark.parametrize("walls", ["both", "the second alone"])
def test_no_address_tells_what_another_hospital_knows(hospitals, monkeypatch, walls):
    if walls != "both":
        without_the_first_wall(monkeypatch)
    found = list(addresses(hospitals))
    anna = hospitals.world.browser("anna")
    theirs = [look(anna, address)[1] for address in found]
    assert sum(any(needle in text for needle in NEEDLES) for text in theirs) > 5  # to whom they belong they are told
    for address in found:
        status, text = look(hospitals.jan, address)
        assert status < 500 or status == 501, address
        tells_nothing(address, text)


def test_without_the_first_wall_the_second_is_all_there_is(hospitals, postgres_url, monkeypatch):
    """The owner of the tables is not bound by the second wall: with the first taken away as above, everything is told."""
    app = create_app(replace(hospitals.world.space.settings, database_url=postgres_url))
    jan = Browser(app.test_client()).sign_in("jan")
    theirs = hospitals.theirs.care
    assert look(jan, theirs)[0] == 404
    without_the_first_wall(monkeypatch)
    status, text = look(jan, theirs)
    app.extensions[EXTENSION].database.close()
    assert status == 200
    assert "Leczenie zachowawcze" in text


def look(browser, address):
    answer = browser.client.get(address, follow_redirects=True)
    return answer.status_code, answer.get_data().decode(errors="replace")


ONES = settings(
    max_examples=30, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def test_the_needles_are_there(hospitals):
    anna = hospitals.world.browser("anna")
    assert "Leczenie zachowawcze" in anna.get(hospitals.theirs.care).text
    assert "Gościńska" in anna.text


@ONES
@given(steps=st.lists(step, min_size=1, max_size=6))
def test_no_sequence_of_calls_tells_what_another_hospital_knows(hospitals, steps):
    holds_nothing(hospitals, steps)


@ONES
@given(steps=st.lists(step, min_size=1, max_size=6))
def test_the_second_wall_stands_without_the_first(hospitals, steps):
    with pytest.MonkeyPatch.context() as patch:
        without_the_first_wall(patch)
        holds_nothing(hospitals, steps)
