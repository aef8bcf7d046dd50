"""REDCap's logic as our rules: foreign rule, answers, and what REDCap's help says comes out of it."""

from decimal import Decimal

import pytest

from exchange.redcap.logic import parse_logic
from exchange.rules.meaning import Untranslatable
from tests.exchange.redcap_kit import asked, compiled, field, items, read_rows, rules_told

FIELDS = (
    field("record_id"),
    field("a", validation="integer"),
    field("b", validation="number"),
    field("t"),
    field("d", validation="date_mdy"),
    field("e", validation="date_mdy"),
    field("dt", validation="datetime_ymd"),
    field("du", validation="datetime_ymd"),
    field("yn", "yesno"),
    field("c", "radio", choices="1, One | 2, Two | -99, Unknown"),
    field("w", "dropdown", choices="yes, Yes | no, No | a b, Both"),
    field("m", "checkbox", choices="1, First | 2, Second | 01, Padded | -1, None"),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("redcap")


@pytest.mark.parametrize(
    ("logic", "answers", "shown"),
    [
        ("[a] > 3", {"a": 4}, True),
        ("[a] > 3", {}, False),
        ("[a] < 3", {}, False),  # blank is no number
        ("[a] <> 3", {}, True),
        ("[a] != '3'", {"a": 3}, False),
        ("[a] = ''", {}, True),
        ('[a] <> ""', {"a": 0}, True),
        ("[a] = 0 and [a] <> ''", {}, False),
        ("[yn] = '1'", {"yn": True}, True),
        ("[yn] = '0'", {}, False),
        ("[yn] <> '1'", {}, True),
        ("[c] = '-99' or [c]=2", {"c": "-99"}, True),
        ("[c] >= 1", {"c": "2"}, True),
        ("[c] >= 1", {"c": "-99"}, False),
        ("[w] = 'a b'", {"w": "a_b"}, True),  # a code that is spelled otherwise here
        ("[m(2)] = '1'", {"m": ["2"]}, True),
        ("[m(2)] = '0'", {}, True),
        ("[m(2)]", {"m": ["1"]}, False),
        ("[m(-1)] = 1", {"m": ["-1"]}, True),
        ("[m(01)] <> ''", {}, True),  # a box that is not ticked is 0
        ("[m(1)] + [m(2)] > 1", {"m": ["1", "2"]}, True),
        ("not([a] > 3)", {}, True),
        ("!([a] > 3)", {"a": 4}, False),
        ("[a] > 3 xor [b] > 3", {"a": 4, "b": 4}, False),
        ("[a] > 3 XOR [b] > 3", {"a": 4}, True),
        ("([a] = 1 || [a] = 2) && [b] == 1", {"a": 2, "b": 1}, True),
        ("not isblankormissingcode([a])", {"a": 4}, True),
        ("/* of old */ [a] = 4 // four", {"a": 4}, True),
        ("[dt] > '2024-03-01 10:00'", {"dt": "2024-03-01T10:30+01:00"}, True),
        ("[dt] > '2024-03-01 11:00'", {"dt": "2024-03-01T10:30+01:00"}, False),
        ("[dt] > '2024-03-01'", {"dt": "2024-03-01T10:30+01:00"}, False),
        ("# the first\n[a] = 1 // one\nor [a] = 2", {"a": 2}, True),
        ("[t] = 'x # y'", {"t": "x # y"}, True),
        ("[t] > 5", {"t": "10"}, True),
        ("[t] > 5", {"t": "ten"}, False),
        ("contains([t], 'AB')", {"t": "xxabxx"}, True),
        ("not_contain([t], 'ab')", {}, True),
        ("starts_with([t], 'Ab') and ends_with([t], 'z')", {"t": "abyz"}, True),
        ("isnumber([t])", {"t": "3.5"}, True),
        ("isnumber([t])", {"t": "3x"}, False),
        ("isinteger([b])", {"b": "3.5"}, False),
        ("isinteger([b])", {"b": "3"}, True),
        ("isblankormissingcode([a])", {}, True),
        ("[d] > '2024-01-31'", {"d": "2024-02-01"}, True),
        ("[d] <> ''", {}, False),
        ("datediff([d], 'today', 'd') > 9", {"d": "2024-04-30"}, True),
        ("if([a] > 3, [b] = 1, [b] = 2)", {"b": 2}, True),
        ("“x” = [t]", {"t": "x"}, True),
        ("[d] = [e]", {}, True),  # two blanks are equal
        ("[d] = [e]", {"d": "2024-02-01"}, False),
        ("[d] <> [e]", {}, False),
        ("[d] <> [e]", {"d": "2024-02-01"}, True),
        ("[t] = [w]", {}, True),
        ("[a]&gt;3", {"a": 4}, True),
    ],
)
def test_a_field_is_shown_when_redcap_shows_it(folder, logic, answers, shown):
    imported = read_rows(folder, *FIELDS, field("q", show=logic))
    assert rules_told(imported, "form_a.q") == [("kept", "")]
    assert ("q" in asked(compiled(imported), answers)["visible"]) is shown


@pytest.mark.parametrize(
    ("calculation", "answers", "result"),
    [
        ("[a] + [b]", {"a": 1, "b": "2.5"}, "3.5"),
        ("[a] + [b]", {"a": 1}, None),  # with a blank there is no result
        ("sum([a], [b], 3)", {"a": 1}, "4"),
        ("sum([a], [b])", {}, None),  # of blanks alone there is no sum
        ("sum([a], [b], 0)", {}, "0"),
        ("sum([a])", {"a": 2}, "2"),
        ("sum([m(1)], [a])", {}, "0"),  # a box is never blank
        ("if(sum([a], [b]) >= 0, 1, 2)", {}, "2"),
        ("sum([a], [b]) + 1", {}, None),
        ("sum([m(1)], [m(2)], [m(01)])", {"m": ["1", "01"]}, "2"),
        ("mean([a], [b])", {"a": 1, "b": 2}, "1.5"),
        ("mean([a], [b])", {"a": 1}, "1"),
        ("mean([a], [b])", {}, None),
        ("sum(if([a] > 1, 1, 0), if([b] > 1, 1, 0))", {"b": 4}, "1"),
        ("median([a], [b])", {"a": 1, "b": 4}, "2.5"),
        ("median([a], [b], 7)", {"a": 1, "b": 4}, "4"),
        ("median([a], [b], 7)", {"a": 1}, "4"),
        ("median([a], [b], 7, 8)", {"a": 1, "b": 4}, "5.5"),
        ("median([a], [b], [c])", {}, None),
        ("min([a], [b])", {"a": 4}, "4"),
        ("max([a], [b], 3)", {"a": 1}, "3"),
        ("round([b], 1)", {"b": "14.35"}, "14.4"),
        ("round([b])", {"b": "-2.5"}, "-3"),  # halves away from zero
        ("roundup([b], 1)", {"b": "14.31"}, "14.4"),
        ("rounddown([b], 1)", {"b": "14.384"}, "14.3"),
        ("rounddown([b])", {"b": "14.9"}, "14"),
        ("sqrt([a])", {"a": 16}, "4"),
        ("abs([a])", {"a": -7}, "7"),
        ("([a])^2", {"a": -3}, "9"),
        ("[a]^(2) % 5", {"a": 3}, "4"),
        ("log([a], 10)", {"a": 1000}, "3"),
        ("log([a])", {"a": 1}, "0"),
        ("exponential([a])", {"a": 0}, "1"),
        ("[a] / [b]", {"a": 1, "b": 3}, "0.333333"),  # as many decimals as the item keeps
        ("[c] * 2", {"c": "2"}, "4"),
        ("[yn] + 1", {"yn": True}, "2"),
        ("if([a] = '', 0, [a])", {}, "0"),
        ("if([a] > 3, 1, '')", {"a": 2}, None),
        ("if([m(1)] = '1', 5, 7)", {}, "7"),
        ("datediff([d], [e], 'd')", {"d": "2024-03-10", "e": "2024-03-01"}, "9"),
        ("datediff([d], [e], 'd', true)", {"d": "2024-03-10", "e": "2024-03-01"}, "-9"),
        ("datediff([d], [e], 'd', 'mdy', true)", {"d": "2024-03-01", "e": "2024-03-10"}, "9"),
        ("datediff([d], [e], 'y', 'mdy')", {"d": "2000-01-01", "e": "2024-01-01"}, "24.000493"),  # 8766 / 365.2425
        ("datediff([d], [e], 'M')", {"d": "2024-01-01", "e": "2024-03-01"}, "1.971091"),  # 60 / 30.44
        ("datediff([d], [e], 'h')", {"d": "2024-03-01", "e": "2024-03-02"}, "24"),
        ("datediff([dt], [du], 'm')", {"dt": "2024-03-01T10:00+01:00", "du": "2024-03-01T10:45+01:00"}, "45"),
        ("datediff([dt], [du], 'd')", {"dt": "2024-03-01T00:00+01:00", "du": "2024-03-01T12:00+01:00"}, "0.5"),
        ("datediff('05/01/2024', [d], 'd', 'mdy')", {"d": "2024-05-10"}, "9"),
        ("datediff([d], 'today', 'd')", {"d": "2024-05-01"}, "9"),
        ("datediff([d], [e], 'd')", {"d": "2024-03-01"}, None),
        ("year([d]) * 100 + month([d])", {"d": "2024-03-01"}, "202403"),
        ("weekday([d])", {"d": "2024-05-12"}, "0"),  # Sunday
        ("length([t]) + find('B', [t])", {"t": "abc"}, "5"),
        ("Math.abs([a])", {"a": -1}, "1"),
        ("3*2", {}, "6"),
        ("if([a] = '', 'NaN', [a])", {}, None),
        ("datediff('[d]', max([d], [e]), 'd')", {"d": "2024-03-01", "e": "2024-03-04"}, "3"),
        ("hour([dt]) * 60 + minute([dt])", {"dt": "2024-03-01T10:30+01:00"}, "630"),
    ],
)
def test_a_calculation_has_redcap_s_result(folder, calculation, answers, result):
    imported = read_rows(folder, *FIELDS, field("q", "calc", choices=calculation))
    assert rules_told(imported, "form_a.q") == [("kept", "")]
    found = asked(compiled(imported), answers)["calculated"]["q"]
    assert (None if found is None else Decimal(found)) == (None if result is None else Decimal(result))


@pytest.mark.parametrize(
    ("text", "answers", "result"),
    [
        ("@CALCTEXT(if([a] > 3, 'many', 'few'))", {}, "few"),
        ("@CALCTEXT(concat(upper([t]), '-', left([t], 2), right([t], 1), mid([t], 2, 2)))", {"t": "abc"}, "ABC-abcbc"),
        ("@CALCTEXT(replace_text(trim([t]), 'b', ''))", {"t": "abc"}, "ac"),
        ("@CALCTEXT([w:label])", {"w": "yes"}, "Yes"),
    ],
)
def test_a_calculated_text_has_redcap_s_result(folder, text, answers, result):
    imported = read_rows(folder, *FIELDS, field("q", tags=text))
    assert rules_told(imported, "form_a.q") == [("kept", "")]
    assert asked(compiled(imported), answers)["calculated"]["q"] == result


@pytest.mark.parametrize(
    ("tag", "answers", "result"),
    [
        ("@CALCDATE([d], 30, 'd')", {"d": "2024-01-31"}, "2024-03-01"),
        ("@CALCDATE([d], -18, 'y')", {"d": "2024-02-29"}, "2006-02-28"),
        ("@CALCDATE([d], [a], 'M')", {"d": "2024-01-31", "a": 1}, "2024-02-29"),
    ],
)
def test_a_calculated_date_has_redcap_s_result(folder, tag, answers, result):
    imported = read_rows(folder, *FIELDS, field("q", validation="date_ymd", tags=tag))
    assert asked(compiled(imported), answers)["calculated"]["q"] == result


@pytest.mark.parametrize(
    ("logic", "reason"),
    [
        ("[gone] = 1", "There is no field gone."),
        ("[form_a_complete] = '2'", "form_a_complete tells of the form's state, which rules do not know."),
        ("[user-name] = 'x'", "The smart variable [user-name] tells who is signed in, which is no answer."),
        ("[m(7)] = '1'", "m has no choice 7."),
        ("[c(1)] = '1'", "c is no multiple choice, so that (1) means nothing."),
        ("median([a], [b], 1, 2, 3) > 1", "median() of more than four numbers has no counterpart in our language."),
        ("[event-name] = 'x'", "[event-name] needs to know which events there are."),
        ("[gauss] = gauss([a])", "There is no field gauss."),
        ("[a] =", "The rule cannot be read at its end."),
        ("[a b] = 1", "[a b] is no reference to a field."),
        ("datediff([t], [d], 'd') > 1", "datediff is asked for t, which is no date."),
        ("datediff([d], [e], 'w') > 1", "The unit w is none of y, M, d, h, m and s."),
        ("[previous-event-name][a] = 1", "[previous-event-name] needs to know which events there are."),
        ("(" * 300 + "[a]" + ")" * 300 + "=1", None),
        ("-" * 400 + "[a] = 1", "More than 140 operators stand in one another."),
    ],
)
def test_what_has_no_counterpart_is_kept_and_told(folder, logic, reason):
    imported = read_rows(folder, *FIELDS, field("q", show=logic))
    if reason is None:  # brackets alone are no depth
        assert rules_told(imported, "form_a.q") == [("kept", "")]
        return
    assert rules_told(imported, "form_a.q") == [("dropped", reason)]
    kept = items(imported.document)["q"]["annotations"]["redcap"]
    assert kept == {"Branching Logic (Show field only if...)": logic}


def test_a_reference_has_an_event_a_field_and_a_record_at_most():
    with pytest.raises(Untranslatable):
        parse_logic("[a][b][c][d] = 1")


def test_what_may_mean_something_else_is_told(folder):
    imported = read_rows(folder, *FIELDS, field("q", "calc", choices="datediff([d], [dt], 'd')"))
    ((outcome, reason),) = rules_told(imported, "form_a.q")
    assert (outcome, "whole days" in reason) == ("approximated", True)
    assert asked(compiled(imported), {"d": "2024-03-01", "dt": "2024-03-02T18:00+01:00"})["calculated"]["q"] == "1"


def test_today_beside_a_date_is_the_present_and_told(folder):
    imported = read_rows(folder, *FIELDS, field("q", show="[d] = 'today'"))
    ((outcome, reason),) = rules_told(imported, "form_a.q")
    assert (outcome, "datediff alone" in reason) == ("approximated", True)
    assert "q" in asked(compiled(imported), {"d": "2024-05-10"})["visible"]


@pytest.mark.parametrize(
    ("calculation", "answers", "text"),
    [
        ("[d]", {"d": "2024-03-05"}, "2024-03-05"),
        ("concat_ws('-', [t], [w], [a])", {"t": "x", "a": 1}, "x-1"),
        ("datediff([clock], '18:00', 'h')", {"clock": "16:30"}, "1.5"),
    ],
)
def test_texts_are_made_of_dates_and_of_what_is_there(folder, calculation, answers, text):
    rows = (field("clock", validation="time"), field("q", tags=f"@CALCTEXT({calculation})"))
    imported = read_rows(folder, *FIELDS, *rows)
    assert asked(compiled(imported), answers)["calculated"]["q"] == text


def test_a_deviation_is_that_of_a_sample(folder):
    imported = read_rows(folder, *FIELDS, field("q", "calc", choices="stdev([a], [b], 3)"))
    assert [outcome for outcome, _ in rules_told(imported, "form_a.q")] == ["approximated"]
    for answers, told in (({"a": 1, "b": 2}, "1"), ({"a": 1}, "1.414214"), ({}, None)):
        assert asked(compiled(imported), answers)["calculated"].get("q") == told


def test_a_code_that_a_field_does_not_have_is_told_of_each_field_that_asks_for_it(folder):
    imported = read_rows(folder, *FIELDS, *(field(name, show="[w] = 'gone'") for name in ("q", "r")))
    for name in ("q", "r"):
        ((outcome, reason),) = rules_told(imported, f"form_a.{name}")
        assert (outcome, "'gone'" in reason) == ("approximated", True)
    assert not {"q", "r"} & set(asked(compiled(imported), {"w": "no"})["visible"])


@pytest.mark.parametrize(
    ("calculation", "entry"),
    [
        ("sum([c], [c])", {"type": "integer"}),  # codes that are whole numbers have no decimals
        ("[c] * 2 + [a]", {"type": "integer"}),
        ("sum([c], [b])", {"type": "decimal", "decimals": 6}),
        ("[half] + 1", {"type": "decimal", "decimals": 1}),
        ("[c] / 2", {"type": "decimal", "decimals": 6}),
        ("[earlier] * 2", {"type": "integer"}),
    ],
)
def test_a_result_has_as_many_decimals_as_it_can_have(folder, calculation, entry):
    rows = (field("half", "radio", choices="0.5, Half | 1, One"), field("earlier", "calc", choices="sum([a], [c])"))
    imported = read_rows(folder, *FIELDS, *rows, field("q", "calc", choices=calculation))
    made = items(imported.document)["q"]
    assert {key: made[key] for key in ("type", "decimals") if key in made} == entry
    assert ("round(" in made["calculate"]) is ("/" in calculation)
    compiled(imported)


def test_a_rule_that_asks_how_the_record_is_called_is_told(folder):
    imported = read_rows(folder, *FIELDS, field("q", show="[record_id] = '999'"))
    ((outcome, reason),) = rules_told(imported, "form_a.q")
    assert (outcome, reason.startswith("record_id is how REDCap calls the record")) == ("approximated", True)


def test_many_alternatives_are_no_deep_rule(folder):
    logic = " or ".join(f"[a] = {number}" for number in range(400))
    imported = read_rows(folder, *FIELDS, field("q", show=logic))
    assert rules_told(imported, "form_a.q") == [("kept", "")]
    assert "q" in asked(compiled(imported), {"a": 399})["visible"]
