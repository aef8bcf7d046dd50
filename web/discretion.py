"""What a person's pages leave out: the items that are hidden from the role, and whatever rules make of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache

from engine.compiler import CompiledRegistry
from engine.records.evaluation import Evaluation, Violation
from engine.records.path import parse_path
from storage.access import Actor
from storage.form_index import index_form
from storage.rights import Unseen, hidden_items, unseen


def veiled_keys(registry: CompiledRegistry, actor: Actor) -> frozenset[str]:
    """`form.item` and `container.outcome` of all that is hidden, and of what is shown or calculated according to it.

    Storage gave no value of what is hidden, so what rules say of the rest would be told as if nothing had been answered.
    """
    return _veiled(registry, _role(actor))


@lru_cache(maxsize=256)
def _veiled(registry: CompiledRegistry, role: Actor) -> frozenset[str]:
    hidden = {
        f"{form.id}.{item}" for form in registry.model.forms.values() for item in hidden_items(role, index_form(form))
    }
    return frozenset(follow(registry, hidden))


@lru_cache(maxsize=256)
def _unseen(registry: CompiledRegistry, role: Actor) -> Unseen:
    veiled = _veiled(registry, role)
    checks = (check for form in registry.checks_of.values() for check in form)
    rules = (
        frozenset(check.check.id for check in checks if not veiled.isdisjoint(check.reads)) if veiled else frozenset()
    )
    return unseen(role, map(index_form, registry.model.forms.values()), rules)


def unseen_by(registry: CompiledRegistry, actor: Actor) -> Unseen:
    """What is hidden from a person, for what others say about it."""
    return _unseen(registry, _role(actor))


def _role(actor: Actor) -> Actor:
    """What rights to items depend on."""
    return replace(actor, account=0, name="", site=None, channel="", unit=None)


def follow(registry: CompiledRegistry, keys: Iterable[str]) -> set[str]:
    """These keys, and those of items, groups and outcomes that read them, directly or through what is calculated from them."""
    found, waiting = set(keys), list(keys)
    while waiting:
        for place in registry.readers.get(waiting.pop(), ()):
            key = registry.order[place].key
            if key not in found:
                found.add(key)
                waiting.append(key)
    return found


def items_of(form: str, veiled: Iterable[str]) -> frozenset[str]:
    """The items of a form among those keys."""
    return frozenset(key.partition(".")[2] for key in veiled if key.partition(".")[0] == form)


def discreet(registry: CompiledRegistry, form: str, evaluation: Evaluation, veiled: frozenset[str]) -> Evaluation:
    """What rules say of a form, without what they say of hidden items, or would say because those are missing."""
    if not veiled:
        return evaluation
    reads = {check.check.id: check.reads for check in registry.checks_of[form]}

    def tells(violation: Violation) -> bool:
        if violation.home is None and violation.item and f"{form}.{parse_path(violation.item).item}" in veiled:
            return False
        return veiled.isdisjoint(reads.get(violation.code, ()))

    return replace(evaluation, violations=tuple(filter(tells, evaluation.violations)))


__all__ = ["discreet", "follow", "items_of", "unseen_by", "veiled_keys"]
