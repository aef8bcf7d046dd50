"""Source data verification as storage keeps it: marked, taken back by a change, drawn and counted."""

import json
from dataclasses import replace

import pytest
from sqlalchemy import event, text

from engine.model.metadata_version import VerificationDef
from engine.records.form_data import FormData
from storage import errors
from storage.identity import erase
from storage.opened_forms import Deed
from storage.queries import queries_of
from storage.verification import Seen, compared, differ, verify
from storage.verification_counts import count_forms, keep_plan
from storage.verification_plan import is_due, lot, overlook
from storage.withdrawing import Target, restore, withdraw, withdrawals_of

PLAN = VerificationDef((("visit", "v_text"), ("person", "last_name")), (("visit", "v_code"),), share=50, seed=7)


def seen(ward, **more):
    """The visit as the registry's monitor has it."""
    form = ward.load().forms[ward.visit]
    monitor = replace(ward.actor, site=None, name="Ewa")
    return replace(Seen(ward.subject, form.id, form.revision, monitor, ward.now), **more)


def found(ward):
    with ward.database.read() as connection:
        marks = compared(connection, ward.actor, ward.load().forms[ward.visit].id)
    return {item: str(one.state) for (_, item), one in marks.items()}


def entries(ward):
    with ward.database.read() as connection:
        rows = connection.execute(
            text("SELECT who, body FROM audit_entry WHERE kind = 'verify' AND subject_id = :s ORDER BY number"),
            {"s": ward.subject},
        )
        return [(who, json.loads(body)["state"], json.loads(body)["keys"]) for who, body in rows]


def test_a_change_of_the_value_takes_its_verification_back(ward):
    ward.save(FormData({"v_text": "a", "v_code": "a"}))
    verify(ward.database, seen(ward), [("", "v_text"), ("", "v_code")])
    verify(ward.database, seen(ward), [("", "v_text")])  # again: nothing to note
    assert found(ward) == {"v_text": "verified", "v_code": "verified"}
    ward.save(FormData({"v_text": "b", "v_code": "a"}))
    assert found(ward) == {"v_text": "changed", "v_code": "verified"}
    verify(ward.database, seen(ward), [("", "v_text")])
    assert found(ward) == {"v_text": "verified", "v_code": "verified"}
    assert entries(ward) == [
        ("Ewa", "verified", [["", "v_code"], ["", "v_text"]]),
        (ward.actor.name, "changed", [["", "v_text"]]),
        ("Ewa", "verified", [["", "v_text"]]),
    ]


def test_a_difference_asks_the_hospital(ward):
    ward.save(FormData({"v_text": "a"}))
    number = differ(ward.database, seen(ward), ("", "v_text"), "The source says b.")
    (query,) = queries_of(ward.database, ward.actor, ward.subject, at=ward.now)
    assert (query.id, query.about.item, query.state, query.messages[0].text) == (
        number, "v_text", "open", "The source says b.",
    )  # fmt: skip
    assert found(ward) == {"v_text": "differs"}


def test_what_was_saved_since_is_not_verified(ward, new_ward):
    ward.save(FormData({"v_text": "a"}))
    old = seen(ward)
    ward.save(FormData({"v_text": "b"}))
    with pytest.raises(errors.DecidedMeanwhile):
        verify(ward.database, old, [("", "v_text")])
    with pytest.raises(errors.DecidedMeanwhile):
        differ(ward.database, old, ("", "v_text"), "x")
    with pytest.raises(errors.NotFound):
        verify(ward.database, seen(ward, actor=new_ward().actor), [("", "v_text")])
    assert found(ward) == {}


def test_the_draw_is_even_and_stays():
    drawn = [subject for subject in range(1, 10_001) if lot(subject, 7) < 20]
    assert 1_900 < len(drawn) < 2_100
    assert drawn != [subject for subject in range(1, 10_001) if lot(subject, 8) < 20]
    assert all(0 <= lot(subject, 10**9) < 100 for subject in (1, 10**6, 10**12))


@pytest.fixture
def planned(ward, small):
    """The plan of the registry while a test lasts."""
    keeper = ward.database.on_behalf(None, small.REGISTRY.model.registry, ward.now)
    keep = lambda plan: keep_plan(keeper, small.REGISTRY.model.registry, plan)  # noqa: E731
    keep(PLAN)
    yield keep
    keep(None)


def counts(database):
    """What is kept, which is what counting anew gives: of forms, and their sums by hospital and form."""

    def read(connection):
        forms = connection.execute(
            text("SELECT form_id, due, verified, differing FROM verification_form ORDER BY registry, form_id")
        )
        sums = "SELECT site_id, form, forms, due, verified, differing FROM verification_total WHERE forms <> 0 ORDER BY site_id, form"
        return [tuple(row) for row in forms], [tuple(row) for row in connection.execute(text(sums))]

    with database.write() as connection:
        kept = read(connection)
        count_forms(connection, connection.execute(text("SELECT id FROM form_instance")).scalars())
        assert kept == read(connection)
        assert connection.execute(text("SELECT count(*) FROM verification_recount")).scalar_one() == 0
        added = "SELECT site_id, form, count(*), sum(due), sum(verified), sum(differing) FROM verification_form GROUP BY 1, 2 ORDER BY 1, 2"
        assert [tuple(map(str, row)) for row in connection.execute(text(added))] == [
            tuple(map(str, row)) for row in kept[1]
        ]
    return {form: rest for form, *rest in kept[0]}


def test_what_is_counted_follows_all_that_happens_to_a_form(ward, small, planned):
    """Values, states, marks, withdrawals, an erasure, another plan."""
    form = lambda place=ward.visit: counts(ward.database).get(ward.load().forms[place].id)  # noqa: E731
    deed = lambda: Deed(ward.subject, ward.actor, ward.now, "by mistake")  # noqa: E731
    drawn = is_due(PLAN, ward.subject, "visit", "v_code")
    ward.save(FormData({"v_text": "a", "v_code": "a"}))
    assert form() is None, "nothing of a form in progress is compared"
    ward.save(FormData({"v_text": "a", "v_code": "a"}), complete=True)
    assert form() == [1 + drawn, 0, 0]
    verify(ward.database, seen(ward), [("", "v_text"), ("", "v_date")])
    assert form() == [1 + drawn, 1, 0]
    differ(ward.database, seen(ward), ("", "v_text"), "The source says b.")
    assert form() == [1 + drawn, 0, 1]
    ward.save(FormData({"v_text": "b", "v_code": "a"}), complete=True)
    assert form() == [1 + drawn, 0, 0]
    ward.save(FormData({"v_code": "a"}), complete=True)
    assert form() == ([1, 0, 0] if drawn else None)
    ward.save(FormData({"v_text": "b"}), complete=True)
    ward.save(FormData({"last_name": "Kos", "sex": "a"}), ward.person, complete=True)
    assert (form(), form(ward.person)) == ([1, 0, 0], [1, 0, 0])
    for target in (Target(place=ward.visit), Target()):
        there = ward.load().forms
        withdraw(ward.database, small.REGISTRY, ward.rules, deed(), target)
        left = counts(ward.database)
        assert there[ward.visit].id not in left
        assert (there[ward.person].id in left) == (target.place is not None)
        (gone,) = withdrawals_of(ward.database, ward.actor, ward.subject, at=ward.now)
        restore(ward.database, small.REGISTRY, ward.rules, deed(), gone.id)
        assert (form(), form(ward.person)) == ([1, 0, 0], [1, 0, 0])
    assert not planned(PLAN), "the same plan is not counted anew"
    assert planned(VerificationDef((("visit", "v_date"), ("visit", "v_text"))))
    assert (form(), form(ward.person)) == ([1, 0, 0], None)
    planned(PLAN)
    erase(ward.database, ward.actor, ward.subject, ward.now, reason="asked for")
    assert (form(), form(ward.person)) == ([1, 0, 0], None)


def test_what_is_left_is_counted_as_it_is_drawn(new_ward, planned):
    wards = [new_ward() for _ in range(6)]
    for ward in wards:
        ward.save(FormData({"v_text": "a", "v_code": "a"}), complete=True)
        ward.save(FormData({"last_name": "Kos", "sex": "a"}), ward.person, complete=True)
    verify(wards[0].database, seen(wards[0]), [("", "v_text")])
    keeper = replace(wards[0].actor, site=None)
    for ward in wards:
        (own,) = overlook(ward.database, ward.actor, at=ward.now).hospitals
        drawn = is_due(PLAN, ward.subject, "visit", "v_code")
        assert (own.forms, own.values, own.verified) == (2, 2 + drawn, ward is wards[0])
        page = overlook(ward.database, keeper, at=ward.now, site=ward.actor.site, size=5)
        assert ([(one.name, one.left) for one in page.patients], page.more) == ([(ward.pseudonym, own.left)], False)
    first = overlook(ward.database, keeper, at=ward.now, size=4)
    assert (len(first.patients), first.more) == (4, True)
    second = overlook(ward.database, keeper, at=ward.now, size=4, after=first.patients[-1].subject)
    assert not {one.subject for one in first.patients} & {one.subject for one in second.patients}
    of_ward = overlook(wards[0].database, replace(wards[0].actor, unit=1), at=wards[0].now)
    assert (of_ward.hospitals, of_ward.patients) == ((), ()), "no ward was given any of them"
    for plan in (VerificationDef(), VerificationDef((("visit", "v_date"),))):
        planned(plan)
        assert overlook(ward.database, keeper, at=ward.now).hospitals == ()


@pytest.mark.parametrize("mine", [False, True])
def test_the_overview_reads_kept_counts_by_their_indexes_and_no_value(ward, planned, mine):
    """It does not grow with values, marks or forms: neither is read."""
    if ward.database.dialect != "sqlite":
        pytest.skip("PostgreSQL reads small tables without their indexes")
    ward.save(FormData({"v_text": "a"}), complete=True)
    asked = []
    with ward.database.read() as connection:
        note = lambda _c, _cursor, statement, parameters, *_: asked.append((statement, parameters))  # noqa: E731
        event.listen(ward.database.pool, "before_cursor_execute", note)
        overlook(ward.database, ward.actor if mine else replace(ward.actor, site=None), at=ward.now, after=1)
        event.remove(ward.database.pool, "before_cursor_execute", note)
        ((statement, parameters),) = [one for one in asked if one[0].startswith("SELECT")]
        plan = " ".join(row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters))
    index = (
        "ix_verification_form_site (registry=? AND site_id=? AND subject_id>?)"
        if mine
        else "ix_verification_form_left (registry=? AND subject_id>?)"
    )
    assert index in plan, plan
    for table in ("item_data", "identity", "form_instance", "SCAN verification_form", "SCAN verification_total"):
        assert table not in plan, plan
