"""The home page of whoever fills in: what waits, where it is done, and nothing of other hospitals."""

import re
from html import unescape

import pytest

from storage.accounts import add_membership, create_account
from web import my_day

HOME = "/lead_extraction/day"


@pytest.fixture(scope="module", params=["quick_world", "walled_world"])
def world(request):
    """SQLite, and PostgreSQL's policies."""
    return request.getfixturevalue(request.param)


def sheet(browser, key):
    """The rows of a kind of task, as plain text."""
    part = browser.get(HOME).text.partition(f'<h2 id="{key}"')[2].partition("</section>")[0]
    rows = re.findall(r"<tr>(.*?)</tr>", part.partition("<tbody>")[2], re.DOTALL)
    return [" ".join(re.sub("<[^>]+>", " ", row).split()) for row in rows]


def link(browser, key, who):
    """Where the task of a patient is done."""
    part = browser.get(HOME).text.partition(f'<h2 id="{key}"')[2].partition("</section>")[0]
    return unescape(re.findall(rf'href="([^"]+/{who}/forms/[^"]+)"', part)[0])


@pytest.fixture
def operated(world, anna):
    """A patient whose procedure took place, and the values of its form."""
    who = anna.register()
    anna.open(who, "procedure")
    day = {"proc_start__d": "1", "proc_start__m": "6", "proc_start__y": "2025", "proc_start__t": "9:00"}
    anna.post({**day, "__do": "save"}, "forms")
    assert anna.status == 200
    return who


def test_whoever_sees_patients_begins_with_the_day(world):
    assert world.browser("jan").get("/").address == HOME
    assert world.browser("ewa").get("/").address == HOME
    assert "Na dziś nic nie czeka" in world.browser("jan").get(HOME).text
    assert "Nothing waits today" in world.browser("jan").get(f"{HOME}?language=en").text


def test_what_is_overdue_leads_to_its_form_and_goes_when_it_is_filled(world, anna, operated):
    rows = [row for row in sheet(anna, "overdue") if operated in row]
    assert rows
    assert "po terminie" in rows[0]
    assert anna.get(link(anna, "overdue", operated)).status == 200
    jan = world.browser("jan")
    assert operated not in jan.get(HOME).text


def test_a_working_copy_waits_for_whoever_left_it_until_it_is_saved(world, anna, operated):
    anna.open(operated, "admission").draft({"unit_code": "100"})
    assert [row for row in sheet(anna, "drafts") if operated in row and "Przyjęcie" in row]
    assert operated not in str(sheet(world.browser("piotr"), "drafts"))
    anna.get(link(anna, "drafts", operated)).post({"unit_code": "100", "__do": "save"}, "forms")
    assert operated not in str(sheet(anna, "drafts"))


def test_a_working_copy_of_an_event_names_the_event(anna, operated):
    anna.open(operated, "complications", "procedure").post({"__do": "save"}, "forms")
    anna.open(operated, "complications", "procedure")
    name = next(name for name, _ in anna.fields("forms")[1] if not name.startswith("_") and name != "csrf_token")
    anna.draft({name: "x"})
    assert link(anna, "drafts", operated).endswith(".complications.procedure.1")


def test_unanswered_warnings_and_promised_values_wait(anna):
    who = anna.register()
    anna.open(who, "patient").post({"sex": "f", "__do": "save"}, "forms")
    assert who in str(sheet(anna, "warnings"))
    assert link(anna, "warnings", who).endswith(".patient")
    item = re.findall(r'name="(\w+)__mr"', anna.open(who, "admission").text)[0]
    anna.post({item: "", f"{item}__mr": "tl", "__do": "save"}, "forms")
    assert who in str(sheet(anna, "to_complete"))
    anna.get(link(anna, "to_complete", who)).post({f"{item}__mr": "", "__do": "save"}, "forms")
    assert who not in str(sheet(anna, "to_complete"))


def test_what_a_rule_asks_waits_too(anna):
    who = anna.register(sex="f")
    assert who in str(sheet(anna, "queries"))


def test_whoever_works_at_several_hospitals_sees_them_side_by_side(world, operated):
    database, now = world.space.database, world.clock()
    account = create_account(database, "ida", "Ida", "correct horse battery", who="office", at=now)
    for site in world.sites:
        add_membership(database, account, "lead_extraction", "coordinator", site_id=site, who="office", at=now)
    ida = world.browser("ida").get(HOME)
    rows = re.findall(r'<th scope="row">(Szpital \d)</th><td>.*?</span>(\d+)</td>', ida.text)
    assert [name for name, _ in rows] == ["Szpital 1", "Szpital 2"]
    assert int(rows[0][1]) > 0 == int(rows[1][1])
    ida.get(HOME).post({"site": world.sites[1]}, "/site")
    assert operated not in ida.text


def test_a_long_list_shows_the_first_and_leads_to_all(anna, operated, monkeypatch):
    monkeypatch.setattr(my_day, "MOST", 0)
    assert "0+" in anna.get(HOME).text


def test_requests_to_unlock_wait_for_who_decides_and_tell_who_asked(world, anna):
    database, now = world.space.database, world.clock()
    account = create_account(database, "krystyna", "Krystyna", "correct horse battery", who="office", at=now)
    add_membership(
        database, account, "lead_extraction", "coordinator", site_id=world.sites[0], who="office", at=now
    )  # fmt: skip
    boss, who = world.browser("krystyna"), anna.register()
    state = anna.open(who, "patient").address.partition("?")[0] + "/state"
    boss.get(state).post({}, "state/lock")
    anna.get(state).post({"reason": "błąd w nazwisku"}, "/ask")
    assert [row for row in sheet(boss, "unlocks") if who in row and "od 01.07.2025" in row]
    assert [row for row in sheet(anna, "own_unlocks") if who in row and "czeka na decyzję od" in row]
    assert who not in str(sheet(world.browser("piotr"), "own_unlocks"))
    assert who not in str(sheet(anna, "unlocks"))
    assert link(boss, "unlocks", who) == state
    boss.get(state).post({"reason": "rok zamknięty"}, "/refuse")
    assert who not in str(sheet(boss, "unlocks"))
    assert [row for row in sheet(anna, "own_unlocks") if who in row and "odmówiono od" in row]
    world.clock.wait(days=8)
    assert who not in str(sheet(world.browser("anna"), "own_unlocks"))


def test_a_query_waits_for_whoever_answers(world, anna, operated):
    database, now = world.space.database, world.clock()
    account = create_account(database, "ola", "Ola", "correct horse battery", who="office", at=now)
    add_membership(database, account, "lead_extraction", "monitor", site_id=None, who="office", at=now)
    ola = world.browser("ola").open(operated, "procedure")
    address = ola.address.partition("?")[0]
    ola.get(f"{address}/queries?at=proc_start").post({"text": "Na pewno tego dnia?"}, "/queries?")
    assert operated in str(sheet(anna, "queries"))
    assert operated not in str(sheet(world.browser("jan"), "queries"))


def test_who_may_not_fill_in_is_shown_what_waits_and_not_told_to(world, anna, operated):
    assert any(row.endswith("Wypełnij") for row in sheet(anna, "overdue"))
    rows = sheet(world.browser("ewa"), "overdue")
    assert rows
    assert all(row.endswith("Zobacz") for row in rows)
