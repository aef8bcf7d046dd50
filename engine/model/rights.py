"""The roles that a definition may name, and what it says of who may see and fill a part of a form."""

from __future__ import annotations

from dataclasses import dataclass

ROLES = (
    "entry", "physician", "coordinator", "local_administrator", "registry_coordinator", "monitor", "author", "analyst",
    "administrator", "technical", "reader",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rights:
    """Who may see and who may fill a form, section, group or item, out of those whose role allows it at all.

    None: all of them. Whoever may not see something may not fill it either.
    """

    see: frozenset[str] | None = None
    edit: frozenset[str] | None = None

    def within(self, outer: Rights) -> Rights:
        """The same as far as what holds it allows."""
        return Rights(_both(self.see, outer.see), _both(self.edit, outer.edit))

    def may_see(self, role: str) -> bool:
        """Whether a role sees it."""
        return self.see is None or role in self.see

    def may_edit(self, role: str) -> bool:
        """Whether a role fills it."""
        return self.may_see(role) and (self.edit is None or role in self.edit)


def _both(one: frozenset[str] | None, other: frozenset[str] | None) -> frozenset[str] | None:
    return other if one is None else one if other is None else one & other


ALL = Rights()

__all__ = ["ALL", "ROLES", "Rights"]
