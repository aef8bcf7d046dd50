"""Hospitals and wards see of a merged record what they saw of either before, and no more; and as before once it is parted.

Behind PostgreSQL's policies, with the application's own role: by the functions of storage, and by raw SQL.
"""

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from engine.records.form_data import FormData
from storage.access import may_see
from storage.carrying import Book
from storage.errors import NotVisible
from storage.form_data import Place
from storage.hospitals import Change, add_unit
from storage.instances import open_instance
from storage.merging import Merge, merge, unmerge
from storage.opened_forms import Deed
from storage.sharing import Share, share
from storage.subjects import register_subject
from storage.wards import ToWard, give_to_ward, join_ward, take_from_ward, wards_of

WHO = ("a", "b", "c", "a1", "a2", "b1", "c1")  # hospitals, and wards of theirs
TEXTS = ("kept 1", "other 1", "other 2")
# Of which record a hospital or ward is given which episode: 0 of it stands for no episode, 9 for the whole record.
GIFTS = st.lists(st.tuples(st.sampled_from(WHO[1:]), st.sampled_from(("kept", "other")), st.sampled_from((0, 1, 2, 9))), max_size=7)  # fmt: skip


@dataclass
class Pair:
    """Two records of a person: of hospital a the kept one, the other of hospital a or b; and who is there."""

    kept: Any
    other: Any
    episodes: dict[str, list[int]]
    units: dict[str, int]
    hospitals: dict[str, Any]


@pytest.fixture(scope="module")
def numbers():
    return count()


def build(new_ward, small, numbers, *, one_hospital):
    kept = new_ward()
    hospitals = {"a": kept, "b": new_ward(), "c": new_ward()}
    owner = hospitals["a" if one_hospital else "b"]
    new = register_subject(owner.database, owner.actor, prefix="SML", at=owner.now)
    episode = open_instance(
        owner.database, small.REGISTRY, owner.actor, new.subject, "episode", new.patient, at=owner.now
    )
    other = small.Ward(owner.database, owner.actor, new.subject, new.patient, episode, new.pseudonym, owner.now)
    second = open_instance(
        owner.database, small.REGISTRY, owner.actor, new.subject, "episode", new.patient, at=owner.now
    )
    change = Change("office", kept.now)
    units = {
        name: add_unit(kept.database, hospitals[name[0]].actor.site, f"{name}{next(numbers)}", name, change)
        for name in WHO[3:]
    }
    kept.save(FormData({"v_text": TEXTS[0]}))
    other.save(FormData({"v_text": TEXTS[1]}))
    other.save(FormData({"v_text": TEXTS[2]}), Place(second, "visit"))
    return Pair(kept, other, {"kept": [kept.episode], "other": [episode, second]}, units, hospitals)


def hand_out(pair, gifts):
    """What cannot be given is left out: nobody is given what the giver does not have."""
    for who, record, part in gifts:
        one = getattr(pair, record)
        parts = pair.episodes[record]
        episode = parts[min(part, len(parts)) - 1] if part in (1, 2) else None
        site, at = pair.hospitals[who[0]].actor.site, one.now
        if len(who) == 1:
            if site != one.actor.site:
                share(one.database, one.actor, one.subject, Share(site, episode, "x"), at=at)
            continue
        hospital = replace(one.actor, site=site)
        if episode is None:
            ward = replace(hospital, unit=pair.units[who])
            join_ward(one.database, ward, one.subject, reason="x", at=at)
        else:
            with suppress(NotVisible):  # the hospital does not see that episode
                give_to_ward(one.database, hospital, one.subject, ToWard(pair.units[who], episode, "x"), at=at)


def seen(pair, act_as, small, who, record, at):
    """The texts that somebody sees of a record; None where nothing at all."""
    one = small.replace(getattr(pair, record), now=at)
    actor = {"site": pair.hospitals[who[0]].actor.site, "unit": pair.units.get(who)}
    own = act_as(one, **actor)
    query = "SELECT d.text_value FROM item_data d JOIN form_instance f ON f.id = d.form_id WHERE f.subject_id = :s AND f.withdrawal_id IS NULL"
    with own.database.read() as connection:
        raw = {value for (value,) in connection.execute(text(query), {"s": one.subject}) if value is not None}
    if not may_see(own.database, own.actor, one.subject, own.now + timedelta(hours=1)):
        assert raw == set()
        return None
    told = {form.data.items["v_text"] for form in small.replace(own, now=at + timedelta(hours=1)).load().forms.values()}
    assert raw == told
    return frozenset(told)


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(gifts=GIFTS, one_hospital=st.booleans())
def test_each_sees_what_it_saw_of_either(act_as, new_ward, small, numbers, gifts, one_hospital):
    pair = build(new_ward, small, numbers, one_hospital=one_hospital)
    hand_out(pair, gifts)
    at = max(pair.kept.now, pair.other.now)
    look = lambda at: {  # noqa: E731
        who: tuple(seen(pair, act_as, small, who, record, at) for record in ("kept", "other")) for who in WHO
    }
    before = look(at)
    book = Book(small.REGISTRY, small.RULES, lambda _: (small.REGISTRY, small.RULES))
    keeper = act_as(small.replace(pair.other, now=at), site=None)
    deed = Deed(pair.other.subject, keeper.actor, at + timedelta(hours=1), "the same person")
    number = merge(keeper.database, book, deed, Merge(pair.kept.subject))
    pair.other.now = pair.kept.now = later = at + timedelta(hours=2)
    for who, (of_kept, of_other) in before.items():
        now = seen(pair, act_as, small, who, "kept", later)
        wanted = None if of_kept is None and of_other is None else (of_kept or frozenset()) | (of_other or frozenset())
        assert now == wanted, who
    keeper = act_as(small.replace(pair.other, now=later), site=None)
    deed = replace(deed, at=later + timedelta(hours=1))
    unmerge(keeper.database, book, deed, number)
    assert look(later + timedelta(hours=2)) == before


def test_what_a_ward_was_given_meanwhile_does_not_stay(act_as, new_ward, small, numbers):
    """A ward is given an episode of the other record while they are one: parted, it sees nothing of it, and the first ward does."""
    pair = build(new_ward, small, numbers, one_hospital=True)
    hand_out(pair, [("a1", "other", 1)])
    book = Book(small.REGISTRY, small.RULES, lambda _: (small.REGISTRY, small.RULES))
    at = max(pair.kept.now, pair.other.now) + timedelta(hours=1)
    deed = Deed(pair.other.subject, act_as(pair.other).actor, at, "the same person")
    own = act_as(small.replace(pair.other, now=at))
    number = merge(own.database, book, deed, Merge(pair.kept.subject))
    (grant,) = wards_of(own.database, own.actor, pair.kept.subject, at=at)
    assert grant.part is not None
    give_to_ward(own.database, own.actor, pair.kept.subject, ToWard(pair.units["a2"], grant.part, "x"), at=at)
    take_from_ward(own.database, own.actor, pair.kept.subject, grant.id, reason="x", at=at)
    assert seen(pair, act_as, small, "a2", "kept", at + timedelta(hours=1)) == {TEXTS[1]}
    assert seen(pair, act_as, small, "a1", "kept", at + timedelta(hours=1)) is None
    unmerge(own.database, book, replace(deed, at=at + timedelta(minutes=1)), number)
    assert seen(pair, act_as, small, "a2", "other", at + timedelta(hours=1)) is None
    assert seen(pair, act_as, small, "a1", "other", at + timedelta(hours=1)) == {TEXTS[1]}
    assert seen(pair, act_as, small, "a1", "kept", at + timedelta(hours=1)) is None
