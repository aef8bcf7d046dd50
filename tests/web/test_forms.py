"""Filling forms without scripts: save, complete, rows, language, warnings, what a save deletes; nothing typed is lost."""

import json
import re
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pytest

WARSAW = ZoneInfo("Europe/Warsaw")
BODY = "application/x-www-form-urlencoded"


def test_a_form_is_saved_and_shown_again(anna, admission):
    who = anna.register()
    anna.open(who, "admission").post({**admission, "__do": "save"}, "forms")
    assert "Zapisano, " in anna.text
    assert anna.value("main_book_no") == "4512/2025"
    anna.open(who, "admission")
    assert (anna.value("adm_datetime__t"), anna.value("payer")) == ("08:30", "nfz")


def test_completing_leads_on_to_the_next_step(anna, admission):
    who = anna.register()
    anna.open(who, "admission").post({**admission, "__do": "complete"}, "forms")
    assert anna.address.startswith(f"/lead_extraction/patients/{who}?done=")
    assert "Przyjęcie do szpitala" in anna.text
    assert "Urządzenie i elektrody" in anna.text


def test_a_save_of_an_unfinished_form_says_that_it_was_saved_and_nothing_of_what_is_missing(anna, world):
    who = anna.register()
    anna.open(who, "admission").post({"unit_code": "100", "__do": "save"}, "forms")
    told = anna.text.split('<p class="note ready" role="status"')[1].split("</p>")[0]
    assert f"Zapisano, {world.clock.now.astimezone(WARSAW):%H:%M}" in told
    assert "data-summary" not in anna.text
    assert 'class="f bad"' not in anna.text
    assert "Do wyjaśnienia (0)" in anna.text
    assert "Zapisano, " not in anna.get(anna.address).text  # kept or reloaded, the address repeats nothing
    anna.post({"unit_code": "x!", "__do": "save"}, "forms")
    assert "data-summary" not in anna.text
    assert anna.text.count('class="f bad"') == 1  # a wrong value is told at its field


def sign_of(text, section):
    """The sign and the count that the navigator gives a section."""
    step = text.split(f'data-step="{section}"')[1].split("</li>")[0]
    return step.split('aria-label="')[1].split('"')[0], step.split("<small>")[1].split("</small>")[0]


def test_a_section_that_lacks_rows_is_not_ready(anna):
    who = anna.register()
    anna.open(who, "device")
    assert sign_of(anna.text, "s-inventory") == ("nierozpoczęta", "0/1")
    anna.add_lead(lead_no="1")
    assert sign_of(anna.text, "s-inventory")[0] == "w trakcie"
    assert sign_of(anna.text, "s-inventory")[1].startswith("2/")


def test_progress_counts_what_is_required_and_readable(anna, admission):
    who = anna.register()
    anna.open(who, "admission").post({**admission, "adm_datetime__t": "8:99", "__do": "save"}, "forms")
    head, below = re.findall(r"(\d+) z (\d+) wymaganych pól", anna.text)
    assert head == below
    filled, total = head
    assert int(filled) == int(total) - 1
    anna.post({"adm_datetime__t": "8:30", "__do": "complete"}, "forms")
    anna.open(who, "admission")
    assert set(re.findall(r"(\d+) z (\d+) wymaganych pól", anna.text)) == {(total, total)}
    ready, sections = re.findall(r"Sekcje formularza: (\d+) z (\d+)", anna.text)[0]
    assert ready == sections


def test_the_page_of_a_form_words_things_once(anna):
    who = anna.register()
    anna.open(who, "procedure")
    headings = re.findall(r"<h2>([^<]*)</h2>", anna.text.split('class="steps"')[1].split("</nav>")[0])
    assert headings == ["Zabieg", "W tym zdarzeniu"]
    anna.open(who, "patient").post({"first_names": "", "__do": "complete"}, "forms")
    assert "Imię (imiona): Uzupełnij" not in anna.text
    assert 'href="#first_names">Uzupełnij pole „<bdi>Imię (imiona)</bdi>”.</a>' in anna.text


def test_what_does_not_fit_a_pattern_is_told_what_is_expected(anna):
    who = anna.register()
    anna.open(who, "patient").post({"phone": "600-100", "__do": "save"}, "forms")
    told = anna.text.split('id="phone-e"')[1].split("</div>")[0]
    assert "Oczekiwany: 9 do 15 cyfr, np. 600 100 200 albo +48 600 100 200." in told


def test_the_notice_of_a_completed_form_is_told_once(anna, admission):
    who = anna.register()
    anna.open(who, "admission").post({**admission, "__do": "complete"}, "forms")
    assert "jest gotowy" in anna.text
    assert "jest gotowy" not in anna.get(anna.address).text


def test_what_is_missing_stands_in_a_summary_that_jumps(anna):
    who = anna.register()
    anna.open(who, "admission").post({"unit_code": "100", "__do": "complete"}, "forms")
    summary = anna.text.split("data-summary")[1].split("</div>")[0]
    assert 'href="#payer"' in summary or 'href="#payer' in summary
    assert anna.value("unit_code") == "100"


def test_what_cannot_be_read_is_kept_as_typed(anna, admission):
    who = anna.register()
    anna.open(who, "admission").post(
        {**admission, "adm_datetime__d": "32", "adm_datetime__t": "8:99", "__do": "save"}, "forms"
    )
    assert "oprócz" in anna.text
    assert (anna.value("adm_datetime__d"), anna.value("adm_datetime__t")) == ("32", "8:99")
    anna.open(who, "admission")
    assert anna.value("adm_datetime__d") == "32"
    assert anna.value("unit_code") == "100"
    anna.post({"adm_datetime__d": "11", "adm_datetime__t": "8:45", "__do": "complete"}, "forms")
    assert "done=" in anna.address


@pytest.mark.parametrize(
    ("typed", "said", "linked"),
    [
        ({"adm_datetime__d": "32"}, "których nie udało się odczytać. Popraw", ["adm_datetime"]),
        ({"unit_code": "abc"}, "które nie mają postaci wymaganej w swoim polu. Popraw", ["unit_code"]),
        ({"unit_code": "abc", "adm_datetime__d": "32"}, "odczytać albo które nie mają", ["unit_code", "adm_datetime"]),
    ],
)
def test_a_save_leads_to_the_answers_that_it_left_out(anna, admission, typed, said, linked):
    who = anna.register()
    anna.open(who, "admission").post({**admission, **typed, "__do": "save"}, "forms")
    notice = anna.text.split('<p class="note soft">')[1].split("</p>")[0]
    assert said in notice
    assert re.findall('<a href="#([^"]*)"', notice) == linked
    assert f'<a href="#{linked[0]}" autofocus>' in notice


def test_a_save_opens_the_row_in_which_an_answer_was_left_out(anna):
    who = anna.register()
    anna.open(who, "device")
    _, row = anna.add_lead(lead_no="x")
    name = f"leads.{row}.lead_no"
    assert (f'<a href="#{name}" autofocus>' in anna.text, anna.value(name)) == (True, "x")


def test_switching_the_language_keeps_what_was_typed(anna):
    who = anna.register()
    anna.open(who, "admission").post({"unit_code": "abc", "main_book_no": "??", "__do": "language:en"}, "forms")
    assert "Main book number" in anna.text
    assert (anna.value("unit_code"), anna.value("main_book_no")) == ("abc", "??")
    anna.post({"__do": "language:pl"}, "forms")
    assert anna.value("main_book_no") == "??"


def test_rows_are_added_copied_opened_and_removed(anna):
    who = anna.register()
    anna.open(who, "device")
    _, first = anna.add_lead(lead_no="1", lead_model="Sensia")
    assert "Sensia" not in anna.text or "leads." in anna.text
    anna.post({"__do": f"copy:leads.{first}"}, "forms")
    anna.post({"__do": "save"}, "forms")
    anna.post({"__do": f"open:leads.{first}"}, "forms")
    assert anna.value(f"leads.{first}.lead_model") == "Sensia"
    anna.post({f"leads.{first}.lead_model": "Fidelis", "__do": f"remove:leads.{first}"}, "forms")
    anna.post({"__do": "save"}, "forms")
    assert f"leads.{first}" not in anna.text


def test_the_same_page_sent_twice_saves_once(world, anna, admission):
    who = anna.register()
    anna.open(who, "admission")
    address, fields = anna.fields("forms")
    body = [*(pair for pair in fields if pair[0] not in admission), *admission.items(), ("__do", "save")]
    before = len(world.audit("open_form"))
    for _ in range(3):
        assert anna.client.post(address, data=urlencode(body), content_type=BODY).status_code == 303
    assert len(world.audit("open_form")) == before + 1


def test_a_save_that_deletes_asks_first(anna, admission):
    who = anna.register()
    anna.open(who, "admission").post(
        {**admission, "adm_mode": "transfer", "referring_site_id": "990000000107", "__do": "save"}, "forms"
    )
    anna.open(who, "admission").post({"adm_mode": "planned", "__do": "save"}, "forms")
    assert "Nie zapisano jeszcze" in anna.text
    assert "data-clears" in anna.text
    anna.post({"__clear": "yes", "__do": "save"}, "forms")
    assert "Zapisano, " in anna.text
    anna.open(who, "admission").post({"adm_mode": "transfer", "__do": "save"}, "forms")
    assert anna.value("referring_site_id") == ""


def test_a_tick_for_one_deletion_is_none_for_another(anna, admission):
    who = anna.register()
    anna.open(who, "admission").post(
        {**admission, "adm_mode": "transfer", "referring_site_id": "990000000107", "__do": "save"}, "forms"
    )
    anna.open(who, "admission").post({"adm_mode": "planned", "__clear": "yes", "__do": "save"}, "forms")
    assert "Nie zapisano jeszcze" in anna.text


def test_a_warning_is_answered_with_a_reason_and_comes_back_when_the_value_changes(anna):
    who = anna.register()
    anna.open(who, "patient").post({"sex": "f", "__do": "save"}, "forms")
    name = next(part.split('"')[0] for part in anna.text.split('name="')[1:] if part.startswith("sex__why."))
    anna.post({name: "Zmiana wpisu w akcie", "__do": "save"}, "forms")
    assert anna.open(who, "patient").value(name) == "Zmiana wpisu w akcie"
    assert "1 ostrzeżenie" not in anna.get(f"/lead_extraction/patients/{who}").text
    anna.open(who, "patient").post({"sex": "x", "__do": "save"}, "forms")
    assert "1 ostrzeżenie" in anna.get(f"/lead_extraction/patients/{who}").text


def test_an_event_form_is_opened_in_its_event(anna):
    who = anna.register()
    anna.open(who, "complications", "discharge").post({"cx_any": "false", "__do": "complete"}, "forms")
    assert "done=" in anna.address
    text = anna.get(f"/lead_extraction/patients/{who}").text
    assert "complications.discharge.1" in text
    anna.open(who, "complications", "discharge")
    assert anna.value("cx_any") == "false"


def test_autosave_keeps_what_is_typed_and_says_what_rules_say(anna):
    who = anna.register()
    answer = anna.open(who, "admission").draft({"adm_mode": "transfer", "unit_code": "x"})
    assert answer.status_code == 200
    assert answer.json["revision"] == "0"
    assert "referring_site_id" in answer.json["evaluation"]["visible"]
    assert {"item": "unit_code", "code": "pattern"}.items() <= {
        k: v for each in answer.json["evaluation"]["violations"] if each["item"] == "unit_code" for k, v in each.items()
    }.items()
    assert anna.open(who, "admission").value("unit_code") == "x"
    assert "kopia robocza" in anna.get(f"/lead_extraction/patients/{who}").text


def test_a_calculated_value_says_why_with_real_numbers_also_over_rows(anna):
    who = anna.register()
    anna.open(who, "device").add_lead(lead_no="2", lead_type="rv_pace", lead_status="abandoned")
    assert '<span class="input-line">Elektroda <b>1 (2. Prawokomorowa stymulująca)</b></span>' in anna.text
    answer = anna.open(who, "indication").draft({"ind_primary": "infection"})
    assert answer.json["evaluation"]["why"]["ind_is_infection"] == [
        ["Wskazanie główne", "Zakażenie układu lub zapalenie wsierdzia", "ind_primary"]
    ]


def test_a_draft_is_given_up(anna):
    who = anna.register()
    anna.open(who, "admission").draft({"unit_code": "x"})
    address = anna.open(who, "admission").fields("forms")[0]
    anna.post({}, "forms", to=f"{address}/discard")
    assert anna.value("unit_code") == ""


def test_a_draft_is_seen_by_nobody_else(world, anna):
    who = anna.register()
    anna.open(who, "admission").draft({"unit_code": "777 Kardiologia"})
    assert "777 Kardiologia" not in world.browser("piotr").open(who, "admission").text


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "{{7*7}}",
        "'; DROP TABLE subject;--",
        "\u202e\u0000zły",
        "🫀" * 50,
    ],
)
def test_hostile_text_is_shown_as_text(anna, text):
    who = anna.register()
    anna.open(who, "device").post(
        {"gen_model": text, "cied_type": "pm_ddd", "n_prev_proc": text, "__do": "save"}, "forms"
    )
    assert anna.status == 200
    assert "<script>alert" not in anna.text
    assert "<img src=x" not in anna.text
    assert "\u202e" not in anna.text.split("data-text")[1].split("</p>")[0]
    assert json.dumps(49) not in anna.value("gen_model")
    assert anna.value("n_prev_proc").replace("\x00", "") in text.replace("\x00", "") or anna.value("n_prev_proc")
    assert anna.search(text).status == 200


def test_a_huge_post_is_refused_calmly(quick_world):
    anna = quick_world.browser("anna")
    who = anna.register()
    address, fields = anna.open(who, "admission").fields("forms")
    token = dict(fields)["csrf_token"]
    for body in (
        urlencode({"csrf_token": token, "unit_code": "x" * 11_000_000}),
        urlencode({"csrf_token": token}) + "&a=1" * 100_001,
        "x" * 13_000_000,
    ):
        answer = anna.client.post(address, data=body, content_type=BODY)
        assert answer.status_code == 413
        told = answer.get_data(as_text=True)
        assert re.search("[Tt]ekst.* za długi|tekst.* większy, niż", told)
        assert all(word in told for word in ("Wstecz", "Skróć"))
    assert anna.open(who, "admission").status == 200


def test_nonsense_posts_never_break(quick_world):
    anna = quick_world.browser("anna")
    who = anna.register()
    address, fields = anna.open(who, "device").fields("forms")
    token = dict(fields)["csrf_token"]
    for extra in (
        {"__do": "copy:leads.none"},
        {"__do": "zzz"},
        {"__revision": "99999999999999"},
        {"__revision": "-1", "__do": "save"},
        {"__do": "remove:"},
        {"leads.x.lead_no": "1"},
        {"__open": "a b c"},
    ):
        answer = anna.client.post(address, data=urlencode({"csrf_token": token, **extra}), content_type=BODY)
        assert answer.status_code in (303, 409), extra
