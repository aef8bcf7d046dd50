"""Counts that triggers keep are what counting anew would give; promised values are known without looking through all values."""

import importlib
from datetime import timedelta

import pytest
from sqlalchemy import text

from engine.datatypes.values import Missing
from engine.records.form_data import FormData
from storage.completeness import Count, Own, completeness
from storage.desks import Desk
from storage.form_states import Seen, take_steps
from storage.hospitals import Change, add_participation, add_unit
from storage.my_day import to_complete, what_waits
from storage.opened_forms import Deed
from storage.sharing import Share, grants_of, share, take_back
from storage.states import Action
from storage.wards import ToWard, give_to_ward, take_from_ward, wards_of
from storage.withdrawing import Target, restore, withdraw, withdrawals_of

COUNTS = importlib.import_module("storage.migrations.versions.0023_counts_by_ward")
ANEW = (
    "SELECT a.site_id, f.form, count(*), sum(CASE WHEN f.state = 'in_progress' THEN 0 ELSE 1 END) FROM form_instance f "
    "JOIN (SELECT DISTINCT subject_id, site_id, registry, starts_at, ends_at FROM access WHERE instance_id IS NULL AND unit_id IS NULL) a "
    "ON a.subject_id = f.subject_id AND f.home IN ('', a.registry) AND a.starts_at <= f.opened_at "
    "AND (a.ends_at IS NULL OR a.ends_at > f.opened_at) WHERE f.withdrawal_id IS NULL GROUP BY 1, 2 "
    "UNION ALL SELECT site_id, form, count(*), sum(complete) FROM (SELECT DISTINCT -a.unit_id AS site_id, f.form, f.id, "
    "CASE WHEN f.state = 'in_progress' THEN 0 ELSE 1 END AS complete FROM form_instance f "
    "JOIN instance i ON i.id = f.instance_id JOIN access a ON a.subject_id = f.subject_id AND f.home IN ('', a.registry) "
    "AND a.unit_id IS NOT NULL AND a.ends_at IS NULL AND (i.parent_id IS NULL OR a.instance_id = coalesce(i.part_id, i.id)) "
    "WHERE f.withdrawal_id IS NULL) w GROUP BY 1, 2 ORDER BY 1, 2"
)
KEPT = "SELECT site_id, form, sum(begun), sum(complete) FROM form_month WHERE begun > 0 GROUP BY 1, 2 ORDER BY 1, 2"


def agree(database):
    """Whether what is kept is what there is; and what there is."""
    with database.read() as connection:
        anew, kept = (connection.execute(text(query)).all() for query in (ANEW, KEPT))
    assert kept == anew
    return kept


def test_forms_are_counted_by_hospital_and_month_through_all_that_happens_to_them(new_ward, small):
    ward, other = new_ward(), new_ward()
    database, registry = ward.database, small.REGISTRY
    ward.save(FormData({"v_text": "a"}))
    before = agree(database)
    ward.save(FormData({"v_text": "b"}), complete=True)
    assert agree(database) != before
    share(database, ward.actor, ward.subject, Share(other.actor.site, None, "Konsultacja"), at=ward.now)
    agree(database)  # the other hospital did not begin what was there
    later = ward.now + timedelta(minutes=1)
    deed = Deed(ward.subject, ward.actor, later, "pomyłka")
    withdraw(database, registry, ward.rules, deed, Target(place=ward.visit))
    agree(database)
    (gone,) = withdrawals_of(database, ward.actor, ward.subject, at=later)
    restore(database, registry, ward.rules, deed, gone.id)
    held = grants_of(database, ward.actor, ward.subject, at=later)
    given = next(one.id for one in held if one.site == other.actor.site)
    take_back(database, ward.actor, ward.subject, given, reason="koniec", at=later)
    counted = lambda: (ward.actor.site, "visit") in {tuple(row[:2]) for row in agree(database)}  # noqa: E731
    patient = withdraw(database, registry, ward.rules, deed, Target())
    assert not counted()
    restore(database, registry, ward.rules, deed, patient)
    assert counted()
    seen = [Seen(ward.visit, ward.load().forms[ward.visit].revision)]
    take_steps(database, registry, deed, Action.LOCK, seen)
    assert agree(database)


def test_months_and_hospitals_without_forms_are_told(new_ward, small):
    ward, idle = new_ward(), new_ward()
    database, name = ward.database, small.REGISTRY.model.registry
    change, day = Change("office", ward.now), ward.now.date()
    add_participation(
        database, idle.actor.site, name, day.replace(month=day.month - 1, day=31 if day.month == 2 else 28), change
    )
    ward.save(FormData({"v_text": "a"}), complete=True)
    own = Own(frozenset({ward.actor.site, idle.actor.site}))
    with database.counted() as sent:
        found = completeness(database, name, own, at=ward.now)
    assert len(sent) == 1
    by_site = {each.place: each for each in found.places}
    assert by_site[ward.actor.site].counts == {"2025-03": Count(1, 1)}
    assert by_site[ward.actor.site].since is None
    assert by_site[idle.actor.site].counts == {}
    assert by_site[idle.actor.site].expected == {"2025-02", "2025-03"}
    assert found.forms == {"visit": Count(1, 1)}
    assert completeness(database, name, own, at=ward.now, form="person").forms == {}
    assert completeness(database, "other", own, at=ward.now).places == ()


def test_forms_count_for_the_wards_that_see_their_episode(new_ward, small):
    """Those that it had when it was given, and from then on; not for others, nor once it is taken away."""
    ward = new_ward()
    database, at = ward.database, ward.now + timedelta(hours=1)
    change = Change("office", ward.now)
    first, second = (add_unit(database, ward.actor.site, str(n), f"Oddział {n}", change) for n in (1, 2))
    ward.save(FormData({"last_name": "Sowa"}), ward.person)
    ward.save(FormData({"v_text": "a"}), complete=True)
    own = Own(frozenset({ward.actor.site}))

    def counted(unit, own=own):
        agree(database)
        found = completeness(database, "small", own, at=at, chosen=-unit)
        return {name: (count.complete, count.begun) for name, count in found.forms.items()}

    assert counted(first) == {}
    give_to_ward(database, ward.actor, ward.subject, ToWard(first, ward.episode, "one"), at=at)
    both = {"person": (0, 1), "visit": (1, 1)}
    assert counted(first) == both
    ward.save(FormData({"fu_text": "b"}), ward.visit._replace(form="follow_up"))
    assert counted(first) == {**both, "follow_up": (0, 1)}
    give_to_ward(database, ward.actor, ward.subject, ToWard(second, ward.episode, "two", moved=True), at=at)
    assert (counted(first), counted(second)) == ({}, {**both, "follow_up": (0, 1)})
    wards = completeness(database, "small", own, at=at).wards
    assert [each.name for each in wards] == ["Oddział 2"]
    (grant,) = wards_of(database, ward.actor, ward.subject, at=at)
    take_from_ward(database, ward.actor, ward.subject, grant.id, reason="x", at=at)
    assert counted(second) == {}
    give_to_ward(database, ward.actor, ward.subject, ToWard(second, ward.episode, "again"), at=at)
    assert counted(second, Own(frozenset(), frozenset({second}))) == counted(second) != {}
    assert counted(second, Own(frozenset(), frozenset({first}))) == {}
    narrow = completeness(database, "small", Own(frozenset(), frozenset({second})), at=at)
    assert [(each.place, each.name) for each in narrow.places] == [(-second, f"Szpital {hospital(ward)}, Oddział 2")]
    deed = Deed(ward.subject, ward.actor, at, "pomyłka")
    gone = withdraw(database, small.REGISTRY, ward.rules, deed, Target())
    assert "visit" not in counted(second)
    restore(database, small.REGISTRY, ward.rules, deed, gone)
    assert counted(second)["visit"] == (1, 1)
    with database.write() as connection:  # as the migration counts what is there
        connection.execute(text("DELETE FROM form_month WHERE site_id < 0"))
        whose = {"-a.unit_id": COUNTS.OF_WARDS}
        connection.exec_driver_sql(COUNTS.added(COUNTS.counted(database.dialect, COUNTS.ALL, "f.sign", whose)))
    assert counted(second)["visit"] == (1, 1)


def hospital(ward):
    """The number in the name of its hospital."""
    with ward.database.read() as connection:
        query = text("SELECT code FROM site WHERE id = :site")
        return connection.execute(query, {"site": ward.actor.site}).scalar_one().removeprefix("s")


@pytest.mark.parametrize("reason", ["tl", "nk"])
def test_a_promised_value_waits_until_it_comes(ward, reason):
    def waiting():
        desk = Desk(ward.actor, ward.now, ward.database.dialect)
        return what_waits(ward.database, desk, {"promised": to_complete})["promised"].total

    ward.save(FormData({"v_text": Missing(reason), "v_code": "a"}))
    assert waiting() == (reason == "tl")
    ward.save(FormData({"v_text": Missing(reason), "v_code": "b"}))
    assert waiting() == (reason == "tl")
    ward.save(FormData({"v_text": "jest", "v_code": "b"}))
    assert waiting() == 0
