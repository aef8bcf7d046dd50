"""Lists of patients: sorted, narrowed and paged in the database, told as far as the hospital sees the patient."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

import pytest
from sqlalchemy import text

from engine.records.evaluation import PlannedEvent
from engine.records.form_data import FormData
from storage import errors
from storage.instances import open_instance, remove_instance
from storage.listing import Narrowed, Order, State, Waiting, list_subjects
from storage.local_numbers import find_number, local_number_of, set_local_number
from storage.sharing import Share, share
from storage.subjects import register_subject

DAY = date(2025, 3, 1)


@pytest.fixture
def rules(small):
    """Each visit took place on its date, and a control closes 60 days later."""

    def schedule(_registry, subject, _at, _others):
        for episode in subject.children:
            visit = episode.forms.get("visit")
            day = visit[0].items.get("v_date") if visit else None
            if day is not None:
                yield PlannedEvent("visit", 1, day, (day, day), "done", episode.id)
                window = (day + timedelta(days=30), day + timedelta(days=60))
                yield PlannedEvent("control", 1, None, window, "planned", episode.id)

    def evaluate(registry, subject, focus, **more):
        found = small.evaluate(registry, subject, focus, **more)
        return small.replace(found, events=tuple(schedule(registry, subject, None, ())))

    return small.replace(small.RULES, evaluate=evaluate, schedule=lambda *given: tuple(schedule(*given)))


@pytest.fixture
def crowd(new_ward, small, rules):
    """A hospital with eight patients in all kinds of states: the ward of the first, and their wards in order."""
    first = small.replace(new_ward(), rules=rules)
    wards = [first]
    for _ in range(7):
        new = register_subject(first.database, first.actor, prefix="SML", at=first.now)
        episode = open_instance(
            first.database, small.REGISTRY, first.actor, new.subject, "episode", new.patient, at=first.now
        )
        wards.append(small.replace(first, subject=new.subject, patient=new.patient, episode=episode, revisions={}))
    for n, ward in enumerate(wards):
        ward.now = first.now
        if n % 4:
            ward.save(FormData({"v_date": DAY - timedelta(days=10 * (n % 3))}), complete=n % 4 == 2)
        first.now = ward.now
    open_instance(
        first.database, small.REGISTRY, first.actor, wards[5].subject, "episode", wards[5].patient, at=first.now
    )
    set_local_number(first.database, first.actor, wards[2].subject, "K/7", at=first.now)
    return wards


def listed(ward, **more):
    return list_subjects(ward.database, ward.actor, at=ward.now, **more)


@pytest.mark.parametrize("order", [f"{sign}{order}" for order in Order for sign in ("", "-")])
def test_pages_follow_one_another_in_every_order_and_back(crowd, order):
    whole = [one.subject for one in listed(crowd[0], order=order).subjects]
    assert sorted(whole) == sorted(ward.subject for ward in crowd)
    pages = [listed(crowd[0], order=order, size=3)]
    while pages[-1].after:
        pages.append(listed(crowd[0], order=order, size=3, after=pages[-1].after))
    assert [one.subject for page in pages for one in page.subjects] == whole
    assert {page.total for page in pages} == {len(whole)}
    assert (pages[0].before, len(pages)) == ("", 3)
    for before, page in pairwise(pages):
        assert listed(crowd[0], order=order, size=3, before=page.before) == before


@pytest.mark.parametrize("mark", ["x", "W10=", "WzEsMl0=", "eyJhIjoxfQ==", "WyJub25lIiwxXQ==", "\u0142"])
def test_a_mark_that_is_none_leads_to_the_first_page(crowd, mark):
    assert listed(crowd[0], order="date", after=mark) == listed(crowd[0], order="date")


def test_lists_are_sorted_by_what_they_show(crowd):
    def shown(order, *names):
        return [tuple(getattr(one, name) for name in names) for one in listed(crowd[0], order=order).subjects]

    assert [n for (n,) in shown("number", "number")] == sorted(n for (n,) in shown("-date", "number"))
    assert shown("local", "local")[0] == ("K/7",)
    days = [day or date.min for (day,) in shown("date", "day")]
    assert days == sorted(days)
    assert shown("-episodes", "episodes")[0] == (2,)
    assert [state for (state,) in shown("state", "state")] == sorted(state for (state,) in shown("number", "state"))


@pytest.mark.parametrize(
    ("narrowed", "expected"),
    [
        (Narrowed(state=State.NONE), {0, 4}),
        (Narrowed(state=State.COMPLETE), {2, 6}),
        (Narrowed(state=State.IN_PROGRESS), {1, 3, 5, 7}),
        (Narrowed(several=True), {5}),
        (Narrowed(since=DAY), {3, 6}),
        (Narrowed(since=DAY - timedelta(days=15), until=DAY - timedelta(days=5)), {1, 7}),
        (Narrowed(until=DAY - timedelta(days=15)), {2, 5}),
        (Narrowed(waiting=Waiting.DUE), {1, 2, 3, 5, 6, 7}),
        (Narrowed(waiting=Waiting.OVERDUE), set()),
        (Narrowed(hashes=()), set()),
        (Narrowed(hashes=(b"unknown",)), set()),
    ],
)
def test_lists_are_narrowed(crowd, narrowed, expected):
    at = crowd[0].now + timedelta(days=20)
    page = list_subjects(crowd[0].database, crowd[0].actor, at=at, narrowed=narrowed)
    assert {one.subject for one in page.subjects} == {crowd[n].subject for n in expected}
    assert page.total == len(expected)


def test_a_line_tells_of_what_the_hospital_may_see_alone(crowd, new_ward, small):
    ward, guest = crowd[5], new_ward()
    at = ward.now + timedelta(days=90)
    later = max(row.id for row in ward.load().instances)
    share(ward.database, ward.actor, ward.subject, Share(guest.actor.site, later, "shared"), at=ward.now)

    def line(actor):
        page = list_subjects(ward.database, actor, at=at, narrowed=Narrowed())
        return next(one for one in page.subjects if one.subject == ward.subject)

    own, theirs = line(ward.actor), line(guest.actor)
    assert (own.state, own.episodes, own.forms, own.overdue, own.day) == (
        State.IN_PROGRESS,
        2,
        1,
        1,
        DAY - timedelta(days=20),
    )
    assert (theirs.state, theirs.episodes, theirs.forms, theirs.overdue, theirs.day) == (State.NONE, 1, 0, 0, None)
    share(ward.database, ward.actor, ward.subject, Share(guest.actor.site, ward.episode, "x"), at=ward.now)
    assert small.replace(line(guest.actor), local="") == own
    keeper = small.replace(ward.actor, site=None)
    assert small.replace(line(keeper), local="") == own


def test_the_casebook_follows_whatever_changes(crowd, small):
    ward = crowd[0]

    def line():
        return next(one for one in listed(ward).subjects if one.subject == ward.subject)

    added = open_instance(ward.database, small.REGISTRY, ward.actor, ward.subject, "episode", ward.patient, at=ward.now)
    assert (line().episodes, line().state) == (2, State.NONE)
    remove_instance(ward.database, small.REGISTRY, ward.actor, ward.subject, added, at=ward.now)
    assert line().episodes == 1
    ward.save(FormData({"v_date": DAY}), complete=True)
    assert (line().state, line().day) == (State.COMPLETE, DAY)
    ward.save(FormData({}))
    assert line().day is None
    with ward.database.write() as connection:  # whoever it is
        connection.execute(
            text("UPDATE form_instance SET state = 'in_progress' WHERE subject_id = :id"), {"id": ward.subject}
        )
    assert line().state == State.IN_PROGRESS


def test_a_hospitals_own_number_finds_its_patient(crowd, new_ward, small):
    ward, other, guest = crowd[0], crowd[1], new_ward()

    def put(name, where=ward, **more):
        return set_local_number(where.database, small.replace(where.actor, **more), where.subject, name, at=where.now)

    assert [put("A 1"), put("A 1"), put("A 2")] == [True, False, True]
    assert local_number_of(ward.database, ward.actor, ward.subject) == "A 2"
    with pytest.raises(errors.Taken):
        put("A 2", other)
    for written in ("a 2", " A  2 "):
        with pytest.raises(errors.Taken):
            put(written, other)
        assert find_number(ward.database, ward.actor, ["nobody"], written, at=ward.now) is not None
    assert put("a 2"), "one's own may be written anew"
    assert put("A 2")
    share(ward.database, ward.actor, ward.subject, Share(guest.actor.site, None, "x"), at=ward.now)
    theirs = small.replace(guest, subject=ward.subject, now=ward.now)
    assert put("A 2", theirs)  # hospitals number for themselves
    assert put("", theirs)
    name = listed(ward, order="local").subjects[0].pseudonym
    assert find_number(ward.database, ward.actor, ["nobody"], "A 2", at=ward.now) == name
    assert find_number(ward.database, guest.actor, ["nobody"], "A 2", at=ward.now) is None
    assert find_number(ward.database, ward.actor, [name.lower()], "", at=ward.now) == name
    with pytest.raises(errors.NotVisible):
        set_local_number(ward.database, new_ward().actor, ward.subject, "B", at=ward.now)
    with pytest.raises(errors.NotFound):
        put("B", site=None)


def test_numbers_that_stood_twice_find_each_their_patient(crowd):
    ward, other = crowd[:2]
    set_local_number(ward.database, ward.actor, ward.subject, "KG 1", at=ward.now)
    set_local_number(ward.database, ward.actor, other.subject, "KG 2", at=ward.now)
    with ward.database.write() as connection:  # as migration 0036 leaves them
        twin = text("UPDATE local_number SET name = 'kg 1', folded = 'kg 1', twin = 1 WHERE subject_id = :id")
        connection.execute(twin, {"id": other.subject})
    found = {name: find_number(ward.database, ward.actor, [], name, at=ward.now) for name in ("KG 1", "kg 1", "Kg 1")}
    assert found["KG 1"] != found["kg 1"]
    assert found["Kg 1"] in (found["KG 1"], found["kg 1"])
    with pytest.raises(errors.Taken):
        set_local_number(ward.database, ward.actor, other.subject, "Kg 1", at=ward.now)


def test_a_page_is_planned_for_whoever_asks_and_a_save_as_before(database):
    """What is right for a hospital with ten patients reads a million lines for another, and the other way round."""
    if database.dialect == "sqlite":
        pytest.skip("SQLite plans each time")
    with database.read() as connection:
        assert connection.execute(text("SHOW plan_cache_mode")).scalar_one() == "force_custom_plan"
    with database.write() as connection:
        assert connection.execute(text("SHOW plan_cache_mode")).scalar_one() == "auto"


def test_a_keeper_has_no_own_numbers_to_sort_by(crowd):
    keeper = replace(crowd[0].actor, site=None)
    by_local, by_number = (
        [one.pseudonym for one in list_subjects(crowd[0].database, keeper, at=crowd[0].now, order=order).subjects]
        for order in ("-local", "-number")
    )
    assert by_local == by_number
    assert crowd[0].pseudonym in by_local
    assert len(set(by_local)) == len(by_local) >= len(crowd)
