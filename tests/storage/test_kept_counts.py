"""Counts that triggers keep are what counting anew would give; promised values are known without looking through all values."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from engine.datatypes.values import Missing
from engine.records.form_data import FormData
from storage.completeness import Count, completeness
from storage.form_states import Seen, take_steps
from storage.hospitals import Change, add_participation
from storage.my_day import Desk, to_complete, what_waits
from storage.opened_forms import Deed
from storage.sharing import Share, grants_of, share, take_back
from storage.states import Action
from storage.withdrawing import Target, restore, withdraw, withdrawals_of

ANEW = (
    "SELECT a.site_id, f.form, count(*), sum(CASE WHEN f.state = 'in_progress' THEN 0 ELSE 1 END) FROM form_instance f "
    "JOIN (SELECT DISTINCT subject_id, site_id, registry, starts_at, ends_at FROM access WHERE instance_id IS NULL) a "
    "ON a.subject_id = f.subject_id AND f.home IN ('', a.registry) AND a.starts_at <= f.opened_at "
    "AND (a.ends_at IS NULL OR a.ends_at > f.opened_at) WHERE f.withdrawal_id IS NULL GROUP BY 1, 2 ORDER BY 1, 2"
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
    sites = (ward.actor.site, idle.actor.site)
    with database.counted() as sent:
        found = completeness(database, name, sites, at=ward.now)
    assert len(sent) == 1
    by_site = {each.site: each for each in found.hospitals}
    assert by_site[ward.actor.site].counts == {"2025-03": Count(1, 1)}
    assert by_site[ward.actor.site].since is None
    assert by_site[idle.actor.site].counts == {}
    assert by_site[idle.actor.site].expected == {"2025-02", "2025-03"}
    assert found.forms == {"visit": Count(1, 1)}
    assert completeness(database, name, sites, at=ward.now, form="person").forms == {}
    assert completeness(database, "other", sites, at=ward.now).hospitals == ()


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
