"""What an actor may see and fill in a form: the one place that decides about items, as `storage.access` decides about subjects."""

from __future__ import annotations

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


__all__ = ["fixed_items", "hidden_items", "kept_items"]
