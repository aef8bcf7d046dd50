"""What a save is given of a compiled registry: its evaluation, who reads what, and keys that are unique across subjects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import lru_cache, partial

from engine.compiler import CompiledRegistry
from engine.compiler.compiled import CompiledRegistry as Registry
from engine.compiler.rules import ItemRules
from engine.datatypes.dictionary import Dictionary
from engine.datatypes.values import Missing, Unread
from engine.expressions.scopes import Scope
from engine.expressions.terms import Term
from engine.records import Look, evaluate
from engine.records.evaluation import PlannedEvent
from engine.records.form_data import FormData, Instance
from engine.records.schedule import whole_schedule
from storage.form_index import Registry as AnyRegistry
from storage.identity import PersonItems
from storage.request import Rules, UniqueKey


def rules_of(registry: CompiledRegistry, dictionaries: Mapping[str, Dictionary]) -> Rules:
    """The rules of one version, as storage takes them."""
    keys = tuple(_unique_keys(registry))

    @lru_cache(maxsize=1024)  # forms are mostly filled in alike
    def readers(form: str, items: frozenset[str]) -> frozenset[str]:
        return readers_of(registry, {f"{form}.{item}" for item in items}) - {form}

    def dependents(_: AnyRegistry, form: str, items: frozenset[str]) -> frozenset[str]:
        return readers(form, items)

    def unique_keys(_: AnyRegistry, form: str, data: FormData) -> list[UniqueKey]:
        return [UniqueKey(key.name, _values(key, data)) for key in keys if key.form == form]

    def schedule(
        _: AnyRegistry, subject: Instance, at: datetime, others: tuple[Instance, ...]
    ) -> tuple[PlannedEvent, ...]:
        return whole_schedule(registry, subject, as_of=at, others=others, dictionaries=dictionaries)

    judged = partial(evaluate, dictionaries=dictionaries, explain=False)  # a save keeps outcomes, not their reasons
    begin = partial(Look, dictionaries=dictionaries)
    shared = frozenset(filter(None, [patient_form(registry)]))
    # What the form about the patient demands to be unique besides the PESEL tells people without one apart, in all registries.
    documents = (tuple(sorted(key.items)) for key in keys if key.form in shared and len(key.items) > 1)
    person = PersonItems(document=next(documents, ()))
    return Rules(judged, dependents, unique_keys, shared, person, begin=begin, schedule=schedule)


def patient_form(registry: Registry) -> str:
    """The form that tells who the patient is, and that all registries share: the first of those that belong to the patient alone."""
    own = (form.id for form in registry.model.forms.values() if form.container == "patient" and not form.per_event)
    return next(own, "")


def readers_of(registry: Registry, changed: set[str]) -> frozenset[str]:
    """The forms whose items, checks or ranges read what changed, directly or through what is calculated from it."""
    dirty = set(changed)
    waiting = list(changed)
    while waiting:
        for place in registry.readers.get(waiting.pop(), ()):
            key = registry.order[place].key
            if key not in dirty:
                dirty.add(key)
                waiting.append(key)
    forms = {key.partition(".")[0] for key in dirty}
    for check in registry.checks:
        if any(part.rule.reads & dirty for part in check.parts):
            forms.update(check.forms)
    for rule in registry.order:
        if isinstance(rule, ItemRules) and _bounds(rule) & dirty:
            forms.add(rule.scope.form_id or "")
    return frozenset(forms & registry.model.forms.keys())


def _bounds(rules: ItemRules) -> frozenset[str]:
    """What an item's ranges and its being required read."""
    bound = [limit for checked in rules.ranges for limit in (checked.low, checked.high) if limit is not None]
    if not isinstance(rules.required, bool):
        bound.append(rules.required)
    return frozenset().union(*(rule.reads for rule in bound))


class _Key(tuple[str, str, tuple[str, ...]]):
    """A key that a check demands to be unique: its name, form and items."""

    __slots__ = ()

    @property
    def name(self) -> str:
        return self[0]

    @property
    def form(self) -> str:
        return self[1]

    @property
    def items(self) -> tuple[str, ...]:
        return self[2]


def check_of_key(name: str) -> str:
    """The check that demands a unique key, by the key's name."""
    return name.partition("/")[0]


def _unique_keys(registry: CompiledRegistry) -> Iterator[_Key]:
    for check in registry.checks:
        for part in check.parts:
            for term in part.rule.term.walk():
                if term.op == "aggregate" and term.args[0] == "unique":
                    yield from _key(registry, check.check.id, part.rows or check.scope, term)


def _key(registry: CompiledRegistry, check: str, scope: Scope, term: Term) -> Iterator[_Key]:
    """The key of `unique(registry.form: items)`; one that stays within a subject is judged by the engine alone."""
    rows, reads = term.args[1], term.args[2]
    if rows.op != "rows" or not all(read.op == "read" for read in reads):
        return
    base: Scope | None = scope
    for _ in range(rows.args[1]):
        base = base.parent if base is not None else None
    steps = [name for name, _ in (*rows.args[2], *reads[0].args[2])]
    if base is not None and base.kind == "registry" and steps and steps[-1] in registry.model.forms:
        items = tuple(str(read.args[3]) for read in reads)
        yield _Key((f"{check}/{'+'.join(items)}", steps[-1], items))


def _values(key: _Key, data: FormData) -> tuple[str, ...]:
    """The values as text; nothing while one of them is empty."""
    values = [data.items.get(item) for item in key.items]
    if any(value is None or isinstance(value, Missing | Unread) for value in values):
        return ()
    return tuple(str(value) for value in values)


__all__ = ["check_of_key", "patient_form", "readers_of", "rules_of"]
