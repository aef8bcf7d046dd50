"""What leads a form from state to state, what a signature is bound to, and who decides on a locked form."""

from datetime import timedelta
from decimal import Decimal

import pytest

from engine.records.form_data import FormData
from storage import errors
from storage.audit_check import verify
from storage.desks import Desk
from storage.form_states import Seen, SignRequest, sign_form, take_steps
from storage.history import subject_log
from storage.my_day import what_waits
from storage.opened_forms import Deed
from storage.signatures import Meaning, Verdict, signatures_of
from storage.states import ENDS, MARKS, TRANSITIONS, Action, Need, State, transition
from storage.unlocking import ask_unlock, own_unlocks, refuse_unlock, requests_for, unlocks_to_decide

VALUES = FormData({"v_text": "a", "v_decimal": Decimal("2.5")})


@pytest.fixture
def form(ward, small):
    """A complete form, and short ways to act on it."""
    ward.save(VALUES, complete=True)
    return Acts(ward, small)


class Acts:
    def __init__(self, ward, small):
        self.ward, self.small = ward, small

    @property
    def stored(self):
        return self.ward.load().forms[self.ward.visit]

    @property
    def state(self):
        return self.stored.state

    def deed(self, reason=""):
        self.ward.now += timedelta(minutes=1)
        return Deed(self.ward.subject, self.ward.actor, self.ward.now, reason)

    def step(self, action, reason="", revision=None):
        if action is Action.SIGN:
            return self.sign(revision=revision)
        seen = Seen(self.ward.visit, revision or self.stored.revision)
        return take_steps(self.ward.database, self.small.REGISTRY, self.deed(reason), action, [seen])

    def sign(self, meaning=Meaning.AUTHOR, revision=None):
        seen = Seen(self.ward.visit, revision or self.stored.revision)
        request = SignRequest(seen, meaning, self.ward.rules)
        sign_form(self.ward.database, self.small.REGISTRY, self.deed(), request)

    @property
    def said(self):
        form = self.stored.id
        return signatures_of(self.ward.database, self.ward.actor, self.ward.subject, [form], at=self.ward.now)[form]

    def sql(self, statement):
        with self.ward.database.write() as connection:
            connection.exec_driver_sql(statement.format(form=self.stored.id))


WAYS = {  # state -> the actions that lead to it from a complete form
    State.COMPLETE: (),
    State.REVIEWED: (Action.REVIEW,),
    State.SIGNED: (Action.SIGN,),
    State.LOCKED: (Action.LOCK,),
}


def test_every_action_but_saving_has_a_way_back():
    forth = {row.action for row in TRANSITIONS} - {Action.SAVE, Action.COMPLETE}
    assert forth == {*MARKS, *ENDS, Action.LOCK, Action.UNLOCK}
    assert all(Need.REASON in row.needs for row in TRANSITIONS if row.action in {*ENDS, Action.UNLOCK})


@pytest.mark.parametrize("action", [*MARKS, *ENDS, Action.LOCK, Action.UNLOCK])
@pytest.mark.parametrize("state", WAYS)
def test_what_the_table_allows_is_done_and_nothing_else(form, state, action):
    for step in WAYS[state]:
        form.step(step)
    assert form.state == state
    row = transition(state, action)
    if row is None:
        if action is Action.SIGN:
            with pytest.raises(errors.WrongState):
                form.sign()
        else:
            assert form.step(action, "because") == frozenset()
        assert form.state == state
        return
    form.step(action, "because")
    assert form.state == (row.target or State.COMPLETE)
    last = subject_log(form.ward.database, form.ward.actor, form.ward.subject, at=form.ward.now)[0]
    assert (last.kind, last.form) == (action, form.stored.id)
    assert not [one for one in verify(form.ward.database) if one.number == form.stored.id and one.stream == "values"]


@pytest.mark.parametrize("action", [Action.UNREVIEW, Action.UNLOCK])
def test_taking_something_back_needs_a_reason(form, action):
    form.step({Action.UNREVIEW: Action.REVIEW, Action.UNLOCK: Action.LOCK}[action])
    before = form.state
    with pytest.raises(errors.ReasonNeeded):
        form.step(action, " ")
    assert form.state == before


def test_a_form_that_was_changed_since_it_was_seen_is_left_alone(form):
    old = form.stored.revision
    form.ward.save(FormData({"v_text": "b"}), complete=True)
    assert form.step(Action.REVIEW, revision=old) == frozenset()
    with pytest.raises(errors.WrongState):
        form.sign(revision=old)
    assert form.state == State.COMPLETE


def test_unlocking_gives_back_what_was_signed_and_reviewed(form):
    for action in (Action.REVIEW, Action.SIGN, Action.LOCK):
        form.step(action)
    form.step(Action.UNLOCK, "a typing error")
    assert form.state == State.SIGNED
    form.step(Action.UNSIGN, "signed too early")
    assert form.state == State.REVIEWED


@pytest.mark.parametrize("action", [Action.REVIEW, Action.SIGN])
def test_a_change_needs_a_reason_and_takes_the_mark_back(form, action):
    form.step(action)
    ward, marked = form.ward, form.state
    with pytest.raises(errors.ReasonNeeded):
        ward.save(FormData({"v_text": "b"}), complete=True)
    assert (form.state, ward.stored()) == (marked, VALUES)
    ward.save(FormData({"v_text": "b"}), complete=True, reason="a typing error")
    assert form.state == State.COMPLETE
    (mark,) = form.said.all
    assert (mark.stands, mark.ended_by, mark.ended_why) == (False, ward.actor.name, "a typing error")
    assert not [one for one in verify(ward.database) if one.number == form.stored.id and one.stream == "values"]


def test_a_save_that_changes_nothing_leaves_the_signature(form):
    form.sign()
    form.ward.save(VALUES)
    assert form.state == State.SIGNED
    assert form.said.standing(Action.SIGN) is not None


def test_a_locked_form_is_not_saved(form):
    form.step(Action.LOCK)
    with pytest.raises(errors.Locked):
        form.ward.save(FormData({"v_text": "b"}), reason="a typing error")
    assert form.ward.stored() == VALUES


def test_errors_at_signing_stand_in_the_way(ward, small):
    def strict(registry, subject, focus, **more):
        said = small.evaluate(registry, subject, focus, **more)
        if more.get("at") != "signing":
            return said
        from engine.model.form import CheckSeverity
        from engine.records.evaluation import Violation

        fault = Violation("missing_not_allowed", CheckSeverity.ERROR, "v_text", "", "", blocks="signing")
        return small.replace(said, violations=(fault,), at="signing")

    ward.rules = small.replace(small.RULES, evaluate=strict)
    ward.save(VALUES, complete=True)
    form = Acts(ward, small)
    with pytest.raises(errors.NotReady) as refused:
        form.sign()
    assert refused.value.codes == ("missing_not_allowed",)
    assert (form.state, form.said.all) == (State.COMPLETE, ())


@pytest.mark.parametrize("unread", [True, False])
def test_a_warning_that_nobody_was_shown_stands_in_the_way_even_where_a_tick_would_do(ward, small, unread):
    def careful(registry, subject, focus, **more):
        from engine.model.form import CheckSeverity
        from engine.records.evaluation import Violation

        said = small.evaluate(registry, subject, focus, **more)
        return small.replace(said, violations=(Violation("CAREFUL", CheckSeverity.WARNING, "v_text", "", ""),))

    ward.rules = small.replace(small.RULES, evaluate=careful)
    ward.save(VALUES, complete=True)
    form = Acts(ward, small)
    request = SignRequest(Seen(ward.visit, form.stored.revision), Meaning.AUTHOR, ward.rules, unread=unread)
    if unread:
        with pytest.raises(errors.Unanswered):
            sign_form(ward.database, small.REGISTRY, form.deed(), request)
    else:
        sign_form(ward.database, small.REGISTRY, form.deed(), request)
    assert form.state == (State.COMPLETE if unread else State.SIGNED)


def test_a_signature_keeps_what_was_calculated_and_shows_what_differs_later(form):
    form.sign(Meaning.VERIFIED)
    signed = form.said.standing(Action.SIGN)
    assert (signed.meaning, signed.version, signed.verdict(form.stored)) == ("verified", "small 1.0.0", Verdict.AGREES)
    assert {(item, cell.value) for (_, _, _, item), cell in signed.values.items()} == {("total", "5")}
    assert form.said.differences == ()
    form.sql("UPDATE calculated_data SET number_value = '7' WHERE form_id = {form} AND item = 'total'")
    (other,) = form.said.differences
    assert (other.key[3], other.then.value, other.now.value) == ("total", "5", "7")
    assert form.said.standing(Action.SIGN).verdict(form.stored) is Verdict.AGREES


@pytest.mark.parametrize(
    ("statement", "verdict"),
    [
        ("UPDATE item_data SET text_value = 'b' WHERE form_id = {form} AND item = 'v_text'", Verdict.VALUES),
        ("DELETE FROM item_data WHERE form_id = {form} AND item = 'v_text'", Verdict.VALUES),
        ("UPDATE signature SET meaning = 'responsible' WHERE form_id = {form}", Verdict.RECORD),
        ("UPDATE signature SET who = 'somebody' WHERE form_id = {form}", Verdict.RECORD),
        ("UPDATE signature SET entered = 'ff' WHERE form_id = {form}", Verdict.RECORD),
        ("UPDATE signature SET copied = replace(copied, '\"5\"', '\"6\"') WHERE form_id = {form}", Verdict.RECORD),
        ("UPDATE signature SET entry = 1 WHERE form_id = {form}", Verdict.RECORD),
    ],
)
def test_what_somebody_changes_in_the_database_is_seen(form, statement, verdict):
    form.sign()
    form.sql(statement)
    assert form.said.all[0].verdict(form.stored) is verdict


def test_identifying_values_are_bound_as_ciphertext(ward, small):
    ward.save(FormData({"last_name": "Nowak"}), ward.person, complete=True)
    seen = Seen(ward.person, 1)
    deed = Deed(ward.subject, ward.actor, ward.now)
    sign_form(ward.database, small.REGISTRY, deed, SignRequest(seen, Meaning.AUTHOR, ward.rules))
    stored = ward.load().forms[ward.person]
    said = signatures_of(ward.database, ward.actor, ward.subject, [stored.id], at=ward.now)[stored.id]
    assert said.all[0].verdict(stored) is Verdict.AGREES
    assert said.all[0].verdict(small.replace(stored, cells={})) is Verdict.AGREES
    assert said.all[0].verdict(small.replace(stored, ciphertexts={})) is Verdict.VALUES


def test_several_forms_are_reviewed_in_one_transaction(form, small):
    ward = form.ward
    ward.save(FormData({"fu_text": "a"}), ward.visit._replace(form="follow_up"), complete=True)
    seen = [Seen(place, stored.revision) for place, stored in ward.load().forms.items()]
    done = take_steps(ward.database, small.REGISTRY, form.deed(), Action.REVIEW, seen)
    assert done == {each.place for each in seen}
    assert {each.state for each in ward.load().forms.values()} == {State.REVIEWED}


def unlocks(ward):
    """The requests that wait for a decision, and one's own ones: where, and how they stand."""
    sources = {"asked": unlocks_to_decide, "own": own_unlocks}
    found = what_waits(ward.database, Desk(ward.actor, ward.now, ward.database.dialect), sources)
    return {
        key: [(each.pseudonym, each.instance, each.form, each.state) for each in waiting.tasks]
        for key, waiting in found.items()
    }


def test_another_hospital_finds_nothing_to_act_on(form, new_ward, small):
    other = new_ward()
    deed = Deed(form.ward.subject, other.actor, form.ward.now, "because")
    seen = Seen(form.ward.visit, 1)
    with pytest.raises(errors.NotVisible):
        take_steps(other.database, small.REGISTRY, deed, Action.REVIEW, [seen])
    with pytest.raises(errors.NotVisible):
        sign_form(other.database, small.REGISTRY, deed, SignRequest(seen, Meaning.AUTHOR, other.rules))
    form.step(Action.LOCK)
    with pytest.raises(errors.NotVisible):
        ask_unlock(other.database, small.REGISTRY, deed, form.ward.visit)
    ask_unlock(form.ward.database, small.REGISTRY, form.deed("a typing error"), form.ward.visit)
    assert unlocks(other) == {"asked": [], "own": []}


def test_unlocking_is_asked_for_and_decided(form, small):
    ward, registry = form.ward, small.REGISTRY
    with pytest.raises(errors.NotFound):
        ask_unlock(ward.database, registry, form.deed("a typing error"), ward.visit)
    form.step(Action.LOCK)
    with pytest.raises(errors.ReasonNeeded):
        ask_unlock(ward.database, registry, form.deed(), ward.visit)
    for _ in range(2):  # a second click
        ask_unlock(ward.database, registry, form.deed("a typing error"), ward.visit)
    waits = (ward.pseudonym, ward.visit.instance, ward.visit.form, "waits")
    assert unlocks(ward) == {"asked": [waits], "own": [waits]}
    refuse_unlock(ward.database, registry, form.deed("the year is reported"), ward.visit)
    assert (unlocks(ward), form.state) == ({"asked": [], "own": [(*waits[:3], "refused")]}, State.LOCKED)
    ask_unlock(ward.database, registry, form.deed("the report says so"), ward.visit)
    form.step(Action.UNLOCK, "go on")
    told = requests_for(ward.database, ward.actor, ward.subject, form.stored.id, at=ward.now)
    assert [(one.granted, one.answer) for one in told] == [(True, "go on"), (False, "the year is reported")]
    kinds = [line.kind for line in subject_log(ward.database, ward.actor, ward.subject, at=ward.now)][:5]
    assert kinds == ["unlock", "unlock_asked", "unlock_refused", "unlock_asked", "lock"]
