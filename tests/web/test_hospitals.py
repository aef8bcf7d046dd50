"""Hospitals are apart: what belongs to another one looks as if it did not exist, and the attempt is noted."""

import re

import pytest


@pytest.fixture
def theirs(world):
    """A patient of the other hospital, with addresses of its pages."""
    jan = world.browser("jan")
    who = jan.register()
    jan.get(f"/lead_extraction/patients/{who}")
    return who, sorted(set(re.findall(r'href="([^"]*/forms/[^"]*)"', jan.text)))


def test_lists_hold_only_ones_own(world, theirs):
    who, _ = theirs
    anna = world.browser("anna")
    own = anna.register()
    text = anna.get("/lead_extraction/patients").text
    assert own in text
    assert who not in text
    assert "Nie ma pacjenta" in anna.search(who).text


def test_pages_of_others_and_of_nobody_look_the_same(world, theirs):
    who, addresses = theirs
    anna = world.browser("anna")
    anna.get("/lead_extraction/patients/TLE-9999-X9")
    nobody = (anna.status, anna.text)
    for address in (f"/lead_extraction/patients/{who}", *addresses):
        anna.get(address)
        assert anna.status == 404
        assert _plain(anna.text) == _plain(nobody[1])


def _plain(text):
    """Without what is made for each answer, and the address that was asked, which the link to the help centre repeats."""
    return re.sub(r'(value="[^"]*"|href="/help/[^"]*"|\?language=\w+|href="[^"]*language[^"]*")', "", text)


def test_others_cannot_be_written_to(world, theirs):
    who, addresses = theirs
    anna = world.browser("anna")
    anna.get("/lead_extraction/patients")
    token = dict(anna.fields()[1])["csrf_token"]
    for address in addresses:
        for end in ("", "/draft", "/discard", "/resolve", "/files/lx_photo"):
            assert anna.client.post(address + end, data={"csrf_token": token, "__do": "save"}).status_code == 404
    for end in ("1/add/episode", "2/undo"):
        address = f"/lead_extraction/patients/{who}/parts/{end}"
        assert anna.client.post(address, data={"csrf_token": token}).status_code == 404


def test_the_attempt_is_noted(world, theirs):
    who, _ = theirs
    anna = world.browser("anna")
    before = len(world.audit("denied"))
    anna.get(f"/lead_extraction/patients/{who}")
    assert len(world.audit("denied")) == before + 1
    assert who in world.audit("denied")[-1]


def test_places_of_another_patient_are_not_reached_through_ones_own(world, theirs):
    who, addresses = theirs
    anna = world.browser("anna")
    own = anna.register()
    for address in addresses:
        assert anna.get(address.replace(who, own)).status == 404


@pytest.mark.parametrize(
    "spot",
    [
        "0.patient",
        "1",
        "x.patient",
        "1.nothing",
        "1.patient.7",
        "1.complications",
        "99999999999999999999.patient",
        "1.patient.discharge.1",
        "%00",
        "1.patient'--",
    ],
)
def test_places_that_do_not_exist(quick_world, spot):
    anna = quick_world.browser("anna")
    who = anna.register()
    assert anna.get(f"/lead_extraction/patients/{who}/forms/{spot}").status == 404


BARE = """registry: bare
version: 0.1.0
title: {pl: Goły, en: Bare}
containers:
  stay: {of: patient, repeats: true}
events:
  visit: {in: stay, forms: [seen]}
forms:
  person: {in: patient, sections: [{id: s, items: [{id: name, type: text}]}]}
  seen: {sections: [{id: s, items: [{id: well, type: boolean}]}]}
"""


def test_a_registry_without_titles_is_served_by_its_ids(new_world, new_sqlite, tmp_path):
    (tmp_path / "bare.yaml").write_text(BARE, "utf-8")
    world = new_world(new_sqlite(), definitions=tmp_path, registry="bare")
    browser = world.browser("anna")
    browser.get("/bare/patients").post({}, "/patients")
    browser.get(f"/bare/patients/{browser.address.split('/')[3]}")
    assert "stay" in browser.text
    world.space.database.close()


@pytest.mark.parametrize(
    ("parted", "arrives"), [("in: patient", r"/forms/\d+\.person"), ("in: stay", "")], ids=["called person", "none"]
)
def test_who_registers_a_patient_is_led_to_the_first_form_of_the_patient(
    new_world, new_sqlite, tmp_path, parted, arrives
):
    (tmp_path / "bare.yaml").write_text(BARE.replace("person: {in: patient", f"person: {{{parted}"), "utf-8")
    world = new_world(new_sqlite(), definitions=tmp_path, registry="bare")
    browser = world.browser("anna").get("/bare/patients").post({}, "/patients")
    assert browser.status == 200, browser.text
    assert re.fullmatch(rf"/bare/patients/[^/]+{arrives}", browser.address)
    world.space.database.close()
