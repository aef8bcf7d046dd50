"""The rules of items, groups, checks, outcomes and events, each as one phrase."""

from __future__ import annotations

from collections.abc import Iterator

from engine.compiler import CompiledRegistry
from engine.compiler.rules import BoundRange, CheckRules, DerivedRules, EventRules, Rule
from engine.datatypes.base import Kind
from engine.expressions.scopes import Scope
from engine.expressions.terms import Type
from engine.words.phrase import COMPOUND, Phrase, fill
from engine.words.places import Here, Place
from engine.words.speaking import Speaker


class Sentences:
    """Says the rules of a registry in one language."""

    def __init__(self, registry: CompiledRegistry, language: str) -> None:
        self.speaker = Speaker(registry, language)

    def condition(self, rule: Rule, scope: Scope) -> Phrase:
        """When something is shown, required, expected: '“Mode” is “DDD”'."""
        return self.speaker.clause(rule.term, _standing(scope))

    def value(self, rule: Rule, scope: Scope, like: Type | None = None) -> Phrase:
        """What a calculation or default gives."""
        return self.speaker.noun(rule.term, _standing(scope), like or rule.term.type)

    def check(self, check: CheckRules) -> Phrase:
        """What must hold, part by part."""
        return self.speaker.join("and", list(self._parts(check)))

    def _parts(self, check: CheckRules) -> Iterator[Phrase]:
        for part in check.parts:
            if part.rows is None:
                yield self.condition(part.rule, check.scope)
                continue
            here = _standing(check.scope).inside(part.rows)
            title = self.speaker.titles.scope(Place(part.rows, None, all_events=False))
            said = self.speaker.clause(part.rule.term, here)
            yield self.speaker.fill("in_rows", title, said, level=COMPOUND)

    def limits(self, bound: BoundRange, scope: Scope) -> Phrase:
        """What a range allows: 'allowed: from 0 to 30'."""
        check = bound.check
        ends = [
            (key, rule)
            for key, rule in (
                ("low" if check.low_inclusive else "over", bound.low),
                ("high" if check.high_inclusive else "under", bound.high),
            )
            if rule is not None
        ]
        kind = "const" if all(rule.term.op == "const" for _, rule in ends) else ""
        sides = [self._end(key, rule, scope, kind) for key, rule in ends]
        both = sides[0] if len(sides) == 1 else self._fill_one("both", kind, *sides)
        return self.speaker.fill("range.hard" if check.hard else "range.soft", both)

    def _end(self, key: str, rule: Rule, scope: Scope, kind: str) -> Phrase:
        temporal = rule.term.type.kind in (Kind.DATE, Kind.DATETIME, Kind.PARTIAL_DATE)
        return self._fill_one(f"range.{key}", "date" if temporal else kind, self.value(rule, scope))

    def _fill_one(self, key: str, kind: str, *parts: Phrase) -> Phrase:
        """The phrase for that kind of parts, else the general one."""
        template = self.speaker.words.phrase(f"{key}.{kind}", key)
        return fill(template, {str(n): part for n, part in enumerate(parts)})

    def outcome(self, rules: DerivedRules) -> Phrase:
        """How an outcome is found; of a decision table the cases from the top."""
        assert rules.calculate is not None
        return self.value(rules.calculate, rules.scope, rules.scope.fields[rules.derived.id].type)

    def event(self, rules: EventRules) -> dict[str, Phrase]:
        """When an event is expected: the date it follows, conditions for it, by the key of the definition."""
        said = {
            key: self.condition(rule, rules.scope)
            for key, rule in (("when", rules.when), ("optional", rules.optional), ("cancel", rules.cancel))
            if rule is not None
        }
        said |= {
            key: self.value(rule, rules.scope)
            for key, rule in (("after", rules.after), ("start", rules.start), ("stop", rules.stop))
            if rule is not None
        }
        if rules.held is not None:
            said["held"] = self.value(rules.held, rules.occurrences)
        if rules.missed is not None:
            said["missed"] = self.condition(rules.missed, rules.occurrences)
        return said


def _standing(scope: Scope) -> Here:
    return Here((scope,), {})


__all__ = ["Sentences"]
