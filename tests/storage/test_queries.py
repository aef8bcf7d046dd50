"""Queries as storage keeps them: who may do what when, what rules do, what the audit tells."""

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import text

from engine.model.form import CheckDef, CheckSeverity
from engine.model.item import ExpressionText
from engine.records.form_data import FormData, RowData
from storage import errors
from storage.form_data import Place
from storage.instances import open_instance
from storage.opened_forms import Deed
from storage.queries import About, Said, queries_of, raise_query, take_step
from storage.query_list import Wanted, all_queries, list_queries
from storage.query_steps import STEPS, Turn
from storage.saving import save_form
from storage.sharing import Share, share
from storage.withdrawing import Target, withdraw


def keeper(ward):
    """The registry's own person."""
    return replace(ward.actor, site=None, name="Ewa")


def said(ward, step, words="", actor=None):
    return Said(step, words, actor or keeper(ward), ward.now)


def asked(ward, item="v_text", row="", actor=None):
    """A query about what was saved, of the registry unless somebody else asks."""
    form = ward.load().forms[ward.visit].id
    about, words = About(form, row, item), said(ward, "raise", "Is that so?", actor)
    return raise_query(ward.database, ward.subject, about, words)


def only(ward, actor=None):
    (found,) = queries_of(ward.database, actor or ward.actor, ward.subject, at=ward.now)
    return found


def rights(ward):
    return {"query": keeper(ward), "answer": ward.actor}


def entries(ward):
    with ward.database.read() as connection:
        rows = connection.execute(
            text("SELECT body, reason FROM audit_entry WHERE kind = 'query' AND subject_id = :s ORDER BY number"),
            {"s": ward.subject},
        )
        return [(json.loads(body), reason) for body, reason in rows]


def test_a_question_is_answered_and_closed_with_an_entry_for_each_step(ward):
    ward.save(FormData({"v_text": "a"}))
    number = asked(ward)
    assert only(ward).turn is Turn.HOSPITAL
    take_step(ward.database, number, said(ward, "answer", " It is. ", ward.actor))
    assert only(ward).turn is Turn.ASKER
    take_step(ward.database, number, said(ward, "close"))
    found = only(ward)
    assert (found.state, found.turn) == ("closed", Turn.NOBODY)
    assert [(one.step, one.text, one.who) for one in found.messages] == [
        ("raise", "Is that so?", "Ewa"), ("answer", "It is.", ward.actor.name), ("close", "", "Ewa"),
    ]  # fmt: skip
    told = [(body["state"], "words" in body, reason) for body, reason in entries(ward)]
    assert told == [([None, "open"], True, ""), (["open", "answered"], True, ""), (["answered", "closed"], False, "")]


WAYS = {  # how a query gets into a state
    "open": (),
    "answered": ("answer",),
    "closed": ("close",),
    "cancelled": ("cancel",),
}
REFUSED = [
    ("closed", "answer"), ("closed", "ask"), ("closed", "close"), ("closed", "cancel"),
    ("cancelled", "answer"), ("cancelled", "close"), ("open", "reopen"), ("open", "exclude"), ("answered", "reopen"),
]  # fmt: skip


@pytest.mark.parametrize(("state", "step"), REFUSED, ids="-".join)
def test_a_step_that_does_not_fit_changes_nothing(ward, state, step):
    ward.save(FormData({"v_text": "a"}))
    number = asked(ward)
    for each in WAYS[state]:
        take_step(ward.database, number, said(ward, each, "x", rights(ward)[STEPS[each].permission]))
    before = only(ward)
    with pytest.raises(errors.DecidedMeanwhile):
        take_step(ward.database, number, said(ward, step, "x", rights(ward)[STEPS[step].permission]))
    assert only(ward) == before
    assert step not in [each.name for each in before.next_steps(keeper(ward))]


def test_what_the_registry_asks_the_hospital_cannot_close(ward):
    ward.save(FormData({"v_text": "a"}))
    number = asked(ward)
    for step in ("ask", "close", "cancel"):
        with pytest.raises(errors.DecidedMeanwhile):
            take_step(ward.database, number, said(ward, step, "x", ward.actor))
    form = ward.load().forms[ward.visit].id
    own = raise_query(ward.database, ward.subject, About(form), said(ward, "raise", "?", ward.actor))
    assert take_step(ward.database, own, said(ward, "close", "", ward.actor)) == "closed"
    assert take_step(ward.database, own, said(ward, "reopen", "again")) == "open"


def test_a_query_is_about_something_that_is_there(ward, new_ward):
    row = RowData("r1", {"bc_no": Decimal(1)})
    ward.save(FormData({"v_text": "a"}, {"bc": (row,)}))
    asked(ward, "bc_no", "r1")
    with pytest.raises(errors.NotFound):
        asked(ward, "bc_no", "r2")
    other = new_ward()
    other.save(FormData({"v_text": "a"}))
    theirs = About(other.load().forms[other.visit].id)
    with pytest.raises(errors.NotFound):
        raise_query(ward.database, ward.subject, theirs, said(ward, "raise", "?"))


def test_another_hospital_finds_no_query(ward, new_ward):
    ward.save(FormData({"v_text": "a"}))
    number, stranger = asked(ward), new_ward().actor
    for actor in (stranger, replace(ward.actor, registry="other")):
        assert queries_of(ward.database, actor, ward.subject, at=ward.now) == ()
        assert list_queries(ward.database, actor, Wanted(), at=ward.now).queries == ()
        with pytest.raises(errors.NotFound):
            take_step(ward.database, number, said(ward, "answer", "x", actor))
        with pytest.raises(errors.NotFound):
            asked(ward, actor=actor)


@pytest.mark.parametrize("words", ["", "  ", "x" * 2001])
def test_a_question_needs_words_and_not_too_many(ward, words):
    with pytest.raises(ValueError, match="1 to 2000"):
        said(ward, "raise", words)


@pytest.fixture
def asking(small):
    """The small registry, where two rules want queries."""

    def with_checks(form, *ids):
        checks = [CheckDef(id_, ExpressionText("true"), CheckSeverity.WARNING, {"pl": id_}, query=True) for id_ in ids]
        return replace(form, checks=tuple(checks))

    forms = dict(small.REGISTRY.model.forms)
    forms["visit"] = with_checks(forms["visit"], "range_soft")
    forms["follow_up"] = with_checks(forms["follow_up"], "too_much")
    return small.SmallRegistry(replace(small.REGISTRY.model, forms=forms))


@pytest.fixture
def save(ward, asking):
    """Call it with values of the visit for a save in that registry."""

    def run(items, place=None, **extra):
        extra = {"complete": True, **extra}
        request = ward.request(FormData(items), place, **extra)
        result = save_form(ward.database, asking, request, ward.rules)
        ward.revisions[request.place] = result.revision
        return result

    return run


def test_a_rule_asks_closes_and_asks_again(ward, save):
    save({"v_integer": Decimal(200)}, complete=False)
    assert queries_of(ward.database, ward.actor, ward.subject, at=ward.now) == ()
    save({"v_integer": Decimal(200)})
    found = only(ward)
    assert (found.rule, found.about.item, found.state, found.raised_by) == (
        "range_soft", "v_integer", "open", ward.actor.name,
    )  # fmt: skip
    save({"v_integer": Decimal(300)})
    assert only(ward).messages == found.messages
    take_step(ward.database, found.id, said(ward, "answer", "Measured twice.", ward.actor))
    save({"v_integer": Decimal(50)})
    assert only(ward).state == "closed"
    save({"v_integer": Decimal(200)}, complete=False)
    found = only(ward)
    assert (found.state, [each.step for each in found.messages]) == ("open", ["raise", "answer", "mended", "broken"])
    states = [body["state"] for body, _ in entries(ward)]
    assert states == [[None, "open"], ["open", "answered"], ["answered", "closed"], ["closed", "open"]]


def test_a_known_discrepancy_stays_excluded_while_its_values_stay(ward, save):
    save({"v_integer": Decimal(200)})
    number = only(ward).id
    take_step(ward.database, number, said(ward, "exclude", "As in the source."))
    save({"v_integer": Decimal(200), "v_text": "b"})
    assert only(ward).state == "excluded"
    save({"v_integer": Decimal(201)})
    assert only(ward).state == "open"


def test_people_do_not_settle_what_a_rule_asks(ward, save):
    save({"v_integer": Decimal(200)})
    number = only(ward).id
    assert {step.name for step in only(ward).next_steps(keeper(ward))} == {"answer", "ask", "exclude"}
    save({"v_integer": Decimal(1)})
    assert only(ward).next_steps(keeper(ward)) == ()
    with pytest.raises(errors.DecidedMeanwhile):
        take_step(ward.database, number, said(ward, "reopen", "x"))


def test_another_form_s_save_asks_about_a_completed_form(ward, save):
    follow_up = Place(ward.episode, "follow_up")
    save({"fu_text": "a"}, follow_up)
    save({"v_decimal": Decimal(60)}, complete=False)
    assert (only(ward).rule, only(ward).about.item) == ("too_much", "fu_text")
    save({"v_decimal": Decimal(6)}, complete=False)
    assert only(ward).state == "closed"


def test_a_save_without_queries_sends_no_more_statements(ward, save):
    save({"v_integer": Decimal(1)})
    with ward.database.counted() as sent:
        save({"v_integer": Decimal(2)})
    plain = len(sent)
    with ward.database.counted() as sent:
        save({"v_integer": Decimal(200)})
    assert len(sent) <= plain + 4  # ids, the query with its message and the entry of its step


def test_who_sees_one_episode_sees_the_queries_of_that_episode(ward, new_ward, small):
    other = open_instance(ward.database, small.REGISTRY, ward.actor, ward.subject, "episode", ward.patient, at=ward.now)
    guest = new_ward().actor
    share(ward.database, ward.actor, ward.subject, Share(guest.site, other, "x"), at=ward.now)
    ward.save(FormData({"v_text": "a"}))
    hidden = asked(ward)
    ward.save(FormData({"v_text": "a"}), Place(other, "visit"))
    about = About(ward.load().forms[Place(other, "visit")].id)
    shown = raise_query(ward.database, ward.subject, about, said(ward, "raise", "?"))
    assert [one.id for one in queries_of(ward.database, guest, ward.subject, at=ward.now)] == [shown]
    assert [one.id for one in list_queries(ward.database, guest, Wanted(), at=ward.now).queries] == [shown]
    with pytest.raises(errors.NotFound):
        take_step(ward.database, hidden, said(ward, "answer", "x", guest))
    assert take_step(ward.database, shown, said(ward, "answer", "x", guest)) == "answered"


def test_the_list_is_narrowed_counted_and_paged(ward):
    ward.save(FormData({"v_text": "a"}))
    numbers = [asked(ward) for _ in range(5)]
    take_step(ward.database, numbers[1], said(ward, "answer", "So it is.", ward.actor))
    take_step(ward.database, numbers[2], said(ward, "close"))

    def listed(size=50, **wanted):
        return list_queries(ward.database, ward.actor, Wanted(**wanted), at=ward.now, size=size)

    first = listed(2)
    assert ([one.id for one in first.queries], first.more) == (numbers[:2], True)
    assert first.counts == {"open": 3, "answered": 1, "closed": 1}
    second, third = listed(2, after=numbers[1]), listed(2, after=numbers[3])
    assert [one.id for one in (*second.queries, *third.queries)] == numbers[2:]
    assert (second.more, third.more) == (True, False)
    answered = listed(states=["answered"])
    assert [one.id for one in answered.queries] == [numbers[1]]
    (line,) = answered.queries
    assert (line.pseudonym, line.messages, line.first, line.last) == (ward.pseudonym, 2, "Is that so?", "So it is.")
    assert (line.place, line.hospital.startswith("Szpital")) == (ward.visit, True)
    assert listed(form="person").queries == ()
    assert listed(before=ward.now).queries == ()
    assert len(listed(before=ward.now + timedelta(days=1), site=ward.actor.site, form="visit").queries) == 5
    assert [one.id for one in all_queries(ward.database, ward.actor, Wanted(after=numbers[0]), at=ward.now)] == numbers[
        1:
    ]


def test_nobody_is_asked_about_a_row_that_was_withdrawn(ward, small):
    ward.save(FormData({"v_text": "a"}, {"bc": (RowData("r1", {"bc_no": Decimal(1)}),)}))
    asked(ward, item="bc_no", row="r1")
    deed = Deed(ward.subject, ward.actor, ward.now, "entered twice")
    withdraw(ward.database, small.REGISTRY, ward.rules, deed, Target(place=ward.visit, row="r1"))
    with pytest.raises(errors.NotFound):
        asked(ward, item="bc_no", row="r1")
