"""Registering and finding patients: one click makes one, one person is registered once, names stay apart."""

import re
import threading
from datetime import date
from html import unescape
from urllib.parse import unquote_plus

import pytest
from markupsafe import escape

from engine.datatypes.identifiers import make_pesel
from storage.accounts import add_membership, create_account
from storage.subjects import register_subject
from tests.patience import SECONDS
from web import list_page, patients


def test_a_patient_is_registered_and_found(anna):
    who = anna.register()
    assert "jest gotowy" in anna.text
    assert who in anna.get("/lead_extraction/patients").text
    for text in (who, who.lower(), str(int(who.split("-")[1])), who.rpartition("-")[0]):
        assert anna.search(text).address.endswith(who), text
    assert who in anna.search("Przykładowy").text
    assert "Nie ma pacjenta" in anna.search("Nieznana").text


def test_whom_one_looks_for_stands_in_no_address(world, anna):
    person = {"last_name": "Łęcki-O'Brien", "pesel": make_pesel(date(1949, 3, 2), female=False, series=901)}
    who = anna.register(**person)
    for text in ("Łęcki", "lecki-obrien", "O'Brien", "Łęc", "obr", person["pesel"]):
        assert who in anna.search(text).text, text
        assert text not in unquote_plus(anna.address)
        assert f'value="{escape(text)}"' in anna.text  # to correct it
        assert who in anna.get(anna.address).text  # reloaded, and from the links of the page
        sorted_by = re.findall(r'href="([^"]*order=number[^"]*)"', anna.text)[0]
        assert who in anna.get(unescape(sorted_by)).text
    assert who not in anna.search("Łęck").text
    address = anna.search("Łęcki").address
    assert who in anna.get(address).text
    assert "Wyniki dla" not in world.browser("piotr").get(address).text  # it is kept in one session, for a while
    world.clock.wait(minutes=20)
    anna.get("/lead_extraction/patients")
    world.clock.wait(minutes=20)
    anna.get("/lead_extraction/patients")
    world.clock.wait(minutes=25)
    assert "Wyniki dla" not in anna.get(address).text
    assert "Wyniki dla" not in anna.get("/lead_extraction/patients?q=Łęcki").text


def test_the_order_is_chosen_where_no_heads_of_columns_are(anna):
    """On a telephone a row is a card, and what stands above columns is not shown."""
    anna.register()
    assert '<option value="-number" selected>' in anna.get("/lead_extraction/patients").text
    assert '<option value="due" selected>' in anna.get("/lead_extraction/patients?order=due&state=complete").text


def test_the_list_says_what_was_begun_and_what_is_not_saved(world, anna):
    who = anna.register()

    def line(browser):
        return browser.get("/lead_extraction/patients").text.split(f">{who}<")[1].split("</tr>")[0]

    assert "gotowe 1 z 1" in line(anna)
    assert "bez szkiców" not in line(anna)
    anna.open(who, "admission").draft({"unit_code": "100"})
    assert "kopie robocze: 1" in line(anna)
    assert "kopie robocze" not in line(world.browser("piotr"))


def test_a_number_with_a_wrong_check_character_is_a_hint(anna):
    who = anna.register()
    wrong = f"{who[:-1]}{(int(who[-1]) + 1) % 10}"
    anna.search(wrong)
    assert "Czy chodzi o" in anna.text
    assert who in anna.text


@pytest.mark.parametrize("typed", ["{0}", "tle{1}{2}", "TLE {1} {2}", "{1}", "{1}-{2}", "tle-{1}"])
def test_a_number_is_found_however_its_parts_are_joined(anna, typed):
    who = anna.register()
    _, number, ending = who.split("-")
    assert anna.search(typed.format(who, int(number), ending.lower())).address == f"/lead_extraction/patients/{who}"


def test_names_are_shown_on_request_and_that_is_noted(world, anna):
    anna.register(last_name="Widoczna")
    assert "Widoczna" not in anna.get("/lead_extraction/patients").text
    before = len(world.audit("identities"))
    assert "Widoczna Jan Adam, 02.03.1949" in anna.get("/lead_extraction/patients?names=1").text
    assert "Widoczna Jan Adam, 1949-03-02" in anna.get("/lead_extraction/patients?names=1&language=en").text
    assert len(world.audit("identities")) == before + 2


def test_identifying_values_are_not_in_the_ordinary_tables(world, anna):
    anna.register(last_name="Tajemnicza")
    with world.space.database.read() as connection:
        for table, column in (
            ("item_data", "text_value"),
            ("audit_entry", "body"),
            ("working_copy", "ciphertext"),
            ("issue", "message"),
        ):
            rows = connection.exec_driver_sql(f"SELECT {column} FROM {table}").scalars()
            texts = (row if isinstance(row, str) else bytes(row or b"").decode("utf-8", "replace") for row in rows)
            assert not any("Tajemnicza" in text for text in texts), table


def test_the_same_person_is_registered_once(world, anna):
    who = anna.register()
    pesel = anna.open(who, "patient").value("pesel")
    jan = world.browser("jan")
    jan.get("/lead_extraction/patients").post({}, "/patients")
    values = {
        name: anna.value(name)
        for name, _ in anna.fields("forms")[1]
        if not name.startswith("__") and name != "csrf_token"
    }
    jan.post({**values, "__do": "complete"}, "forms")
    assert "osoba z tym numerem PESEL lub dokumentem ma już zapis" in jan.text
    assert who not in jan.text
    assert jan.value("pesel") == pesel


def at_once(*tasks):
    """Run tasks in threads; what they give."""
    found = [None] * len(tasks)

    def run(place, task):
        found[place] = task()

    threads = [threading.Thread(target=run, args=each) for each in enumerate(tasks)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def test_two_clicks_in_the_same_instant_make_one_patient(world, anna, monkeypatch):
    both = threading.Barrier(2, timeout=SECONDS)

    def register_together(*arguments, **more):
        both.wait()  # each request has looked, and found no patient that was opened just now
        return register_subject(*arguments, **more)

    monkeypatch.setattr(patients, "register_subject", register_together)
    before = len(world.audit("register"))
    address, fields = anna.get("/lead_extraction/patients").fields("/patients")
    cookies = anna.client.get_cookie("ecrf")

    def click():
        client = world.app.test_client()
        client.set_cookie("ecrf", cookies.value)
        return client.post(address, data=dict(fields))

    first, second = at_once(click, click)
    assert first.status_code == second.status_code == 303
    assert first.location == second.location
    assert len(world.audit("register")) == before + 1
    assert len(world.audit("open")) == len(world.audit("register"))


def test_the_page_of_an_earlier_click_makes_no_second_patient_and_opens_none_that_is_begun(world, anna):
    address, fields = anna.get("/lead_extraction/patients").fields("/patients")
    first = anna.client.post(address, data=dict(fields)).location
    assert anna.client.post(address, data=dict(fields)).location == first
    anna.get(first).post({"last_name": "Zaczęta", "__do": "save"}, "forms")
    before = len(world.audit("register"))
    again = anna.client.post(address, data=dict(fields))
    assert again.location == "/lead_extraction/patients"
    assert len(world.audit("register")) == before


def test_two_clicks_make_one_episode(world, anna):
    who = anna.register()
    address, fields = anna.get(f"/lead_extraction/patients/{who}").fields("/add/episode")
    before = len(world.audit("open"))
    for _ in range(2):
        assert anna.client.post(address, data=dict(fields)).status_code == 303
    assert len(world.audit("open")) == before + 1
    address, fields = anna.get(f"/lead_extraction/patients/{who}").fields("/add/episode")
    anna.client.post(address, data=dict(fields))
    assert len(world.audit("open")) == before + 2


def test_the_list_counts_warnings_that_nobody_has_answered(world, anna):
    who = anna.register()
    row = lambda: anna.get("/lead_extraction/patients").text.split(f">{who}<")[1].split("</tr>")[0]  # noqa: E731
    assert "ostrzeżenie" not in row()
    anna.open(who, "patient").post({"sex": "f", "__do": "save"}, "forms")
    assert "1 ostrzeżenie" in row()
    assert world.browser("jan").get("/lead_extraction/patients").text.count("ostrzeżenie") == 0
    name = next(
        part.split('"')[0]
        for part in anna.open(who, "patient").text.split('name="')[1:]
        if part.startswith("sex__why.")
    )
    anna.post({name: "Zmiana wpisu w akcie", "__do": "save"}, "forms")
    assert "ostrzeżenie" not in row()


def test_nobody_is_asked_for_the_death_form_of_a_living_patient(anna):
    who = anna.register()
    steps = anna.get(f"/lead_extraction/patients/{who}").text.partition("Następne kroki")[2].partition("</section>")[0]
    assert "Przyjęcie do szpitala" in steps
    assert "Zgon" not in steps
    assert "nieobowiązkowe" in anna.text


def number_of(browser, who, number):
    browser.get(f"/lead_extraction/patients/{who}")
    return browser.post({"number": number}, "/own-number")


def test_a_hospital_gives_its_patient_a_number_of_its_own_and_finds_it(world, anna):
    who, other = anna.register(), anna.register()
    assert "Zapisano numer własny: 4512/2025" in number_of(anna, who, " 4512/2025 ").text
    assert anna.search("4512/2025").address.endswith(who)
    assert "4512/2025" in anna.get("/lead_extraction/patients?order=local").text.split(f">{who}<")[1].split("</tr>")[0]
    assert "4512/2025 ma już inny pacjent" in number_of(anna, other, "4512/2025").text
    assert 'value="4512/2025"' in anna.text  # to correct it
    pesel = make_pesel(date(1949, 3, 2), female=False, series=77)
    for wrong, said in (("9" * 41, "za długi"), (pesel, "wygląda na PESEL"), (f"nr {pesel[:6]} {pesel[6:]}", "PESEL")):
        assert said in number_of(anna, other, wrong).text
    assert "Usunięto numer własny" in number_of(anna, who, "").text
    assert "Nie ma pacjenta" in anna.search("4512/2025").text
    assert "/own-number" not in world.browser("ewa").get(f"/lead_extraction/patients/{who}").text


def test_a_search_takes_at_most_five_statements_and_names_as_many_for_one_as_for_many(world, anna):
    anna.register(last_name="Liczny")
    anna.search("Liczny")
    counts = []
    for _ in range(2):
        with world.space.database.counted() as sent:
            assert "Wyniki dla" in anna.get(anna.address).text
        assert len(sent) <= 5, sent
        with world.space.database.counted() as sent:
            assert "Liczny" in anna.get("/lead_extraction/patients?names=1").text
        counts.append(len(sent))
        anna.register(last_name="Liczny")
        anna.search("Liczny")
    assert counts[0] == counts[1] <= 8


def test_pages_of_the_list_lead_on_and_back(world, anna, monkeypatch):
    monkeypatch.setattr(list_page, "PAGE", 2)
    whole = [anna.register() for _ in range(3)][::-1]
    shown = lambda: re.findall(r'class="mono nowrap"[^>]*>([^<]+)', anna.text)  # noqa: E731
    anna.get("/lead_extraction/patients")
    assert shown() == whole[:2]
    anna.get(unescape(re.findall(r'rel="next" href="([^"]+)"', anna.text)[0]))
    assert shown()[0] == whole[2]
    anna.get(unescape(re.findall(r'rel="prev" href="([^"]+)"', anna.text)[0]))
    assert shown() == whole[:2]


def test_whoever_may_not_see_who_patients_are_finds_them_by_number_alone(world, anna):
    who = anna.register(last_name="Ukryta")
    database = world.space.database
    account = create_account(database, "ala", "Ala", "correct horse battery", who="office", at=world.clock())
    add_membership(database, account, "lead_extraction", "analyst", site_id=None, who="office", at=world.clock())
    ala = world.browser("ala")
    assert "Ukryta" not in ala.get("/lead_extraction/patients?names=1").text
    assert "Ukryta" not in ala.get(f"/lead_extraction/patients/{who}?names=1").text
    assert "Pokaż dane osobowe" not in ala.text
    assert "Nie ma pacjenta o numerze" in ala.search("Ukryta").text
    assert ala.search(who).address.endswith(who)
