"""What all requests share, and what is known of the one at work: who asks, in which language, when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from flask import current_app, g

from storage.access import Actor
from storage.accounts import Account, Membership
from storage.database import Database
from web.browser_rules import Programs
from web.manual import Manual
from web.registries import Registries, Version
from web.roles import Permission, allows
from web.settings import Settings
from web.words import Tongue

EXTENSION = "ecrf"


@dataclass(frozen=True, slots=True)
class Workspace:
    """What is made once: the database, the registries, the languages."""

    settings: Settings
    database: Database
    registries: Registries
    tongues: Mapping[str, Tongue]
    programs: Programs
    manuals: Mapping[str, Manual]  # the help pages of each language


@dataclass(frozen=True, slots=True)
class Visit:
    """One request: when, in which language, and by whom."""

    now: datetime
    tongue: Tongue
    account: Account | None = None
    membership: Membership | None = None  # the one that counts in the registry of this page

    @property
    def memberships(self) -> tuple[Membership, ...]:
        """All roles of whoever asks."""
        return self.account.memberships if self.account is not None else ()

    @property
    def language(self) -> str:
        """'pl' or 'en'."""
        return self.tongue.language

    @property
    def actor(self) -> Actor:
        """Who acts, as storage sees it; only where a membership counts."""
        assert self.account is not None
        assert self.membership is not None
        return actor_of(self.account.id, self.account.name, self.membership)

    def words(self, key: str, **parts: object) -> str:
        """A text of the interface."""
        return self.tongue.words.text(key, **parts)


def actor_of(account: int, name: str, membership: Membership) -> Actor:
    """A person in a role, as storage sees it."""
    identities = allows(membership.role, Permission.IDENTITY)
    return Actor(
        account, name, membership.registry, membership.site, membership.role, identities=identities,
        unit=membership.unit,
    )  # fmt: skip


def workspace() -> Workspace:
    """The workspace of the running application."""
    found = current_app.extensions[EXTENSION]
    assert isinstance(found, Workspace)
    one = g.get("visit")
    if "database" not in g and one is not None and one.membership is not None:
        account, held = one.account.id if one.account is not None else 0, one.membership
        g.database = found.database.on_behalf(held.site, held.registry, one.now, account, unit=held.unit)
    return replace(found, database=g.database) if "database" in g else found


@contextmanager
def on_behalf_of(actor: Actor, at: datetime) -> Iterator[None]:
    """Meanwhile the database shows what somebody else may see: the one whose page came in at the door."""
    before = g.get("database", workspace().database)
    g.database = before.on_behalf(actor.site, actor.registry, at, actor.account, unit=actor.unit)
    try:
        yield
    finally:
        g.database = before


def visit() -> Visit:
    """The request at work."""
    found = g.visit
    assert isinstance(found, Visit)
    return found


def version_of(registry: str) -> Version:
    """The newest version of a registry; the guard has made sure that there is one."""
    return workspace().registries.current[registry]


__all__ = ["EXTENSION", "Visit", "Workspace", "actor_of", "on_behalf_of", "version_of", "visit", "workspace"]
