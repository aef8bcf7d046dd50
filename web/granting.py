"""Which roles one may give and end, and where each belongs: at a hospital, or with those who keep a registry."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from web.roles import ROLES

AT_HOSPITALS = ("entry", "physician", "coordinator", "local_administrator", "reader", "monitor")
WITH_KEEPERS = ("registry_coordinator", "monitor", "analyst", "author", "administrator", "technical", "reader")
ASKED_FOR = ("entry", "physician", "coordinator", "reader")  # what people may ask for; the rest is given unasked

# A local administrator makes no other one: that is the business of whoever keeps all people.
GIVES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"local_administrator": ("entry", "physician", "coordinator", "reader"), "administrator": tuple(ROLES)}
)


def may_give(giver: str, *, at_hospital: bool) -> tuple[str, ...]:
    """The roles that a role may give at a hospital, or with the keepers of a registry."""
    there = AT_HOSPITALS if at_hospital else WITH_KEEPERS
    return tuple(role for role in there if role in GIVES.get(giver, ()))


def may_end(giver: str) -> tuple[str, ...]:
    """The roles that a role may end."""
    return GIVES.get(giver, ())


__all__ = ["ASKED_FOR", "GIVES", "may_end", "may_give"]
