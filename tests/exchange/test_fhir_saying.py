"""How rules of FHIR are said here: shortly, once, and with what is to be doubted of them."""

import pytest

from exchange.fhir.read import read
from exchange.findings import Outcome, Part
from tests.exchange.fhir_forms import evaluated, fhirpath, item, options, questionnaire, written


def form(*more):
    """Some questions, and the items that have rules about them."""
    return questionnaire(
        item("a", "integer"),
        item("x", "decimal"),
        item("b", "boolean"),
        item("q", "choice", answerOption=options("none", "some", "all", scores=(0, 1, 3))),
        item("w", "quantity"),
        item("rules", "group", item=list(more)),
    )


def of(link):
    return f"%resource.item.where(linkId='{link}').answer.value"


A, B, X = of("a"), of("b"), of("x")


@pytest.mark.parametrize(
    ("text", "ours"),
    [
        (
            "%resource.item.where(linkId.startsWith('q')).answer.valueCoding.where(code='all').count()",
            "count_true(q = 'all')",
        ),
        ("%resource.item.where(linkId.startsWith('a')).answer.value.count()", "count_true(filled(a))"),
        (f"{of('q')}.where(code = 'some').exists()", "number(q = 'some' is true)"),
        ("('abc').length() + ('a').upper().length()", "3 + 1"),
        (f"iif({of('q')}.display = 'SOME', 5, 7)", "if(q = 'some' is true, 5, 7)"),
        (f"iif({B}, 1, 0) + iif({A} > 2, 1, 0) + iif({X} > 2, 1, 0)", "count_true(b, a > 2, x > 2)"),
        (f"iif({A}.exists(), {A}, iif({X}.exists(), {X}, 3))", "coalesce(a, x, 3)"),
    ],
)
def test_what_is_known_or_said_already_is_not_said(tmp_path, text, ours):
    found = read(written(tmp_path, form(item("r", "integer", extension=[fhirpath("calculatedExpression", text)]))))
    (entry,) = found.document["forms"]["test"]["sections"][-1]["items"]
    assert entry["calculate"] == ours


def test_a_variable_that_is_used_twice_is_said_once(tmp_path):
    score = fhirpath("variable", f"{A} + {X} + {of('w')}.value + {of('q')}.ordinal() + 1", name="s")
    rule = fhirpath("calculatedExpression", "iif(%s > 8, 2, iif(%s > 3, 1, 0))")
    found = form(item("r", "integer", extension=[score, rule]))
    (entry,) = read(written(tmp_path, found)).document["forms"]["test"]["sections"][-1]["items"]
    assert entry["calculate"].startswith("let total = ")
    for answers, expected in (
        ({"a": 1, "x": 1, "w": 1, "q": "some"}, "1"),
        ({"a": 9, "x": 1, "w": 1, "q": "all"}, "2"),
    ):
        assert evaluated(tmp_path, found, answers)["calculated"]["r"] == expected


@pytest.mark.parametrize("name", ["enableWhen", "calculatedExpression"])
def test_a_rule_that_asks_for_a_code_which_is_not_there_is_told_as_approximated(tmp_path, name):
    when = [{"question": "q", "operator": "=", "answerCoding": {"code": "gone"}}]
    rule = {"extension": [fhirpath(name, f"{of('q')}.code = 'gone'")]} if name != "enableWhen" else {"enableWhen": when}
    found = read(written(tmp_path, form(item("r", "boolean", **rule))))
    (told,) = [one for one in found.findings if one.part is Part.RULE]
    assert told.outcome is Outcome.APPROXIMATED
    assert "gone" in told.reason


def test_a_variable_that_is_not_known_in_a_place_is_told_so(tmp_path):
    inner = item("inner", "group", extension=[fhirpath("variable", "1", name="v")], item=[item("k", "integer")])
    outer = item("r", "integer", extension=[fhirpath("calculatedExpression", "%v + 1")])
    found = read(written(tmp_path, questionnaire(inner, outer)))
    (told,) = [one for one in found.findings if one.part is Part.RULE]
    assert told.reason == "The variable %v is known in inner alone, where it stands."
