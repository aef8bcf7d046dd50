"""Of a patient of whom a hospital, or a ward, sees one episode of two: raw SQL of the application's role tells nothing of the other."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from engine.records.form_data import FormData, RowData
from storage.audit_check import verify
from storage.errors import NotVisible
from storage.hospitals import Change, add_unit
from storage.instances import open_instance
from storage.listing import list_subjects
from storage.opened_forms import Deed
from storage.queries import About, Said, queries_of, raise_query
from storage.sharing import Share, share
from storage.subjects import add_occurrence
from storage.tables import METADATA
from storage.verification import Seen
from storage.verification import verify as compare
from storage.wardless import Sought, give_many, without_ward
from storage.wards import ToWard, give_to_ward
from storage.withdrawing import Target, withdraw
from storage.working_copy import keep_working_copy

NEEDLE = "Drugi"
OPEN = "Pierwszy"
# What is known of a person, or of rights, is not a matter of episodes; hashes tell no value.
TABLES = [
    table.name
    for table in METADATA.sorted_tables
    if {"subject_id", "form_id", "instance_id"} & set(table.columns.keys())
]


@dataclass
class Two:
    """A patient with two episodes."""

    ward: Any
    second: int  # the episode that nobody else is given
    hidden: tuple[int, ...]  # its forms
    guest: Any  # a hospital that is given the first
    unit: int  # a ward that is given the first


@pytest.fixture(scope="module")
def two(database, new_ward, small):
    if database.dialect == "sqlite":
        pytest.skip("SQLite knows no roles")
    ward, guest = new_ward(), new_ward()
    ward.save(FormData({"last_name": "Sowa", "pesel": "Sowa-1", "sex": "a"}), ward.person)
    second = open_instance(database, small.REGISTRY, ward.actor, ward.subject, "episode", ward.patient, at=ward.now)
    hidden = []
    for name, episode in ((OPEN, ward.episode), (NEEDLE, second)):
        visit = ward.visit._replace(instance=episode)
        follow_up, wide = visit._replace(form="follow_up"), visit._replace(form="wide")
        file = ward.upload(f"%PDF-1.7 {name}".encode(), f"{name}.pdf", visit)
        first = ward.save(
            FormData({"v_text": name, "v_integer": Decimal(200), "v_decimal": Decimal(1), "v_file": file}), visit
        )
        ward.save(
            FormData({"v_text": f"{name} dalej", "v_integer": Decimal(200)}, {"bc": (RowData(f"r-{name}", {}),)}), visit
        )
        ward.save(FormData({"fu_text": name}), follow_up)
        gone = ward.save(FormData(), wide)
        deed = Deed(ward.subject, ward.actor, ward.now + timedelta(minutes=1), name)
        withdraw(database, small.REGISTRY, ward.rules, deed, Target(place=wide))
        keep_working_copy(database, ward.actor, ward.subject, visit, {"x": name}, revision=2, at=ward.now)
        raise_query(database, ward.subject, About(first.form, "", "v_text"), Said("raise", name, ward.actor, ward.now))
        compare(database, Seen(ward.subject, first.form, 2, ward.actor, ward.now), [("", "v_text")])
        add_occurrence(database, ward.actor, ward.subject, episode, name, at=ward.now)
        if name == NEEDLE:
            hidden += [first.form, gone.form]
    unit = add_unit(database, ward.actor.site, "1", "Oddział", Change("office", ward.now))
    at = ward.now
    share(database, ward.actor, ward.subject, Share(guest.actor.site, ward.episode, "one"), at=at)
    give_to_ward(database, ward.actor, ward.subject, ToWard(unit, ward.episode, "one"), at=at)
    guest = small.replace(
        guest, subject=ward.subject, patient=ward.patient, episode=ward.episode, now=at, revisions={ward.visit: 2}
    )
    return Two(ward, second, tuple(hidden), guest, unit)


@pytest.fixture(params=["hospital", "ward"])
def part(request, two, act_as, small):
    """Whoever sees one of the two episodes."""
    if request.param == "hospital":
        return act_as(two.guest)
    return act_as(small.replace(two.ward, counter=1000), unit=two.unit)


def told(database, table):
    with database.read() as connection:
        return [row for (row,) in connection.execute(text(f"SELECT x::text FROM {table} x"))]


@pytest.mark.parametrize("table", TABLES)
def test_no_table_tells_of_another_episode(part, two, table):
    """Every row of every table as text: neither words of the other episode, nor the numbers of its forms or of itself."""
    columns = METADATA.tables[table].columns
    owners, seen = told(two.ward.database, table), told(part.database, table)
    assert not any(NEEDLE in row for row in seen)
    with part.database.read() as connection:
        for name, numbers in (("form_id", two.hidden), ("instance_id", (two.second,))):
            if name in columns and table not in ("access", "unique_key"):
                query = text(f"SELECT count(*) FROM {table} WHERE {name} = ANY(:of)")
                assert connection.execute(query, {"of": list(numbers)}).scalar_one() == 0
    if any(OPEN in row for row in owners):
        assert any(OPEN in row for row in seen), "of the episode that is given all is seen"


def test_the_needles_are_in_the_tables(two):
    found = {table for table in TABLES if any(NEEDLE in row for row in told(two.ward.database, table))}
    assert {"item_data", "row_data", "audit_entry", "occurrence", "withdrawal"} <= found


def test_who_sees_a_part_works_on_it(part, two):
    """Rules read the whole, the chain of the audit goes on, and what is not seen is not touched."""
    before = told(two.ward.database, "item_data")
    with part.database.read() as connection:
        count = connection.execute(text("SELECT count(*) FROM audit_entry WHERE subject_id = :s"), {"s": part.subject})
        assert count.scalar_one() > 0
    part.revisions[part.visit] = part.load().forms[part.visit].revision
    part.save(FormData({"v_text": OPEN, "v_integer": Decimal(7)}))
    assert part.stored().items["v_integer"] == Decimal(7)
    assert [row for row in before if NEEDLE in row] == [
        row for row in told(two.ward.database, "item_data") if NEEDLE in row
    ]
    with pytest.raises(NotVisible):
        part.save(FormData({"v_text": "x"}), part.visit._replace(instance=two.second), expected_revision=2)
    assert not [fault for fault in verify(two.ward.database) if fault.stream == f"subject:{part.subject}"]
    assert {query.about.form for query in queries_of(part.database, part.actor, part.subject, at=part.now)}.isdisjoint(
        two.hidden
    )


WRITES = (
    "UPDATE form_instance SET status = 'x' WHERE id = :form",
    "UPDATE item_data SET text_value = 'x' WHERE form_id = :form AND text_value IS NOT NULL",
    "DELETE FROM row_data WHERE form_id = :form",
    "DELETE FROM identity WHERE form_id = :form",
    "UPDATE query SET state = 'closed' WHERE form_id = :form",
    "DELETE FROM verification WHERE form_id = :form",
    "DELETE FROM occurrence WHERE instance_id = :episode",
    "UPDATE instance SET number = 9 WHERE id = :episode",
)
REFUSED = (
    "INSERT INTO item_data (form_id, row_id, item, position, text_value) VALUES (:form, '', 'x', 0, 'x')",
    "INSERT INTO occurrence (subject_id, instance_id, event, number, added_at) VALUES (:subject, :episode, 'x', 1, now())",
    "INSERT INTO access (subject_id, site_id, registry, starts_at) VALUES (:subject, :site, 'other', now())",
)


@pytest.mark.parametrize("statement", WRITES)
def test_writes_meet_no_row_of_another_episode(part, two, statement):
    with part.database.write() as connection:
        given = {"form": two.hidden[0], "episode": two.second}
        used = {name: value for name, value in given.items() if f":{name}" in statement}
        assert connection.execute(text(statement), used).rowcount == 0


@pytest.mark.parametrize("statement", REFUSED)
def test_nothing_is_added_to_another_episode(part, two, statement):
    given = {"form": two.hidden[0], "episode": two.second, "subject": part.subject, "site": part.actor.site}
    used = {name: value for name, value in given.items() if f":{name}" in statement}
    with pytest.raises(ProgrammingError, match="row-level security"), part.database.write() as connection:
        connection.execute(text(statement), used)


def test_a_hospital_gives_a_ward_of_its_own_what_it_sees_and_no_more(two, act_as, small):
    """Many at once, of a patient of whom the hospital sees one episode of two: the other has no ward either."""
    guest = act_as(two.guest)
    ward = add_unit(two.ward.database, guest.actor.site, "g", "Oddział gości", Change("office", guest.now))
    given = {"reason": "many", "at": guest.now}
    found = without_ward(guest.database, guest.actor, Sought(), at=guest.now)
    assert two.guest.episode in {each.id for each in found.episodes}
    assert two.second not in {each.id for each in found.episodes}
    assert give_many(guest.database, guest.actor, Sought(), [two.second], ward, **given) == 0
    assert give_many(guest.database, guest.actor, Sought(), None, ward, **given) == found.total
    nurse = act_as(two.guest, unit=ward)
    assert OPEN in nurse.stored().items["v_text"]
    assert not any(NEEDLE in row for row in told(nurse.database, "item_data"))
    with pytest.raises(NotVisible):
        give_many(nurse.database, nurse.actor, Sought(), None, ward, **given)
    assert not [fault for fault in verify(two.ward.database) if fault.stream == f"subject:{guest.subject}"]


def test_a_ward_counts_what_it_sees(part, two):
    listed = {one.subject: one for one in list_subjects(part.database, part.actor, at=part.now).subjects}
    assert (listed[part.subject].episodes, listed[part.subject].forms) == (1, 3)
