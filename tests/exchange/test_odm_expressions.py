"""Formal expressions of ODM: what people write, and what it means here."""

import pytest

from engine.datatypes.base import Kind
from engine.expressions.nodes import Apply
from exchange.document import Field
from exchange.odm.dialects import language_of, plain_names
from exchange.odm.expressions import MAX_DEPTH, ExpressionReader, Names
from exchange.rules.meaning import Untranslatable
from exchange.rules.translate import Translator

FIELDS = {
    "I.SEX": Field(("sex",), Kind.CODE, values={"M": None, "F": None}),
    "I.SCORE": Field(("score",), Kind.CODE, values={"0": 0, "1": 1, "2": 2}),
    "Age": Field(("age",), Kind.NUMBER),
    "I.W": Field(("weight",), Kind.NUMBER),
    "I.H": Field(("height",), Kind.NUMBER),
    "I_SMOKING": Field(("smoking",), Kind.BOOLEAN),
    "I.NOTE": Field(("remark",), Kind.TEXT),
    "I.START": Field(("start",), Kind.DATE),
    "I-1": Field(("one",), Kind.NUMBER),
}
NAMES = Names(frozenset(FIELDS), frozenset({"IG.1", "F.1", "SE.1"}))


def resolve(path):
    name = path.parts[-1]
    if name not in FIELDS:
        raise Untranslatable(f"There is no item {name} in the file.")
    return FIELDS[name]


def condition(text, context=""):
    language = language_of(context)
    return Translator(language.dialect, resolve).condition(language.read(text, NAMES))


def hidden(text, context=""):
    """The condition of showing what is not collected when the text is true."""
    language = language_of(context)
    return Translator(language.dialect, resolve).condition(plain_names(Apply("not", (language.read(text, NAMES),), 0)))


@pytest.mark.parametrize(
    ("text", "ours"),
    [
        ("I.SEX == 'M'", "sex = 'M'"),
        ('I.SEX = "M"', "sex = 'M'"),
        ("I.SEX eq 'M' AND Age gte 18", "sex = 'M' and age >= 18"),
        ("(I.SEX == 'M' || I.SEX == 'F') && Age > 18", "sex in ('M', 'F') and age > 18"),
        ("I.SEX in ('M', 'F')", "sex in ('M', 'F')"),
        ("I.SEX not in ('M')", "sex = 'M' is not true"),
        ("I.SEX != 'M'", "sex = 'M' is not true"),
        ("I.SEX <> 'M'", "sex = 'M' is not true"),
        ("!(Age < 18)", "age < 18 is not true"),
        ("not Age < 18", "age < 18 is not true"),
        ("Age is null", "empty(age)"),
        ("Age IS NOT NULL", "filled(age)"),
        ("isEmpty(Age)", "empty(age)"),
        (
            "catx('.', I.NOTE, I.SEX) = 'x.M'",
            "concat(coalesce(remark, ''), if(filled(remark) and filled(sex), '.', ''), coalesce(sex, '')) = 'x.M'",
        ),
        ("Age == null", "empty(age)"),
        ("IG.1-I.SEX == 'M'", "sex = 'M'"),  # OpenEDC: group and item
        ("SE.1.F.1.IG.1.I.SEX eq 'M'", "sex = 'M'"),  # OpenClinica: event, form, group and item
        ("[I.SEX] = 'M'", "sex = 'M'"),
        ("${I.SEX} = 'M'", "sex = 'M'"),
        ("I-1 > 2", "one > 2"),
        ("Age - 1 > 2", "age - 1 > 2"),
        ("Age-1 > 2", "age - 1 > 2"),
        ("I.SCORE >= 1", "score in ('1', '2')"),
        ("I.SCORE + 1 > 2", "attr(score, 'value') + 1 > 2"),
        ("I_SMOKING == true", "smoking"),
        ("I_SMOKING == '0'", "not smoking"),
        ("I.START > '2020-01-31'", "start > make_date(2020, 1, 31)"),
        ("I.START > 2020-01-31", "start > make_date(2020, 1, 31)"),
        ("contains(I.NOTE, 'x')", "contains(coalesce(remark, ''), 'x')"),
        ("I.NOTE ct 'x'", "contains(coalesce(remark, ''), 'x')"),
        ("Math.abs(Age) > 3", "abs(age) > 3"),
        ("return Age > 3;", "age > 3"),
        ("Age > 3 ? I.SEX == 'M' : I.SEX == 'F'", "if(age > 3 is true, sex = 'M', sex = 'F')"),
        ("Age > (-5)", "age > -5"),
    ],
)
def test_plain_expressions(text, ours):
    assert condition(text) == ours


@pytest.mark.parametrize(
    ("text", "ours"),
    [
        ("../ItemData[@ItemOID='I.SEX']/@Value='M'", "sex = 'M'"),
        ("../ItemData[@ItemOID='I.SEX'][@Value='M']", "sex = 'M'"),
        ("../ItemData[@ItemOID='I.SEX']='M'", "sex = 'M'"),
        ("../ItemData[@ItemOID='I.SEX' and @Value='M']", "sex = 'M'"),
        (
            "../FormData[@FormOID='F.1']/ItemGroupData[@ItemGroupOID='IG.1']/ItemData[@ItemOID='Age'][@Value > 90]",
            "age > 90",
        ),
        ("//odm:ItemData[@ItemOID='I_SMOKING']/@Value = 'false'", "not smoking"),
        ("../ItemData[@ItemOID='Age']/Value + 1 > 3", "age + 1 > 3"),
        ("not(../ItemData[@ItemOID='Age'])", "empty(age)"),  # a path alone asks whether there is an answer
        ("../ItemData[@ItemOID='Age'] and ../ItemData[@ItemOID='I.W']", "filled(age) and filled(weight)"),
        ("../ItemData[@ItemOID='I.SEX']/@Value != 'M'", "not sex = 'M'"),  # nothing differs from nothing
        ("ItemGroupData.where(ItemGroupOID='IG.1').ItemData.where(ItemOID='I.SEX' and Value='M')", "sex = 'M'"),
        ("round(../ItemData[@ItemOID='Age']/@Value) = 2", "floor(age + 0.5) = 2"),  # a half goes up
    ],
)
def test_paths_through_data(text, ours):
    assert condition(text, "XPath 1.0") == ours


@pytest.mark.parametrize(
    ("text", "context", "ours"),
    [
        ('!(I.SEX == "F")', "OpenEDC", "sex = 'F'"),
        ("I.SEX == 'M'", "OpenEDC", "sex = 'M' is not true"),
        ("../ItemData[@ItemOID='I_SMOKING'][@Value='false']", "XPath", "smoking is not false"),
        ("Age >= 18", "", "age >= 18 is not true"),
    ],
)
def test_what_is_not_collected_is_shown_otherwise(text, context, ours):
    assert hidden(text, context) == ours


@pytest.mark.parametrize(
    ("text", "ours"),
    [
        ("Age < 5", "empty(age) or age < 5"),  # an empty text counts as 0 there
        ("Age > 5", "age > 5"),
        ("Age >= 0", "empty(age) or age >= 0"),
    ],
)
def test_scripts_of_openedc_take_nothing_for_zero(text, ours):
    assert condition(text, "OpenEDC") == ours


def test_words_of_openclinica_are_texts():
    assert condition("I.SEX eq M", "OpenClinica") == "sex = 'M'"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("GONE == 1", "There is no item GONE in the file."),
        ("Test Algorithm 1", "The expression cannot be read from here: Algorithm 1"),
        ("Age >", "The expression breaks off."),
        ("fetch(Age)", "fetch() has no counterpart in our language."),
        (
            "../ItemGroupData[@ItemGroupRepeatKey='2']/ItemData[@ItemOID='Age'] = 1",
            "The path asks for ItemGroupRepeatKey, which answers do not have in our language.",
        ),
        ("(" * (MAX_DEPTH + 1) + "Age", f"The expression is nested more than {MAX_DEPTH} deep."),
        ("!" * 5000 + "Age", f"The expression is nested more than {MAX_DEPTH} deep."),
        ("Age" + " " * 20_000, "The expression has 20003 characters; at most 20000 are read."),
    ],
)
def test_what_cannot_be_read_is_told(text, reason):
    with pytest.raises(Untranslatable) as refused:
        condition(text)
    assert refused.value.reason == reason


def test_a_long_chain_of_operators_is_no_matter_of_depth():
    tree = ExpressionReader(" + ".join(["Age"] * 2000), NAMES).read()
    assert isinstance(tree, Apply)
