"""Outcomes and calculated values say why: the answers and rows that decided, in words, and nothing that is not so."""

from pathlib import Path

import pytest

from engine.compiler import CompiledRegistry, compile_definition
from engine.records.explaining import Explainer
from engine.records.json_data import read_values
from engine.records.session import Session
from tests.engine.random_terms import Generator
from tests.engine.rules_in_node import NOON, Laboratory

FIXTURES = Path(__file__).parents[1] / "fixtures"
LEADS = [{"no": 1, "since": "2010"}, {"no": 2, "since": "2005-06"}, {"no": 3}]
REMOVALS = [
    {"lead": 1, "result": "all", "minutes": "5"},
    {"lead": 2, "result": "part", "harm": False, "minutes": "7.5"},
    {"lead": 3, "result": "whole", "harm": True},
]
CULTURES = [{"isolates": [{"germ": "sa"}, {"germ": "ef"}]}, {"isolates": [{"germ": "sa"}]}]
DONE = {"leads": LEADS, "lx": REMOVALS, "day": "2025-03-01", "cultures": CULTURES}
EXPLAINED = {
    # the row of the table that decided, with the rows of the form that bear it out
    "a row": ("outcome", DONE, "failure", ["lead 3: result = part ≥ 4 cm, harm = yes"]),
    "a later case": (
        "outcome",
        DONE | {"lx": REMOVALS[:2]},
        "partial",
        ["lead 2: result = part < 4 cm"],
    ),
    "else": (
        "outcome",
        DONE | {"lx": REMOVALS[:1]},
        "success",
        ["lead 1: result = removed, harm = not known yet"],
    ),
    "else without rows": ("outcome", {}, "success", ["Removal: none"]),
    "unknown": (
        "outcome",
        DONE | {"lx": [*REMOVALS[:1], {"lead": 2}]},
        None,
        ["lead 2: result = not known yet"],
    ),
    "all is false": (
        "all_removed",
        DONE,
        False,
        ["lead 2: result = part < 4 cm", "lead 3: result = part ≥ 4 cm"],
    ),
    "all is true": ("all_removed", DONE | {"lx": REMOVALS[:1]}, True, ["lead 1: result = removed"]),
    "all is unknown": ("all_removed", DONE | {"lx": [REMOVALS[0], {"lead": 3}]}, None, ["lead 3: result = not known yet"]),
    "count": ("how_many", DONE, "1", ["Removal = 1 (lead 1)"]),
    "count of none": ("how_many", DONE | {"lx": REMOVALS[1:2]}, "0", ["lead 2: result = part < 4 cm"]),
    "greatest": ("oldest", DONE | {"lx": REMOVALS[:2]}, "19", ["years, greatest = 19", "lead 2: years = 19"]),
    "greatest, unknown": ("oldest", DONE, None, ["lead 3: years = not known yet"]),
    "codes": ("powered", {"tools": ["stylet", "laser"]}, True, ["Tools = laser"]),
    "codes, false": ("powered", {"tools": ["stylet"]}, False, ["Tools = stylet"]),
    "codes of rows": ("same_germ", DONE, True, ["germ = staphylococcus", "Culture = 2 (Culture 1, Culture 2)"]),
    "different codes of rows": (
        "germs",
        DONE,
        "2",
        ["germ, different values = staphylococcus, enterococcus", "Isolate 1: germ = staphylococcus", "Isolate 2: germ = enterococcus"],
    ),
    "unique": ("twins", DONE, True, ["Lead = 3 (lead 1, lead 2, lead 3)"]),
    "not unique": ("twins", {"leads": [{"no": 4}, {"no": 1}, {"no": 4}]}, False, ["lead 4: Number = 4"]),
    "an absent form": ("ill", {}, False, ["Tests: none"]),
    "what counts": ("points", {"urgent": True, "dose": "5"}, "2", ["Urgent = yes", "Dose = 5 Gy·cm²", "Limit = 4"]),
    "an identifying item": ("points", {"name": "Kowalska"}, "1", ["Surname = given"]),
    "first that is there": ("best", {"urgent": True, "dose": {"missing": "nd"}}, "0", ["Urgent = yes"]),
    "a local value": ("best", {"urgent": False, "dose": "5"}, "10", ["Urgent = no", "Dose = 5 Gy·cm²"]),
    "a missing reason": ("best", {"urgent": False, "dose": {"missing": "nd"}}, None, ["Urgent = no", "Dose = Not done"]),
    "a hidden item": ("reason", {"urgent": False}, None, ["Reason = does not apply"]),
    "what nobody knows": ("reason", {}, None, ["Reason = not known yet"]),
}  # fmt: skip


@pytest.fixture(scope="module")
def registry() -> CompiledRegistry:
    return compile_definition(FIXTURES / "definitions" / "explained.yaml")


def begin(registry: CompiledRegistry, values: object, form: str = "main", language: str = "en") -> Session:
    read = read_values(registry, form, None, values)
    return Session(registry, read.subject, read.focus, as_of=NOON, language=language)


@pytest.mark.parametrize(("outcome", "values", "value", "because"), EXPLAINED.values(), ids=EXPLAINED)
def test_an_outcome_says_why(registry, outcome, values, value, because):
    found = begin(registry, {"forms": {"main": values}}).evaluation.derived[outcome]
    assert (str(found.value) if isinstance(value, str) else found.value) == value
    assert list(found.because) == because


def test_an_outcome_says_why_in_the_language_that_is_asked_for(registry):
    derived = begin(registry, {"forms": {"main": DONE}}, language="pl").evaluation.derived
    assert derived["outcome"].because == ("elektroda 3: wynik = fragment ≥ 4 cm, szkoda = tak",)
    assert derived["ill"].because == ("Badania: brak",)
    assert derived["oldest"].because == ("elektroda 3: lata = jeszcze nieznane",)


def test_that_a_form_is_there_goes_without_saying(registry):
    because = begin(registry, {"forms": {"main": {}, "lab": {"fever": True}}}).evaluation.derived["ill"].because
    assert because == ("Fever = yes",)


CALCULATED = {
    "total": [
        ("lead 3: time = not known yet", "lx[3]"),
    ],
    "longest": [("time, greatest = 7.5 min", ""), ("lead 2: time = 7.5 min", "lx[2]")],
    "first_year": [("Removal, least = 2005-06-15", ""), ("lead 2: Implanted = 2005-06", "lx[2]")],
    "numbers": [
        ("Number, sum = 6", ""),
        ("lead 1: Number = 1", "lx[1]"),
        ("lead 2: Number = 2", "lx[2]"),
        ("lead 3: Number = 3", "lx[3]"),
    ],
    "lx[2].age": [("Implanted = 2005-06", "leads[2].since"), ("Date = 2025-03-01", "day")],
    "lx[3].age": [("Implanted = not known yet", "leads[3].since")],
}


@pytest.mark.parametrize(("path", "facts"), CALCULATED.items(), ids=CALCULATED)
def test_a_calculated_value_says_what_it_was_made_of_and_where_that_stands(registry, path, facts):
    assert [(str(fact), fact.path) for fact in begin(registry, {"forms": {"main": DONE}}).why(path)] == facts


def test_a_sum_lists_its_numbers(registry):
    told = begin(registry, {"forms": {"main": DONE | {"lx": REMOVALS[:2]}}}, language="pl").why("total")
    assert [str(fact) for fact in told] == [
        "czas, suma = 12,5 min",
        "elektroda 1: czas = 5 min",
        "elektroda 2: czas = 7,5 min",
    ]


def test_of_many_rows_some_are_named(registry):
    rows = [{"lead": 1, "minutes": str(n)} for n in range(1, 31)]
    told = begin(registry, {"forms": {"main": {"leads": LEADS, "lx": rows}}}).why("total")
    assert str(told[0]) == "time, sum = 465 min"
    assert len(told) < 10
    assert str(told[-1]) == "and more: 25"


def test_the_record_before_is_named(registry):
    visits = [{"visit": {"weight": 80}}, {"visit": {"weight": 76}}]
    read = read_values(registry, "visit", "control[2]", {"events": {"control": visits}})
    session = Session(registry, read.subject, read.focus, as_of=NOON, language="en")
    assert [str(fact) for fact in session.why("lost")] == ["Weight, before = 80 kg", "Weight = 76 kg"]


DEEP = {
    "values that double": "let v0 = n, " + ", ".join(f"v{i} = v{i - 1} + v{i - 1}" for i in range(1, 100)) + ": v99",
    "operators in one another": "n" + " + n" * 147,
    "conditions in one another": "number(" + "not " * 140 + "n > 0)",
}


@pytest.mark.parametrize("rule", DEEP.values(), ids=DEEP)
def test_what_nests_as_deep_as_it_may_is_explained(rule, tmp_path):
    item = "{id: %s, type: integer, label: {pl: L, en: N}%s}"
    items = ", ".join((item % ("n", ""), item % ("r", f', calculate: "{rule}"')))
    file = tmp_path / "r.yaml"
    file.write_text(
        "registry: r\nversion: 1.0.0\ntitle: {pl: R, en: R}\n"
        f"forms: {{f: {{title: {{pl: F, en: F}}, in: patient, sections: [{{id: s, items: [{items}]}}]}}}}",
        "utf-8",
    )
    session = begin(compile_definition(file), {"n": 1}, "f")
    assert session.evaluation.calculated["r"] is not None
    assert [str(fact) for fact in session.why("r")] == ["N = 1"]


def test_whatever_a_rule_says_it_is_explained_and_stays_what_it_was():
    """Random rules over random records: every operator is explained, in both languages, and nothing is changed by it."""
    everything, explained = Laboratory.of(FIXTURES / "expressions" / "schemas" / "everything.yaml"), 0
    scope = everything.registry.scopes.forms["f"]
    for seed in range(150):
        generator = Generator(seed)
        record = everything.record("f", generator.subject())
        tree = generator.tree(generator.random.choice(("bool", "num", "code", "date")), "f", 4)
        node = record.node(scope)
        assert node is not None
        try:
            term = everything.bind(str(tree), scope)
        except AssertionError:
            continue  # one of the few that are not legal
        before = everything.in_python(record, node, term)
        polish, english = (Explainer(record.session.tree, language).value(term, node) for language in ("pl", "en"))
        assert len(polish) == len(english), str(tree)
        assert all(fact.name and fact.value for fact in english), str(tree)
        assert everything.in_python(record, node, term) == before, str(tree)
        explained += bool(english)
    assert explained > 80
