"""What we write as FHIR becomes the same definition again."""

import json
from pathlib import Path

import pytest

from engine.compiler import compile_definition
from exchange.definition_text import definition_text
from exchange.fhir.read import read
from exchange.fhir.write import write
from exchange.findings import Outcome, Part
from exchange.sameness import sameness
from exchange.settling import settled
from tests.exchange.corpus import corpus
from tests.exchange.fhir_forms import FHIR, exported, fhirpath, item, minimal, options, questionnaire, written

ROOT = Path(__file__).parents[2]
SHIPPED = sorted((ROOT / "form_definitions").glob("*.yaml"))


def back(folder, form):
    """A form, and what it is after it was imported, exported and imported again."""
    first = settled(read(written(folder, form))).document
    second = folder / "back.json"
    second.write_bytes(exported(folder, definition_text(first)).content)
    return first, settled(read(second)).document


# long: one of each that is read
def everything():
    """A form with one of each that is read."""
    german = {
        "extension": [
            {
                "url": FHIR + "translation",
                "extension": [{"url": "lang", "valueCode": "de"}, {"url": "content", "valueString": "Frage"}],
            }
        ]
    }
    control = {
        "url": FHIR + "questionnaire-itemControl",
        "valueCodeableConcept": {"coding": [{"code": "radio-button"}]},
    }
    units = [
        {"url": FHIR + "questionnaire-unitOption", "valueCoding": {"system": "http://unitsofmeasure.org", "code": unit}}
        for unit in ("kg", "g")
    ]
    when = [
        {"question": "/a", "operator": "!=", "answerInteger": 3},
        {"question": "q", "operator": "=", "answerCoding": options("some")[0]["valueCoding"]},
    ]
    calculated = item(
        "l",
        "integer",
        extension=[fhirpath("calculatedExpression", "%resource.repeat(item).where(linkId='k').answer.value.count()")],
    )
    patient = fhirpath("initialExpression", "%patient.birthDate")
    return questionnaire(
        item(
            "/a",
            "integer",
            required=True,
            prefix="1.",
            _text=german,
            code=[{"system": "http://loinc.org", "code": "8302-2"}],
        ),
        item("q", "choice", answerOption=options("none", "some", scores=(0, 2)), extension=[control]),
        item("o", "open-choice", answerOption=options("one"), repeats=True),
        item("n", "choice", answerOption=[{"valueInteger": 12}, {"valueInteger": 34}], initial=[{"valueInteger": 34}]),
        item("v", "choice", answerValueSet="http://hl7.org/fhir/ValueSet/administrative-gender"),
        item("w", "quantity", extension=units),
        item("u", "url", maxLength=9, extension=[{"url": FHIR + "regex", "valueString": "[a-z]+"}]),
        item("birth", "date", extension=[patient, {"url": "http://example.org/odd", "valueInteger": 5}]),
        item(
            "g",
            "group",
            enableWhen=when,
            enableBehavior="any",
            item=[
                item("inner", "group", item=[item("f", "file"), item("many", "string", repeats=True)]),
                item("rows", "group", repeats=True, item=[item("k", "integer"), calculated]),
                item("said", "display", text="Read this."),
            ],
        ),
        item(
            "total",
            "decimal",
            extension=[
                fhirpath("calculatedExpression", "%resource.repeat(item).where(linkId='k').answer.value.sum() / 3")
            ],
        ),
        url="http://example.org/q",
        version="2.56",
        status="active",
        publisher="Somebody",
    )


def test_a_form_comes_back_as_it_was(tmp_path):
    first, second = back(tmp_path, everything())
    assert sameness(first, second)[2] == ()


@pytest.mark.parametrize("file", corpus("fhir", ".json", ".xml"), ids=lambda file: file.name)
def test_the_corpus_comes_back(tmp_path, file):
    first = settled(read(file)).document
    exported_ = tmp_path / "back.json"
    exported_.write_bytes(exported(tmp_path, definition_text(first)).content)
    same, of, lost = sameness(first, settled(read(exported_)).document)
    assert same >= 0.95 * of, lost


def test_several_forms_come_back_with_the_rules_between_them(tmp_path):
    text = """
registry: two
version: 1.0.0
title: {en: Two}
languages: [en]
forms:
  first:
    title: {en: First}
    in: patient
    sections: [{id: s, title: {en: S}, items: [{id: a, type: integer, label: {en: A}}]}]
  second:
    title: {en: Second}
    in: patient
    sections: [{id: r, title: {en: R}, items: [{id: b, type: integer, label: {en: B}, when: a > 3}]}]
    checks: [{id: C, assert: b > a, on: b, message: {en: Too small.}}]
"""
    made = tmp_path / "two.json"
    made.write_bytes(exported(tmp_path, text).content)
    forms = settled(read(made)).document["forms"]
    assert list(forms) == ["first", "second"]
    assert forms["second"]["sections"][0]["items"][0]["when"] == "a > 3"
    assert forms["second"]["checks"][0]["assert"] == "b > a"


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_what_we_write_of_shipped_definitions_is_read_again(tmp_path, file):
    made = tmp_path / "made.json"
    made.write_bytes(write(compile_definition(file)).content)
    assert settled(read(made)).text


def test_values_in_texts_are_dots_for_others_and_come_back(tmp_path):
    entry = "{id: r, type: integer, label: {pl: 'Wiek: {a}', en: 'Age: {a}'}, hint: {pl: 'Od {a}', en: 'From {a}'}}"
    checks = "[{id: C, assert: r > a, on: r, message: {pl: 'Więcej niż {a}.', en: 'More than {a}.'}}]"
    made = exported(tmp_path, minimal(entry, checks))
    (one,) = [one for one in json.loads(made.content)["item"][0]["item"] if one["linkId"] == "r"]
    assert one["text"] == "Wiek: …"
    assert [child["text"] for child in one["item"]] == ["Od …"]
    assert "Więcej niż …." in json.dumps(one["extension"], ensure_ascii=False)
    told = [found.where for found in made.findings if found.part is Part.TEXT and found.outcome is Outcome.APPROXIMATED]
    assert sorted(told) == ["f.C", "f.r"]
    file = tmp_path / "back.json"
    file.write_bytes(made.content)
    form = settled(read(file)).document["forms"]["small"]
    again = form["sections"][0]["items"][-1]
    assert (again["label"], again["hint"]) == (
        {"pl": "Wiek: {a}", "en": "Age: {a}"},
        {"pl": "Od {a}", "en": "From {a}"},
    )
    assert form["checks"][0]["message"] == {"pl": "Więcej niż {a}.", "en": "More than {a}."}


def test_values_that_are_not_there_are_dots_on_import(tmp_path):
    piped = {"url": "lang", "valueCode": "en"}, {"url": "content", "valueString": "{gone} and {b}, {no hole}, }"}
    shadow = {"extension": [{"url": "https://ecrf.invalid/fhir/StructureDefinition/piped", "extension": [*piped]}]}
    found = read(written(tmp_path, questionnaire(item("b", "integer"), item("r", "string", _text=shadow))))
    assert found.document["forms"]["test"]["sections"][0]["items"][1]["label"] == {"en": "… and {b}, …, )"}
