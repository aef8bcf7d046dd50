"""Values in words: one row for each operator that is more than its template."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, time
from typing import TYPE_CHECKING

from engine.datatypes.base import Kind
from engine.datatypes.words import date_text, time_text
from engine.expressions.terms import Term, Type
from engine.words.gathering import aggregate_noun, neighbour
from engine.words.phrase import ATOM, COMPOUND, PRODUCT, Phrase, plain
from engine.words.places import Here, follow, tailed

if TYPE_CHECKING:  # the speaker imports this module's table
    from engine.words.speaking import Speaker


_SIMPLE = frozenset({"read", "const", "param", "var"})  # a local value that is one of these is said in its place


def _const(speaker: Speaker, term: Term, _here: Here, like: Type | None) -> Phrase:
    codelist = term.type.codelist or (like.codelist if like is not None else None)
    return speaker.titles.value(term.args[0], codelist)


def _var(speaker: Speaker, term: Term, here: Here, _like: Type | None) -> Phrase:
    slot = term.args[0]
    return speaker.fill("var.code") if slot == "code" else here.bound[slot]


def _let(speaker: Speaker, term: Term, here: Here, like: Type | None) -> Phrase:
    return with_local(speaker, term, here, lambda inner: speaker.noun(term.args[2], inner, like))


def with_local(speaker: Speaker, term: Term, here: Here, body: Callable[[Here], Phrase]) -> Phrase:
    """What is said with a local value: in its place where it is simple, else under a letter."""
    slot, value = term.args[:2]
    if value.op in _SIMPLE or not _uses(term.args[2], slot):
        return body(here.with_value(slot, speaker.noun(value, here)))
    inner, letter = here.with_letter(slot)
    said, inside = speaker.noun(value, here), body(inner)
    whole = speaker.fill("let", letter, said, inside, level=COMPOUND)
    if inside.joined != "cases":
        return whole
    return Phrase(whole.pieces, COMPOUND, "cases", (*inside.parts, speaker.fill("let.where", letter, said)))


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
    scope = speaker.registry.scopes.targets[reference.type.scope or ""]
    for _ in range(up):
        assert scope.parent is not None
        scope = scope.parent
    return speaker.fill("deref", speaker.titles.field(follow(scope, steps).scope, item), speaker.noun(reference, here))


def read_of_several(term: Term) -> Term | None:
    """What is read through a reference to one of several is the same question of each: said once, of the first."""
    first = term.args[1]
    while term.op == "if" and term.args[0].op == "is_a" and term.args[1].op == "deref":
        if term.args[1].args[0].args != term.args[0].args[0].args:
            return None
        term = term.args[2]
    ends = term.op == "const" and term.args[0] is None
    return first if ends and isinstance(first, Term) and first.op == "deref" else None


def _reason(speaker: Speaker, term: Term, here: Here, _like: Type | None) -> Phrase:
    return speaker.fill("reason", _read(speaker, term, here, None))


def _if(speaker: Speaker, term: Term, here: Here, like: Type | None) -> Phrase:
    read = read_of_several(term)
    if read is not None:
        return speaker.noun(read, here, like)
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
    if term.op != "const" or term.args[0] is not None:
        yield speaker.fill("case.else", speaker.noun(term, here, like))


def _call(speaker: Speaker, term: Term, here: Here, like: Type | None) -> Phrase:
    name, args = term.args[0], term.args[1:]
    if (name == "coalesce" and args[0].op == "reason") or (name == "date" and args[0].type.kind is Kind.DATE):
        return speaker.noun(args[0], here)
    if name == "make_date" and all(arg.op == "const" for arg in args):
        year, month, day = (int(arg.args[0]) for arg in args)
        return plain(date_text(date(year, month, day), speaker.words.language))
    if name == "make_time" and all(arg.op == "const" for arg in args):
        hour, minute = (int(arg.args[0]) for arg in args)
        return plain(time_text(time(hour, minute)))
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
