"""What of a document an ODM file does not carry by itself: the keys that differ once the file is read back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from exchange.document import Document, Entry

Part = tuple[str, ...]  # ('item', form, id), ('section', form, id), ('group', …), ('form', id), ('event', id), …
Left = Mapping[Part, Entry]
REGISTRY: Part = ("registry",)
_ELSEWHERE = {  # keys that hold parts of their own
    "registry": frozenset({"codelists", "events", "forms"}),
    "form": frozenset({"sections"}),
    "section": frozenset({"items", "id"}),
    "group": frozenset({"items", "group"}),
    "item": frozenset({"id"}),
    "codelist": frozenset({"codes"}),
}


def parts_of(document: Document) -> Iterator[tuple[Part, Entry]]:
    """Every part of a document that has keys of its own."""
    yield REGISTRY, document
    for id_, codes in document.get("codelists", {}).items():
        yield ("codelist", id_), codes
        for code, entry in codes.get("codes", {}).items():
            yield ("code", id_, code), entry
    for id_, event in document.get("events", {}).items():
        yield ("event", id_), event
    for id_, form in document.get("forms", {}).items():
        yield ("form", id_), form
        for section in form.get("sections", ()):
            yield ("section", id_, section["id"]), section
            yield from _entries(section["items"], id_)


def _entries(entries: list[Entry], form: str) -> Iterator[tuple[Part, Entry]]:
    for entry in entries:
        if "group" in entry:
            yield ("group", form, entry["group"]), entry
            yield from _entries(entry["items"], form)
        else:
            yield ("item", form, entry["id"]), entry


def left_out(wanted: Document, found: Document) -> dict[Part, Entry]:
    """Part -> the keys that are otherwise in what was found, with the values that are wanted; None: to be taken away."""
    there = dict(parts_of(found))
    left = {part: _differing(part[0], entry, there[part]) for part, entry in parts_of(wanted) if part in there}
    missing = {id_: entry for id_, entry in wanted.get("codelists", {}).items() if ("codelist", id_) not in there}
    if missing:
        left[REGISTRY]["codelists"] = missing
    return {part: keys for part, keys in left.items() if keys}


def _differing(kind: str, wanted: Entry, found: Entry) -> Entry:
    others = _ELSEWHERE.get(kind, frozenset())
    keys = [key for key in (*wanted, *found) if key not in others]
    return {key: wanted.get(key) for key in dict.fromkeys(keys) if not _same(wanted.get(key), found.get(key))}


def _same(some: Any, other: Any) -> bool:
    """Alike as data: `True` is not 1."""
    return type(some) is type(other) and bool(some == other) if isinstance(some, bool) else bool(some == other)
