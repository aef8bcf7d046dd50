"""The linkIds of a registry, and what rules need to know of its items there."""

from __future__ import annotations

from engine.model.metadata_version import MetaDataVersion
from exchange.document import Document, items_of
from exchange.fhir.choices import MIXED
from exchange.fhir.printing import Chain, Links
from exchange.fhir.restoring import kept
from exchange.rules.names import spots_of


def links_of(model: MetaDataVersion, document: Document) -> Links:
    """The linkIds: the oid or the id, with the form's before it where one stands twice."""
    found: dict[tuple[str, str], str] = {}
    taken: set[str] = set()
    chains: dict[tuple[str, ...], Chain] = {}

    def add(form: str, id_: str, oid: str | None) -> None:
        wanted = next(
            (name for name in (oid or id_, f"{form}.{id_}") if name not in taken), f"{form}.{id_}.{len(taken)}"
        )
        taken.add(wanted)
        found[form, id_] = wanted

    for form in model.forms.values():
        for spot in spots_of(form):
            for depth, group in enumerate(spot.groups, 1):
                if (form.id, group.id) not in found:
                    add(form.id, group.id, group.oid)
                    ids = tuple(one.id for one in spot.groups[:depth])
                    for start in range(depth):
                        chains.setdefault(ids[start:], Chain(form.id, spot.groups[:depth]))
            add(form.id, spot.item.id, spot.item.oid)
        for section in form.sections:
            add(form.id, f"section {section.id}", section.oid or section.id)
    uncoded = frozenset(
        id_ for id_, entry in document.get("codelists", {}).items() if kept(entry).get("answers", MIXED) != MIXED
    )
    quantities = frozenset(
        (placed.form, placed.entry["id"])
        for placed in items_of(document)
        if "quantity" in (placed.entry["type"], kept(placed.entry).get("type"))
    )
    answered = frozenset(
        (placed.form, placed.groups[-1]["group"])
        for placed in items_of(document)
        if placed.groups and "repeats" in kept(placed.groups[-1])
    )
    return Links(model, found, uncoded, quantities, chains, answered)
