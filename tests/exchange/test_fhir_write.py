"""What we write is valid FHIR, and says the same to other programs."""

import json
from pathlib import Path

import pytest
from fhir.resources import questionnaire as newer
from fhir.resources.R4B import questionnaire as older
from jsonschema import validators

from engine.compiler import compile_definition
from exchange.fhir.write import write
from exchange.findings import Outcome, Part
from tests.exchange.corpus import CORPUS
from tests.exchange.fhir_forms import exported, minimal

ROOT = Path(__file__).parents[2]
SHIPPED = sorted((ROOT / "form_definitions").glob("*.yaml"))
SCHEMA = CORPUS / "fhir" / "schema" / "fhir-r4-questionnaire.schema.json"


def rule_of(folder, type_, key, rule):
    text = minimal(f"{{id: r, type: {type_}, label: {{pl: R, en: R}}, {key}: {json.dumps(rule)}}}")
    return last(exported(folder, text))


def last(made):
    return json.loads(made.content)["item"][0]["item"][-1]


def expression(one, name):
    return next(e["valueExpression"]["expression"] for e in one["extension"] if e["url"].endswith(name))


@pytest.mark.parametrize(
    ("when", "conditions", "behaviour"),
    [
        ("a > 3", [("a", ">", "answerInteger", 3)], None),
        ("x <= 2.5", [("x", "<=", "answerDecimal", 2.5)], None),
        ("b", [("b", "=", "answerBoolean", True)], None),
        ("not b", [("b", "=", "answerBoolean", False)], None),
        ("b is not true", [("b", "!=", "answerBoolean", True)], None),
        ("filled(t)", [("t", "exists", "answerBoolean", True)], None),
        ("empty(t)", [("t", "exists", "answerBoolean", False)], None),
        ("t = 'x'", [("t", "=", "answerString", "x")], None),
        ("t = 'x' is not true", [("t", "!=", "answerString", "x")], None),
        ("d >= make_date(2020, 1, 2)", [("d", ">=", "answerDate", "2020-01-02")], None),
        ("any(g where n > 4)", [("n", ">", "answerInteger", 4)], None),
        ("a > 3 and b", [("a", ">", "answerInteger", 3), ("b", "=", "answerBoolean", True)], "all"),
        ("a > 3 or b", [("a", ">", "answerInteger", 3), ("b", "=", "answerBoolean", True)], "any"),
    ],
)
def test_simple_conditions_are_enable_when(tmp_path, when, conditions, behaviour):
    one = rule_of(tmp_path, "text", "when", when)
    found = [
        (c["question"], c["operator"], *next((k, v) for k, v in c.items() if k.startswith("answer")))
        for c in one["enableWhen"]
    ]
    assert found == conditions
    assert one.get("enableBehavior") == behaviour


def test_choices_in_conditions_are_codings_of_the_list(tmp_path):
    one = rule_of(tmp_path, "text", "when", "q in ('a', 'b')")
    assert [c["answerCoding"]["code"] for c in one["enableWhen"]] == ["a", "b"]
    assert one["enableBehavior"] == "any"
    (multiple,) = rule_of(tmp_path, "text", "when", "'a' in m")["enableWhen"]
    assert multiple["answerCoding"] == {
        "system": "https://ecrf.invalid/fhir/codelist/small/yn",
        "code": "a",
        "display": "Tak",
    }


A, Q = "%resource.repeat(item).where(linkId='a').answer.value", "%resource.repeat(item).where(linkId='q').answer.value"
B, T, M = (A.replace("'a'", f"'{link}'") for link in "btm")
D, X = (A.replace("'a'", f"'{link}'") for link in "dx")
G = "%resource.repeat(item).where(linkId='g')"


@pytest.mark.parametrize(
    ("type_", "rule", "fhirpath_"),
    [
        ("integer", "a + 2 * a - 1", f"{A} + 2 * {A} - 1"),
        ("integer", "(a + 2) * 3", f"({A} + 2) * 3"),
        ("integer", "a - (2 - a)", f"{A} - (2 - {A})"),
        ("decimal", "round(x / 3, 1)", f"({X} / 3).round(1)"),
        ("decimal", "x ^ 2", f"{X}.power(2)"),
        ("decimal", "-x", f"-{X}"),
        ("integer", "if(filled(a), a, 0)", f"iif({A}.exists(), {A}, 0)"),
        ("integer", "if(b, 1, 2)", f"iif({B}, 1, iif({B}.exists(), 2, {{}}))"),  # ours gives nothing where b is unknown
        ("integer", "if(b is true, 1, 2)", f"iif({B}, 1, 2)"),
        ("integer", "coalesce(a, 0)", f"iif({A}.exists(), {A}, 0)"),
        ("integer", "attr(q, 'value')", f"{Q}.ordinal()"),
        ("integer", "sum(g.n)", f"{G}.repeat(item).where(linkId='n').answer.value.sum()"),
        ("integer", "count(g where n > 2)", f"{G}.where(repeat(item).where(linkId='n').answer.value > 2).count()"),
        ("integer", "count(each in m)", f"{M}.code.count()"),
        ("integer", "year(d)", f"{D}.toString().substring(0, 4).toInteger()"),
        ("boolean", "q in ('a', 'b')", f"{Q}.code in ('a' | 'b')"),
        ("boolean", "'a' in m", f"{M}.code contains 'a'"),
        ("boolean", "not (a > 3 and b)", f"({A} > 3 and {B}).not()"),
        ("boolean", "a = 3 is not true", f"({A} = 3) !~ true"),
        ("boolean", "d > add_months(d, -12)", f"{D} > {D} - 12 months"),
        ("boolean", "d = make_date(2020, 1, 2)", f"{D} = @2020-01-02"),
        ("boolean", "all(g where n > 2)", f"{G}.all(repeat(item).where(linkId='n').answer.value > 2)"),
        ("boolean", "matches(t, '[0-9]+')", f"{T}.matches('^[0-9]+$')"),
        ("boolean", "contains(t, ('it''s', 'b'))", f"{T}.contains('it\\'s') or {T}.contains('b')"),
        ("text", "concat(t, '!')", f"{T} + '!'"),
        ("text", "concat(coalesce(t, ''), '!')", f"{T} & '!'"),
        ("text", "substring(t, 2, 3)", f"{T}.substring(1, 3)"),
    ],
)
def test_other_rules_are_fhirpath(tmp_path, type_, rule, fhirpath_):
    more = "integer" if type_ == "integer" else f"{type_}, decimals: 2" if type_ == "decimal" else type_
    assert expression(rule_of(tmp_path, more, "calculate", rule), "calculatedExpression") == fhirpath_


def test_rows_and_limits_and_defaults(tmp_path):
    entries = (
        "{group: h, title: {pl: H, en: H}, rows: {min: 1, max: 3}, items: ["
        "{id: i, type: integer, label: {pl: I, en: I}, range: {hard: [1, 9], soft: [2, null]}, default: '3'}, "
        "{id: j, type: integer, label: {pl: J, en: J}, calculate: i * 2}]}"
    )
    checks = "[{id: C, assert: all(h where i > 1), on: i, message: {pl: Za mało., en: Too few.}}]"
    group = last(exported(tmp_path, minimal(entries, checks)))
    first, second = group["item"]
    urls = {one["url"].rsplit("/", 1)[-1] for one in first["extension"]}
    assert {"minValue", "maxValue", "questionnaire-constraint"} == urls
    assert first["initial"] == [{"valueInteger": 3}]
    assert expression(second, "calculatedExpression") == "%rowH.repeat(item).where(linkId='i').answer.value * 2"
    constraint = next(e for e in first["extension"] if str(e).count("Za mało."))
    parts = {part["url"].rsplit("/", 1)[-1]: part for part in constraint["extension"]}
    assert parts["expression"]["valueString"] == "%rowH.repeat(item).where(linkId='i').answer.value > 1"
    assert "Too few." in json.dumps(parts["translation"])
    assert expression(group, "variable") == "%context"


def test_what_has_no_counterpart_is_told(tmp_path):
    made = exported(
        tmp_path, minimal("{id: r, type: integer, label: {pl: R, en: R}, calculate: 'days(d, today())', live: true}")
    )
    (dropped,) = [found for found in made.findings if found.part is Part.RULE and found.outcome is Outcome.DROPPED]
    assert (dropped.where, dropped.found) == ("f.r", "days(d, today())")
    assert sum(found.part is Part.ITEM for found in made.findings) == 10


@pytest.mark.parametrize("version", ["R4", "R5"])
@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_shipped_definitions_are_valid(file, version):
    made = json.loads(write(compile_definition(file), version).content)
    (older if version == "R4" else newer).Questionnaire.model_validate(made)
    if version == "R4" and SCHEMA.exists():
        schema = json.loads(SCHEMA.read_text("utf-8"))
        assert not list(validators.validator_for(schema)(schema).iter_errors(made))


def links(entries):
    for entry in entries:
        yield entry["linkId"]
        yield from links(entry.get("item", ()))


def test_link_ids_are_unique_in_all_shipped_definitions():
    for file in SHIPPED:
        found = list(links(json.loads(write(compile_definition(file)).content)["item"]))
        assert len(found) == len(set(found))


@pytest.mark.parametrize(
    ("rule", "same"),
    [
        ("sum(g.n)", False),
        ("max(g.n)", False),
        ("min(g: n where k)", False),
        ("mean(g: n + 1)", False),
        ("sum(g.n where filled(n))", True),
        ("sum(g.n where k and n > 2)", True),
        ("sum(g: coalesce(n, 0))", True),
        ("count(g where k)", True),
    ],
)
def test_rows_without_a_value_that_are_left_out_there_are_told(tmp_path, rule, same):
    made = exported(
        tmp_path,
        minimal(f"{{id: r, type: decimal, decimals: 2, label: {{pl: R, en: R}}, calculate: {json.dumps(rule)}}}"),
    )
    (told,) = [found for found in made.findings if found.part is Part.RULE]
    assert told.outcome is (Outcome.KEPT if same else Outcome.APPROXIMATED), told
    assert ("left out there" in told.reason) == (not same)


@pytest.mark.parametrize(
    ("entry", "polish", "english"),
    [
        (
            "type: date, range: {soft: ['make_date(1900, 1, 2)', null]}",
            "Zwykle nie wcześniej niż 02.01.1900.",
            "Usually not before 1900-01-02.",
        ),
        ("type: date, range: {hard: [null, today()]}", "Nie później niż dzisiaj.", "Not after today."),
        ("type: integer, unit: kg, range: {soft: [-3, null]}", "Zwykle co najmniej −3 kg.", "Usually at least −3 kg."),
        (
            'type: time, range: {soft: [null, "make_time(20, 0)"]}',
            "Zwykle nie później niż 20:00.",
            "Usually not after 20:00.",
        ),
        (
            'type: datetime, range: {soft: ["at_time(make_date(2020, 1, 31), make_time(7, 5))", null]}',
            "Zwykle nie wcześniej niż 31.01.2020 07:05.",
            "Usually not before 2020-01-31 07:05.",
        ),
        ("type: integer, range: {hard: [{over: 1}, null]}", "Więcej niż 1.", "More than 1."),
        ("type: decimal, decimals: 1, range: {hard: [null, {under: 2.5}]}", "Mniej niż 2,5.", "Less than 2.5."),
        ("type: integer, range: {hard: [null, a]}", "Najwyżej „A”.", "At most “A”."),
        (
            "type: integer, range: {hard: [null, a + 1]}",
            "Wartość w granicach, które wynikają z innych odpowiedzi.",
            "A value within limits that follow from other answers.",
        ),
        ("type: integer, required: a > 1", "Tu potrzebna jest odpowiedź.", "An answer is needed here."),
    ],
)
def test_constraints_of_limits_tell_people_what_is_allowed(tmp_path, entry, polish, english):
    one = last(exported(tmp_path, minimal(f"{{id: r, label: {{pl: R, en: R}}, {entry}}}")))
    (constraint,) = [part["extension"] for part in one["extension"] if part["url"].endswith("constraint")]
    (human,) = [part["valueString"] for part in constraint if part["url"] == "human"]
    (other,) = [part["extension"][1]["valueString"] for part in constraint if part["url"].endswith("translation")]
    assert (human, other) == (polish, english)
