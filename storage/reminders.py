"""Reminders by mail of what waits: how often a person wants them, whose turn it is, and that nobody gets two for one time."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import groupby

from sqlalchemy import ColumnElement, and_, case, or_, select, update

from engine.datatypes.local_time import to_local
from storage.accounts import Account
from storage.database import Database
from storage.held_roles import IN_ORDER, ROLE, Membership, lasts
from storage.mail import Mail, queue_mail
from storage.tables import account, membership, site
from storage.together import Part, Rows, alone


class Reminders(StrEnum):
    """How often."""

    OFF = "off"
    WEEKLY = "weekly"
    DAILY = "daily"


def set_reminders(database: Database, account_id: int, choice: Reminders) -> None:
    """What a person wants from now on."""
    with database.write() as connection:
        connection.execute(update(account).where(account.c.id == account_id).values(reminders=choice))


def reminders_of(account_id: int) -> Part[Reminders]:
    """What a person wants."""
    return Part(select(account.c.reminders).where(account.c.id == account_id), lambda rows: Reminders(rows[0][0]))


def to_remind(database: Database, *, at: datetime) -> tuple[Account, ...]:
    """People with a role who want a reminder and had none for this day or week yet, in one statement."""
    held = account.join(membership, and_(membership.c.account_id == account.c.id, lasts(at)))
    query = (
        select(account.c.id, account.c.login, account.c.name, account.c.language, *ROLE)
        .select_from(held.outerjoin(site, site.c.id == membership.c.site_id))
        .where(account.c.closed_at.is_(None), _is_due(at))
        .order_by(account.c.id, *IN_ORDER)
    )
    with database.read() as connection:
        return alone(connection, Part(query, _people))


def note_reminded(database: Database, account_id: int, mail: Mail | None, *, at: datetime) -> bool:
    """Queue a reminder, if something waits, and note that its time is past; False where somebody else did meanwhile."""
    today = to_local(at).date().isoformat()
    mine = and_(account.c.id == account_id, _is_due(at))
    with database.write() as connection:
        if not connection.execute(update(account).where(mine).values(reminded_on=today)).rowcount:
            return False
        if mail is not None:
            queue_mail(connection, database.master, mail, at)
    return True


def _is_due(at: datetime) -> ColumnElement[bool]:
    """The condition on `account` rows: a day begins at midnight, a week on Monday."""
    today = to_local(at).date()
    begins = {Reminders.DAILY: today, Reminders.WEEKLY: _monday(today)}
    wanted = account.c.reminders
    since = case({str(each): day.isoformat() for each, day in begins.items()}, value=wanted)
    return and_(wanted.in_(begins), or_(account.c.reminded_on.is_(None), account.c.reminded_on < since))


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _people(rows: Rows) -> tuple[Account, ...]:
    return tuple(
        Account(number, login, name, language, memberships=tuple(Membership(*row[4:]) for row in held))
        for (number, login, name, language), held in groupby(rows, lambda row: tuple(row[:4]))
    )


__all__ = ["Reminders", "note_reminded", "reminders_of", "set_reminders", "to_remind"]
