"""People come by invitation, get and lose roles, ask for them; links work once; the second factor and locked sessions."""

from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from storage import errors
from storage.accounts import (
    close_account,
    create_account,
    create_site,
    find_account,
    memberships,
    session_account,
    sign_in,
)
from storage.hospitals import Change, add_unit, end_unit
from storage.invitations import (
    GRANTED,
    accept_invitation,
    ask_access,
    ask_reset,
    decide_request,
    find_invitation,
    invite,
    open_invitations,
    open_requests,
    requests_of,
    reset_password,
    withdraw_invitation,
)
from storage.mail import MOST_TRIES, Mail, send_due
from storage.people import Scope, end_role, give_role, lift_lockout, list_people, load_person
from storage.second_factor import end_second_factor, set_up_second_factor, time_code
from storage.sessions import (
    change_password,
    end_sessions,
    list_sessions,
    lock_session,
    locked_sessions,
    pass_code,
    set_pin,
    unlock_session,
)

PASSWORD = "correct horse battery"
NEW = "another long password"
NUMBERS = count()
# RFC 6238, appendix B, SHA-1: seconds and codes of eight digits
VECTORS = {
    59: "94287082", 1111111109: "07081804", 1111111111: "14050471", 1234567890: "89005924", 2000000000: "69279037",
    20000000000: "65353130",
}  # fmt: skip


@pytest.fixture
def scope(database, small):
    return Scope("small", create_site(database, f"people{next(NUMBERS)}", "Szpital", who="office", at=small.NOW))


@pytest.fixture
def change(small):
    return Change("Olga", small.NOW, "umowa 7")


@pytest.fixture
def person(database, small):
    """A new account: its id and login."""
    login = f"anna{next(NUMBERS)}@szpital.example"
    return create_account(database, login, "Anna Żuk", PASSWORD, who="office", at=small.NOW), login


def letter(token, *_):
    return Mail("invitation", "anna@szpital.example", "Zaproszenie", f"https://krm.example/invitation/{token}")


def outbox(database, at):
    """All mail that is due, delivered."""
    got: list[Mail] = []
    send_due(database, got.append, lambda: at, OSError)
    return got


@pytest.mark.parametrize("seconds", VECTORS)
def test_codes_are_those_of_the_rfc(seconds):
    assert time_code(b"12345678901234567890", seconds // 30, 8) == VECTORS[seconds]


def test_an_invitation_makes_an_account_once(database, scope, change, small):
    email = f"Nowa.{scope.site}@Szpital.example"
    token = invite(database, scope, email, "entry", change, letter, inviter=1)
    (mail,) = outbox(database, small.NOW)
    assert token in mail.text
    with database.read() as connection:
        kept = str(connection.exec_driver_sql("SELECT * FROM invitation").all())
        kept += str(connection.exec_driver_sql("SELECT * FROM mail").all())
    assert token not in kept
    assert [each.email for each in open_invitations(database, scope, at=small.NOW)] == [email.casefold()]
    with pytest.raises(ValueError, match="at least 12"):
        accept_invitation(database, token, "Nowa", "short", "pl", at=small.NOW)
    accept_invitation(database, token, "Nowa Osoba", PASSWORD, "en", at=small.NOW)
    account = find_account(database, email)
    assert (account.name, account.language) == ("Nowa Osoba", "en")
    assert [(one.role, one.site) for one in memberships(database, account.id, at=small.NOW)] == [("entry", scope.site)]
    with pytest.raises(errors.NotFound):
        accept_invitation(database, token, "Ktoś inny", PASSWORD, "pl", at=small.NOW)
    with pytest.raises(errors.Taken):
        invite(database, scope, email, "entry", change, letter, inviter=1)


def test_a_link_that_is_over_withdrawn_or_made_up_leads_nowhere(database, scope, change, small):
    old, withdrawn = (
        invite(database, scope, f"x{next(NUMBERS)}@a.example", "entry", change, letter, inviter=1) for _ in range(2)
    )
    number = open_invitations(database, scope, at=small.NOW)[0].id
    with pytest.raises(errors.NotFound):
        withdraw_invitation(database, Scope("small", 10**9), number, change)
    withdraw_invitation(database, scope, number, change)
    for token, at in ((old, small.NOW + timedelta(days=8)), (withdrawn, small.NOW), ("made up", small.NOW)):
        with pytest.raises(errors.NotFound):
            find_invitation(database, token, at=at)
    outbox(database, small.NOW)


def test_a_role_that_ends_counts_for_nothing_a_moment_later(database, scope, change, person, small):
    give_role(database, scope, person[0], "entry", change)
    with pytest.raises(errors.Taken):
        give_role(database, scope, person[0], "entry", change)
    (role,) = load_person(database, scope, person[0], at=small.NOW).roles
    for wrong in ((Scope("small", 10**9), {"entry"}), (scope, {"reader"})):
        with pytest.raises(errors.NotFound):
            end_role(database, wrong[0], role.id, wrong[1], change)
    assert memberships(database, person[0], at=small.NOW)
    end_role(database, scope, role.id, {"entry"}, change)
    assert memberships(database, person[0], at=small.NOW) == ()


def test_a_role_for_one_unit_ends_with_the_unit(database, scope, change, person, small):
    unit = add_unit(database, scope.site, "1", "Blok", change)
    with pytest.raises(errors.NotFound):
        give_role(database, scope, person[0], "entry", change, unit_id=unit + 1000)
    give_role(database, scope, person[0], "entry", change, unit_id=unit)
    assert load_person(database, scope, person[0], at=small.NOW).roles[0].unit_name == "Blok"
    end_unit(database, scope.site, unit, change)
    assert memberships(database, person[0], at=small.NOW) == ()


def test_people_of_others_look_like_nobody(database, scope, change, person, small):
    with pytest.raises(errors.NotFound):
        load_person(database, scope, person[0], at=small.NOW)
    give_role(database, scope, person[0], "entry", change)
    with database.counted() as sent:
        found = list_people(database, scope, at=small.NOW, text="ZUK")
    assert len(sent) == 1
    assert [each.account for each in found.people] == [person[0]]
    assert list_people(database, Scope("other", None), at=small.NOW).total == 0


def test_a_request_is_asked_once_and_decided_by_who_may_give(database, scope, change, person, small):
    ask_access(database, person[0], scope, "entry", "nowa pracownica", change)
    with pytest.raises(errors.Taken):
        ask_access(database, person[0], scope, "entry", "jeszcze raz", change)
    (asked,) = open_requests(database, scope)
    with pytest.raises(errors.NotFound):
        decide_request(database, scope, asked.id, {"reader"}, change, grant=True, write=lambda _: None)
    decide_request(database, scope, asked.id, {"entry"}, change, grant=True, write=lambda each: letter(each.role))
    assert [one.role for one in memberships(database, person[0], at=small.NOW)] == ["entry"]
    assert [(each.granted, each.answer) for each in requests_of(database, person[0])] == [(True, "umowa 7")]
    with pytest.raises(errors.DecidedMeanwhile) as second:
        decide_request(database, scope, asked.id, {"entry"}, change, grant=False, write=lambda _: None)
    assert (second.value.who, second.value.decision) == ("Olga", GRANTED)
    with pytest.raises(errors.NotFound):
        decide_request(database, scope, asked.id, {"reader"}, change, grant=False, write=lambda _: None)
    assert len(outbox(database, small.NOW)) == 1


def test_a_reset_works_once_soon_and_ends_all_sessions(database, person, small):
    account, login = person
    tokens: list[str] = []

    def write(token, language):
        tokens.append(token)
        return letter(token)

    session = sign_in(database, login, PASSWORD, at=small.NOW)
    for name in (login.upper(), login, "nobody@szpital.example"):  # the second comes too soon
        ask_reset(database, name, write, at=small.NOW)
    assert len(tokens) == len(outbox(database, small.NOW)) == 1
    with pytest.raises(errors.NotFound):
        reset_password(database, tokens[0], NEW, at=small.NOW + timedelta(minutes=31))
    reset_password(database, tokens[0], NEW, at=small.NOW)
    assert session_account(database, session, at=small.NOW) is None
    assert sign_in(database, login, NEW, at=small.NOW)
    with pytest.raises(errors.NotFound):
        reset_password(database, tokens[0], PASSWORD, at=small.NOW)
    close_account(database, account, who="office", at=small.NOW)
    ask_reset(database, login, write, at=small.NOW + timedelta(hours=1))
    assert len(tokens) == 1


def test_mail_that_fails_is_tried_again_and_forgotten_at_last(database, scope, change, small):
    invite(database, scope, f"x{next(NUMBERS)}@a.example", "entry", change, letter, inviter=1)

    def refuse(_):
        raise OSError

    times = [small.NOW]
    for tries in range(MOST_TRIES):
        sent = send_due(database, refuse, lambda: times[-1], OSError)
        assert (sent.sent, sent.failed) == (0, 1), tries
        assert send_due(database, refuse, lambda: times[-1], OSError).failed == 0  # not at once
        times.append(times[-1] + timedelta(minutes=1) * 2**tries)
    with database.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM mail WHERE content IS NOT NULL").scalar() == 0


SECRET = b"12345678901234567890"
START = datetime(2025, 3, 17, 9, 10, tzinfo=UTC)


def code_at(at):
    return time_code(SECRET, int(at.timestamp()) // 30)


@pytest.fixture
def careful(database, person):
    """An account with a second factor: its id, login and recovery codes."""
    with pytest.raises(errors.BadCredentials):
        set_up_second_factor(database, person[0], SECRET, "000000", who="Anna", at=START)
    codes = set_up_second_factor(database, person[0], SECRET, code_at(START), who="Anna", at=START)
    return (*person, codes)


def test_a_session_opens_with_a_code_that_is_taken_once(database, careful):
    _, login, codes = careful
    at = START + timedelta(minutes=2)
    token, other = (sign_in(database, login, PASSWORD, at=at) for _ in range(2))
    assert session_account(database, token, at=at) is None
    with pytest.raises(errors.BadCredentials):
        pass_code(database, token, code_at(START), at=at)  # the one of the set-up
    pass_code(database, token, f" {code_at(at)[:3]} {code_at(at)[3:]} ", at=at)
    account = session_account(database, token, at=at)
    assert account is not None
    assert account.second_factor
    with pytest.raises(errors.BadCredentials):
        pass_code(database, other, code_at(at), at=at)  # a replay
    pass_code(database, other, codes[0].upper(), at=at)
    with pytest.raises(errors.NotFound):
        pass_code(database, other, codes[1], at=at)  # it is open already
    third = sign_in(database, login, PASSWORD, at=at)
    with pytest.raises(errors.BadCredentials):
        pass_code(database, third, codes[0], at=at)
    with pytest.raises(errors.NotFound):
        pass_code(database, third, codes[1], at=at + timedelta(minutes=11))
    with database.read() as connection:
        stored = str(connection.exec_driver_sql("SELECT * FROM recovery_code").all())
        stored += str(connection.exec_driver_sql("SELECT second_factor FROM account").all())
    assert SECRET.decode() not in stored
    assert codes[1] not in stored


def test_wrong_codes_lock_and_an_administrator_lifts_it(database, careful, scope, change):
    account, login, codes = careful
    give_role(database, scope, account, "entry", change)
    token = sign_in(database, login, PASSWORD, at=START)
    for _ in range(5):
        with pytest.raises(errors.BadCredentials):
            pass_code(database, token, "000000", at=START)
    with pytest.raises(errors.LockedOut):
        pass_code(database, token, codes[0], at=START)
    locked = load_person(database, scope, account, at=START)
    assert locked.locked_until is not None
    lift_lockout(database, locked, change)
    assert load_person(database, scope, account, at=START).locked_until is None
    pass_code(database, token, codes[0], at=START)
    end_second_factor(database, account, who="Olga", at=START, reason="zgubiony telefon")
    assert session_account(database, sign_in(database, login, PASSWORD, at=START), at=START)


def test_a_locked_session_waits_for_its_person(database, person, small):
    account, login = person
    at = small.NOW
    token = sign_in(database, login, PASSWORD, at=at)
    for pin in (
        "12345",
        "1234567890123",
        "12a456",
        "111111",
        "１２３４５６",
        "123456",
        "987654",
        "678901234",
        "210987",
    ):
        with pytest.raises(ValueError, match="PIN"):
            set_pin(database, account, pin, who="Anna", at=at)
    set_pin(database, account, "824671", who="Anna", at=at)
    lock_session(database, token)
    assert session_account(database, token, at=at) is None
    assert [(one.name, one.has_pin) for one in locked_sessions(database, [token, "x"], at=at).values()] == [
        ("Anna Żuk", True)
    ]
    with pytest.raises(errors.BadCredentials):
        unlock_session(database, token, "000000", at=at)
    unlock_session(database, token, "824671", at=at + timedelta(hours=2))
    assert session_account(database, token, at=at + timedelta(hours=2))
    lock_session(database, token)
    for _ in range(2):
        with pytest.raises(errors.BadCredentials):
            unlock_session(database, token, "000000", at=at)
    with pytest.raises(errors.NotFound):
        unlock_session(database, token, "000000", at=at)
    with pytest.raises(errors.NotFound):
        unlock_session(database, token, PASSWORD, at=at)
    with pytest.raises(errors.BadCredentials):
        sign_in(database, login, "824671", at=at)  # a PIN is no password


def test_sessions_are_listed_and_ended_one_by_one_or_all(database, person, small):
    account, login = person
    own, *others = (sign_in(database, login, PASSWORD, at=small.NOW) for _ in range(3))
    lines = list_sessions(database, account, own, at=small.NOW)
    assert sum(line.current for line in lines) == 1
    mark = next(line.mark for line in lines if not line.current)
    assert end_sessions(database, account, who="Anna", at=small.NOW, mark=mark) == 1
    assert end_sessions(database, account, who="Anna", at=small.NOW, keep=own) == 1
    assert session_account(database, own, at=small.NOW)
    assert not any(session_account(database, each, at=small.NOW) for each in others)
    with pytest.raises(errors.BadCredentials):
        change_password(database, account, "wrong", NEW, at=small.NOW)
    new = change_password(database, account, PASSWORD, NEW, at=small.NOW)
    assert session_account(database, own, at=small.NOW) is None
    assert session_account(database, new, at=small.NOW)
