"""Builds the plan of what is compared with the source documents: items by name, forms stand for all that is entered in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from engine.datatypes.base import Control
from engine.definitions.context import Context
from engine.definitions.tree import Node
from engine.model.form import FormDef, walk_items
from engine.model.metadata_version import VerificationDef

Named = Mapping[str, list[tuple[str, str]]]  # name -> the items (form, item) that it may mean


def build_verification(context: Context, node: Node | None, forms: Mapping[str, FormDef]) -> VerificationDef | None:
    """The plan; None where the definition has none."""
    if node is None or not isinstance(node.value, dict):
        return None
    named = _named(forms)
    critical, sampled = (
        tuple(dict.fromkeys(_items(context, node.get(key), named, forms))) for key in ("critical", "sampled")
    )
    share = node.integer("share")
    if sampled and share is None:
        context.error(
            node.mark,
            "missing-key",
            "`sampled` says what is compared for some patients, and nothing says for how many. Add `share: 20` for 20 percent.",
        )
    seed = node.integer("seed")
    return VerificationDef(critical, tuple(each for each in sampled if each not in critical), share or 0, seed or 0)


def _named(forms: Mapping[str, FormDef]) -> Named:
    """The items by bare id and by `form.item`, and forms; forms last, since a form and an item may share a name."""
    found: dict[str, list[tuple[str, str]]] = {}
    entered = {
        form.id: [
            item.id for item in walk_items(form) if item.calculate is None and item.datatype.control is not Control.NOTE
        ]
        for form in forms.values()
    }
    for form, items in entered.items():
        for item in items:
            found.setdefault(item, []).append((form, item))
            found[f"{form}.{item}"] = [(form, item)]
    return found | {form: [(form, item) for item in items] for form, items in entered.items()}


def _items(
    context: Context, node: Node | None, named: Named, forms: Mapping[str, FormDef]
) -> Iterator[tuple[str, str]]:
    for part in node.elements if node is not None else ():
        if part.text is None or not context.known(part, part.raw, named, "unknown-name", "form or entered item"):
            continue
        meant = named[part.raw]
        if part.raw not in forms and len(meant) > 1:
            names = ", ".join(f"{form}.{item}" for form, item in meant)
            context.error(part.mark, "ambiguous-name", f"{part.raw!r} is in several forms. Name one of: {names}.")
            continue
        yield from meant


__all__ = ["build_verification"]
