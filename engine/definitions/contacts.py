"""Builds the contacts of a registry: whom to ask, about what, and how to reach them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from engine.definitions.context import Context
from engine.definitions.tree import Node
from engine.model.metadata_version import ContactDef

_EMAIL = re.compile(r"[^\s@,;:<>()\[\]\\\"]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+", re.ASCII)
_PHONE = re.compile(r"\+?[0-9](?:[ -]?[0-9]){2,14}", re.ASCII)
_SHAPES = (
    ("email", _EMAIL, "e-mail address. Write one, such as help@registry.example"),
    ("phone", _PHONE, "telephone number. Write digits, with blanks as people read them: +48 22 000 00 00"),
)


def build_contacts(context: Context, nodes: Iterable[Node]) -> Iterator[ContactDef]:
    """The contacts in order of the definition."""
    for node in nodes:
        if not isinstance(node.value, dict):
            continue
        for key, shape, wanted in _SHAPES:
            part = node.get(key)
            if part is not None and part.text is not None and not shape.fullmatch(part.raw):
                context.error(part.mark, "bad-contact", f"{part.raw!r} is no {wanted}.")
        if not node.entries.keys() & {key for key, *_ in _SHAPES}:
            context.error(
                node.mark, "missing-key", "Nobody can be reached by this contact. Add `email`, `phone` or both."
            )
        yield ContactDef(
            context.text(node.get("role")),
            node.text_of("about") or "",
            node.text_of("email") or "",
            node.text_of("phone") or "",
            context.text(node.get("hours")),
            context.text(node.get("note")),
        )


__all__ = ["build_contacts"]
