"""A form that was entered at the wrong place is withdrawn there and opened at the right one."""

from datetime import timedelta

import pytest

from engine.datatypes.values import FileValue
from engine.records.form_data import FormData, RowData
from storage import errors
from storage.attachments import Upload, file_content
from storage.audit_check import verify
from storage.carrying import Book
from storage.form_states import Seen
from storage.history import subject_log
from storage.instances import open_instance
from storage.moving import Goal, Move, MovedPart, move_form, move_part
from storage.opened_forms import Deed
from storage.sharing import Share, share
from storage.states import State
from storage.withdrawing import withdrawals_of
from storage.working_copy import keep_working_copy, working_copy_of


@pytest.fixture
def move(ward, small):
    """Move the visit to a place of a ward's patient."""
    ward.save(FormData({"v_text": "a"}, {"bc": (RowData("r1"),)}), complete=True)

    def run(other, place, revision=1, reason="the wrong patient", actor=None):
        ward.now += timedelta(minutes=1)
        deed = Deed(ward.subject, actor or ward.actor, ward.now, reason)
        goal = Move(Seen(ward.visit, revision), Goal(other.subject, place), f"move {ward.subject} {ward.now}")
        return move_form(
            ward.database, Book(small.REGISTRY, ward.rules, lambda _: (small.REGISTRY, ward.rules)), deed, goal
        )

    return run


def patient_of(ward, new_ward, small):
    """Another patient of the same hospital."""
    from storage.subjects import register_subject

    new = register_subject(ward.database, ward.actor, prefix="SML", at=ward.now)
    episode = open_instance(
        ward.database, small.REGISTRY, ward.actor, new.subject, "episode", new.patient, at=ward.now
    )  # fmt: skip
    return small.Ward(ward.database, ward.actor, new.subject, new.patient, episode, new.pseudonym, ward.now)


def test_a_form_goes_to_another_patient_and_both_chains_tell_of_it(ward, move, new_ward, small):
    other = patient_of(ward, new_ward, small)
    result = move(other, other.visit)
    other.now = ward.now
    assert (result.revision, result.state) == (1, State.COMPLETE)
    assert ward.load().forms == {}
    stored = other.stored()
    assert stored.items == {"v_text": "a"}
    assert [row.id for row in stored.groups["bc"]] == ["r1"]
    (gone,) = withdrawals_of(ward.database, ward.actor, ward.subject, at=ward.now)
    assert (gone.place, gone.reason) == (ward.visit, "the wrong patient")
    kinds = lambda one: [line.kind for line in subject_log(ward.database, ward.actor, one.subject, at=ward.now)]  # noqa: E731
    assert kinds(ward)[:2] == ["move_form", "withdraw_form"]
    assert kinds(other)[:2] == ["open_form", "move_form"]
    forms = {result.form}
    assert not [one for one in verify(ward.database) if one.stream != "values" or one.number in forms]


def test_a_form_goes_to_another_episode_of_its_patient(ward, move, small):
    episode = open_instance(
        ward.database, small.REGISTRY, ward.actor, ward.subject, "episode", ward.patient, at=ward.now
    )  # fmt: skip
    before = ward.load().forms[ward.visit]
    move(ward, ward.visit._replace(instance=episode))
    (after,) = ward.load().forms.values()
    assert after.place == ward.visit._replace(instance=episode)
    assert (after.lasting, after.id == before.id) == (before.id, False), "other registries go on referring to it"


def test_nothing_is_moved_onto_another_form_or_half(ward, move, new_ward, small):
    other = patient_of(ward, new_ward, small)
    other.save(FormData({"v_text": "b"}))
    with pytest.raises(errors.Conflict):
        move(other, other.visit)
    with pytest.raises(errors.WrongState):
        move(other, other.visit, revision=7)
    with pytest.raises(errors.ReasonNeeded):
        move(other, other.visit, reason=" ")
    stranger = new_ward()
    with pytest.raises(errors.NotVisible):
        move(stranger, stranger.visit)
    with pytest.raises(errors.NotVisible):
        move(other, other.visit, actor=stranger.actor)
    assert (set(ward.load().forms), other.stored().items) == ({ward.visit}, {"v_text": "b"})
    assert withdrawals_of(ward.database, ward.actor, ward.subject, at=ward.now) == ()


def test_files_come_along_and_are_encrypted_for_who_has_them_now(ward, move, new_ward, small):
    value = ward.upload(b"%PDF-1.7 scan")
    ward.save(FormData({"v_file": value}))
    other = patient_of(ward, new_ward, small)
    result = move(other, other.visit, revision=2)
    other.now = ward.now
    assert other.stored().items == {"v_file": value}
    read = file_content(other.database, other.actor, other.load(), other.visit, value.digest, at=other.now)
    assert read == b"%PDF-1.7 scan"
    assert not [one for one in verify(ward.database) if one.stream == "values" and one.number == result.form]


def test_what_is_typed_and_not_saved_comes_along_with_its_files(ward, move, new_ward, small):
    other = patient_of(ward, new_ward, small)
    value, content = (
        FileValue("scan.pdf", "application/pdf", 4, "0" * 64),
        {"data": {"items": {"r": ["reference", f"{ward.visit.instance}.visit[1]"]}, "groups": {}}},
    )
    keep_working_copy(
        ward.database,
        ward.actor,
        ward.subject,
        ward.visit,
        content,
        revision=1,
        at=ward.now,
        uploads=[Upload(value, b"%PDF")],
    )
    move(other, other.visit)
    at = ward.now
    assert working_copy_of(ward.database, ward.actor, ward.subject, ward.visit, at=at) is None
    copy = working_copy_of(other.database, other.actor, other.subject, other.visit, at=at)
    assert copy is not None
    assert (copy.revision, copy.content["data"]["items"]["r"][1]) == (1, f"{other.visit.instance}.visit[1]")
    other.now = at
    assert file_content(other.database, other.actor, other.load(), other.visit, value.digest, at=at) == b"%PDF"


def test_an_episode_goes_to_a_patient_of_whom_one_sees_some_alone(ward, new_ward, small):
    host = new_ward()
    ward.save(FormData({"v_text": "mine"}))
    share(host.database, host.actor, host.subject, Share(ward.actor.site, host.episode, "x"), at=host.now)
    book = Book(small.REGISTRY, ward.rules, lambda _: (small.REGISTRY, ward.rules))
    at = ward.now + timedelta(minutes=1)
    deed = Deed(ward.subject, ward.actor, at, "the wrong patient")
    there = move_part(ward.database, book, deed, MovedPart(ward.episode, host.subject, "m"))
    for actor in (ward.actor, host.actor):
        seen = small.replace(ward, actor=actor, subject=host.subject, now=at).load().forms
        assert {place: form.data.items for place, form in seen.items()} == {
            ward.visit._replace(instance=there): {"v_text": "mine"}
        }
