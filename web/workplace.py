"""In which registry, and for which hospital, somebody works: what the address says, else where they worked last."""

from __future__ import annotations

from flask import session

from storage.accounts import Membership
from web.roles import Permission, allows
from web.workspace import Visit, workspace

LAST = "registry"  # of the session: where one worked last


def membership_in(held: tuple[Membership, ...], registry: str) -> Membership | None:
    """The role that counts in a registry: at the hospital or ward that was chosen, else the first."""
    found = [one for one in held if one.registry == registry and registry in workspace().registries.current]
    chosen = str(session.get("site", ""))
    at_hospital = (one for one in found if str(one.site) == chosen)
    return next((one for one in (*(each for each in found if each.key == chosen), *at_hospital, *found)), None)


def workplaces(one: Visit) -> tuple[Membership, ...]:
    """The role that counts in each registry in which one has any."""
    names = dict.fromkeys(held.registry for held in one.memberships)
    found = (membership_in(one.memberships, name) for name in names)
    return tuple(held for held in found if held is not None)


def days_of(one: Visit) -> tuple[Membership, ...]:
    """Those of them that have a day."""
    return tuple(held for held in workplaces(one) if allows(held.role, Permission.DAY))


def workplace(one: Visit) -> Membership | None:
    """The role whose places the frame leads to: that of this page, else of the registry before it, else the first."""
    last = one.membership or membership_in(one.memberships, session.get(LAST, ""))
    return last or next(iter(workplaces(one)), None)


def remember_workplace(one: Visit) -> None:
    """Come back to this registry from pages that belong to none."""
    if one.membership is not None and session.get(LAST) != one.membership.registry:
        session[LAST] = one.membership.registry


__all__ = ["days_of", "membership_in", "remember_workplace", "workplace", "workplaces"]
