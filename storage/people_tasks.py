"""What waits for those who look after people, as tasks of My day: about persons who work here, never about patients."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Select, and_, literal, select
from sqlalchemy.sql import ColumnElement

from storage.desks import Desk
from storage.invitations import waits
from storage.my_day import NO_SUBJECT, enough, task
from storage.people import Scope, in_scope, locked_until
from storage.tables import access_request, account, attempt, invitation, membership

_NOBODY: ColumnElement[Any] = literal(NO_SUBJECT, BigInteger)


def access_requests(desk: Desk) -> Select[Any]:
    """Who asks for a role, and nobody has decided; those who asked first. Nobody decides on one's own."""
    asked = access_request.c
    here = [asked.registry == desk.actor.registry, asked.decided_at.is_(None), asked.account_id != desk.actor.account]
    if desk.actor.site is not None:
        here.append(asked.site_id == desk.actor.site)
    found = task(_NOBODY, _NOBODY, asked.asked_at, number=asked.id, about=account.c.name)
    joined = access_request.join(account, account.c.id == asked.account_id)
    return enough(found.select_from(joined).where(*here), asked.asked_at)


def invitations(desk: Desk) -> Select[Any]:
    """Who was invited and has not come; those whose link ends first."""
    sent = invitation.c
    here = [sent.registry == desk.actor.registry, waits(desk.at)]
    if desk.actor.site is not None:
        here.append(sent.site_id == desk.actor.site)
    found = task(_NOBODY, _NOBODY, sent.invited_at, number=sent.id, about=sent.email)
    return enough(found.select_from(invitation).where(*here), sent.expires_at)


def locked_out(desk: Desk) -> Select[Any]:
    """Whose account is locked after too many wrong passwords or codes."""
    mine = in_scope(Scope(desk.actor.registry, desk.actor.site))
    people = select(membership.c.account_id).where(mine)
    locked = locked_until(desk.at)
    last = select(attempt.c.last_at).where(attempt.c.key == "login:" + account.c.login).scalar_subquery()
    found = task(_NOBODY, _NOBODY, last, number=account.c.id, about=account.c.name).select_from(account)
    wanted = and_(account.c.id.in_(people), account.c.closed_at.is_(None), locked.is_not(None))
    return enough(found.where(wanted), account.c.name)


__all__ = ["access_requests", "invitations", "locked_out"]
