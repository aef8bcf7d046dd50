"""What is withdrawn leaves rules, lists, keys and counts, stays to be seen, and comes back as it was."""

from datetime import timedelta
from decimal import Decimal

import pytest

from engine.records.form_data import FormData, RowData
from storage import errors
from storage.audit_check import verify
from storage.form_states import Seen, take_steps
from storage.history import subject_log
from storage.instances import open_instance
from storage.issues import open_issues
from storage.listing import Narrowed, list_subjects
from storage.opened_forms import Deed
from storage.states import Action, State
from storage.subjects import find_pseudonym
from storage.withdrawing import Level, Target, restore, withdraw, withdrawals_of


@pytest.fixture
def out(ward, small):
    """Short ways to withdraw and restore."""
    return Out(ward, small)


class Out:
    def __init__(self, ward, small):
        self.ward, self.small = ward, small

    def deed(self, reason="the wrong patient"):
        self.ward.now += timedelta(minutes=1)
        return Deed(self.ward.subject, self.ward.actor, self.ward.now, reason)

    def take(self, reason="the wrong patient", **target):
        return withdraw(
            self.ward.database, self.small.REGISTRY, self.ward.rules, self.deed(reason), Target(**target)
        )  # fmt: skip

    def back(self, number, reason="it was right"):
        restore(self.ward.database, self.small.REGISTRY, self.ward.rules, self.deed(reason), number)

    @property
    def all(self):
        return withdrawals_of(self.ward.database, self.ward.actor, self.ward.subject, at=self.ward.now)

    def listed(self, **more):
        page = list_subjects(self.ward.database, self.ward.actor, at=self.ward.now, narrowed=Narrowed(**more))
        return [(each.subject, each.forms) for each in page.subjects]

    def sound(self):
        forms = {form.id for form in self.ward.load().forms.values()}
        return not [one for one in verify(self.ward.database) if one.stream != "values" or one.number in forms]


def follow_up(ward):
    return ward.visit._replace(form="follow_up")


def test_a_form_leaves_rules_and_counts_and_comes_back(ward, out):
    ward.save(FormData({"v_decimal": Decimal(60)}), complete=True)
    ward.save(FormData({"fu_text": "a"}), follow_up(ward), complete=True)
    issues = lambda: [one.code for one in open_issues(ward.database, ward.actor, ward.subject, at=ward.now)]  # noqa: E731
    assert (issues(), out.listed()) == (["too_much"], [(ward.subject, 2)])
    number = out.take(place=ward.visit)
    assert set(ward.load().forms) == {follow_up(ward)}
    assert (issues(), out.listed()) == ([], [(ward.subject, 1)]), "the rule of the other form was asked again"
    (told,) = out.all
    assert (told.level, told.place, told.who, told.reason) == (
        Level.FORM, ward.visit, ward.actor.name, "the wrong patient"
    )  # fmt: skip
    out.back(number)
    assert ward.stored().items == {"v_decimal": Decimal(60)}
    assert (issues(), out.listed(), out.all) == (["too_much"], [(ward.subject, 2)], ())
    kinds = [line.kind for line in subject_log(ward.database, ward.actor, ward.subject, at=ward.now)][:2]
    assert kinds == ["restore_form", "withdraw_form"]
    assert out.sound()


def test_another_form_in_its_place_keeps_it_away(ward, out):
    ward.save(FormData({"v_text": "a"}))
    number = out.take(place=ward.visit)
    ward.save(FormData({"v_text": "b"}), expected_revision=0)
    with pytest.raises(errors.Occupied):
        out.back(number)
    assert ward.stored().items == {"v_text": "b"}


def test_a_row_goes_with_all_that_stands_in_it_and_is_never_given_again(ward, out):
    inner = RowData("i1", {"iso_org": "a"})
    rows = (RowData("r1", {"bc_no": Decimal(1)}, {"iso": (inner,)}), RowData("r2", {"bc_no": Decimal(2)}))
    ward.save(FormData({}, {"bc": rows}), complete=True)
    take_steps(ward.database, out.small.REGISTRY, out.deed(), Action.REVIEW, [Seen(ward.visit, 1)])
    number = out.take(place=ward.visit, row="r1")
    stored = ward.load().forms[ward.visit]
    assert stored.data.groups["bc"] == rows[1:]
    assert (stored.state, stored.revision) == (State.COMPLETE, 2), "what somebody said of it is taken back"
    ward.revisions[ward.visit] = 2
    with pytest.raises(errors.RowClash):
        ward.save(FormData({}, {"bc": rows}))
    ward.save(FormData({}, {"bc": (RowData("r2", {"bc_no": Decimal(3)}),)}))
    out.back(number)
    assert [row.id for row in ward.stored().groups["bc"]] == ["r1", "r2"]
    assert ward.stored().groups["bc"][0].groups["iso"] == (inner,)
    assert out.sound()


def test_an_episode_goes_with_its_forms_but_not_with_those_that_were_withdrawn_before(ward, out, small):
    ward.save(FormData({"v_text": "a"}))
    ward.save(FormData({"fu_text": "a"}), follow_up(ward))
    before = out.take(place=follow_up(ward))
    number = out.take(instance=ward.episode)
    record = ward.load()
    assert ([row.container for row in record.instances], record.forms) == (["patient"], {})
    assert {told.level for told in out.all} == {Level.FORM, Level.PART}
    assert next(told.part.number for told in out.all if told.part) == 1
    with pytest.raises(errors.NotFound):
        ward.save(FormData({"v_text": "b"}))
    with pytest.raises(errors.Occupied):
        out.back(before)
    new = open_instance(ward.database, small.REGISTRY, ward.actor, ward.subject, "episode", ward.patient, at=ward.now)
    assert next(row.number for row in ward.load().instances if row.id == new) == 2, "its number is not given again"
    out.back(number)
    assert set(ward.load().forms) == {ward.visit}
    out.back(before)
    assert set(ward.load().forms) == {ward.visit, follow_up(ward)}
    assert out.sound()


def test_a_patient_leaves_the_list_and_gives_up_what_was_unique(ward, out, new_ward):
    ward.save(FormData({"pesel": "44051401359"}), ward.person)
    number = out.take()
    assert (out.listed(), out.listed(withdrawn=True)) == ([], [(ward.subject, 1)])
    with pytest.raises(errors.NotFound):
        find_pseudonym(ward.database, ward.actor, ward.pseudonym, at=ward.now)
    assert find_pseudonym(ward.database, ward.actor, ward.pseudonym, at=ward.now, withdrawn=True) == ward.subject
    with pytest.raises(errors.NotVisible):
        ward.save(FormData({"v_text": "a"}))
    other = new_ward()
    other.save(FormData({"pesel": "44051401359"}), other.person)
    with pytest.raises(errors.NotUnique):
        out.back(number)
    other.save(FormData({"pesel": "02070803628"}), other.person)
    out.back(number)
    assert out.listed() == [(ward.subject, 1)]
    assert out.sound()


@pytest.mark.parametrize("target", [{}, {"place": True}, {"instance": True}])
def test_nothing_locked_is_withdrawn_and_nothing_without_a_reason(ward, out, target):
    ward.save(FormData({"v_text": "a"}), complete=True)
    given = {"place": ward.visit} if "place" in target else {"instance": ward.episode} if "instance" in target else {}
    with pytest.raises(errors.ReasonNeeded):
        out.take(" ", **given)
    take_steps(ward.database, out.small.REGISTRY, out.deed(), Action.LOCK, [Seen(ward.visit, 1)])
    with pytest.raises(errors.Locked):
        out.take(**given)
    assert out.all == ()


def test_what_others_share_or_may_not_be_seen_is_left_alone(ward, out, new_ward, small):
    ward.save(FormData({"sex": "a"}), ward.person)
    ward.save(FormData({"v_text": "a"}))
    with pytest.raises(errors.WrongState):
        out.take(place=ward.person)
    for wrong in ({"instance": ward.patient}, {"instance": 10**6}, {"place": follow_up(ward)}):
        with pytest.raises(errors.NotFound):
            out.take(**wrong)
    with pytest.raises(errors.NotFound):
        out.take(place=ward.visit, row="r1")
    number, other = out.take(place=ward.visit), new_ward()
    stranger = Deed(ward.subject, other.actor, ward.now, "mine")
    for act in (lambda: withdraw(ward.database, small.REGISTRY, ward.rules, stranger, Target()),
                lambda: restore(ward.database, small.REGISTRY, ward.rules, stranger, number)):  # fmt: skip
        with pytest.raises(errors.NotVisible):
            act()
    with pytest.raises(errors.NotFound):
        restore(ward.database, small.REGISTRY, ward.rules, Deed(other.subject, other.actor, ward.now, "mine"), number)
