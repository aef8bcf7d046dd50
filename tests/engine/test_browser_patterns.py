"""A pattern of a rule matches the same texts in Python and in the browser; what cannot is refused."""

import re

import pytest

from engine.datatypes.browser_patterns import browser_pattern, fault_in_rule
from engine.expressions.terms import BOOLEAN, TEXT, Term
from tests.engine.rules_in_node import NOON, job, running_interpreter
from tests.engine.test_expression_vectors import laboratory

PATTERNS = (
    *(r"\d+", r"\D", r"\w", r"\W", r"\s", r"\S", r"\bab\b", ".", "a.", "^a$", r"a$\n", "[^a]", "[^]a]", "[]a]"),
    *(r"[\d.]", r"[\s\S]+", r"[^\w]", r"[\S]", r"[\D-]", "[-a]", "[a-]", "[{}]", "[𝒳-𝒵]y?"),
    *("{", "{}", "a{,2}", "a{1,}", "a{1,2}?", "a{2", r"a\-b", "a/b", r"\x41\u0042?", r"\.", r"\{", "(?:a|b)?", "(a)|1"),
    *("(?=a).b?", "(?!a).", ".(?<=a)b?", ".(?<!a)", "", "|a", "a|", r"[\x41-\x43]B", r"\t", r"[\t\n]", " ", "ż", "#"),
)
TEXTS = (
    *("", "a", "b", "ab", "aa", "a1", "1", "12", "٣", "-", "_", ".", "#", "&", "[", "]", "{", "}", "{}", "a{2", "a-b"),
    *("a/b", "\n", "a\n", "a\r", "a\u2028", "\t", "\x1c", "\x85", " ", "\u00a0", "\ufeff", "A", "AB", "ż", "Ż", "é"),
    *("e\u0301", "²", "Ⅷ", "𝒳", "𝒳y", "0"),
)
REFUSED = {
    r"(a)\1": "bad-pattern",
    r"a\B": "bad-pattern",
    r"[\W]": "bad-pattern",
    "(?=a)*b": "bad-pattern",
    "^*a": "bad-pattern",
    r"\b+a": "bad-pattern",
    "[a-z": "bad-pattern",
    "(a+)+": "slow-pattern",
}


def test_the_browser_matches_what_python_does():
    questions = [(pattern, text) for pattern in PATTERNS for text in TEXTS]
    record = laboratory().record("f", {"forms": {"f": {}}}, as_of=NOON)
    node = record.node(laboratory().registry.scopes.forms["f"], 0)
    assert node is not None
    terms = [
        Term("call", ("matches", Term("const", (text,), TEXT), (pattern,)), BOOLEAN) for pattern, text in questions
    ]
    jobs = [job([record], 0, node, term) for term in terms]
    with running_interpreter() as browser:
        found = browser.ask("terms", program=laboratory().program, records=[laboratory().state(record)], jobs=jobs)
    wanted = [re.fullmatch(pattern, text) is not None for pattern, text in questions]
    assert [pair for pair, here, there in zip(questions, wanted, found, strict=True) if here is not there] == []
    assert [pattern for pattern in PATTERNS if not any(re.fullmatch(pattern, text) for text in TEXTS)] == []


@pytest.mark.parametrize("pattern", PATTERNS)
def test_such_patterns_may_stand_in_rules(pattern):
    assert fault_in_rule(pattern) is None
    assert browser_pattern(pattern).isascii() or not pattern.isascii()


@pytest.mark.parametrize(("pattern", "code"), REFUSED.items())
def test_what_browsers_do_not_know_or_takes_long_is_refused(pattern, code):
    fault = fault_in_rule(pattern)
    assert fault is not None
    assert fault[0] == code
