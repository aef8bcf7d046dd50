from datetime import timedelta

import pytest

from engine.records.form_data import FormData
from storage import errors
from storage.access import Actor, may_see
from storage.form_data import Place, load_subject
from storage.instances import open_instance
from storage.sharing import Share, grants_of, share, take_back
from storage.subjects import enrol_subject, find_pseudonym, pseudonym, register_subject


def test_another_site_sees_nothing(new_ward, small):
    ward, stranger = new_ward(), new_ward()
    ward.save(FormData({"v_text": "a"}))
    blind = small.replace(stranger, subject=ward.subject, episode=ward.episode, patient=ward.patient)
    for act in (
        blind.load,
        lambda: blind.save(FormData({"v_text": "b"}), expected_revision=1),
        lambda: open_instance(
            blind.database, small.REGISTRY, blind.actor, ward.subject, "episode", ward.patient, at=blind.now
        ),
        lambda: share(blind.database, blind.actor, ward.subject, Share(blind.actor.site, None, ""), at=blind.now),
    ):
        with pytest.raises(errors.NotVisible):
            act()
    with pytest.raises(errors.NotFound):
        find_pseudonym(blind.database, blind.actor, ward.pseudonym, at=blind.now)
    assert not may_see(blind.database, blind.actor, ward.subject, blind.now)
    with pytest.raises(errors.NotVisible):
        small.replace(ward, subject=10**9).load()


def test_an_instance_of_another_subject_is_refused(new_ward, small):
    ward, other = new_ward(), new_ward()
    with pytest.raises(errors.NotFound):
        ward.save(FormData({"v_text": "b"}), Place(other.episode, "visit"))
    with pytest.raises(errors.NotFound):
        open_instance(ward.database, small.REGISTRY, ward.actor, ward.subject, "episode", other.patient, at=ward.now)


def test_access_begins_and_ends(new_ward):
    ward, second = new_ward(), new_ward()
    site, later = second.actor.site, ward.now + timedelta(days=1)
    share(ward.database, ward.actor, ward.subject, Share(site, None, "take-over"), at=ward.now)
    assert may_see(ward.database, second.actor, ward.subject, ward.now)
    assert not may_see(ward.database, second.actor, ward.subject, ward.now - timedelta(minutes=1))
    (given,) = [one for one in grants_of(ward.database, ward.actor, ward.subject, at=ward.now) if one.site == site]
    take_back(ward.database, ward.actor, ward.subject, given.id, reason="moved back", at=later)
    assert may_see(ward.database, second.actor, ward.subject, ward.now)
    assert not may_see(ward.database, second.actor, ward.subject, later)


def test_access_to_one_episode_shows_that_episode_alone(new_ward, small):
    ward, second = new_ward(), new_ward()
    other = open_instance(ward.database, small.REGISTRY, ward.actor, ward.subject, "episode", ward.patient, at=ward.now)
    ward.save(FormData({"v_text": "a"}))
    ward.save(FormData({"v_text": "b"}), Place(other, "visit"))
    share(ward.database, ward.actor, ward.subject, Share(second.actor.site, other, "x"), at=ward.now)
    guest = small.replace(second, subject=ward.subject, patient=ward.patient, episode=other, now=ward.now)
    record = guest.load()
    assert [row.id for row in record.instances] == [ward.patient, other]
    assert set(record.forms) == {Place(other, "visit")}
    guest.save(FormData({"v_text": "c"}), Place(other, "visit"), expected_revision=1)
    with pytest.raises(errors.NotVisible):
        guest.save(FormData({"v_text": "c"}), Place(ward.episode, "visit"), expected_revision=1)


def test_the_keeper_sees_all_sites_of_its_registry(new_ward, small):
    ward = new_ward()
    keeper = small.replace(ward.actor, site=None)
    assert may_see(ward.database, keeper, ward.subject, ward.now)
    assert not may_see(ward.database, small.replace(keeper, registry="other"), ward.subject, ward.now)


def test_another_registry_sees_the_shared_forms_alone(new_ward, small):
    ward = new_ward()
    ward.save(FormData({"v_text": "a"}))
    ward.save(FormData({"sex": "a"}), ward.person)
    actor = small.replace(ward.actor, registry="second")
    with pytest.raises(errors.NotVisible):
        load_subject(ward.database, small.REGISTRY, actor, ward.subject, ward.now)
    name = enrol_subject(ward.database, actor, ward.subject, prefix="SEC", at=ward.now)
    assert name.startswith("SEC-0001-")
    second = small.SmallRegistry(small.replace(small.REGISTRY.model, registry="second"))
    record = load_subject(ward.database, second, actor, ward.subject, ward.now)
    assert set(record.forms) == {ward.person}


def test_a_slip_in_a_pseudonym_never_names_another_subject():
    names = {pseudonym("TLE", number) for number in range(1, 3000)}
    assert all(len(name) == 11 for name in names)
    for number in range(1, 3000, 7):
        name = pseudonym("TLE", number)
        digits = name[4:8]
        slips = [digits[:i] + d + digits[i + 1 :] for i in range(4) for d in "0123456789" if d != digits[i]]
        slips += [
            digits[:i] + digits[i + 1] + digits[i] + digits[i + 2 :] for i in range(3) if digits[i] != digits[i + 1]
        ]
        assert not names & {f"TLE-{slip}{name[8:]}" for slip in slips}


def test_a_subject_is_registered_by_a_site(ward):
    with pytest.raises(ValueError, match="by a site"):
        register_subject(ward.database, Actor(1, "x", "small", None), prefix="SML", at=ward.now)
