"""A limit to what one person, or one address, may ask for: nobody tries numbers, floods mailboxes or fills the database."""

from dataclasses import replace
from datetime import timedelta

import pytest

from engine.datatypes.identifiers import pesel_birth_date
from storage import errors
from storage.accounts import create_account
from storage.hospitals import Change
from storage.invitations import ask_reset, invite
from storage.limits import DAY, HOUR, LIMITS, Limit
from storage.mail import Mail
from storage.people import Scope
from tests.web.browsing import PASSWORD, new_person
from web.workspace import EXTENSION

LIST = "/lead_extraction/patients"


@pytest.fixture
def few(monkeypatch):
    """Three of each are enough for a test."""
    changed = {what: Limit(3, limit.per) for what, limit in LIMITS.items()}
    monkeypatch.setattr("storage.limits.LIMITS", changed)
    return changed


def a_pesel():
    """The number of somebody new."""
    return str(new_person()["pesel"])


@pytest.fixture
def next_day(world):
    """No test has counted anything yet on this day."""
    world.clock.wait(days=2)
    return world.clock


def test_persons_are_looked_up_so_many_times_a_day_found_or_not(world, few, next_day):
    anna = world.browser("anna")
    anna.register()
    pesel = a_pesel()
    person = {"surname": "Nieznana", "birth_date": str(pesel_birth_date(pesel)), "pesel": pesel}
    for _ in range(3):
        assert anna.get("/lead_extraction/known").post(person, "/known").status == 200
    assert anna.get("/lead_extraction/known").post(person, "/known").status == 429
    world.clock.wait(days=1)
    assert world.browser("anna").get("/lead_extraction/known").post(person, "/known").status == 200


def test_the_list_is_searched_for_identity_numbers_so_many_times_an_hour(world, few, next_day):
    anna, noted = world.browser("anna"), len(world.audit("denied"))
    for _ in range(3):
        assert anna.search(a_pesel()).status == 200
    assert anna.search(a_pesel()).status == 429
    assert len(world.audit("denied")) == noted + 1
    assert anna.search("Kowalska").status == 200
    assert world.browser("piotr").search(a_pesel()).status == 200
    world.clock.wait(hours=1)
    assert world.browser("anna").search(a_pesel()).status == 200


def test_saves_do_not_tell_endlessly_who_is_known(world, few, next_day):
    anna, known = world.browser("anna"), new_person()
    anna.register(**known)
    jan = world.browser("jan")
    jan.get(LIST).post({}, "/patients")
    page = jan.address
    for _ in range(3):
        jan.get(page).post({**known, "__do": "save"}, "forms")
        assert jan.status == 200
    other = new_person()
    jan.get(page).post({**other, "__do": "save"}, "forms")
    assert jan.status == 429
    world.clock.wait(hours=1)
    jan = world.browser("jan").get(page)
    assert jan.value("last_name") == other["last_name"]  # nothing typed is lost
    assert jan.post({"__do": "save"}, "forms").status == 200


def test_mails_to_one_person_and_from_one_address_are_few(world, few, next_day):
    database, sent = world.space.database, []
    for number in range(5):
        create_account(database, f"p{number}@szpital.example", "P", PASSWORD, who="x", at=world.clock())

    def ask(number, address=""):
        def write(_token, _language):
            sent.append(number)
            return mail()

        email = f"p{number}@szpital.example"
        ask_reset(database, email, write, at=world.clock(), address=address)

    for _ in range(6):
        ask(0)
        world.clock.wait(minutes=3)
    assert sent == [0, 0, 0]
    for number in (1, 2, 3):
        ask(number, "203.0.113.7")
    with pytest.raises(errors.LockedOut):
        ask(4, "203.0.113.7")
    ask(4, "203.0.113.8")
    assert sent[3:] == [1, 2, 3, 4]
    world.clock.wait(hours=1)
    ask(1, "203.0.113.7")
    assert sent[7:] == [1]


def mail():
    return Mail("reset", "x@y.example", "x", "x")


def test_the_page_of_forgotten_passwords_says_when_to_come_again(quick_world, few, monkeypatch):
    def refuse(*_, **__):
        raise errors.LockedOut(quick_world.clock.now + timedelta(hours=1))

    monkeypatch.setattr("web.doors.ask_reset", refuse)
    space = quick_world.space
    settings = replace(space.settings, smtp="smtp://127.0.0.1:9", public_url="https://krm.example")
    quick_world.app.extensions[EXTENSION] = replace(space, settings=settings)
    guest = quick_world.browser().get("/password")
    guest.post({"email": "anna@szpital.example"}, "/password")
    quick_world.app.extensions[EXTENSION] = space
    assert (guest.status, "Następna będzie możliwa o" in guest.text) == (429, True)


def test_one_account_invites_so_many_a_day_whatever_its_name_is(world, few, next_day):
    at, scope = world.clock(), Scope("lead_extraction", world.sites[0])

    def asked(number, who, inviter, at=at):
        invite(
            world.space.database,
            scope,
            f"i{number}@x.example",
            "entry",
            Change(who, at),
            lambda _: mail(),
            inviter=inviter,
        )

    for number, who in enumerate(("Lena Lis", "Lena Lis-Nowak", "Lena Nowak")):
        asked(number, who, 11)
    with pytest.raises(errors.LockedOut):
        asked(4, "Lena Wilk", 11)
    asked(4, "Lena Lis", 12)  # somebody else of that name
    asked(5, "Lena Lis", 11, at + DAY)


def test_limits_are_above_what_a_day_of_work_needs():
    assert all(limit.most >= 5 for limit in LIMITS.values())
    assert {limit.per for limit in LIMITS.values()} == {DAY, HOUR}
