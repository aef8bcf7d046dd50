"""Conditions and their opposites in words: one row for each operator that is one.

A negation is carried inwards, as Kleene's logic allows: `not (a < b)` is said as `a >= b`, and `not a or b` as 'if a, then b'.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from engine.datatypes.base import Kind
from engine.expressions.terms import Term
from engine.words.gathering import kind_of, say_aggregate
from engine.words.nouns import read_of_several, with_local
from engine.words.phrase import CLAUSE, COMPOUND, Phrase, fill
from engine.words.places import Here, Place, follow

if TYPE_CHECKING:  # the speaker imports this module's table
    from engine.words.speaking import Speaker


_OPPOSITE = {"=": "!=", "!=": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}


def _logic(speaker: Speaker, term: Term, here: Here, truth: bool) -> Phrase:
    parts = _same_operands(term)
    joiner = term.op if truth else {"and": "or", "or": "and"}[term.op]
    if joiner == "or" and truth:
        given = 0
        while given < len(parts) - 1 and _negative(parts[given]):
            given += 1
        if given:
            conditions = [speaker.clause(_known(part), here, truth=False) for part in parts[:given]]
            rest = [speaker.clause(part, here) for part in parts[given:]]
            return speaker.fill("implies", speaker.join("and", conditions), speaker.join("or", rest), level=COMPOUND)
    return speaker.join(joiner, [speaker.clause(part, here, truth=truth) for part in parts])


def _same_operands(term: Term) -> list[Term]:
    """The operands of `a and (b and c)`: a, b and c."""
    return [leaf for part in term.args for leaf in (_same_operands(part) if part.op == term.op else [part])]


def _negative(term: Term) -> bool:
    return term.op == "not" or (term.op == "cmp" and term.args[0] == "!=")


def _known(term: Term) -> Term:
    """`not (x is true)`, which an implication starts with, is said as if it were `not x`."""
    inner = term.args[0]
    return (
        Term("not", (inner.args[0],), term.type)
        if term.op == "not" and inner.op == "is" and inner.args[1] == "true"
        else term
    )


def _not(speaker: Speaker, term: Term, here: Here, truth: bool) -> Phrase:
    return speaker.clause(term.args[0], here, truth=not truth)


def _is(speaker: Speaker, term: Term, here: Here, truth: bool) -> Phrase:
    wanted = term.args[1]
    if wanted == "false" and truth:  # known not to be so: known to be the opposite
        return speaker.fill("is.true", speaker.clause(term.args[0], here, truth=False), level=COMPOUND)
    return speaker.either(f"is.{wanted}", truth, speaker.clause(term.args[0], here), level=COMPOUND)


def _filled(speaker: Speaker, term: Term, here: Here, truth: bool) -> Phrase:
    part = term.args[0]
    key = "filled" if part.op in ("read", "deref", "var") else "filled.value"
    return speaker.either(key, truth, speaker.noun(part, here))


def _exists(speaker: Speaker, term: Term, here: Here, truth: bool) -> Phrase:
    frame, up, steps = term.args
    place = follow(here.start(frame, up), steps)
    kind, title = speaker.words.kinds[kind_of(place.scope.kind)], speaker.titles.scope(place)
    return speaker.either("exists", truth, *(fill(kind[form], {"0": title}) for form in ("one", "none")))


def _exists_ref(speaker: Speaker, term: Term, here: Here, truth: bool) -> Phrase:
    return speaker.either("exists_ref", truth, speaker.noun(term.args[0], here))


def _is_a(speaker: Speaker, term: Term, here: Here, truth: bool) -> Phrase:
    reference, form, name = term.args
    targets = (speaker.registry.scopes.targets[target] for target in reference.type.targets)
    target = next(scope for scope in targets if (scope.form_id, scope.id) == (form, name))
    place = Place(target, None, all_events=False)
    return speaker.either("is_a", truth, speaker.noun(reference, here), speaker.titles.scope(place))


def _compare(speaker: Speaker, term: Term, here: Here, truth: bool) -> Phrase:
    op, domain, left, right = term.args
    if domain == "bool" and right.op == "const" and right.args[0] is not None:
        return speaker.clause(left, here, truth=truth == (right.args[0] == (op == "=")))
    if domain == "bool":
        sides = (speaker.clause(left, here), speaker.clause(right, here, truth=truth == (op == "=")))
        return speaker.fill("cmp.bool.=", *sides, level=COMPOUND)
    op = op if truth else _OPPOSITE[op]
    subject, other = speaker.noun(left, here, right.type), _compared(speaker, left, right, here)
    key = f"cmp.{domain}.{op}"
    constant = f"{key}.const" if right.op == "const" else key
    return fill(speaker.words.phrase(constant, key), {"0": subject, "1": other}, CLAUSE)


def _compared(speaker: Speaker, left: Term, right: Term, here: Here) -> Phrase:
    """The right side; a reason why something is missing is called as the item's list calls it."""
    reading = next((part for part in left.walk() if part.op == "reason"), None)
    if reading is not None and right.op == "const" and isinstance(right.args[0], str):
        return _reason_name(speaker, reading, here, right.args[0])
    return speaker.noun(right, here, left.type)


def _reason_name(speaker: Speaker, reading: Term, here: Here, code: str) -> Phrase:
    frame, up, steps, item = reading.args
    rules = speaker.registry.items.get(f"{follow(here.start(frame, up), steps).scope.form_id}.{item}")
    label = speaker.titles.text(rules.item.missing.reasons.get(code, {})) if rules is not None else ""
    return speaker.titles.name(label or code, "reason", "")


def _in(speaker: Speaker, term: Term, here: Here, truth: bool) -> Phrase:
    left, values = term.args
    if left.op == "call" and left.args[0] == "coalesce" and left.args[1].op == "reason":
        names = [_reason_name(speaker, left.args[1], here, value) for value in values]
    else:
        names = [speaker.titles.value(value, left.type.codelist) for value in values]
    if len(names) == 1:
        key = "cmp.text.=.const" if truth else "cmp.text.!=.const"
        return speaker.fill(key, speaker.noun(left, here), names[0], level=CLAUSE)
    return speaker.either("in", truth, speaker.noun(left, here), speaker.series(names), level=COMPOUND)


def _in_set(speaker: Speaker, term: Term, here: Here, truth: bool) -> Phrase:
    left, group = term.args
    return speaker.either("in_set", truth, speaker.noun(left, here, group.type), speaker.noun(group, here))


def _test(speaker: Speaker, term: Term, here: Here, truth: bool) -> Phrase:
    """A function that is a condition."""
    name, first, *rest = term.args
    if rest and isinstance(rest[0], Term):
        return speaker.either(f"call.{name}", truth, speaker.noun(first, here), speaker.noun(rest[0], here))
    codelist = first.type.codelist if first.type.kind is Kind.CODES else None  # parts of texts are no codes
    codes = [speaker.titles.value(value, codelist) for value in (rest[0] if rest else ())]
    level = COMPOUND if len(codes) > 1 else CLAUSE
    return speaker.either(f"call.{name}", truth, speaker.noun(first, here), speaker.series(codes), level=level)


def _const_clause(speaker: Speaker, term: Term, _here: Here, truth: bool) -> Phrase:
    if term.args[0] is None:
        return speaker.fill("const.null")
    return speaker.fill("const.always" if term.args[0] is truth else "const.never")


def _if_clause(speaker: Speaker, term: Term, here: Here, truth: bool) -> Phrase:
    read = read_of_several(term)
    if read is not None:
        return speaker.clause(read, here, truth=truth)
    test, then, otherwise = term.args
    parts = (
        speaker.clause(test, here),
        speaker.clause(then, here, truth=truth),
        speaker.clause(otherwise, here, truth=truth),
    )
    return speaker.fill("if", *parts, level=COMPOUND)


def _let_clause(speaker: Speaker, term: Term, here: Here, truth: bool) -> Phrase:
    return with_local(speaker, term, here, lambda inner: speaker.clause(term.args[2], inner, truth=truth))


def _event_is(speaker: Speaker, term: Term, _here: Here, truth: bool) -> Phrase:
    return speaker.either("event_is", truth, speaker.titles.event(term.args[1]))


def _in_window(speaker: Speaker, term: Term, here: Here, truth: bool) -> Phrase:
    return speaker.either("in_window", truth, speaker.noun(term.args[1], here))


CLAUSES: Mapping[str, Callable[[Speaker, Term, Here, bool], Phrase]] = {
    "const": _const_clause,
    "let": _let_clause,
    "and": _logic,
    "or": _logic,
    "not": _not,
    "is": _is,
    "if": _if_clause,
    "filled": _filled,
    "exists": _exists,
    "exists_ref": _exists_ref,
    "is_a": _is_a,
    "cmp": _compare,
    "in": _in,
    "in_set": _in_set,
    "call": _test,
    "event_is": _event_is,
    "in_window": _in_window,
    "aggregate": say_aggregate,
}
