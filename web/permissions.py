"""Who may do what: every route declares its permission here, and one guard asks. What declares nothing is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeVar

from flask import Flask

from web.roles import Permission

Handler = TypeVar("Handler", bound=Callable[..., object])
_MARK = "ecrf_permission"


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


__all__ = ["FLASK_OWN", "needs", "permission_of", "undeclared"]
