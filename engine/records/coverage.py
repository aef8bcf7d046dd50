"""Tells how the example cases try the checks of a definition: fired, satisfied, and with each other form absent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from engine.compiler.compiled import CompiledRegistry
from engine.compiler.rules import CheckRules
from engine.records.examples import Example


@dataclass(frozen=True, slots=True)
class Coverage:
    """A check with the number of cases that fire it, that it is satisfied in, and that lack another form it reads."""

    check: CheckRules
    fires: int
    holds: int
    without: tuple[tuple[str, int], ...]  # other form -> cases in which it is absent

    def lacking(self) -> Iterator[str]:
        """What no case tries."""
        name = self.check.check.id
        if not self.fires:
            yield f"{name}: no example fires it"
        if not self.holds:
            yield f"{name}: no example satisfies it"
        yield from (f"{name}: no example without {form}" for form, cases in self.without if not cases)


def coverage(registry: CompiledRegistry, examples: Sequence[Example]) -> tuple[Coverage, ...]:
    """How each check is tried by those examples that evaluate a form in which it is reported."""
    return tuple(_covered(registry, check, examples) for check in registry.checks)


def _covered(registry: CompiledRegistry, check: CheckRules, examples: Sequence[Example]) -> Coverage:
    cases = [case for case in examples if registry.form(case.form).id in check.forms]
    fires = [case for case in cases if check.check.id in _expected(case)]
    holds = [
        case for case in cases if case not in fires and (check.check.id in _named(case, "silent") or _says_all(case))
    ]
    others = sorted(check.forms - {check.scope.id})
    without = [(form, sum(form not in _present(registry, case) for case in (*fires, *holds))) for form in others]
    return Coverage(check, len(fires), len(holds), tuple(without))


def _expected(case: Example) -> set[str]:
    return _named(case, "violations") | _named(case, "only")


def _named(case: Example, key: str) -> set[str]:
    """The checks that a case names under a key, without the places."""
    node = case.expect.get(key)
    return {str(part.value).partition("@")[0] for part in node.elements} if node is not None else set()


def _says_all(case: Example) -> bool:
    """Whether the case lists all violations, so that the others are known to be silent."""
    node = case.expect.get("violations")
    return "only" in case.expect or (node is not None and not node.elements)


def _present(registry: CompiledRegistry, case: Example) -> set[str]:
    """The forms that a case gives values of."""
    values = case.values if {"forms", "events"} & set(case.values) else {"forms": {case.form: {}}}
    found = {form for form, data in (values.get("forms") or {}).items() if data is not None}
    occurrences = [one for several in (values.get("events") or {}).values() for one in several or []]
    return {
        registry.form(form).id for form in found | {form for one in occurrences for form in one or {}} | {case.form}
    }
