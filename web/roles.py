"""What may be done, and which role may do it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Permission(StrEnum):
    """What a route asks for."""

    PUBLIC = "public"  # anybody
    SIGNED_IN = "signed_in"  # anybody with a session
    DAY = "day"  # to be told what waits for one: whoever sees patients, or looks after people
    READ = "read"  # to see the patients of one's own hospital, or of all where the role belongs to no hospital
    IDENTITY = "identity"  # to see who they are
    ENTER = "enter"  # to fill forms
    REGISTER = "register"  # to register patients and open episodes
    REVIEW = "review"  # to mark forms as reviewed
    SIGN = "sign"  # to sign forms
    LOCK = "lock"  # to lock forms, and to unlock them at somebody's request
    FREEZE = "freeze"  # to freeze a registry and to close a reporting year
    VOID = "void"  # to withdraw and restore what was entered, to move and to merge it
    SHARE = "share"  # to let another hospital see a patient or an episode, and to decide on its requests
    QUERY = "query"  # to raise and close queries
    ANSWER = "answer"  # to answer queries
    VERIFY = "verify"  # to compare with the source documents
    OVERSEE = "oversee"  # to see how complete the hospitals are
    HISTORY = "history"  # to see who changed what of a patient
    AUDIT = "audit"  # to search what everybody did
    PEOPLE = "people"  # to invite people to one's own hospital, give them roles and end them
    ADMINISTER = "administer"  # to keep hospitals, units, their part in registries, and all people
    AUTHOR = "author"  # to write definitions
    HELP = "help"  # to answer requests to the help centre, of one's own hospital or of all
    HELP_TECHNICAL = "help_technical"  # those about accounts and faults
    HELP_SUBSTANTIVE = "help_substantive"  # those about what a registry asks


P = Permission
_SEE = frozenset({P.DAY, P.READ, P.IDENTITY, P.HISTORY})
_FILL = _SEE | {P.ENTER, P.REGISTER, P.ANSWER}
ROLES: Mapping[str, frozenset[Permission]] = MappingProxyType(
    {
        "entry": _FILL,
        "physician": _FILL | {P.REVIEW, P.SIGN},
        "coordinator": _FILL | {P.REVIEW, P.LOCK, P.VOID, P.SHARE, P.QUERY, P.OVERSEE, P.AUDIT},
        "local_administrator": frozenset({P.DAY, P.PEOPLE, P.OVERSEE, P.HELP, P.HELP_TECHNICAL}),
        "registry_coordinator": frozenset(
            {
                *(P.DAY, P.READ, P.HISTORY, P.REVIEW, P.LOCK, P.FREEZE, P.VOID, P.SHARE, P.QUERY, P.OVERSEE, P.AUDIT),
                *(P.HELP, P.HELP_SUBSTANTIVE),
            }
        ),
        "monitor": _SEE | {P.QUERY, P.VERIFY, P.OVERSEE},
        "author": frozenset({P.AUTHOR}),
        "analyst": frozenset({P.DAY, P.READ, P.OVERSEE}),
        "administrator": frozenset({P.DAY, P.ADMINISTER, P.PEOPLE, P.OVERSEE, P.HELP, P.HELP_TECHNICAL}),
        "technical": frozenset(),  # signs in to interfaces alone
        "reader": _SEE,
    }
)


def allows(role: str, permission: Permission) -> bool:
    """Whether a role holds a permission; an unknown role holds none."""
    return permission in ROLES.get(role, frozenset())


__all__ = ["ROLES", "Permission", "allows"]
