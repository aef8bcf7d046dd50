"""The help pages and the accessibility statement: in both languages, open to all, each screen leads to its page."""

import re
from dataclasses import replace
from datetime import date

import pytest

from web.help_pages import help_pages
from web.manual import FOLDER, NAMES, load_manual, read_page
from web.navigation import HELP_PAGES
from web.operator_settings import Operator
from web.registries import LANGUAGES
from web.settings import SettingsError, read_settings
from web.workspace import EXTENSION

# The marks and headings of the act's technical conditions, version 2.0 of 31 July 2024, in their order.
PARTS = (
    *(
        "a11y-wstep",
        "a11y-podmiot",
        "a11y-zakres",
        "a11y-url",
        "a11y-data-publikacja",
        "a11y-data-aktualizacja",
        "a11y-status",
    ),
    *("a11y-data-sporzadzenie", "a11y-data-przeglad", "a11y-kontakt", "a11y-email", "a11y-telefon", "a11y-procedura"),
    *("a11y-aplikacje", "a11y-architektura", "a11y-komunikacja"),
)
LATER = {"a11y-ocena", "a11y-architektura-url"}  # there where there is something to mark
HEADINGS = (
    *((1, "Deklaracja dostępności"), (2, "Stan dostępności cyfrowej"), (2, "Niedostępne treści"), (3, "Niezgodność z załącznikiem")),
    *((2, "Przygotowanie deklaracji dostępności i jej aktualizacja"), (2, "Skróty klawiszowe")),
    *((2, "Informacje zwrotne i dane kontaktowe"), (2, "Obsługa wniosków i skarg związanych z dostępnością")),
    *((2, "Pozostałe informacje"), (3, "Aplikacje mobilne"), (3, "Dostępność architektoniczna")),
    (3, "Dostępność komunikacyjno-informacyjna"),
)  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_both_languages_have_the_same_pages_with_as_many_headings(language):
    assert {path.stem for path in (FOLDER / language).iterdir()} == set(NAMES)
    manuals = {each: load_manual(each) for each in LANGUAGES}
    for name in NAMES:
        pages = [manuals[each].pages[name] for each in LANGUAGES]
        assert len({len(page.headings) for page in pages}) == 1, name
        assert len({page.body.count("<tr>") for page in pages}) == 1, name
        anchors = [each.anchor for each in pages[0].headings]
        assert len(set(anchors)) == len(anchors)


def test_html_in_a_page_is_shown_as_it_stands():
    page = read_page("x", "# T\n\n## Część żółta\n\n<script>alert(1)</script> [a](javascript:alert(1))\n")
    assert "<script" not in page.body
    assert 'href="javascript' not in page.body
    assert [(each.anchor, each.text) for each in page.headings] == [("czesc-zolta", "Część żółta")]
    assert 'id="czesc-zolta"' in page.body


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_help_is_open_to_everybody_and_its_links_lead_somewhere(quick_world, language):
    guest = quick_world.browser()
    guest.get(f"/help?language={language}")
    for name in NAMES:
        assert f'href="/help/{name}"' in guest.text
        assert guest.get(f"/help/{name}").status == 200
        for link in re.findall(r'href="(/[^"#?]*)"', guest.text.partition("<article")[2].partition("</article>")[0]):
            assert guest.client.get(link).status_code in (200, 303), (name, link)
        guest.get("/help")
    assert guest.get("/help/nothing").status == 404


def test_pages_are_found_by_the_beginnings_of_words_of_their_headings(quick_world):
    guest = quick_world.browser().get("/help?q=zapomn+hasl")
    assert 'href="/help/account#zapomniane-haslo"' in guest.text
    assert 'href="/help/keys"' not in guest.text.partition("<main")[2]
    assert "Niczego nie znaleziono" in guest.get("/help?q=xyz").text
    assert 'href="/help/keys"' in guest.get("/help?q=klawisze").text.partition("<main")[2]


def test_whom_to_ask_names_the_contacts_of_ones_registries(quick_world):
    guest = quick_world.browser().get("/help/contacts")
    assert {"ekstrakcje@krm.example", "wspomaganie@krm.example"} <= set(re.findall(r"[\w-]+@[\w.]+", guest.text))
    anna = quick_world.browser("anna").get("/help/contacts")
    assert "ekstrakcje@krm.example" in anna.text
    assert "wspomaganie@krm.example" not in anna.text
    assert "dni robocze" in anna.text
    assert "weekdays" in anna.get("/help/contacts?language=en").text
    assert "pomoc@krm.example" in anna.get("/help/requests/new").text


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("/lead_extraction/patients", "register"), ("/lead_extraction/day", "states"), ("/lead_extraction/queries", "queries"),
        ("/account", "account"), ("/help/requests", "contacts"),
    ],
)  # fmt: skip
def test_each_screen_leads_to_its_page(quick_world, address, name):
    foot = quick_world.browser("anna").get(address).text.partition("<footer")[2]
    assert f'href="/help/{name}"' in foot
    assert 'href="/accessibility"' in foot
    door = quick_world.browser().get("/sign-in").text.partition("<footer")[2]
    assert 'href="/help/account"' in door
    assert "/help/requests" not in door


def test_a_form_leads_to_its_page_and_keys_are_listed_there(quick_world):
    anna = quick_world.browser("anna")
    who = anna.register()
    foot = anna.open(who, "admission").text.partition("<footer")[2]
    assert 'href="/help/forms"' in foot
    assert 'href="/accessibility"' in foot
    assert f"/help/requests/new?of=/lead_extraction/patients/{who}/forms/" in foot


def test_every_place_with_a_help_page_is_there(quick_world):
    endpoints = [rule.endpoint for rule in quick_world.app.url_map.iter_rules()]
    for name, covers in HELP_PAGES:
        assert name in NAMES
        for beginning in covers:
            assert any(each.startswith(beginning) for each in endpoints), beginning
    assert help_pages.name == "help_pages"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_accessibility_statement_has_all_its_parts(quick_world, language):
    page = quick_world.browser().get(f"/accessibility?language={language}")
    assert page.status == 200
    assert re.findall(r'id="(a11y-[\w-]+)"', page.text) == list(PARTS)
    headings = re.findall(r"<h(\d)[^>]*>([^<]+)</h\1>", page.text.partition("<main")[2].partition("</main>")[0])
    assert [int(level) for level, _ in headings] == [level for level, _ in HEADINGS]
    if language == "pl":
        assert [(int(level), text) for level, text in headings] == list(HEADINGS)
        assert '<span id="a11y-zakres">strony internetowej</span>' in page.text
        assert "jest częściowo zgodna z załącznikiem do ustawy" in page.text
    assert ("(nie podano)" if language == "pl" else "(not given)") in page.text


def test_the_statement_names_whoever_runs_the_installation(quick_world):
    space = quick_world.space
    operator = Operator(
        "Instytut Przykładowy", "Zespół dostępności", "dostepnosc@instytut.example", "+48 22 000 00 09", "ul. Prosta 1, 00-001 Zalesie",
        "https://instytut.example/dojazd", "https://instytut.example/tlumacz", date(2025, 1, 2), date(2025, 3, 4), date(2025, 3, 5),
        date(2025, 3, 6),
    )  # fmt: skip
    quick_world.app.extensions[EXTENSION] = replace(space, settings=replace(space.settings, operator=operator))
    try:
        page = quick_world.browser().get("/accessibility")
    finally:
        quick_world.app.extensions[EXTENSION] = space
    assert "(nie podano)" not in page.text
    assert '<span id="a11y-podmiot">Instytut Przykładowy</span>' in page.text
    assert '<time id="a11y-data-publikacja" datetime="2025-01-02">02.01.2025</time>' in page.text
    assert '<a id="a11y-architektura-url" href="https://instytut.example/dojazd">' in page.text
    assert 'href="https://instytut.example/tlumacz"' in page.text
    assert "ul. Prosta 1" in page.text
    assert '<span id="a11y-kontakt">Zespół dostępności</span>' in page.text
    dates = [part for part in PARTS if part.startswith("a11y-data-")]
    assert re.findall(r'<time id="(a11y-[\w-]+)" datetime="\d{4}-\d\d-\d\d">', page.text) == dates
    marks = re.findall(r'id="(a11y-[\w-]+)"', page.text)
    assert (len(marks), set(marks) - set(PARTS) - LATER) == (len(set(marks)), set())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ECRF_STATEMENT_PUBLISHED", "2025-02-30"),
        ("ECRF_STATEMENT_BUILDING", "javascript:x"),
        ("ECRF_STATEMENT_INTERPRETER", "x"),
    ],
)
def test_settings_of_the_statement_that_are_none_are_refused(tmp_path, name, value):
    key = tmp_path / "key"
    key.write_text("x")
    given = {"ECRF_DATABASE_URL": "sqlite://", "ECRF_SECRET": "s" * 40, "ECRF_MASTER_KEY_FILE": str(key)}
    given["ECRF_DEFINITIONS"] = str(tmp_path)
    assert read_settings({**given, "ECRF_STATEMENT_ENTITY": " Instytut "}).operator.entity == "Instytut"
    with pytest.raises(SettingsError, match=name):
        read_settings({**given, name: value})
