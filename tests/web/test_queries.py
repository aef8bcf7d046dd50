"""Queries on the pages: raised at a field, answered by the hospital, closed; the list, its file, and who may do what."""

import csv
import re
from html import unescape
from io import StringIO

import pytest

from storage.query_steps import BY_RULE, STEPS
from web.roles import Permission

SCRIPT = "<script>alert('ż')</script> & co"
AT = "/lead_extraction/queries"


@pytest.fixture
def patient(anna):
    """The pseudonym of a patient whose first form was saved."""
    return anna.register()


def form_of(browser, who):
    return browser.open(who, "patient").address.partition("?")[0]


def ask(browser, who, at="sex", text="Czy na pewno?"):
    """Raise a query at a field, through the page."""
    address = form_of(browser, who)
    return browser.get(f"{address}/queries?at={at}").post({"text": text}, "/queries?")


def found(pattern, page):
    """What a page has at a place."""
    match = re.search(pattern, page.text, re.DOTALL)
    assert match is not None, pattern
    return match[1]


def said(page):
    return [unescape(text) for text in re.findall(r'<p class="value">(.*?)</p>', page.text, re.DOTALL)]


def test_a_monitor_asks_the_hospital_answers_and_the_monitor_closes(anna, mona, patient):
    address = form_of(mona, patient)
    assert f'{address}/queries?at=sex"' in mona.text  # a bubble at each field
    ask(mona, patient, text=SCRIPT)
    assert said(mona) == [SCRIPT]
    assert "<script>alert" not in mona.text
    bubble = re.search(rf'class="tool has" href="{address}/queries\?at=sex".*?data-count>1<', anna.get(address).text)
    assert bubble is not None
    assert f'{address}/queries?at=last_name"' not in anna.text  # who enters data does not ask
    anna.get(f"{address}/queries?at=sex").post({"text": "Tak."}, "/answer")
    assert said(anna) == [SCRIPT, "Tak."]
    assert "Odpowiedź zapisana" in anna.text
    mona.get(anna.address)
    close = found(r'formaction="([^"]+/close)"', mona)
    mona.post({"text": ""}, "/queries", to=close)
    assert "zamknięte" in mona.text
    assert "data-count>1<" not in anna.get(address).text


def test_who_asks_needs_words_and_keeps_what_was_typed(mona, patient):
    ask(mona, patient, text="x" * 2001)
    assert mona.status == 422
    assert "x" * 2001 in mona.text
    assert "Napisz od 1 do 2000" in mona.text
    ask(mona, patient, text=" ")
    assert mona.status == 422


def test_a_script_gets_the_conversation_alone(mona, patient):
    address = form_of(mona, patient)
    answer = mona.client.get(f"{address}/queries?at=sex", headers={"X-Requested-With": "fetch"})
    assert "<html" not in answer.text
    assert 'data-waiting="0"' in answer.text


@pytest.mark.parametrize("at", ["nothing", "sex.1.x", "../x", "leads.r1"])
def test_a_place_that_is_not_there_is_not_found(mona, patient, at):
    assert mona.get(f"{form_of(mona, patient)}/queries?at={at}").status == 404


def test_a_form_that_was_never_saved_has_no_queries(anna, mona, patient):
    address = anna.open(patient, "admission").address
    assert mona.get(f"{address}/queries?at=").status == 404
    assert "/queries?at=" not in mona.get(address).text


def test_a_query_about_a_row_s_item_is_seen_at_the_closed_row(anna, mona, patient):
    _, row = anna.open(patient, "device").add_lead(lead_no="1")
    address, name = anna.address.partition("?")[0], f"leads.{row}.lead_no"
    mona.get(f"{address}/queries?at={name}").post({"text": "Która to?"}, "/queries?")
    assert "Wiersz 1" in mona.text
    line = found(rf'data-row="leads.{row}"(.*?)</li>', anna.get(address))
    assert f'/queries?at=leads.{row}"' in line
    assert "data-count>1<" in line
    assert said(anna.get(f"{address}/queries?at=leads.{row}")) == ["Która to?"]
    assert "?at=leads" not in anna.get(f"{address}/queries?at=").text


def test_each_step_asks_for_a_permission_that_there_is():
    assert {step.permission for step in STEPS.values()} == {Permission.QUERY, Permission.ANSWER, BY_RULE}


@pytest.mark.parametrize(
    ("login", "step", "status"),
    [("anna", "close", 403), ("anna", "raise", 403), ("ewa", "answer", 403), ("mona", "answer", 403),
     ("mona", "broken", 404), ("mona", "raise", 404), ("mona", "none", 404), ("jan", "answer", 404)],
)  # fmt: skip
def test_a_step_without_the_right_is_refused(world, mona, patient, login, step, status):
    ask(mona, patient)
    here = found(r'action="([^"]+/queries/\d+)/', mona)
    other = world.browser(login)
    other.get("/lead_extraction/patients")
    token = found(r'name="csrf_token" value="([^"]+)"', other)
    answer = other.client.post(f"{here}/{step}", data={"csrf_token": token, "text": "x"})
    assert answer.status_code == status
    assert said(mona.get(mona.address)) == ["Czy na pewno?"]


def test_a_step_that_came_too_late_says_so_and_keeps_the_text(world, anna, mona, patient):
    ask(mona, patient)
    here = mona.address
    anna.get(here)
    asking = world.browser("mona").get(here)
    close = found(r'formaction="([^"]+/close)"', mona)
    mona.post({}, "/queries", to=close)
    anna.post({"text": "Sprawdzone."}, "/answer")
    assert anna.status == 422
    assert "Tego nie zapisano: Mona" in anna.text
    assert 'Twoja niewysłana treść: <q class="value">Sprawdzone.</q>' in anna.text
    assert said(anna) == ["Czy na pewno?"]
    asking.post({"text": "A jednostka?"}, "/ask")
    assert "A jednostka?</textarea>" in asking.text, "where something may still be said, it stands in the field"


def test_the_list_shows_whose_turn_it_is_and_leads_to_the_field(anna, mona, patient):
    ask(mona, patient)
    anna.get(AT)
    assert "czeka na szpital" in anna.text
    link = next(link for link in re.findall(r'href="([^"]+/queries\?query=\d+)"', anna.text) if patient in link)
    assert said(anna.get(unescape(link))) == ["Czy na pewno?"]
    assert patient in anna.get(f"/lead_extraction/patients/{patient}").text
    assert "Czy na pewno?" in anna.text
    assert "?query=" not in anna.get(f"{AT}?show=closed&form=admission").text
    assert "?query=" not in anna.get(f"{AT}?age=7").text
    assert "Szpital 1" in mona.get(AT).text


def test_another_hospital_s_list_is_empty(world, mona, patient):
    ask(mona, patient)
    assert patient not in world.browser("jan").get(f"{AT}?show=all").text


@pytest.mark.parametrize(
    ("text", "told"), [("=HYPERLINK(1)", "'=HYPERLINK(1)"), ("-2+3+cmd", "'-2+3+cmd"), ("-99", "-99"), ("-1.5", "-1.5")]
)
def test_the_file_holds_what_the_list_does_and_no_formula(world, anna, mona, patient, text, told):
    ask(mona, patient, text=text)
    answer = mona.client.get(f"{AT}.csv?show=open")
    lines = list(csv.reader(StringIO(answer.data.decode("utf-8-sig"))))
    assert [len(line) for line in lines] == [16] * len(lines)
    (line,) = (line for line in lines if patient in line)
    assert line[1:6] == ["otwarte", "czeka na szpital", "Szpital 1", patient, line[5]]
    assert line[14] == told
    assert any('"of":"queries"' in body for body in world.audit("export"))


def test_the_list_takes_few_statements_however_many_there_are(world, mona, patient):
    counts = []
    for _ in range(2):
        ask(mona, patient)
        with world.space.database.counted() as sent:
            mona.get(AT)
        counts.append(len(sent))
    assert counts[0] == counts[1] <= 5


def test_the_list_is_narrowed_to_a_hospital_that_is_typed(mona, patient):
    ask(mona, patient)
    assert patient in mona.get(f"{AT}?hospital=szpital 1").text
    assert 'value="Szpital 1 (990000000101)"' in mona.text
    assert patient not in mona.get(f"{AT}?hospital=990000000102").text
    assert "Pasuje kilka szpitali" in mona.get(f"{AT}?hospital=Szpital").text
