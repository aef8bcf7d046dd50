"""The reminder of what waits on My day: counts and links for each of a person's hospitals, nothing about patients."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from engine.model.text import in_language
from storage.access import on_behalf
from storage.accounts import Account, Membership
from storage.desks import Desk
from storage.mail import Mail
from storage.my_day import MOST, what_waits
from storage.reminders import note_reminded, to_remind
from web.discretion import unseen_by
from web.mail import is_address, letter
from web.my_day import rows_for
from web.registries import LANGUAGES
from web.words import Tongue
from web.workspace import Workspace, actor_of


def remind(space: Workspace, at: datetime) -> int:
    """Queue a reminder for everybody whose time it is and who has something waiting; returns how many."""
    queued = 0
    for person in to_remind(space.database, at=at):
        mail = reminder(space, person, at) if is_address(person.login) else None
        queued += note_reminded(space.database, person.id, mail, at=at) and mail is not None
    return queued


def reminder(space: Workspace, person: Account, at: datetime) -> Mail | None:
    """What waits for a person, in the person's language; None where nothing does."""
    tongue = space.tongues[person.language if person.language in LANGUAGES else LANGUAGES[0]]
    parts = [part for each in person.memberships if (part := "\n".join(_waiting(space, tongue, person, each, at)))]
    if not parts:
        return None
    settings = f"{space.settings.public_url}/account"
    return letter(tongue, "reminder", person.login, waiting="\n\n".join(parts), link=settings)


def _waiting(space: Workspace, tongue: Tongue, person: Account, membership: Membership, at: datetime) -> Iterator[str]:
    """The lines of one role: registry and hospital, how many of what, the way there."""
    version = space.registries.current.get(membership.registry)
    rows = rows_for(membership.role)
    if version is None or not rows:
        return
    actor = actor_of(person.id, person.name, membership)
    database = on_behalf(space.database, actor, at)
    found = what_waits(
        database,
        Desk(actor, at, database.dialect, unseen_by(version.registry, actor)),
        {row.key: row.source for row in rows},
    )
    counts = {row.key: found[row.key].total for row in rows if found[row.key].total}
    if not counts:
        return
    title = in_language(version.registry.model.title, tongue.language) or version.name
    yield ", ".join(filter(None, (title, membership.place)))
    for key, number in counts.items():
        yield f"  {tongue.words.text(f'day_{key}')}: {number if number <= MOST else f'{MOST}+'}"
    yield f"  {space.settings.public_url}/{membership.registry}/day"


__all__ = ["remind", "reminder"]
