"""Source data verification as storage keeps it: marked, taken back by a change, drawn and counted."""

import json
from dataclasses import replace

import pytest
from sqlalchemy import text

from engine.model.metadata_version import VerificationDef
from engine.records.form_data import FormData
from storage import errors
from storage.queries import queries_of
from storage.verification import Seen, compared, differ, verify
from storage.verification_plan import is_due, lot, overlook

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


def test_what_is_left_is_counted_as_it_is_drawn(new_ward):
    wards = [new_ward() for _ in range(6)]
    for ward in wards:
        ward.save(FormData({"v_text": "a", "v_code": "a"}), complete=True)
        ward.save(FormData({"last_name": "Kos", "sex": "a"}), ward.person, complete=True)
    verify(wards[0].database, seen(wards[0]), [("", "v_text")])
    keeper = replace(wards[0].actor, site=None)
    for ward in wards:
        (own,) = overlook(ward.database, ward.actor, PLAN, at=ward.now).hospitals
        drawn = is_due(PLAN, ward.subject, "visit", "v_code")
        assert (own.patients, own.values, own.verified) == (1, 2 + drawn, ward is wards[0])
        page = overlook(ward.database, keeper, PLAN, at=ward.now, site=ward.actor.site, size=5)
        assert ([(one.name, one.left) for one in page.patients], page.more) == ([(ward.pseudonym, own.left)], False)
    first = overlook(ward.database, keeper, PLAN, at=ward.now, size=4)
    assert (len(first.patients), first.more) == (4, True)
    for plan in (VerificationDef(), VerificationDef((("visit", "v_date"),))):
        assert overlook(ward.database, keeper, plan, at=ward.now).hospitals == ()
