"""Questionnaires become definitions: layout, types, choices, texts, versions, and what is broken or not quite valid."""

import json

import pytest

from exchange.document import items_of
from exchange.fhir.read import read
from exchange.findings import Outcome, Part
from exchange.settling import settled
from tests.exchange.corpus import corpus
from tests.exchange.fhir_forms import FHIR, item, options, questionnaire, written


def document_of(folder, form):
    return read(written(folder, form)).document


def first_item(folder, **more):
    document = document_of(folder, questionnaire(item("r", more.pop("type_", "string"), **more)))
    return document["forms"]["test"]["sections"][0]["items"][0]


@pytest.mark.parametrize(
    ("foreign", "ours"),
    [
        ("boolean", {"type": "boolean"}),
        ("decimal", {"type": "decimal", "decimals": 6}),
        ("integer", {"type": "integer"}),
        ("date", {"type": "date"}),
        ("dateTime", {"type": "datetime"}),
        ("time", {"type": "time"}),
        ("string", {"type": "text"}),
        ("text", {"type": "long_text"}),
        ("url", {"type": "text", "annotations": {"fhir": {"type": "url"}}}),
        ("attachment", {"type": "file"}),
        ("reference", {"type": "text", "annotations": {"fhir": {"type": "reference"}}}),
        ("quantity", {"type": "decimal", "decimals": 6, "annotations": {"fhir": {"type": "quantity"}}}),
        ("display", {"type": "note"}),
    ],
)
def test_types(tmp_path, foreign, ours):
    assert first_item(tmp_path, type_=foreign) == {"id": "r", "label": {"en": "Question r"}, **ours}


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"required": True}, {"required": True}),
        ({"maxLength": 20}, {"length": 20}),
        ({"maxLength": "20"}, {"length": 20}),  # numbers as texts
        ({"prefix": "1."}, {"label": {"en": "1. Question r"}}),
        ({"code": [{"system": "http://loinc.org", "code": "8302-2"}]}, {"standard": {"LOINC": "8302-2"}}),
        ({"type_": "integer", "initial": [{"valueInteger": 3}]}, {"default": "3"}),
        ({"initial": [{"valueString": "it's"}]}, {"default": "'it''s'"}),
        ({"type_": "date", "initial": [{"valueDate": "2020-01-02"}]}, {"default": "make_date(2020, 1, 2)"}),
        ({"extension": [{"url": FHIR + "entryFormat", "valueString": "AB-1"}]}, {"hint": {"en": "AB-1"}}),
        ({"type_": "decimal", "extension": [{"url": FHIR + "maxDecimalPlaces", "valueInteger": 1}]}, {"decimals": 1}),
        (
            {"type_": "quantity", "extension": [{"url": FHIR + "questionnaire-unit", "valueCoding": {"code": "kg"}}]},
            {"unit": "kg"},
        ),
        (
            {"type_": "attachment", "extension": [{"url": FHIR + "mimeType", "valueCode": "image/png"}]},
            {"media": ["image/png"]},
        ),
        ({"text": "<b>Bold</b> &amp; {more}<br/>line"}, {"label": {"en": "Bold & (more)\nline"}}),
        ({"definition": "http://example.org/x"}, {"annotations": {"fhir": {"definition": "http://example.org/x"}}}),
    ],
)
def test_elements_of_an_item(tmp_path, more, expected):
    found = first_item(tmp_path, **more)
    assert {key: found.get(key) for key in expected} == expected


def test_units_whose_sizes_are_known_make_a_quantity(tmp_path):
    units = [{"url": FHIR + "questionnaire-unitOption", "valueCoding": {"code": unit}} for unit in ("kg", "[lb_av]")]
    found = first_item(tmp_path, type_="quantity", extension=units)
    assert found["type"] == "quantity"
    assert found["unit"]["store"] == "kg"
    assert str(found["unit"]["also"]["[lb_av]"]["per_store"]) == "2.204622622"


def test_choices(tmp_path):
    scored = options("none", "some", scores=(0, 1))
    document = document_of(
        tmp_path,
        questionnaire(
            item("q", "choice", answerOption=scored),
            item("again", "choice", repeats=True, answerOption=scored),
            item("words", "choice", answerOption=[{"valueString": "Insulin treated"}, {"valueString": "none"}]),
            item(
                "numbers", "choice", answerOption=[{"valueInteger": 12}, {"valueInteger": 34, "initialSelected": True}]
            ),
            item("open", "open-choice", answerOption=[{"valueCoding": {"code": "a", "display": "A"}}]),
            item("elsewhere", "choice", answerValueSet="http://hl7.org/fhir/ValueSet/administrative-gender|4.0.1"),
        ),
    )
    lists = document["codelists"]
    entries = {placed.entry["id"]: placed.entry for placed in items_of(document)}
    assert entries["q"]["codelist"] == entries["again"]["codelist"] == "q"
    assert (entries["q"]["type"], entries["again"]["type"]) == ("code", "codes")
    assert lists["q"]["codes"] == {"none": {"en": "NONE", "value": 0}, "some": {"en": "SOME", "value": 1}}
    assert lists["words"]["codes"]["Insulin_treated"]["annotations"] == {"fhir": {"code": "Insulin treated"}}
    assert list(lists["numbers"]["codes"]) == ["12", "34"]
    assert entries["numbers"]["default"] == "'34'"
    assert list(lists["open"]["codes"]) == ["a", "other"]
    assert entries["open_other"]["when"] == "open = 'other'"
    assert lists[entries["elsewhere"]["codelist"]]["external"] == "ADMINISTRATIVE_GENDER"


def test_codes_of_words_are_spelled_in_plain_letters(tmp_path):
    codes = [{"valueString": text} for text in ("żółty kot", "zolty kot", "ß?", "+", "L'été")]
    found = read(written(tmp_path, questionnaire(item("a", "choice", answerOption=codes))))
    assert list(found.document["codelists"]["a"]["codes"]) == ["zolty_kot", "zolty_kot_2", "ss", "code_+", "L_ete"]


@pytest.mark.parametrize("expanded", [True, False])
def test_value_sets_in_the_file(tmp_path, expanded):
    concepts = [
        {"code": "Y", "display": "Yes"},
        {"code": "N", "display": "No", "contains": [{"code": "U", "display": "?"}]},
    ]
    inside = (
        {"expansion": {"contains": concepts}}
        if expanded
        else {"compose": {"include": [{"system": "s", "concept": concepts}]}}
    )
    value_set = {"resourceType": "ValueSet", "id": "yn", "url": "http://example.org/yn", "title": "Yes or no", **inside}
    by_id = questionnaire(item("q", "choice", answerValueSet="#yn"), contained=[value_set])
    by_url = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [
            {"resource": questionnaire(item("q", "choice", answerValueSet="http://example.org/yn"))},
            {"resource": value_set},
        ],
    }
    for form in (by_id, by_url):
        found = document_of(tmp_path, form)["codelists"]["yn"]
        assert found["title"] == {"en": "Yes or no"}
        assert list(found["codes"]) == (["Y", "N", "U"] if expanded else ["Y", "N"])


def test_groups_become_sections_headings_and_rows(tmp_path):
    when = [{"question": "a", "operator": "=", "answerInteger": 1}]
    form = questionnaire(
        item("a", "integer"),
        item(
            "g",
            "group",
            enableWhen=when,
            item=[
                item("b", "string"),
                item(
                    "deep",
                    "group",
                    enableWhen=[{"question": "b", "operator": "exists", "answerBoolean": True}],
                    item=[item("c", "string")],
                ),
                item("rows", "group", repeats=True, item=[item("d", "string")]),
            ],
        ),
        item("last", "string", repeats=True),
        item(
            "asked",
            "boolean",
            item=[item("under", "string"), item("explains", "display", text="Look.", extension=[control("help")])],
        ),
    )
    document = document_of(tmp_path, form)
    main, group, more = document["forms"]["test"]["sections"]
    assert [entry["id"] for entry in main["items"]] == ["a"]
    assert (group["id"], group["title"], group["when"]) == ("g", {"en": "Question g"}, "a = 1")
    assert [entry.get("id", entry.get("group")) for entry in group["items"]] == ["b", "deep", "c", "rows"]
    assert [entry.get("when") for entry in group["items"]] == [None, "filled(b)", "filled(b)", None]
    assert group["items"][1]["type"] == "heading"
    repeated, asked, under = more["items"]
    assert [entry["id"] for entry in repeated["items"]] == ["last"]
    assert asked["help"] == {"en": "Look."}
    assert under["when"] == "filled(asked)"


def control(code):
    return {"url": FHIR + "questionnaire-itemControl", "valueCodeableConcept": {"coding": [{"code": code}]}}


def test_a_group_that_holds_all_groups_is_the_form(tmp_path):
    inner = [item("one", "group", item=[item("a", "string")]), item("two", "group", item=[item("b", "string")])]
    found = document_of(tmp_path, questionnaire(item("tabs", "group", item=inner)))
    assert [section["id"] for section in found["forms"]["test"]["sections"]] == ["one", "two"]


def test_translations(tmp_path):
    german = {
        "extension": [
            {
                "url": FHIR + "translation",
                "extension": [{"url": "lang", "valueCode": "de-CH"}, {"url": "content", "valueString": "Frage"}],
            }
        ]
    }
    found = document_of(
        tmp_path, questionnaire(item("r", "string", _text=german), item("s", "string"), language="en-US")
    )
    assert found["languages"] == ["en", "de"]
    labels = [placed.entry["label"] for placed in items_of(found)]
    assert labels == [{"en": "Question r", "de": "Frage"}, {"en": "Question s", "de": "Question s"}]


def test_link_ids_that_are_no_ids_are_kept(tmp_path):
    found = document_of(
        tmp_path,
        questionnaire(
            item("/8302-2", "string"), item("1.2", "string"), item("birthDate", "date"), item("or", "string")
        ),
    )
    assert [(placed.entry["id"], placed.entry.get("oid")) for placed in items_of(found)] == [
        ("item_8302_2", "/8302-2"),
        ("item_1_2", "1.2"),
        ("birth_date", "birthDate"),
        ("or_2", "or"),
    ]


LINK = "019c93f7-e7b6-7aa7-931b-92ab69c556eb"


@pytest.mark.parametrize(
    ("more", "id_", "label"),
    [
        ({"text": "ER percentage"}, "er_percentage", "ER percentage"),
        ({"text": "", "code": [{"system": "http://loinc.org", "code": "1", "display": "Weight"}]}, "weight", "Weight"),
        (
            {"text": "How often did you wake up during the night in the last week?"},
            "how_often_did_you_wake_up_during_the",
            "How often did you wake up during the night in the last week?",
        ),
    ],
)
def test_a_link_id_that_nobody_reads_makes_way_for_the_label(tmp_path, more, id_, label):
    document = document_of(tmp_path, questionnaire(item(LINK, "string", **more)))
    (entry,) = document["forms"]["test"]["sections"][0]["items"]
    assert (entry["id"], entry["oid"], entry["label"]) == (id_, LINK, {"en": label})


def test_several_questionnaires_are_several_forms(tmp_path):
    forms = [questionnaire(item("a", "string"), name=name) for name in ("First", "Second")]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": form} for form in forms]}
    assert list(document_of(tmp_path, bundle)["forms"]) == ["first", "second"]


def test_every_item_is_told_and_nothing_is_dropped_silently(tmp_path):
    odd = {"url": "http://example.org/odd", "valueInteger": 5}
    found = read(
        written(tmp_path, questionnaire(item("a", "string", extension=[odd, control("radio-button")], readOnly=True)))
    )
    (told,) = [one for one in found.findings if one.part is Part.ITEM]
    assert (told.where, told.outcome) == ("test.a", Outcome.APPROXIMATED)
    kept = found.document["forms"]["test"]["sections"][0]["items"][0]["annotations"]["fhir"]
    assert json.loads(kept["http://example.org/odd"]) == {"valueInteger": 5}
    assert json.loads(kept[FHIR + "questionnaire-itemControl"]) == {
        "valueCodeableConcept": {"coding": [{"code": "radio-button"}]}
    }
    assert any(one.part is Part.OTHER and "odd" in one.found for one in found.findings)


@pytest.mark.parametrize("file", corpus("fhir", ".json", ".xml"), ids=lambda file: file.name)
def test_the_corpus_is_read_and_compiles(file):
    imported = read(file)
    told = {found.where for found in imported.findings if found.part is Part.ITEM}
    assert len(told) >= len(
        {
            placed.entry.get("oid", placed.entry["id"])
            for placed in items_of(imported.document)
            if "open-choice" not in str(placed.entry)
        }
    )
    assert settled(imported).text


@pytest.mark.parametrize(
    ("type_", "regex", "hint", "expected"),
    [
        ("string", r"[A-Z]{2}\d{3}", None, {"pattern": r"[A-Z]{2}\d{3}"}),
        ("string", "^[a-z]{1,3}$", "abc", {"pattern": "[a-z]{1,3}", "hint": {"en": "abc"}}),
        ("string", "[a-z", None, {"annotations": {"fhir": {"regex": "[a-z"}}}),
        ("integer", "[0-9]{2}", None, {"annotations": {"fhir": {"regex": "[0-9]{2}"}}}),
    ],
)
def test_a_regular_expression_is_a_pattern_and_never_a_hint(tmp_path, type_, regex, hint, expected):
    extension = [{"url": FHIR + "regex", "valueString": regex}]
    if hint:
        extension.append({"url": FHIR + "entryFormat", "valueString": hint})
    imported = settled(read(written(tmp_path, questionnaire(item("r", type_, extension=extension)))))
    (entry,) = imported.document["forms"]["test"]["sections"][0]["items"]
    keys = ("pattern", "hint", "annotations")
    assert {key: entry[key] for key in keys if key in entry} == expected
    (told,) = [found for found in imported.findings if found.part is Part.RULE]
    assert (told.outcome is Outcome.KEPT) == ("pattern" in expected)


def in_polish(text):
    inner = [{"url": "lang", "valueCode": "pl"}, {"url": "content", "valueString": text}]
    return {"extension": [{"url": FHIR + "translation", "extension": inner}]}


def test_a_link_id_that_stands_twice_is_told_with_what_rules_mean_by_it(tmp_path):
    when = [{"question": "a", "operator": ">", "answerInteger": 1}]
    form = questionnaire(item("a", "integer"), item("a", "string"), item("r", "string", enableWhen=when))
    imported = read(written(tmp_path, form))
    assert [entry["id"] for entry in imported.document["forms"]["test"]["sections"][0]["items"]] == ["a", "a_2", "r"]
    (twice,) = [found for found in imported.findings if found.part is Part.OTHER]
    assert (twice.where, twice.outcome) == ("test.a", Outcome.APPROXIMATED)
    assert twice.reason.startswith("2 items have the linkId a")
    (rule,) = [found for found in imported.findings if found.part is Part.RULE]
    assert rule.outcome is Outcome.APPROXIMATED
    assert "nearest" in rule.reason


@pytest.mark.parametrize(
    ("items", "told"),
    [
        ([item("a", "integer", _text=in_polish("Pytanie"))], None),
        ([item("a", "integer", _text=in_polish("Pytanie")), item("b", "integer"), item("c", "integer")], 2),
        ([item("a", "integer", _text=in_polish("Pytanie")), item("b", "integer", text="1.")], None),
        ([item("a", "choice", _text=in_polish("Pytanie"), answerOption=options("yes", "no"))], 2),
    ],
)
def test_texts_that_a_language_lacks_are_told_once_for_a_form(tmp_path, items, told):
    imported = read(written(tmp_path, questionnaire(*items, _title=in_polish("Tytuł"))))
    found = [one for one in imported.findings if one.part is Part.TEXT]
    assert [(one.where, one.outcome) for one in found] == ([("test", Outcome.APPROXIMATED)] if told else [])
    assert all(f"(pl): {told}." in one.reason for one in found)


def test_braces_are_brackets_which_is_told_once_for_a_form(tmp_path):
    found = read(written(tmp_path, questionnaire(item("a", "string", text="{Dose} in mg"), item("b", "string"))))
    (first, _) = found.document["forms"]["test"]["sections"][0]["items"]
    assert first["label"] == {"en": "(Dose) in mg"}
    (told,) = [one for one in found.findings if one.part is Part.TEXT]
    assert (told.outcome, told.found) == (Outcome.APPROXIMATED, "{Dose} in mg")
