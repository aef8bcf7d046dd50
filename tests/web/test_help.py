"""Requests to the help centre: whom they reach, what each side sees and does, what is told outside; and the page they are about."""

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from html import unescape
from itertools import product
from threading import Barrier

import pytest

from storage import help_requests
from storage.accounts import add_membership, close_account, create_account
from storage.help_requests import MOST_OPEN
from storage.help_steps import STEPS, Side, State, Team, fits
from storage.mail import send_due
from storage.tables import help_message
from tests.patience import SECONDS
from web.workspace import EXTENSION

ASK = "/help/requests/new"
CENTRE = "/lead_extraction/help-centre"
PASSWORD = "correct horse battery"
STAFF = (  # login, role, place
    ("lena", "local_administrator", 0), ("olga@krm.example", "administrator", None),
    ("rita@krm.example", "registry_coordinator", None), ("ada@szpital.example", "entry", 0), ("jola", "entry", 1),
)  # fmt: skip


@pytest.fixture(scope="module")
def helped(quick_world):
    """The application with mail, and with people who answer: at the first hospital, of all, of the registry."""
    world, space = quick_world, quick_world.space
    mail = {"smtp": "smtp://127.0.0.1:1", "mail_from": "krm@krm.example", "public_url": "https://krm.example"}
    world.app.extensions[EXTENSION] = replace(space, settings=replace(space.settings, **mail))
    for login, role, place in STAFF:
        account = create_account(
            space.database, login, login.partition("@")[0].title(), PASSWORD, who="office", at=world.clock()
        )
        site = None if place is None else world.sites[place]
        add_membership(space.database, account, "lead_extraction", role, site_id=site, who="office", at=world.clock())
    return world


def ask(browser, kind="technical", text="Nie mogę zapisać.", of="", **more):
    """Ask from a page; the request's number."""
    browser.get(f"{ASK}?of={of}").post({"kind": kind, "text": text, **more}, "/help/requests")
    found = re.search(r"/help/requests/(\d+)", browser.address)
    assert found is not None, browser.text
    return int(found[1])


def say(browser, address, step, text=""):
    """Take a step with a request, whether or not its page offers it."""
    return browser.get(address).post({"text": text}, "/sign-out", to=f"{address}/{step}")


def posted(world):
    """What waits to be sent, as (to, subject, text); sent by this."""
    got: list[tuple[str, str, str]] = []
    send_due(world.space.database, lambda mail: got.append((mail.to, mail.subject, mail.text)), world.clock, OSError)
    return got


@pytest.mark.parametrize(("step", "side", "state", "team"), list(product(STEPS, Side, State, Team)))
def test_the_table_of_steps(step, side, state, team):
    """Whoever asks asks on and settles; whoever answers answers, and passes on what belongs to others."""
    open_or_answered = state is not State.CLOSED
    asks = {"add": open_or_answered, "close": open_or_answered, "reopen": state is State.CLOSED}
    answers = {
        "answer": open_or_answered, "settle": state is State.ANSWERED,
        "to_central": open_or_answered and team is not Team.CENTRAL,
        "to_registry": open_or_answered and team is not Team.REGISTRY,
    }  # fmt: skip
    assert fits(STEPS[step], side, state, team) == (asks if side is Side.ASKER else answers).get(step, False)


def test_a_technical_request_goes_to_the_hospitals_administrator_and_on_to_those_of_all(helped):
    anna, lena, olga = (helped.browser(login) for login in ("anna", "lena", "olga@krm.example"))
    number = ask(anna, text="Strona stoi w miejscu.")
    assert "administrator w szpitalu" in anna.text
    assert f"nr {number}" in lena.get(CENTRE).text
    assert f"nr {number}<" not in olga.get(CENTRE).text
    assert f"nr {number}<" in olga.get(f"{CENTRE}?show=open").text
    say(lena, f"{CENTRE}/{number}", "to_central")
    assert "administratorzy rejestrów" in lena.text
    assert f"nr {number}<" in olga.get(CENTRE).text
    assert f"nr {number}<" not in lena.get(CENTRE).text
    say(olga, f"{CENTRE}/{number}", "answer", "Już działa.")
    assert "Już działa." in anna.get(f"/help/requests/{number}").text


def test_what_waits_locally_for_too_long_waits_for_the_administrators_of_all(helped):
    number = ask(helped.browser("anna"), text="Cisza.")
    assert f"nr {number}<" not in helped.browser("olga@krm.example").get(CENTRE).text
    helped.clock.wait(days=3)
    assert f"nr {number}<" in helped.browser("olga@krm.example").get(CENTRE).text


def test_a_hospital_without_an_administrator_asks_those_of_all(helped):
    number = ask(helped.browser("jan"))
    assert f"nr {number}<" in helped.browser("olga@krm.example").get(CENTRE).text
    assert helped.browser("lena").get(f"{CENTRE}/{number}").status == 404


def test_whoever_works_at_no_hospital_asks_those_of_all(helped):
    number = ask(helped.browser("rita@krm.example"))
    assert f"nr {number}<" in helped.browser("olga@krm.example").get(CENTRE).text


def test_an_account_that_was_closed_answers_nothing(helped):
    database = helped.space.database
    account = create_account(database, "gone", "Gone", PASSWORD, who="office", at=helped.clock())
    site = helped.sites[1]
    add_membership(
        database, account, "lead_extraction", "local_administrator", site_id=site, who="office", at=helped.clock()
    )
    jan = helped.browser("jan")
    ask(jan)
    assert "administrator w szpitalu" in jan.text
    close_account(database, account, who="office", at=helped.clock())
    ask(jan)
    assert "administratorzy rejestrów" in jan.text


def test_a_question_about_content_goes_to_the_coordinator_of_the_registry(helped):
    anna, rita = helped.browser("anna"), helped.browser("rita@krm.example")
    number = ask(anna, "substantive", "Czy wpisywać elektrody czasowe?")
    assert f"nr {number}<" in rita.get(CENTRE).text
    for other in ("lena", "olga@krm.example"):
        assert helped.browser(other).get(f"{CENTRE}/{number}").status == 404
    assert rita.get(f"/help/requests/{number}").status == 404  # one's own page is for whoever asked
    for login in ("piotr", "jan", "jola"):
        assert helped.browser(login).get(f"/help/requests/{number}").status == 404
    say(rita, f"{CENTRE}/{number}", "to_central")
    assert rita.address.startswith(CENTRE)
    assert "przekazane administratorom" in rita.text
    assert rita.get(f"{CENTRE}/{number}").status == 404


def test_the_life_of_a_request(helped):
    anna, rita = helped.browser("anna"), helped.browser("rita@krm.example")
    number = ask(anna, "substantive", "Pierwsze pytanie.")
    mine, theirs = f"/help/requests/{number}", f"{CENTRE}/{number}"
    assert "czeka na odpowiedź" in anna.get(mine).text
    say(rita, theirs, "answer", "Pierwsza odpowiedź.")
    assert "jest odpowiedź" in anna.get(mine).text
    say(anna, mine, "add", "Drugie pytanie.")
    say(rita, theirs, "answer", "Druga odpowiedź.")
    say(anna, mine, "close")
    assert "/answer" not in rita.get(theirs).text
    say(anna, mine, "reopen", "Jednak nie działa.")
    for browser, address in ((anna, mine), (rita, theirs)):
        talk = browser.get(address).text.partition('<ol class="talk">')[2].partition("</ol>")[0]
        told = re.findall(r'<p class="value">(.*?)</p>', talk)
        assert told == [
            "Pierwsze pytanie.", "Pierwsza odpowiedź.", "Drugie pytanie.", "Druga odpowiedź.", "Jednak nie działa."
        ]  # fmt: skip
        assert "czeka na odpowiedź" in browser.text
    assert "Moje zgłoszenia" in anna.get("/help/requests").text
    assert f"nr {number}<" in anna.text


def test_a_step_that_does_not_fit_any_more_is_told_and_keeps_what_was_typed(helped):
    anna, rita = helped.browser("anna"), helped.browser("rita@krm.example")
    number = ask(anna, "substantive")
    rita.get(f"{CENTRE}/{number}")
    say(anna, f"/help/requests/{number}", "close")
    rita.post({"text": "Za późno."}, f"{number}/answer")
    assert "Tego nie zapisano: Anna" in rita.text
    say(rita, f"{CENTRE}/{number}", "ask", "x")
    assert rita.status == 404  # no step of the team
    say(anna, f"/help/requests/{number}", "answer", "x")
    assert anna.status == 404  # no step of the asker


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"kind": "technical", "text": "  "}, "Napisz od 1 do 2000"), ({"text": "x"}, "techniczne, czy merytoryczne"),
        ({"kind": "technical", "text": "x" * 2001}, "Napisz od 1 do 2000"),
        ({"kind": "technical", "text": "x", "registry": "other"}, "Wybierz rejestr"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_told(helped, values, told):
    anna = helped.browser("anna").get(ASK).post(values, "/help/requests")
    assert anna.status == 422
    assert told in anna.text


def test_somebody_without_a_role_may_ask_too(helped):
    nobody = helped.browser("nobody")
    number = ask(nobody, text="Nie mam dostępu.", registry="mcs")
    assert "jest odpowiedź" not in nobody.get(f"/help/requests/{number}").text
    assert helped.browser("olga@krm.example").get(f"{CENTRE}/{number}").status == 404  # of another registry


def test_two_clicks_in_the_same_instant_ask_once(helped, monkeypatch):
    both, rita = Barrier(2, timeout=SECONDS), helped.browser("rita@krm.example")

    def ask_together(*arguments, **more):
        both.wait()
        return help_requests.ask(*arguments, **more)

    monkeypatch.setattr("web.help_requests.ask", ask_together)
    address, fields = rita.get(ASK).fields("/help/requests")
    posted, cookie = {**dict(fields), "kind": "technical", "text": "Raz."}, rita.client.get_cookie("ecrf").value

    def click(_):
        client = helped.app.test_client()
        client.set_cookie("ecrf", cookie)
        return client.post(address, data=posted).location.partition("?")[0]

    with ThreadPoolExecutor() as pool:
        first, second = pool.map(click, range(2))
    assert first == second
    monkeypatch.undo()
    assert rita.client.post(address, data=posted).location.partition("?")[0] == first
    other = rita.client.post(address, data={**posted, "text": "Z tej samej strony, po Wstecz."}).location
    assert other.partition("?")[0] != first, "another question is another request"


def test_nobody_floods_the_help_centre(helped):
    jola = helped.browser("jola")
    for _ in range(MOST_OPEN):
        ask(jola)
    jola.get(ASK).post({"kind": "technical", "text": "x"}, "/help/requests")
    assert jola.status == 422
    assert f"już {MOST_OPEN} Twoich" in jola.text


def test_the_page_that_it_is_about_opens_for_those_alone_who_may_open_it(helped):
    anna = helped.browser("anna")
    who = anna.register()
    address = anna.open(who, "admission").address.partition("?")[0]
    link = unescape(re.findall(r'<footer.*?href="(/help/requests/new[^"]*)"', anna.text, re.DOTALL)[0])
    anna.get(link)
    assert who in anna.text
    anna.post({"kind": "substantive", "text": "Co tu wpisać?"}, "/help/requests")
    number = int(re.findall(r"/help/requests/(\d+)", anna.address)[0])
    assert f'href="{address}"' in anna.text
    rita = helped.browser("rita@krm.example").get(f"{CENTRE}/{number}")
    assert f'href="{address}"' in rita.text
    technical = ask(anna, of=address)
    for login in ("lena", "olga@krm.example"):  # who look after people, and see no patients
        page = helped.browser(login).get(f"{CENTRE}/{technical}")
        assert page.status == 200
        assert "strona poza Twoimi uprawnieniami" in page.text
        assert who not in page.text
    without = ask(anna, of=address, about=None)
    assert who not in anna.get(f"/help/requests/{without}").text


def test_a_page_of_a_patient_of_others_is_told_to_nobody_who_asks(helped):
    who = helped.browser("anna").register()
    jan = helped.browser("jan")
    number = ask(jan, "substantive", of=f"/lead_extraction/patients/{who}")
    assert "strona poza Twoimi uprawnieniami" in jan.text
    assert who not in jan.get(f"/help/requests/{number}").text
    assert who in helped.browser("rita@krm.example").get(f"{CENTRE}/{number}").text


@pytest.mark.parametrize(
    "of",
    [
        "//evil.example/x",
        "https://evil.example/",
        "/nowhere",
        "javascript:alert(1)",
        "/static/ui.css",
        "/help",
        "/sign-out",
        "/invitation/a-secret",
        "/password/a-secret",
    ],
)
def test_what_is_no_page_to_be_asked_about_is_left_out(helped, of):
    jan = helped.browser("jan").get(f"{ASK}?of={of}")
    assert dict(jan.fields("/help/requests")[1])["of"] == ""
    assert 'name="about"' not in jan.text


def test_mail_says_that_something_waits_and_nothing_of_it(helped):
    posted(helped)
    ada, rita = helped.browser("ada@szpital.example"), helped.browser("rita@krm.example")
    who = helped.browser("anna").register()
    number = ask(ada, "substantive", "Tajemnica pacjenta.", of=f"/lead_extraction/patients/{who}")
    say(rita, f"{CENTRE}/{number}", "answer", "Poufna odpowiedź.")
    to_team, to_asker = posted(helped)
    assert (to_team[0], to_asker[0]) == ("rita@krm.example", "ada@szpital.example")
    assert f"https://krm.example{CENTRE}/{number}\n" in to_team[2]
    assert f"https://krm.example/help/requests/{number}\n" in to_asker[2]
    for _, subject, text in (to_team, to_asker):
        assert not {"Tajemnica", "Poufna", who, "Ada"} & set(re.findall(r"[\w-]+", subject + text))


def test_my_day_tells_whoever_has_to_answer_and_whoever_was_answered(helped):
    anna, rita = helped.browser("anna"), helped.browser("rita@krm.example")
    number = ask(anna, "substantive", "Na mój dzień.")
    day = "/lead_extraction/day"
    assert f"Zgłoszenie nr {number} czeka" in rita.get(day).text
    assert f'href="{CENTRE}/{number}"' in rita.text
    assert f"Zgłoszenie nr {number}" not in anna.get(day).text
    say(rita, f"{CENTRE}/{number}", "answer", "Proszę.")
    assert f"Zgłoszenie nr {number}: jest odpowiedź" in anna.get(day).text
    assert f'href="/help/requests/{number}"' in anna.text
    assert f"Zgłoszenie nr {number}" not in rita.get(day).text + helped.browser("piotr").get(day).text


def test_each_step_is_in_the_audit_without_its_words(helped):
    anna, rita = helped.browser("anna"), helped.browser("rita@krm.example")
    number = ask(anna, "substantive", "Nie do audytu.")
    say(rita, f"{CENTRE}/{number}", "answer", "Też nie do audytu.")
    bodies = [body for body in helped.audit("help") if f'"request":{number},' in body]
    assert [re.findall(r'"step":"(\w+)"', body) for body in bodies] == [["ask"], ["answer"]]
    assert "audytu" not in "".join(bodies)
    assert "zgłoszenie do centrum pomocy" in rita.get("/lead_extraction/audit?kind=help").text


def test_pages_take_at_most_five_statements(helped):
    anna, rita = helped.browser("anna"), helped.browser("rita@krm.example")
    who = anna.register()
    numbers = [ask(anna, "substantive", of=f"/lead_extraction/patients/{who}") for _ in range(3)]
    pages = (
        (anna, "/help/requests"), (anna, ASK), (rita, CENTRE), (rita, f"{CENTRE}?show=all"), (anna, "/help"), (anna, "/help/contacts"),
        (anna, "/accessibility"), (rita, "/lead_extraction/day"), (anna, "/lead_extraction/day"), (anna, f"/help/requests/{numbers[0]}"),
        (rita, f"{CENTRE}/{numbers[0]}"),
    )  # fmt: skip
    for browser, address in pages:
        browser.get(address)
        with helped.space.database.counted() as sent:
            assert browser.get(address).status == 200
        assert len(sent) <= 5, (address, len(sent), sent)


def test_what_was_said_is_escaped(helped):
    number = ask(helped.browser("anna"), "substantive", "<script>alert(1)</script>")
    page = helped.browser("rita@krm.example").get(f"{CENTRE}/{number}")
    assert "<script>alert" not in page.text
    assert "&lt;script&gt;alert" in page.text


def test_messages_are_kept_as_they_were_said(helped):
    with helped.space.database.read() as connection:
        assert connection.execute(help_message.select()).first() is not None
