"""Hospitals, their units and their parts in registries: with days, without overlaps, each change in the audit."""

import json
from datetime import date, timedelta

import pytest

from storage import errors
from storage.accounts import add_membership, create_account, memberships
from storage.hospitals import (
    Change,
    add_hospital,
    add_participation,
    add_unit,
    change_hospital,
    change_unit,
    end_hospital,
    end_participation,
    end_unit,
    list_hospitals,
    load_hospital,
    taking_part,
)

MARCH, MAY, JULY = date(2025, 3, 1), date(2025, 5, 1), date(2025, 7, 1)


@pytest.fixture
def change(small):
    return Change("Olga", small.NOW, "uchwała 7/2025")


@pytest.fixture
def hospital(database, change, request):
    """A hospital with one unit: its id and the unit's."""
    code = request.node.name[-60:]
    site = add_hospital(database, code, "Szpital Wojewódzki w Łodzi", change)
    return site, add_unit(database, site, "100", "Kardiologia", change)


def entries(database, site):
    with database.read() as connection:
        rows = connection.exec_driver_sql(
            f"SELECT kind, who, reason, body FROM audit_entry WHERE stream = 'site:{site}' ORDER BY number"
        )
        return [(kind, who, reason, json.loads(body)) for kind, who, reason, body in rows]


def test_every_change_is_in_the_audit_with_old_and_new(database, hospital, change):
    site, unit = hospital
    change_hospital(database, site, f"new {site}", "Szpital Miejski", change)
    change_unit(database, site, unit, "101", "Elektrofizjologia", change)
    part = add_participation(database, site, "small", MARCH, change, unit_id=unit)
    end_participation(database, site, "small", part, JULY, change)
    found = entries(database, site)
    assert [kind for kind, *_ in found] == ["site", "unit", "site", "unit", "participation", "participation"]
    assert {(who, reason) for _, who, reason, _ in found} == {("Olga", "uchwała 7/2025")}
    assert found[2][3]["old"]["name"] == "Szpital Wojewódzki w Łodzi"
    assert found[2][3]["new"]["name"] == "Szpital Miejski"
    assert (found[5][3]["old"]["ends_on"], found[5][3]["new"]["ends_on"]) == (None, "2025-07-01")


@pytest.mark.parametrize(
    ("days", "fault"),
    [
        ((MARCH, None), errors.Overlapping),
        ((date(2025, 1, 1), None), errors.Overlapping),
        ((date(2025, 4, 30), date(2025, 5, 2)), errors.Overlapping),
        ((JULY, MARCH), errors.NoTime),
        ((date(2025, 5, 2), None), None),
        ((date(2025, 1, 1), date(2025, 2, 28)), None),
    ],
)
def test_the_same_unit_takes_part_once_at_a_time(database, hospital, change, days, fault):
    site, unit = hospital
    add_participation(database, site, "small", MARCH, change, unit_id=unit, ends_on=MAY)
    add_participation(database, site, "small", MARCH, change)  # the hospital as a whole is another one
    add_participation(database, site, "other", MARCH, change, unit_id=unit)
    if fault is None:
        assert add_participation(database, site, "small", days[0], change, unit_id=unit, ends_on=days[1])
    else:
        with pytest.raises(fault):
            add_participation(database, site, "small", days[0], change, unit_id=unit, ends_on=days[1])


def test_completeness_asks_who_takes_part_on_a_day(database, hospital, change):
    site, unit = hospital
    add_participation(database, site, "small", MARCH, change, unit_id=unit, ends_on=MAY)
    on = {day: (site, unit) in taking_part(database, "small", day=day) for day in (MARCH, MAY, JULY)}
    assert on == {MARCH: True, MAY: True, JULY: False}
    assert (site, unit) not in taking_part(database, "other", day=MARCH)


def test_the_end_of_a_hospital_ends_all_that_belongs_to_it(database, hospital, change, small):
    site, unit = hospital
    account = create_account(database, f"end{site}", "Anna", "correct horse battery", who="office", at=small.NOW)
    add_membership(database, account, "small", "entry", site_id=site, who="office", at=small.NOW - timedelta(days=1))
    add_participation(database, site, "small", MARCH, change, unit_id=unit)
    add_participation(database, site, "small", date(2030, 1, 1), change)
    end_hospital(database, site, change)
    found = load_hospital(database, site)
    assert found.ended_at == found.units[0].ended_at == small.NOW
    assert [(each.starts_on, each.ends_on) for each in found.participations] == [(MARCH, date(2025, 3, 17))]
    assert memberships(database, account, at=small.NOW) == ()


def test_foreign_numbers_look_like_none(database, hospital, change, small):
    site, unit = hospital
    other = add_hospital(database, f"other {site}", "Inny", change)
    attempts = (
        lambda: end_unit(database, other, unit, change),
        lambda: change_unit(database, other, unit, "1", "x", change),
        lambda: add_participation(database, other, "small", MARCH, change, unit_id=unit),
        lambda: end_participation(database, other, "small", 10**9, MARCH, change),
        lambda: load_hospital(database, 10**9),
    )
    for attempt in attempts:
        with pytest.raises(errors.NotFound):
            attempt()
    with pytest.raises(errors.Taken):
        add_unit(database, site, "100", "Drugi", change)
    with pytest.raises(errors.Taken):
        add_hospital(database, f"other {site}", "Drugi", change)


def test_a_page_of_the_list_takes_two_statements(database, change, small):
    for number in range(30):
        site = add_hospital(database, f"L{number:03}", f"Szpital Świętej Łucji {number:02}", change)
        if number % 2:
            add_participation(database, site, "list", MARCH, change)
    with database.counted() as sent:
        page = list_hospitals(database, "list", day=MAY, text="swietej  LUC", first=25)
    assert len(sent) == 2
    assert (len(page.hospitals), page.total) == (5, 30)
    assert page.hospitals[0].since == MARCH
    assert list_hospitals(database, "list", day=MAY, text="l0", part=True).total == 15
    assert list_hospitals(database, "list", day=MAY, text="%").total >= 30  # a sign of a pattern is no pattern
