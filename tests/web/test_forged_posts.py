"""Every address that is posted to, with ids of another hospital in it: refused, noted, and not a row of theirs changes."""

import re
from collections import Counter
from itertools import product
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import select

from storage.access import Actor
from storage.accounts import add_membership, create_account
from storage.hospitals import Change, add_participation, add_unit
from storage.instances import open_instance
from storage.invitations import ask_access, invite
from storage.mail import Mail
from storage.people import Scope
from storage.subjects import find_pseudonym
from storage.tables import (
    METADATA,
    access,
    access_request,
    form_instance,
    instance,
    invitation,
    membership,
    participation,
    query,
    withdrawal,
)
from storage.wards import ToWard, give_to_ward

FOLDER = Path(__file__).parents[1] / "fixtures" / "rights"
PASSWORD = "correct horse battery"
OURS = {"cora": "coordinator", "fred": "physician", "lech": "local_administrator"}
THEIRS = {"kora": "coordinator", "phil": "physician"}
# What forms of the pages post, each with something that would do harm if the place were believed.
FIELDS = {
    "reason": "x", "text": "x", "answer": "x", "do": "grant", "why": "x", "moved": "1", "leaving": "1", "part": "whole", "site": "2",
    "ward": "1", "until": "", "level": "form", "target": "1.care", "to": "1", "plan": "forged", "pulse": "1", "d1.pulse": "1",
    "name": "forged", "code": "forged", "role": "coordinator", "email": "x@y.example", "language": "en", "starts_on": "2025-01-01",
    "ends_on": "2025-01-02", "form": "1:1", "password": "correct horse battery", "meaning": "author", "unit": "1", "who": "WARD-0001",
    "number": "77", "verified": "plan", "key": "k", "__do": "save", "__key": "k1", "__revision": "1", "do.plan": "verified", "row": "",
    "item": "plan", "instance": "1", "year": "2025", "kind": "local", "action": "lock",
}  # fmt: skip


@pytest.fixture(scope="module")
def two(new_sqlite, new_world, fill_ward):
    """The first hospital with something of every kind; people of all roles of the second, with a patient of their own."""
    world = new_world(new_sqlite(), definitions=FOLDER, registry="ward")
    database, at = world.space.database, world.clock.now
    for place, people in enumerate((THEIRS, OURS)):
        for login, role in people.items():
            account = create_account(database, login, login.title(), PASSWORD, who="office", at=at)
            add_membership(database, account, "ward", role, site_id=world.sites[place], who="office", at=at)
    theirs, at = fill_ward(world), world.clock()
    change, site = Change("office", at, "x"), world.sites[0]
    actor = Actor(1, "Anna", "ward", site, "coordinator")
    subject = find_pseudonym(database, actor, theirs.who, at=at)
    ward = add_unit(database, site, "1", "Oddział", change)
    add_participation(database, site, "ward", world.clock.now.date(), change)
    version = world.space.registries.current["ward"].registry
    with database.read() as connection:
        root = connection.execute(
            select(instance.c.id).where(instance.c.subject_id == subject, instance.c.parent_id.is_(None))
        ).scalar_one()
    episode = open_instance(database, version, actor, subject, "episode", root, at=at)
    give_to_ward(database, actor, subject, ToWard(ward, episode, "x"), at=at)
    write = lambda _token: Mail("invitation", "x@y.example", "x", "x")  # noqa: E731
    invite(database, Scope("ward", site), "invited@y.example", "entry", change, write, inviter=1)
    stranger = create_account(database, "stranger", "Stranger", PASSWORD, who="office", at=at)
    ask_access(database, stranger, Scope("ward", site), "entry", "x", change)
    kora = world.browser("kora")
    kora.get(f"{theirs.care}/queries?at=plan").post({"text": "Ich pytanie"}, "/queries?")
    yield SimpleNamespace(world=world, theirs=theirs, subject=subject, site=site, ids=ids_of(database, subject, site))
    database.close()


def ids_of(database, subject, site):
    """The numbers under which what belongs to a hospital stands, by what addresses call them."""

    def numbers(table, which):
        with database.read() as connection:
            return list(connection.execute(select(table.c.id).where(which)).scalars())

    with database.read() as connection:
        people = list(connection.execute(select(membership.c.account_id).where(membership.c.site_id == site)).scalars())
    return {
        "instance": numbers(instance, instance.c.subject_id == subject), "grant": numbers(access, access.c.subject_id == subject),
        "person": people, "role": numbers(membership, membership.c.site_id == site), "site": [site], "unit": [1],
        "part": numbers(participation, participation.c.site_id == site),
        "number": sorted({
            *numbers(query, query.c.subject_id == subject), *numbers(withdrawal, withdrawal.c.subject_id == subject),
            *numbers(invitation, invitation.c.site_id == site), *numbers(access_request, access_request.c.site_id == site),
        }),
    }  # fmt: skip


def belongings(two):
    """Every row of the first hospital: of its patient, its forms, its people, itself."""
    forms = select(form_instance.c.id).where(form_instance.c.subject_id == two.subject)
    parts = select(instance.c.id).where(instance.c.subject_id == two.subject)
    people = select(membership.c.account_id).where(membership.c.site_id == two.site)
    which = (
        ("subject_id", [two.subject]),
        ("form_id", forms),
        ("instance_id", parts),
        ("site_id", [two.site]),
        ("account_id", people),
    )
    found = {}
    with two.world.space.database.read() as connection:
        for table in METADATA.sorted_tables:
            for name, values in which:
                if name in table.c and table.name not in ("session", "attempt"):
                    rows = connection.execute(select(table).where(table.c[name].in_(values)))
                    found[table.name, name] = Counter(map(str, rows))
    return found


def forged(two, own):
    """Every address that is posted to below a registry: with all of another hospital's, and with one's own patient and their numbers."""
    spots = {
        "spot": two.theirs.care.rpartition("/")[2],
        "series": f"{two.ids['instance'][1]}.daily.day",
        "occasion": f"{two.ids['instance'][1]}.day.1",
    }
    more = {"registry": ["ward"], "container": ["episode"], "form": ["care"], "name": ["scan"], "step": ["close"], "definition": ["0" * 64],
            "language": ["pl"], "subject": ["patient"], "action": ["lock"]}  # fmt: skip
    build = two.world.app.url_map.bind("").build
    for rule in two.world.app.url_map.iter_rules():
        if "POST" not in rule.methods or "registry" not in rule.arguments:
            continue
        for who in (two.theirs.who, own) if "who" in rule.arguments else (two.theirs.who,):
            given = {"who": [who], **{name: [text] for name, text in spots.items()}, **two.ids, **more}
            names = sorted(rule.arguments)
            for values in product(*(given.get(name, ["1"])[: 2 if name == "number" else 1] for name in names)):
                parts = dict(zip(names, values, strict=True))
                yield rule.endpoint, parts, build(rule.endpoint, parts, method="POST")


# What these do is one's own, whatever numbers are posted with it: a new patient, one's own list, one's own invitation.
OWN = {
    "patients.register", "patients.search", "known.look", "known.ask_for", "people.invite_somebody", "records.add",
    "patients.own_number", "sharing.give", "wards.give", "wardless.give",
}  # fmt: skip


@pytest.mark.parametrize("login", OURS)
def test_forged_posts_are_refused_noted_and_change_nothing(two, login):
    browser = two.world.browser(login)
    if login != "lech":
        browser.get("/ward/patients").post({}, "/patients")
        own = browser.address.split("/")[3]
    else:
        own = "WARD-0009-X1"
    before = belongings(two)
    csrf = re.findall(r'name="csrf_token" value="([^"]+)"', browser.get("/").text)[0]
    noted, refused = len(two.world.audit("denied")), 0
    for endpoint, parts, address in forged(two, own):
        answer = browser.client.post(address, data={**FIELDS, "csrf_token": csrf})
        if answer.status_code == 303 and parts.get("who") == two.theirs.who:  # on to a page that is refused
            answer = browser.client.get(answer.headers["Location"])
        where = (login, endpoint, address, answer.status_code)
        assert answer.status_code in (
            (200, 303, 403, 404, 422, 429) if parts.get("who") == own or endpoint in OWN else (403, 404)
        ), where
        refused += answer.status_code in (403, 404)
    assert belongings(two) == before
    assert len(two.world.audit("denied")) - noted >= refused > 40
