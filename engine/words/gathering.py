"""Aggregates in words: rows, forms, visits and codes, with what is taken from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.datatypes.base import Kind
from engine.expressions.aggregates import ASKED_ONCE
from engine.expressions.terms import Term, Type
from engine.words.phrase import CLAUSE, COMPOUND, PRODUCT, Phrase, fill, plain
from engine.words.places import Here, follow, tailed

if TYPE_CHECKING:  # the speaker imports this module's functions
    from engine.words.speaking import Speaker

TRUTHS = frozenset({"any", "all", "unique", "no_overlap", "covered"})  # aggregates that are conditions


def kind_of(kind: str) -> str:
    """The row of the table of kinds for a scope of that kind."""
    return kind if kind in ("group", "form", "event") else "container"


class _Source:
    """What an aggregate runs over, in the cases that its phrase needs."""

    def __init__(self, speaker: Speaker, term: Term, here: Here) -> None:
        if term.op == "elements":
            self.here, letter = here.with_letter(term.args[0])
            self.kind, self.title = speaker.words.kinds["elements"], (speaker.noun(term.args[1], here), letter)
            return
        frame, up, steps, other = term.args
        start = here.start(frame, up)
        place = follow(start, steps)
        kind = kind_of(place.scope.kind) + (".other" if other else "")
        title = tailed(speaker.titles.scope(place), speaker.titles.where(here, place))
        self.kind, self.title, self.here = speaker.words.kinds[kind], (title, title), here.inside(place.scope)

    def say(self, form: str, where: Phrase | None) -> Phrase:
        """The source in that case, and which of its elements are meant."""
        said = fill(self.kind[form], {"0": self.title[0], "1": self.title[1]})
        if where is None:
            return said
        which = plain(self.kind["which_many" if form == "many" else "which"])
        return fill("{0} ({1} {2!})", {"0": said, "1": which, "2": where})


def say_aggregate(speaker: Speaker, term: Term, here: Here, truth: bool) -> Phrase:
    """An aggregate, or the opposite of what it says."""
    name, rows, values, where, by = term.args
    source = _Source(speaker, rows, here)
    inside = source.here
    condition = speaker.clause(where, inside) if where is not None else None
    conditional = name in ("any", "all")
    if name == "any":
        inner = [part for part in (condition, speaker.clause(values[0], inside)) if part is not None]
        parts, condition = [speaker.join("and", inner)], None
    else:
        asked_once = ASKED_ONCE.get(name, frozenset())
        say = speaker.clause if conditional else speaker.noun
        parts = [say(value, here if n in asked_once else inside) for n, value in enumerate(values)]
    keys = speaker.series([speaker.noun(key, inside) for key in by])
    named = {form: source.say(form, condition) for form in ("one", "none", "every", "many", "first", "last")}
    named |= {key: speaker.fill(key, all=keys) if by else plain("") for key in ("by", "per")}
    named |= {"which": plain(source.kind["which"]), "all": speaker.series(parts)}
    level = COMPOUND if conditional else CLAUSE if term.type.kind is Kind.BOOLEAN else PRODUCT
    several = ".several" if name == "unique" and len(parts) > 1 else ""
    return speaker.either(f"aggregate.{name}{several}", truth, *parts, level=level, **named)


def aggregate_noun(speaker: Speaker, term: Term, here: Here, _like: Type | None) -> Phrase:
    """An aggregate as a value."""
    return say_aggregate(speaker, term, here, truth=True)


def neighbour(speaker: Speaker, term: Term, here: Here, _like: Type | None) -> Phrase:
    """The value of the entry before or after."""
    name, frame, up, value, where, by = term.args
    inside = here.inside(here.start(frame, up))
    named = {
        "where": speaker.fill("where", speaker.clause(where, inside)) if where is not None else plain(""),
        "by": speaker.fill("by", all=speaker.series([speaker.noun(key, inside) for key in by])) if by else plain(""),
    }
    return speaker.fill(f"neighbour.{name}", speaker.noun(value, inside), level=PRODUCT, **named)
