"""What an actor may see and fill in a form: the one place that decides about items, as `storage.access` decides about subjects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from engine.model.form import walk_groups, walk_items
from storage.access import Actor
from storage.form_index import FormIndex


def hidden_items(actor: Actor, index: FormIndex) -> frozenset[str]:
    """The items of a form of which the actor receives no value: nothing of them is decrypted or leaves storage."""
    kept = kept_items(actor, index)
    return kept if actor.identities else kept | index.sealed


def kept_items(actor: Actor, index: FormIndex) -> frozenset[str]:
    """Those of which not even the audit tells the actor that they changed: the definition keeps them from the role."""
    return frozenset(item for item, rights in index.rights.items() if not rights.may_see(actor.role))


def fixed_items(actor: Actor, index: FormIndex) -> frozenset[str]:
    """The items that the actor may not fill, hidden ones included."""
    kept = frozenset(item for item, rights in index.rights.items() if not rights.may_edit(actor.role))
    return kept | hidden_items(actor, index)


@dataclass(frozen=True, slots=True)
class Unseen:
    """What of a registry's forms is hidden from an actor, for what is said about it: queries are not told, counted or sent."""

    items: Mapping[str, frozenset[str]] = field(default_factory=dict, hash=False)  # by form
    groups: Mapping[str, frozenset[str]] = field(default_factory=dict, hash=False)  # of which no item is seen, by form
    forms: frozenset[str] = frozenset()  # of which no item is seen
    rules: frozenset[str] = frozenset()  # checks that read any of it


def unseen(actor: Actor, indexes: Iterable[FormIndex], rules: frozenset[str] = frozenset()) -> Unseen:
    """The same from the forms' indexes."""
    items, groups, forms = dict[str, frozenset[str]](), dict[str, frozenset[str]](), set()
    for index in indexes:
        hidden = hidden_items(actor, index)
        if hidden >= set(index.items):
            forms.add(index.form.id)
        elif hidden:
            items[index.form.id] = hidden
            groups[index.form.id] = frozenset(
                group.id for group in walk_groups(index.form) if hidden >= {item.id for item in walk_items(group)}
            )
    return Unseen(items, groups, frozenset(forms), rules)


__all__ = ["Unseen", "fixed_items", "hidden_items", "kept_items", "unseen"]
