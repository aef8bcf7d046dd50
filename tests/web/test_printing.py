"""The button that prints a form, and what the PDF says when it is read back."""

import json
import re
from io import BytesIO

import pytest
from pypdf import PdfReader

from renderers.paper import APT, CannotPrint, can_print
from storage.accounts import add_membership, create_account
from web import form_page, printing

PASSWORD = "correct horse battery"
REGISTRY = "lead_extraction"
needs_pango = pytest.mark.skipif(not can_print(), reason=f"Pango is missing: {APT}")


def printed(browser):
    """The text of the PDF that the button of the page leads to."""
    (address,) = re.findall(r'<a class="btn bare" href="([^"]*/pdf)"', browser.text)
    answer = browser.client.get(address)
    assert answer.status_code == 200
    assert answer.mimetype == "application/pdf"
    assert answer.headers["Cache-Control"] == "no-store"
    pages = PdfReader(BytesIO(answer.data)).pages
    return re.sub(r"\s+", " ", " ".join(page.extract_text() for page in pages))


@needs_pango
def test_a_saved_form_is_printed_with_who_saved_it_when(anna, admission):
    who = anna.register()
    anna.open(who, "admission").post({**admission, "__do": "complete"}, "forms")
    text = printed(anna.open(who, "admission"))
    for words in (
        who, "Przyjęcie do szpitala", "Krajowy Rejestr Przeznaczyniowych Ekstrakcji Elektrod", "gotowy", "10.03.2025 08:30",
        "Wizyta Przyjęcie i kwalifikacja", "Anna (zapis 1)", "dane robocze, niepodpisane", "strona 1 z", "definicja lead_extraction 1.0.0",
    ):  # fmt: skip
        assert words in text
    assert "nie zapisano" not in text


@needs_pango
def test_a_signature_is_printed_with_name_time_and_meaning(world, anna, admission):
    new = create_account(world.space.database, "lekarz", "Maria Lis", PASSWORD, who="office", at=world.clock.now)
    right = {"site_id": world.sites[0], "who": "office", "at": world.clock.now}
    add_membership(world.space.database, new, REGISTRY, "physician", **right)
    who = anna.register()
    anna.open(who, "admission").post({**admission, "__do": "complete"}, "forms")
    maria = world.browser("lekarz").open(who, "admission")
    form = maria.address
    maria.get(f"{form}/state").post({"meaning": "responsible", "password": PASSWORD}, "state/sign")
    text = printed(maria.get(form))
    for words in (
        "podpisany", "Podpis: Maria Lis,", "Odpowiadam za te dane jako lekarz prowadzący.",
        "Reguły: lead_extraction 1.0.0.", "Wartości są te same, co przy podpisie.",
    ):  # fmt: skip
        assert words in text
    assert "niepodpisane" not in text


@needs_pango
def test_what_is_not_saved_yet_is_printed_and_called_so(anna, admission):
    who = anna.register()
    anna.open(who, "admission")
    anna.draft({**admission, "main_book_no": "777/2025"})
    text = printed(anna.open(who, "admission"))
    assert "777/2025" in text
    assert "zawiera zmiany, których jeszcze nie zapisano" in text


@needs_pango
def test_an_answered_warning_is_printed_with_its_reason(anna):
    who = anna.register()
    anna.open(who, "patient").post({"sex": "f", "__do": "save"}, "forms")
    name = next(part.split('"')[0] for part in anna.text.split('name="')[1:] if part.startswith("sex__why."))
    assert "Ostrzeżenie: Płeć" in printed(anna)
    anna.post({name: "Zmiana wpisu w akcie", "__do": "save"}, "forms")
    assert "Powód odstępstwa: Zmiana wpisu w akcie (Anna)" in printed(anna.open(who, "patient"))


@needs_pango
def test_an_untouched_form_is_printed_to_be_filled_in_with_a_pen(anna):
    who = anna.register()
    text = printed(anna.open(who, "complications", "discharge"))
    for words in (f"nr pacjenta {who}", "formularz do wypełnienia", "Wizyta Wypis", "Podpisy", "Powikłanie 3"):
        assert words in text
    assert "dane robocze" not in text


@needs_pango
def test_printing_is_noted_and_readers_may(world):
    anna = world.browser("anna")
    who = anna.register()
    before = len(world.audit("print"))
    reader = world.browser("ewa")
    text = printed(reader.get(f"/lead_extraction/patients/{who}").open(who, "patient"))
    assert "Przykładowy" in text
    noted = world.audit("print")
    assert len(noted) == before + 1
    assert json.loads(noted[-1])["revision"] == 1


def test_another_hospital_prints_nothing(world):
    who = world.browser("anna").register()
    assert world.browser("jan").client.get(f"/lead_extraction/patients/{who}/forms/1.patient/pdf").status_code == 404


def test_without_pango_there_is_no_button_and_the_address_says_why(monkeypatch, world):
    def missing(_documents):
        raise CannotPrint("no Pango")

    monkeypatch.setattr(form_page, "can_print", lambda: False)
    monkeypatch.setattr(printing, "pdf_of", missing)
    anna = world.browser("anna")
    anna.open(anna.register(), "patient")
    assert "/pdf" not in anna.text
    answer = anna.client.get(anna.address.partition("?")[0] + "/pdf")
    assert answer.status_code == 501
    assert "Ctrl+P" in answer.get_data(as_text=True)
