"""What of the schedule is stored, on both databases: decisions with their audit, and what lists show as due and overdue."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from engine.records.evaluation import PlannedEvent
from engine.records.form_data import FormData
from storage import errors
from storage.audit_check import verify
from storage.form_data import Place
from storage.history import subject_log
from storage.instances import open_instance
from storage.listing import Narrowed, Waiting, list_subjects
from storage.schedule import Decision, Occasion, decide_event
from storage.subjects import add_occurrence, remove_occurrence
from storage.working_copy import keep_working_copy

DAY = date(2025, 3, 1)  # from which the small schedule counts


def planned(instance) -> PlannedEvent:
    """A control 21 to 60 days after the visit; done once its form is there."""
    visit = instance.forms.get("visit")
    day = visit[0].items.get("v_date") if visit else None
    window = (day + timedelta(days=21), day + timedelta(days=60)) if day else (None, None)
    reason = instance.missed.get(("control", 1), "")
    state = "done" if "follow_up" in instance.forms else "missed" if reason else "overdue"
    return PlannedEvent("control", 1, day, window, state, instance.id, reason=reason)


@pytest.fixture(scope="module")
def rules(small):
    def evaluate(registry, subject, focus, **more):
        found = small.evaluate(registry, subject, focus, **more)
        return replace(found, events_besides=tuple(map(planned, subject.children)))

    def schedule(_registry, subject, _at, _others):
        return tuple(map(planned, subject.children))

    return replace(small.RULES, evaluate=evaluate, schedule=schedule)


@pytest.fixture
def seen(ward, rules):
    """A ward whose patient was seen, so that a control is to come."""
    ward.rules = rules
    ward.save(FormData({"v_date": DAY}))
    return ward


def listed(ward, day, **extra):
    at = datetime.combine(day, datetime.min.time(), UTC) + timedelta(hours=12)
    page = list_subjects(ward.database, ward.actor, at=at, **extra)
    return [(one.overdue, one.due, one.until) for one in page.subjects]


def decide(ward, small, reason="moved abroad", event=None, shown="now"):
    event = event or Occasion(ward.episode, "control", 1)
    shown = next((row.at for row in ward.load().missed if row[:3] == event), None) if shown == "now" else shown
    decision = Decision(ward.subject, event, ward.actor, ward.now, reason, shown)
    return decide_event(ward.database, small.REGISTRY, ward.rules, decision)


def test_a_list_tells_what_is_due_and_overdue_on_its_day(seen):
    opens, closes = DAY + timedelta(days=21), DAY + timedelta(days=60)
    assert [listed(seen, day) for day in (opens - timedelta(days=1), opens, closes, closes + timedelta(days=1))] == [
        [(0, 0, None)], [(0, 1, closes)], [(0, 1, closes)], [(1, 0, closes)],
    ]  # fmt: skip


def test_what_is_to_come_follows_every_save(seen):
    seen.save(FormData({"v_date": DAY + timedelta(days=30)}))
    assert listed(seen, DAY + timedelta(days=40)) == [(0, 0, None)]
    seen.save(FormData({"fu_text": "fine"}), Place(seen.episode, "follow_up"))
    assert listed(seen, DAY + timedelta(days=400)) == [(0, 0, None)]


def test_a_list_can_be_narrowed_and_sorted_by_what_is_waited_for(seen, small):
    late = DAY + timedelta(days=61)
    assert listed(seen, late, narrowed=Narrowed(waiting=Waiting.OVERDUE)) == [(1, 0, DAY + timedelta(days=60))]
    assert listed(seen, late, narrowed=Narrowed(waiting=Waiting.DUE)) == []
    assert listed(seen, late, order="due") == listed(seen, late, order="-due")


def test_a_list_takes_one_statement(seen):
    with seen.database.counted() as sent:
        assert listed(seen, DAY + timedelta(days=30), narrowed=Narrowed(waiting=Waiting.DUE), order="due")
    assert len(sent) == 1


def test_a_save_that_moves_the_schedule_writes_it_with_one_statement_more_at_most(seen):
    with seen.database.counted() as sent:
        seen.save(FormData({"v_date": DAY}))
    same = len(sent)
    with seen.database.counted() as sent:
        seen.save(FormData({"v_date": DAY + timedelta(days=1)}))
    moved = len(sent)
    with seen.database.counted() as sent:
        seen.save(FormData({"v_date": DAY + timedelta(days=1), "v_text": "a"}))
    assert (moved - len(sent), same <= moved) == (0 if seen.database.dialect == "postgresql" else 1, True)


def test_a_decision_is_kept_told_and_taken_back(seen, small):
    late = DAY + timedelta(days=61)
    assert decide(seen, small)
    (row,) = seen.load().missed
    assert (row.event, row.number, row.reason, row.who) == ("control", 1, "moved abroad", seen.actor.name)
    assert listed(seen, late) == [(0, 0, None)]
    assert seen.load().tree.children[0].missed == {("control", 1): "moved abroad"}
    assert decide(seen, small, reason="")
    assert seen.load().missed == ()
    assert listed(seen, late) == [(1, 0, DAY + timedelta(days=60))]
    log = [
        (line.kind, line.who, line.reason) for line in subject_log(seen.database, seen.actor, seen.subject, at=seen.now)
    ]
    assert [line for line in log if line[0].startswith("missed")] == [
        ("missed_event_undone", seen.actor.name, ""),
        ("missed_event", seen.actor.name, "moved abroad"),
    ]
    assert list(verify(seen.database)) == []


def test_the_same_decision_again_changes_nothing(seen, small):
    assert [decide(seen, small), decide(seen, small)] == [True, False]
    assert [decide(seen, small, ""), decide(seen, small, "")] == [True, False]


def test_a_decision_from_an_old_page_overwrites_nothing(seen, small):
    decide(seen, small)
    for reason in ("refused", ""):
        with pytest.raises(errors.DecidedMeanwhile) as other:
            decide(seen, small, reason, shown=None)
        assert other.value.who == seen.actor.name
    (row,) = seen.load().missed
    assert (row.reason, decide(seen, small, "refused", shown=row.at)) == ("moved abroad", True)


def test_an_added_event_is_taken_back_while_nothing_is_entered_in_it(seen):
    def add():
        number = len(seen.load().occurrences) + 1
        add_occurrence(
            seen.database, seen.actor, seen.subject, seen.episode, "control", at=seen.now, number=number, day=DAY
        )
        return max(row.id for row in seen.load().occurrences), number

    def remove(number):
        remove_occurrence(seen.database, seen.actor, seen.subject, seen.episode, "control", number, at=seen.now)

    _, number = add()
    remove(number)
    assert seen.load().occurrences == ()
    log = subject_log(seen.database, seen.actor, seen.subject, at=seen.now)
    assert [line.kind for line in log][:2] == ["event_removed", "event"]
    assert list(verify(seen.database)) == []
    with pytest.raises(errors.NotFound):
        remove(number)
    begun, number = add()
    keep_working_copy(
        seen.database, seen.actor, seen.subject, Place(seen.episode, "follow_up", begun), {}, revision=0, at=seen.now
    )
    with pytest.raises(errors.NotFound):
        remove(number)
    assert len(seen.load().occurrences) == 1


def test_what_is_not_expected_cannot_be_missed(seen, small):
    for event in (Occasion(seen.episode, "control", 2), Occasion(seen.episode + 10**6, "control", 1)):
        with pytest.raises(errors.NotFound):
            decide(seen, small, event=event)
    seen.save(FormData({"fu_text": "fine"}), Place(seen.episode, "follow_up"))
    with pytest.raises(errors.NotFound):
        decide(seen, small)


def test_who_may_not_see_an_episode_decides_nothing_in_it(seen, new_ward, small):
    other = replace(seen, actor=new_ward().actor)
    with pytest.raises(errors.NotVisible):
        decide(other, small)


def test_decisions_of_another_episode_stay_apart(seen, small):
    second = open_instance(
        seen.database, small.REGISTRY, seen.actor, seen.subject, "episode", seen.patient, at=seen.now
    )
    decide(seen, small)
    decide(seen, small, "refused", Occasion(second, "control", 1))
    decide(seen, small, "")
    assert [(row.instance, row.reason) for row in seen.load().missed] == [(second, "refused")]
