"""Who may do what: every route declares its permission here, and one guard asks. What declares nothing is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import TypeVar

from flask import Flask

Handler = TypeVar("Handler", bound=Callable[..., object])
_MARK = "ecrf_permission"


class Permission(StrEnum):
    """What a route asks for."""

    PUBLIC = "public"  # anybody
    SIGNED_IN = "signed_in"  # anybody with a session
    READ = "read"  # to see the patients of one's own hospital
    ENTER = "enter"  # to fill forms
    REGISTER = "register"  # to register patients and open episodes


ROLES: Mapping[str, frozenset[Permission]] = MappingProxyType(
    {
        "entry": frozenset({Permission.READ, Permission.ENTER, Permission.REGISTER}),
        "coordinator": frozenset({Permission.READ, Permission.ENTER, Permission.REGISTER}),
        "reader": frozenset({Permission.READ}),
    }
)
FLASK_OWN: Mapping[str, Permission] = MappingProxyType(
    {"static": Permission.PUBLIC, "assets.static": Permission.PUBLIC}
)


def needs(permission: Permission) -> Callable[[Handler], Handler]:
    """Declare what a view asks for."""

    def mark(view: Handler) -> Handler:
        setattr(view, _MARK, permission)
        return view

    return mark


def permission_of(app: Flask, endpoint: str) -> Permission | None:
    """What an endpoint declared."""
    found = getattr(app.view_functions.get(endpoint), _MARK, None)
    return found if isinstance(found, Permission) else FLASK_OWN.get(endpoint)


def undeclared(app: Flask) -> tuple[str, ...]:
    """The endpoints that declare nothing: there must be none."""
    return tuple(
        sorted({rule.endpoint for rule in app.url_map.iter_rules() if permission_of(app, rule.endpoint) is None})
    )


def allows(role: str, permission: Permission) -> bool:
    """Whether a role holds a permission; an unknown role holds none."""
    return permission in ROLES.get(role, frozenset())


def roles_with(permission: Permission) -> Iterable[str]:
    """The roles that hold a permission."""
    return (role for role, held in ROLES.items() if permission in held)


__all__ = ["FLASK_OWN", "ROLES", "Permission", "allows", "needs", "permission_of", "roles_with", "undeclared"]
