"""How one signs in, and what protects it: weak passwords, changes that ask for the password, notices, sessions."""

import hashlib
import re
from dataclasses import replace
from datetime import timedelta

import pytest

from storage.accounts import MOST_SESSIONS, add_membership, create_account, find_account, session_account, sign_in
from storage.database import open_database
from storage.invitations import ask_reset, reset_password
from storage.keys import derive_keys
from storage.mail import Mail, send_due
from storage.second_factor import set_up_second_factor, time_code
from storage.sessions import waiting_for_code
from storage.tables import METADATA
from storage.upgrading import upgrade
from web.passwords import WORDS_OF_THIS_PLACE, Weakness, is_leaked, weakness_of
from web.settings import SettingsError, read_settings
from web.workspace import EXTENSION

PASSWORD = "correct horse battery"
NEW = "another long password"


@pytest.fixture
def mailing(quick_world):
    """The world with mail; call the second for the messages that waited."""
    space = quick_world.space
    settings = replace(
        space.settings, smtp="smtp://127.0.0.1:9", mail_from="krm@krm.example", public_url="https://krm.example"
    )
    quick_world.app.extensions[EXTENSION] = replace(space, settings=settings)
    got: list[Mail] = []

    def waiting():
        got.clear()
        send_due(space.database, got.append, space.settings.clock, OSError)
        return [(mail.kind, mail.to, mail.text) for mail in got]

    waiting()
    yield waiting
    quick_world.app.extensions[EXTENSION] = space


@pytest.fixture
def person(quick_world):
    """A new person with an address, signed in; the browser and the login."""
    numbers = iter(range(10**6))
    login = f"person{next(numbers)}.{len(quick_world.audit('account'))}@szpital.example"
    database, at = quick_world.space.database, quick_world.clock()
    account = create_account(database, login, "Marta Sikora", PASSWORD, who="office", at=at)
    role = {"site_id": quick_world.sites[0], "who": "office", "at": at}
    add_membership(database, account, "lead_extraction", "reader", **role)
    return quick_world.browser(login).get("/account"), login


# Which passwords are taken

WEAK = [
    *("short", "x" * 11),
    *("123456789012", "aaaaaaaaaaaa", "qwertyuiop12", "password1234", "Password2025!", "iloveyouforever", "1qaz2wsx3edc"),
    *("zaq12wsxcde3", "polskapolska", "KochamMisiek1", "Wiosna2025!!", "Szpital2025!!", "ecrfregistry1", "haslohaslo12", "mojehaslo123"),
    *("Październik25", "ŻŻŻŻŻŻŻŻŻŻŻŻ", "MartaSikora12", "sikora.marta1", "m.sikora@szpital"),
]  # fmt: skip
STRONG = [
    PASSWORD,
    NEW,
    "only small letters and blanks ",
    "koń, bateria, zszywka",
    "8fJq2-vTz91L",
    "zorza-kasztan-4821",
    "ż1" * 9 + "kwiat dąb",
]


@pytest.mark.parametrize("password", WEAK)
def test_a_password_that_is_easily_guessed_is_refused(password):
    assert weakness_of(password, ("m.sikora@szpital.example", "Marta Sikora"))


@pytest.mark.parametrize("password", STRONG)
def test_a_password_of_plain_words_is_taken(password):
    assert weakness_of(password, ("m.sikora@szpital.example", "Marta Sikora")) is None


def test_the_most_usual_passwords_are_refused():
    """Of thirty thousand usual ones, all that are long enough; and what is made of the others to be long enough."""
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    usual = FREQUENCY_LISTS["passwords"]
    long_ones = [each for each in usual if len(each) >= 12]
    longer = [
        text for each in usual[:1000] for text in (each + "1234567890"[: 12 - len(each)], each * 3) if len(text) >= 12
    ]
    assert len(long_ones) > 200
    assert len({*long_ones, *longer}) > 1000
    assert [each for each in (*long_ones, *longer) if not weakness_of(each)] == []


@pytest.mark.parametrize("word", [word for word in WORDS_OF_THIS_PLACE if len(word) > 2])
def test_words_of_this_place_are_no_passwords(word):
    for password in (f"{word}{word}{word}{word}"[: max(12, 2 * len(word))], f"{word.title()}2025!!!!"):
        assert len(password) < 12 or weakness_of(password) is Weakness.USUAL, password


@pytest.fixture(scope="module")
def leaked(tmp_path_factory):
    """A file as they are published, with a thousand passwords."""
    words = [f"some leaked password {number}" for number in range(1000)]
    lines = sorted(
        f"{hashlib.sha1(word.encode(), usedforsecurity=False).hexdigest().upper()}:{len(word)}" for word in words
    )
    file = tmp_path_factory.mktemp("leaked") / "passwords.txt"
    file.write_text("\r\n".join(lines) + "\r\n", "ascii")
    return file, words


def test_leaked_passwords_are_refused(leaked):
    file, words = leaked
    assert all(is_leaked(file, word) for word in words)
    assert not any(is_leaked(file, f"{word}!") for word in words)
    assert weakness_of(words[7], leaked=file) is Weakness.LEAKED
    assert weakness_of(PASSWORD, leaked=file) is None


def test_a_leaked_password_is_refused_on_the_page(quick_world, person, leaked):
    (browser, _), (file, words), space = person, leaked, quick_world.space
    quick_world.app.extensions[EXTENSION] = replace(space, settings=replace(space.settings, leaked_passwords=file))
    browser.post({"old": PASSWORD, "password": words[1], "again": words[1]}, "/account/password")
    quick_world.app.extensions[EXTENSION] = space
    assert (browser.status, "które wyciekły" in browser.text) == (422, True)


@pytest.mark.parametrize("content", [b"", b"password\n", None])
def test_a_list_of_leaked_passwords_that_is_none_is_told_at_the_start(tmp_path, content):
    key, file = tmp_path / "key", tmp_path / "list"
    key.touch()
    if content is not None:
        file.write_bytes(content)
    given = {"ECRF_DATABASE_URL": "sqlite://", "ECRF_SECRET": "s" * 40, "ECRF_MASTER_KEY_FILE": str(key)}
    given["ECRF_DEFINITIONS"] = str(tmp_path)
    with pytest.raises(SettingsError, match="ECRF_LEAKED_PASSWORDS"):
        read_settings({**given, "ECRF_LEAKED_PASSWORDS": str(file)})


# Changes ask for the password, and are told


def test_a_new_password_asks_for_the_old_one_and_is_told(quick_world, mailing, person):
    browser, login = person
    browser.post({"old": "wrong horse battery", "password": NEW, "again": NEW}, "/account/password")
    assert "Obecne hasło się nie zgadza" in browser.text
    assert mailing() == []
    assert quick_world.audit("password_refused")
    browser.get("/account").post({"password": NEW, "again": NEW}, "/account/password")
    assert "Obecne hasło się nie zgadza" in browser.text
    assert quick_world.browser(login)  # the old one still counts
    browser.get("/account").post({"old": PASSWORD, "password": NEW, "again": NEW}, "/account/password")
    assert "Hasło zmieniono" in browser.text
    ((kind, to, text),) = mailing()
    assert (kind, to, "zmieniono hasło" in text, "https://krm.example/password" in text) == (
        "changed",
        login,
        True,
        True,
    )
    assert NEW not in text


CHANGES = [
    ("/pin", {"pin": "824671"}),
    ("/sessions/end", {}),
    ("/second-factor/end", {}),
    ("/second-factor", {"code": "1"}),
]


@pytest.mark.parametrize("current", ["", "wrong horse battery"])
@pytest.mark.parametrize(("address", "fields"), CHANGES)
def test_changes_of_how_one_signs_in_ask_for_the_password(quick_world, person, address, fields, current):
    browser, login = person
    other, account = quick_world.browser(login), find_account(quick_world.space.database, login).id
    if address == "/second-factor/end":
        with_factor(quick_world, account)
    browser.get("/account/second-factor" if address == "/second-factor" else "/account")
    before, refused = state_of(quick_world, account), len(quick_world.audit("confirm_refused"))
    browser.post({**fields, "current": current}, address)
    assert (browser.status, "Obecne hasło się nie zgadza" in browser.text) == (422, True)
    assert state_of(quick_world, account) == before
    assert other.get("/account").address == "/account"
    assert len(quick_world.audit("confirm_refused")) == refused + 1


def with_factor(world, account):
    secret, at = b"12345678901234567890", world.clock.now
    return secret, set_up_second_factor(
        world.space.database, account, secret, time_code(secret, int(at.timestamp()) // 30), who="x", at=at
    )


def state_of(world, account):
    with world.space.database.read() as connection:
        row = "SELECT password_hash, second_factor, pin_hash FROM account WHERE id = ?"
        return connection.exec_driver_sql(row, (account,)).one()


def test_guessing_the_password_of_an_open_session_is_locked(quick_world, person):
    browser, _ = person
    for _ in range(5):
        browser.get("/account").post({"pin": "824671", "current": "wrong horse battery"}, "/pin")
    browser.get("/account").post({"pin": "824671", "current": PASSWORD}, "/pin")
    assert "Za dużo nieudanych prób" in browser.text


@pytest.mark.parametrize(("language", "told"), [("pl", "nie po kolei"), ("en", "not in a row")])
def test_a_pin_that_runs_up_or_down_is_refused(person, language, told):
    browser, _ = person
    browser.get(f"/account?language={language}")
    for pin in ("123456", "987654"):
        browser.get("/account").post({"pin": pin, "current": PASSWORD}, "/pin")
        assert told in browser.text, pin


def test_a_second_factor_that_is_set_up_or_ended_is_told(quick_world, mailing, person):
    browser, login = person
    text = browser.get("/account/second-factor").text
    from base64 import b32decode

    (shown,) = re.findall(r"<code>([A-Z2-7 ]+)</code>", text)
    secret = b32decode(shown.replace(" ", "") + "=" * (-len(shown.replace(" ", "")) % 8))
    code = time_code(secret, int(quick_world.clock.now.timestamp()) // 30)
    browser.post({"code": code, "current": PASSWORD}, "/second-factor")
    ((_, to, text),) = mailing()
    assert (to, "drugi składnik" in text) == (login, True)
    browser.get("/account").post({"current": PASSWORD}, "/second-factor/end")
    ((_, to, text),) = mailing()
    assert (to, "wyłączono drugi składnik" in text) == (login, True)


# Secrets, and how long things last


def test_recovery_codes_are_long_random_and_kept_as_hashes(quick_world):
    database, at = quick_world.space.database, quick_world.clock.now
    account = create_account(database, f"codes{at.timestamp()}", "Codes", PASSWORD, who="x", at=at)
    _, codes = with_factor(quick_world, account)
    letters = {letter for code in codes for letter in code.replace("-", "")}
    assert len(set(codes)) == len(codes) == 10
    assert {len(code.replace("-", "")) for code in codes} == {24}  # of 31 letters: 118 bits
    assert len(letters) > 25
    with database.read() as connection:
        kept = str(connection.exec_driver_sql("SELECT * FROM recovery_code").all())
    assert not any(code in kept or code.replace("-", "") in kept for code in codes)


def test_a_forgotten_password_leaves_the_second_factor_in_force(quick_world):
    database, at = quick_world.space.database, quick_world.clock.now
    login = f"forgot{at.timestamp()}@szpital.example"
    account = create_account(database, login, "Forgot", PASSWORD, who="x", at=at)
    with_factor(quick_world, account)
    tokens = []

    def write(token, _):
        tokens.append(token)
        return Mail("reset", login, "x", "x")

    ask_reset(database, login, write, at=at)
    reset_password(database, tokens[0], NEW, at=at)
    token = sign_in(database, login, NEW, at=at)
    assert session_account(database, token, at=at) is None
    assert waiting_for_code(database, token, at=at) == account


def test_a_password_lasts_for_years(quick_world):
    database, at = quick_world.space.database, quick_world.clock.now
    login = f"old{at.timestamp()}"
    create_account(database, login, "Old", PASSWORD, who="x", at=at)
    assert sign_in(database, login, PASSWORD, at=at + timedelta(days=10 * 365))


def test_one_session_too_many_ends_the_one_that_rested_longest(quick_world):
    database, at = quick_world.space.database, quick_world.clock.now
    login = f"many{at.timestamp()}"
    create_account(database, login, "Many", PASSWORD, who="x", at=at)
    step = timedelta(seconds=1)
    tokens = [sign_in(database, login, PASSWORD, at=at + step * number) for number in range(MOST_SESSIONS + 2)]
    live = [session_account(database, token, at=at + step * 60) is not None for token in tokens]
    assert live == [False, False] + [True] * MOST_SESSIONS


def test_nobody_is_there_at_the_beginning(new_sqlite):
    database = open_database(new_sqlite(tables=False), derive_keys(b"k" * 32))
    upgrade(database)
    with database.read() as connection:
        filled = [
            table.name for table in METADATA.sorted_tables
            if connection.exec_driver_sql(f"SELECT count(*) FROM {table.name}").scalar()
        ]  # fmt: skip
    database.close()
    assert not {"account", "membership", "session", "site"} & set(filled)


def test_doors_ask_for_nothing_but_secrets(quick_world, mailing):
    """No questions whose answers others know: the fields of each door are these."""
    fields = {"/sign-in": {"login", "password", "next"}, "/password": {"email"}}
    for address, wanted in fields.items():
        forms = [fields for _, fields in quick_world.browser().get(address).forms()]
        assert wanted in [{name for name, _ in form} - {"csrf_token"} for form in forms], forms


def test_every_way_in_is_known():
    """What opens a session: the password, the code after it, a locked session, a new password, and coming to train."""
    from tests.test_safe_code import calls

    openers: dict[str, set[str]] = {
        name: set() for name in ("open_session", "admit", "sign_in", "pass_code", "unlock_session", "change_password")
    }
    for place, name, _ in calls("web", "storage", "cli"):
        if name in openers:
            openers[name].add(place.partition(":")[0])
    assert openers == {
        "open_session": {"storage/accounts.py", "storage/sessions.py", "web/accounts.py", "web/doors.py", "web/own.py"},
        "sign_in": {"web/accounts.py"},
        "pass_code": {"web/doors.py"},
        "unlock_session": {"web/doors.py"},
        "change_password": {"web/own.py"},
        "admit": {"web/training/people.py"},
    }  # fmt: skip
