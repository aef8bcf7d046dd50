"""What a role in another registry shows of a patient here: what it shows there, with the second factor that it wants there."""

from dataclasses import replace

import pytest
from flask import g

from storage.accounts import add_membership, create_account, find_account, memberships
from storage.held_roles import Membership
from web.elsewhere import records_in
from web.roles import ROLES, Permission, allows
from web.workspace import EXTENSION, Visit

THERE = "lead_extraction"


@pytest.fixture(scope="module")
def patient(quick_world):
    """A patient of the second hospital, by number."""
    who = quick_world.browser("jan").register()
    with quick_world.space.database.read() as connection:
        asked = "SELECT subject_id FROM enrolment WHERE pseudonym = ?"
        return int(connection.exec_driver_sql(asked, (who,)).scalar_one())


def seen(world, role, patient, *, site=None, **settings):
    """How many records of the patient somebody with this role there is told of, at work in another registry."""
    space, now = world.space, world.clock()
    login = f"{role}{now:%H%M%S%f}"
    account = create_account(space.database, login, login, "correct horse battery", who="office", at=now)
    add_membership(space.database, account, "ablation", "entry", site_id=world.sites[0], who="office", at=now)
    add_membership(space.database, account, THERE, role, site_id=site, who="office", at=now)
    held: tuple[Membership, ...] = tuple(memberships(space.database, account, at=world.clock()))
    found = replace(find_account(space.database, login), memberships=held)
    here = next(each for each in held if each.registry == "ablation")
    changed = replace(space, settings=replace(space.settings, **settings))
    world.app.extensions[EXTENSION] = changed
    try:
        with world.app.test_request_context("/"):
            g.visit = Visit(world.clock(), space.tongues["en"], found, here)
            return len(records_in(g.visit, patient, {THERE})[THERE])
    finally:
        world.app.extensions[EXTENSION] = space


@pytest.mark.parametrize("role", ROLES)
def test_whoever_reads_no_patients_there_is_told_of_none(quick_world, patient, role):
    assert seen(quick_world, role, patient) == int(allows(role, Permission.READ))


def test_a_role_that_wants_a_second_factor_shows_nothing_without(quick_world, patient):
    assert seen(quick_world, "monitor", patient, second_factor_roles=frozenset({"monitor"})) == 0


def test_a_role_at_another_hospital_shows_nothing_of_it(quick_world, patient):
    assert [seen(quick_world, "entry", patient, site=site) for site in quick_world.sites] == [0, 1]
