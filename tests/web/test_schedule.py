"""The schedule on the pages: marked as missed and taken back, told on the form and in the list, drawn, and outcomes with it."""

import re
from html import unescape

import pytest

EARLY, LATE = "fu_1m", "fu_12m"
REASON = "pacjent za granicą"


def operated(browser, day=("17", "3", "2025")):
    """A patient whose procedure took place then: a contact at one month is overdue on the first of July."""
    who = browser.register()
    browser.open(who, "procedure").post(
        {**{f"proc_start__{part}": text for part, text in zip("dmyt", (*day, "9:10"), strict=True)}, "__do": "save"}, "forms"
    )  # fmt: skip
    return who


def lane(browser, who, title):
    """What the patient's page says of an event."""
    browser.get(f"/lead_extraction/patients/{who}")
    found = re.split(rf"<h3[^>]*>{title}</h3>", browser.text)[1].split("</div>\n<ul>")[0]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", found)).split())


def occasion(browser, event, what="missed", number=1):
    addresses = re.findall(r'action="([^"]*)"', browser.text)
    return next(address for address in addresses if f".{event}.{number}/{what}" in address)


def decide(browser, who, event=EARLY, what="missed", **values):
    browser.get(f"/lead_extraction/patients/{who}")
    return browser.post(values, occasion(browser, event, what))


def listed(browser, who, waiting=""):
    text = browser.get(f"/lead_extraction/patients?order=-number&waiting={waiting}").text
    return unescape(text.split(f">{who}<")[1].split("</tr>")[0]) if who in text else ""


def test_a_missed_event_is_marked_told_and_taken_back(world, anna):
    who = operated(anna)
    assert "46 dni po terminie" in lane(anna, who, "Obserwacja po 1 miesiącu")
    assert "2 po terminie" in listed(anna, who)  # the admission as well
    decide(anna, who, reason=f"  {REASON}\n")
    told = lane(world.browser("piotr"), who, "Obserwacja po 1 miesiącu")
    assert "pominięte" in told
    assert f"Anna, 01.07.2025: {REASON}" in told
    assert "1 po terminie" in listed(anna, who)
    assert REASON in anna.open(who, "follow_up", EARLY).text  # the form says so, and can be filled all the same
    decide(anna, who, what="undo")
    assert "46 dni po terminie" in lane(anna, who, "Obserwacja po 1 miesiącu")
    assert "2 po terminie" in listed(anna, who)
    assert len(world.audit("missed_event_undone")) == 1


def test_a_missed_event_needs_a_reason(anna):
    who = operated(anna)
    decide(anna, who, reason="   ")
    assert "Podaj powód" in anna.text
    decide(anna, who, reason="ę" * 251)
    assert "Powód ma 251 znaków, a może mieć najwyżej 250" in anna.text
    assert "ę" * 251 in anna.text  # to be shortened
    assert "46 dni po terminie" in lane(anna, who, "Obserwacja po 1 miesiącu")


def test_what_was_filled_meanwhile_is_not_missed(world, anna):
    who = operated(anna)
    anna.get(f"/lead_extraction/patients/{who}")
    other = world.browser("piotr").open(who, "follow_up", EARLY)
    other.post({"fu_status": "missed", "fu_vital": "unk", "__do": "save"}, "forms")
    anna.post({"reason": REASON}, occasion(anna, EARLY))
    assert "zmieniło się w międzyczasie" in anna.text
    told = lane(anna, who, "Obserwacja po 1 miesiącu")
    assert "07.04.2025–16.05.2025 pominięte" in told
    assert "Nie odbyło się, bo: Status obserwacji = Nie odbyła się" in told
    assert REASON not in told


def test_a_decision_from_an_old_page_is_told_who_decided_meanwhile(world, anna):
    who = operated(anna)
    anna.get(f"/lead_extraction/patients/{who}")
    old = occasion(anna, EARLY)
    decide(world.browser("piotr"), who, reason="odmowa")
    anna.post({"reason": REASON}, old)
    assert "oznaczono w międzyczasie jako pominięte (Piotr" in anna.text
    told = lane(anna, who, "Obserwacja po 1 miesiącu")
    assert ("odmowa" in told, REASON in told) == (True, False)


def test_the_page_says_what_was_decided_once(anna):
    who = operated(anna)
    for what, values, said in (
        ("missed", {"reason": REASON}, "Oznaczono jako pominięte: Obserwacja po 1 miesiącu"),
        ("undo", {}, "Cofnięto oznaczenie jako pominięte: Obserwacja po 1 miesiącu"),
    ):
        decide(anna, who, what=what, **values)
        assert re.search(rf'role="status" tabindex="-1" autofocus>.*{said}', anna.text)
        assert said not in anna.get(anna.address).text


@pytest.mark.parametrize("day", ["9999-12-31", "1800-01-01", "2023-12-16", "2030-07-02"])
def test_an_event_is_added_within_the_years_around_the_episode_alone(anna, day):
    who = operated(anna)
    anna.get(f"/lead_extraction/patients/{who}")
    assert 'min="2023-12-17" max="2030-07-01"' in anna.text
    anna.post({"day": day}, occasion(anna, "unscheduled", "add"))
    assert "Podaj dzień od 17.12.2023 do 01.07.2030" in anna.text
    assert "<h3>Zdarzenie nieplanowane 1" not in re.sub(r"<h3 [^>]*>", "<h3>", anna.text)


def steps(browser):
    """How many next steps the patient's page has."""
    listed = browser.text.split('id="next-t"')[1].split("</section>")[0]
    more = re.search(r"\d+", listed.split("</ol>")[1])
    return listed.count("<li>") + int(more[0] if more else 0)


def test_an_added_event_waits_for_its_day_and_can_be_taken_back(world, anna):
    who = operated(anna)
    title = "Zdarzenie nieplanowane 1"
    anna.get(f"/lead_extraction/patients/{who}")
    before = steps(anna)
    anna.post({"day": "2025-07-08"}, occasion(anna, "unscheduled", "add"))
    assert "za 7 dni" in lane(anna, who, title)
    assert steps(anna) == before + 1  # planned as a whole; each of its two forms would be one to fill in
    decide(anna, who, "unscheduled", "remove")
    assert f"Cofnięto dodanie: {title}" in anna.text
    assert "unscheduled.1/remove" not in anna.text
    assert len(world.audit("event_removed")) == 1
    anna.post({"day": "2025-07-01"}, occasion(anna, "unscheduled", "add"))
    anna.get(f"/lead_extraction/patients/{who}")
    old = occasion(anna, "unscheduled", "remove")
    other = world.browser("piotr").open(who, "unscheduled_event", "unscheduled")
    other.post({"ue_date__d": "1", "ue_date__m": "7", "ue_date__y": "2025", "__do": "save"}, "forms")
    anna.post({}, old)
    assert "Niczego nie cofnięto" in anna.text
    assert "unscheduled.1/remove" not in anna.text


def test_who_only_reads_marks_nothing(world, anna):
    who = operated(anna)
    reader = world.browser("ewa").get(f"/lead_extraction/patients/{who}")
    assert "/missed" not in reader.text
    address = occasion(anna.get(f"/lead_extraction/patients/{who}"), EARLY)
    token = dict(reader.fields("sign-out")[1])["csrf_token"]
    answer = reader.client.post(address, data={"csrf_token": token, "reason": REASON})
    assert answer.status_code == 403
    assert world.browser("jan").client.post(address, data={"reason": REASON}).status_code in (400, 404, 419)


def test_an_event_says_what_it_is_counted_from(anna):
    who = operated(anna)
    told = lane(anna, who, "Obserwacja po 1 miesiącu")
    assert "Liczone od: Początek zabiegu" in told
    assert "= 17.03.2025 09:10. Dzień docelowy 30: 16.04.2025. Okno: dni od 21 do 60." in told
    assert '<rect class="win overdue"' in anna.text
    assert "Obserwacja po 1 miesiącu: 07.04.2025–16.05.2025" in anna.text


def test_a_form_says_calmly_that_its_window_is_not_open(anna):
    who = operated(anna)
    assert "zamknęło się 16.05.2025" in anna.open(who, "follow_up", EARLY).text
    assert "otwiera się 10.02.2026 (za 224 dni)" in anna.open(who, "follow_up", LATE).text


def test_the_list_can_be_narrowed_to_what_is_overdue(anna):
    late, new = operated(anna), anna.register()
    assert (bool(listed(anna, late, "overdue")), bool(listed(anna, new, "overdue"))) == (True, False)
    assert (bool(listed(anna, late, "due")), bool(listed(anna, new, "due"))) == (True, False)  # the discharge
    assert listed(anna, new)


def test_the_list_takes_as_many_statements_for_many_patients(world, anna):
    def statements():
        anna.get("/lead_extraction/patients")  # now and then a request notes that the session is in use
        with world.space.database.counted() as sent:
            anna.get("/lead_extraction/patients?order=due")
        return len(sent)

    before = statements()
    for _ in range(3):
        operated(anna)
    assert statements() == before


def test_an_unplanned_event_is_added_on_a_day(anna):
    who = operated(anna)
    anna.get(f"/lead_extraction/patients/{who}")
    anna.post({"day": "2025-07-09"}, occasion(anna, "unscheduled", "add"))
    assert "unscheduled_event.unscheduled.1" in anna.address
    told = lane(anna, who, "Zdarzenie nieplanowane 1")
    assert "09.07.2025" in told
    second = occasion(anna, "unscheduled", "add", number=2)
    first = second.replace("unscheduled.2", "unscheduled.1")
    anna.post({"day": "2025-07-10"}, second, to=first)  # as from a page that was opened before
    assert "To zdarzenie dodano w międzyczasie: Zdarzenie nieplanowane 1" in anna.text
    assert "09.07.2025" in lane(anna, who, "Zdarzenie nieplanowane 1")
    anna.post({"day": "tomorrow"}, second)
    assert "Podaj dzień" in anna.text


@pytest.mark.parametrize("spot", ["9999.fu_1m.1", "x", "1.nothing.1"])
def test_what_is_no_event_of_the_patient_is_refused_calmly(anna, spot):
    who = operated(anna)
    anna.get(f"/lead_extraction/patients/{who}")
    address = re.sub(r"events/[^/]*/", f"events/{spot}/", occasion(anna, EARLY))
    token = dict(anna.fields("missed")[1])["csrf_token"]
    answer = anna.client.post(address, data={"csrf_token": token, "reason": REASON})
    assert answer.status_code in (303, 404)


def test_outcomes_say_which_row_decides_and_follow_each_change(anna):
    who = anna.register()
    leads = [anna.open(who, "device").add_lead(lead_no=number, lead_type="rv_pace")[1] for number in ("1", "2")]
    row = {}
    anna.open(who, "procedure")
    for result in ("complete", "fail_ge4"):
        anna.post({"__do": "add:lx"}, "forms")
        names = [name for name, _ in anna.fields("forms")[1] if name.endswith("lx_result")]
        row[result] = names[-1].rpartition(".")[0]
    values = {f"{at}.lx_result": result for result, at in row.items()}
    values |= {f"{at}.lx_lead_ref": lead for at, lead in zip(row.values(), leads, strict=True)}
    told = {what: (value, why) for what, value, why in anna.draft(values).json["evaluation"]["outcomes"]}
    value, why = told["Sukces kliniczny"]
    assert value == "nie"
    assert "Wynik radiologiczny = Pozostawiony fragment ≥ 4 cm" in why
    assert why.startswith("2. ")  # lead 2 decides, lead 1 is not named
    anna.post({**values, "__do": "save"}, "forms")
    value, why = outcome(anna, who, "Sukces kliniczny")
    assert (value, why.startswith("2. ")) == ("nie", True)
    values[f"{row['fail_ge4']}.lx_result"] = "complete"
    now = {what: value for what, value, _ in anna.open(who, "procedure").draft(values).json["evaluation"]["outcomes"]}
    assert now["Sukces kliniczny"] == "tak"
    assert outcome(anna, who, "Sukces kliniczny")[0] == "nie"  # the patient's page tells what is saved
    anna.open(who, "procedure").post({**values, "__do": "save"}, "forms")
    assert outcome(anna, who, "Sukces kliniczny")[0] == "tak"


def outcome(browser, who, label):
    """What the patient's page says of an outcome: its value and what decided."""
    browser.get(f"/lead_extraction/patients/{who}")
    found = unescape(browser.text).split(f"<b>{label}</b>")[1]
    value, why = re.findall(r"<output[^>]*>(.*?)</output>", found)[0], re.findall(r"<p>(.*?)</p>", found)[0]
    return re.sub(r"<[^>]+>", "", value).strip(), re.sub(r"<[^>]+>", "", why)
