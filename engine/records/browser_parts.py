"""Finds what belongs to the browser's program of a form: its steps, what they read, and what has to be shipped."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

from engine.compiler.compiled import CompiledRegistry
from engine.compiler.rules import DerivedRules, GroupRules, ItemRules, Rule, Settling, TextRules
from engine.datatypes.base import Kind
from engine.expressions.frames import Node
from engine.expressions.scopes import Scope
from engine.expressions.terms import Term
from engine.model.form import FormDef, GroupDef, walk_groups, walk_items
from engine.model.item import ItemDef
from engine.records.distance import is_near, looks_beyond
from engine.records.program import CheckRun, Judge, Step, program_of

MOST_CODES = 500  # a longer list is not sent; the server looks a code up
_JUDGED_THERE = ("identifier", "file")  # types that the browser reads without judging


@dataclass(frozen=True, eq=False)
class Reach:
    """What the rules of one form reach. Keys are `form.item`, `form.group`, `container.outcome`."""

    registry: CompiledRegistry
    form: FormDef

    @cached_property
    def scope(self) -> Scope:
        """The scope of the form."""
        return self.registry.scopes.forms[self.form.id]

    @cached_property
    def family(self) -> tuple[Scope, ...]:
        """The scopes of the form and its groups, outer ones first."""

        def walk(scope: Scope) -> Iterator[Scope]:
            yield scope
            for child in scope.children.values():
                yield from walk(child)

        return tuple(walk(self.scope))

    def part(self, scope: Scope) -> FormDef | GroupDef:
        """The form or group of a scope."""
        return self.form if scope is self.scope else self.registry.groups[f"{self.form.id}.{scope.id}"].group

    @cached_property
    def items(self) -> tuple[ItemDef, ...]:
        """All items of the form."""
        return tuple(walk_items(self.form))

    @cached_property
    def by_id(self) -> Mapping[str, ItemDef]:
        """Item id -> item."""
        return {item.id: item for item in self.items}

    @cached_property
    def own(self) -> frozenset[str]:
        """The keys of the form's items and groups."""
        ids = {item.id for item in self.items} | {group.id for group in walk_groups(self.form)}
        return frozenset(f"{self.form.id}.{name}" for name in ids)

    @cached_property
    def _borders(self) -> frozenset[Scope]:
        return frozenset(scope for scope in self.scope.ancestors() if scope.is_border)

    def is_inside(self, scope: Scope) -> bool:
        """Whether instances of a scope stand within the borders that this form stands in."""
        return scope.border in self._borders

    def is_open(self, node: Node, focus: Node) -> bool:
        """Whether the browser may get a node."""
        return is_near(node, focus)

    @cached_property
    def _downstream(self) -> frozenset[str]:
        """The keys of all that depends on what is entered here, and what is entered here."""
        found, waiting = set(self.own), list(self.own)
        while waiting:
            for place in self.registry.readers.get(waiting.pop(), ()):
                key = self.registry.order[place].key
                if key not in found:
                    found.add(key)
                    waiting.append(key)
        return frozenset(found)

    def _runs(self, rules: Settling) -> bool:
        """Whether the browser can settle an item, group or outcome."""
        scope = rules.scope.parent if isinstance(rules, GroupRules) else rules.scope
        assert scope is not None
        return self.is_inside(scope) and not any(looks_beyond(rule.term, (scope,)) for rule in settling_rules(rules))

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """What the browser settles, in order: the form's own, and what depends on it and is read by it."""
        steps = {step.key: step for step in program_of(self.registry).steps}
        wanted, waiting = set[str](), [*self.own, *self._asked_for]
        seen = set(waiting)
        while waiting:
            key = waiting.pop()
            step = steps.get(key)
            if step is None or key not in self._downstream or not self._runs(step.rules):
                continue
            wanted.add(key)
            waiting.extend(step.reads - seen)
            seen |= step.reads
        return tuple(step for step in steps.values() if step.key in wanted)

    @cached_property
    def defaults(self) -> Mapping[str, Rule]:
        """Key -> the default of an item of this form, where the browser can tell it."""
        rules = [self.registry.items[key] for key in sorted(self.own & self.registry.items.keys())]
        return {
            each.key: each.default
            for each in rules
            if each.default is not None and self.stays(each.default, each.scope)
        }

    @cached_property
    def texts(self) -> tuple[TextRules, ...]:
        """The texts of this form and of the checks that run here, and the titles of rows that it points to."""
        checks = {check.rules.check.id for check in self.checks}
        targets = {self.registry.scopes.targets.get(name) for item in self.items for name in item.targets}
        return tuple(
            text
            for text in self.registry.piped
            if self._tells(text, checks, targets)
            and self.is_inside(text.scope)
            and all(self.stays(hole.rule, text.scope) for hole in text.holes)
        )

    def _tells(self, text: TextRules, checks: Collection[str], targets: Collection[Scope | None]) -> bool:
        """Whether a page of this form shows a text."""
        if text.part == "message":
            return text.owner in checks
        return text.scope in self.family or (text.part == "row" and text.scope in targets)

    @cached_property
    def _asked_for(self) -> frozenset[str]:
        """The keys that judges, checks and defaults read."""
        judges = program_of(self.registry).judges
        keys = [judges[key].reads for key in sorted(self.own) if key in judges]
        keys += [rule.reads for rule in self.defaults.values()]
        keys += [hole.rule.reads for text in self.texts for hole in text.holes]
        return frozenset[str]().union(*keys, *(check.rules.reads for check in self.checks))

    @cached_property
    def settled(self) -> frozenset[str]:
        """The keys of the steps."""
        return frozenset(step.key for step in self.steps)

    @cached_property
    def needed(self) -> frozenset[str]:
        """All keys that are read."""
        return self._asked_for.union(*(step.reads for step in self.steps))

    @cached_property
    def valued(self) -> frozenset[str]:
        """The keys of which the value matters, not only that there is one."""
        judges = {key: judge for key, judge in program_of(self.registry).judges.items() if key in self.own}
        read = [judge.reads - ({key} if _asks_presence(judge) else set()) for key, judge in judges.items()]
        read += [rule.reads for rule in self.defaults.values()]
        read += [hole.rule.reads for text in self.texts for hole in text.holes]
        return frozenset[str]().union(
            *read, *(check.rules.reads for check in self.checks), *(step.reads for step in self.steps)
        )

    @cached_property
    def moving(self) -> frozenset[str]:
        """The keys that may change in the browser."""
        return self.settled | self.own

    @cached_property
    def checks(self) -> tuple[CheckRun, ...]:
        """The checks that the browser runs."""
        return tuple(run for run in program_of(self.registry).checks[self.form.id] if not self._is_beyond(run))

    def _is_beyond(self, run: CheckRun) -> bool:
        return run.beyond or not self.is_inside(run.rules.scope)

    @cached_property
    def beyond(self) -> frozenset[str]:
        """The ids of the checks that only the server runs."""
        runs = program_of(self.registry).checks[self.form.id]
        return frozenset(run.rules.check.id for run in runs if self._is_beyond(run))

    def stays(self, rule: Rule | None, scope: Scope) -> bool:
        """Whether a rule can run in the browser."""
        return rule is None or not looks_beyond(rule.term, (scope,))

    @cached_property
    def remote(self) -> frozenset[str]:
        """The ids of items of which the server alone judges some part."""
        return frozenset(
            rules.item.id
            for key in self.own
            if (rules := self.registry.items.get(key)) is not None and self._is_remote(rules)
        )

    def _is_remote(self, rules: ItemRules) -> bool:
        item = rules.item
        bounds = [rule for check in rules.ranges for rule in (check.low, check.high)]
        beyond = not all(self.stays(rule, rules.scope) for rule in (*bounds, rules.only))
        long = len(item.facets.choices) > MOST_CODES
        return (
            beyond
            or long
            or item.facets.open_list
            or item.datatype.name in _JUDGED_THERE
            or item.facets.pattern is not None
        )

    @cached_property
    def asked(self) -> Mapping[Scope, tuple[str, ...]]:
        """Scope -> ids of items whose being required only the server can tell."""
        found: dict[Scope, tuple[str, ...]] = {}
        for key in sorted(self.own):
            rules = self.registry.items.get(key)
            if rules is not None and isinstance(rules.required, Rule) and not self.stays(rules.required, rules.scope):
                found[rules.scope] = (*found.get(rules.scope, ()), rules.item.id)
        return found

    @cached_property
    def listed(self) -> frozenset[str]:
        """The code lists of which the browser gets all codes."""
        return frozenset(
            item.codelist
            for item in self.items
            if item.codelist is not None and 0 < len(item.facets.choices) <= MOST_CODES
        )

    @cached_property
    def terms(self) -> tuple[Term, ...]:
        """Every term that the browser gets, with all in it."""
        found = [rule.term for step in self.steps for rule in settling_rules(step.rules)]
        found += [part.rule.term for run in self.checks for part in run.rules.parts]
        found += [rule.term for rule in self.defaults.values()]
        found += [hole.rule.term for text in self.texts for hole in text.holes]
        for key in self.own & self.registry.items.keys():
            rules = self.registry.items[key]
            judged = [rule for check in rules.ranges for rule in (check.low, check.high)]
            judged += [rules.only, rules.required if isinstance(rules.required, Rule) else None]
            found += [rule.term for rule in judged if rule is not None]
        return tuple(part for term in found for part in term.walk())

    @cached_property
    def _keyed(self) -> Mapping[str, tuple[Scope, ...]]:
        """Key -> the scopes that it names or whose field it names."""
        found: dict[str, list[Scope]] = {}
        waiting = [self.registry.scopes.root]
        while waiting:
            scope = waiting.pop()
            waiting.extend(scope.children.values())
            found.setdefault(f"{scope.form_id}.{scope.id}", []).append(scope)
            for item in scope.fields.values():
                found.setdefault(item.key, []).append(scope)
        return {key: tuple(scopes) for key, scopes in found.items()}

    @cached_property
    def scopes(self) -> Mapping[Scope, int]:
        """The scopes that the browser's program names, numbered; each after the one that holds it."""
        wanted = [*self.family, *(step.scope for step in self.steps), *(run.rules.scope for run in self.checks)]
        wanted += [scope for key in sorted(self.needed) for scope in self._keyed.get(key, ()) if self.is_inside(scope)]
        targets = [self.registry.scopes.targets.get(name) for item in self.items for name in item.targets]
        wanted += [target for target in targets if target is not None]
        found: dict[Scope, int] = {}
        for scope in wanted:
            for outer in reversed(list(scope.ancestors())):
                found.setdefault(outer, len(found))
        return found

    @cached_property
    def fixed(self) -> Mapping[Scope, frozenset[str]]:
        """Scope -> ids of fields whose values the browser gets and never changes."""
        found: dict[Scope, frozenset[str]] = {}
        for key in (self.needed | self.own) - self.settled:
            for scope in self._keyed.get(key, ()):
                name = key.partition(".")[2]
                if name in scope.fields:
                    found[scope] = found.get(scope, frozenset()) | {name}
        return found


def _asks_presence(judge: Judge) -> bool:
    """Whether all that is asked of an item's own value is that it is there."""
    item = judge.rules.item
    exclusive = any(choice.exclusive for choice in item.facets.choices.values())
    return not (item.ranges or item.only or item.unique or exclusive or item.datatype.kind is Kind.REFERENCE)


def settling_rules(rules: Settling) -> list[Rule]:
    """The rules that settle an item, group or outcome."""
    match rules:
        case ItemRules():
            found = [rules.visible, rules.calculate]
        case GroupRules():
            found = [rules.visible]
        case DerivedRules():
            found = [rules.calculate]
    return [rule for rule in found if rule is not None]


@lru_cache(maxsize=256)
def reach_of(registry: CompiledRegistry, form: str) -> Reach:
    """The reach of a form, worked out once."""
    return Reach(registry, registry.model.forms[form])


__all__ = ["MOST_CODES", "Reach", "reach_of", "settling_rules"]
