"""Warnings that a signature meets: they ask for the same as a save, on the page of signing, and nothing typed is lost."""

import re
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import pytest
from pypdf import PdfReader

from renderers.paper import APT, can_print
from storage.accounts import add_membership, create_account
from tests.web.browsing import PASSWORD, found_in

FOLDER = Path(__file__).parents[1] / "fixtures" / "signing"
ASKED = {  # what is saved -> the rules that want a reason at signing, and those that ask to be confirmed
    "nothing": ({"dose": "60", "opinion": "60"}, "80", [], []),
    "judged at signing alone": ({"dose": "60", "opinion": "50"}, "80", ["OPINION"], []),
    "of another form": ({"dose": "60", "opinion": "60"}, "50", ["BY_WEIGHT"], []),
    "of the day": ({"dose": "60", "opinion": "60", "given__d": "1", "given__m": "6", "given__y": "2025"}, "80", [], ["LONG_AGO"]),
    "all": (
        {"dose": "60", "opinion": "50", "given__d": "1", "given__m": "6", "given__y": "2025"}, "50",
        ["BY_WEIGHT", "OPINION"], ["LONG_AGO"],
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def doses(new_sqlite, new_world):
    world = new_world(new_sqlite(), definitions=FOLDER, registry="doses")
    new = create_account(world.space.database, "pawel", "Pawel", PASSWORD, who="office", at=world.clock.now)
    right = {"site_id": world.sites[0], "who": "office", "at": world.clock.now}
    add_membership(world.space.database, new, "doses", "physician", **right)
    yield world
    world.space.database.close()


@pytest.fixture
def begin(doses):
    """Call it for a patient with a complete form of treatment; then the weight is saved, and two months go by."""

    def begin(course, weight):
        anna = doses.browser("anna")
        anna.get("/doses/patients").post({}, "/patients")
        who = anna.address.split("/")[3]
        anna.get(f"/doses/patients/{who}")
        forms = {name: found_in(anna.text, rf'href="([^"]*\.{name})"') for name in ("course", "lab")}
        anna.get(forms["course"]).post({**course, "__do": "complete"}, "forms")
        anna.get(forms["lab"]).post({"weight": weight, "__do": "save"}, "forms")
        doses.clock.wait(days=60)
        pawel = doses.browser("pawel").get(f"{forms['course']}/state")
        return SimpleNamespace(pawel=pawel, **forms)

    return begin


def fields(browser, kind):
    """The names of the page's fields for answers of a kind, and the rules that they are about."""
    found = re.findall(rf'name="(\w*__{kind}[^"]*)"(?: value="([^"]*)")?', browser.text)
    return {
        (value or name.partition("why.")[2]).partition("-")[0]: (name, value or "Tak ma być") for name, value in found
    }


def answers(browser):
    return dict([*fields(browser, "why").values(), *fields(browser, "ack").values()])


def sign(browser, **more):
    return browser.post({"meaning": "author", "password": PASSWORD, **more}, "state/sign")


def state(browser):
    return found_in(browser.text, r'class="st \w+ chip">.*?</svg>([^<]+)</span>')


@pytest.mark.parametrize("case", ASKED)
def test_signing_asks_for_what_a_save_asks(begin, doses, case):
    course, weight, reasons, confirmed = ASKED[case]
    at = begin(course, weight)
    pawel, noted = at.pawel, len(doses.audit("acknowledge"))
    assert sorted(fields(pawel, "why")) == reasons
    assert sorted(fields(pawel, "ack")) == confirmed
    given = answers(pawel)
    if reasons:
        sign(pawel)
        assert state(pawel) == "gotowy"
        assert pawel.text.count("Podaj powód.") == len(reasons)
        assert re.search(r'value="author" required checked', pawel.text), "nothing chosen is lost"
    sign(pawel, **given)
    assert state(pawel) == "podpisany"
    assert len(doses.audit("acknowledge")) == noted + len(given)
    assert not answers(pawel.get(f"{at.course}/state"))


def test_a_wrong_password_loses_no_reason_and_keeps_none(begin, doses):
    pawel = begin({"dose": "60", "opinion": "50"}, "50").pawel
    given, noted = answers(pawel), len(doses.audit("acknowledge"))
    sign(pawel, password="wrong horse", **given)
    assert state(pawel) == "gotowy"
    assert pawel.text.count("Tak ma być</textarea>") == 2
    assert len(doses.audit("acknowledge")) == noted
    sign(pawel)
    assert state(pawel) == "podpisany"


def test_a_reason_with_a_pesel_signs_nothing_and_is_there_to_be_corrected(begin, doses):
    pawel = begin({"dose": "60", "opinion": "50"}, "50").pawel
    given, noted = answers(pawel), len(doses.audit("acknowledge"))
    sign(pawel, **dict.fromkeys(given, "To 440514 01359"))
    assert "Nie podpisano: w podanym powodzie jest PESEL" in pawel.text
    assert state(pawel) == "gotowy"
    assert pawel.text.count("To 440514 01359</textarea>") == 2
    assert len(doses.audit("acknowledge")) == noted
    sign(pawel, **given)
    assert state(pawel) == "podpisany"


def test_what_is_answered_is_not_asked_again_until_the_values_change(begin):
    at = begin({"dose": "60", "opinion": "50"}, "50")
    pawel = at.pawel
    sign(pawel, **answers(pawel))
    pawel.post({"reason": "jeszcze raz"}, "state/unsign")
    assert not answers(pawel)
    pawel.get(at.course)
    assert "Tak ma być" in pawel.text, "the form's page has the answer too"
    pawel.get(at.lab).post({"weight": "55", "__do": "save"}, "forms")
    pawel.get(f"{at.course}/state")
    assert list(fields(pawel, "why")) == ["BY_WEIGHT"]


@pytest.mark.skipif(not can_print(), reason=f"Pango is missing: {APT}")
def test_what_was_accepted_at_signing_alone_is_printed(begin):
    def printed():
        pages = PdfReader(BytesIO(pawel.client.get(f"{at.course}/pdf").data)).pages
        return re.sub(r"\s+", " ", " ".join(page.extract_text() for page in pages))

    at = begin({"dose": "60", "opinion": "50"}, "50")
    pawel, reasons = at.pawel, {"BY_WEIGHT": "Otyłość", "OPINION": "Druga opinia"}
    given = {name: reasons[rule] for rule, (name, _) in fields(pawel, "why").items()}
    assert "Ocena różni się" not in printed()
    sign(pawel, **given)
    text = printed()
    assert "Ocena różni się od dawki." in text
    assert [text.count(f"Powód odstępstwa: {reason} (Pawel)") for reason in reasons.values()] == [1, 1]
    pawel.get(f"{at.course}/state").post({"reason": "poprawka"}, "state/unsign")
    pawel.get(at.course).post({"opinion": "40", "__do": "save"}, "forms")
    assert "Druga opinia" not in printed(), "it was said of another value"


def test_a_warning_that_came_after_the_page_is_asked_before_the_signature(begin, doses):
    at = begin({"dose": "60", "opinion": "60"}, "80")
    page = at.pawel.fields("state/sign")
    doses.browser("anna").get(at.lab).post({"weight": "50", "__do": "save"}, "forms")
    pawel = doses.browser("pawel").get(f"{at.course}/state")
    pawel.post(
        {name: value for name, value in page[1] if name == "revision"} | {"meaning": "author", "password": PASSWORD},
        "state/sign",
    )
    assert state(pawel) == "gotowy"
    assert list(fields(pawel, "why")) == ["BY_WEIGHT"]
    assert sign(pawel, **answers(pawel)).text.count("Podpisano.") == 1
