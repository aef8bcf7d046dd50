"""Says terms: values as nouns, conditions as clauses. What is special about an operator stands in the two tables."""

from __future__ import annotations

from engine.compiler import CompiledRegistry
from engine.datatypes.base import Kind
from engine.expressions.terms import Term, Type
from engine.words.clauses import CLAUSES
from engine.words.gathering import TRUTHS
from engine.words.nouns import NOUNS
from engine.words.phrase import ATOM, CLAUSE, COMPOUND, PRODUCT, Phrase, fill, joined
from engine.words.places import Here, Titles
from engine.words.vocabulary import vocabulary

_LEVELS = dict.fromkeys(("add", "sub", "pow"), CLAUSE) | dict.fromkeys(("mul", "div", "neg"), PRODUCT)


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
