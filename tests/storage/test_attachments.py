"""Files: with the working copy first, part of the record from a save on, never changed, gone with the subject's key."""

import hashlib
import json
from datetime import timedelta

import pytest

from engine.datatypes.values import FileValue, Missing
from engine.records.evaluation import ItemState
from engine.records.form_data import FormData
from storage import errors
from storage.attachments import MOST_UNSAVED, Upload, file_content, known_files
from storage.audit_check import verify
from storage.history import form_history, form_then
from storage.identity import erase
from storage.saving import save_form
from storage.status import item_states
from storage.tables import METADATA
from storage.working_copy import drop_working_copy, keep_working_copy, purge_working_copies

CONTENT = b"%PDF-1.7 " + bytes(range(256)) * 40


def rows(database, table):
    with database.read() as connection:
        return connection.execute(METADATA.tables[table].select()).all()


def content(ward, value, at=None):
    record = ward.load()
    return file_content(ward.database, ward.actor, record, ward.visit, value.digest, at=at or ward.now)


def test_a_file_is_kept_with_the_working_copy_and_becomes_part_of_the_record_at_the_save(ward):
    value = ward.upload(CONTENT)
    assert content(ward, value) == CONTENT
    assert ward.visit not in ward.load().forms
    ward.save(FormData({"v_file": value}))
    drop_working_copy(ward.database, ward.actor, ward.visit)
    assert ward.stored().items == {"v_file": value}
    assert content(ward, value) == CONTENT
    assert not [row for row in rows(ward.database, "upload") if row.subject_id == ward.subject]


def test_files_expire_with_the_working_copy(ward):
    value = ward.upload(CONTENT)
    late = ward.now + timedelta(days=15)
    with pytest.raises(errors.NotFound):
        content(ward, value, late)
    assert known_files(ward.database, ward.actor, ward.load(), ward.visit, at=late) == frozenset()
    purge_working_copies(ward.database, at=late)
    assert not [row for row in rows(ward.database, "upload") if row.subject_id == ward.subject]
    with pytest.raises(errors.UnknownFile):
        ward.save(FormData({"v_file": value}))


def test_what_has_expired_makes_room_for_new_files(new_ward):
    old, new = new_ward(), new_ward()
    old.upload(CONTENT)
    new.now += timedelta(days=15)
    new.upload(CONTENT)
    assert {row.subject_id for row in rows(new.database, "upload")} & {old.subject, new.subject} == {new.subject}


def test_a_file_in_use_outlives_what_is_typed_after_it(ward):
    value = ward.upload(CONTENT)
    keep_working_copy(ward.database, ward.actor, ward.subject, ward.visit, {"v_text": "a"}, revision=0, at=ward.now)
    assert content(ward, value) == CONTENT


@pytest.mark.parametrize("change", [{"size": 3}, {"media_type": "image/png"}, {"digest": "ab" * 32}])
def test_a_value_must_say_what_the_file_is(ward, small, change):
    value = small.replace(ward.upload(CONTENT), **change)
    with pytest.raises(errors.UnknownFile):
        ward.save(FormData({"v_file": value}))
    assert ward.visit not in ward.load().forms


def test_files_of_others_are_unknown(new_ward, small):
    ward, other = new_ward(), new_ward()
    value = ward.upload(CONTENT)
    with pytest.raises(errors.UnknownFile):
        other.save(FormData({"v_file": value}))
    colleague = small.replace(ward, actor=small.replace(ward.actor, account=other.actor.account + 1))
    with pytest.raises(errors.UnknownFile):
        colleague.save(FormData({"v_file": value}))
    ward.save(FormData({"v_file": value}))
    with pytest.raises(errors.NotFound):
        file_content(ward.database, other.actor, other.load(), other.visit, value.digest, at=ward.now)
    with pytest.raises(errors.NotVisible):
        file_content(ward.database, other.actor, ward.load(), ward.visit, value.digest, at=ward.now)


def test_files_of_another_form_are_unknown(ward, small):
    value = ward.upload(CONTENT)
    ward.save(FormData({"v_file": value}))
    other = ward.visit._replace(form="follow_up")
    assert known_files(ward.database, ward.actor, ward.load(), other, at=ward.now) == frozenset()
    with pytest.raises(errors.NotFound):
        file_content(ward.database, ward.actor, ward.load(), other, value.digest, at=ward.now)


def test_a_file_is_replaced_removed_and_put_back(ward):
    first, second = ward.upload(CONTENT, "first.pdf"), ward.upload(CONTENT * 2, "second.pdf")
    for value in (first, second, Missing("nk"), None, first):
        ward.save(FormData({} if value is None else {"v_file": value}))
        assert ward.stored().items.get("v_file") == value
    drop_working_copy(ward.database, ward.actor, ward.visit)
    ward.save(FormData({"v_file": second}))
    assert content(ward, second) == CONTENT * 2
    assert content(ward, first) == CONTENT, "the audit still leads to it"


def test_the_same_content_under_two_names_is_kept_once(ward):
    value = ward.upload(CONTENT, "a.pdf")
    again = ward.upload(CONTENT, "b.pdf")
    ward.save(FormData({"v_file": value}))
    ward.save(FormData({"v_file": again}))
    assert ward.stored().items["v_file"].name == "b.pdf"
    form = ward.load().forms[ward.visit].id
    assert len([row for row in rows(ward.database, "attachment") if row.form_id == form]) == 1


def test_the_audit_has_the_digest_and_not_the_content(ward, small):
    first, second = ward.upload(CONTENT, "first.pdf"), ward.upload(CONTENT * 2, "second.pdf")
    for value in (first, second):
        ward.save(FormData({"v_file": value}))
    early = ward.now - timedelta(seconds=1)
    ward.save(FormData())
    with ward.database.read() as connection:
        query = f"SELECT body FROM audit_entry WHERE subject_id = {ward.subject} AND kind <> 'register' ORDER BY number"
        bodies = [json.loads(body) for (body,) in connection.exec_driver_sql(query)]
    noted = [body["files"] for body in bodies if "files" in body]
    assert noted == [
        [["", "v_file", None, first.digest]], [["", "v_file", first.digest, second.digest]], [["", "v_file", second.digest, None]],
    ]  # fmt: skip
    assert "first.pdf" not in json.dumps(bodies)
    record = ward.load()
    form = record.forms[ward.visit]
    entries = form_history(ward.database, small.REGISTRY, ward.actor, record, form, at=ward.now)
    told = [change for entry in reversed(entries) for change in entry.values]
    assert [tuple(cell and cell.value for cell in (change.old, change.new)) for change in told] == [
        (None, first.digest), (first.digest, second.digest), (second.digest, None),
    ]  # fmt: skip
    before = form_then(ward.database, small.REGISTRY, ward.actor, record, form, early, at=ward.now)
    assert before is not None
    assert before.data.items == {"v_file": first}
    assert not [one for one in verify(ward.database) if one.stream == "values" and one.number == form.id]


def test_two_people_who_attach_different_files_see_both(ward):
    first, second, third = (ward.upload(CONTENT * n, f"{n}.pdf") for n in (1, 2, 3))
    ward.save(FormData({"v_file": first}))
    ward.save(FormData({"v_file": second}))
    with pytest.raises(errors.Conflict) as caught:
        ward.save(FormData({"v_file": third}), expected_revision=1)
    (value,) = caught.value.values
    assert (value.opened, value.stored, value.submitted) == (first, second, third)


def test_attachments_cannot_be_changed_or_taken_away(ward):
    ward.save(FormData({"v_file": ward.upload(CONTENT)}))
    for statement in ("UPDATE attachment SET media_type = 'text/html'", "DELETE FROM attachment"):
        with pytest.raises(Exception, match="never changed"), ward.database.write() as connection:
            connection.exec_driver_sql(statement)


def test_erasure_takes_the_files(ward, small):
    value = ward.upload(CONTENT)
    ward.save(FormData({"v_file": value, "v_text": "kept"}))
    unsaved = ward.upload(CONTENT * 2)
    before = verify(ward.database)
    erase(ward.database, ward.actor, ward.subject, ward.now, reason="asked for")
    for gone in (value, unsaved):
        with pytest.raises(errors.Erased):
            content(ward, gone)
    kept = [*rows(ward.database, "attachment"), *rows(ward.database, "upload")]
    assert not [row for row in kept if row.subject_id == ward.subject]
    record = ward.load().forms[ward.visit]
    assert record.data.items == {"v_text": "kept"}
    states = item_states(ward.database.indexes.of(small.REGISTRY, "visit"), record, erased=True)
    assert (states["v_file"], states["v_text"]) == (ItemState.WITHDRAWN, ItemState.ANSWERED)
    assert verify(ward.database) == before


def test_a_working_copy_holds_so_many_bytes_of_files(ward):
    def keep(number, size):
        value = FileValue("a.pdf", "application/pdf", size, hashlib.sha256(str(number).encode()).hexdigest())
        keep_working_copy(
            ward.database, ward.actor, ward.subject, ward.visit, {}, revision=0, at=ward.now,
            uploads=[Upload(value, b"stands for many bytes")],
        )  # fmt: skip

    keep(1, MOST_UNSAVED - 10)
    keep(1, MOST_UNSAVED - 10)  # the same again takes no more room
    with pytest.raises(errors.TooManyFiles):
        keep(2, 11)
    keep(3, 10)


def test_a_save_with_a_file_sends_two_statements_more_and_no_content(ward, small):
    value = ward.upload(CONTENT)
    with ward.database.counted() as sent:
        ward.save(FormData({"v_text": "a"}))
    usual = len(sent)
    request = ward.request(FormData({"v_text": "b", "v_file": value}))
    with ward.database.counted() as sent:
        save_form(ward.database, small.REGISTRY, request, small.RULES)
    assert len(sent) <= usual + 3  # attach, look, and the value among the encrypted ones
    with ward.database.counted() as sent:
        again = save_form(ward.database, small.REGISTRY, request, small.RULES)
    assert again.replayed
    assert not [text for text in sent if "attachment" in text]


def test_a_file_that_somebody_took_away_is_found(ward):
    value = ward.upload(CONTENT)
    form = ward.save(FormData({"v_file": value})).form
    found = lambda: [one.what for one in verify(ward.database) if one.stream == "values" and one.number == form]  # noqa: E731
    assert found() == []
    with ward.database.write() as connection:
        if ward.database.dialect == "postgresql":
            connection.exec_driver_sql("ALTER TABLE attachment DISABLE TRIGGER ALL")
        else:
            connection.exec_driver_sql("DROP TRIGGER attachment_kept")
        connection.exec_driver_sql(f"DELETE FROM attachment WHERE form_id = {form}")
    assert found() == [f"the file {value.digest} is missing"]
