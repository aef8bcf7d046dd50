"""No PESEL stands in what people write to others: it is refused in words, and the text is there to be corrected."""

import re
from html import unescape
from random import Random

import pytest

from engine.datatypes.identifiers import holds_pesel, is_pesel
from storage.accounts import add_membership, create_account
from tests.web.browsing import PASSWORD, REGISTRY

PESEL = "44051401359"
TOLD = {"pl": "W tym tekście jest PESEL", "en": "This text holds a PESEL"}
LANGUAGES = pytest.mark.parametrize("language", ["pl", "en"])


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        (PESEL, True), (f"Pacjent {PESEL}, proszę sprawdzić", True), (f"PESEL:{PESEL}.", True), (f"nr{PESEL}z", True),
        ("440514 01359", True), ("440514-01359", True), ("440514\n01359", True), ("440514\r\n01359", True),
        ("440514\u00a001359", True), ("440514 \u2013 01359", True), ("440514  01359", True), ("4405\u200b14\u00ad01359", True),
        ("12 440514 01359", True), (f"44051401358 {PESEL}", True), ("02270803624", True),
        ("44051401358", False), (f"1{PESEL}", False), (f"{PESEL}1", False), ("4405140135", False), ("+48 512 345 670", False),
        ("440514 i 01359", False), ("", False),
        ("44 05 14 01 35 9", False), ("440 514 013 59", False), ("4405140 1359", False), ("44051 401359", False),
        ("440514   01359", False), ("440514.01359", False), ("440514/01359", False), ("44-05-14, 01359", False),
        ("RR 140/85, 135/90, 440-514", False), ("44\n05\n14\n01\n35\n9", False),  # lines of a table
        ("44133001350", False), ("44023001356", False), ("44451401351", False), ("44851401353", False),  # no day, or none of the living
    ],
)  # fmt: skip
def test_what_reads_as_a_pesel(text, holds):
    assert holds_pesel(text) == holds


def test_a_telephone_number_with_its_country_is_none():
    assert not holds_pesel(f"+{PESEL}"), "the digits alone are one"
    assert not any(holds_pesel(f"48512{number:06d}") for number in range(0, 400000, 7)), "nor one that lacks its sign"


def test_what_is_grouped_otherwise_is_one_by_itself():
    assert [text for text in ("44 05 14 01 35 9", f" {PESEL} ", "4405-1401-359") if not is_pesel(text)] == []
    assert [text for text in (f"nr {PESEL}", f"1{PESEL}", "44051401358", "") if is_pesel(text)] == []


def test_rows_of_numbers_are_seldom_one_by_chance():
    drawn = Random(7)  # noqa: S311 -- nothing to guess
    groups = ((3, 3, 3, 2), (2, 3, 3, 3), (4, 4, 3), (2, 2, 2, 5), (5, 6))
    rows = [
        " ".join("".join(drawn.choices("0123456789", k=size)) for size in drawn.choice(groups)) for _ in range(5000)
    ]
    assert sum(map(holds_pesel, rows)) == 0
    assert sum(map(is_pesel, rows)) > 20, "as many would have been refused"


@pytest.fixture(scope="module")
def kora(quick_world):
    """A coordinator of the first hospital, who withdraws."""
    world, at = quick_world, quick_world.clock.now
    account = create_account(world.space.database, "kora.texts", "Kora", PASSWORD, who="office", at=at)
    right = {"site_id": world.sites[0], "who": "office", "at": at}
    add_membership(world.space.database, account, REGISTRY, "coordinator", **right)
    return world.browser("kora.texts")


@pytest.fixture
def done(quick_world, admission):
    """The address of a complete form."""
    anna = quick_world.browser("anna")
    who = anna.register()
    anna.open(who, "admission").post({**admission, "__do": "complete"}, "forms")
    return anna.open(who, "admission").address


@LANGUAGES
def test_the_reason_of_a_withdrawal_is_shown_to_be_corrected_and_sent(kora, done, language):
    kora.get(f"{done}/state?language={language}").post(
        {"reason": f"nie ten: 440514 01359 {language}"}, "state/withdraw"
    )
    assert kora.status == 422
    assert TOLD[language] in kora.text
    assert dict(kora.fields("state/withdraw")[1])["reason"] == f"nie ten: 440514 01359 {language}"
    kora.post({"reason": f"nie ten pacjent {language}"}, "state/withdraw")
    assert f"nie ten pacjent {language}" in kora.text
    assert "01359" not in kora.text
    kora.post({"reason": PESEL}, re.findall(r"withdrawn/\d+", kora.text)[0])
    assert (kora.status, TOLD[language] in kora.text) == (422, True)
    kora.post({"reason": "jednak ten"}, "withdrawn/")
    assert kora.status == 200


def test_a_script_is_told_so(kora, done):
    address, fields = kora.get(f"{done}/state").fields("state/withdraw")
    script = {"X-Requested-With": "fetch", "Accept": "application/json"}
    answer = kora.client.post(address, data={**dict(fields), "reason": PESEL}, headers=script)
    assert (answer.status_code, answer.get_json()["error"]) == (422, 422)


@LANGUAGES
def test_a_query_and_its_answer(quick_world, done, language):
    database, at, login = quick_world.space.database, quick_world.clock.now, f"mona.texts.{language}"
    mona = create_account(database, login, "Mona", PASSWORD, who="office", at=at)
    add_membership(database, mona, REGISTRY, "monitor", site_id=quick_world.sites[0], who="office", at=at)
    place = f"{done}/queries?at=main_book_no&language={language}"
    for browser, end in ((quick_world.browser(login), "/queries?"), (quick_world.browser("anna"), "/answer")):
        browser.get(place).post({"text": f"Czy to {PESEL}?"}, end)
        assert browser.status == 422
        assert TOLD[language] in browser.text
        assert f"Czy to {PESEL}?</textarea>" in browser.text
        browser.post({"text": "Czy to ten pacjent?"}, end)
        assert browser.status == 200
        assert "Czy to ten pacjent?" in browser.text


@LANGUAGES
def test_a_request_for_help(quick_world, language):
    anna = quick_world.browser("anna").get(f"/help/requests/new?language={language}")
    anna.post({"kind": "technical", "text": f"Nie zapisuje {PESEL}"}, "/help/requests")
    assert (anna.status, TOLD[language] in unescape(anna.text)) == (422, True)
    assert f"Nie zapisuje {PESEL}</textarea>" in anna.text
    anna.post({"text": "Nie zapisuje"}, "/help/requests")
    address = anna.address.partition("?")[0]
    assert re.fullmatch(r"/help/requests/\d+", address)
    anna.post({"text": f"Chodzi o {PESEL}"}, "/add")
    assert (
        anna.status,
        f"Chodzi o {PESEL}\n</textarea>" in anna.text or f"Chodzi o {PESEL}</textarea>" in anna.text,
    ) == (422, True)


@LANGUAGES
def test_the_reason_of_a_change_waits_in_the_form(quick_world, done, language):
    told = {"pl": "Nie zapisano jeszcze: w powodzie", "en": "Not saved yet: the reason"}[language]
    anna = quick_world.browser("anna").get(f"{done}?language={language}")
    anna.post({"main_book_no": "77/2025", "__reason": f"pomyłka z {PESEL}", "__do": "save"}, "forms")
    assert told in anna.text
    assert anna.value("main_book_no") == "77/2025"
    anna.post({"__reason": "pomyłka", "__do": "save"}, "forms")
    assert told not in anna.text
