"""Each way of tampering directly in the database: found, or a limit that docs/operations.md states by name."""

from contextlib import nullcontext, suppress
from dataclasses import dataclass

import pytest
from sqlalchemy import text

from engine.records.form_data import FormData, RowData
from storage.audit import AuditEntry, append_entry
from storage.audit_check import verify
from storage.audit_seals import all_seals, read_seals, seal

ENTRY = "audit_entry WHERE stream = '{stream}' AND number"
OF_FORM = ("item_data", "calculated_data", "issue", "acknowledgement", "unique_key", "identity", "row_data")


OTHER = "CASE state WHEN 'complete' THEN 'in_progress' ELSE 'complete' END"


@dataclass(frozen=True)
class Case:
    """What is done to the database, and a part of what verification says of it."""

    statements: tuple[str, ...]
    found: str
    stream: str = "{stream}"
    number: int | None = None


def change(assignment: str, found: str = "was changed") -> Case:
    return Case((f"UPDATE audit_entry SET {assignment} WHERE stream = '{{stream}}' AND number = 4",), found, number=4)


FOUND = {
    "a value": change("""body = replace(body, '"b"', '"x"')"""),
    "a reason": change("reason = 'another'"),
    "a name": change("who = 'Nobody'"),
    "a time": change("at = (SELECT max(at) FROM audit_seal)"),
    "a channel": change("channel = 'cli'"),
    "a revision": change("revision = 9"),
    "the last entry": Case((f"DELETE FROM {ENTRY} = 6",), "was removed after it was sealed", number=6),
    "a middle entry": Case((f"DELETE FROM {ENTRY} = 4",), "entries 4 to 4 are missing", number=5),
    "the first entry": Case((f"DELETE FROM {ENTRY} = 1",), "entries 1 to 1 are missing", number=2),
    "two entries, swapped": Case(
        (
            "UPDATE audit_entry SET number = -number WHERE stream = '{stream}' AND number IN (4, 5)",
            "UPDATE audit_entry SET number = CASE number WHEN -4 THEN 5 ELSE 4 END WHERE stream = '{stream}' AND number < 0",
        ),
        "was written as entry 5", number=4,
    ),
    "an entry, put in": Case(
        (
            "UPDATE audit_entry SET number = -number WHERE stream = '{stream}' AND number IN (5, 6)",
            "UPDATE audit_entry SET number = 1 - number WHERE stream = '{stream}' AND number < 0",
            (
                "INSERT INTO audit_entry SELECT stream, 5, subject_id, form_id, kind, 'Nobody', at, channel, reason, definition, "
                "revision, items, body, hash, hash FROM audit_entry WHERE stream = '{stream}' AND number = 4"
            ),
        ),
        "was written as entry 5", number=6,
    ),
    "a whole stream": Case(
        ("DELETE FROM audit_entry WHERE stream = '{stream}'",), "the whole stream was removed after it was sealed", number=0
    ),
    "a whole stream, and its subject is there": Case(
        ("DELETE FROM audit_entry WHERE stream = '{stream}'",), "the subject is in no entry", number=0
    ),
    "a stored value": Case(("UPDATE item_data SET text_value = 'x' WHERE form_id = {form}",), "the value of 'v_text'", "values"),
    "a stored value, taken out": Case(("DELETE FROM item_data WHERE form_id = {form} AND item = 'v_text'",), "the value of", "values"),
    "a state": Case((f"UPDATE form_instance SET state = {OTHER} WHERE id = {{form}}",), "revision or state differ", "values"),
    "a number of revision": Case(("UPDATE form_instance SET revision = 1 WHERE id = {form}",), "revision or state differ", "values"),
    "a row": Case(("DELETE FROM row_data WHERE form_id = {form}",), "the rows differ", "values"),
    "a form": Case(
        (*(f"DELETE FROM {table} WHERE form_id = {{form}}" for table in OF_FORM), "DELETE FROM form_instance WHERE id = {form}"),
        "the form was removed", "values",
    ),
    "a seal": Case(("UPDATE audit_seal SET heads = '{{}}' WHERE number = {seal}",), "was changed, or sealed with another key", "seals"),
    "the last seal, taken away": Case(("DELETE FROM audit_seal WHERE number = {seal}",), "was removed after it was exported", "seals"),
    "all seals, taken away": Case(("DELETE FROM audit_seal",), "was removed after it was exported", "seals"),
}  # fmt: skip
HIDDEN = {  # the stated limits
    "an access row": ("UPDATE access SET ends_at = starts_at WHERE subject_id = {subject}",),
    "a calculated value": ("UPDATE calculated_data SET number_value = '77' WHERE form_id = {form}",),
    "an issue": ("DELETE FROM issue WHERE form_id = {form}",),
}


class Undone(Exception):
    """So that the next case finds the database as it was."""


@pytest.fixture
def scene(ward):
    """A form that was saved four times and sealed; what its statements need."""
    for value in "abcd":
        ward.save(
            FormData({"v_text": value}, {"bc": (RowData(f"r{ward.subject}", {}),)}), complete=True, reason=f"as {value}"
        )
    number = seal(ward.database, ward.now)
    form = ward.load().forms[ward.visit].id
    names = {"stream": f"subject:{ward.subject}", "form": form, "subject": ward.subject, "seal": number}
    return ward, names, read_seals(each.line for each in all_seals(ward.database))


@pytest.fixture
def tamper(monkeypatch):
    """Call it with statements: what is found after them, by somebody who owns the database; then all is undone."""

    def run(database, statements, exported):
        with suppress(Undone), database.write() as connection:
            if database.dialect == "postgresql":
                connection.execute(text("SET LOCAL session_replication_role = replica"))
            else:
                connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
                guards = (
                    connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").scalars().all()
                )
                for guard in guards:
                    connection.exec_driver_sql(f"DROP TRIGGER {guard}")
            for statement in statements:
                connection.exec_driver_sql(statement)
            monkeypatch.setattr(type(database), "read", lambda _: nullcontext(connection))
            found = verify(database, exported=exported)
            monkeypatch.undo()
            raise Undone
        return list(found)

    return run


@pytest.mark.parametrize("what", FOUND)
def test_tampering_is_found(scene, tamper, what):
    ward, names, exported = scene
    case = FOUND[what]
    assert [one for one in verify(ward.database, exported=exported) if one.stream == names["stream"]] == []
    found = tamper(ward.database, [each.format(**names) for each in case.statements], exported)
    of_stream = [one for one in found if one.stream == case.stream.format(**names)]
    assert any(case.found in one.what and case.number in (None, one.number) for one in of_stream), found


@pytest.mark.parametrize("what", HIDDEN)
def test_limits_are_as_stated(scene, tamper, what):
    ward, names, exported = scene
    assert tamper(ward.database, [each.format(**names) for each in HIDDEN[what]], exported) == []


def test_what_came_after_the_last_seal_can_be_cut_off_unless_a_value_tells_of_it(scene, tamper):
    ward, names, exported = scene
    ward.save(FormData({"v_text": "e"}))
    with ward.database.write() as connection:
        stream = names["stream"]
        append_entry(connection, AuditEntry(stream, "note", "x", ward.now, "web", subject=ward.subject))
    end = "DELETE FROM audit_entry WHERE stream = '{stream}' AND number >= {number}"
    assert tamper(ward.database, [end.format(stream=stream, number=8)], exported) == []
    assert tamper(ward.database, [end.format(stream=stream, number=7)], exported) != []


def test_an_exported_file_that_was_changed_is_noticed(scene):
    ward, names, exported = scene
    line = exported[-1].line.replace(f'"{names["stream"]}":[6', f'"{names["stream"]}":[5')
    found = verify(ward.database, exported=(*exported[:-1], *read_seals([line])))
    assert any(one.stream == "exported seals" for one in found)
    with pytest.raises(ValueError, match="line 2 is no seal"):
        read_seals([exported[0].line, "{}"])
