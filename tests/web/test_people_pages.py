"""People are invited, come, get and lose roles; each door tells strangers nothing; a real mail server gets the mail."""
# long: one office, from an invitation to the end of the last session

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from socket import create_server

import pytest

from storage.accounts import add_membership, create_account, find_account
from storage.mail import send_due
from storage.second_factor import time_code
from web.mail import is_address, postman
from web.reminders import remind
from web.workspace import EXTENSION

PEOPLE = "/lead_extraction/people"
PASSWORD = "correct horse battery"
NEW = "another long password"


class Post:
    """A mail server on this machine, and what it got."""

    def __init__(self) -> None:
        from aiosmtpd.controller import Controller

        self.got: list[tuple[str, str]] = []
        with create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.server = Controller(self, hostname="127.0.0.1", port=self.port)

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 -- the name that aiosmtpd calls
        from email import message_from_bytes, policy

        message = message_from_bytes(envelope.original_content, policy=policy.default)
        self.got.append((envelope.rcpt_tos[0], f"{message['Subject']}\n{message.get_content()}"))
        return "250 taken"


@pytest.fixture(scope="module")
def post() -> Iterator[Post]:
    office = Post()
    office.server.start()
    yield office
    office.server.stop()


@pytest.fixture(scope="module")
def staffed(world, post):
    """The application with mail, a local administrator (lena) and one of all (olga); reader needs a second factor."""
    mail = {
        "smtp": f"smtp://127.0.0.1:{post.port}",
        "mail_from": "krm@krm.example",
        "public_url": "https://krm.example",
    }
    space = world.space
    settings = replace(space.settings, second_factor_roles=frozenset({"monitor"}), **mail)
    world.app.extensions[EXTENSION] = replace(space, settings=settings)
    for login, role, site in (
        ("lena", "local_administrator", world.sites[0]),
        ("olga", "administrator", None),
        ("max", "monitor", None),
    ):
        account = create_account(space.database, login, login.title(), PASSWORD, who="office", at=world.clock())
        add_membership(space.database, account, "lead_extraction", role, site_id=site, who="office", at=world.clock())
    return world


def mailed(world, post):
    """Send what waits; the last message that came."""
    space = world.space
    send_due(space.database, postman(space.settings), space.settings.clock, OSError)
    return post.got[-1]


def first(pattern, text):
    found = re.search(pattern, text)
    assert found is not None, pattern
    return found[1]


def link_in(text):
    return first(r"https://krm\.example(/\S+)", text)


def person_number(world, login):
    return find_account(world.space.database, login).id


def test_somebody_is_invited_comes_and_enters_data(staffed, post):
    lena = staffed.browser("lena")
    assert lena.address == "/lead_extraction/day"
    assert "Anna" in lena.get(PEOPLE).text
    assert not re.search(r"\bJan\b", lena.text)  # works at the other hospital; three letters stand in tokens by chance
    lena.post({"email": "nowa@szpital.example", "role": "entry", "language": "en"}, "/people")
    assert "Wysłano zaproszenie: nowa@szpital.example" in lena.text
    to, text = mailed(staffed, post)
    assert to == "nowa@szpital.example"
    assert text.startswith("Invitation to a medical registry")
    new = staffed.browser()
    assert "Przeznaczyniowych" in new.get(link_in(text)).text
    new.post({"name": "Nowa Osoba", "password": "short", "again": "short", "language": "pl"}, "/invitation")
    assert (new.status, new.text.count('value="Nowa Osoba"')) == (422, 1)
    new.post({"name": "Nowa Osoba", "password": NEW, "again": NEW, "language": "pl"}, "/invitation")
    assert "Konto jest gotowe" in new.text
    assert new.get(link_in(text)).status == 404
    new.sign_in("nowa@szpital.example", NEW)
    assert new.get("/lead_extraction/patients").status == 200
    assert "nowa@szpital.example" in lena.get(PEOPLE).text


def test_a_page_of_people_takes_as_many_statements_however_many_they_are(staffed):
    lena = staffed.browser("lena")
    counts = []
    for number in range(2):
        with staffed.space.database.counted() as sent:
            lena.get(PEOPLE)
        counts.append(len(sent))
        login = f"more{number}"
        account = create_account(staffed.space.database, login, login, PASSWORD, who="office", at=staffed.clock())
        add_membership(
            staffed.space.database, account, "lead_extraction", "reader", site_id=staffed.sites[0], who="office",
            at=staffed.clock(),
        )  # fmt: skip
    assert counts[0] == counts[1]


def test_a_local_administrator_gives_no_more_than_the_own_hospital(staffed):
    lena = staffed.browser("lena").get(PEOPLE)
    for role in ("administrator", "local_administrator", "author", "nothing"):
        lena.get(PEOPLE).post({"email": "x@szpital.example", "role": role}, "/people")
        assert (lena.status, "Tej roli nie można tu nadać" in lena.text) == (422, True), role
    lena.get(PEOPLE).post({"email": "x@szpital.example", "role": "entry", "site": str(staffed.sites[1])}, "/people")
    with staffed.space.database.read() as connection:
        row = connection.exec_driver_sql("SELECT site_id FROM invitation WHERE email = 'x@szpital.example'").scalar()
    assert row == staffed.sites[0]  # what was sent along counts for nothing
    for login in ("jan", "olga", "nobody"):
        number = person_number(staffed, login)
        assert lena.get(f"{PEOPLE}/{number}").status == 404
    for part in ("close", "second-factor/end"):
        assert lena.client.post(f"{PEOPLE}/{person_number(staffed, 'anna')}/{part}").status_code == 403
    own = person_number(staffed, "lena")
    lena.get(PEOPLE)
    fields = dict(lena.fields("/people")[1])
    answer = lena.client.post(f"{PEOPLE}/{own}/roles", data={**fields, "role": "entry", "reason": "x"})
    assert answer.status_code == 403


def test_a_right_withdrawn_a_second_ago_is_refused_and_nothing_is_lost(staffed):
    piotr = staffed.browser("piotr")
    who = piotr.register()
    piotr.open(who, "admission")
    lena = staffed.browser("lena")
    number = person_number(staffed, "piotr")
    lena.get(f"{PEOPLE}/{number}").post({"reason": "koniec umowy"}, "/end")
    assert "Rola zakończona" in lena.text
    assert piotr.draft({"unit_code": "456"}).json["kept"] is True
    piotr.post({"unit_code": "123", "main_book_no": "zły numer", "__do": "complete"}, "forms")
    assert piotr.status == 403
    assert "to, co wpisano, jest bezpieczne" in piotr.text
    assert any('"withdrawn":true' in each.replace(" ", "") for each in staffed.audit("denied"))
    assert piotr.get(f"/lead_extraction/patients/{who}").status == 404
    lena.get(f"{PEOPLE}/{number}").post({"role": "entry", "reason": "nowa umowa"}, "/roles")
    assert piotr.open(who, "admission").value("unit_code") == "123"
    assert any("koniec" in each or '"ended"' in each for each in staffed.audit("membership"))


def test_somebody_asks_for_access_and_is_told(staffed, post):
    create_account(staffed.space.database, "ola@szpital.example", "Ola", PASSWORD, who="office", at=staffed.clock())
    ola = staffed.browser("ola@szpital.example")
    asked = {"registry": "lead_extraction", "site": "990000000101", "role": "entry", "why": "<b>dyżury</b>"}
    ola.get("/account").post({**asked, "role": "administrator"}, "/access")
    assert ola.status == 422
    ola.get("/account").post(asked, "/access")
    assert "Prośbę wysłano" in ola.text
    lena = staffed.browser("lena").get(PEOPLE)
    assert "&lt;b&gt;dyżury" in lena.text
    number = first(r"/people/requests/(\d+)", lena.text)
    lena.post({"reason": ""}, f"/requests/{number}")
    assert lena.status == 422  # a refusal gives its reason
    second, late = staffed.browser("lena").get(PEOPLE), staffed.browser("lena").get(PEOPLE)
    lena.get(PEOPLE).post({"do": "grant"}, f"/requests/{number}")
    assert "Nadano dostęp" in lena.text
    assert "Lena nadał(a) ten dostęp już wcześniej." in second.post({"do": "grant"}, f"/requests/{number}").text
    late.post({"reason": "nie ma potrzeby"}, f"/requests/{number}")
    assert (late.status, "Tego nie zapisano: Lena odpowiedział(a) już na tę prośbę." in late.text) == (422, True)
    assert mailed(staffed, post)[0] == "ola@szpital.example"
    assert ola.get("/lead_extraction/patients").status == 200


def test_nobody_decides_on_an_own_request(staffed):
    lena = staffed.browser("lena")
    asked = {"registry": "lead_extraction", "site": "Szpital 1", "role": "entry", "why": "zastępstwo"}
    lena.get("/account").post(asked, "/access")
    number = first(r"/people/requests/(\d+)", lena.get(PEOPLE).text)
    assert lena.post({"do": "grant"}, f"/requests/{number}").status == 404
    olga = staffed.browser("olga").get(PEOPLE)
    assert "Nadano dostęp" in olga.post({"do": "grant"}, f"/requests/{number}").text


def test_a_forgotten_password_tells_strangers_nothing(staffed, post):
    create_account(staffed.space.database, "ida@szpital.example", "Ida", PASSWORD, who="office", at=staffed.clock())
    ida, guest = staffed.browser("ida@szpital.example"), staffed.browser()
    told = set()
    for email in ("ida@szpital.example", "nikt@szpital.example", "no address", "anna"):
        told.add(re.sub(r'value="[^"]*"', "", guest.get("/password").post({"email": email}, "/password").text))
    assert len(told) == 1
    to, text = mailed(staffed, post)
    assert to == "ida@szpital.example"
    guest.get(link_in(text)).post({"password": NEW, "again": NEW}, "/password/")
    assert "Hasło zmienione" in guest.text
    assert ida.get("/account").address.startswith("/sign-in")
    assert guest.sign_in("ida@szpital.example", NEW).status == 200
    assert staffed.browser().get(link_in(text)).status == 404


def code_of(world, text):
    from base64 import b32decode

    secret = first(r"<code>([A-Z2-7 ]+)</code>", text).replace(" ", "")
    return lambda: time_code(b32decode(secret + "=" * (-len(secret) % 8)), int(world.clock.now.timestamp()) // 30)


def test_a_role_that_needs_a_second_factor_leads_to_it(staffed):
    max_ = staffed.browser("max")
    assert max_.address == "/account/second-factor"
    assert "<svg" in max_.text
    assert 'href="otpauth://totp/' in max_.text  # who is on the telephone has nothing to scan with
    assert " style=" not in max_.text
    code = code_of(staffed, max_.text)
    assert max_.post({"code": "000000", "current": PASSWORD}, "/second-factor").status == 422
    max_.post({"code": code(), "current": PASSWORD}, "/second-factor")
    recovery = re.findall(r'<li class="mono">([\w-]+)</li>', max_.text)
    assert "<h1>Zmień telefon</h1>" in max_.get("/account/second-factor").text  # as after a reload: it is not off
    assert max_.get("/lead_extraction/patients").status == 200
    staffed.clock.wait(minutes=2)
    again = staffed.browser()
    again.sign_in("max", target="/lead_extraction/patients")
    assert again.address == "/sign-in/code?next=/lead_extraction/patients"
    assert again.client.get("/account").status_code == 303
    assert again.post({"code": "123456"}, "/code").status == 401
    assert again.address == "/sign-in/code?next=/lead_extraction/patients", (
        "a page to which Back leads, and no answer to a post"
    )
    assert again.get(again.address).status == 200, "told once"
    assert again.post({"code": code()}, "/code").address == "/lead_extraction/patients"
    third = staffed.browser()
    third.sign_in("max")
    assert third.post({"code": f" {recovery[0].upper().replace('-', ' ')}"}, "/code").status == 200
    assert third.get("/account").status == 200
    assert "Wyłącz drugi składnik" not in third.text  # the role needs it
    assert "Zostało 9 kodów zapasowych" in third.text
    assert third.post({"code": "000000"}, "/recovery").status == 422
    third.get("/account").post({"code": recovery[1]}, "/recovery")
    drawn = re.findall(r'<li class="mono">([\w-]+)</li>', third.text)
    assert (len(recovery), len(drawn), set(drawn) & set(recovery)) == (10, 10, set())
    fourth = staffed.browser()
    fourth.sign_in("max")
    assert fourth.post({"code": recovery[2]}, "/code").status == 401
    assert fourth.post({"code": drawn[0]}, "/code").status == 200
    olga = staffed.browser("olga")
    olga.get(f"{PEOPLE}/{person_number(staffed, 'max')}").post({"reason": "nowy telefon"}, "/second-factor/end")
    assert third.get("/lead_extraction/patients").address == "/account/second-factor"


def test_a_lost_factor_is_ended_by_whoever_says_how_the_person_proved_who_they_are(staffed, post):
    """It leads back to where one began: the password, and a factor that is set up before anything is seen."""
    database, now = staffed.space.database, staffed.clock()
    number = create_account(database, "lost@szpital.example", "Lost", PASSWORD, who="office", at=now)
    add_membership(database, number, "lead_extraction", "monitor", site_id=staffed.sites[0], who="office", at=now)
    lost = staffed.browser("lost@szpital.example")
    lost.post({"code": code_of(staffed, lost.text)(), "current": PASSWORD}, "/second-factor")
    lena, olga = staffed.browser("lena"), staffed.browser("olga")
    assert "second-factor/end" not in lena.get(f"{PEOPLE}/{number}").text  # nor may the local administrator
    assert "Skąd wiadomo, kim jest ta osoba" in olga.get(f"{PEOPLE}/{number}").text
    assert olga.post({"reason": " "}, "/second-factor/end").status == 422
    assert lost.get("/lead_extraction/patients").status == 200
    olga.get(f"{PEOPLE}/{number}").post({"reason": "osobiście, legitymacja"}, "/second-factor/end")
    with database.read() as connection:
        rows = connection.exec_driver_sql("SELECT reason FROM audit_entry WHERE kind = 'second_factor'")
        assert "osobiście, legitymacja" in {row.reason for row in rows}
    assert lost.get("/lead_extraction/patients").address == "/account/second-factor"
    to, text = mailed(staffed, post)
    assert (to, "wyłączono drugi składnik" in text) == ("lost@szpital.example", True)


def test_a_closed_account_is_opened_again_with_its_roles(staffed):
    database, now = staffed.space.database, staffed.clock()
    number = create_account(database, "zofia", "Zofia", PASSWORD, who="office", at=now)
    add_membership(database, number, "lead_extraction", "entry", site_id=staffed.sites[0], who="office", at=now)
    page = f"{PEOPLE}/{number}"
    olga = staffed.browser("olga").get(page).post({"reason": "urlop"}, "/close")
    assert "Konto zamknięto" in olga.text
    assert staffed.browser().sign_in("zofia").status == 401
    assert staffed.browser("lena").client.post(f"{page}/reopen").status_code == 403
    assert olga.get(page).post({"reason": ""}, "/reopen").status == 422
    assert "Konto otwarto ponownie" in olga.get(page).post({"reason": "wróciła"}, "/reopen").text
    assert staffed.browser("zofia").get("/lead_extraction/patients").status == 200
    assert any(f'"account":{number}' in each.replace(" ", "") for each in staffed.audit("reopen"))


def test_a_hospital_is_chosen_by_typing(staffed):
    olga = staffed.browser("olga").get(PEOPLE)
    assert olga.client.get("/account/hospitals?q=szpital+1").json == ["Szpital 1 (990000000101)"]
    assert len(olga.client.get("/account/hospitals?q=").json) == olga.text.count('<option value="Szpital') == 2
    assert staffed.browser().client.get("/account/hospitals?q=").status_code == 303
    asked = {"email": "wybor@szpital.example", "role": "entry", "language": "pl"}
    for text, told in (
        ("Szpital", "Pasuje kilka szpitali: Szpital 1 (990000000101); Szpital 2"),
        ("<b>", "Nie ma szpitala „&lt;b&gt;”"),
    ):
        assert told in olga.get(PEOPLE).post({**asked, "site": text}, "/people").text
        assert olga.status == 422
    assert "Wysłano zaproszenie" in olga.get(PEOPLE).post({**asked, "site": "szpital 2"}, "/people").text
    with staffed.space.database.read() as connection:
        row = connection.exec_driver_sql(
            "SELECT site_id FROM invitation WHERE email = 'wybor@szpital.example'"
        ).scalar()
    assert row == staffed.sites[1]


def test_whoever_wants_it_is_reminded_once_of_counts_alone(staffed, post):
    database, now = staffed.space.database, staffed.clock()
    login = "wanda@szpital.example"
    number = create_account(database, login, "Wanda", PASSWORD, who="office", at=now, language="en")
    add_membership(database, number, "lead_extraction", "entry", site_id=staffed.sites[0], who="office", at=now)
    wanda = staffed.browser(login)
    who = wanda.register()
    wanda.open(who, "admission").draft({"unit_code": "100"})

    def reminded(days=0):
        """The reminders that she gets, however often they are asked for."""
        post.got.clear()
        for _ in range(2):
            remind(staffed.space, staffed.clock() + timedelta(days=days))
        send_due(database, postman(staffed.space.settings), lambda: staffed.clock() + timedelta(days=days), OSError)
        return [text.replace("\r", "") for to, text in post.got if to == login]

    (text,) = reminded()
    assert text.startswith("What waits in the medical registries")
    assert re.search(
        r", Szpital 1\n(  .*\n)*  working copies: 1\n(  .*\n)*  https://krm\.example/lead_extraction/day\n", text
    ), text
    assert "https://krm.example/account" in text
    assert who not in text
    assert reminded(days=1) == []  # the week is not over: 1 July 2025 is a Tuesday
    assert len(reminded(days=6)) == 1
    assert "Choice of reminders saved" in wanda.get("/account").post({"often": "daily"}, "/reminders").text
    assert len(reminded(days=7)) == len(reminded(days=8)) == 1
    assert wanda.get("/account").post({"often": "hourly"}, "/reminders").status == 422
    wanda.get("/account").post({"often": "off"}, "/reminders")
    assert reminded(days=9) == []
    assert "nie jest adresem e-mail" in staffed.browser("anna").get("/account").text


def test_a_shared_computer_keeps_people_apart(staffed):
    ward = staffed.browser("anna")
    who = ward.register()
    ward.open(who, "admission")
    place, fields = ward.address, ward.fields("forms")
    assert ward.draft({"unit_code": "777"}).status_code == 200
    ward.get("/account").post({"pin": "824671", "current": PASSWORD}, "/pin")
    ward.get(place).post({}, "/lock", Referer=f"http://localhost{place}")
    assert ward.address == "/switch"
    assert "Anna" in ward.text
    assert who not in ward.text
    assert ward.get(place).address.startswith("/switch?next=")
    assert "Anna" in ward.text
    assert 'name="login"' not in ward.text
    assert ward.draft({"unit_code": "778"}, page=fields).status_code == 401  # kept, and shown to nobody else
    ward.sign_in("jan")
    assert ward.get(place.partition("?")[0]).status == 404
    ward.get("/account").post({}, "/lock")
    mark = first(r'<h2 id="who-(\w+)">Anna</h2>', ward.text)
    ward.post({"who": mark, "secret": "000000"}, "/switch")
    assert ward.status == 401
    ward.post({"who": mark, "secret": "824671"}, "/switch")
    assert ward.address.partition("?")[0] == place.partition("?")[0]
    assert ward.value("unit_code") == "778"
    assert ward.get("/account").text.count("Anna") >= 1


def test_a_locked_screen_leads_from_any_address_to_who_locked_it_and_on(staffed):
    ward = staffed.browser("ewa")
    ward.get("/lead_extraction/day").post({}, "/lock", Referer="http://localhost/lead_extraction/day")
    ward.get("/lead_extraction/patients?order=-number")
    assert ward.address.startswith("/switch?next=")
    mark = first(r'<h2 id="who-(\w+)">Ewa', ward.text)
    assert "/sign-in?next=/lead_extraction/patients" in ward.text, "somebody else may sign in for the same"
    ward.post({"who": mark, "secret": "000000"}, "/switch")
    ward.post({"who": mark, "secret": PASSWORD}, "/switch")
    assert ward.address == "/lead_extraction/patients?order=-number"


def test_an_address_asked_for_by_who_locked_last_is_not_where_another_person_comes_back_to(staffed):
    ward = staffed.browser("anna")
    ward.get("/lead_extraction/day").post({}, "/lock", Referer="http://localhost/lead_extraction/day")
    ward.sign_in("ewa").get("/account").post({}, "/lock", Referer="http://localhost/account")
    ward.get("/lead_extraction/patients")
    ward.post({"who": first(r'<h2 id="who-(\w+)">Anna', ward.text), "secret": PASSWORD}, "/switch")
    assert ward.address == "/lead_extraction/day"


def test_what_is_sent_while_the_screen_is_locked_is_kept_and_told(staffed):
    ward = staffed.browser("anna")
    who = ward.register()
    ward.open(who, "admission")
    address, fields = ward.fields("forms")
    ward.get("/account").post({}, "/lock")
    ward.post({**dict(fields), "unit_code": "779"}, to=address)
    assert ward.address.startswith("/switch?next=")
    assert "są bezpieczne" in ward.text
    assert who not in re.sub(r'name="next" value="[^"]*"|href="[^"]*"', "", ward.text)
    ward.post({"who": first(r'<h2 id="who-(\w+)">Anna', ward.text), "secret": PASSWORD}, "/switch")
    assert (who in ward.address, ward.value("unit_code")) == (True, "779")


def test_back_leads_through_the_locked_screen_to_what_was_typed(staffed):
    ward = staffed.browser("anna").get("/help/requests/new")
    address, fields = ward.fields("/help/requests")
    ward.post({}, "/lock")
    ward.post(dict(fields), to=address, Referer="http://localhost/help/requests/new")
    came, mark = ward.address, first(r'<h2 id="who-(\w+)">Anna', ward.text)
    assert "przyciskiem Wstecz" in ward.text
    ward.post({"who": mark, "secret": PASSWORD}, "/switch")
    assert ward.address == "/help/requests/new"
    assert "data-back" in ward.get(came).text


def test_sessions_are_ended_by_oneself_and_by_the_administrator(staffed):
    one, other = (staffed.browser("ewa") for _ in range(2))
    one.get("/account").post({"current": PASSWORD}, "/sessions/end")
    assert other.get("/account").address.startswith("/sign-in")
    lena, other = staffed.browser("lena"), staffed.browser("ewa")
    page = f"{PEOPLE}/{person_number(staffed, 'ewa')}"
    marks = re.findall(r'name="session" value="(\w+)"', lena.get(page).text)
    assert len(marks) == 2
    lena.post({"session": marks[0]}, "/sessions/end")
    assert [each.get("/account").status for each in (one, other)] == [200, 200]
    assert sum(each.address == "/account" for each in (one, other)) == 1
    lena.get(page).post({}, "/sessions/end")
    assert not any(each.get("/account").address == "/account" for each in (one, other))
    for _ in range(5):
        staffed.browser().sign_in("ewa", "wrong")
    assert staffed.browser().sign_in("ewa").status == 429
    lena.get(f"{PEOPLE}/{person_number(staffed, 'ewa')}").post({}, "/unlock")
    ewa = staffed.browser("ewa").get("/account")
    ewa.post({"old": "wrong", "password": NEW, "again": NEW}, "/account/password")
    assert "Obecne hasło się nie zgadza" in ewa.text
    ewa.post({"old": PASSWORD, "password": NEW, "again": NEW}, "/account/password")
    assert "Hasło zmieniono" in ewa.text
    ewa.get("/account").post({"language": "en"}, "/language")
    assert "Language changed" in ewa.text


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("anna.nowak@szpital.example", True),
        ("anna@szpital", False),
        ("anna@@szpital.example", False),
        ("anna@szpital.example\nBcc: x@y.example", False),
        ("Anna <anna@szpital.example>", False),
        ("@szpital.example", False),
        ("ąnna@szpital.example", False),
    ],
)
def test_addresses(text, is_one):
    assert is_address(text) is is_one


def test_mail_holds_no_patient(staffed, post):
    create_account(staffed.space.database, "zyta@szpital.example", "Zyta", PASSWORD, who="office", at=staffed.clock())
    staffed.browser().get("/password").post({"email": "zyta@szpital.example"}, "/password")
    assert mailed(staffed, post)[0] == "zyta@szpital.example"
    assert not any("TLE-" in text or "Przykładowy" in text for _, text in post.got)
