"""What our rules are in two-valued logic, where an empty answer is a text like others; and that they come back as they were."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from engine.compiler import compile_model
from engine.datatypes.base import Kind
from engine.definitions import read_definition_text
from engine.expressions.nodes import Apply, Call, Listing, Literal, Path
from engine.expressions.parser import parse
from engine.expressions.printer import expression_text
from exchange.document import Field
from exchange.rules.meaning import Inexpressible, Meaning, call
from exchange.rules.names import Catalogue, Names
from exchange.rules.outward import Outward
from exchange.rules.translate import Dialect, Translator, chosen_value, negated

DEFINITION = """
registry: r
version: 1.0.0
languages: [en]
title: {en: R}
codelists:
  c: {attributes: {score: number}, codes: {"1": {en: One, score: 1}, "2": {en: Two, score: 2}}}
  m: {attributes: {points: number}, codes: {a: {en: A, points: 5}, b: {en: B, points: 7}}}
define:
  grave(x): x = '2' or n > 3
forms:
  f:
    title: {en: F}
    sections:
      - id: s
        items:
          - {id: yn, type: boolean, label: {en: Yn}}
          - {id: c, type: code, codelist: c, label: {en: C}}
          - {id: l, type: code, codelist: m, label: {en: L}}
          - {id: n, type: integer, label: {en: N}}
          - {id: k, type: integer, label: {en: K}}
          - {id: t, type: text, label: {en: T}}
          - {id: m, type: codes, codelist: m, label: {en: M}}
          - group: rows
            items:
              - {id: r, type: integer, label: {en: R}}
"""


@pytest.fixture(scope="module")
def outward():
    model = read_definition_text(DEFINITION.encode(), "r.yaml").model
    compile_model(model)
    return Outward(Names(Catalogue(model), lambda spot: Path((spot.item.id,), 0), model.forms["f"]))


@pytest.mark.parametrize(
    ("ours", "foreign"),
    [
        ("c = '1'", "c = '1'"),
        ("c != '1'", "c != '1' and filled(c)"),
        ("c = '1' is not true", "c != '1'"),
        ("not c = '1'", "c != '1' and filled(c)"),
        ("c in ('1', '2')", "c in ('1', '2')"),
        ("c not in ('1', '2')", "c != '1' and c != '2' and filled(c)"),
        ("n > 3", "n > 3"),
        ("not n > 3", "n <= 3"),
        ("not (n > 3 and yn)", "n <= 3 or no(yn)"),
        ("n = k", "n = k and filled(n)"),
        ("n != k", "n != k and filled(n) and filled(k)"),
        ("yn", "yes(yn)"),
        ("not yn", "no(yn)"),
        ("yn is not true", "not yes(yn)"),
        ("yn = false", "no(yn)"),
        ("filled(n)", "filled(n)"),
        ("not filled(n)", "empty(n)"),
        ("n > 3 is unknown", "not n > 3 and not n <= 3"),
        ("'a' in m", "chosen(m, 'a')"),
        ("'a' not in m", "not chosen(m, 'a')"),
        ("has_any(m, ('a', 'b'))", "chosen(m, 'a') or chosen(m, 'b')"),
        ("grave(c)", "c = '2' or n > 3"),
        ("let x = n + k: x > 3 and x < 9", "n + k > 3 and n + k < 9"),
        ("if(yn, n > 1, n > 2)", "(yes(yn) and n > 1) or (no(yn) and n > 2)"),
        ("starts_with(t, 'x')", "starts_with(t, 'x')"),
        ("not starts_with(t, 'x')", "not starts_with(t, 'x') and filled(t)"),
    ],
)
def test_a_condition_is_true_of_the_same_answers(outward, ours, foreign):
    assert expression_text(outward.condition(ours)) == expression_text(parse(foreign))


@pytest.mark.parametrize(
    ("ours", "foreign"),
    [
        ("n + 1", "n + 1"),
        ("if(yn, 1, 2)", "if(yes(yn), 1, if(no(yn), 2, ''))"),
        ("if(n > 3 is true, 1, 2)", "if(n > 3, 1, 2)"),
        ("if(n > 3, 1, null)", "if(n > 3, 1, '')"),
        ("coalesce(t, '')", "t"),
        ("coalesce(n, 0) + 1", "if(filled(n), n, 0) + 1"),
        ("attr(c, 'score')", "c"),
        ("attr(l, 'points')", "if(l = 'a', 5, if(l = 'b', 7, ''))"),
    ],
)
def test_a_value_is_the_same(outward, ours, foreign):
    assert expression_text(outward.value(ours)) == expression_text(parse(foreign))


@pytest.mark.parametrize(
    ("ours", "reason"),
    [
        ("nobody = 1", "nobody names no single item of a form."),
        ("any(rows where r > 1)", "any() over rows with a condition or an order has no counterpart there."),
    ],
)
def test_what_cannot_be_said_is_told(outward, ours, reason):
    with pytest.raises(Inexpressible) as refused:
        outward.condition(ours)
    assert refused.value.reason == reason


FIELDS = {
    "yn": Field(("yn",), Kind.BOOLEAN),
    "c": Field(("c",), Kind.CODE, values={"1": 1, "2": 2}),
    "l": Field(("l",), Kind.CODE, values={"a": None, "b": None}),
    "n": Field(("n",), Kind.NUMBER),
    "k": Field(("k",), Kind.NUMBER),
    "t": Field(("t",), Kind.TEXT),
    "m": Field(("m",), Kind.CODES, values={"a": None, "b": None}),
}


def one_of(translator, args):
    item, codes = args
    return translator.meaning(Apply("or", tuple(Apply("=", (item, code), 0) for code in codes.items), 0))


BACK = Dialect(
    "back",
    {
        "if": chosen_value,
        "not": negated,
        "filled": lambda translator, args: call("filled", Kind.BOOLEAN, translator.meaning(args[0]), sure=True),
        "empty": lambda translator, args: call("empty", Kind.BOOLEAN, translator.meaning(args[0]), sure=True),
        "yes": lambda translator, args: translator.meaning(Apply("=", (args[0], Literal("1", 0)), 0)),
        "no": lambda translator, args: translator.meaning(Apply("=", (args[0], Literal("0", 0)), 0)),
        "chosen": lambda _, args: Meaning(Apply("in", (args[1], args[0]), 0), Kind.BOOLEAN),
        "in": one_of,
    },
)


@pytest.mark.parametrize(
    "rule",
    [
        "c = '1'", "c = '1' is not true", "c in ('1', '2')", "n > 3 and yn", "yn is not true", "filled(n)", "empty(t)",
        "has_any(m, ('a', 'b'))", "'a' in m and 'b' not in m", "(n > 3 or yn) is not true", "not yn", "l = 'a' or n <= 2",
    ],
)  # fmt: skip
def test_a_rule_that_came_from_there_comes_back_as_it_was(outward, rule):
    back = Translator(BACK, lambda path: FIELDS[str(path)])
    assert back.condition(outward.condition(rule)) == rule


# A small two-valued world, in which every rule must say what ours says: with each answer there, and with it empty.
ANSWERS = {"yn": (None, True, False), "c": (None, "1", "2"), "n": (None, 2, 5), "m": ((), ("a",), ("a", "b"))}
ATOMS = [
    "yn",
    "c = '1'",
    "c != '1'",
    "n > 3",
    "n != 2",
    "c in ('1', '2')",
    "'b' in m",
    "filled(n)",
    "n > 3 is true",
    "c = '1' is unknown",
]


OPERATORS: dict[str, Callable[..., Any]] = {
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    ">": lambda a, b: a is not None and a > b,
    "<=": lambda a, b: a is not None and a <= b,
    "in": lambda a, b: a in b,
    "and": lambda *parts: all(parts),
    "or": lambda *parts: any(parts),
    "not": lambda part: not part,
    "filled": lambda part: part is not None,
    "empty": lambda part: part is None,
    "yes": lambda part: part is True,
    "no": lambda part: part is False,
    "chosen": lambda part, code: code in part,
}


def foreign_truth(node, answers):
    match node:
        case Literal(value):
            return value
        case Path((name,)):
            return answers[name]
        case Listing(items):
            return [foreign_truth(item, answers) for item in items]
        case Apply(name, parts) | Call(name, parts):
            return OPERATORS[name](*(foreign_truth(part, answers) for part in parts))
    raise AssertionError(node)


def kleene(text, answers):
    """Ours, by its definition: None is unknown."""
    yn, c, n, m = (answers[name] for name in ("yn", "c", "n", "m"))
    values = {
        "yn": yn,
        "c = '1'": None if c is None else c == "1",
        "c != '1'": None if c is None else c != "1",
        "n > 3": None if n is None else n > 3,
        "n != 2": None if n is None else n != 2,
        "c in ('1', '2')": None if c is None else True,
        "'b' in m": "b" in m,
        "filled(n)": n is not None,
        "n > 3 is true": n is not None and n > 3,
        "c = '1' is unknown": c is None,
    }
    return values[text]


SHAPES = {
    "{}": lambda a, _: a,
    "not ({})": lambda a, _: None if a is None else not a,
    "({}) and ({})": lambda a, b: False if a is False or b is False else None if None in (a, b) else True,
    "not (({}) or ({}))": lambda a, b: False if True in (a, b) else None if None in (a, b) else True,
}


@pytest.mark.parametrize("shape", SHAPES)
def test_two_valued_logic_says_what_ours_says(outward, shape):
    for first, second in itertools.product(ATOMS, ATOMS if shape.count("{}") > 1 else ATOMS[:1]):
        text = shape.format(first, second)
        tree, opposite = outward.condition(text), outward.opposite(text)
        asserted = outward.assertion(text)
        for values in itertools.product(*ANSWERS.values()):
            answers = dict(zip(ANSWERS, values, strict=True))
            wanted = SHAPES[shape](kleene(first, answers), kleene(second, answers))
            assert foreign_truth(tree, answers) is (wanted is True), (text, answers)
            assert foreign_truth(opposite, answers) is (wanted is not True), (text, answers)
            assert foreign_truth(asserted, answers) is (wanted is not False), (text, answers)
