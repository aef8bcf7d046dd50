"""Terms in words: values as nouns, conditions as clauses. One row for each operator that is more than its template.

A negation is carried inwards, as Kleene's logic allows: `not (a < b)` is said as `a >= b`, and `not a or b` as 'if a, then b'.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any

from engine.compiler import CompiledRegistry
from engine.datatypes.base import Kind
from engine.datatypes.words import date_text
from engine.expressions.terms import Term, Type
from engine.words.gathering import TRUTHS, aggregate_noun, kind_of, neighbour, say_aggregate
from engine.words.phrase import ATOM, CLAUSE, COMPOUND, PRODUCT, Phrase, fill, joined, plain
from engine.words.places import Here, Titles, follow, tailed
from engine.words.vocabulary import vocabulary

_OPPOSITE = {"=": "!=", "!=": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
_LEVELS = {"add": CLAUSE, "sub": CLAUSE, **dict.fromkeys(("mul", "div", "pow", "neg"), PRODUCT)}
_SIMPLE = frozenset({"read", "const", "param", "var"})  # a local value that is one of these is said in its place


class Speaker:
    """Says the terms of a registry in one language."""

    def __init__(self, registry: CompiledRegistry, language: str) -> None:
        self.registry = registry
        self.words = vocabulary(language)
        self.titles = Titles(registry, self.words)

    def noun(self, term: Term, here: Here, like: Type | None = None) -> Phrase:
        """A value. `like` is the type of what it is compared with: it says to which list a code belongs."""
        if term.type.kind is Kind.BOOLEAN and term.op in CLAUSES and term.op != "const" and self._is_test(term):
            return self.clause(term, here)
        say = NOUNS.get(term.op)
        return say(self, term, here, like) if say is not None else self._plainly(term, here)

    def clause(self, term: Term, here: Here, *, truth: bool = True) -> Phrase:
        """A condition, or its opposite."""
        say = CLAUSES.get(term.op)
        if say is not None and self._is_test(term):
            return say(self, term, here, truth)
        return self.fill("yes" if truth else "not.yes", self.noun(term, here), level=CLAUSE)

    def fill(self, key: str, *parts: Phrase, level: int = ATOM, **named: Phrase) -> Phrase:
        """The phrase of that key."""
        return fill(self.words.phrases[key], {**{str(n): part for n, part in enumerate(parts)}, **named}, level)

    def series(self, parts: list[Phrase]) -> Phrase:
        """Several one after the other."""
        return joined(self.words.phrases["list"], parts)

    def either(self, key: str, truth: bool, *parts: Phrase, level: int = CLAUSE, **named: Phrase) -> Phrase:
        """The phrase of a condition or of its opposite."""
        if truth or f"not.{key}" in self.words.phrases:
            return self.fill(key if truth else f"not.{key}", *parts, level=level, **named)
        return self.fill("not", self.fill(key, *parts, level=CLAUSE, **named), level=COMPOUND)

    def join(self, joiner: str, parts: list[Phrase]) -> Phrase:
        """Conditions that hold together, or of which one does."""
        if len(parts) == 1:
            return parts[0]
        whole = joined(
            self.words.phrases[joiner], [parts[0] if parts[0].level < COMPOUND else _bracketed(parts[0]), *parts[1:]]
        )
        return Phrase(whole.pieces, COMPOUND, joiner, tuple(parts))

    def cases(self, cases: list[Phrase]) -> Phrase:
        """The rows of a decision table, from the top."""
        return Phrase(joined("{0!}; {1!}", cases).pieces, COMPOUND, "cases", tuple(cases))

    def _is_test(self, term: Term) -> bool:
        """Whether a function or aggregate is a condition in itself, not a value that happens to be yes or no."""
        if term.op == "aggregate":
            return term.args[0] in TRUTHS
        return term.op != "call" or f"not.call.{term.args[0]}" in self.words.phrases

    def _plainly(self, term: Term, here: Here) -> Phrase:
        parts = [self.noun(part, here) for part in term.args if isinstance(part, Term)]
        return self.fill(term.op, *parts, level=_LEVELS.get(term.op, ATOM))


def _bracketed(phrase: Phrase) -> Phrase:
    return Phrase(("(", *phrase.pieces, ")"))


# nouns --------------------------------------------------------------------------------------------------------------


def _const(speaker: Speaker, term: Term, _here: Here, like: Type | None) -> Phrase:
    codelist = term.type.codelist or (like.codelist if like is not None else None)
    return speaker.titles.value(term.args[0], codelist)


def _var(speaker: Speaker, term: Term, here: Here, _like: Type | None) -> Phrase:
    slot = term.args[0]
    return speaker.fill("var.code") if slot == "code" else here.bound[slot]


def _let(speaker: Speaker, term: Term, here: Here, like: Type | None) -> Phrase:
    return _with_local(speaker, term, here, lambda inner: speaker.noun(term.args[2], inner, like))


def _with_local(speaker: Speaker, term: Term, here: Here, body: Callable[[Here], Phrase]) -> Phrase:
    slot, value = term.args[:2]
    if value.op in _SIMPLE or not _uses(term.args[2], slot):
        return body(here.with_value(slot, speaker.noun(value, here)))
    inner, letter = here.with_letter(slot)
    return speaker.fill("let", letter, speaker.noun(value, here), body(inner), level=COMPOUND)


def _uses(term: Term, slot: str) -> bool:
    return any(part.op == "var" and part.args[0] == slot for part in term.walk())


def _read(speaker: Speaker, term: Term, here: Here, _like: Type | None) -> Phrase:
    frame, up, steps, item = term.args
    start = here.start(frame, up)
    place = follow(start, steps)
    name = speaker.titles.field(place.scope, item)
    if frame and any(scope in here.frames[:frame] for scope in place.scope.ancestors()):
        return speaker.fill("read.this", name)
    return tailed(name, speaker.titles.where(here, place))


def _deref(speaker: Speaker, term: Term, here: Here, _like: Type | None) -> Phrase:
    reference, up, steps, item = term.args
    scope = _target(speaker, reference, here)
    for _ in range(up):
        assert scope.parent is not None
        scope = scope.parent
    return speaker.fill("deref", speaker.titles.field(follow(scope, steps).scope, item), speaker.noun(reference, here))


def _target(speaker: Speaker, reference: Term, here: Here) -> Any:
    """The scope that a reference points to."""
    frame_or_reference, up, steps, item = reference.args
    if reference.op == "deref":
        scope = _target(speaker, frame_or_reference, here)
        for _ in range(up):
            scope = scope.parent
    else:
        scope = here.start(frame_or_reference, up)
    return speaker.registry.scopes.targets[follow(scope, steps).scope.fields[item].target or ""]


def _reason(speaker: Speaker, term: Term, here: Here, _like: Type | None) -> Phrase:
    return speaker.fill("reason", _read(speaker, term, here, None))


def _if(speaker: Speaker, term: Term, here: Here, like: Type | None) -> Phrase:
    test, then, otherwise = term.args
    if otherwise.op == "if":
        return speaker.cases(list(_chain(speaker, term, here, like)))
    parts = (speaker.clause(test, here), speaker.noun(then, here, like), speaker.noun(otherwise, here, like))
    return speaker.fill("if", *parts, level=COMPOUND)


def _chain(speaker: Speaker, term: Term, here: Here, like: Type | None) -> Iterator[Phrase]:
    """`if(a, x, if(b, y, z))` is read like a decision table."""
    while term.op == "if":
        test, then, otherwise = term.args
        yield speaker.fill("case", speaker.clause(test, here), speaker.noun(then, here, like))
        term = otherwise
    yield speaker.fill("case.else", speaker.noun(term, here, like))


def _call(speaker: Speaker, term: Term, here: Here, like: Type | None) -> Phrase:
    name, args = term.args[0], term.args[1:]
    if (name == "coalesce" and args[0].op == "reason") or (name == "date" and args[0].type.kind is Kind.DATE):
        return speaker.noun(args[0], here)
    if name == "make_date" and all(arg.op == "const" for arg in args):
        year, month, day = (int(arg.args[0]) for arg in args)
        return plain(date_text(date(year, month, day), speaker.words.language))
    say = speaker.clause if name in ("count_true", "number") else None
    parts = [
        say(arg, here) if say is not None else speaker.noun(arg, here, like) for arg in args if isinstance(arg, Term)
    ]
    key = f"call.{name}.{len(parts)}" if f"call.{name}.{len(parts)}" in speaker.words.phrases else f"call.{name}"
    level = PRODUCT if not speaker.words.phrases[key].endswith(")") else ATOM
    return speaker.fill(key, *parts, level=level, all=speaker.series(parts))


def _attribute(speaker: Speaker, term: Term, here: Here, _like: Type | None) -> Phrase:
    return speaker.fill("attr", speaker.noun(term.args[0], here), plain(term.args[2]), level=PRODUCT)


def _of_code(speaker: Speaker, term: Term, here: Here, _like: Type | None) -> Phrase:
    return speaker.fill(term.op, speaker.noun(term.args[0], here), level=PRODUCT)


def _param(speaker: Speaker, term: Term, _here: Here, _like: Type | None) -> Phrase:
    return speaker.fill("param", speaker.titles.parameter(term.args[0]))


# clauses ------------------------------------------------------------------------------------------------------------


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
    codes = [speaker.titles.value(value, first.type.codelist) for value in (rest[0] if rest else ())]
    level = COMPOUND if len(codes) > 1 else CLAUSE
    return speaker.either(f"call.{name}", truth, speaker.noun(first, here), speaker.series(codes), level=level)


def _const_clause(speaker: Speaker, term: Term, _here: Here, truth: bool) -> Phrase:
    if term.args[0] is None:
        return speaker.fill("const.null")
    return speaker.fill("const.always" if term.args[0] is truth else "const.never")


def _if_clause(speaker: Speaker, term: Term, here: Here, truth: bool) -> Phrase:
    test, then, otherwise = term.args
    parts = (
        speaker.clause(test, here),
        speaker.clause(then, here, truth=truth),
        speaker.clause(otherwise, here, truth=truth),
    )
    return speaker.fill("if", *parts, level=COMPOUND)


def _let_clause(speaker: Speaker, term: Term, here: Here, truth: bool) -> Phrase:
    return _with_local(speaker, term, here, lambda inner: speaker.clause(term.args[2], inner, truth=truth))


def _event_is(speaker: Speaker, term: Term, _here: Here, truth: bool) -> Phrase:
    return speaker.either("event_is", truth, speaker.titles.event(term.args[1]))


def _in_window(speaker: Speaker, term: Term, here: Here, truth: bool) -> Phrase:
    return speaker.either("in_window", truth, speaker.noun(term.args[1], here))


NOUNS: Mapping[str, Callable[[Speaker, Term, Here, Type | None], Phrase]] = {
    "const": _const,
    "var": _var,
    "let": _let,
    "read": _read,
    "deref": _deref,
    "reason": _reason,
    "if": _if,
    "call": _call,
    "attr": _attribute,
    "position": _of_code,
    "label": _of_code,
    "param": _param,
    "aggregate": aggregate_noun,
    "neighbour": neighbour,
}
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
    "cmp": _compare,
    "in": _in,
    "in_set": _in_set,
    "call": _test,
    "event_is": _event_is,
    "in_window": _in_window,
    "aggregate": say_aggregate,
}
