"""What rules of two-valued languages mean in ours: the cases that others decide otherwise."""

import pytest

from engine.datatypes.base import Kind
from engine.expressions.parser import parse
from engine.expressions.printer import expression_text
from exchange.document import Field
from exchange.rules.meaning import Untranslatable
from exchange.rules.sharing import shared
from exchange.rules.translate import Dialect, Translator, chosen_value, negated

FIELDS = {
    "yn": Field(("yn",), Kind.BOOLEAN),
    "c": Field(("c",), Kind.CODE, values={"1": 1, "2": 2, "3": 3}),
    "word": Field(("word",), Kind.CODE, values={"yes": None, "no": None}),
    "odd": Field(("odd",), Kind.CODE, values={"a_b": None, "c": None}, spellings={"a b": "a_b"}),
    "n": Field(("n",), Kind.NUMBER),
    "p": Field(("p",), Kind.NUMBER),
    "t": Field(("t",), Kind.TEXT),
    "d": Field(("d",), Kind.DATE),
    "m": Field(("m",), Kind.CODES, values={"a": None}),
}


def resolve(path):
    if str(path) not in FIELDS:
        raise Untranslatable(f"There is no field {path}.")
    return FIELDS[str(path)]


TWO_VALUED = Dialect("two-valued", {"if": chosen_value, "not": negated})
KLEENE = Dialect("kleene", {"if": chosen_value, "not": negated}, two_valued=False)


@pytest.mark.parametrize(
    ("foreign", "ours"),
    [
        ("c = '1'", "c = '1'"),
        ("c = 1 or c = '2'", "c in ('1', '2')"),
        ("c >= 2", "c in ('2', '3')"),
        ("2 <= c", "c in ('2', '3')"),
        ("c != '1'", "c = '1' is not true"),  # an empty answer is another
        ("not (c = '1' or n > 3)", "(c = '1' or n > 3) is not true"),
        ("n = ''", "empty(n)"),
        ("n != ''", "filled(n)"),
        ("not (n = '')", "filled(n)"),
        ("n = '5'", "n = 5"),
        ("n = 'five'", "false"),
        ("t = 5", "t = '5'"),
        ("t > 5", "number_of(t) > 5"),
        ("yn = '1'", "yn"),
        ("yn = 0", "not yn"),
        ("yn != 1", "yn is not true"),
        ("not (yn = 0)", "yn is not false"),
        ("(c = '1') = 0", "c = '1' is not true"),  # a comparison is false of an empty answer
        ("c = '9' or c = '1'", "c = '1'"),  # no such code: never
        ("c = '9'", "false"),
        ("word = 'yes'", "word = 'yes'"),
        ("odd = 'a b' or odd = 'c'", "odd in ('a_b', 'c')"),  # a code that is spelled otherwise here
        ("d > '2020-01-02'", "d > make_date(2020, 1, 2)"),
        ("m = 'a'", "'a' in m and count(each in m) = 1"),
        ("t = '1' or t = '2' or n = 1", "t in ('1', '2') or n = 1"),
        ("c + n > 4", "attr(c, 'value') + n > 4"),
        ("n", "n != 0"),
        ("t", "filled(t)"),
        ("if(n > 3, c = '1', c = '2')", "if(n > 3 is true, c = '1', c = '2')"),
        ("n = p", "n = p or empty(n) and empty(p)"),  # two empty answers are equal
        ("n != p", "(n = p or empty(n) and empty(p)) is not true"),
        ("n = p and n != ''", "n = p"),
        ("n = p and n != '' and t = 'x'", "n = p and t = 'x'"),
        ("t = 'x' or n = p", "t = 'x' or n = p or empty(n) and empty(p)"),
        ("n = p + 1", "n = p + 1"),
    ],
)
def test_a_condition_means_the_same(foreign, ours):
    assert Translator(TWO_VALUED, resolve).condition(parse(foreign)) == ours


@pytest.mark.parametrize(
    ("foreign", "kind", "ours"),
    [
        ("if(n > 3, 'a', 'b')", Kind.TEXT, "if(n > 3 is true, 'a', 'b')"),
        ("if(n > 3, 1, '')", Kind.NUMBER, "if(n > 3 is true, 1, null)"),
        ("if(n = '', 0, n)", Kind.NUMBER, "if(empty(n), 0, n)"),
        ("yn + 1", None, "number(yn) + 1"),
        ("n", Kind.TEXT, "text_of(n)"),
    ],
)
def test_a_value_is_of_the_kind_that_is_wanted(foreign, kind, ours):
    assert Translator(TWO_VALUED, resolve).value(parse(foreign), kind) == ours


@pytest.mark.parametrize(
    ("foreign", "ours"),
    [
        ("n > 5", "n > 5"),  # while n is empty, nothing is judged
        ("n = p", "empty(n) or n = p is true"),
        ("n > c", "empty(n) or n > attr(c, 'value') is true"),  # while c is empty, others refuse n
    ],
)
def test_an_assertion_is_judged_once_its_item_is_there(foreign, ours):
    assert Translator(TWO_VALUED, resolve).assertion(parse(foreign), "n") == ours


@pytest.mark.parametrize(
    ("foreign", "reason"),
    [
        ("gone = 1", "There is no field gone."),
        ("word + 1", "word (code) is calculated with, and not all its codes are numbers."),
        ("uuid()", "uuid() has no counterpart in our language."),
        ("if(n, 1)", "if() is called with 2 arguments, which it does not take."),
        ("d = 'soon'", "'soon' is no whole date or time."),
    ],
)
def test_what_has_no_counterpart_is_told(foreign, reason):
    with pytest.raises(Untranslatable) as refused:
        Translator(TWO_VALUED, resolve).condition(parse(foreign))
    assert refused.value.reason == reason


def test_three_valued_logic_stays_as_it_is():
    translator = Translator(KLEENE, resolve)
    assert translator.condition(parse("not (n > 3)")) == "not n > 3"
    assert translator.condition(parse("c != '1'")) == "not c = '1'"
    assert translator.condition(parse("n = p")) == "n = p"


def test_lists_whose_codes_are_calculated_with_are_known():
    translator = Translator(TWO_VALUED, resolve)
    translator.value(parse("c * 2"))
    assert list(translator.valued) == [("", "c")]


@pytest.mark.parametrize("rule", ["c = '9' or c = '1'", "c != '9'", "c = 9"])
def test_a_code_that_the_list_does_not_have_is_told(rule):
    translator = Translator(TWO_VALUED, resolve)
    translator.condition(parse(rule))
    assert translator.reservations == ["There is no code '9' in the list of c, so that it is never chosen."]


@pytest.mark.parametrize(
    ("written", "shorter"),
    [
        (
            "if(count_true(a = '1', b = '1', c = '1') > 2, 'x', if(count_true(a = '1', b = '1', c = '1') > 1, 'y', 'z'))",
            "let counted = count_true(a = '1', b = '1', c = '1'): if(counted > 2, 'x', if(counted > 1, 'y', 'z'))",
        ),
        ("if(x + y > 2, x + y, 0)", None),  # short parts need no name
        ("count(g where a + b + c + d + e > 1) > count(h where a + b + c + d + e > 1)", None),  # each in its own rows
        (
            "if(counted + a + b + c + d > 1, counted + a + b + c + d, 0) + total",
            "let total_2 = counted + a + b + c + d: if(total_2 > 1, total_2, 0) + total",
        ),
    ],
)
def test_what_stands_twice_in_a_rule_is_named(written, shorter):
    assert expression_text(shared(parse(written))) == (shorter or written)
