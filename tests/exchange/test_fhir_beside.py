"""What forms of FHIR compare by order, and what they write beside the specification."""

import pytest

from exchange.fhir.read import read
from exchange.findings import Outcome, Part
from tests.exchange.fhir_forms import FHIR, evaluated, fhirpath, item, written
from tests.exchange.test_fhir_rules import A, D, T, X, form, of

YEARS = "%resource.repeat(item).where(linkId='y').answer.value"


@pytest.mark.parametrize(
    ("text", "answers", "expected"),
    [
        (f"{T} <= 'm'", {"t": "m"}, True),
        (f"{T} > 'm'", {"t": "m"}, False),
        ("'a' < 'b'", {}, True),
        (f"{of('k')} > @T08:00", {"k": "08:01"}, True),
        (f"{of('z')} <= @2020-05-01T10:00:00Z", {"z": "2020-05-01T12:00"}, True),
        (f"{of('z')} < @2020-05-01T12:00", {"z": "2020-05-01T11:59"}, True),
    ],
)
def test_texts_times_and_moments_have_an_order(tmp_path, text, answers, expected):
    found = form(item("r", "string", extension=[fhirpath("enableWhenExpression", text)]))
    assert ("r" in evaluated(tmp_path, found, answers)["visible"]) is expected


@pytest.mark.parametrize(
    ("type_", "text", "answers", "expected"),
    [
        ("date", f"@2026-03-15 - {YEARS}", {"y": 2}, "2024-03-15"),  # a quantity in years is a length of time
        ("date", f"{D} + {YEARS}", {"d": "2024-02-29", "y": "1.5"}, "2025-02-28"),  # of which a fraction is cut off
        ("string", f"({A} | {X}).aggregate($total & $this, '')", {"a": 1, "x": "2.5"}, "12.5"),
        ("integer", "%a-b + 1", {"a": 3}, "4"),  # a name that FHIRPath would write %`a-b`
    ],
)
def test_what_forms_write_beside_the_specification(tmp_path, type_, text, answers, expected):
    years = {"url": FHIR + "questionnaire-unit", "valueCoding": {"code": "years"}}
    named = fhirpath("variable", A, name="a-b")
    result = item("r", type_, extension=[named, fhirpath("calculatedExpression", text)])
    answer = evaluated(tmp_path, form(item("y", "quantity", extension=[years]), result), answers)
    assert answer["calculated"].get("r") == expected


def test_the_value_of_an_item_is_that_of_its_answer_which_is_told(tmp_path):
    parts = [{"url": "key", "valueId": "k"}, {"url": "expression", "valueString": "$this.value > 2"}]
    constraint = {"url": FHIR + "questionnaire-constraint", "extension": parts}
    found = form(item("r", "integer", extension=[constraint]))
    assert [one["code"] for one in evaluated(tmp_path, found, {"r": 1})["violations"]] == ["K"]
    told = [one.outcome for one in read(written(tmp_path, found)).findings if one.part is Part.RULE]
    assert told == [Outcome.APPROXIMATED]


def test_seconds_that_are_left_out_are_told(tmp_path):
    when = [{"question": "k", "operator": ">", "answerTime": "13:30:15"}]
    found = read(written(tmp_path, form(item("r", "string", enableWhen=when))))
    (told,) = [one for one in found.findings if one.part is Part.RULE]
    assert (told.outcome, "13:30:15" in told.reason) == (Outcome.APPROXIMATED, True)
