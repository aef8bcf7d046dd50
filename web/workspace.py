"""What all requests share, and what is known of the one at work: who asks, in which language, when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from flask import current_app, g, request

from engine.model.text import in_language
from storage.access import Actor, on_behalf
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


def has(one: Visit, held: Membership, permission: Permission) -> bool:
    """Whether a role that somebody has beside the one of this page counts for something: with the second factor that it wants."""
    account, wanted = one.account, workspace().settings.second_factor_roles
    proven = account is not None and (account.second_factor or held.role not in wanted)
    return proven and allows(held.role, permission)


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
        g.database = on_behalf(found.database, one.actor, one.now)
    return replace(found, database=g.database) if "database" in g else found


@contextmanager
def on_behalf_of(actor: Actor, at: datetime) -> Iterator[None]:
    """Meanwhile the database shows what somebody else may see: the one whose page came in at the door."""
    before = g.get("database", workspace().database)
    g.database = on_behalf(before, actor, at)
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


def registry_title(registry: str, language: str) -> str:
    """The title of a registry; of one that is no more its name."""
    version = workspace().registries.current.get(registry)
    return in_language(version.registry.model.title, language) or registry if version is not None else registry


def absolute(path: str) -> str:
    """An address with its host, for mail: never from what a request says of its host where the setting says it."""
    return (workspace().settings.public_url or request.host_url.rstrip("/")) + path


__all__ = [
    "EXTENSION",
    "Visit",
    "Workspace",
    "absolute",
    "actor_of",
    "has",
    "on_behalf_of",
    "registry_title",
    "version_of",
    "visit",
    "workspace",
]
