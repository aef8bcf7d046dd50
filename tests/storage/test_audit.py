import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.datatypes.values import Missing
from engine.records.form_data import FormData, RowData
from storage import errors
from storage.audit import AuditEntry, append_entry, append_expected, last_entry, site_stream
from storage.audit_check import verify
from storage.audit_seals import seal
from storage.history import form_history, form_then, rebuild_form, subject_log
from storage.identity import erase
from storage.together import alone


@pytest.fixture
def tamper(ward):
    """Run SQL as somebody who owns the database and switches the guards off."""

    def run(statement):
        guards = {"sqlite": ("audit_entry_frozen_update", "audit_entry_frozen_delete"), "postgresql": ()}
        with ward.database.write() as connection:
            if ward.database.dialect == "postgresql":
                connection.exec_driver_sql("ALTER TABLE audit_entry DISABLE TRIGGER ALL")
            for guard in guards[ward.database.dialect]:
                connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {guard}")
            connection.exec_driver_sql(statement)

    before = set(verify(ward.database))
    return lambda statement: (run(statement), sorted(set(verify(ward.database)) - before))[1]


@pytest.fixture
def stream(ward):
    for text in "abcd":
        ward.save(FormData({"v_text": text}))
    return f"subject:{ward.subject}"


def whats(findings):
    return [(finding.stream, finding.number, finding.what) for finding in findings]


def test_nothing_is_found_in_an_untouched_database(ward, stream):
    assert not [one for one in verify(ward.database) if one.stream == stream]


def test_entries_and_definitions_cannot_be_changed(new_ward):
    ward = new_ward()
    for table in ("audit_entry", "registry_definition"):
        for statement in (
            f"UPDATE {table} SET registry = 'x'" if table != "audit_entry" else f"UPDATE {table} SET who = 'x'",
            f"DELETE FROM {table}",
        ):
            with pytest.raises(Exception, match="never changed"), ward.database.write() as connection:
                connection.exec_driver_sql(statement)


def test_a_changed_entry_is_found(ward, stream, tamper):
    found = tamper(f"UPDATE audit_entry SET who = 'nobody' WHERE stream = '{stream}' AND number = 4")
    assert whats(found) == [(stream, 4, "was changed")]


def test_a_changed_list_of_items_is_found(ward, stream, tamper):
    empty = "'{}'" if ward.database.dialect == "postgresql" else "'[]'"
    found = tamper(f"UPDATE audit_entry SET items = {empty} WHERE stream = '{stream}' AND number = 4")
    assert whats(found) == [(stream, 4, "was changed")]


def test_a_deleted_entry_is_found(ward, stream, tamper):
    found = tamper(f"DELETE FROM audit_entry WHERE stream = '{stream}' AND number = 4")
    assert (stream, 5, "entries 4 to 4 are missing") in whats(found)
    assert (stream, 5, "does not follow the entry before it") in whats(found)


def test_swapped_entries_are_found(ward, stream, tamper):
    swap = "CASE number WHEN -4 THEN 5 ELSE 4 END"
    tamper(f"UPDATE audit_entry SET number = -number WHERE stream = '{stream}' AND number IN (4, 5)")
    found = tamper(f"UPDATE audit_entry SET number = {swap} WHERE stream = '{stream}' AND number < 0")
    moved = "was written as entry {}: the order was changed, or one put in"
    assert {(stream, 4, moved.format(5)), (stream, 5, moved.format(4))} <= set(whats(found))


def test_a_changed_value_is_found(ward, stream, tamper):
    form = ward.load().forms[ward.visit].id
    found = tamper(f"UPDATE item_data SET text_value = 'x' WHERE form_id = {form}")
    assert whats(found) == [("values", form, "the value of 'v_text' in row '' differs")]


def test_the_end_of_a_stream_can_be_removed_until_it_is_sealed(ward, stream, tamper):
    seal(ward.database, ward.now)
    found = tamper(f"DELETE FROM audit_entry WHERE stream = '{stream}' AND number = 6")
    assert (stream, 6, "was removed after it was sealed") in whats(found)


def test_a_removed_stream_is_found(ward, stream, tamper):
    seal(ward.database, ward.now)
    found = tamper(f"DELETE FROM audit_entry WHERE stream = '{stream}'")
    assert (stream, 0, "the whole stream was removed after it was sealed") in whats(found)


def changed(entries, item):
    """The values of an item before and after, the oldest first."""
    told = [change for entry in reversed(entries) for change in entry.values if change.key == ("", item)]
    return [tuple(cell and cell.value for cell in (change.old, change.new)) for change in told]


def test_a_form_as_of_any_time_and_the_history_of_a_field(ward, small):
    moments = []
    for text in ("a", "b", Missing("nk"), "c"):
        ward.save(FormData({"v_text": text, "v_decimal": Decimal(1)}), reason=f"reason {text}")
        moments.append(ward.now)
    record = ward.load()
    form = record.forms[ward.visit]
    then = lambda at: form_then(ward.database, small.REGISTRY, ward.actor, record, form, at, at=ward.now)  # noqa: E731
    forms = [then(at) for at in moments]
    assert [one and one.data.items["v_text"] for one in forms] == ["a", "b", Missing("nk"), "c"]
    assert then(moments[0] - timedelta(seconds=1)) is None
    entries = form_history(ward.database, small.REGISTRY, ward.actor, record, form, at=ward.now)
    assert changed(entries, "v_text") == [(None, "a"), ("a", "b"), ("b", "nk"), ("nk", "c")]
    assert entries[0].reason == "reason c"
    log = subject_log(ward.database, ward.actor, ward.subject, at=ward.now)
    assert [line.kind for line in log] == ["save", "save", "save", "open_form", "open", "register"]


def test_identities_can_be_read_back_from_the_audit_until_they_are_erased(ward, small):
    ward.save(FormData({"last_name": "Żuk"}), ward.person)
    ward.save(FormData({"last_name": "Żukowa"}), ward.person)

    def read():
        record = ward.load()
        form = record.forms[ward.person]
        entries = form_history(ward.database, small.REGISTRY, ward.actor, record, form, at=ward.now)
        return changed(entries, "last_name")

    assert read() == [(None, "Żuk"), ("Żuk", "Żukowa")]
    before = verify(ward.database)
    erase(ward.database, ward.actor, ward.subject, ward.now, reason="asked for")
    assert read() == [(None, None)] * 2
    assert verify(ward.database) == before


VALUES = st.one_of(st.none(), st.sampled_from([Missing("nk"), Missing("nd")]))
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=9)
NUMBER = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9, places=2)
ITEMS = {
    "v_text": TEXT, "v_decimal": NUMBER, "v_codes": st.lists(st.sampled_from("abcd"), unique=True).map(tuple),
    "v_date": st.dates(), "v_boolean": st.booleans(), "v_time": st.times(),
}  # fmt: skip
CELLS = st.fixed_dictionaries({}, optional={name: VALUES | values for name, values in ITEMS.items()})
FORMS = st.tuples(
    CELLS, st.lists(st.tuples(st.integers(0, 6), st.none() | NUMBER), max_size=4, unique_by=lambda row: row[0])
)


@settings(max_examples=25, deadline=None)
@given(st.lists(FORMS, min_size=1, max_size=6))
def test_values_rebuilt_from_the_audit_are_the_stored_ones(new_ward, saves):
    ward, gone = new_ward(), set[str]()
    present = set[str]()
    for items, rows in saves:
        kept = [(f"r{number}", value) for number, value in rows if f"r{number}" not in gone]
        gone |= present - {name for name, _ in kept}
        present = {name for name, _ in kept}
        data = FormData(
            {name: value for name, value in items.items() if value is not None and value != ()},
            {"bc": tuple(RowData(name, {} if value is None else {"bc_no": value}) for name, value in kept)}
            if kept
            else {},
        )
        ward.save(data)
        assert ward.stored() == data
    record = ward.load().forms[ward.visit]
    with ward.database.read() as connection:
        rebuilt = rebuild_form(connection, record.id)
    assert rebuilt is not None
    assert (rebuilt.revision, rebuilt.state, rebuilt.rows) == (record.revision, record.state, record.rows)
    assert not [one for one in verify(ward.database) if one.stream == "values" and one.number == record.id]


def test_writers_of_other_streams_wait_for_each_other(new_ward):
    from storage.audit import AuditEntry, append_entry

    ward = new_ward()

    def write():
        for _ in range(5):
            with ward.database.write() as connection:
                append_entry(connection, AuditEntry("site:77", "test", "x", ward.now, "web"))

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not [one for one in verify(ward.database, values=False) if one.stream == "site:77"]
    with pytest.raises(errors.NotVisible):
        subject_log(ward.database, ward.actor, 10**9, at=ward.now)


def test_an_entry_whose_forerunner_was_read_before_takes_its_turn_among_others(ward):
    """One statement, and no gap nor fork where somebody has appended meanwhile."""
    stream, database = site_stream(10**6 + ward.subject), ward.database

    def entry(n):
        return AuditEntry(stream, "identities", f"clerk {n}", ward.now, "web", {"n": n}, items=("pesel", "last_name"))

    def append(n, last):
        with database.write() as connection, database.counted() as sent:
            return append_expected(connection, entry(n), last), len(sent)

    with database.write() as connection:
        append_entry(connection, entry(0))
    with database.read() as connection:
        last = alone(connection, last_entry(stream))
    assert append(1, last) == (2, 1)
    number, asked = append(2, last)
    assert (number, asked > 1) == (3, True)
    with ThreadPoolExecutor(4) as pool:
        numbers = list(pool.map(lambda n: append(n, last)[0], range(3, 11)))
    assert sorted(numbers) == list(range(4, 12))
    assert [each for each in verify(database, values=False) if stream in str(each)] == []
