import traceback
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import DBAPIError

from storage import errors
from storage.accounts import (
    add_membership,
    close_account,
    create_account,
    create_site,
    end_membership,
    find_account,
    memberships,
    purge_sessions,
    session_account,
    set_language,
    set_password,
    sign_in,
    sign_out,
    sites,
)
from storage.session_notes import leave_note, purge_notes, read_note, take_note
from storage.tables import account

PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def new_login(database, small):
    count = iter(range(1000))

    def create():
        login = f"Anna.{next(count)}@szpital.pl"
        create_account(database, login, "Anna", PASSWORD, who="office", at=small.NOW)
        return login

    return create


def test_a_session_lasts_while_it_is_used(database, new_login, small):
    login, now = new_login(), small.NOW
    token = sign_in(database, f" {login.upper()} ", PASSWORD, at=now, address="10.0.0.1")
    found = session_account(database, token, at=now)
    assert found is not None
    assert found.login == login.casefold()
    for minutes in range(20, 700, 20):
        assert session_account(database, token, at=now + timedelta(minutes=minutes))
    assert session_account(database, token, at=now + timedelta(hours=13)) is None
    token = sign_in(database, login, PASSWORD, at=now)
    assert session_account(database, token, at=now + timedelta(minutes=31)) is None
    assert session_account(database, "nonsense", at=now) is None
    sign_out(database, token)
    assert session_account(database, token, at=now) is None
    assert purge_sessions(database, at=now + timedelta(days=1)) >= 1


def test_a_session_notes_things_for_itself_for_a_while(database, new_login, small):
    login, now = new_login(), small.NOW
    token, other = (sign_in(database, login, PASSWORD, at=now) for _ in range(2))
    name = leave_note(database, token, ["Nowak"], at=now)
    assert read_note(database, token, name, at=now + timedelta(minutes=59)) == ["Nowak"]
    assert read_note(database, other, name, at=now) is None
    assert read_note(database, token, name, at=now + timedelta(minutes=61)) is None
    with database.read() as connection:
        kept = [bytes(row) for row in connection.exec_driver_sql("SELECT ciphertext FROM session_note").scalars()]
        assert kept
        assert b"Nowak" not in b"".join(kept)
    assert take_note(database, token, name, at=now) == ["Nowak"]
    assert take_note(database, token, name, at=now) is None
    old, new = (leave_note(database, token, minutes, at=now + timedelta(minutes=minutes)) for minutes in (0, 30))
    assert purge_notes(database, at=now + timedelta(minutes=60)) >= 1
    assert [read_note(database, token, each, at=now) for each in (old, new)] == [None, 30]
    sign_out(database, token)
    assert take_note(database, token, leave_note(database, token, "late", at=now), at=now) is None


def test_wrong_passwords_unknown_logins_and_closed_accounts_look_the_same(database, new_login, small):
    login = new_login()
    close_account(database, find_account(database, login).id, who="office", at=small.NOW)
    for name, password in ((new_login(), "wrong"), ("nobody", PASSWORD), (login, PASSWORD)):
        with pytest.raises(errors.BadCredentials):
            sign_in(database, name, password, at=small.NOW)


def test_an_account_is_locked_after_five_failures(database, new_login, small):
    login, now = new_login(), small.NOW
    for _ in range(5):
        with pytest.raises(errors.BadCredentials):
            sign_in(database, login, "wrong", at=now)
    with pytest.raises(errors.LockedOut) as caught:
        sign_in(database, login, PASSWORD, at=now)
    assert caught.value.until == now + timedelta(minutes=1)
    assert sign_in(database, login, PASSWORD, at=now + timedelta(minutes=1))
    with pytest.raises(errors.BadCredentials):  # success forgets the failures
        sign_in(database, login, "wrong", at=now + timedelta(minutes=1))


FRIEND, FOE = "192.0.2.1", "192.0.2.2"


def fail(database, at, address, times=1, most=4):
    """Wrong passwords of ever new logins: no account is locked."""
    for number in range(times):
        with pytest.raises(errors.BadCredentials):
            sign_in(database, f"nobody{number}@{at}", "wrong", at=at, address=address, address_failures=most)


def test_an_address_is_locked_until_the_end_of_its_quarter_of_an_hour(database, new_login, small):
    login, now = new_login(), datetime(2025, 3, 18, 9, 16, tzinfo=UTC)
    fail(database, now, FOE, 3)
    assert sign_in(database, login, PASSWORD, at=now, address=FOE, address_failures=4)
    fail(database, now, FOE)  # a success has not wiped the others out
    with pytest.raises(errors.LockedOut) as caught:
        sign_in(database, login, PASSWORD, at=now, address=FOE, address_failures=4)
    assert caught.value.until == now + timedelta(minutes=14)
    assert sign_in(database, login, PASSWORD, at=now, address=FRIEND, address_failures=4)
    assert sign_in(database, login, PASSWORD, at=now + timedelta(minutes=14), address=FOE, address_failures=4)


def test_failures_of_an_address_in_different_quarters_do_not_add_up(database, new_login):
    for quarter in range(3):
        fail(database, datetime(2025, 3, 19, 9, 15 * quarter, tzinfo=UTC), FOE, 3)
    at = datetime(2025, 3, 19, 9, 44, tzinfo=UTC)
    assert sign_in(database, new_login(), PASSWORD, at=at, address=FOE, address_failures=4)


def test_a_whole_network_of_ipv6_counts_as_one_address(database, new_login):
    now = datetime(2025, 3, 20, 9, 0, tzinfo=UTC)
    for number in range(4):
        fail(database, now, f"2001:db8::{number}")
    with pytest.raises(errors.LockedOut):
        sign_in(database, new_login(), PASSWORD, at=now, address="2001:db8::ffff", address_failures=4)
    assert sign_in(database, new_login(), PASSWORD, at=now, address="2001:db8:0:1::1", address_failures=4)


def test_counters_are_forgotten_after_a_day(database, new_login):
    now = datetime(2025, 3, 21, 9, 0, tzinfo=UTC)
    fail(database, now, FOE)
    fail(database, now + timedelta(days=1, seconds=1), FRIEND)
    with database.read() as connection:
        keys = connection.exec_driver_sql("SELECT key FROM attempt").scalars().all()
    assert not any(FOE in key for key in keys)
    assert any(FRIEND in key for key in keys)


def test_a_new_password_ends_all_sessions(database, new_login, small):
    login = new_login()
    token = sign_in(database, login, PASSWORD, at=small.NOW)
    account = find_account(database, login).id
    set_password(database, account, "another long password", who="office", at=small.NOW)
    assert session_account(database, token, at=small.NOW) is None
    with pytest.raises(ValueError, match="at least 12"):
        set_password(database, account, "short", who="office", at=small.NOW)
    with pytest.raises(errors.NotFound):
        set_password(database, 10**9, PASSWORD, who="office", at=small.NOW)


def test_passwords_and_tokens_are_stored_as_hashes(database, new_login, small):
    token = sign_in(database, new_login(), PASSWORD, at=small.NOW)
    with database.read() as connection:
        stored = str(connection.exec_driver_sql("SELECT * FROM account").all())
        stored += str(connection.exec_driver_sql("SELECT * FROM session").all())
    assert "$argon2id$" in stored
    assert PASSWORD not in stored
    assert token not in stored


def test_roles_are_per_site_and_registry_and_end(database, new_login, small):
    account = find_account(database, new_login()).id
    site = create_site(database, "z1", "Zalesie", who="office", at=small.NOW)
    for where, role in ((site, "entry"), (None, "keeper")):
        add_membership(database, account, "small", role, site_id=where, who="office", at=small.NOW)
    found = memberships(database, account, at=small.NOW)
    assert [(one.site, one.site_name, one.role) for one in found] == [(site, "Zalesie", "entry"), (None, "", "keeper")]
    later = small.NOW + timedelta(days=1)
    end_membership(database, account, "small", "keeper", site_id=None, who="office", at=later)
    assert [one.role for one in memberships(database, account, at=later)] == ["entry"]
    assert ("z1", "Zalesie") in {(one.code, one.name) for one in sites(database)}
    set_language(database, account, "en")


@pytest.mark.parametrize("broken", [{}, {"login": "eve", "name": None}], ids=["taken", "not whole"])
def test_what_a_database_refuses_does_not_show_values(database, new_login, small, broken):
    row = {
        "login": new_login().casefold(), "password_hash": "a secret", "name": "Anna", "language": "pl", "created_at": small.NOW,
    }  # fmt: skip
    with database.write() as connection, pytest.raises(DBAPIError) as refused:
        connection.execute(insert(account), {**row, **broken})
    told = "".join(traceback.format_exception(refused.value))
    assert "account" in told
    assert "a secret" not in told
    assert row["login"] not in told
