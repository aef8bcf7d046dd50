"""Two records of one person become one, and two again."""
# long: one deed and its undoing, from every side

import importlib
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from engine.datatypes.values import FileValue, Reference
from engine.records.form_data import FormData, RowData
from storage import errors
from storage.access import may_see
from storage.accounts import add_membership, create_account
from storage.attachments import Upload, file_content
from storage.audit_check import verify
from storage.carrying import Book
from storage.closing import WHOLE, close, closings, reopen
from storage.episode_links import End, link_episodes, links_of, unlink_episodes
from storage.finding import find_person
from storage.form_data import Place
from storage.form_states import Seen, SignRequest, sign_form, take_steps
from storage.history import subject_log
from storage.identity import Person, erase
from storage.instances import open_instance
from storage.listing import Narrowed, list_subjects
from storage.merge_outlook import outlook
from storage.merges import merge_of, merged_into
from storage.merging import Merge, merge, unmerge
from storage.moving import MovedPart, move_part
from storage.opened_forms import Deed
from storage.queries import About, Said, queries_of, raise_query
from storage.saving import save_form
from storage.sharing import Share, share
from storage.signatures import Meaning
from storage.states import Action, State
from storage.subjects import NewOccurrence, add_occurrences, register_subject
from storage.tables import access
from storage.takeovers import ask_takeover, takeovers_to_decide
from storage.withdrawing import Target, restore, withdraw
from storage.working_copy import drop_working_copy, keep_working_copy, working_copies, working_copy_of

REASON = "the same person"


@pytest.fixture
def another(small):
    """Call it for one more patient of the hospital of a ward."""

    def build(ward):
        new = register_subject(ward.database, ward.actor, prefix="SML", at=ward.now)
        episode = open_instance(
            ward.database, small.REGISTRY, ward.actor, new.subject, "episode", new.patient, at=ward.now
        )  # fmt: skip
        return small.Ward(ward.database, ward.actor, new.subject, new.patient, episode, new.pseudonym, ward.now)

    return build


@pytest.fixture
def book(small):
    return Book(small.REGISTRY, small.RULES, lambda _: (small.REGISTRY, small.RULES))


def deed(ward, actor=None, reason=REASON):
    ward.now += timedelta(minutes=1)
    return Deed(ward.subject, actor or ward.actor, ward.now, reason)


def keeper(ward):
    return replace(ward.actor, site=None)


def joined(book, other, kept, taken=(), actor=None):
    """Merge a record into another one; the number of the withdrawal."""
    other.now = kept.now = max(other.now, kept.now)
    wanted = Merge(kept.subject, frozenset(taken), "k")
    number = merge(kept.database, book, deed(other, actor or keeper(other)), wanted)
    kept.now = other.now
    return number


def parted(book, other, kept, number, actor=None):
    other.now = kept.now = max(other.now, kept.now)
    unmerge(kept.database, book, deed(other, actor or keeper(other)), number)
    kept.now = other.now


def episodes(ward):
    record = ward.load()
    return [row.id for row in record.instances if row.container == "episode"]


def texts(ward):
    """What the visits of a patient say, by number of the episode."""
    record = ward.load()
    numbers = {row.id: row.number for row in record.instances}
    visits = {numbers[place.instance]: form for place, form in record.forms.items() if place.form == "visit"}
    return {number: form.data.items.get("v_text") for number, form in sorted(visits.items())}


@pytest.fixture
def pair(ward, another):
    """Two records of one hospital with a visit each."""
    other = another(ward)
    ward.save(FormData({"last_name": "Lis", "sex": "a"}), ward.person)
    other.save(FormData({"last_name": "Lis", "pesel": f"p{other.subject}", "sex": "b"}), other.person)
    ward.save(FormData({"v_text": "kept"}))
    other.save(FormData({"v_text": "other"}, {"bc": (RowData("r1", {"bc_no": Decimal(7)}),)}), complete=True)
    return ward, other


def test_one_record_becomes_another_name_for_the_other(pair, book):
    ward, other = pair
    number = joined(book, other, ward)
    assert texts(ward) == {1: "kept", 2: "other"}
    carried = ward.load().forms[Place(episodes(ward)[1], "visit")]
    assert [row.id for row in carried.data.groups["bc"]] == ["r1"]
    assert carried.state == State.COMPLETE
    (told,) = merged_into(ward.database, ward.actor, ward.subject, at=ward.now)
    assert (told.withdrawal, told.subject, told.pseudonym, told.reason) == (
        number,
        other.subject,
        other.pseudonym,
        REASON,
    )
    assert (found := merge_of(ward.database, ward.actor, other.subject, at=ward.now)) is not None
    assert found.kept == ward.subject
    for one in (ward, other):
        log = subject_log(one.database, keeper(one), one.subject, at=one.now)
        assert [line.reason for line in log if line.kind == "merge"] == [REASON]
    assert not [one for one in verify(ward.database) if one.stream == "values" and one.number in forms_of(ward, other)]
    with pytest.raises(errors.NotVisible):
        other.save(FormData({"v_text": "late"}))


def test_other_registries_name_a_form_that_was_merged_as_before(pair, book, another):
    ward, other = pair
    third, name = another(ward), other.load().forms[other.visit].id
    numbers = [joined(book, other, ward), joined(book, ward, third)]
    assert name in {form.lasting for form in third.load().forms.values()}
    visit = next(place for place, form in third.load().forms.items() if form.lasting == name)
    third.save(FormData({"v_text": "later"}), visit, expected_revision=1)
    parted(book, ward, third, numbers[1])
    parted(book, other, ward, numbers[0])
    assert other.load().forms[other.visit].lasting == name


def test_merges_of_before_give_their_forms_these_names(pair, book):
    ward, other = pair
    joined(book, other, ward)
    names = {place: form.lasting for place, form in ward.load().forms.items()}
    with ward.database.write() as connection:
        connection.exec_driver_sql("UPDATE form_instance SET origin_id = NULL")
        importlib.import_module("storage.migrations.versions.0022_names_of_carried_forms").name_forms(connection)
    assert {place: form.lasting for place, form in ward.load().forms.items()} == names


def forms_of(*wards):
    return {form.id for ward in wards for form in ward.load().forms.values()}


def snapshot(ward):
    """All of a record that people see."""
    record = ward.load()
    forms = {place: (form.data, form.state, form.revision) for place, form in record.forms.items()}
    return record.instances, record.occurrences, forms


def test_everything_is_as_it_was_after_it_is_taken_back(pair, book):
    ward, other = pair
    before = snapshot(other), texts(ward), ward.stored(ward.person)
    number = joined(book, other, ward, {"pesel", "sex"})
    assert ward.stored(ward.person).items == {"last_name": "Lis", "sex": "b", "pesel": f"p{other.subject}"}
    parted(book, other, ward, number)
    assert (snapshot(other), texts(ward), ward.stored(ward.person)) == before
    assert merged_into(ward.database, ward.actor, ward.subject, at=ward.now) == ()
    with pytest.raises(errors.NotFound):
        parted(book, other, ward, number)
    again = joined(book, other, ward)
    parted(book, other, ward, again)
    assert texts(other) == {1: "other"}
    assert not [one for one in verify(ward.database) if one.stream == "values" and one.number in forms_of(ward, other)]


def test_what_was_entered_since_goes_back_with_its_episode(pair, book, small):
    ward, other = pair
    number = joined(book, other, ward)
    (_, carried) = episodes(ward)
    visit = Place(carried, "visit")
    ward.save(FormData({"v_text": "corrected"}, {"bc": (RowData("r1"), RowData("r2"))}), visit, expected_revision=1)
    ward.save(FormData({"fu_text": "new"}), Place(carried, "follow_up"))
    parted(book, other, ward, number)
    assert texts(other) == {1: "corrected"}
    assert [row.id for row in other.stored().groups["bc"]] == ["r1", "r2"]
    assert other.load().forms[other.visit].revision == 2
    assert other.stored(Place(other.episode, "follow_up")).items == {"fu_text": "new"}
    assert texts(ward) == {1: "kept"}


def test_what_was_withdrawn_since_stays_so(pair, book, small):
    ward, other = pair
    number = joined(book, other, ward)
    withdraw(ward.database, small.REGISTRY, ward.rules, deed(ward), Target(place=Place(episodes(ward)[1], "visit")))
    with pytest.raises(errors.NotFound):  # a merge is no withdrawal that is restored by itself
        restore(other.database, small.REGISTRY, other.rules, deed(other), number)
    parted(book, other, ward, number)
    assert texts(other) == {}


def test_signatures_stay_behind_and_are_there_again(pair, book, small):
    ward, other = pair
    request = SignRequest(Seen(other.visit, 1), Meaning.AUTHOR, other.rules)
    sign_form(other.database, small.REGISTRY, deed(other, reason=""), request)
    number = joined(book, other, ward)
    assert ward.load().forms[Place(episodes(ward)[1], "visit")].state == State.COMPLETE
    parted(book, other, ward, number)
    assert other.load().forms[other.visit].state == State.SIGNED


def test_references_files_and_queries_come_along(pair, book):
    ward, other = pair
    value = other.upload(b"%PDF-1.7 scan")
    there = Reference(f"{other.episode}.follow_up[1]")
    other.save(FormData({"fu_text": "x"}), Place(other.episode, "follow_up"))
    other.save(FormData({"v_text": "other", "v_file": value, "v_record_ref": there, "v_row_ref": Reference("r9")}))
    form = other.load().forms[other.visit].id
    raise_query(other.database, other.subject, About(form, "", "v_text"), Said("raise", "Why?", other.actor, other.now))
    joined(book, other, ward)
    carried = Place(episodes(ward)[1], "visit")
    items = ward.stored(carried).items
    assert (items["v_record_ref"], items["v_row_ref"]) == (
        Reference(f"{carried.instance}.follow_up[1]"),
        Reference("r9"),
    )
    read = lambda one, place: file_content(one.database, one.actor, one.load(), place, value.digest, at=one.now)  # noqa: E731
    assert read(ward, carried) == b"%PDF-1.7 scan"
    asked = queries_of(ward.database, ward.actor, ward.subject, at=ward.now)
    assert [(each.about.form, each.messages[0].text) for each in asked] == [(ward.load().forms[carried].id, "Why?")]


def test_the_kept_record_is_found_under_what_was_known_of_either(pair, book):
    ward, other = pair
    ward.save(
        FormData({"last_name": "Lis-Nowak", "birth_date": ward.now.date(), "pesel": f"q{ward.subject}1"}), ward.person
    )
    other.save(
        FormData({"last_name": "Lisowska", "birth_date": ward.now.date(), "pesel": f"p{other.subject}0"}), other.person
    )
    ward.now = other.now = max(ward.now, other.now)
    sought = Person("Lisowska", ward.now.date().isoformat(), f"p{other.subject}0")
    hashes = [value for kind, value in sought.hashes(ward.database.master).items() if kind == "surname" and value]

    def listed():
        found = list_subjects(ward.database, ward.actor, at=ward.now, narrowed=Narrowed(hashes=hashes)).subjects
        return [each.subject for each in found if each.subject in (ward.subject, other.subject)]

    assert listed() == [other.subject]
    number = joined(book, other, ward)
    assert listed() == [ward.subject]
    found = find_person(ward.database, ward.actor, sought, at=ward.now)
    assert found is not None
    assert (found.subject, found.pseudonym) == (ward.subject, ward.pseudonym)
    parted(book, other, ward, number)
    assert listed() == [other.subject]


def test_hospitals_keep_what_they_saw_and_see_no_more(ward, new_ward, another, book, small):
    theirs = new_ward()
    third = new_ward()
    ward.save(FormData({"v_text": "kept"}))
    theirs.save(FormData({"v_text": "theirs"}))
    share(ward.database, ward.actor, ward.subject, Share(third.actor.site, ward.episode, "x"), at=ward.now)
    number = joined(book, theirs, ward)
    look = lambda one, subject: texts(small.replace(ward, actor=one.actor, subject=subject))  # noqa: E731
    assert look(ward, ward.subject) == {1: "kept"}
    assert look(theirs, ward.subject) == {2: "theirs"}
    assert look(third, ward.subject) == {1: "kept"}
    assert texts(small.replace(ward, actor=keeper(ward))) == {1: "kept", 2: "theirs"}
    new = open_instance(  # both go on
        ward.database, small.REGISTRY, theirs.actor, ward.subject, "episode", ward.patient, at=ward.now
    )  # fmt: skip
    guest = small.replace(ward, actor=theirs.actor)
    guest.save(FormData({"v_text": "more"}), Place(new, "visit"))
    assert look(theirs, ward.subject) == {2: "theirs", 3: "more"}
    assert look(ward, ward.subject) == {1: "kept"}
    ward.now = guest.now
    parted(book, theirs, ward, number)
    assert look(ward, ward.subject) == {1: "kept", 3: "more"}
    assert look(theirs, theirs.subject) == {1: "theirs"}
    assert look(theirs, ward.subject) == {3: "more"}  # which it opened itself
    with ward.database.read() as connection:
        rows = connection.execute(select(access).where(access.c.subject_id == ward.subject, access.c.ends_at.is_(None)))
        whole = [row.site_id for row in rows if row.instance_id is None]
    assert whole == [ward.actor.site]


def test_what_somebody_asked_for_is_asked_for_the_kept_record(pair, book, new_ward):
    ward, other = pair
    asker = new_ward()
    asked = {"prefix": "SML", "reason": "a visit", "at": other.now}
    assert ask_takeover(asker.database, asker.actor, other.subject, **asked)
    number = joined(book, other, ward)
    waiting = lambda: [each.pseudonym for each in takeovers_to_decide(ward.database, ward.actor, at=ward.now)]  # noqa: E731
    assert waiting() == [ward.pseudonym]
    parted(book, other, ward, number)
    assert waiting() == [other.pseudonym]


def test_a_hospital_without_an_episode_sees_the_person_alone(ward, new_ward, book, small):
    other = new_ward()  # whose episode is empty, and stays where it is
    ward.save(FormData({"v_text": "kept"}))
    ward.save(FormData({"sex": "a"}), ward.person)
    other.save(FormData({"sex": "b"}), other.person)
    joined(book, other, ward)
    guest = small.replace(ward, actor=other.actor)
    assert set(guest.load().forms) == {ward.person}
    assert episodes(ward) == [ward.episode]
    assert may_see(ward.database, ward.actor, ward.subject, ward.now)
    assert texts(ward) == {1: "kept"}


def copy_of(ward, place, actor=None):
    return working_copy_of(ward.database, actor or ward.actor, ward.subject, place, at=ward.now)


def typed(ward, place, text, actor=None, revision=0, **more):
    content = {"data": {"items": {"last_name": text}, "groups": {}}}
    keep_working_copy(
        ward.database, actor or ward.actor, ward.subject, place, content, revision=revision, at=ward.now, **more
    )
    ward.now += timedelta(minutes=1)


def test_what_was_typed_about_the_patient_comes_and_goes_back(pair, book):
    ward, other = pair
    value = FileValue("scan.pdf", "application/pdf", 4, "1" * 64)
    typed(other, other.person, "Lisek", revision=1, uploads=[Upload(value, b"%PDF")])
    number = joined(book, other, ward)
    come = copy_of(ward, ward.person)
    assert come is not None
    assert (come.content["data"]["items"], come.revision) == ({"last_name": "Lisek"}, 0)
    assert file_content(ward.database, ward.actor, ward.load(), ward.person, value.digest, at=ward.now) == b"%PDF"
    parted(book, other, ward, number)
    assert copy_of(ward, ward.person) is None
    back = copy_of(other, other.person)
    assert back is not None
    assert (back.content, back.revision) == (come.content, 1)
    assert file_content(other.database, other.actor, other.load(), other.person, value.digest, at=other.now) == b"%PDF"


def test_what_was_typed_at_the_kept_record_stays_there(pair, book):
    ward, other = pair
    typed(other, other.person, "theirs", revision=1)
    typed(ward, ward.person, "mine", revision=1)
    number = joined(book, other, ward)
    assert copy_of(ward, ward.person).content["data"]["items"] == {"last_name": "mine"}
    parted(book, other, ward, number)
    assert copy_of(other, other.person).content["data"]["items"] == {"last_name": "theirs"}
    number = joined(book, other, ward)
    assert copy_of(ward, ward.person).content["data"]["items"] == {"last_name": "mine"}
    drop_working_copy(ward.database, ward.actor, ward.person)
    typed(ward, ward.person, "later", revision=1)
    parted(book, other, ward, number)
    assert copy_of(ward, ward.person).content["data"]["items"] == {"last_name": "later"}


def test_what_may_be_of_another_registry_stays_and_is_told(pair, book):
    ward, other = pair
    writer = create_account(ward.database, "ela", "Ela", "correct horse battery", who="office", at=ward.now)
    for registry in ("small", "large"):
        add_membership(ward.database, writer, registry, "entry", site_id=ward.actor.site, who="office", at=ward.now)
    ela = replace(other.actor, account=writer, name="Ela")
    typed(other, other.person, "Lisek", actor=ela, revision=1)
    typed(other, other.person, "Lisica", revision=1)
    told = outlook(ward.database, book, keeper(ward), other.subject, ward.subject, at=other.now)
    assert told.unsaved == 1
    other.now += timedelta(minutes=20)  # until nobody types
    number = joined(book, other, ward)
    assert (copy_of(ward, ward.person, ela), copy_of(ward, ward.person) is None) == (None, False)
    parted(book, other, ward, number)
    assert copy_of(other, other.person, ela).revision == copy_of(other, other.person).revision == 1


def test_what_was_typed_in_an_event_or_a_new_record_finds_its_place(pair, book, small):
    ward, other = pair
    note = replace(small.REGISTRY.model.forms["follow_up"], id="note", container="patient", repeats=True)
    model = replace(small.REGISTRY.model, forms={**small.REGISTRY.model.forms, "note": note})
    registry = small.SmallRegistry(model)
    save_form(
        ward.database, registry, ward.request(FormData({"fu_text": "a"}), Place(ward.patient, "note")), ward.rules
    )
    (occurrence,) = add_occurrences(
        other.database, other.actor, other.subject, [NewOccurrence(other.patient, "call", 1)], at=other.now
    )  # fmt: skip
    places = [Place(other.patient, "person", occurrence), Place(other.patient, "note")]
    for place in places:
        typed(other, place, "Lisek")
    number = joined(replace(book, registry=registry), other, ward)
    (there,) = [row for row in ward.load().occurrences if row.event == "call"]
    come = [Place(ward.patient, "person", there.id), Place(ward.patient, "note", None, 1)]
    assert set(working_copies(ward.database, ward.actor, ward.subject, at=ward.now)) == set(come)
    parted(replace(book, registry=registry), other, ward, number)
    assert set(working_copies(other.database, other.actor, other.subject, at=other.now)) == set(places)


def test_an_empty_episode_that_is_linked_comes_along(pair, book, small):
    ward, other = pair
    empty = open_instance(
        other.database, small.REGISTRY, other.actor, other.subject, "episode", other.patient, at=other.now
    )  # fmt: skip
    ends = [End(other.database, other.actor, other.subject, one) for one in (empty, other.episode)]
    link_episodes("related", *ends, reason="x", at=other.now)
    told = outlook(ward.database, book, keeper(ward), other.subject, ward.subject, at=other.now)
    assert told.parts == 2
    number = joined(book, other, ward)
    seen = links_of(ward.database, ward.actor, ward.subject)
    assert [each.instance for each in seen] == [episodes(ward)[2], episodes(ward)[1]]
    parted(book, other, ward, number)
    assert episodes(other) == [other.episode, empty]
    assert {each.instance for each in links_of(other.database, other.actor, other.subject)} == {other.episode, empty}
    unlink_episodes(seen[0].number, *ends, reason="x", at=other.now)
    joined(book, other, ward)
    assert len(episodes(ward)) == 2


def test_what_cannot_be_merged_is_refused_and_nothing_happens(pair, book, small, new_ward):
    ward, other = pair
    stranger = new_ward()
    before = snapshot(ward), snapshot(other)
    refused = [
        (errors.ReasonNeeded, lambda: merge(ward.database, book, deed(other, reason=" "), Merge(ward.subject))),
        (errors.NotFound, lambda: merge(ward.database, book, deed(other), Merge(other.subject))),
        (errors.NotVisible, lambda: merge(ward.database, book, deed(other, stranger.actor), Merge(stranger.subject))),
        (errors.NotVisible, lambda: merge(ward.database, book, deed(other), Merge(stranger.subject))),
        (errors.NotVisible, lambda: merge(ward.database, book, deed(other), Merge(10**9))),
    ]
    for fault, act in refused:
        with pytest.raises(fault):
            act()
    close(ward.database, ward.actor, WHOLE, at=ward.now, reason="x")
    with pytest.raises(errors.Closed):
        joined(book, other, ward)
    reopen(ward.database, ward.actor, closings(ward.database, "small")[0].id, at=ward.now, reason="x")
    for _ in range(2):
        open_instance(ward.database, small.REGISTRY, ward.actor, ward.subject, "episode", ward.patient, at=ward.now)
    with pytest.raises(errors.TooMany):
        joined(book, other, ward)
    for episode in episodes(ward)[1:]:
        withdraw(ward.database, small.REGISTRY, ward.rules, deed(ward), Target(instance=episode))
    assert (snapshot(ward)[2], snapshot(other)) == (before[0][2], before[1])
    take_steps(other.database, small.REGISTRY, deed(other), Action.LOCK, [Seen(other.visit, 1)])
    with pytest.raises(errors.Locked):
        joined(book, other, ward)
    assert texts(ward) == {1: "kept"}


def test_whoever_comes_second_is_told_who_was_first(pair, book, another):
    ward, other = pair
    third = another(ward)
    joined(book, other, ward)
    for act in (lambda: joined(book, other, ward), lambda: joined(book, third, other)):
        with pytest.raises(errors.DecidedMeanwhile):
            act()


def test_a_chain_of_merges_leads_to_the_last_and_is_taken_back_from_its_end(pair, book, another, small):
    ward, other = pair
    third = another(ward)
    first = joined(book, other, ward)
    second = joined(book, ward, third)
    found = merge_of(ward.database, ward.actor, other.subject, at=third.now)
    assert found is not None
    assert (found.kept, found.pseudonym) == (third.subject, other.pseudonym)
    assert texts(third) == {2: "kept", 3: "other"}
    other.now = third.now
    with pytest.raises(errors.DecidedMeanwhile):
        parted(book, other, ward, first)
    parted(book, ward, third, second)
    parted(book, other, ward, first)
    assert (texts(ward), texts(other)) == ({1: "kept"}, {1: "other"})


def test_a_key_that_somebody_took_meanwhile_is_not_taken_back(pair, book, another):
    ward, other = pair
    number = joined(book, other, ward)
    third = another(ward)
    third.save(FormData({"pesel": f"p{other.subject}"}), third.person)
    other.now = third.now
    with pytest.raises(errors.NotUnique):
        parted(book, other, ward, number)
    assert texts(ward) == {1: "kept", 2: "other"}


def test_erasure_reaches_the_records_that_were_merged(pair, book):
    ward, other = pair
    joined(book, other, ward)
    erase(ward.database, ward.actor, ward.subject, ward.now, reason="asked for")
    assert ward.load().erased
    assert other.load().erased


def test_an_episode_goes_to_another_patient_and_back(pair, book, new_ward, small):
    ward, other = pair
    guest = new_ward()
    share(other.database, other.actor, other.subject, Share(guest.actor.site, other.episode, "x"), at=other.now)
    ward.now = other.now
    there = move_part(ward.database, book, deed(other), MovedPart(other.episode, ward.subject, "m1"))
    ward.now = other.now
    assert (texts(ward), texts(other)) == ({1: "kept", 2: "other"}, {})
    assert set(small.replace(ward, actor=guest.actor).load().forms) == {Place(there, "visit"), ward.person}
    for one in (ward, other):
        kinds = [line.kind for line in subject_log(one.database, one.actor, one.subject, at=one.now)]
        assert "move_part" in kinds
    move_part(ward.database, book, deed(ward), MovedPart(there, other.subject, "m2"))
    other.now = ward.now
    assert (texts(ward), texts(other)) == ({1: "kept"}, {2: "other"})


def test_what_is_no_episode_goes_nowhere(pair, book, new_ward):
    ward, other = pair
    stranger = new_ward()
    for part, subject, fault in (
        (other.patient, ward.subject, errors.NotFound), (ward.episode, ward.subject, errors.NotFound),
        (other.episode, other.subject, errors.NotFound), (other.episode, stranger.subject, errors.NotVisible),
    ):  # fmt: skip
        with pytest.raises(fault):
            move_part(ward.database, book, deed(other), MovedPart(part, subject, "m"))
    with pytest.raises(errors.ReasonNeeded):
        move_part(ward.database, book, deed(other, reason=""), MovedPart(other.episode, ward.subject, "m"))
    assert texts(other) == {1: "other"}
