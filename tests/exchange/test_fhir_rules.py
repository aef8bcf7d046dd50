"""FHIRPath and enableWhen mean in our language what their specifications say: cases that our engine evaluates."""

import pytest

from exchange.fhir.read import read
from exchange.findings import Outcome, Part
from tests.exchange.fhir_forms import FHIR, SDC, evaluated, fhirpath, item, options, questionnaire, written


def form(*more):
    """Questions of each kind, and a group of rows."""
    return questionnaire(
        item("a", "integer"),
        item("x", "decimal"),
        item("b", "boolean"),
        item("t", "string"),
        item("d", "date"),
        item("k", "time"),
        item("z", "dateTime"),
        item("q", "choice", answerOption=options("none", "some", "all", scores=(0, 1, 3))),
        item("m", "choice", repeats=True, answerOption=options("p", "q", "r", scores=(1, 2, 4))),
        item("g", "group", repeats=True, item=[item("n", "integer"), item("s", "boolean")]),
        item("w", "quantity", extension=[{"url": FHIR + "questionnaire-unit", "valueCoding": {"code": "kg"}}]),
        item("result group", "group", item=list(more)),
    )


def of(link):
    return f"%resource.item.where(linkId='{link}').answer.value"


A, B, T, D, X = of("a"), of("b"), of("t"), of("d"), of("x")
SCORE_OF_Q = (
    f"%questionnaire.item.where(linkId='q').answerOption.where(valueCoding.code={of('q')}.code)"
    f".extension.where(url='{FHIR}ordinalValue').valueDecimal"
)
ORDINAL = f"extension.where(url='{FHIR}ordinalValue')"
ROWS = {"g": [{"n": 1, "s": True}, {"n": 5}, {"s": False}]}


def calculated(folder, text, type_, answers):
    """What an item with this calculation holds."""
    answer = evaluated(folder, form(item("r", type_, extension=[fhirpath("calculatedExpression", text)])), answers)
    return answer["calculated"].get("r")


@pytest.mark.parametrize(
    ("text", "answers", "expected"),
    [
        (f"{A} + 2 * 3", {"a": 1}, "7"),
        (f"({A} + 2) * 3", {"a": 1}, "9"),
        (f"{A} + 2", {}, None),  # empty stays empty
        ("10 div 3", {}, "3"),
        (f"{A} div 2", {"a": -5}, "-2"),  # towards zero
        (f"{A} mod 3", {"a": -7}, "-1"),  # the sign of the left side
        (f"{A} mod 3", {"a": 7}, "1"),
        (f"{A} / 0", {"a": 1}, None),
        (f"{A}.power(2)", {"a": 3}, "9"),
        (f"-{A}", {"a": 3}, "-3"),
        (f"{A}.abs()", {"a": -3}, "3"),
        (f"{X}.ceiling()", {"x": "1.2"}, "2"),
        (f"{X}.floor()", {"x": "-1.2"}, "-2"),
        (f"{X}.truncate()", {"x": "-1.7"}, "-1"),
        (f"{X}.round(1)", {"x": "1.25"}, "1.3"),
        ("(100).sqrt()", {}, "10"),
        (f"{A}.exp()", {"a": 0}, "1"),
        (f"{A}.ln()", {"a": 1}, "0"),
        (f"iif({A} > 3, 1, 2)", {"a": 4}, "1"),
        (f"iif({A} > 3, 1, 2)", {}, "2"),  # what is empty is not true
        (f"iif({A} > 3, 1)", {"a": 1}, None),
        (f"iif({A} > 3, 1, null)", {"a": 1}, None),  # no word of FHIRPath, and yet written
        (f"iif({A}.exists(), {A}, 0) + iif({X}.exists(), {X}, 0)", {"x": 2}, "2"),
        (f"{A}.combine({X}).sum()", {"a": 2, "x": 2}, "4"),
        (f"{A}.combine({X}).count()", {"a": 1}, "1"),
        (f"({A} | {X}).first()", {"x": 2}, "2"),
        (f"{of('g.n').replace('g.n', 'n').replace('.item', '.repeat(item)')}.sum()", ROWS, "6"),
        ("%resource.item.where(linkId='g').item.where(linkId='n').answer.value.count()", ROWS, "2"),
        ("%resource.item.where(linkId='g').item.where(linkId='n').answer.value.max()", ROWS, "5"),
        ("%resource.item.where(linkId='g').count()", ROWS, "3"),
        ("%resource.item.where(linkId='g').where(item.where(linkId='n').answer.value > 2).count()", ROWS, "1"),
        ("%resource.item.where(linkId='g').item.where(linkId='n').answer.value.first()", ROWS, "1"),
        ("%resource.item.where(linkId='g').item.where(linkId='n').answer.value.where($this > 2).sum()", ROWS, "5"),
        ("%resource.item.where(linkId='q').answer.value.ordinal()", {"q": "all"}, "3"),
        ("%resource.item.where(linkId='m').answer.value.ordinal().sum()", {"m": ["p", "r"]}, "5"),
        ("%resource.item.where(linkId in ('q' | 'm')).answer.value.weight().sum()", {"q": "some", "m": ["r"]}, "5"),
        ("%resource.descendants().where(linkId='q').answer.select(value.ordinal())", {"q": "some"}, "1"),
        (
            SCORE_OF_Q,
            {"q": "all"},
            "3",
        ),
        # the idiom of scores: what has none, such as the total itself, is passed over
        (f"%resource.item.answer.valueCoding.{ORDINAL}.valueDecimal.sum()", {"q": "all", "m": ["p", "r"], "a": 7}, "8"),
        (f"%resource.item.answer.valueCoding.{ORDINAL}.valueDecimal.sum()", {}, "0"),
        (f"{of('q')}.extension('{FHIR}ordinalValue').value", {"q": "some"}, "1"),
        (
            "%QuestionnaireResponse.item.where(linkId='a').answer.valueInteger",
            {"a": 4},
            "4",
        ),  # %resource by another name
        ("%resource.item.where(linkId='a').answer.valueCoding.count()", {"a": 4}, "0"),
        (
            f"%qItem.extension('{FHIR}ordinalValue').count() + %Resource.item.where(linkId='a').answer.value",
            {"a": 1},
            None,
        ),
        ("%resource.item.answer.value.weight().sum()", {"q": "all", "m": ["p"], "a": 9}, "4"),
        ("%resource.item.select(answer.value.ordinal()).sum()", {"q": "some", "a": 9}, "1"),
        ("%resource.item.where(linkId.matches('^[qm]$')).answer.value.ordinal().sum()", {"q": "all", "m": ["r"]}, "7"),
        ("%resource.item.where(linkId='g').item.answer.value.ofType(integer).aggregate($this + $total, 0)", ROWS, "6"),
        (f"{of('q')}.code.toInteger()", {"q": "all"}, None),  # the code is no number, whatever its score
        (f"{D}.yearOf() + {D}.month()", {"d": "2020-03-04"}, "2023"),
        (f"{of('w')}.value / 2", {"w": 70}, "35"),
        (f"{of('w')}.toQuantity('g').value", {"w": 2}, "2000"),
        (f"{T}.length()", {"t": "abc"}, "3"),
        (f"{T}.indexOf('c')", {"t": "abc"}, "2"),  # counted from 0
        (f"{T}.indexOf('z')", {"t": "abc"}, "-1"),
        (f"{T}.toInteger() + 1", {"t": "41"}, "42"),
        (f"{T}.toDecimal()", {"t": "x"}, None),
        ("today().toString().substring(0, 4).toInteger()", {}, "2026"),
    ],
)
def test_numbers(tmp_path, text, answers, expected):
    assert calculated(tmp_path, text, "decimal", answers) == expected


@pytest.mark.parametrize(
    ("text", "answers", "expected"),
    [
        (f"{A} = 3", {"a": 3}, True),
        (f"{A} = 3", {}, None),
        (f"{A} != 3", {}, None),
        (f"{A} ~ 3", {}, False),  # equivalence is never empty
        (f"{A} !~ 3", {}, True),
        (f"{T} ~ {of('t')}", {}, True),
        (f"{A} = 1 and {B}", {"a": 2}, False),  # Kleene: false decides
        (f"{A} = 1 or {B}", {"b": True}, True),
        (f"{A} = 1 and {B}", {"a": 1}, None),
        (f"{B} xor true", {"b": True}, False),
        (f"{B} implies {A} > 3", {"b": False}, True),
        (f"{B}.not()", {"b": False}, True),
        (f"{B}.not()", {}, None),
        (f"{A}.exists()", {}, False),
        (f"{A}.empty()", {}, True),
        (f"{A}.exists() and {A} > 3", {}, False),
        (f"{of('q')}.code = 'some'", {"q": "some"}, True),
        (f"{of('q')}.display = 'SOME'", {"q": "some"}, True),
        (f"{of('q')}.display != 'SOME'", {}, None),
        (f"{of('q')}.display != 'SOME'", {"q": "all"}, True),
        (f"{of('q')}.code in ('some' | 'all')", {"q": "all"}, True),
        (f"{of('q')}.code in ('some' | 'all')", {}, None),
        (f"{of('m')}.code contains 'p'", {"m": ["p", "q"]}, True),
        (f"{of('m')}.code contains 'p'", {}, False),
        (f"{of('m')}.where(code = 'p').exists()", {"m": ["q"]}, False),
        ("%resource.item.where(linkId='m').answer.where(value.code = 'p').exists()", {"m": ["p", "q"]}, True),
        ("%resource.item.where(linkId='m').answer.where(value.code = 'p').exists()", {"m": ["q"]}, False),
        (f"{of('m')}.code.intersect('p' | 'z').exists()", {"m": ["p", "q"]}, True),
        (f"{of('m')}.code.intersect('p' | 'z').exists()", {"m": ["q"]}, False),
        (f"{D} <= today() - 18 'years'", {"d": "2008-03-15"}, True),
        (f"{of('m')}.exists(code = 'q')", {"m": ["q"]}, True),
        (f"{of('m')}.count() >= 2", {"m": ["p", "q"]}, True),
        (f"{of('m')}.code = 'p'", {"m": ["p", "q"]}, False),  # several are not one
        (f"{of('m')}.all(code = 'p' or code = 'q')", {"m": ["p", "q"]}, True),
        ("%resource.repeat(item).where(linkId='n').answer.value.exists()", ROWS, True),
        ("%resource.repeat(item).where(linkId='g').where(item.where(linkId='s').answer.value).exists()", ROWS, True),
        (
            "%resource.repeat(item).where(linkId='g').all(item.where(linkId='n').answer.value < 6)",
            {"g": [{"n": 9}]},
            False,
        ),
        ("%resource.repeat(item).where(linkId='n').answer.all(value < 5)", ROWS, False),
        ("%resource.repeat(item).where(linkId='n').answer.all(value < 6)", ROWS, True),
        ("%resource.repeat(item).where(linkId='n').answer.value contains 5", ROWS, True),
        (f"{D} > today() - 1 year", {"d": "2025-03-16"}, True),
        (f"{D} > today() - 1 year", {"d": "2025-03-14"}, False),
        (f"{D} + 2 weeks <= today()", {"d": "2026-03-01"}, True),
        (f"{D} = @2026-03-01", {"d": "2026-03-01"}, True),
        (f"{T}.startsWith('ab')", {"t": "abc"}, True),
        (f"{T}.lower() = 'abc'", {"t": "ABC"}, True),
        (f"{T}.contains('b')", {"t": "abc"}, True),
        (f"{T}.contains({A}.toString())", {"t": "x12y", "a": 12}, True),
        (f"{T}.endsWith('c')", {"t": "abc"}, True),
        (f"{T}.matches('[0-9]+')", {"t": "abc12"}, True),  # anywhere
        (f"{T}.matches('^[0-9]+$')", {"t": "abc12"}, False),
        (f"{T}.matches('^\\d{{2}}$')", {"t": "12"}, True),
        (f"{T}.matches('^a|b$')", {"t": "xb"}, True),
        (f"({A} | {X}).all($this > 2)", {"a": 3}, True),  # what is not there is not judged
        ("(true | false).allTrue()", {}, False),
    ],
)
def test_truths(tmp_path, text, answers, expected):
    assert calculated(tmp_path, text, "boolean", answers) == expected


@pytest.mark.parametrize(
    ("text", "answers", "expected"),
    [
        (f"{T} & '!'", {}, "!"),  # & takes what is empty for a text without characters
        (f"{T} + '!'", {}, None),
        (f"{T} + '!'", {"t": "so"}, "so!"),
        (f"{A}.toString() & ' kg'", {"a": 3}, "3 kg"),
        (f"{T}.substring(1, 2)", {"t": "abcd"}, "bc"),
        (f"{T}.replace('a', 'x').upper().trim()", {"t": "aba "}, "XBX"),
        (f"iif({B}, 'it\\'s', \"no\")", {"b": True}, "it's"),
        ("%resource.item.where(linkId='q').answer.value.code", {"q": "all"}, "all"),
    ],
)
def test_texts(tmp_path, text, answers, expected):
    assert calculated(tmp_path, text, "string", answers) == expected


@pytest.mark.parametrize(
    ("conditions", "behaviour", "answers", "expected"),
    [
        ([("a", "=", "Integer", 3)], None, {"a": 3}, True),
        ([("a", "!=", "Integer", 3)], None, {}, True),  # no answer is equal
        ([("a", "!=", "Integer", 3)], None, {"a": 3}, False),
        ([("a", ">", "Integer", 3)], None, {}, False),
        ([("a", "exists", "Boolean", True)], None, {"a": 0}, True),
        ([("a", "exists", "Boolean", False)], None, {}, True),
        ([("b", "=", "Boolean", False)], None, {}, False),
        ([("b", "!=", "Boolean", True)], None, {}, True),
        ([("m", "=", "Coding", {"code": "p"})], None, {"m": ["p", "q"]}, True),  # at least one answer
        ([("m", "!=", "Coding", {"code": "p"})], None, {"m": ["q"]}, True),
        ([("m", "!=", "Coding", {"code": "p"})], None, {"m": ["p", "q"]}, False),
        ([("n", ">", "Integer", 4)], None, ROWS, True),  # in any row
        ([("n", "!=", "Integer", 5)], None, ROWS, False),
        ([("d", ">=", "Date", "2020-01-02")], None, {"d": "2020-01-02"}, True),
        ([("t", ">", "String", "tes")], None, {"t": "test"}, True),  # character by character
        ([("t", ">=", "String", "test")], None, {"t": "test"}, True),
        ([("t", "<", "String", "a")], None, {"t": "Z"}, True),
        ([("t", "<=", "String", "a")], None, {}, False),
        ([("k", ">=", "Time", "13:30:00")], None, {"k": "13:30"}, True),
        ([("k", "<", "Time", "13:30:00")], None, {"k": "13:30"}, False),
        ([("z", ">", "DateTime", "2020-05-01T10:00:00Z")], None, {"z": "2020-05-01T12:01"}, True),
        ([("z", ">", "DateTime", "2020-05-01T10:00:00Z")], None, {"z": "2020-05-01T12:00"}, False),
        ([("z", ">", "DateTime", "2020-05-01")], None, {"z": "2020-05-01T12:00"}, False),
        ([("w", ">", "Quantity", {"value": 1500, "code": "g"})], None, {"w": 2}, True),
        ([("q", "=", "Coding", {"code": "gone"})], None, {"q": "all"}, False),  # what cannot be chosen is never met
        ([("a", ">", "Integer", 3), ("a", "<", "Integer", 5)], "all", {"a": 9}, False),
        ([("a", ">", "Integer", 3), ("b", "=", "Boolean", True)], "any", {"a": 9}, True),
        ([("a", ">", "Integer", 3), ("b", "=", "Boolean", True)], None, {"a": 9}, False),  # not said: all
        ([("a", "=", "Integer", 3), ("a", "=", "Integer", 5)], None, {"a": 5}, True),  # not said, and never both: any
    ],
)
def test_enable_when(tmp_path, conditions, behaviour, answers, expected):
    when = [{"question": q, "operator": op, f"answer{kind}": value} for q, op, kind, value in conditions]
    more = {"enableBehavior": behaviour} if behaviour else {}
    answer = evaluated(tmp_path, form(item("r", "string", enableWhen=when, **more)), answers)
    assert ("r" in answer["visible"]) is expected


def test_what_is_assumed_of_conditions_is_told(tmp_path):
    when = [
        {"question": "a", "operator": "=", "answerInteger": 3},
        {"question": "b", "operator": "=", "answerBoolean": True},
    ]
    found = read(written(tmp_path, form(item("r", "string", enableWhen=when))))
    (told,) = [one for one in found.findings if one.part is Part.RULE]
    assert told.outcome is Outcome.APPROXIMATED
    assert "enableBehavior" in told.reason


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("calculatedExpression", "%patient.birthDate", "%patient is filled from outside the form"),
        ("calculatedExpression", "%resource.item.where(", "cannot be read as FHIRPath"),
        ("calculatedExpression", "'a'.toChars()", "toChars() has no counterpart"),
        ("calculatedExpression", "1 + + ", "cannot be read as FHIRPath"),
        ("calculatedExpression", "(1 | 2).aggregate($this * $total, 1)", "known as a sum"),
        ("calculatedExpression", "%loop", "is made of itself"),
        ("calculatedExpression", f"{of('q')} = 'some'", "Compare its code"),
        ("calculatedExpression", "%resource.repeat(item).where(linkId='n').answer.value + 1", "g repeats"),
        ("calculatedExpression", f"({A} | {X}).sum()", "combine()"),  # | drops equal values
        ("enableWhenExpression", f"{D} > @2020-05", "no whole date or time"),
        ("calculatedExpression", "1" + " + 1" * 300, "operators stand in one another"),
    ],
)
def test_what_cannot_be_said_is_kept_and_told(tmp_path, name, text, reason):
    extensions = [fhirpath("variable", "%loop + 1", name="loop"), fhirpath(name, text)]
    found = read(written(tmp_path, form(item("r", "decimal", extension=extensions))))
    (told,) = [one for one in found.findings if one.part is Part.RULE]
    assert (told.outcome, told.found) == (Outcome.DROPPED, text)
    assert reason in told.reason
    (entry,) = found.document["forms"]["test"]["sections"][-1]["items"]
    assert entry["annotations"]["fhir"][name] == text


def test_rules_of_rows_and_scopes_of_variables(tmp_path):
    inside = [
        item("k", "integer"),
        item("twice", "integer", extension=[fhirpath("calculatedExpression", "%k * 2")]),
        item("more", "string", enableWhen=[{"question": "k", "operator": ">", "answerInteger": 2}]),
    ]
    rows = item(
        "rows",
        "group",
        repeats=True,
        extension=[fhirpath("variable", "item.where(linkId='k').answer.value", name="k")],
        item=inside,
    )
    answer = evaluated(tmp_path, questionnaire(rows), {"rows": [{"k": 1}, {"k": 3}]})
    assert answer["calculated"]["rows[1].twice"] == "2"
    assert answer["calculated"]["rows[2].twice"] == "6"
    assert "rows[1].more" not in answer["visible"]
    assert "rows[2].more" in answer["visible"]


def test_constraints_become_checks(tmp_path):
    def constraint(expression, **more):
        parts = {"key": "C-1", "severity": "warning", "expression": expression, "human": "Not so.", **more}
        kinds = {"key": "valueId", "severity": "valueCode", "expression": "valueString"}
        inner = [{"url": url, kinds.get(url, "valueString"): text} for url, text in parts.items()]
        return {"url": FHIR + "questionnaire-constraint", "extension": inner}

    asked = [item("n", "integer", extension=[constraint("answer.value > 2", requirements="Because.")])]
    found = questionnaire(
        item("g", "group", repeats=True, item=asked),
        item("z", "integer"),
        extension=[constraint(f"{of('z')} < 9", severity="error")],
    )
    document = read(written(tmp_path, found)).document
    root, row = document["forms"]["test"]["checks"]
    assert (root["id"], root["assert"], root.get("severity")) == ("C_1", "z < 9", None)
    assert (row["id"], row["assert"], row["severity"], row["on"]) == ("C_1_2", "all(g where n > 2)", "warning", "n")
    assert row["annotations"]["fhir"]["requirements"] == "Because."
    answer = evaluated(tmp_path, found, {"g": [{"n": 1}, {"n": 3}], "z": 3})
    assert [one["code"] for one in answer["violations"]] == ["C_1_2"]


def test_limits(tmp_path):
    def limit(name, kind, value):
        return {"url": FHIR + name, f"value{kind}": value}

    found = questionnaire(
        item("a", "integer", extension=[limit("minValue", "Integer", 1), limit("maxValue", "Integer", 9)]),
        item(
            "d",
            "date",
            extension=[
                {"url": FHIR + "maxValue", "_valueDate": {"extension": [fhirpath("cqf-expression", "today()")]}}
            ],
        ),
        item(
            "t",
            "string",
            maxLength=5,
            extension=[limit("minLength", "Integer", 2), limit("regex", "String", "^[a-z]+$")],
        ),
        item(
            "m",
            "choice",
            repeats=True,
            answerOption=options("p", "q", "r"),
            extension=[limit("questionnaire-maxOccurs", "Integer", 2)],
        ),
    )
    answer = evaluated(tmp_path, found, {"a": 10, "d": "2030-01-01", "t": "b1", "m": ["p", "q", "r"]})
    assert {one["code"] for one in answer["violations"]} == {"range_hard", "pattern", "M_MAX_OCCURS"}
    assert [one["code"] for one in evaluated(tmp_path, found, {"t": "b"})["violations"]] == ["T_MIN_LENGTH"]


def test_sdc_names_are_known_wherever_they_are_published(tmp_path):
    old = {"url": FHIR + "questionnaire-calculatedExpression", "valueExpression": {"expression": "1 + 1"}}
    new = {"url": SDC + "calculatedExpression", "valueExpression": {"expression": "1 + 1"}}
    for extension in (old, new):
        assert evaluated(tmp_path, questionnaire(item("r", "integer", extension=[extension])), {})["calculated"] == {
            "r": "2"
        }
