import base64
from datetime import date, timedelta
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag
from sqlalchemy import select

from engine.datatypes.values import Entered, Missing
from engine.records.evaluation import ItemState
from engine.records.form_data import FormData
from storage import errors
from storage.database import open_database
from storage.finding import FoundPerson, find_person
from storage.form_data import Place, load_subject
from storage.identity import Person, are_two, erase, normalised_name, page_identities, searched_hashes
from storage.keys import decrypt, derive_keys, encrypt, new_key, read_keys
from storage.listing import Narrowed, list_subjects
from storage.opened_forms import Deed
from storage.saving import save_form
from storage.status import item_states
from storage.subjects import register_subject
from storage.tables import METADATA
from storage.withdrawing import Target, withdraw
from storage.working_copy import (
    drop_working_copy,
    keep_working_copy,
    purge_working_copies,
    working_copies,
    working_copy_of,
)

PERSON: dict[str, Entered] = {
    "last_name": "Brzęczyszczykiewicz",
    "pesel": "02070803628",
    "birth_date": date(1902, 7, 8),
    "sex": "b",
}


def dump(database):
    """Everything in all tables, and in the file itself on SQLite."""
    with database.read() as connection:
        rows = [str(tuple(row)) for table in METADATA.tables.values() for row in connection.execute(select(table))]
    text = "\n".join(rows).encode()
    if database.dialect == "sqlite":
        path = Path(database.pool.url.database)
        text += b"".join(one.read_bytes() for one in path.parent.glob(f"{path.name}*"))
    return text


def test_identities_come_back(ward):
    person = PERSON | {"pesel": "4"}
    ward.save(FormData(person), ward.person)
    assert ward.stored(ward.person).items == person
    changed = {**person, "last_name": "Nowak", "pesel": Missing("nk")}
    ward.save(FormData(changed), ward.person)
    assert ward.stored(ward.person).items == changed
    del changed["pesel"]
    ward.save(FormData(changed), ward.person)
    assert ward.stored(ward.person).items == changed


def test_identities_stand_nowhere_in_clear(ward):
    ward.save(FormData(PERSON), ward.person)
    ward.save(FormData({**PERSON, "last_name": "Wyrwidąbski"}), ward.person)
    keep_working_copy(
        ward.database, ward.actor, ward.subject, ward.person, {"last_name": "Dzięgielewski"}, revision=2, at=ward.now
    )
    letter = ward.upload(b"Skierowanie: Szczebrzeszynski", "Trzcianka.pdf")
    ward.save(FormData({"v_file": letter}))
    ward.upload(b"Wypis: Chrzanowski", "Chrzanowski.pdf", ward.person)
    content = dump(ward.database)
    assert ward.pseudonym.encode() in content
    for secret in (
        "Brzęczyszczykiewicz",
        "Wyrwidąbski",
        "Dzięgielewski",
        "Szczebrzeszynski",
        "Trzcianka",
        "Chrzanowski",
        "02070803628",
        "1902-07-08",
    ):
        for form in {secret, secret.casefold(), normalised_name(secret), secret.encode("unicode_escape").decode()}:
            assert form.encode() not in content, form


def test_a_moved_or_changed_ciphertext_is_refused():
    key = new_key()
    secret = encrypt(key, b"Nowak", "1/2//last_name")
    assert decrypt(key, secret, "1/2//last_name") == b"Nowak"
    for other in (
        (key, secret, "1/3//last_name"),
        (key, secret[:-1] + bytes([secret[-1] ^ 1]), "1/2//last_name"),
        (new_key(), secret, "1/2//last_name"),
    ):
        with pytest.raises(InvalidTag):
            decrypt(*other)


def test_the_master_key_is_read_from_a_file(tmp_path):
    path = tmp_path / "key"
    path.write_bytes(base64.b64encode(b"k" * 32) + b"\n")
    assert read_keys(path) == derive_keys(b"k" * 32)
    assert "kkk" not in repr(read_keys(path))
    with pytest.raises(ValueError, match="at least 32"):
        derive_keys(b"short")


def test_without_the_master_key_identities_can_neither_be_read_nor_written(ward, small, database_url):
    ward.save(FormData(PERSON | {"pesel": "3"}), ward.person)
    keyless = open_database(database_url)
    record = load_subject(keyless, small.REGISTRY, ward.actor, ward.subject, ward.now)
    assert record.forms[ward.person].data.items == {"sex": "b"}
    blind = small.replace(ward, database=keyless)
    with pytest.raises(errors.NoKeys):
        blind.save(FormData(PERSON | {"last_name": "X"}), ward.person)
    keyless.close()


def listed(ward, text, actor=None):
    """The subjects that a list finds by what is known of a person."""
    hashes = searched_hashes(ward.database.master, text)
    page = list_subjects(ward.database, actor or ward.actor, at=ward.now, narrowed=Narrowed(hashes=hashes))
    return tuple(one.subject for one in page.subjects)


def test_people_are_found_by_keyed_hashes(new_ward):
    ward, other = new_ward(), new_ward()
    ward.save(
        FormData({"last_name": "Święcicka-Łoś", "pesel": "51023100008", "birth_date": date(1951, 2, 3)}), ward.person
    )
    for start in ("ŚWIĘCICKA ŁOŚ", "swiecickalos", "Świ", "święcicka", "łoś", "510231 00008"):
        assert listed(ward, start) == (ward.subject,)
        assert listed(ward, start, other.actor) == ()
    for other_text in ("Święc", "Ło", "cick", "51023100"):
        assert listed(ward, other_text) == ()
    person = Person("święcicka-łoś", "1951-02-03", "510231 00008")
    assert find_person(ward.database, ward.actor, person, at=ward.now) == FoundPerson(ward.subject, ward.pseudonym)
    found = find_person(ward.database, other.actor, person, at=ward.now)
    assert found == FoundPerson(ward.subject)
    with pytest.raises(ValueError, match="needs the identifier"):
        find_person(ward.database, other.actor, Person(pesel="51023100008"), at=ward.now)


def test_looking_people_up_is_limited(new_ward):
    ward = new_ward()
    for _ in range(5):
        assert find_person(ward.database, ward.actor, Person("X", "1950-01-01", "1"), at=ward.now) is None
    with pytest.raises(errors.LockedOut):
        find_person(ward.database, ward.actor, Person("X", "1950-01-01", "1"), at=ward.now)
    later = ward.now + timedelta(hours=2)
    assert find_person(ward.database, ward.actor, Person("X", "1950-01-01", "1"), at=later) is None


def test_only_a_shown_page_is_decrypted(ward, new_ward):
    ward.save(FormData(PERSON | {"pesel": "1"}), ward.person)
    shown = page_identities(ward.database, ward.actor, [ward.subject], ["last_name"], ward.now)
    assert shown[ward.subject]["last_name"].value == PERSON["last_name"]
    with pytest.raises(errors.NotVisible):
        page_identities(ward.database, new_ward().actor, [ward.subject], ["last_name"], ward.now)


def test_erasure_leaves_the_pseudonymous_part(ward, small):
    ward.save(FormData(PERSON | {"pesel": "2"}), ward.person)
    ward.save(FormData({"v_text": "kept"}))
    erase(ward.database, ward.actor, ward.subject, ward.now, reason="asked for")
    record = ward.load()
    assert record.erased
    assert record.forms[ward.person].data.items == {"sex": "b"}
    assert record.forms[ward.visit].data.items == {"v_text": "kept"}
    states = item_states(ward.database.indexes.of(small.REGISTRY, "person"), record.forms[ward.person], erased=True)
    assert (states["last_name"], states["sex"]) == (ItemState.WITHDRAWN, ItemState.ANSWERED)
    assert listed(ward, str(PERSON["last_name"])) == ()
    with pytest.raises(errors.Erased):
        ward.save(FormData({"last_name": "again"}), ward.person)


def test_working_copies_belong_to_one_person_and_expire(ward, new_ward):
    assert working_copy_of(ward.database, ward.actor, ward.subject, ward.visit, at=ward.now) is None
    content = {"v_date": "31.02.2025", "rows": [1, "ż"]}
    for text in (content, content | {"v_text": "a"}):
        keep_working_copy(ward.database, ward.actor, ward.subject, ward.visit, text, revision=3, at=ward.now)
    found = working_copy_of(ward.database, ward.actor, ward.subject, ward.visit, at=ward.now)
    assert found is not None
    assert (found.content, found.revision) == (content | {"v_text": "a"}, 3)
    assert working_copies(ward.database, ward.actor, ward.subject, at=ward.now) == (ward.visit,)
    late = ward.now + timedelta(days=15)
    assert working_copy_of(ward.database, ward.actor, ward.subject, ward.visit, at=late) is None
    assert purge_working_copies(ward.database, at=late) >= 1
    keep_working_copy(ward.database, ward.actor, ward.subject, ward.visit, content, revision=3, at=ward.now)
    drop_working_copy(ward.database, ward.actor, ward.visit)
    assert working_copies(ward.database, ward.actor, ward.subject, at=ward.now) == ()
    ward.save(FormData({"v_text": "saved"}), key="page 1")
    late = keep_working_copy(
        ward.database, ward.actor, ward.subject, ward.visit, content, revision=0, at=ward.now, page="page 1"
    )
    assert not late
    assert working_copies(ward.database, ward.actor, ward.subject, at=ward.now) == ()
    stranger = new_ward()
    with pytest.raises(errors.NotVisible):
        keep_working_copy(ward.database, stranger.actor, ward.subject, ward.visit, content, revision=3, at=ward.now)


def test_one_person_is_not_saved_twice_in_whatever_registry(new_ward, small):
    first, second = new_ward(), new_ward()
    number = f"{10**10 + first.subject}"
    first.save(FormData({"pesel": number}), first.person)
    other = small.SmallRegistry(small.replace(small.REGISTRY.model, registry="third"))
    actor = small.replace(second.actor, registry="third")
    new = register_subject(second.database, actor, prefix="THR", at=second.now)
    request = small.replace(
        second.request(FormData({"pesel": number}), Place(new.patient, "person")), subject=new.subject, actor=actor
    )  # fmt: skip
    with pytest.raises(errors.KnownPerson):
        save_form(second.database, other, request, small.RULES)
    withdraw(  # who is withdrawn here is somebody there all the same
        first.database, small.REGISTRY, small.RULES, Deed(first.subject, first.actor, first.now, "x"), Target()
    )  # fmt: skip
    with pytest.raises(errors.KnownPerson):
        save_form(second.database, other, request, small.RULES)
    second.save(FormData({"pesel": number}), second.person)


ONE = Person("Nowak", "1949-03-02", "49030200112")


@pytest.mark.parametrize(
    ("other", "two"),
    [
        (ONE, False),
        (Person("Nowak", "1949-03-02", "49030200211"), True),
        (Person("Nowak", "1949-03-02", "49030200113"), False),  # a slip of the pen: the check digit is wrong
        (Person("Kowal", "1950-01-01", "49030200112"), False),  # the same number
        (Person("Kowal", "1950-01-01"), True),
        (Person("NOWAK ", "1950-01-01"), False),
        (Person("Kowal", "1949-03-02"), False),
        (Person("", "1950-01-01"), False),
        (Person("Kowal"), False),
    ],
)
def test_two_people_are_told_from_two_records_of_one(other, two):
    assert are_two(ONE, other) is are_two(other, ONE) is two
