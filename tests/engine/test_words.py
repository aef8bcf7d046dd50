"""Rules in words: every operator and function has its phrase in both languages, and rules say what they mean."""

from pathlib import Path

import pytest

from engine.compiler import compile_definition
from engine.expressions.terms import Term
from engine.words import Name, Sentences
from engine.words.phrase import holes
from engine.words.places import Here
from engine.words.vocabulary import LANGUAGES, wanted
from tests.engine.random_terms import Generator
from tests.engine.rules_in_node import Laboratory

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "tests" / "fixtures"


@pytest.fixture(scope="module")
def explained() -> Laboratory:
    return Laboratory.of(FIXTURES / "definitions" / "explained.yaml")


def say(laboratory: Laboratory, language: str, term: Term, form: str) -> str:
    speaker = Sentences(laboratory.registry, language).speaker
    return str(speaker.noun(term, Here((laboratory.registry.scopes.forms[form],), {})))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_operator_and_function_has_a_phrase(language: str) -> None:
    assert [key for key in wanted() if key not in LANGUAGES[language].phrases] == []


def test_languages_say_the_same() -> None:
    """A phrase takes the same parts in each language, and no language lacks a kind of place."""
    polish, english = LANGUAGES["pl"], LANGUAGES["en"]
    shared = polish.phrases.keys() & english.phrases.keys()
    assert {key for key in shared if holes(polish.phrases[key]) != holes(english.phrases[key])} == set()
    assert {key for key in polish.phrases.keys() ^ english.phrases.keys() if not key.endswith(".const")} == set()
    assert {kind: cases.keys() for kind, cases in polish.kinds.items()} == {
        kind: cases.keys() for kind, cases in english.kinds.items()
    }


SAID = {
    "urgent": ("“Urgent”", "„Pilny”"),
    "not urgent": ("“Urgent” is “no”", "„Pilny” to „nie”"),
    "urgent = false": ("“Urgent” is “no”", "„Pilny” to „nie”"),
    "filled(day) and urgent": (
        "“Date” is filled in and “Urgent” is “yes”",
        "pole „Data” jest wypełnione oraz „Pilny” to „tak”",
    ),
    "not urgent or filled(why_urgent)": (
        "if “Urgent” is “yes”, then “Reason” is filled in",
        "jeśli „Pilny” to „tak”, to pole „Powód” jest wypełnione",
    ),
    "not (dose > 3)": ("“Dose” is at most 3", "„Dawka” wynosi co najwyżej 3"),
    "dose > 2.5 is not false": (
        "“Dose” is more than 2.5 (or that is not known yet)",
        "„Dawka” wynosi więcej niż 2,5 (lub jeszcze nie wiadomo)",
    ),
    "dose * (total + 1)": ("“Dose” × (“Total” + 1)", "„Dawka” × („Razem” + 1)"),
    "missing_reason(dose) = 'nd'": (
        "the reason why “Dose” is missing is “Not done”",
        "przyczyna braku wartości „Dawka” to „Nie wykonano”",
    ),
    "'laser' in tools": ("“Tools” includes “laser”", "„Narzędzia” obejmuje „laser”"),
    "any(t in tools where attr(t, 'powered'))": (
        "there is a value A in “Tools” for which the attribute “powered” of A is “yes”",
        "istnieje wartość A w „Narzędzia”, dla której cecha „powered” (A) to „tak”",
    ),
    "not any(lx where result in ('part', 'whole'))": (
        "there is no row of “Removal” in which “result” is one of: “part < 4 cm”, “part ≥ 4 cm”",
        "nie ma wiersza „Usunięcie”, w którym „wynik” należy do: „fragment < 4 cm”, „fragment ≥ 4 cm”",
    ),
    "count(lx where harm)": (
        "the number of rows of “Removal” (in which “harm” is “yes”)",
        "liczba wierszy „Usunięcie” (w których „szkoda” to „tak”)",
    ),
    "any(lx where remnant(result))": (
        "there is a row of “Removal” in which “result” is “part < 4 cm” or “result” is “part ≥ 4 cm”",
        "istnieje wiersz „Usunięcie”, w którym „wynik” to „fragment < 4 cm” lub „wynik” to „fragment ≥ 4 cm”",
    ),
    "max(lx: completed_years(mid(lead.since), day))": (
        "the greatest value of the completed years from the middle of “Implanted” of what “Lead” points to to “Date” over rows of “Removal”",
        "największa wartość (liczba pełnych lat (od: środek okresu („Wszczepiona” z pozycji wskazanej w „Elektroda”); do: „Data”)) z wierszy „Usunięcie”",
    ),
    "if(urgent, 'a', if(dose > 3, 'b', 'c'))": (
        "if “Urgent” is “yes”: “a”; if “Dose” is more than 3: “b”; otherwise: “c”",
        "jeśli „Pilny” to „tak”: „a”; jeśli „Dawka” wynosi więcej niż 3: „b”; w pozostałych przypadkach: „c”",
    ),
    "any(other episode where main.day > outer.main.day)": (
        "there is another entry “Stay” in which “Date” is after “Date” (of this entry)",
        "istnieje inny wpis „Pobyt”, w którym „Data” przypada później niż „Data” (tego wpisu)",
    ),
    "day < make_date(2020, 1, 31)": ("“Date” is before 2020-01-31", "„Data” przypada wcześniej niż 31.01.2020"),
    "not sorts_before(why_urgent, 'm')": (
        "“Reason” does not stand before “m” in the order of characters",
        "„Powód” nie poprzedza w kolejności znaków: „m”",
    ),
    "total > param(limit)": (
        "“Total” is more than the parameter “Limit”",
        "„Razem” wynosi więcej niż parametr „Granica”",
    ),
    "exists(control)": ("there is a visit “Check-up”", "istnieje wizyta „Kontrola”"),
    "event_is('stay')": ("the form belongs to the visit “Stay”", "formularz należy do wizyty „Pobyt”"),
}


@pytest.mark.parametrize("text", SAID)
def test_rules_are_said(text: str, explained: Laboratory) -> None:
    term = explained.bind(text, explained.registry.scopes.forms["main"])
    assert (say(explained, "en", term, "main"), say(explained, "pl", term, "main")) == SAID[text]


def test_names_lead_to_what_they_name(explained: Laboratory) -> None:
    term = explained.bind(
        "result = 'part' and outer.urgent",
        *(explained.registry.scopes.groups["main.lx"], explained.registry.scopes.forms["main"]),
    )
    here = Here((explained.registry.scopes.groups["main.lx"], explained.registry.scopes.forms["main"]), {})
    phrase = Sentences(explained.registry, "en").speaker.clause(term, here)
    names = [(piece.kind, piece.key) for piece in phrase.pieces if isinstance(piece, Name)]
    assert names == [("item", "main.result"), ("code", "result.part"), ("item", "main.urgent")]
    assert [str(part) for part in phrase.parts] == ["“result” is “part < 4 cm”", "“Urgent” is “yes”"]


SHIPPED = {
    "TLE-01": "jeśli pole „Numer PESEL” jest wypełnione, to „Numer PESEL” to poprawny numer PESEL",
    "TLE-20": (
        "w każdym wierszu „Elektroda”: jeśli „Rodzaj obecnego układu” to „Same elektrody porzucone, bez generatora”, "
        "to „Stan elektrody przed zabiegiem” to „Porzucona”"
    ),
    "TLE-21": "„Wskazania dodatkowe” nie obejmuje „Wskazanie główne”",
    "TLE-28": "„Liczba elektrod zakwalifikowanych do usunięcia” wynosi co najmniej 1",
}


def test_checks_of_the_shipped_registry_are_said() -> None:
    registry = compile_definition(ROOT / "form_definitions" / "lead_extraction.yaml")
    sentences = Sentences(registry, "pl")
    assert {
        check.check.id: str(sentences.check(check)) for check in registry.checks if check.check.id in SHIPPED
    } == SHIPPED
    model = registry.items["device.gen_model"]
    assert model.visible is not None
    english = Sentences(registry, "en").condition(model.visible, model.scope)
    assert str(english) == "“Type of the present system” is not “Abandoned leads without generator”"


def test_any_legal_rule_can_be_said() -> None:
    everything, said = Laboratory.of(FIXTURES / "expressions" / "schemas" / "everything.yaml"), 0
    for seed in range(300):
        generator = Generator(seed)
        tree = generator.tree(generator.random.choice(("bool", "num", "code", "date")), "f", 4)
        try:
            term = everything.bind(str(tree), everything.registry.scopes.forms["f"])
        except AssertionError:
            continue  # one of the few that are not legal
        for language in LANGUAGES:
            text = say(everything, language, term, "f")
            assert text, str(tree)
            assert "{" not in text, str(tree)
        said += 1
    assert said > 200


@pytest.mark.parametrize(
    ("rule", "english", "polish"),
    [
        ("about.size > 2", "“Size” of what “about” points to is more than 2", "„Rozmiar” z pozycji wskazanej w „dotyczy” wynosi więcej niż 2"),
        ("is_a(about, v)", "“about” points to “Visit”", "„dotyczy” wskazuje na: „Wizyta”"),
        ("not is_a(about, g)", "“about” does not point to “Rows”", "„dotyczy” nie wskazuje na: „Wiersze”"),
    ],
)  # fmt: skip
def test_what_is_read_of_one_of_several_is_said_once(rule: str, english: str, polish: str) -> None:
    laboratory = Laboratory.of(FIXTURES / "expressions" / "schemas" / "everything.yaml")
    scope = laboratory.registry.scopes.forms["f"]
    for language, said in (("en", english), ("pl", polish)):
        speaker = Sentences(laboratory.registry, language).speaker
        assert str(speaker.clause(laboratory.bind(rule, scope), Here((scope,), {}))) == said
