"""Which choices are on offer, there and back: toggles of SDC and `only`."""

import json

import pytest

from exchange.definition_text import definition_text
from exchange.fhir.read import read
from exchange.findings import Outcome, Part
from tests.exchange.fhir_forms import SDC, evaluated, exported, item, options, questionnaire, written

DRUGS = options("paracetamol", "aspirin", "code")


def toggle(expression, *codes):
    told = {"url": "expression", "valueExpression": {"language": "text/fhirpath", "expression": expression}}
    return {
        "url": SDC + "answerOptionsToggleExpression",
        "extension": [*({"url": "option", "valueCoding": {"code": code}} for code in codes), told],
    }


def form(*toggles):
    return questionnaire(
        item("nsaids", "boolean"),
        item("code", "choice", answerOption=options("x", "y")),
        item("drug", "choice", answerOption=DRUGS, extension=list(toggles)),
    )


def refused(folder, found, answers):
    return "not_in_list" in {one["code"] for one in evaluated(folder, found, answers)["violations"]}


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({"drug": "aspirin", "nsaids": True}, False),
        ({"drug": "aspirin", "nsaids": False}, True),
        ({"drug": "aspirin"}, True),  # what is empty is false there
        ({"drug": "paracetamol"}, False),  # what no toggle names is on offer
    ],
)
def test_a_toggle_takes_choices_off_the_list(tmp_path, answers, expected):
    found = form(toggle("%resource.item.where(linkId='nsaids').answer.value", "aspirin", "code"))
    assert refused(tmp_path, found, answers) is expected


def test_an_item_called_code_is_not_the_choice(tmp_path):
    found = form(toggle("%resource.item.where(linkId='code').answer.value.code = 'x'", "aspirin"))
    assert refused(tmp_path, found, {"drug": "aspirin", "code": "x"}) is False
    assert refused(tmp_path, found, {"drug": "aspirin", "code": "y"}) is True


def test_a_toggle_that_cannot_be_read_is_told_and_written_back(tmp_path):
    first = form(toggle("%patient.active", "aspirin"))
    found = read(written(tmp_path, first))
    assert [one.outcome for one in found.findings if one.part is Part.RULE] == [Outcome.DROPPED]
    again = json.loads(exported(tmp_path, definition_text(found.document)).content)
    assert again["item"][2]["extension"] == first["item"][2]["extension"]


CASCADE = """
registry: small
version: 1.0.0
title: {en: Small}
languages: [en]
codelists:
  state: {codes: {tx: {en: Texas}, wa: {en: Washington}}}
  city:
    attributes: {state: text}
    codes: {austin: {en: Austin, state: tx}, dallas: {en: Dallas, state: tx}, seattle: {en: Seattle, state: wa}, other: {en: Other, state: ""}}
forms:
  f:
    title: {en: Form}
    in: patient
    sections:
      - id: s
        title: {en: Part}
        items:
          - {id: state, type: code, codelist: state, label: {en: State}}
          - {id: city, type: code, codelist: city, label: {en: City}, only: "attr(code, 'state') = state or code = 'other'"}
"""


def test_a_cascade_is_a_toggle_for_each_answer_it_hangs_on(tmp_path):
    found = json.loads(exported(tmp_path, CASCADE).content)["item"][0]["item"][1]
    toggles = [one["extension"] for one in found["extension"]]
    codes = [[part["valueCoding"]["code"] for part in one if part["url"] == "option"] for one in toggles]
    assert codes == [["austin", "dallas"], ["seattle"]]
    asked = toggles[1][-1]["valueExpression"]["expression"]
    assert asked == "(%resource.repeat(item).where(linkId='state').answer.value.code = 'wa') !~ false"


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({"city": "austin", "state": "tx"}, False),
        ({"city": "austin", "state": "wa"}, True),
        ({"city": "austin"}, False),  # before the state is known every city is on offer
        ({"city": "other", "state": "wa"}, False),
    ],
)
def test_a_cascade_means_the_same_after_the_way_back(tmp_path, answers, expected):
    found = json.loads(exported(tmp_path, CASCADE).content)
    assert refused(tmp_path, found, answers) is expected
